"""Formulas come back as they were, however they are printed."""

import os
from random import Random

import numpy as np
import pytest

from api_tests.cases import case
from api_tests.formulas.printers import STYLES, random_formula
from service.formulas.enclosures.equality import Certainty, compare
from service.formulas.language.build import simplified
from service.formulas.language.evaluation import Evaluation
from service.formulas.language.grammar import parse
from service.formulas.language.tokens import LONGEST_TEXT
from service.formulas.language.tree import ZERO, Expr, Power
from service.formulas.language.write import latex, plain

TREES = int(os.environ.get("PRINTED_FORMULAS", "125"))
"""For each style; `PRINTED_FORMULAS=10000` looks for long."""


def equal(one: Expr, other: Expr) -> bool:
    """Whether two formulas are the same tree once simplified, or proven to have the same values."""
    if plain(one) == plain(other) or simplified(one) == simplified(other):
        return True
    return all(part.difference is None and part.certainty is Certainty.PROVEN for part in compare(one, other))


def has_values(node: Expr) -> bool:
    """Whether it is a number anywhere, and all its parts are; there is nothing to compare in z/(z - z)."""
    if isinstance(node, Power) and simplified(node.base) == ZERO:
        return False
    return all(map(has_values, node.children)) and is_finite_somewhere(node)


def is_finite_somewhere(node: Expr) -> bool:
    """Whether it is a number at one of a few places."""
    with np.errstate(all="ignore"):
        return bool(np.isfinite(Evaluation("z", {}).values(node, np.array([-2.3, -0.4, 0.7, 3.1]))).any())


@pytest.mark.parametrize("style", STYLES)
def test_a_printed_formula_is_read_back_as_the_same(style: str) -> None:
    for seed in range(TREES):
        node = random_formula(Random(seed), 1 + seed % 4)
        text = STYLES[style](node)
        if len(text) > LONGEST_TEXT or not has_values(node):
            continue
        with case(f"{seed}: {text}"):
            assert equal(parse(text), node)


@pytest.mark.parametrize(
    ("text", "shown"),
    [(r"\frac{1}{e^2}z", r"\frac{z}{e^{2}}"), ("1/3^z * pi", r"\frac{\pi}{3^{z}}"), ("1/z", r"\frac{1}{z}")],
)
def test_a_factor_one_is_shown_only_where_it_stands_alone(text: str, shown: str) -> None:
    assert latex(parse(text)) == shown
