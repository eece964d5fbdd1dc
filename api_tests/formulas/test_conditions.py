"""Formulas in pieces: what is read, what each row means, and how rows that do not fit together are refused."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from operator import eq, ge, gt, le, lt, ne

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api_tests.cases import case
from service.formulas.language.evaluation import Evaluation
from service.formulas.language.grammar import parse
from service.formulas.language.tokens import FormulaError
from service.formulas.language.tree import Call, Expr, Number, Product, Sum, Symbol, Where
from service.formulas.language.write import latex, plain

STEP = "where(z > 0, 1, 0)"
LEAKY = "where(z > 0, 1, 0.1)"
WINDOW = "where(z <= -1, 0, where(z < 1, 1, 0))"

READ = [
    (
        STEP,
        [
            r"\begin{cases} 1 & z > 0 \\ 0 & z \leq 0 \end{cases}",
            r"\begin{cases} 1 & z > 0 \\ 0 & z < 0 \end{cases}",
            r"\begin{cases} 1, & \text{if } z > 0, \\[2pt] 0, & \text{otherwise.} \end{cases}",
            r"\begin{dcases} 1 & \text{when $z > 0$} \\ 0 & \text{else} \end{dcases}",
            r"\begin{cases} 1 & \text{für } z > 0 \\ 0 & \text{sonst} \end{cases}",
            r"\begin{cases} 1 & \text{if} & z > 0 \\ 0 & \text{if} & z < 0 \end{cases}",
            r"\begin{cases} 1 & : z > 0 \\ 0 & : z < 0 \end{cases}",
            r"\left\{\begin{array}{ll} 1 & \text{if } z > 0 \\ 0 & \text{if } z \le 0 \end{array}\right.",
            r"\left\{ \begin{matrix} 1 & z > 0 \\ 0 & z < 0 \\ \end{matrix} \right.",
            r"\left.\begin{array}{c|c} 1 & z > 0 \\ 0 & z < 0 \end{array}\right\}",
            *("1 if z > 0, 0 otherwise", "1 if z > 0, else 0", "1 for z > 0, 0 for z <= 0", "1 si z > 0, 0 si no"),
            *("1 wenn z > 0; 0 sonst", "1 when z > 0; 0 when z < 0", "1 where z > 0, 0 elsewhere"),
            *("{1 if z > 0; 0 if z <= 0}", "{1, z > 0; 0, z <= 0}", "1, if z > 0; 0, if z < 0", "(1, z > 0; 0, z < 0)"),
            *("if z > 0: 1 else: 0", "if z > 0 then 1 else 0", "if (z > 0) then 1 else 0", "if z > 0, 1, else 0"),
            *("if(z > 0, 1, 0)", "IF(z > 0, 1, 0)", "If[z > 0, 1, 0]", "ifelse(z > 0, 1, 0)"),
            *("z > 0 ? 1 : 0", "(z > 0) ? 1 : 0", "(z > 0 ? 1 : 0)"),
            *("piecewise(z > 0, 1, 0)", "Piecewise((1, z > 0), (0, True))", "Piecewise[{{1, z > 0}}, 0]"),
            r"\begin{cases} 1 & (z > 0) \\ 0 & (z \le 0) \end{cases}",
            r"\begin{cases} 1, & \text{for all } z > 0 \\ 0, & \text{for all } z < 0 \end{cases}",
            r"\begin{cases} 1 \text{ if } z > 0 \\ 0 \text{ if } z < 0 \end{cases}",
            r"\begin{cases} z > 0: & 1 \\ z < 0: & 0 \end{cases}",
            r"\left\{\begin{aligned} &1, && z > 0 \\ &0, && z < 0 \end{aligned}\right.",
            r"\left\lbrace\begin{array}{rl} 1 & z > 0 \\ 0 & z < 0 \end{array}\right.",
            *("1 if z>0,0 otherwise", "1 if z>0,0 if z<=0", "{ 1 if z > 0, 0 if z < 0", "z > 0: 1, z <= 0: 0"),
            *("1 if z > 0 and 0 otherwise", "1 for z > 0 and 0 for z < 0"),
            *("float(z > 0)", "WENN(z > 0; 1; 0)"),
            *(r"\mathbb{I}(z > 0)", r"\chi_{\{z > 0\}}", r"\mathcal{H}(z)", r"\boldsymbol{1}_{z > 0}"),
            *("H(z)", "Heaviside(z)", "heaviside(z)", "θ(z)", r"\theta(z)", r"\Theta\left(z\right)", "u(z)", "step(z)"),
            *(r"\mathbb{1}_{z > 0}", r"\mathbb 1_{\{z > 0\}}", r"\mathbf{1}(z > 0)", r"\mathds{1}[z > 0]", "𝟙_{z > 0}"),
            *("1_{z > 0}", "I(z > 0)", "I_{z > 0}", "[z > 0]", "(z > 0)"),
        ],
    ),
    ("where(z <= 0, 0, 1)", ["1 on (0, oo), 0 elsewhere", "Piecewise((1, And(z > 0, z < oo)), (0, True))"]),
    (
        LEAKY,
        [
            *("1 (z > 0), 0.1 otherwise", "1 (z > 0), 0.1 (z < 0)", "{1, z > 0; 0.1, z < 0}"),
            *("if z > 0: 1; elif z <= 0: 0.1", "piecewise(z > 0, 1, z <= 0, 0.1)"),
        ],
    ),
    (
        WINDOW,
        [
            *("1 if -1 < z < 1 else 0", "1 if z > -1 and z < 1 else 0", "where((z > -1) & (z < 1), 1, 0)"),
            *("where(z > -1 && z < 1, 1, 0)", "[-1 < z < 1]", r"1_{z \in (-1, 1)}", "1 if z in (-1, 1) else 0"),
            *("0 for z <= -1, 1 for -1 < z < 1, 0 for z >= 1", "1 if 1 > z > -1, 0 otherwise"),
            r"\begin{cases} 1 & z \in (-1, 1) \\ 0 & \text{else} \end{cases}",
            r"\begin{cases} 1 & z \in ]-1, 1[ \\ 0 & \text{else} \end{cases}",
            r"\begin{cases} 1 & z > -1 \text{ and } z < 1 \\ 0 & \text{else} \end{cases}",
            r"\begin{cases} 1 & -1 < z \land z < 1 \\ 0 & z \le -1 \lor z \ge 1 \end{cases}",
            r"\begin{cases} 1 & -1 < z < 1 \\ 0 & z \in (-\infty, -1] \cup [1, \infty) \end{cases}",
            r"\begin{cases} 1 & z \in (-1, 1) \\ 0 & z \notin (-1, 1) \end{cases}",
            r"\begin{cases} 1 & z > -1, z < 1 \\ 0 & \text{else} \end{cases}",
            r"\begin{cases} 1 & z > -1 \ \&\ z < 1 \\ 0 & \text{else} \end{cases}",
            r"1_{(-1, 1)}(z)",
            "Piecewise((0, (z <= -1) | (z >= 1)), (1, True))",
        ],
    ),
    ("where(z < -1, 0, where(z < 1, 1, 0))", [r"\begin{cases} 0 & z < -1 \\ 1 & z < 1 \\ 0 & z > 1 \end{cases}"]),
    ("where(z > 0, 1, where(z < 0, -1, 0))", [r"\begin{cases} 1 & z > 0 \\ -1 & z < 0 \\ 0 & z = 0 \end{cases}"]),
    ("where(z < 0, -1, where(z <= 0, 0, 1))", [r"\begin{cases} 1 & z > 0 \\ 0 & z = 0 \\ -1 & z < 0 \end{cases}"]),
    ("where(z < 0, 2, where(z <= 0, 1, 2))", ["1 if z = 0 else 2", "1 if z == 0 else 2", "2 if z != 0 else 1"]),
    ("where(sin(z) > 0, 1, 0)", [r"\begin{cases} 1 & \sin z > 0 \\ 0 & \sin z \le 0 \end{cases}"]),
    ("where(z^2 < 1, z, 1)", ["z if z^2 < 1, 1 if z^2 > 1", "z if z^2 < 1, 1 if 1 < z^2"]),
    ("where(-pi < z, where(z < pi, 1, 0), 0)", ["1 if -pi < z < pi else 0"]),
    ("where(z > 0, 1, where(z < 0, 0, 0.5))", ["heaviside(z, 0.5)"]),
    ("z*where(z > 0, 1, 0)", ["z*(z > 0)", r"z \cdot \mathbb{1}_{z > 0}", "z H(z)", "z[z > 0]"]),
    ("where(z > 0, 1, 0)*z + exp(z)", ["(z > 0) z + e^z", "H(z)*z + exp(z)"]),
    ("where(z - 1 > 0, 1, 0) - where(z + 1 > 0, 1, 0)", ["H(z-1) - H(z+1)"]),
    (
        "where(z < -1, 0, where(z < 1, 1, 2))",
        ["if z < -1 then 0 else if z < 1 then 1 else 2", "z < -1 ? 0 : z < 1 ? 1 : 2"],
    ),
    (
        "where(z < -1, 0, where(z < 1, 1, 2))",
        ["piecewise(z < -1, 0, z < 1, 1, 2)", "0 if z < -1 else 1 if z < 1 else 2"],
    ),
]


@pytest.mark.parametrize(("meant", "text"), [(meant, text) for meant, texts in READ for text in texts])
def test_pieces_are_read_in_every_usual_notation(meant: str, text: str) -> None:
    assert plain(parse(text)) == meant


@pytest.mark.parametrize("meant", dict.fromkeys(meant for meant, _ in READ))
def test_pieces_that_are_written_are_read_back_as_the_same(meant: str) -> None:
    node = parse(meant)
    assert plain(parse(latex(node))) == plain(parse(plain(node))) == meant


REFUSED = [
    (r"\begin{cases} 1 & z > 0 \\ 0 & z > 0 \end{cases}", "second row never applies"),
    (r"\begin{cases} 1 & z > 0 \\ 0 & z > 100 \end{cases}", "second row never applies"),
    (r"\begin{cases} 1 & z < 1 \\ 0 & z < -1 \\ 0 & z > 1 \end{cases}", "second row never applies"),
    (r"\begin{cases} 1 & z < 1 \\ 0 & z \ge 1 \\ 2 & \text{else} \end{cases}", "third row never applies"),
    (r"\begin{cases} 1 & \sin z > 0 \\ 2 & \sin z > 0 \\ 3 & \text{else} \end{cases}", "second row never applies"),
    (
        r"\begin{cases} 1 & \sin z > 0 \\ 2 & z < 1 \\ 3 & z < 0 \\ 4 & \text{else} \end{cases}",
        "third row never applies",
    ),
    (r"\begin{cases} 1 & z < 0 < -1 \\ 0 & z < 1 \\ 2 & z > 1 \end{cases}", "condition of the first row never holds"),
    (r"\begin{cases} 1 & z > 0 \\ 0 & z < -5 \end{cases}", "No row says what holds for -5 < z < 0"),
    (r"\begin{cases} 0 & z < -1 \\ 1 & z < 1 \\ 0 & z > 5 \end{cases}", "No row says what holds for 1 < z < 5"),
    (r"\begin{cases} 0 & |z| < 1 \\ 1 & z > 1 \end{cases}", "No row says what holds for z < -1"),
    (r"\begin{cases} 1 & z < 1 \\ 0 & z > -1 \end{cases}", "For -1 < z < 1 the first row says 1 and the second 0"),
    (r"\begin{cases} 1 & z = 0 \\ 0 & z = 1 \end{cases}", "No row says what holds for z < 0"),
    (r"\begin{cases} 1 & \sin z > 0 \\ 0 & z < 0 \end{cases}", "`otherwise`"),
    (r"\begin{cases} 1 & \max(z, 0) > 0 \\ 0 & \max(z, 0) < 0 \end{cases}", "condition of the second row never holds"),
    (r"\begin{cases} 1 & \max(\sin z, 0) > 0 \\ 0 & \max(\sin z, 0) < 0 \end{cases}", "`otherwise`"),
    (r"\begin{cases} 1 & \ln z > 0 \\ 0 & \ln z \le 0 \end{cases}", "`otherwise`"),  # ln z has no value for z < 0
    (r"\begin{cases} 1 & e^z > e^z + 0 \\ 0 & e^z < e^z + 0 \end{cases}", "`otherwise`"),
    (r"\begin{cases} 1 & \text{else} \\ 0 & z > 0 \end{cases}", "Only the last row"),
    (r"\begin{cases} 1 & z > 0 \end{cases}", "another piece"),
    (r"\begin{cases} 1 \\ 0 \end{cases}", "write & and a condition"),
    ("1 if z > 0", "another piece"),
    ("1, z<0,5; 0, z>0,7", "No row says what holds for 1/2 < z < 7/10"),
    ("z > 0", "A condition alone is no formula"),
    ("1 if z else 0", "A comparison such as z > 0"),
    ("where(z, 1, 0)", "A comparison such as z > 0"),
    ("z in 3", "an interval"),
    (r"\mathbb{1}_{z}", "a comparison such as z > 0"),
    (r"\mathbb{1}_{z > 0}(z)", "not clear whether (z) multiplies"),
    (r"\begin{cases}" + r" 1 & z > 0 \\" * 20 + r"\end{cases}", "at most"),
]


@pytest.mark.parametrize(("text", "words"), REFUSED)
def test_rows_that_do_not_fit_together_are_refused_with_the_reason(text: str, words: str) -> None:
    with pytest.raises(FormulaError) as refusal:
        parse(text)
    assert words.lower() in refusal.value.sentence.lower()
    assert refusal.value.position >= 1


def test_a_parameter_may_have_the_name_of_a_step_or_a_word() -> None:
    for name in ("u", "H", "I", "theta", "si", "step"):
        with case(name):
            assert plain(parse(f"{name}*z", parameters=(name,))) == f"{name}*z"


MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=", "!=": "!="}
OPERATORS: dict[str, Callable[[Fraction, Fraction], bool]] = {"<": lt, "<=": le, ">": gt, ">=": ge, "=": eq, "!=": ne}
NUMBERS = st.integers(-4, 4)


@dataclass(frozen=True)
class Test:
    """A condition: its text, and whether it holds at z; `edges` are the points where that may change."""

    __test__ = False
    text: str
    holds: Callable[[Fraction], bool]
    edges: tuple[Fraction, ...]


def affine(slope: int, offset: int, operator: str, right: int) -> Test:
    edges = (Fraction(right - offset, slope),) if slope else ()
    text = f"{slope}*z + {offset} {operator} {right}"
    return Test(text, lambda z: OPERATORS[operator](slope * z + offset, Fraction(right)), edges)


def distance(centre: int, operator: str, radius: int) -> Test:
    edges = (Fraction(centre - radius), Fraction(centre + radius), Fraction(centre))
    return Test(
        f"|z - {centre}| {operator} {radius}", lambda z: OPERATORS[operator](abs(z - centre), Fraction(radius)), edges
    )


def chain(low: int, first: str, second: str, high: int) -> Test:
    def holds(z: Fraction) -> bool:
        return OPERATORS[first](Fraction(low), z) and OPERATORS[second](z, Fraction(high))

    return Test(f"{low} {first} z {second} {high}", holds, (Fraction(low), Fraction(high)))


def both(one: Test, other: Test) -> Test:
    return Test(f"({one.text}) and ({other.text})", lambda z: one.holds(z) and other.holds(z), one.edges + other.edges)


def either(one: Test, other: Test) -> Test:
    return Test(f"({one.text}) or ({other.text})", lambda z: one.holds(z) or other.holds(z), one.edges + other.edges)


ORDERS, ANY = st.sampled_from(["<", "<="]), st.sampled_from(list(OPERATORS))
SIMPLE = (
    st.builds(affine, NUMBERS, NUMBERS, ANY, NUMBERS)
    | st.builds(distance, NUMBERS, ANY, NUMBERS)
    | st.builds(chain, NUMBERS, ORDERS, ORDERS, NUMBERS)
)
CONDITIONS = SIMPLE | st.builds(both, SIMPLE, SIMPLE) | st.builds(either, SIMPLE, SIMPLE)


def value(node: Expr, z: Fraction) -> Fraction:
    """The exact value of pieces whose values are numbers."""
    match node:
        case Number(number):
            return number
        case Symbol():
            return z
        case Sum(terms):
            return sum((value(term, z) for term in terms), Fraction(0))
        case Product(factors):
            made = Fraction(1)
            for factor in factors:
                made *= value(factor, z)
            return made
        case Call("abs", (argument,)):
            return abs(value(argument, z))
        case Where(condition, then, otherwise):
            holds = OPERATORS[condition.operator](value(condition.left, z), value(condition.right, z))
            return value(then if holds else otherwise, z)
    raise AssertionError(node)


def places(tests: list[Test]) -> list[Fraction]:
    """Every point where a condition may change, a point on either side of each, and some in between."""
    edges = {edge for test in tests for edge in test.edges} | {Fraction(0)}
    beside = Fraction(1, 1000)
    return sorted({point + shift for point in edges for shift in (-beside, Fraction(0), beside)})


def first(tests: list[Test], z: Fraction) -> int | None:
    return next((number for number, test in enumerate(tests) if test.holds(z)), None)


def is_edge(tests: list[Test], z: Fraction) -> bool:
    return any(z in test.edges for test in tests)


@settings(max_examples=400, deadline=None)
@given(st.lists(CONDITIONS, min_size=2, max_size=3), st.booleans())
def test_rows_mean_at_every_z_what_they_say_or_are_refused(tests: list[Test], last: bool) -> None:
    texts = [f"{number} & {test.text}" for number, test in enumerate(tests)]
    rows = [*texts, rf"{len(tests)} & \text{{otherwise}}"] if last else texts
    known = [*tests, Test("otherwise", lambda z: True, ())] if last else tests
    z_values = places(tests)
    try:
        node = parse(r"\begin{cases} " + r" \\ ".join(rows) + r" \end{cases}")
    except FormulaError:
        assert not is_flawless(known, z_values)
        return
    beside = Fraction(1, 1000)
    for z in z_values:
        expected = first(known, z)
        neighbours = {first(known, z - beside), first(known, z + beside)}
        assert value(node, z) in (neighbours if expected is None else {expected})
        assert expected is not None or is_edge(tests, z)


def is_flawless(tests: list[Test], z_values: list[Fraction]) -> bool:
    """Whether exactly one row holds at every z, and each somewhere."""
    held = [[number for number, test in enumerate(tests) if test.holds(z)] for z in z_values]
    if all(test.text == "otherwise" for test in tests[2:]) and len(tests) > 2:
        held = [numbers[:1] if len(numbers) == 2 else numbers for numbers in held]
    return all(len(numbers) == 1 for numbers in held) and {numbers[0] for numbers in held} == set(range(len(tests)))


@settings(max_examples=200, deadline=None)
@given(CONDITIONS)
def test_a_condition_decides_between_two_values_at_every_z(test: Test) -> None:
    forms = [f"where({test.text}, 1, 0)", f"1 if {test.text} else 0", f"[{test.text}]", f"({test.text}) ? 1 : 0"]
    for text in forms:
        with case(text):
            node = parse(text)
            assert all(value(node, z) == test.holds(z) for z in places([test]))


OTHERS = ["sin(z)", "tanh(z)", "z^2", "z^3 - z", "exp(z)", "cos(2*z)", "z*abs(z)", "max(z^2, 1)", "1/z", "sqrt(z)"]
Z = np.linspace(-5.03, 5.01, 201)  # none of which is a root


@pytest.mark.parametrize("left", OTHERS)
def test_two_rows_of_any_comparison_are_read_where_exactly_one_holds(left: str) -> None:
    plane = Evaluation("z", {})
    with np.errstate(all="ignore"):
        difference = plane.values(parse(left), Z) - 0.25
    for one, other, turned in product(OPERATORS, OPERATORS, (False, True)):
        second = f"0.25 {MIRRORED[other]} {left}" if turned else f"{left} {other} 0.25"
        text = rf"\begin{{cases}} 1 & {left} {one} 0.25 \\ 2 & {second} \end{{cases}}"
        held = [np.array([OPERATORS[sign](value, 0) for value in difference]) for sign in (one, other)]
        exclusive = bool((held[0] != held[1]).all())
        try:
            values = plane.values(parse(text), Z)
        except FormulaError:
            assert not exclusive or {"=", "!="} & {one, other} or "max" in left or "abs" in left
        else:
            assert exclusive
            assert (values == np.where(held[0], 1, 2)).all()
