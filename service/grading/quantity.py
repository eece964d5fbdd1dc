"""What a bound bounds: f'(z), 4f'(z), |f'(z)|^2 or a formula of z → what is said of the quantity that was asked for."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import combinations

from flint import arb, ctx

from service.formulas.enclosures.balls import Ball, Undecided, rational
from service.formulas.enclosures.equality import Certainty, compare
from service.formulas.enclosures.piecewise import value_at
from service.formulas.enclosures.program import VARIABLE
from service.formulas.language.build import negative, quotient, simplified, times, total
from service.formulas.language.tree import Call, Expr, Number, Power, Product, Symbol, call
from service.grading.answers import ANSWER_BITS, Formula
from service.grading.inverses import NoInverse, Span, opened, split
from service.grading.notation import Named

_PLACES = (Fraction(3, 10), Fraction(-11, 10), Fraction(17, 10), Fraction(-27, 10))
_SIMPLE = 1000  # the largest denominator of a constant factor
_MOST_LOOKS = 4
_SAME = Fraction(1), Fraction(0)


@dataclass(frozen=True)
class Quantity:
    """An activation f (`order` 0) or its derivative (1), whose bounds are asked for."""

    named: Named
    order: int
    size: bool = False  # whether the derivative's absolute value is asked for
    below: bool = False  # whether a bound from below alone is asked for, so that a number alone is one
    both: bool = False  # whether one from either side is asked for, so that two numbers alone are those

    @property
    def name(self) -> str:
        """What it is called in sentences."""
        name = "f" + "'" * self.order + "(z)"
        return f"|{name}|" if self.size else name

    def said(self, part: Expr, span: Span) -> Span:
        """What `span`, the bounds of a formula `part`, says of the quantity; NoInverse where nothing."""
        with ctx.workprec(ANSWER_BITS):
            return _Solver(self).solved(part, span)

    def is_among(self, values: Sequence[Ball]) -> bool:
        """Whether the quantity is one of `values`, as far as a few places tell."""
        formula = self.named.formula(self.symbol)
        seen = [pair[0] for place in _PLACES if formula and (pair := _values(formula, formula, place))]
        taken = [abs(one) if self.size else one for one in seen]
        return bool(taken) and all(any(one.overlaps(value) for value in values) for one in taken)

    @property
    def symbol(self) -> Symbol:
        """What stands for it in parts of an answer."""
        return Named.symbol(self.order)


class _Solver:
    """One part of an answer, opened from the outside in until what is left is the quantity."""

    def __init__(self, asked: Quantity) -> None:
        self._asked = asked
        self._looks = 0

    def solved(self, node: Expr, span: Span) -> Span:
        """The span of the quantity, where `node` lies in `span`."""
        node = simplified(node) if not node.depends_on(VARIABLE) else node
        if node == self._asked.symbol:
            return span
        if isinstance(node, Call) and node.function == "abs":
            return self._of_size(node.arguments[0], span)
        if not any(node.depends_on(name) for name in self._asked.named.others(self._asked.symbol)):
            with suppress(NoInverse):
                return self.solved(*opened(node, span))
            return self._unscaled(self._multiple(node), span)
        multiple = self._multiple(node)
        return self.solved(*opened(node, span)) if multiple is None else self._unscaled(multiple, span)

    def _unscaled(self, multiple: tuple[Fraction, Fraction] | None, span: Span) -> Span:
        """The span of q from that of c·q + d."""
        if multiple is None:
            raise NoInverse
        if multiple == _SAME:
            return span
        factor, offset = (Number(one) for one in multiple)
        return span.mapped(lambda end: quotient(total(end, negative(offset)), factor), rising=factor.value > 0)

    def _of_size(self, inner: Expr, span: Span) -> Span:
        """The span of the quantity from that of |inner|."""
        inner = simplified(inner) if not inner.depends_on(VARIABLE) else inner
        multiple = _SAME if inner == self._asked.symbol else None
        match inner:
            case Call("abs", (within,)):
                return self._of_size(within, span)
            case Power(base, exponent) if not exponent.has_names():
                return self.solved(Power(call("abs", base), exponent), span)
            case Product(factors) if any(not factor.has_names() for factor in factors):
                constant, rest = split(factors, times)
                size = Number(abs(constant.value)) if isinstance(constant, Number) else call("abs", constant)
                return self._of_size(rest, span.mapped(lambda end: quotient(end, size)))
        multiple = multiple or self._multiple(inner)
        if multiple is not None and multiple[1] == 0:
            factor = abs(multiple[0]), Fraction(0)
            return replace(self._unscaled(factor, span), of_size=True)
        if span.upper is None or (span.lower is not None and not span.lower.value <= 0):
            raise NoInverse
        return self.solved(inner, Span(span.upper.mapped(negative), span.upper))

    def _multiple(self, node: Expr) -> tuple[Fraction, Fraction] | None:
        """c and d where `node`, as a formula of z, is c·q + d with the quantity q for certain."""
        self._looks += 1
        formula, quantity = self._asked.named.formula(node), self._asked.named.formula(self._asked.symbol)
        if formula is None or quantity is None or self._looks > _MOST_LOOKS:
            return None
        Formula(formula, formula).check_effort()
        found = _line(formula, quantity)
        if found is None:
            return None
        scaled = total(times(Number(found[0]), quantity), Number(found[1])) if found != _SAME else quantity
        parts = compare(formula, scaled)
        same = all(part.difference is None and part.certainty is Certainty.PROVEN for part in parts)
        return found if parts and same else None


def _line(formula: Expr, quantity: Expr) -> tuple[Fraction, Fraction] | None:
    """c and d with which `formula` is c·q + d at a few places, as far as numbers tell."""
    seen = [pair for place in _PLACES if (pair := _values(formula, quantity, place)) is not None]
    if all(here.overlaps(there) for here, there in seen):
        return _SAME
    pairs = ((one, other) for one, other in combinations(seen, 2) if not one[1].overlaps(other[1]))
    one, other = next(pairs, (None, None))
    if one is None or other is None:
        return None
    factor = _simple((one[0] - other[0]) / (one[1] - other[1]))
    offset = _simple(one[0] - rational(factor) * one[1]) if factor else None
    if not factor or offset is None:
        return None
    fits = all(here.overlaps(rational(factor) * there + rational(offset)) for here, there in seen)
    return (factor, offset) if fits else None


def _values(formula: Expr, quantity: Expr, place: Fraction) -> tuple[Ball, Ball] | None:
    with suppress(Undecided):
        pair = value_at(formula, rational(place)), value_at(quantity, rational(place))
        return pair if pair[0].is_finite() and pair[1].is_finite() else None
    return None


def _simple(value: Ball) -> Fraction | None:
    """The simple fraction in a narrow ball; None where there is none."""
    near = Fraction(float(value.mid())).limit_denominator(_SIMPLE)
    return near if value.rad() < arb("1e-20") and value.contains(rational(near)) else None
