"""`0 <= |f'(z)| < 1.2`, `[0, 1/4]`, "at most 1.2" → what is claimed of the quantity that a question asks for."""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from service.formulas.enclosures.balls import INFINITY, Ball
from service.formulas.enclosures.program import VARIABLE
from service.formulas.language.build import replaced, simplified
from service.formulas.language.tree import Number, Symbol
from service.grading.answers import Unreadable, number_of
from service.grading.chain import CLOSING, EXAMPLE, OPENING, Part, end_of, formula_of, said_of, statement
from service.grading.extremum import StatedBound
from service.grading.inverses import Span, StatedEnd
from service.grading.quantity import Quantity
from service.grading.wording import Region, Values, region_of, tidied, with_signs

_SEPARATOR = re.compile(r"(?<![\d\\]),|(?<!\\),(?!\d)|(?<!\\);|&|∧|\\(?:land|wedge)(?![a-zA-Z])|\n|\b(?:and|und|et)\b")
_LONGEST = 256
_ENDLESS = re.compile(
    r"\s*(?:(?:it|the function|(?P<of>\S.*?)) (?:is|ist|est) )?(?:unbounded|not bounded"
    r"|(?:there is )?no (?:finite )?bound|none|infinite"
    r"|unbeschränkt|nicht beschränkt|unbegrenzt|non bornée?|no acotad[ao])\s*",
    re.IGNORECASE,
)
_TAKEN = r"(?:with\s++)?\b(?:attained|reached|taken|equality|max(?:imum)?)\b"
_AT = rf"(?:{_TAKEN}\s*+(?:at|for|when|iff|if|@)|\bat\b|@)\s*+(?:[zx]\s*+[=≈]|(?=[\d.\-−]))"
_AT = rf"(?:{_AT}|(?:\b(?:for|bei|für|en|pour|para)\s++|(?<=,)|(?<=,\s))[zx]\s*+[=≈])"
_UNTAKEN = re.compile(
    r"(?<!\s)\s*+,?\s*+\(?\s*+(?:but\s++)?(?:(?:it|which)?\s*+is\s++)?"
    r"(?:not|never)\s++(?:attained|reached|taken)\s*+\)?\s*+$",
    re.IGNORECASE,
)
_PLACE = re.compile(
    rf"(?<!\s)\s*+,?\s*+(?:\(\s*+(?:{_TAKEN})?\s*+(?:\bat\b)?\s*+[zx]\s*+[=≈](?P<inner>[^()=<>]*)\)"
    rf"|(?P<open>\()?\s*+{_AT}(?P<outer>[^()=<>]*)(?(open)\)))\s*+$",
    re.IGNORECASE,
)
_MOST_STATEMENTS = 6
_NEAR = 1e-3  # how far a value may be, relative to it, from what is said to be taken somewhere


def _text_of(answer: Any) -> str:
    if not isinstance(answer, str):
        raise Unreadable(f"A bound is expected here, such as {EXAMPLE}.")
    if len(answer) > _LONGEST:
        raise Unreadable(f"A bound has at most {_LONGEST} characters; this one has {len(answer)}.", _LONGEST + 1)
    return answer


