"""The rules of forward differentiation: a formula → the steps to its values, and to its derivative beside them."""

from collections.abc import Callable, Mapping
from fractions import Fraction
from math import e, inf, pi
from typing import Any

import numpy as np

from service.formulas.language.canonical import STABLE
from service.formulas.language.functions import EXTREMES, FUNCTIONS
from service.formulas.language.program import Operand, X
from service.formulas.language.tape import Tape
from service.formulas.language.tree import (
    Call,
    Comparison,
    Constant,
    Name,
    Node,
    Number,
    Power,
    Product,
    Sum,
    Where,
)

_COMPARE: dict[str, Callable[..., Any]] = {
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
}
_CONSTANTS = {"e": e, "pi": pi}
_LARGEST_UNROLLED = 64
"""Whole powers up to this one are made of products, several times faster than a logarithm and an exponential."""

Dual = tuple[Operand, Operand | None]
"""A value and its derivative; None is a derivative of exactly zero, which costs nothing."""


class Forward:
    """Records duals of formulas of `variable` on a tape."""

    def __init__(self, tape: Tape, variable: str, parameters: Mapping[str, float]) -> None:
        self._tape = tape
        self._variable = variable
        self._parameters = parameters

    def dual(self, node: Node) -> Dual:
        """The value and the derivative of `node`."""
        match node:
            case Number(value):
                return _float(value), None
            case Constant(name):
                return _CONSTANTS[name], None
            case Name(name):
                return (X, 1.0) if name == self._variable else (self._parameters[name], None)
            case Sum(terms):
                return self._sum([self.dual(term) for term in terms])
            case Product(factors):
                return self._product(factors)
            case Power(base, exponent):
                return self._power(self.dual(base), self.dual(exponent))
            case Call(function, (first, second)) if function in EXTREMES:
                return self._extreme(function, self.dual(first), self.dual(second))
            case Call(function, (argument,)):
                return self._call(function, self.dual(argument))
            case Where(condition, then, otherwise):
                return self._where(self._condition(condition), self.dual(then), self.dual(otherwise))
        raise TypeError(f"{node!r} is no formula")

    def _sum(self, terms: list[Dual]) -> Dual:
        value, slope = terms[0]
        for other, other_slope in terms[1:]:
            value, slope = self._tape.add(value, other), self._added(slope, other_slope)
        return value, slope

    def _product(self, factors: tuple[Node, ...]) -> Dual:
        """Numbers first, so that they meet as numbers; a negative power divides."""
        above, below = list[Dual](), list[Dual]()
        for factor in factors:
            if not isinstance(factor, Power):
                above.append(self.dual(factor))
                continue
            base, exponent = self.dual(factor.base), self.dual(factor.exponent)
            if isinstance(exponent[0], float) and exponent[0] < 0.0:
                below.append(self._power(base, (-exponent[0], None)))
            else:
                above.append(self._power(base, exponent))
        result: Dual = (1.0, None)
        for dual in sorted(above, key=_is_array):
            result = self._times(result, dual)
        for dual in sorted(below, key=_is_array):
            result = self._over(result, dual)
        return result

    def _times(self, one: Dual, other: Dual) -> Dual:
        (a, da), (b, db) = one, other
        return self._tape.multiply(a, b), self._added(self._scaled(da, b), self._scaled(db, a))

    def _over(self, one: Dual, other: Dual) -> Dual:
        """(a / b)′ = (a′ − (a / b)·b′) / b."""
        (a, da), (b, db) = one, other
        value = self._tape.apply(np.divide, a, b)
        fall = self._scaled(self._scaled(db, value), -1.0)
        slope = self._added(da, fall)
        return value, None if slope is None else self._tape.apply(np.divide, slope, b)

    def _power(self, base: Dual, exponent: Dual) -> Dual:
        (b, db), (n, dn) = base, exponent
        value = self._raised(b, n)
        slope = growth = None
        if db is not None:
            less = self._tape.apply(np.subtract, n, 1.0)
            slope = self._scaled(db, self._tape.multiply(n, self._raised(b, less)))
        if dn is not None:
            growth = self._scaled(dn, self._tape.multiply(value, self._tape.apply(np.log, b)))
        return value, self._added(slope, growth)

    def _raised(self, base: Operand, exponent: Operand) -> Operand:
        """base ^ exponent, by products and a square root where they do."""
        if not isinstance(exponent, float) or abs(exponent) > _LARGEST_UNROLLED or not (2.0 * exponent).is_integer():
            return self._tape.apply(np.power, base, exponent)
        if exponent < 0.0:
            return self._tape.apply(np.divide, 1.0, self._raised(base, -exponent))
        result = 1.0 if exponent.is_integer() else self._tape.apply(np.sqrt, base)
        square, whole = base, int(exponent)
        while whole:
            result = self._tape.multiply(square, result) if whole % 2 else result
            whole //= 2
            square = self._tape.apply(np.square, square) if whole else square
        return result

    def _extreme(self, function: str, one: Dual, other: Dual) -> Dual:
        (a, _), (b, _) = one, other
        first = self._tape.compare(_COMPARE["<=" if function == "min" else ">="], a, b)
        slope = self._where(first, one, other)[1]
        bound, inner = (a, b) if isinstance(a, float) else (b, a)
        if isinstance(bound, float):
            return self._tape.clip(inner, *((-inf, bound) if function == "min" else (bound, inf))), slope
        return self._tape.apply(np.minimum if function == "min" else np.maximum, a, b), slope

    def _call(self, function: str, argument: Dual) -> Dual:
        (u, du), curve = argument, STABLE[function] if function in STABLE else FUNCTIONS[function].curve
        value = self._tape.apply(curve.values, u)
        if du is None or curve.slope is None:
            return value, None
        slope = self._tape.apply(curve.slope, u, value) if curve.of_value else self._tape.apply(curve.slope, u)
        return value, self._scaled(du, slope)

    def _condition(self, condition: Comparison) -> Operand:
        left, right = self.dual(condition.left)[0], self.dual(condition.right)[0]
        return self._tape.compare(_COMPARE[condition.operator], left, right)

    def _where(self, condition: Operand, then: Dual, otherwise: Dual) -> Dual:
        (a, da), (b, db) = then, otherwise
        value = self._tape.where(condition, a, b)
        if da is None and db is None:
            return value, None
        return value, self._tape.where(condition, 0.0 if da is None else da, 0.0 if db is None else db)

    def _scaled(self, slope: Operand | None, factor: Operand) -> Operand | None:
        return None if slope is None else self._tape.multiply(slope, factor)

    def _added(self, one: Operand | None, other: Operand | None) -> Operand | None:
        if one is None or other is None:
            return other if one is None else one
        return self._tape.add(one, other)


def _is_array(dual: Dual) -> bool:
    return not isinstance(dual[0], float)


def _float(value: Fraction) -> float:
    try:
        return float(value)
    except OverflowError:
        return inf if value > 0 else -inf
