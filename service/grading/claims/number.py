"""A number near the expected one."""

from fractions import Fraction
from math import floor, log10
from typing import Annotated, Any, Literal

from flint import arb, ctx
from pydantic import Field

from service.core.kinds import BoundedFloat, Double, Int64
from service.formulas.enclosures.balls import Ball
from service.grading.answers import ANSWER_BITS, constant_of
from service.grading.claims.base import Claim, Context, Judgement
from service.grading.results import Method


class NumberClaim(Claim):
    """A number, or a formula without z, within a tolerance of the expected one."""

    kind: Literal["number"] = "number"
    expected: BoundedFloat
    """The right number."""
    relative_tolerance: Annotated[Double, Field(ge=0, le=1)] | None = None
    """The largest distance, relative to the right number."""
    absolute_tolerance: Annotated[Double, Field(ge=0, le=1e100)] | None = None
    """The largest distance."""
    significant_figures: Annotated[Int64, Field(ge=1, le=15)] | None = None
    """How many figures must be right, rounded: a distance of half a unit of the last one."""

    def flaws(self) -> list[tuple[str, str]]:
        """No tolerance, or a relative one of zero."""
        if self.relative_tolerance is None and self.absolute_tolerance is None and self.significant_figures is None:
            return [("", "A tolerance is needed: relative, absolute, or significant figures.")]
        if self.expected == 0 and self.absolute_tolerance is None:
            return [("/expected", "Near zero only an absolute tolerance means anything.")]
        return []

    def judge(self, answer: Any, context: Context) -> Judgement:
        """Correct where one of the tolerances is kept."""
        value, formula = constant_of(answer, {})
        with ctx.workprec(ANSWER_BITS):
            expected = _exactly(self.expected)
            distance, room = abs(value - expected), self._room(abs(expected))
        judged: dict[str, Any] = {"method": Method.NUMERIC, "parsed_latex": formula.latex}
        if not distance > room:  # at the very edge a ball may be on either side
            return Judgement.correct("within_tolerance", "The number is right.", **judged)
        if not abs(-value - expected) > room:
            return Judgement.incorrect("differs_by_sign", "The number has the wrong sign.", **judged)
        sentence = "The number is too large." if value > expected else "The number is too small."
        return Judgement.incorrect("outside_tolerance", sentence, **judged)

    def _room(self, size: arb) -> arb:
        room = arb(0)
        if self.relative_tolerance is not None:
            room = room.max(_exactly(self.relative_tolerance) * size)
        if self.absolute_tolerance is not None:
            room = room.max(_exactly(self.absolute_tolerance))
        if self.significant_figures is not None and self.expected != 0:
            exponent = floor(log10(abs(self.expected))) - self.significant_figures + 1
            room = room.max(arb(10) ** exponent / 2)
        return room


def _exactly(value: float) -> Ball:
    """The decimal number that was written as `value`."""
    fraction = Fraction(repr(value))
    return arb(fraction.numerator) / fraction.denominator
