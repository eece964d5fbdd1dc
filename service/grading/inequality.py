"""`0 <= |f'(z)| < 1.2` → what is claimed of which quantity; each side against the certified extreme."""

import re
from dataclasses import dataclass
from fractions import Fraction
from math import inf
from typing import Any

from flint import arb

from service.formulas.enclosures.balls import Ball
from service.formulas.language.build import simplified
from service.formulas.language.tree import Number
from service.grading.answers import Formula, Unreadable, constant_of
from service.theory.facts import Bound

_BELOW, _ABOVE = (r"\leqslant", r"\leq", r"\le"), (r"\geqslant", r"\geq", r"\ge")
_SIGNS = {**dict.fromkeys(_BELOW, "<="), **dict.fromkeys(_ABOVE, ">="), r"\lt": "<", r"\gt": ">"}
_ONE_CHARACTER = {"≤": "<=", "≥": ">="}
_OPERATOR = re.compile("<=|>=|≤|≥|<|>|=")
_BARS = re.compile(r"\||\\[lr]?vert|\\mid|abs", re.IGNORECASE)
_EXAMPLE = "0 <= |f'(z)| <= 1.2"
_EXACT_DIGITS = 25
_SHOWN_DIGITS = 12


@dataclass(frozen=True)
class _Part:
    """A part of a chain, and where it begins."""

    text: str
    start: int


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
class _StatedBound:
    """One end of what a quantity may be; `strict` where the end itself is excluded."""

    value: Ball
    strict: bool
    written: str
    exact: Fraction | None  # the value, where it is a rational number

    def judged(self, truth: Bound, sign: int, tolerance: float) -> BoundOutcome:
        """By the supremum (`sign` 1) or the infimum (−1); `tolerance` is relative, of what is tight."""
        extreme = "supremum" if sign > 0 else "infimum"
        if truth.unbounded:
            return BoundOutcome("unbounded", f"There is no such bound: the {extreme} is infinite.")
        best = _enclosure(truth)
        room, named = sign * (self.value - best), f"the {extreme} is {_shown(truth, best)}"
        if room == 0 or (self.exact is not None and self.exact == _exact(truth)):
            return _at_the_extreme(self, truth, extreme)
        if room < 0:
            return BoundOutcome("invalid_bound", f"{self.written} is no bound: {named}.{_rounded(self, truth, sign)}")
        if not room > 0:
            return BoundOutcome("undecided_bound", f"Too little is known to judge {self.written}: {named}.")
        if room <= tolerance * abs(best):
            return BoundOutcome("tight", f"{self.written} is a bound, and as good as the best one: {named}.")
        return BoundOutcome("valid_but_loose", f"{self.written} is a bound, but not the best one: {named}.")


@dataclass(frozen=True)
class Inequality:
    """lower ≤ quantity ≤ upper, either of which may not be said."""

    lower: _StatedBound | None
    upper: _StatedBound | None
    of_size: bool = False  # whether the quantity stands between bars
    named: bool = False  # whether a quantity was written at all

    @classmethod
    def of(cls, answer: Any, parameters: dict[str, float]) -> "Inequality":
        """What `answer` claims: a chain as a text, an object of `lower` and `upper`, or an upper bound alone."""
        if isinstance(answer, dict):
            unknown = set(answer) - {"lower", "upper"}
            if unknown:
                raise Unreadable("An object of `lower` and `upper` is expected here.")
            sides = {name: _side(value, parameters) for name, value in answer.items() if value is not None}
            return cls(sides.get("lower"), sides.get("upper"))
        if isinstance(answer, int | float) and not isinstance(answer, bool):
            return cls(None, _side(answer, parameters))
        if not isinstance(answer, str):
            raise Unreadable(f"A bound is expected here, such as {_EXAMPLE}.")
        return _chain(_plain(answer), parameters)

    def folded(self) -> "Inequality":
        """What bounds of f' say of |f'|: from both sides the farther one."""
        lower, upper = self.lower, self.upper
        if lower is None or upper is None or lower.value >= 0:
            return self
        farther = lower if -lower.value > upper.value else upper
        exact = None if farther.exact is None else abs(farther.exact)
        size = _StatedBound(abs(farther.value), farther.strict, farther.written.lstrip("-"), exact)
        return Inequality(None, size)


