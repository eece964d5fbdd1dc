"""A number near the expected one."""

import re
from collections.abc import Iterator
from fractions import Fraction
from math import floor, log10
from typing import Annotated, Any, Literal

from flint import arb, ctx
from pydantic import Field

from service.core.kinds import BoundedFloat, Double, Int64
from service.formulas.enclosures.balls import Ball
from service.formulas.language.functions import FUNCTIONS
from service.formulas.language.tokens import LONGEST_TEXT
from service.grading.answers import ANSWER_BITS, Undecidable, Unreadable
from service.grading.claims.base import Claim, Context, Judgement
from service.grading.numerals import StatedNumber
from service.grading.results import CheckStatus, Method
from service.grading.wording import is_doubted, tidied

_OTHER_READINGS = (1, 2)
_MOST_SIDES = 6  # of equality signs
_NARROW = arb("1e-15")  # how wide an enclosure may be beside the right number and the room around it
_AT = r"(?:(?:at|for|bei|für|en|pour|para)\s++|@\s*+)"
_PLACE = re.compile(
    rf"(?<=[\w)}}])\s*+(?:,\s*+\(?\s*+{_AT}?|\(\s*+{_AT}?|(?<!\w){_AT})[zx]\s*+[=≈](?P<at>[^()=<>]*+)\)?\s*+$"
)
_PLACE_BEFORE = re.compile(rf"\s*+{_AT}?[zx]\s*+[=≈]\s*+(?P<at>0(?=\s*+:)|[^()=<>:]*+(?=:\s))\s*+:")
_EQUALITY = re.compile(r"(?<!\()(?<!\( )[=≈]|\\approx(?![a-zA-Z])")
_NAMED = (
    r"\s*+(?:\\?(?:max|min|sup|inf)(?:imum)?(?:\s*+_\s*+(?:\{[^{}]*+\}|\w))?(?:\s++of\b)?)?\s*+"
    r"(?:\\?(?P<word>[^\W\d_]++)\d?)?"
    r"(?:_\s*+(?:\{[^{}]*+\}|\w++))?(?:['’′*]|\^\s*+\{?\s*+(?:\*|\\ast|\\star)\s*+\}?)*+"
    r"(?:_\s*+(?:\{[^{}]*+\}|\w++))?(?:\((?P<at>[^()=]*+)\))?\s*+"
)
_NAME, _LABEL = re.compile(_NAMED), re.compile(f"{_NAMED}:")
_VARIABLE = re.compile(r"\s*+[zxt](?:\s*+[_^]\s*+\{?\s*+(?:\w{1,3}|\*|\\ast|\\star)\s*+\}?|\d|\*)?\s*+")
_NO_NAMES = {*FUNCTIONS, "e", "pi", "π"}


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
    decimals: Annotated[Int64, Field(ge=0, le=15)] | None = None
    """How many decimals must be right, rounded: a distance of half a unit of the last one."""

    def flaws(self) -> list[tuple[str, str]]:
        """No tolerance, a relative one of zero, or decimals that say nothing beside figures or of so small a number."""
        absolute = self.absolute_tolerance is not None or self.decimals is not None
        if not absolute and self.relative_tolerance is None and self.significant_figures is None:
            return [("", "A tolerance is needed: relative, absolute, decimals, or significant figures.")]
        if self.expected == 0 and not absolute:
            return [("/expected", "Near zero only an absolute tolerance or decimals mean anything.")]
        if self.decimals is None:
            return []
        if self.significant_figures is not None:
            return [("/decimals", "Either `decimals` or `significant_figures` says how the number is rounded.")]
        if self.expected != 0 and abs(Fraction(repr(self.expected))) * 2 < Fraction(1, 10**self.decimals):
            return [("/decimals", f"To {self.decimals} decimals {self.expected:g} is 0; more decimals are needed.")]
        return []

    def judge(self, answer: Any, context: Context) -> Judgement:
        """Correct where one of the tolerances is kept; `ambiguous` where it is by another usual way to read it."""
        if isinstance(answer, str) and (place := _place_in(answer[:LONGEST_TEXT])):
            return self._judged_at(answer, place)
        stated = _stated(answer)
        judgement = self._judged(stated)
        for other in _others(answer, stated) if judgement.status is CheckStatus.INCORRECT else ():
            if self._judged(other).status is CheckStatus.CORRECT:
                ways = f"{stated.formula.plain}, or {other.formula.plain}"
                sentence = f"This can be read in two ways: {ways}. Write one of the two."
                return Judgement(CheckStatus.INVALID, "ambiguous", sentence, parsed_latex=stated.formula.latex)
        return judgement

    def _judged_at(self, answer: str, place: re.Match[str]) -> Judgement:
        """Of a number and the place where it is taken; Unreadable where either is none, or the number is wrong."""
        number = answer[: place.start()] or " " * place.end() + answer[place.end() :]
        judgement = self._judged(_stated(number))
        if judgement.status is not CheckStatus.CORRECT or not _is_number(place["at"]):
            raise Unreadable("Write the number alone, without the place where it is taken.", place.start() + 1)
        return judgement

    def _judged(self, stated: StatedNumber) -> Judgement:
        value, formula = stated.value, stated.formula
        with ctx.workprec(ANSWER_BITS):
            expected = _exactly(self.expected)
            distance, room = abs(value - expected), self._room(abs(expected))
        judged: dict[str, Any] = {"method": Method.NUMERIC, "parsed_latex": formula.latex}
        if not value.rad() <= _NARROW * abs(expected).max(room):
            raise Undecidable("undecided_number", f"{stated.written} is not known closely enough to judge it.")
        if not distance > room:  # at the very edge a ball may be on either side
            return Judgement.correct("within_tolerance", "Correct.", **judged)
        if not abs(-value - expected) > room:
            return Judgement.incorrect("differs_by_sign", f"{stated.written} has the wrong sign.", **judged)
        sentence = f"{stated.written} is too {'large' if value > expected else 'small'}."
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
        if self.decimals is not None:
            room = room.max(arb(10) ** -self.decimals / 2)
        return room


