"""One side of a claimed bound against the certified extreme: valid, tight, attained, or no bound at all."""

from dataclasses import dataclass
from fractions import Fraction

from flint import arb

from service.formulas.enclosures.balls import Ball
from service.grading.inequality import Inequality, Side
from service.theory.facts import Bound

_EXACT_DIGITS = 25
_SHOWN_DIGITS = 12


@dataclass(frozen=True)
class Outcome:
    """One side, judged."""

    code: str
    sentence: str

    @property
    def valid(self) -> bool | None:
        """Whether it is a bound; None where that cannot be decided."""
        return None if self.code == "undecided_bound" else self.code in ("tight", "valid_but_loose", "trivial")


def judged(side: Side, truth: Bound, sign: int, tolerance: float) -> Outcome:
    """`side` against the supremum (`sign` 1) or the infimum (−1); `tolerance` is relative, of what is tight."""
    extreme = "supremum" if sign > 0 else "infimum"
    if truth.unbounded:
        return Outcome("unbounded", f"There is no such bound: the {extreme} is infinite.")
    if side.exact is not None and side.exact == _exact(truth):
        return _at_the_extreme(side, truth, extreme)
    best = _enclosure(truth)
    room, named = sign * (side.value - best), f"the {extreme} is {_shown(truth, best)}"
    if room < 0:
        return Outcome("invalid_bound", f"{side.written} is no bound: {named}.{_rounded(side, truth, sign)}")
    if not room > 0:
        return Outcome("undecided_bound", f"Too little is known to judge {side.written}: {named}.")
    if room <= tolerance * abs(best):
        return Outcome("tight", f"{side.written} is a bound, and as good as the best one: {named}.")
    return Outcome("valid_but_loose", f"{side.written} is a bound, but not the best one: {named}.")


def of_size(claimed: Inequality) -> Inequality:
    """What bounds of f' say of |f'|: from both sides the farther one."""
    lower, upper = claimed.lower, claimed.upper
    if lower is None or upper is None or lower.value >= 0:
        return claimed
    farther = lower if -lower.value > upper.value else upper
    exact = None if farther.exact is None else abs(farther.exact)
    size = Side(abs(farther.value), farther.strict, farther.written.lstrip("-"), exact)
    return Inequality(None, size, of_size=True, named=True)


def _at_the_extreme(side: Side, truth: Bound, extreme: str) -> Outcome:
    if not side.strict or truth.attained is False:
        return Outcome("tight", f"{side.written} is the {extreme} itself.")
    if truth.attained is None:
        return Outcome("undecided_bound", f"Whether the {extreme} {side.written} is attained is not known.")
    return Outcome("attained", f"{side.written} is the {extreme}, and it is attained: the sign has to allow equality.")


def _exact(truth: Bound) -> Fraction | None:
    """The extreme, where its digits end; of thirty that are known they would not by chance."""
    if truth.decimal is None or sum(map(str.isdigit, truth.decimal.lstrip("-0."))) >= _EXACT_DIGITS:
        return None
    return Fraction(truth.decimal)


def _enclosure(truth: Bound) -> Ball:
    """The extreme as narrowly as it is known."""
    if truth.decimal is not None:
        value = arb(truth.decimal)
        return value if _exact(truth) is not None else value + arb(0, f"1e-{_EXACT_DIGITS}") * abs(value)
    low = -arb.pos_inf() if truth.low is None else arb(truth.low)
    return low.union(arb.pos_inf() if truth.high is None else arb(truth.high))


def _shown(truth: Bound, best: Ball) -> str:
    if truth.decimal is None and not best.is_finite():
        return "not known"
    digits = truth.decimal or f"{float(best.mid()):.12g}"
    return digits if len(digits) <= _SHOWN_DIGITS else f"{digits[:_SHOWN_DIGITS]}…"


def _rounded(side: Side, truth: Bound, sign: int) -> str:
    """A word to those who cut the digits off."""
    cut = truth.decimal is not None and "." in side.written and truth.decimal.startswith(side.written.rstrip("0"))
    return " A bound from above has to be rounded up." if cut and sign > 0 else ""
