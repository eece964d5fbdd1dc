"""What foreign programs write is read as they mean it: SymPy in LaTeX and eight languages, Maxima, editors."""

import os

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings

from api_tests.cases import case
from api_tests.formulas.editors import TYPED, Typed
from api_tests.formulas.foreign import PRINTERS, from_sympy, in_sympy, printed
from api_tests.formulas.growing import FORMULAS
from service.formulas.language.evaluation import Evaluation
from service.formulas.language.grammar import other_readings, parse
from service.formulas.language.tokens import LONGEST_TEXT, FormulaError
from service.formulas.language.tree import Expr

TREES = int(os.environ.get("PRINTED_FORMULAS", "40"))
"""For each printer; `PRINTED_FORMULAS=10000` looks for long."""
X = np.array([-5.3, -2.2, -1.1, -0.7, -0.3, 0.2, 0.45, 0.8, 1.3, 2.6, 4.9])
FOREIGN = {
    "c": ("M_",),  # constants such as M_SQRT2
    "numpy": ("select(", "functools."),
    "python": ("copysign",),
    "latex, folded functions": (r"\operatorname{acosh}-", r"\operatorname{acosh} -"),
}
"""What a printer writes for a few trees that is no formula here: it is refused."""
ONE_OVER_A_PRODUCT = "latex, folded fractions"
"""1 / 2 z, which means 1/(2z) to this printer and z/2 to others: no answer is judged by it."""


def values(node: Expr) -> np.ndarray:
    with np.errstate(all="ignore"):
        return Evaluation("z", {}).values(node, X)


def same(one: np.ndarray, other: np.ndarray) -> bool:
    return np.allclose(one, other, rtol=1e-9, atol=1e-12, equal_nan=True)


@pytest.mark.parametrize("name", PRINTERS)
@settings(max_examples=TREES, deadline=None, suppress_health_check=list(HealthCheck))
@given(FORMULAS)
def test_what_is_printed_is_read_with_the_values_of_the_tree(name: str, formula: str) -> None:
    expression = printed_tree(formula)
    text = printed(name, expression)
    assume(text is not None and len(text) <= LONGEST_TEXT)
    if any(part in text for part in FOREIGN.get(name, ())):
        return
    meant = values(from_sympy(expression))
    if not same(values(parse(text)), meant):
        assert name == ONE_OVER_A_PRODUCT
        assert any(same(values(other), meant) for other in other_readings(text))


def printed_tree(formula: str) -> object:
    """The formula in SymPy; the example is passed over where SymPy makes of it what is none here."""
    try:
        expression = in_sympy(parse(formula))
        from_sympy(expression).check_size()
    except (FormulaError, TypeError, ValueError):  # SymPy compares no complex numbers
        assume(False)
        raise
    return expression


MAXIMA = [
    ("%e^-z", "exp(-z)"),
    ("1/(%e^-z+1)", "1/(1+exp(-z))"),
    ("z*sech(z)^2+tanh(z)", "tanh(z)+z*sech(z)^2"),
    ("sqrt(2)*%e^-(z^2/2)/(2*sqrt(%pi))", "exp(-z^2/2)/sqrt(2*pi)"),
    ("log(%e^z+1)", "softplus(z)"),
    ("if z > 0 then 1 else 0", "where(z > 0, 1, 0)"),
    ("signum(z)", "sign(z)"),
]


@pytest.mark.parametrize(("text", "meant"), MAXIMA)
def test_what_maxima_prints_is_read(text: str, meant: str) -> None:
    """As STACK shows it to students and stores it."""
    assert same(values(parse(text)), values(parse(meant)))


@pytest.mark.parametrize("one", TYPED, ids=lambda one: one.keys)
def test_what_an_editor_of_formulas_gives_is_read_as_what_was_typed(one: Typed) -> None:
    for latex in filter(None, (one.mathlive, one.mathquill)):
        with case(latex):
            assert same(values(parse(latex)), values(parse(one.meant)))
