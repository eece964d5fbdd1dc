"""A formula that must be the expected one."""

import re
from contextlib import suppress
from fractions import Fraction
from functools import lru_cache
from math import inf, isfinite
from typing import Annotated, Any, Literal

from flint import arb, ctx
from pydantic import Field

from service.core.kinds import BoundedFloat
from service.core.kinds import Fraction as Share
from service.formulas.enclosures.balls import Undecided, rational
from service.formulas.enclosures.equality import COMPARISON_BITS, Certainty, Difference, IntervalComparison, compare
from service.formulas.enclosures.piecewise import pieces, value_at
from service.formulas.enclosures.program import VARIABLE
from service.formulas.enclosures.smoothness import smoothness
from service.formulas.language.build import times
from service.formulas.language.characters import spelled
from service.formulas.language.differentiate import differentiate
from service.formulas.language.tokens import LONGEST_TEXT
from service.formulas.language.tree import Expr, Number
from service.grading.answers import Formula, Unreadable
from service.grading.claims.base import Claim, Context, Judgement
from service.grading.misconceptions import constant_factor, misconceptions
from service.grading.results import CheckStatus, Counterexample, Method
from service.nn.activations import AnyActivation
from service.theory.facts import Stretch

_Name = Annotated[str, Field(pattern="^[A-Za-z][A-Za-z0-9_]{0,31}$")]

_NAMED = re.compile(r"([^=<>!]{1,60})=(?!=)")
_NO_SLOPE = re.compile(
    r"''|\^\s*\{?\s*\(\s*[02-9]|(?<![A-Za-z\\])F(?![A-Za-z])|d\s*\^\s*\{?\s*[2-9]|^\W*dz\s*/|frac\s*\{\s*dz"
)
"""What names another quantity than a first derivative: f'', f^(2), F, d²f/dz², dz/df."""

_LARGEST_DENOMINATOR = 1_000_000
_MOST_DIGITS = 12
_NEAR_ZERO = 1e-15
_FAR, _MANY = 20.0, 100
_MOST_PIECES = 8
"""With more of them an answer is no slip that has a name."""


