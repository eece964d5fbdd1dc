"""A formula → its values and derivative on arrays, in one pass, without a Python step per element."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import e, pi
from typing import Any

import numpy as np
import numpy.typing as npt

from service.expressions.functions import EXTREMES, FUNCTIONS
from service.expressions.stable import Array
from service.expressions.tree import (
    ONE,
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

_COMPARE: dict[str, Callable[[Any, Any], npt.NDArray[np.bool_]]] = {
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
}
_CONSTANTS = {"e": e, "pi": pi}

Value = Array | float
Dual = tuple[Value, Value | None]
"""A value and its derivative; None is a derivative of exactly zero, which costs nothing."""


@dataclass(frozen=True)
class Evaluation:
    """A formula of `variable` with its parameters given."""

    variable: str
    parameters: Mapping[str, float]

    def values(self, node: Node, x: Array) -> Array:
        """The values of `node` at `x`, of the same shape and precision."""
        return _shaped(self._dual(node, (x, None))[0], x)

    def derivative(self, node: Node, x: Array) -> Array:
        """The derivative of `node` at `x`, of the same shape and precision."""
        slope = self._dual(node, (x, 1.0))[1]
        return _shaped(0.0 if slope is None else slope, x)

    def _dual(self, node: Node, x: Dual) -> Dual:
        match node:
            case Number(value):
                return float(value), None
            case Constant(name):
                return _CONSTANTS[name], None
            case Name(name):
                return x if name == self.variable else (self.parameters[name], None)
            case Sum(terms):
                return self._sum([self._dual(term, x) for term in terms])
            case Product(factors):
                return self._product([self._dual(factor, x) for factor in factors])
            case Power(base, exponent):
                return self._power(self._dual(base, x), self._dual(exponent, x))
            case Call(function, arguments):
                return self._call(function, [self._dual(argument, x) for argument in arguments])
            case Where(condition, then, otherwise):
                return self._where(self._condition(condition, x), self._dual(then, x), self._dual(otherwise, x))
        raise TypeError(f"{node!r} is no formula")

    def _sum(self, terms: list[Dual]) -> Dual:
        value, slope = terms[0]
        for other, other_slope in terms[1:]:
            value = value + other
            slope = _added(slope, other_slope)
        return value, slope

    def _product(self, factors: list[Dual]) -> Dual:
        value, slope = factors[0]
        for other, other_slope in factors[1:]:
            first = None if slope is None else slope * other
            second = None if other_slope is None else value * other_slope
            value, slope = value * other, _added(first, second)
        return value, slope

    def _power(self, base: Dual, exponent: Dual) -> Dual:
        (b, db), (n, dn) = base, exponent
        value = 1.0 / np.asarray(b) if isinstance(n, float) and n == -1.0 else np.power(b, n)
        slope = None if db is None else n * np.power(b, n - 1.0) * db
        growth = None if dn is None else value * np.log(b) * dn
        return value, _added(slope, growth)

    def _call(self, function: str, arguments: list[Dual]) -> Dual:
        if function in EXTREMES:
            (a, da), (b, db) = arguments
            first = _COMPARE["<=" if function == "min" else ">="](a, b)
            return self._where(first, (a, da), (b, db))
        (u, du), row = arguments[0], FUNCTIONS[function]
        inner = np.asarray(u)
        value = row.values(inner)
        return value, None if du is None else row.slope(inner, value) * du

    def _condition(self, condition: Comparison, x: Dual) -> npt.NDArray[np.bool_]:
        compare = _COMPARE[condition.operator]
        return compare(self._dual(condition.left, x)[0], self._dual(condition.right, x)[0])

    def _where(self, condition: npt.NDArray[np.bool_], then: Dual, otherwise: Dual) -> Dual:
        (a, da), (b, db) = then, otherwise
        slope = None if da is None and db is None else np.where(condition, 0.0 if da is None else da, _or_zero(db))
        return np.where(condition, a, b), slope


def constant_within(node: Node, limit: float) -> bool:
    """Whether `node`, a formula without names, is a number of at most `limit` in size."""
    with np.errstate(all="ignore"):
        value = Evaluation("", {}).values(node, np.zeros(1))[0]
    return bool(abs(value) <= limit)


def canonical(node: Node) -> Node:
    """`node` with forms that lose digits or overflow put as functions that do not: ln(1 + exp u), 1/(1 + exp u)."""
    match node:
        case Call("ln", (Sum((Number(one), Call("exp", (u,)))),)) if one == 1:
            return Call("softplus", (canonical(u),))
        case Power(Sum((Number(one), Call("exp", (u,)))), Number(minus)) if one == 1 and minus == -1:
            return Call("sigmoid", (_negated(canonical(u)),))
        case Sum(terms):
            return Sum(tuple(canonical(term) for term in terms))
        case Product(factors):
            return Product(tuple(canonical(factor) for factor in factors))
        case Power(base, exponent):
            return Power(canonical(base), canonical(exponent))
        case Call(function, arguments):
            return Call(function, tuple(canonical(argument) for argument in arguments))
        case Where(condition, then, otherwise):
            return Where(condition, canonical(then), canonical(otherwise))
        case _:
            return node


def _negated(node: Node) -> Node:
    match node:
        case Product((Number(value), *rest)) if value == -1 and rest:
            return rest[0] if len(rest) == 1 else Product(tuple(rest))
        case _:
            return Product((Number(-ONE.value), node))


def _added(one: Value | None, other: Value | None) -> Value | None:
    if one is None:
        return other
    return one if other is None else one + other


def _or_zero(slope: Value | None) -> Value:
    return 0.0 if slope is None else slope


def _shaped(value: Value, x: Array) -> Array:
    return np.broadcast_to(np.asarray(value, dtype=x.dtype), x.shape)
