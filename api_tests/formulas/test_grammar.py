"""What formulas are read, how they are understood, and how the others are refused."""

import pytest

from service.formulas.language.grammar import parse
from service.formulas.language.tokens import FormulaError
from service.formulas.language.write import latex, plain

PARAMETERS = ("a", "beta", "u", "b_1")

SPELLINGS = [
    (
        "z*tanh(z)",
        ["z tanh z", "z tanh(z)", r"z\tanh z", r"z \cdot \tanh(z)", r"z\,\tanh\left(z\right)", "(z)(tanh(z))"],
    ),
    (
        "tanh(z) + z*sech(z)^2",
        [
            r"\tanh z + z \operatorname{sech}^2 z",
            r"\tanh z + z\,\mathrm{sech}^{2}(z)",
            "tanh z + z sech^2 z",
            "tanh(z)+z*(sech(z))**2",
            r"\tanh(z) + z \cdot \operatorname{sech}(z)^2",
        ],
    ),
    ("1/(1 + exp(-z))", [r"\frac{1}{1+e^{-z}}", "1/(1+e^-z)", r"\dfrac{1}{1 + \exp(-z)}", "(1+exp(-z))^-1"]),
    (
        "where(z > 0, z, a*z)",
        [
            "z if z > 0 else a z",
            r"\begin{cases} z & z > 0 \\ a z & \text{otherwise} \end{cases}",
            r"\begin{cases} z & \text{if } z > 0 \\ a z & z \le 0 \end{cases}",
            r"\begin{cases} z, & z > 0, \\ a z, & \text{otherwise.} \end{cases}",
        ],
    ),
    ("sinh(2*z)", ["sinh 2z", r"\sinh 2 z", "sinh(2z)"]),
    ("abs(z)", ["|z|", r"\lvert z \rvert", r"\left|z\right|"]),
    ("sigmoid(z)*(1 - sigmoid(z))", [r"\sigma(z)(1-\sigma(z))", "sigmoid(z)(1-sigmoid(z))"]),
    ("-z^2", ["-(z^2)", "- z ^ 2", "−z²".replace("²", "^2")]),
    ("ln(1 + exp(beta*z))/beta", [r"\frac{\ln(1+e^{\beta z})}{\beta}", "log(1+exp(beta z))/beta"]),
    ("z^(2*z)", ["z^(2z)"]),
    ("max(0, z)", [r"\max(0, z)", r"\max\left(0, z\right)", r"\max\{0, z\}", r"\max\left\{0, z\right\}"]),
    ("min(1, z, 2)", ["min(1, min(z, 2))", r"\min(1, z, 2)"]),
    ("log10(z)", [r"\log_{10} z", r"\log_{10}\left(z\right)", r"\log_10 z", "log_10(z)"]),
    ("ln(abs(z))", ["ln|z|", r"\ln|z|", r"\ln\left|z\right|", "log(|z|)"]),
    ("abs(z*abs(z))", [r"\left|z\left|z\right|\right|", "|z(|z|)|", r"\lvert z \lvert z \rvert \rvert"]),
    ("sigmoid(z)^2", [r"\sigma^2(z)", r"\sigma(z)^{2}", r"\sigma^{2}\left(z\right)"]),
    ("b_1*z", [r"\mathrm{b\_1} z", "b_1 z"]),
    ("sqrt(1 + z^2)", [r"\sqrt{1+z^{2}}", "sqrt(1+z**2)"]),
    ("exp(70*z)*exp(100)", ["e^(70z) e^100", r"e^{70 z}e^{100}"]),
    ("2*pi*z*e", [r"2\pi z e", "2 pi z e"]),
    ("3*z*(1 + z)", ["3z(1+z)"]),
]


@pytest.mark.parametrize(
    ("canonical", "spelling"), [(canonical, spelling) for canonical, spellings in SPELLINGS for spelling in spellings]
)
def test_spellings_of_one_formula_are_understood_alike(canonical: str, spelling: str) -> None:
    assert plain(parse(spelling, parameters=PARAMETERS)) == canonical