@dataclass(frozen=True)
class Inequality:
    """lower ≤ quantity ≤ upper, either of which may not be said."""

    lower: StatedBound | None
    upper: StatedBound | None
    of_size: bool = False  # whether it is said of the absolute value
    named: bool = False  # whether a quantity was written at all

    @classmethod
    def of(cls, answer: Any, asked: Quantity) -> "Inequality":
        """What `answer` claims: a text, an object of `lower` and `upper`, or an upper bound alone."""
        if isinstance(answer, dict):
            return _of_object(answer, asked)
        if isinstance(answer, int | float) and not isinstance(answer, bool):
            end = _stated(end_of(Part(repr(answer), 0), asked))
            return cls(end, None) if asked.below else cls(None, end)
        text = tidied(_text_of(answer))
        if endless := _ENDLESS.fullmatch(text):
            whole = Span(StatedEnd(None, False, "-∞"), StatedEnd(None, False, "∞"))
            return _of_range(Part(endless["of"] or "", 0), whole, asked)
        if (values := Values.either(text)) and (found := _either(values, asked)):
            return found
        if untaken := _UNTAKEN.search(text):
            return _read(with_signs(text[: untaken.start()]), asked).excluding_its_end()
        place = _PLACE.search(text)
        return _read_at(text, place, asked) if place else _read(with_signs(text), asked)

    def shown(self, digits: int) -> str:
        """What it says of the quantity, in numbers of so many digits."""
        sides = ((">=", self.lower), ("<=", self.upper))
        return " and ".join(f"{sign} {_shown(side.value, digits)}" for sign, side in sides if side is not None)

    def without_infinite(self, side: str) -> "Inequality":
        """It without an infinite end on the other side than the one that is asked for."""
        lower = None if side == "upper" and self.lower and not self.lower.value.is_finite() else self.lower
        upper = None if side == "lower" and self.upper and not self.upper.value.is_finite() else self.upper
        return replace(self, lower=lower, upper=upper)

    def excluding_its_end(self) -> "Inequality":
        """It with its one end excluded; Unreadable where there are two."""
        lower, upper = (None if end is None else replace(end, strict=True) for end in (self.lower, self.upper))
        if lower and upper:
            raise Unreadable("Which end is not attained is not clear: write < in place of <= on that side.")
        return replace(self, lower=lower, upper=upper)

    @property
    def of_signed(self) -> bool:
        """Whether it has a lower end that is said of f' itself, not of its size."""
        lower = self.lower
        return lower is not None and lower.value.is_finite() and (self.named or not lower.value >= 0)

    def unfolded(self) -> "Inequality":
        """What an upper bound of |f'| alone says of f': a bound from either side."""
        upper = self.upper
        if upper is None or self.lower is not None:
            return self
        exact = None if upper.exact is None else -upper.exact
        lower = StatedBound(-upper.value, upper.strict, f"-({upper.written})", exact)
        return Inequality(lower, upper, named=True)

    def folded(self) -> "Inequality":
        """What bounds of f' say of |f'|: from both sides the farther one."""
        lower, upper = self.lower, self.upper
        if lower is None or upper is None or lower.value >= 0:
            return self
        farther = lower if -lower.value > upper.value else upper
        exact = None if farther.exact is None else abs(farther.exact)
        size = StatedBound(abs(farther.value), farther.strict, farther.written.lstrip("-−"), exact)
        return Inequality(None, size)


def _read_at(text: str, place: re.Match[str], asked: Quantity) -> Inequality:
    """Of a bound and the place where it is taken; Unreadable where it is not taken there."""
    signed = with_signs(text[: place.start()])
    if place["outer"] and re.search("[<>≤≥]", signed) and not re.search(_TAKEN, place[0], re.IGNORECASE):
        sentence = "Is this said of one place alone? State a bound that holds for every z, such as"
        raise Unreadable(f"{sentence} {EXAMPLE}.", place.start("outer") + 1)
    found = _read(signed, asked)
    group = "outer" if place["inner"] is None else "inner"
    _check_place(Part(place[group], place.start(group)), found, asked)
    return found


def _read(text: str, asked: Quantity) -> Inequality:
    if values := Values.stated(text):
        return _of_values(values, asked)
    region = region_of(text, both=asked.both)
    if region is not None:
        return _of_region(region, asked)
    parts = [part for part in _statements(text) if not part.blank]
    if len(parts) > _MOST_STATEMENTS:
        raise Unreadable(f"One or two bounds are expected here, such as {EXAMPLE}.", parts[_MOST_STATEMENTS].start + 1)
    if asked.both and len(parts) == 2 and (found := _two_numbers(parts, asked)):
        return found
    read = [statement(part, asked) for part in parts]
    if not read:
        raise Unreadable(f"A bound is expected here, such as {EXAMPLE}.", 1)
    return _together([_of_span(span, named=named) for span, named in read])


def _two_numbers(parts: list[Part], asked: Quantity) -> Inequality | None:
    """Of "-1 and 1", where both bounds are asked for; None of anything but two different numbers."""
    with suppress(Unreadable):
        low, high = (end_of(part, asked) for part in parts)
        if low.value > high.value:
            low, high = high, low
        return _of_span(Span(low, high), named=False) if low.value < high.value else None
    return None


def _either(values: Values, asked: Quantity) -> Inequality | None:
    """Of "0 or 1", which are all the values that are taken; None where others are."""
    with suppress(Unreadable):
        return _of_values(values, asked)
    return None