class ExpressionClaim(Claim):
    """A formula, plain or LaTeX, that is the derivative of an activation, or the expected formula in any spelling."""

    kind: Literal["expression"] = "expression"
    derivative_of: AnyActivation | None = None
    """The activation whose derivative is asked for; null where `expected` says what is."""
    expected: Annotated[str, Field(max_length=LONGEST_TEXT)] | None = None
    """The formula asked for; null where `derivative_of` says it."""
    parameters: Annotated[dict[_Name, BoundedFloat], Field(max_length=16, default_factory=dict)]
    """Names that stand for numbers in the expected formula and in answers."""
    variable: Annotated[str, Field(pattern="^[A-DF-Za-df-z]$")] = VARIABLE
    """What the question calls the variable: one letter, in the expected formula and in answers."""
    domain: Stretch | None = None
    """Where both must agree; null for wherever the expected formula has values."""
    at_kinks: Literal["exclude", "require"] = "exclude"
    """Whether the values at kinks count, where a derivative is a convention."""
    partial: Annotated[dict[_Name, Share], Field(max_length=16, default_factory=dict)]
    """The share of the points for known slips, by their codes, such as `differs_by_sign`."""

    def flaws(self) -> list[tuple[str, str]]:
        """Neither or both of `derivative_of` and `expected`; a formula that cannot be read, or has no values."""
        if (self.derivative_of is None) == (self.expected is None):
            return [("", "Exactly one of `derivative_of` and `expected` says what is asked for.")]
        if self.variable in self.names():
            return [("/variable", f"`{self.variable}` is a parameter; the variable needs another letter.")]
        try:
            target = self.target()
        except Unreadable as error:
            return [("/expected", error.sentence)]
        if _has_values(target.closed, self._domain()):
            return []
        where = "for any real number" if self.domain is None else "in the domain"
        return [("/domain" if self.expected is None else "/expected", f"The expected formula has no values {where}.")]

    def target(self) -> Formula:
        """The formula asked for, as it is written and with the numbers of its parameters."""
        if self.derivative_of is not None:
            return Formula(self.derivative_of.slope, differentiate(self.derivative_of.closed, VARIABLE))
        return Formula.of(self.expected, self.parameters, self.variable)

    def judge(self, answer: Any, context: Context) -> Judgement:
        """Correct where no difference is found on any piece; a proof where there is one.

        An answer that is wrong as it is read, and right by another usual convention, is not wrong: `ambiguous`.
        """
        formula = self.read(answer)
        judgement = self._judged(formula)
        if judgement.status not in (CheckStatus.INCORRECT, CheckStatus.PARTIAL):
            return judgement
        for other in Formula.others(answer, self.names(), self.variable):
            if self._judged(other).status is CheckStatus.CORRECT:
                sentence = f"This can be read in two ways: {formula.plain}, or {other.plain}. Write one of the two."
                return Judgement(CheckStatus.INVALID, "ambiguous", sentence, parsed_latex=formula.latex)
        return judgement

    def read(self, answer: Any) -> Formula:
        """The formula that an answer states; Unreadable where there is none, or it is said to be another quantity."""
        formula = Formula.of(answer, self.names(), self.variable)
        named = _NAMED.match(spelled(str(answer))[0]) if self.derivative_of is not None else None
        if named and _NO_SLOPE.search(named[1]):
            asked = f"the question asks for f'({self.variable})"
            raise Unreadable(f"This says what {named[1].strip()} is; {asked}.", 1)
        return formula

    def _judged(self, formula: Formula) -> Judgement:
        target = self.target()
        formula.check_effort()
        found = [one for one in compare(formula.closed, target.closed, *self._domain()) if self._matters(one)]
        if any(one.difference is not None for one in found):
            return self._wrong(formula, target, found)
        kink = _differing_kink(formula.closed, target.closed, self._domain()) if self.at_kinks == "require" else None
        if kink is not None:
            sentence = f"It agrees everywhere except at {self.variable} = {kink.z:g}: {_both(kink)}."
            return Judgement.incorrect(
                "at_kink", sentence, Method.NUMERIC, parsed_latex=formula.latex, counterexample=kink
            )
        if not found:
            sentence = "Your formula and the expected one have no values in common, so they cannot be compared."
            return Judgement.undecided("nothing_to_compare", sentence)
        return _agreeing(formula, found)

    def _domain(self) -> tuple[float, float]:
        return (self.domain.low, self.domain.high) if self.domain else (-inf, inf)

    def names(self) -> dict[str, float]:
        """What may stand in an answer beside z."""
        return {**(self.derivative_of.values if self.derivative_of else {}), **self.parameters}

    def _matters(self, found: IntervalComparison) -> bool:
        """An answer may have values where the expected formula or the activation has none, and no domain was named."""
        if self.domain is not None or found.difference is None:
            return True
        return not (found.difference.other_undefined or self._is_outside(found))

    def _is_outside(self, found: IntervalComparison) -> bool:
        """Whether the activation has no values on an interval where its derivative's formula has, as ln and 1/z."""
        if self.derivative_of is None:
            return False
        known = smoothness(self.derivative_of.closed)
        apart = (float(one.high) <= found.low or float(one.low) >= found.high for one in known.pieces)
        return known.complete and known.period is None and all(apart)

    def _wrong(self, formula: Formula, target: Formula, found: list[IntervalComparison]) -> Judgement:
        differing = next(one.difference for one in found if one.difference is not None)
        at = Counterexample(z=differing.z, yours=differing.one, expected=differing.other)
        code, sentence = self._slip(formula, target, found)
        message = f"{sentence} At {self.variable} = {at.z:g} {_both(at)}{_apart(differing)}."
        share = self.partial.get(code, 0.0)
        method = Method.CERTIFIED_INTERVAL
        return Judgement.partial(share, code, message, method, parsed_latex=formula.latex, counterexample=at)

    def _slip(self, formula: Formula, target: Formula, found: list[IntervalComparison]) -> tuple[str, str]:
        """The name of the slip, and a sentence."""
        factor = constant_factor(formula.closed, target.closed)
        multiples = [] if factor is None or abs(factor) == 1.0 else _multiples(factor, target.closed)
        if any(self._same(formula.closed, multiple) for multiple in multiples):
            return "constant_factor", f"A constant factor is wrong: this is the expected formula times {factor:.6g}."
        function = self.derivative_of.closed if self.derivative_of else None
        for known in misconceptions(target.closed, function) if len(found) <= _MOST_PIECES else ():
            if constant_factor(formula.closed, known.formula) == 1.0 and self._same(formula.closed, known.formula):
                return known.code, known.sentence
        agreeing = [one for one in found if one.difference is None]
        if agreeing:
            return "one_branch_wrong", f"It is right {_where(agreeing, self.variable)}, but not everywhere."
        return "different", "This is another function."

    def _same(self, one: Expr, other: Expr) -> bool:
        found = compare(one, other, *self._domain())
        return all(part.difference is None and part.certainty is not Certainty.DOUBTED for part in found)


