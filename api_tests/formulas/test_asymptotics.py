"""Germs: what a formula does for all t from some point on, with its limit and the side it comes from."""

from math import inf, pi

import numpy as np
import pytest
from flint import arb, ctx

from service.formulas.enclosures.asymptotics import expansion
from service.formulas.enclosures.balls import PRECISION_BITS, Undecided
from service.formulas.enclosures.expansions import Behaviour
from service.formulas.language.evaluation import Evaluation
from service.formulas.language.grammar import parse

BEHAVIOURS = [
    ("z*tanh(z)", inf, -1),
    ("tanh(z) + z*sech(z)^2", 1.0, 1),
    ("tanh(-z)", -1.0, 1),
    ("1/(1+exp(-z))", 1.0, -1),
    ("1/(1+exp(z))", 0.0, 1),
    ("z/(1+exp(z))", 0.0, 1),
    ("-z*exp(-z)", 0.0, -1),
    ("softplus(z) - z", 0.0, 1),
    ("(1+erf(z/sqrt(2)))/2", 1.0, -1),
    ("z^3*exp(-z^2/2)", 0.0, 1),
    ("atan(z)", pi / 2, -1),
    ("sqrt(1+z^2) - z", 0.0, 1),  # what grows cancels exactly
    ("sqrt(1+z^2)/z", 1.0, 1),
    ("ln(1+z^2)", inf, -1),
    ("asinh(z)/z", 0.0, 1),
    ("ln(z)/z", 0.0, 1),
    ("z^1.5*exp(-z)", 0.0, 1),
    ("sin(z)/z", 0.0, 0),
    ("sin(z)", None, 0),
    ("z*sin(1/z)", 1.0, -1),
    ("exp(-exp(z))", 0.0, 0),
    ("coth(z)", 1.0, 1),
    ("sinh(z)*csch(z)", 1.0, 0),
    ("cosh(z)/sinh(z)", 1.0, 1),
    ("2^(-z)", 0.0, 1),
    ("(1+1/z)^z", float(np.e), -1),
    ("3", 3.0, 0),
]


def behaviour(text: str, start: float) -> Behaviour:
    with ctx.workprec(PRECISION_BITS):
        return expansion(parse(text), arb(start)).behaviour()


@pytest.mark.parametrize(("text", "limit", "side"), BEHAVIOURS)
def test_the_limit_and_the_side_it_is_approached_from_are_known(text: str, limit: float | None, side: int) -> None:
    found = behaviour(text, 30.0)
    if limit is None:
        assert found.limit is None
    else:
        assert float(found.limit) == pytest.approx(limit, rel=1e-15)
    assert found.side == side


@pytest.mark.parametrize("start", [2.3, 9.2, 36.8])
@pytest.mark.parametrize("text", [text for text, _, _ in BEHAVIOURS])
def test_no_value_beyond_the_start_is_outside_the_bounds(text: str, start: float) -> None:
    try:
        found = behaviour(text, start)
    except Undecided:
        pytest.skip("not understood so near")
    z = start * np.geomspace(1.0, 1e3, 2000)
    with np.errstate(all="ignore"):
        values = Evaluation("z", {}).values(parse(text), z)
    values = values[np.isfinite(values)]
    rounding = 1e-9 * (1.0 + np.abs(values))
    assert (values >= float(found.low) - rounding).all()
    assert (values <= float(found.high) + rounding).all()


@pytest.mark.parametrize("text", ["tan(z)", "z*sin(z)", "exp(exp(z))", "ln(-z)", "sqrt(1-z)"])
def test_what_is_not_understood_is_said_not_to_be(text: str) -> None:
    with pytest.raises(Undecided):
        behaviour(text, 30.0)