def _of_object(answer: dict[str, Any], asked: Quantity) -> Inequality:
    names = {"lower": "lower", "upper": "upper", "min": "lower", "max": "upper"}
    if set(answer) - set(names) or len({names[name] for name in answer}) < len(answer):
        raise Unreadable("An object of `lower` and `upper` is expected here.")
    ends = {
        names[name]: _stated(end_of(Part(tidied(value) if isinstance(value, str) else _number(value), 0), asked))
        for name, value in answer.items()
        if value is not None
    }
    return Inequality(ends.get("lower"), ends.get("upper"))


def _shown(value: Ball, digits: int) -> str:
    text = str(value.mid().str(digits, radius=False))
    return text.rstrip("0").rstrip(".") if "." in text and "e" not in text else text


def _number(value: Any) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return repr(value)
    raise Unreadable("A number is expected here, or a formula of one as a text.")


def _of_region(region: Region, asked: Quantity) -> Inequality:
    """Of an interval, and what lies in it."""
    low, high = (end_of(Part(text, start), asked, strict=strict) for text, start, strict in region.ends)
    if low.value > high.value:
        raise Unreadable("An interval goes from the smaller end to the larger one.", region.ends[0][1] + 1)
    return _of_range(Part(region.of, 0), Span(low, high), asked)


def _of_values(values: Values, asked: Quantity) -> Inequality:
    """Of all the values that are taken: the least and the largest."""
    ends = [end_of(Part(text, start), asked) for text, start in values.members[: _MOST_STATEMENTS + 1]]
    if len(ends) > _MOST_STATEMENTS or not asked.is_among([end.value for end in ends]):
        sentence = "Braces hold single values; write [0; 1] for all numbers between two, and 0.25 for a decimal."
        raise Unreadable(sentence, values.members[0][1])
    low, *_, high = sorted(ends, key=lambda end: float(end.value.mid()))
    return _of_range(Part(values.of, 0), Span(low, high), asked)


def _of_range(part: Part, span: Span, asked: Quantity) -> Inequality:
    """Of what lies in `span`: the quantity where nothing is written."""
    if part.blank:
        return _of_span(span, named=False)
    return _of_span(said_of([formula_of(part, asked)], span, asked), named=True)


def _of_span(span: Span, *, named: bool) -> Inequality:
    low, high = (None if end is None else _stated(end) for end in (span.lower, span.upper))
    if (low and low.value == INFINITY) or (high and high.value == -INFINITY):
        raise Unreadable("No value is beyond infinity.")
    return Inequality(low, high, of_size=span.of_size, named=named)


def _stated(end: StatedEnd) -> StatedBound:
    number = None if end.node is None else simplified(end.node)
    exact = number.value if isinstance(number, Number) and not end.unit else None
    return StatedBound(end.spread, end.strict, end.written, exact)


def _statements(text: str) -> Iterator[Part]:
    """What is said one after the other: f' > 0 and f' <= 1/4."""
    start = 0
    for found in _SEPARATOR.finditer(text):
        before = text[: found.start()]
        if sum(map(before.count, OPENING)) == sum(map(before.count, CLOSING)):
            yield Part(text[start : found.start()], start)
            start = found.end()
    yield Part(text[start:], start)


def _together(found: list[Inequality]) -> Inequality:
    lower, upper = [one.lower for one in found if one.lower], [one.upper for one in found if one.upper]
    if len(lower) > 1 or len(upper) > 1:
        raise Unreadable("There are two bounds on the same side; state one of them.")
    if len({one.of_size for one in found if one.named}) > 1:
        raise Unreadable(f"Both bounds have to be of the same quantity, as in {EXAMPLE}.")
    return Inequality(
        lower[0] if lower else None,
        upper[0] if upper else None,
        of_size=any(one.of_size for one in found),
        named=any(one.named for one in found),
    )


def _check_place(part: Part, found: Inequality, asked: Quantity) -> None:
    """Raise Unreadable where the quantity has another value at the place that is said to have this one."""
    said, place = found.upper or found.lower, end_of(part, asked).node
    formula = asked.named.formula(asked.symbol)
    if said is None or place is None or formula is None:
        raise Unreadable("A bound and where it is taken are expected here.", part.start + 1)
    begin = part.start + len(part.text) - len(part.text.lstrip()) + 1
    value = number_of(replaced(formula, Symbol(VARIABLE), place))
    if not any(abs(one - said.value) <= _NEAR * abs(said.value) for one in (value, abs(value))):
        shown = f"{float(value.mid()):.6g}"
        sentence = f"At z = {part.text.strip()} the value is {shown}, not {said.written}: which of them do you claim?"
        raise Unreadable(sentence, begin)