def _differing_kink(answer: Expr, target: Expr, domain: tuple[float, float]) -> Counterexample | None:
    """The first kink of either inside the domain at which they certainly have other values."""
    kinks = {*smoothness(answer).kinks, *smoothness(target).kinks}
    for kink in sorted(kink for kink in kinks if domain[0] <= kink <= domain[1]):
        yours, expected = (_value_at(node, kink) for node in (answer, target))
        if yours is not None and expected is not None and not _may_be_same(yours, expected):
            return Counterexample(z=kink, yours=_known(float(yours)), expected=_known(float(expected)))
    return None


def _value_at(node: Expr, z: float) -> arb | None:
    """The value there, NaN where there is none; None where that cannot be told."""
    with suppress(Undecided), ctx.workprec(COMPARISON_BITS):
        return value_at(node, rational(Fraction(repr(z))))
    return None


def _may_be_same(one: arb, other: arb) -> bool:
    return bool(one.is_nan() and other.is_nan()) or bool(one.overlaps(other) and one.is_nan() == other.is_nan())


def _known(value: float) -> float | None:
    return value if isfinite(value) else None


def _multiples(factor: float, formula: Expr) -> list[Expr]:
    """`formula` times what `factor` may be in full: a decimal number, or a fraction."""
    numbers = Fraction(repr(factor)), Fraction(factor).limit_denominator(_LARGEST_DENOMINATOR)
    return [times(Number(number), formula) for number in numbers]


@lru_cache(maxsize=256)
def _has_values(node: Expr, domain: tuple[float, float]) -> bool:
    """Whether a formula has values in the domain: on an interval, or at one of many points where none is known."""
    with ctx.workprec(COMPARISON_BITS):
        try:
            return bool(pieces(node, arb(domain[0]), arb(domain[1])))
        except Undecided:
            low, high = (max(-_FAR, min(edge, _FAR)) for edge in domain)
            places = (low + (high - low) * (number + 0.5) / _MANY for number in range(_MANY))
            return any(value is None or not value.is_nan() for value in (_value_at(node, place) for place in places))


def _agreeing(formula: Formula, found: list[IntervalComparison]) -> Judgement:
    if any(one.certainty is Certainty.DOUBTED for one in found):
        sentence = "No difference was found, but your formula could not be proven to be the expected one."
        return Judgement.undecided("no_difference_found", sentence, Method.NUMERIC, parsed_latex=formula.latex)
    if all(one.certainty is Certainty.PROVEN for one in found):
        sentence = "Correct. Your formula is the expected one; this is proven."
        return Judgement.correct("equivalent", sentence, Method.EXACT_IDENTITY, parsed_latex=formula.latex)
    sentence = (
        "Correct. Your formula agrees with the expected one to 40 digits at every point where they were compared."
    )
    return Judgement.correct("agrees_numerically", sentence, Method.NUMERIC, parsed_latex=formula.latex)


def _where(parts: list[IntervalComparison], variable: str) -> str:
    return " and ".join(_interval(one.low, one.high, variable) for one in parts)


def _interval(low: float, high: float, variable: str) -> str:
    low, high = (0.0 if abs(edge) < _NEAR_ZERO else edge for edge in (low, high))
    if low == -inf:
        return f"for {variable} < {high:g}"
    return f"for {variable} > {low:g}" if high == inf else f"for {low:g} < {variable} < {high:g}"


def _both(at: Counterexample) -> str:
    """Both values, in as few digits as show that they differ, three at least."""
    for digits in range(3, _MOST_DIGITS + 1):
        yours, expected = _shown(at.yours, digits), _shown(at.expected, digits)
        if yours != expected:
            break
    return f"yours {'has' if at.yours is None else 'is'} {yours}, correct is {expected}"


def _shown(value: float | None, digits: int) -> str:
    return "no value that can be shown" if value is None else f"{value:.{digits}g}"


def _apart(differing: Difference) -> str:
    """How far the two are from each other, where their digits alone do not show it."""
    if differing.distance is None or differing.one is None or differing.other is None:
        return ""
    alike = _shown(differing.one, _MOST_DIGITS) == _shown(differing.other, _MOST_DIGITS)
    shown = f"{differing.distance:.3g}" if differing.distance else "less than 1e-300"
    return f"; they differ by {shown}" if alike else ""
