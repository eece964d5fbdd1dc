"""Formulas to start from: what the tables of the tests read and refuse, and what brought other readers down."""

from api_tests.formulas.notations import READ
from api_tests.formulas.test_calculus import FORMULAS, WRITTEN
from api_tests.formulas.test_derivatives import DERIVATIVES
from api_tests.formulas.test_grammar import REFUSED, SPELLINGS, WRITTEN_BACK
from api_tests.formulas.test_numbers import LOSSES
from service.formulas.language.functions import EXTREMES, FUNCTIONS
from service.formulas.language.write import plain

# After the measured hazards of other parsers and of computer algebra.
HAZARDS = [
    "9^9^9",
    "9**9**9",
    "(" * 100_000,
    "(" * 1000 + "z" + ")" * 1000,
    "-" * 100_000 + "z",
    "((1+z)^64)^64",
    "(((1+z)^64)^64)^64",
    "(1+z)^2000",
    "1e10000000",
    "1e999999",
    "9" * 2_000_000,
    "0x" + "F" * 2000,
    "z\0",
    "\0",
    "tanh(㎡)",
    "z" * 500_000,
    "z+" * 250_000,
    "5^(5^(5^(5^(5^5))))",
    "e^e^e^e^z",
    "factorial(10^7)",
    "__import__('os').system('true')",
    "().__class__.__base__.__subclasses__()",
    "exp(" * 30 + "z" + ")" * 30,
]
SEEDS = list(
    dict.fromkeys(
        [
            *(spelling for canonical, spellings in SPELLINGS for spelling in (canonical, *spellings)),
            *WRITTEN_BACK,
            *(text for text, *_ in [*DERIVATIVES, *LOSSES, *REFUSED] if len(text) < 200),
            *(text for one in WRITTEN for text in (one.definition, plain(one.slope))),
            *FORMULAS,
            *(text[:200] for text in HAZARDS),
            *(f"{name}(z)" for name in FUNCTIONS),
            *(f"{name}(z, a, 1)" for name in EXTREMES),
            *(text for rows in READ.values() for text, _ in rows),
            "z^(z^z)",
            "(z^z)^(z^z)",
            r"\frac{e^{z}-e^{-z}}{e^{z}+e^{-z}}",
        ]
    )
)
PIECES = [
    *"za2+-*/^(){}|,<>&e ",
    *("beta", "b_1", "0.5", "1e3", "1e300", "1e-300", "123456789012345678901234567890", "pi", "-1", "^2", "^-1", "**"),
    *(">=", "<=", "if", "else", "where(", "max(", "min(", "sech^2", r"\frac{", r"\begin{cases}", r"\end{cases}", r"\\"),
    *(r"\left(", r"\right)", r"\cdot", r"\operatorname{sech}", r"\mathrm{", r"\text{otherwise}", r"\log_{10}", r"\{"),
    *(f"{name}(" for name in FUNCTIONS),
    *(f"{name} " for name in ("tanh", "sin", "ln", "exp")),
    *(
        "²",
        "⁻¹",
        "½",
        "π",
        "√",
        "∛",
        "σ(",
        "Φ(",
        "φ(",
        "−",
        "⋅",
        "·",
        "’",
        "\u200b",
        "（",
        "𝑧",
        "₁₀",
        "∣",
        "‖",
        "ⁿ",
        "⁺",
    ),
    *(
        r"\frac",
        r"\sqrt",
        r"\sqrt[3]",
        r"\text{",
        r"\left",
        r"\bigl",
        "$",
        "`",
        ",5",
        "{,}",
        "'",
        "_+",
        "^+",
        ":",
        ";",
        "[",
        "]",
    ),
    *(
        "np.",
        "log_",
        "ztanh(",
        "lnz",
        "ln2",
        "x",
        "f'(z)=",
        "=",
        "root(",
        "pow(",
        ".pow(",
        "Tanh[",
        "1.5e-3",
        "2 1/2",
        "0,5",
    ),
]
WRAPPERS = [
    *("(?)", "-?", "-(?)", "|?|", "(?)^2", "(?)^-1", "1/(?)", "z*(?)", "(?)*(?)", "(?)+z", "(?)/(?)", "z^(?)", "(?)^z"),
    *("where(z > 0, ?, z)", "where(? > 0, 1, ?)", "max(?, z)", "min(z, ?, 1)", "? if z < 1 else a", r"\frac{?}{1+?}"),
    *("z/(1+?)", "sqrt(1+?)", "2(?)", "? - 1", "(z+?)/(z-?)"),
    *(f"{name}(?)" for name in FUNCTIONS),
]