WRITTEN_BACK = [
    *("ln(z)*z", "a*sech(z)^2*tanh(z)*z", "1e32", "1e-200*z", "25e39", "-z/2", "3^(z^0)", "-123.25"),
    *("0.251e-300*z", "1250e300", "1e300/1e-300", "1/3", "z^0.125", "tanh(z)^(-1^a)"),
]


@pytest.mark.parametrize("text", [*(canonical for canonical, _ in SPELLINGS), *WRITTEN_BACK])
def test_what_is_written_is_read_back_as_the_same(text: str) -> None:
    node = parse(text, parameters=PARAMETERS)
    assert parse(plain(node), parameters=PARAMETERS) == node
    assert plain(parse(latex(node), parameters=PARAMETERS)) == text


REFUSED = [
    ("tahn(z)", 1, "did you mean tanh?"),
    ("z + sgimoid(z)", 5, "did you mean sigmoid?"),
    ("y + 1", 1, "the variable is z"),
    ("x + z", 1, "write z, or * for a product"),
    ("z +", 4, "missing at the end"),
    ("(z", 1, "never closed: write “)”"),
    ("z)", 2, "nothing is open there"),
    ("|z", 1, "never closed: write “|”"),
    ("2..3", 3, "write * between two numbers"),
    ("z 2 3", 5, "write * between two numbers"),
    ("sech^2", 1, "needs its argument: write sech(z)"),
    ("max(z)", 1, "needs 2 arguments at least: write max(…, …)"),
    ("max z", 1, "write max(…, …)"),
    (r"\tanh^{-1}(z)", 1, "write atanh(…) for its inverse"),
    ("tanh^-1 z", 1, "write atanh(…) for its inverse, or 1/tanh(…)"),
    ("where(z, 1, 2)", 8, "comparison"),
    (r"\frac{1}", 9, "missing at the end"),
    (r"\begin{tabular} z \end{tabular}", 1, "cases"),
    ("", 1, "No formula stands here"),
    ("9^9^9", 3, "Powers go up to 64"),
    ("sech^233 z", 6, "Powers go up to 64"),
    ("z^65", 3, "Powers go up to 64"),
    ("((1+z)^64)^64", 1, "degree"),
    ("exp(exp(exp(exp(z))))", 1, "exponentials"),
    ("e^e^e^e^z", 1, "exponentials"),
    ("1e10000000", 1, "exponent"),
    ("1e301", 1, "exponent"),
    ("1" * 31, 1, "digits"),
    ("(" * 100_000, 513, "characters"),
    ("z" * 500_000, 513, "characters"),
    ("(" * 100 + "z" + ")" * 100, 41, "levels"),
    ("-" * 400 + "z", 41, "levels"),
    ("z\0", 2, "U+0000"),
    ("☃", 1, "“☃” is not understood here (position 1)"),
    ("ﬁ", 1, "type fi"),
    ("х", 1, "type x"),
    ("z'", 2, "“'”"),
    ("__import__('os')", 1, "“_”"),
    ("z.real", 2, ""),
    ("lambda z: z", 1, ""),
]


@pytest.mark.parametrize(("text", "position", "words"), REFUSED, ids=[text[:30] for text, _, _ in REFUSED])
def test_what_is_no_formula_is_refused_where_it_fails(text: str, position: int, words: str) -> None:
    with pytest.raises(FormulaError) as refusal:
        parse(text)
    assert words in refusal.value.sentence
    assert refusal.value.position == position


@pytest.mark.parametrize("name", ["z", "e", "pi", "tanh", "max", "where", "log", "if"])
def test_a_parameter_has_no_name_that_means_something_already(name: str) -> None:
    with pytest.raises(FormulaError, match="another name"):
        parse("2*z", parameters=(name,))
