"""Answers in words and symbols → formulas, as they were meant."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from flint import arb, ctx

from service.formulas.enclosures.balls import Ball
from service.formulas.enclosures.piecewise import switches
from service.formulas.enclosures.program import VARIABLE, constant
from service.formulas.language.build import replaced
from service.formulas.language.grammar import parse
from service.formulas.language.tokens import FormulaError
from service.formulas.language.tree import Expr, Number, Symbol
from service.formulas.language.write import latex
from service.grading.claims.base import Undecidable, Unreadable

PRECISION_BITS = 160
_MOST_SWITCHES, _MOST_PARTS = 12, 150


@dataclass(frozen=True)
class Formula:
    """A formula as it was read, and with the numbers of its parameters in it."""

    written: Expr
    closed: Expr

    @property
    def latex(self) -> str:
        """How it was understood."""
        return latex(self.written)


def formula_of(answer: Any, parameters: Mapping[str, float]) -> Formula:
    """The formula of z that `answer` states; Unreadable with its position."""
    if isinstance(answer, int | float) and not isinstance(answer, bool):
        answer = repr(answer)
    if not isinstance(answer, str):
        raise Unreadable("A formula is expected here, as a text.")
    try:
        written = parse(answer, VARIABLE, tuple(parameters))
    except FormulaError as error:
        raise Unreadable(error.sentence, error.position) from None
    closed = written
    for name, value in parameters.items():
        closed = replaced(closed, Symbol(name), Number(Fraction(repr(value))))
    return Formula(written, closed)


def check_effort(node: Expr) -> None:
    """Raise Undecidable where a formula has more cases, or parts, than can be judged in time."""
    if sum(1 for _ in switches(node)) > _MOST_SWITCHES or node.count() > _MOST_PARTS:
        raise Undecidable("too_costly", "This formula has more parts than can be judged in time; a person has to look.")


def constant_of(answer: Any, parameters: Mapping[str, float]) -> tuple[Ball, Formula]:
    """The number that `answer` states, enclosed, and how it was written; Unreadable where it is none."""
    formula = formula_of(answer, parameters)
    if formula.closed.depends_on(VARIABLE):
        raise Unreadable(f"A number is expected here, and {VARIABLE} is none.")
    with ctx.workprec(PRECISION_BITS):
        try:
            value = constant(formula.closed)
        except TypeError:  # abs, where and their kind
            raise Unreadable("A number is expected here, without cases.") from None
    if not value.is_finite():
        raise Unreadable("This has no finite value.")
    return value, formula


def exactly(value: float) -> Ball:
    """The decimal number that was written as `value`."""
    fraction = Fraction(repr(value))
    return arb(fraction.numerator) / fraction.denominator