def _place_in(text: str) -> re.Match[str] | None:
    """Where the number is taken: at the end of `text`, or before it."""
    return _PLACE.search(text) or _PLACE_BEFORE.match(text)


def _is_number(text: str) -> bool:
    try:
        StatedNumber.of(text, {})
    except Unreadable:
        return False
    return True


def _is_name(name: re.Match[str]) -> bool:
    """Whether a number may be called so: z_0, max f'(z), f'(0)."""
    if name["word"] in _NO_NAMES or is_doubted(name[0]):
        return False
    at = name["at"]
    return not at or _VARIABLE.fullmatch(at) is not None or _is_number(at)


def _others(answer: Any, stated: StatedNumber) -> Iterator[StatedNumber]:
    """What the answer says by other usual conventions."""
    yield from (_stated(answer, reading) for reading in _OTHER_READINGS)
    if grouped := stated.without_point():
        yield grouped


def _stated(answer: Any, reading: int = 0) -> StatedNumber:
    """One number: of z_0 = 1.1997 what stands behind the sign, of 1/4 = 0.25 what both sides are."""
    if not isinstance(answer, str):
        return StatedNumber.of(answer, {})
    text, start, parts = tidied(answer), 0, []
    label = _LABEL.match(text)
    if label and label[0].strip() != ":" and _is_name(label):
        text = " " * label.end() + text[label.end() :]
    for sign in _EQUALITY.finditer(text):
        parts.append((text[start : sign.start()], start))
        start = sign.end()
    parts.append((text[start:], start))
    if len(parts) > _MOST_SIDES:
        raise Unreadable("Write one number here.", parts[_MOST_SIDES][1])
    name = _NAME.fullmatch(parts[0][0])
    if len(parts) > 1 and (not parts[0][0].strip() or (name and _is_name(name))):
        parts = parts[1:]
    return StatedNumber.agreed([StatedNumber.of(part, {}, begin, reading) for part, begin in parts])


def _exactly(value: float) -> Ball:
    """The decimal number that was written as `value`."""
    fraction = Fraction(repr(value))
    return arb(fraction.numerator) / fraction.denominator
