"""A formula → its values and derivative on arrays, by forward differentiation, without a Python step per element."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import e, inf, nan, pi
from typing import Any

import numpy as np

from service.core.arrays import Array
from service.formulas.language.functions import EXTREMES, FUNCTIONS, STABLE
from service.formulas.language.tape import ArrayProgram, Operand, Tape
from service.formulas.language.tree import Call, Constant, Expr, Number, Power, Product, Relation, Sum, Symbol, Where

_COMPARE: dict[str, Callable[..., Any]] = {
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
}
_CONSTANTS = {"e": e, "pi": pi}
_LARGEST_UNROLLED = 64
"""Whole powers up to this one are made of products, several times faster than a logarithm and an exponential."""

_Dual = tuple[Operand, Operand | None]
"""A value and its derivative; None is a derivative of exactly zero, which costs nothing."""


class _Recorder:
    """The rules of forward differentiation: records values and derivatives of formulas of `variable` on a tape."""

    def __init__(self, tape: Tape, variable: str, parameters: Mapping[str, float]) -> None:
        self._tape = tape
        self._variable = variable
        self._parameters = parameters

    def dual(self, node: Expr) -> _Dual:
        """The value and the derivative of `node`."""
        match node:
            case Number(value):
                return _float(value), None
            case Constant(name):
                return _CONSTANTS[name], None
            case Symbol(name):
                return (Tape.x, 1.0) if name == self._variable else (self._parameters[name], None)
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

    def _sum(self, terms: list[_Dual]) -> _Dual:
        value, slope = terms[0]
        for other, other_slope in terms[1:]:
            value, slope = self._tape.add(value, other), self._added(slope, other_slope)
        return value, slope

    def _product(self, factors: tuple[Expr, ...]) -> _Dual:
        """Numbers first, so that they meet as numbers; a negative power divides."""
        above, below = list[_Dual](), list[_Dual]()
        for factor in factors:
            if not isinstance(factor, Power):
                above.append(self.dual(factor))
                continue
            base, exponent = self.dual(factor.base), self.dual(factor.exponent)
            if isinstance(exponent[0], float) and exponent[0] < 0.0:
                below.append(self._power(base, (-exponent[0], None)))
            else:
                above.append(self._power(base, exponent))
        result: _Dual = (1.0, None)
        for dual in sorted(above, key=_is_array):
            result = self._times(result, dual)
        for dual in sorted(below, key=_is_array):
            result = self._over(result, dual)
        return result

    def _times(self, one: _Dual, other: _Dual) -> _Dual:
        (a, da), (b, db) = one, other
        return self._tape.multiply(a, b), self._added(self._scaled(da, b), self._scaled(db, a))

    def _over(self, one: _Dual, other: _Dual) -> _Dual:
        """(a / b)′ = (a′ − (a / b)·b′) / b."""
        (a, da), (b, db) = one, other
        value = self._tape.apply(np.divide, a, b)
        fall = self._scaled(self._scaled(db, value), -1.0)
        slope = self._added(da, fall)
        return value, None if slope is None else self._tape.apply(np.divide, slope, b)

    def _power(self, base: _Dual, exponent: _Dual) -> _Dual:
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

    def _extreme(self, function: str, one: _Dual, other: _Dual) -> _Dual:
        (a, _), (b, _) = one, other
        first = self._tape.compare(_COMPARE["<=" if function == "min" else ">="], a, b)
        slope = self._where(first, one, other)[1]
        bound, inner = (a, b) if isinstance(a, float) else (b, a)
        if isinstance(bound, float):
            return self._tape.clip(inner, *((-inf, bound) if function == "min" else (bound, inf))), slope
        return self._tape.apply(np.minimum if function == "min" else np.maximum, a, b), slope

    def _call(self, function: str, argument: _Dual) -> _Dual:
        (u, du), curve = argument, STABLE[function] if function in STABLE else FUNCTIONS[function].curve
        value = self._tape.apply(curve.values, u)
        if du is None or curve.slope is None:
            return value, None
        slope = self._tape.apply(curve.slope, u, value) if curve.of_value else self._tape.apply(curve.slope, u)
        return value, self._scaled(du, slope)

    def _condition(self, condition: Relation) -> Operand:
        left, right = self.dual(condition.left)[0], self.dual(condition.right)[0]
        return self._tape.compare(_COMPARE[condition.operator], left, right)

    def _where(self, condition: Operand, then: _Dual, otherwise: _Dual) -> _Dual:
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


def _is_array(dual: _Dual) -> bool:
    return not isinstance(dual[0], float)


def _float(value: Fraction) -> float:
    try:
        return float(value)
    except OverflowError:
        return inf if value > 0 else -inf


@dataclass(frozen=True)
class Evaluation:
    """A formula of `variable` with its parameters given."""

    variable: str
    parameters: Mapping[str, float]

    def values(self, node: Expr, x: Array) -> Array:
        """The values of `node` at `x`, of the same shape and precision."""
        return self._run(node, "values", x)[0]

    def derivative(self, node: Expr, x: Array) -> Array:
        """The derivative of `node` at `x`, of the same shape and precision."""
        return self._run(node, "derivative", x)[0]

    def values_and_derivative(self, node: Expr, x: Array) -> tuple[Array, Array]:
        """Values and derivative at `x`, both of its shape, with what they have in common computed once."""
        values, derivative = self._run(node, "both", x)
        return values, derivative

    @staticmethod
    def of_constant(node: Expr) -> float:
        """The number that `node`, a formula without names, is; NaN where it is none."""
        value, _ = _Recorder(Tape(), "", {}).dual(node)
        return value if isinstance(value, float) else nan

    def _run(self, node: Expr, wanted: str, x: Array) -> list[Array]:
        """What is `wanted` at `x`, each of its shape."""
        return _program(node, self.variable, tuple(self.parameters.items()), wanted).run(x)


@lru_cache(maxsize=256)
def _program(node: Expr, variable: str, parameters: tuple[tuple[str, float], ...], wanted: str) -> ArrayProgram:
    tape = Tape()
    value, slope = _Recorder(tape, variable, dict(parameters)).dual(node)
    derivative = 0.0 if slope is None else slope
    outputs = {"values": (value,), "derivative": (derivative,), "both": (value, derivative)}
    return tape.program(*outputs[wanted])
