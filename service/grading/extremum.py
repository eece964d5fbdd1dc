"""A stated bound against the certified infimum or supremum: a code, and why, in a sentence for the student."""

import re
from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction
from functools import reduce
from math import ceil, inf

from flint import arb

from service.formulas.enclosures.balls import Ball, rational
from service.theory.facts import Bound

_EXACT_DIGITS = 25
_SHOWN_DIGITS = 6
_AT_THE_EDGE = 1 + arb("1e-15")  # a ball of a decimal at the very edge of what is tight may be on either side
_MOST_DIGITS = 30
_WRITTEN_DECIMAL = re.compile(r"[+-]?\d*\.(\d+)")


@dataclass(frozen=True)
class BoundOutcome:
    """How one side compares with the certified extreme: a code, and a sentence for the student."""

    code: str
    sentence: str

    @property
    def valid(self) -> bool | None:
        """Whether it is a bound; None where that cannot be decided."""
        return None if self.code == "undecided_bound" else self.code in ("tight", "valid_but_loose")


@dataclass(frozen=True)
class Tightness:
    """How far beyond the extreme a bound is as good as the best one: any of these distances is near enough."""

    relative: float = 0.0
    absolute: float | None = None
    decimals: int | None = None  # the extreme rounded outward to so many decimals

    def room(self, extreme: "KnownExtreme") -> Ball:
        """The largest of the distances."""
        best = extreme.value
        rooms = [self.relative * abs(best)]
        if self.absolute is not None:
            rooms.append(rational(Fraction(repr(self.absolute))))
        if self.decimals is not None:
            rooms.append(abs(extreme.rounded(self.decimals) - best))
        return reduce(arb.max, rooms)


@dataclass(frozen=True)
class KnownExtreme:
    """What is proven of the supremum (`sign` 1) or the infimum (−1) of a quantity that is called `name`."""

    truth: Bound
    sign: int
    name: str

    @property
    def exact(self) -> Fraction | None:
        """Its value, where its digits end; of thirty that are known they would not by chance."""
        digits = self.truth.decimal
        if digits is None or sum(map(str.isdigit, digits.lstrip("-0."))) >= _EXACT_DIGITS:
            return None
        return Fraction(digits)

    @property
    def value(self) -> Ball:
        """It as narrowly as it is known."""
        truth = self.truth
        if truth.decimal is not None:
            value = arb(truth.decimal)
            return value if self.exact is not None else value + arb(0, f"1e-{_EXACT_DIGITS}") * abs(value)
        if truth.low is None or truth.high is None:
            return arb(0, inf)
        return arb(truth.low).union(arb(truth.high))

    def rounded(self, decimals: int) -> Ball:
        """It rounded outward, to the nearest number of so many decimals that is a bound."""
        scale, exact = 10**decimals, self.exact
        if exact is not None:
            return rational(Fraction(self.sign * ceil(self.sign * exact * scale), scale))
        return self.sign * (self.sign * self.value * scale).upper().ceil() / scale

    @property
    def noun(self) -> str:
        """Whether it is a supremum or an infimum, as a word."""
        return "supremum" if self.sign > 0 else "infimum"

    @property
    def side(self) -> str:
        """What a bound on this side is called."""
        return "an upper bound" if self.sign > 0 else "a lower bound"

    def shown(self, beside: Ball | None = None) -> str:
        """Its first digits, as many as tell it from the number that it stands beside."""
        if self.truth.decimal is None:
            best = self.value
            return f"{float(best.mid()):.{_SHOWN_DIGITS}g}" if best.is_finite() else "not known"
        known = Decimal(self.truth.decimal)
        for digits in range(_SHOWN_DIGITS, _MOST_DIGITS):
            rounded = Context(prec=digits).plus(known)
            apart = beside is None or self._beyond(rounded, beside) == self._beyond(known, beside)
            if apart or rounded == known:
                return f"{rounded:f}" if "E" not in str(rounded) else f"{rounded.normalize()}".replace("E", "e")
        return self.truth.decimal

    @staticmethod
    def _beyond(number: Decimal, beside: Ball) -> tuple[bool, bool]:
        value = rational(Fraction(number))
        return bool(value > beside), bool(value < beside)

    def reached(self, beside: Ball) -> str:
        """That the quantity takes it as a value, or how near it comes."""
        shown = self.shown(beside)
        if self.truth.attained is None:
            return f"the {self.noun} of {self.name} is {shown}"
        verb = "reaches" if self.truth.attained else "comes as close as you like to"
        return f"{self.name} {verb} {shown}"


