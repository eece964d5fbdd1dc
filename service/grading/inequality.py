"""`0 <= |f'(z)| < 1.2` → what is claimed of which quantity."""

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from service.formulas.enclosures.balls import Ball
from service.formulas.language.build import simplified
from service.formulas.language.tree import Number
from service.grading.claims.base import Unreadable
from service.grading.reading import constant_of, formula_of

_BELOW, _ABOVE = (r"\leqslant", r"\leq", r"\le"), (r"\geqslant", r"\geq", r"\ge")
_SIGNS = {**dict.fromkeys(_BELOW, "<="), **dict.fromkeys(_ABOVE, ">="), r"\lt": "<", r"\gt": ">"}
_ONE_CHARACTER = {"≤": "<=", "≥": ">="}
_OPERATOR = re.compile("<=|>=|≤|≥|<|>|=")
_BARS = re.compile(r"\||\\[lr]?vert|\\mid|abs", re.IGNORECASE)
_EXAMPLE = "0 <= |f'(z)| <= 1.2"


@dataclass(frozen=True)
class _Part:
    """A part of a chain, and where it begins."""

    text: str
    start: int


@dataclass(frozen=True)
class Side:
    """One end of what a quantity may be; `strict` where the end itself is excluded."""

    value: Ball
    strict: bool
    written: str
    exact: Fraction | None  # the value, where it is a rational number


@dataclass(frozen=True)
class Inequality:
    """lower ≤ quantity ≤ upper, either of which may not be said."""

    lower: Side | None
    upper: Side | None
    of_size: bool = False  # whether the quantity stands between bars
    named: bool = False  # whether a quantity was written at all


def inequality_of(answer: Any, parameters: dict[str, float]) -> Inequality:
    """What `answer` claims: a chain as a text, an object of `lower` and `upper`, or an upper bound alone."""
    if isinstance(answer, dict):
        unknown = set(answer) - {"lower", "upper"}
        if unknown or not answer:
            raise Unreadable("An object of `lower` and `upper` is expected here.")
        sides = {name: _side(value, parameters) for name, value in answer.items() if value is not None}
        return Inequality(sides.get("lower"), sides.get("upper"))
    if isinstance(answer, int | float) and not isinstance(answer, bool):
        return Inequality(None, _side(answer, parameters))
    if not isinstance(answer, str):
        raise Unreadable(f"A bound is expected here, such as {_EXAMPLE}.")
    return _chain(_plain(answer), parameters)


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
        raise Unreadable("Both signs of a chain have to point the same way.", operators[-1].start())
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
        formula_of(text, parameters)
    except Unreadable:
        return bool(re.search(r"[^\W\d_]", text))
    return False


def _side(part: Any, parameters: dict[str, float], strict: bool = False) -> Side:
    written, start = (part.text, part.start) if isinstance(part, _Part) else (part, 0)
    try:
        value, formula = constant_of(written, parameters)
    except Unreadable as error:
        raise Unreadable(error.sentence, None if error.position is None else start + error.position) from None
    number = simplified(formula.closed)
    return Side(value, strict, str(written).strip(), number.value if isinstance(number, Number) else None)
