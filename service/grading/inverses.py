"""Bounds of a part of a formula → what they say of the part inside it, by the inverse of its outermost operation."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from service.formulas.enclosures.balls import INFINITY, Ball, rational
from service.formulas.language.build import negative, power, quotient, simplified, times, total
from service.formulas.language.tree import ONE, TWO, ZERO, Call, Expr, Number, Power, Product, Sum, call
from service.formulas.language.write import plain
from service.grading.answers import number_of

_HIGHEST_ROOT = 64


class NoInverse(Exception):
    """Nothing follows for the quantity that was asked for."""


@dataclass(frozen=True)
class StatedEnd:
    """One end of what a part of a formula may be, as a formula without z; `strict` where it is excluded."""

    node: Expr | None  # None of one that is infinite
    strict: bool
    written: str
    unit: Fraction = Fraction(0)  # of its last digit, where further ones may follow

    def mapped(self, change: Callable[[Expr], Expr]) -> "StatedEnd":
        """The end that it is behind `change`."""
        if self.node is None or self.unit:
            raise NoInverse
        node = simplified(change(self.node))
        return self if node == simplified(self.node) else StatedEnd(node, self.strict, plain(node))

    @property
    def value(self) -> Ball:
        """Its number, enclosed; ±∞ where it is infinite."""
        if self.node is None:
            return -INFINITY if self.written.startswith(("-", "−")) else INFINITY
        return number_of(self.node)

    @property
    def spread(self) -> Ball:
        """Every number that it may be, where its digits go on."""
        value, further = self.value, rational(self.unit)
        return value.union(value + (further if value > 0 else -further)) if self.unit else value


@dataclass(frozen=True)
class Span:
    """lower ≤ part ≤ upper, either of which may not be said."""

    lower: StatedEnd | None
    upper: StatedEnd | None
    of_size: bool = False  # of the absolute value of the quantity that was asked for

    def mapped(self, change: Callable[[Expr], Expr], *, rising: bool = True) -> "Span":
        """The span of the part that `change` leads to, which falls where this one rises unless it is `rising`."""
        low, high = (end.mapped(change) if end else None for end in (self.lower, self.upper))
        return Span(low, high, self.of_size) if rising else Span(high, low, self.of_size)

    @property
    def ends(self) -> list[StatedEnd]:
        """The ends that are said, one or two."""
        return [end for end in (self.lower, self.upper) if end is not None]


def opened(node: Expr, span: Span) -> tuple[Expr, Span]:
    """The part right below the outermost operation of `node`, and what `span` says of it; NoInverse where nothing."""
    match node:
        case Sum(terms):
            constant, rest = split(terms, total)
            return rest, span.mapped(lambda end: total(end, negative(constant)))
        case Product(factors):
            constant, rest = split(factors, times)
            factor = number_of(constant)
            if factor.contains(0):
                raise NoInverse
            return rest, span.mapped(lambda end: quotient(end, constant), rising=bool(factor > 0))
        case Power(base, Number(exponent)) if exponent < 0:
            below = base if exponent == -1 else Power(base, Number(-exponent))
            return below, _reciprocal(span, never_negative=_never_negative(below))
        case Power(base, Number(exponent)) if exponent > 0:
            return _rooted(base, exponent, span)
        case Call(function, (inner,)) if function in _INVERSES:
            known = span if function == "ln" else _checked(span, above=function == "exp")
            return inner, known.mapped(_INVERSES[function])
    raise NoInverse


_INVERSES: dict[str, Callable[[Expr], Expr]] = {
    "sqrt": lambda end: power(end, TWO),
    "exp": lambda end: _without("exp", end) or call("ln", end),
    "ln": lambda end: _without("ln", end) or call("exp", end),
}


def _without(function: str, node: Expr) -> Expr | None:
    """The argument, where `node` is this function of one."""
    return node.arguments[0] if isinstance(node, Call) and node.function == function else None


def split(parts: tuple[Expr, ...], join: Callable[..., Expr]) -> tuple[Expr, Expr]:
    """The parts without a name, and the others, both joined."""
    constant, rest = ([part for part in parts if part.has_names() is named] for named in (False, True))
    if not constant or not rest:
        raise NoInverse
    return join(*constant), join(*rest)


def _checked(span: Span, *, above: bool = False) -> Span:
    """`span`, of what is never negative; NoInverse where an end of it is."""
    for end in span.ends:
        if not end.value > 0 and (above or end.node != ZERO):
            raise NoInverse
    return span


def _never_negative(node: Expr) -> bool:
    match node:
        case Call("abs" | "sqrt" | "exp", _):
            return True
        case Power(base, Number(exponent)):
            return exponent.denominator > 1 or exponent.numerator % 2 == 0 or _never_negative(base)
    return False


def _reciprocal(span: Span, *, never_negative: bool) -> Span:
    """Of x, where 1/x lies in `span`."""
    below, above = span.lower, span.upper
    signs = [bool(end.value > 0) for end in span.ends]
    if any(end.value.contains(0) for end in span.ends) or len(set(signs)) != 1:
        raise NoInverse  # of x on either side of 0 that is no interval
    flipped = span.mapped(lambda end: quotient(ONE, end), rising=False)
    if never_negative:
        if not signs[0]:
            raise NoInverse
        return flipped
    if signs[0] and below is not None:
        return Span(flipped.lower or StatedEnd(ZERO, False, "0"), flipped.upper)
    if not signs[0] and above is not None:
        return Span(flipped.lower, flipped.upper or StatedEnd(ZERO, False, "0"))
    raise NoInverse


def _rooted(base: Expr, exponent: Fraction, span: Span) -> tuple[Expr, Span]:
    """Of x or |x|, where x^exponent with a positive exponent lies in `span`."""
    odd = exponent.denominator == 1 and exponent.numerator % 2 == 1
    even = exponent.denominator == 1 and not odd
    inside = call("abs", base) if even and not _never_negative(base) else base
    return inside, (span if odd else _checked(span)).mapped(lambda end: _root(end, exponent))


def _root(node: Expr, exponent: Fraction) -> Expr:
    """node^(1/exponent), exactly where that is a rational number."""
    match node:
        case Number(value) if value < 0:
            return negative(_root(Number(-value), exponent))
        case Number(value) if exponent.denominator <= _HIGHEST_ROOT:
            roots = [_whole_root(one**exponent.denominator, exponent.numerator) for one in value.as_integer_ratio()]
            if None not in roots:
                return Number(Fraction(*roots))  # type: ignore[arg-type]
    return power(node, Number(1 / exponent))


def _whole_root(number: int, degree: int) -> int | None:
    """The whole number whose power `number` is."""
    low, high = 0, 1 << (number.bit_length() // degree + 1)
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if middle**degree < number else (low, middle)
    return low if low**degree == number else None