def _plain(text: str) -> str:
    """LaTeX's signs as plain ones, with blanks behind them so that every place in the text stays what it was."""
    for sign, plain in _SIGNS.items():
        text = re.sub(re.escape(sign) + "(?![a-zA-Z])", plain.ljust(len(sign)), text)
    return text


def _chain(text: str, parameters: dict[str, float]) -> Inequality:
    operators = list(_OPERATOR.finditer(text))
    edges = [0, *(edge for operator in operators for edge in operator.span()), len(text)]
    parts = [_Part(text[left:right], left) for left, right in zip(edges[::2], edges[1::2], strict=True)]
    signs = [_ONE_CHARACTER.get(operator[0], operator[0]) for operator in operators]
    if not signs:
        return Inequality(None, _side(parts[0], parameters))
    if len(signs) > 2 or "=" in signs:
        raise Unreadable(f"One chain is expected here, such as {_EXAMPLE}.", operators[-1].start())
    if len({sign[0] for sign in signs}) > 1:
        raise Unreadable("Both signs of a chain have to point the same way.", operators[1].start())
    if signs[0][0] == ">":
        parts, signs = parts[::-1], [sign.replace(">", "<") for sign in signs[::-1]]
    return _sides(parts, signs, parameters)


def _sides(parts: list["_Part"], signs: list[str], parameters: dict[str, float]) -> Inequality:
    """Of a rising chain of two or three parts, one of which is the quantity."""
    places = (1,) if len(parts) == 3 else (0, 1)
    at = next((place for place in places if _is_quantity(parts[place].text, parameters)), None)
    if at is None:
        raise Unreadable(f"What is bounded is expected in the chain, as in {_EXAMPLE}.", parts[places[0]].start)
    lower = _side(parts[at - 1], parameters, signs[at - 1] == "<") if at > 0 else None
    upper = _side(parts[at + 1], parameters, signs[at] == "<") if at < len(parts) - 1 else None
    return Inequality(lower, upper, of_size=bool(_BARS.search(parts[at].text)), named=True)


def _is_quantity(text: str, parameters: dict[str, float]) -> bool:
    """Whether it is something like |f'(z)|, which is no formula."""
    try:
        Formula.of(text, parameters)
    except Unreadable:
        return bool(re.search(r"[^\W\d_]", text))
    return False


def _side(part: Any, parameters: dict[str, float], strict: bool = False) -> _StatedBound:
    written, start = (part.text, part.start) if isinstance(part, _Part) else (part, 0)
    try:
        value, formula = constant_of(written, parameters)
    except Unreadable as error:
        raise Unreadable(error.sentence, None if error.position is None else start + error.position) from None
    number = simplified(formula.closed)
    return _StatedBound(value, strict, str(written).strip(), number.value if isinstance(number, Number) else None)


def _at_the_extreme(side: _StatedBound, truth: Bound, extreme: str) -> BoundOutcome:
    if not side.strict or truth.attained is False:
        return BoundOutcome("tight", f"{side.written} is the {extreme} itself.")
    if truth.attained is None:
        return BoundOutcome("undecided_bound", f"Whether the {extreme} {side.written} is attained is not known.")
    return BoundOutcome(
        "attained", f"{side.written} is the {extreme}, and it is attained: the sign has to allow equality."
    )


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
    if truth.low is None or truth.high is None:
        return arb(0, inf)
    return arb(truth.low).union(arb(truth.high))


def _shown(truth: Bound, best: Ball) -> str:
    if truth.decimal is None and not best.is_finite():
        return "not known"
    digits = truth.decimal or f"{float(best.mid()):.12g}"
    return digits if len(digits) <= _SHOWN_DIGITS else f"{digits[:_SHOWN_DIGITS]}…"


def _rounded(side: _StatedBound, truth: Bound, sign: int) -> str:
    """A word to those who cut the digits off."""
    cut = truth.decimal is not None and "." in side.written and truth.decimal.startswith(side.written.rstrip("0"))
    return " A bound from above has to be rounded up." if cut and sign > 0 else ""
