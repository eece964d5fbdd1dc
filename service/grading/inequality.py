"""`0 <= |f'(z)| < 1.2` → what is claimed of which quantity."""

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from service.enclosures.balls import Ball
from service.expressions.build import simplified
from service.expressions.tree import Number
from service.grading.claims.base import Unreadable
from service.grading.reading import constant_of

_BELOW, _ABOVE = (r"\leqslant", r"\leq", r"\le", "≤"), (r"\geqslant", r"\geq", r"\ge", "≥")
_SIGNS = {**dict.fromkeys(_BELOW, "<="), **dict.fromkeys(_ABOVE, ">="), r"\lt": "<", r"\gt": ">"}
_OPERATOR = re.compile("<=|>=|<|>|=")
_BARS = re.compile(r"\||\\[lr]?vert|\\mid|abs", re.IGNORECASE)
_EXAMPLE = "0 <= |f'(z)| <= 1.2"


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
    for sign, plain in _SIGNS.items():
        text = re.sub(re.escape(sign) + "(?![a-zA-Z])", plain, text)
    return text


def _chain(text: str, parameters: dict[str, float]) -> Inequality:
    parts, operators = _OPERATOR.split(text), _OPERATOR.findall(text)
    if not operators:
        return Inequality(None, _side(text, parameters))
    if len(operators) > 2 or "=" in operators:
        raise Unreadable(
            "One chain is expected here, such as 0 <= |f'(z)| <= 1.2.", text.find("=") if "=" in operators else None
        )
    if len({operator[0] for operator in operators}) > 1:
        raise Unreadable("Both signs of a chain have to point the same way.")
    if operators[0][0] == ">":
        parts, operators = parts[::-1], [operator.replace(">", "<") for operator in operators[::-1]]
    return _sides(parts, operators, parameters)


def _sides(parts: list[str], operators: list[str], parameters: dict[str, float]) -> Inequality:
    """Of a rising chain of two or three parts."""
    at = 1 if len(parts) == 3 else next((place for place in (0, 1) if _is_quantity(parts[place], parameters)), 0)
    lower = _side(parts[at - 1], parameters, operators[at - 1] == "<") if at > 0 else None
    upper = _side(parts[at + 1], parameters, operators[at] == "<") if at < len(parts) - 1 else None
    return Inequality(lower, upper, of_size=bool(_BARS.search(parts[at])), named=True)


def _is_quantity(part: str, parameters: dict[str, float]) -> bool:
    try:
        constant_of(part, parameters)
    except Unreadable:
        return True
    return False


def _side(written: Any, parameters: dict[str, float], strict: bool = False) -> Side:
    value, formula = constant_of(written.strip() if isinstance(written, str) else written, parameters)
    number = simplified(formula.closed)
    return Side(value, strict, str(written).strip(), number.value if isinstance(number, Number) else None)