@dataclass(frozen=True)
class StatedBound:
    """One end of what a quantity may be; `strict` where the end itself is excluded."""

    value: Ball  # ±∞ where it says that there is no bound
    strict: bool
    written: str
    exact: Fraction | None = None  # the value, where it is a rational number

    def judged(self, extreme: KnownExtreme, near: Tightness) -> BoundOutcome:
        """By the extreme on its side; `near` is what is tight."""
        if extreme.truth.unbounded or not self.value.is_finite():
            return self._of_infinity(extreme)
        best = extreme.value
        room = extreme.sign * (self.value - best)
        if room == 0 or (self.exact is not None and self.exact == extreme.exact):
            return self._at_the_extreme(extreme)
        known = f"the {extreme.noun} is {extreme.shown(self.value)}."
        if room < 0:
            told = f"{self.written} is not {extreme.side}: {extreme.reached(self.value)}."
            return BoundOutcome("invalid_bound", told + self._rounded(extreme, abs(room)))
        if not room > 0:
            return BoundOutcome("undecided_bound", f"Too little is known to judge {self.written}: {known}")
        if room <= near.room(extreme) * _AT_THE_EDGE:
            return BoundOutcome("tight", f"{self.written} is {extreme.side}, as good as the best one: {known}")
        return BoundOutcome("valid_but_loose", f"{self.written} is {extreme.side}, but not the best one: {known}")

    def _of_infinity(self, extreme: KnownExtreme) -> BoundOutcome:
        """Where there is no bound, or none is stated."""
        side, name = ("above" if extreme.sign > 0 else "below"), extreme.name
        if extreme.truth.unbounded and not self.value.is_finite():
            return BoundOutcome("tight", f"{name} is not bounded {side}.")
        if extreme.truth.unbounded:
            further = "grows beyond" if extreme.sign > 0 else "falls below"
            return BoundOutcome("unbounded", f"{self.written} is not {extreme.side}: {name} {further} every number.")
        if not extreme.value.is_finite():
            return BoundOutcome("undecided_bound", f"Whether {name} is bounded {side} is not known.")
        return BoundOutcome("bounded", f"{name} is bounded {side}: the {extreme.noun} is {extreme.shown()}.")

    def _at_the_extreme(self, extreme: KnownExtreme) -> BoundOutcome:
        if not self.strict or extreme.truth.attained is False:
            return BoundOutcome("tight", f"{self.written} is the {extreme.noun} itself.")
        if extreme.truth.attained is None:
            sentence = f"Whether {extreme.name} reaches its {extreme.noun} {self.written} is not known."
            return BoundOutcome("undecided_bound", sentence)
        allowed, excluded = ("<=", "<") if extreme.sign > 0 else (">=", ">")
        sentence = f"{extreme.name} reaches {self.written}, its {extreme.noun}: write {allowed} in place of {excluded}."
        return BoundOutcome("attained", sentence)

    def _rounded(self, extreme: KnownExtreme, distance: Ball) -> str:
        """A word to those who rounded to the wrong side: what it would be, in as many decimals."""
        decimals = _WRITTEN_DECIMAL.fullmatch(self.written.rstrip("0"))
        if decimals is None or not distance < rational(Fraction(1, 10 ** len(decimals[1]))):
            return ""
        outward = Decimal(extreme.rounded(len(decimals[1])).mid().str(_MOST_DIGITS, radius=False))
        shown = outward.quantize(Decimal(1).scaleb(-len(decimals[1])))
        return f" {extreme.side.capitalize()} has to be rounded {'up' if extreme.sign > 0 else 'down'}: {shown:f}."
