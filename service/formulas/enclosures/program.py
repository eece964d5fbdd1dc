"""A formula → a straight-line program on balls or on their Taylor series, equal parts computed once.

Run on the series `x + h` of a ball x, it encloses φ, φ', φ''/2 and φ'''/6 anywhere in x (Moore 1966; Neumaier 1990).
"""

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import lru_cache, reduce
from math import factorial
from operator import add, mul
from typing import Any

from flint import arb, arb_series, ctx

from service.formulas.enclosures.balls import BALL_FUNCTIONS, Ball, Undecided, check_exponent, rational, real_power
from service.formulas.language.build import times
from service.formulas.language.differentiate import DerivativeTooLong, differentiate
from service.formulas.language.tree import Call, Constant, Expr, Number, Power, Product, Sum, Symbol, call

_ORDER = 4  # terms of a series: a function and three derivatives
VARIABLE = "z"
_NARROW = 0.01

_Operation = Callable[..., Any]
_CONSTANTS: dict[str, Callable[[], Ball]] = {"pi": arb.pi, "e": arb.const_e}


class BallProgram:
    """Smooth formulas of z without parameters; what has no value there is NaN.

    Undecided is raised for a power of what may be negative whose exponent may be a whole number.
    """

    def __init__(self, nodes: Sequence[Expr], series: bool = False) -> None:
        made = _compiled(tuple(nodes), series, ctx.prec)
        self._values, self._steps, self._results = [*made.values], made.steps, made.results
        self.cost = made.cost
        """How long a run takes, in additions."""

    def run(self, x: Any) -> list[Any]:
        """The values of the formulas at `x`, a ball or a series."""
        values = self._values
        values[0] = x
        for place, operation, arguments in self._steps:
            values[place] = operation(*[values[argument] for argument in arguments])
        return [values[place] for place in self._results]

    def expand(self, z: Ball) -> list[list[Ball]]:
        """Of every formula φ, φ', φ''/2 and φ'''/6 anywhere in `z`; the program is one on series."""
        return [[series[k] for k in range(_ORDER)] for series in self.run(arb_series([z, 1], _ORDER))]

    @classmethod
    @lru_cache(maxsize=1024)
    def taylor(cls, outer: Expr) -> "BallProgram":
        """The Taylor coefficients of a function of z, as a program on balls."""
        derivatives = [outer]
        for _ in range(_ORDER - 1):
            derivatives.append(differentiate(derivatives[-1], VARIABLE))
        return cls([times(Number(Fraction(1, factorial(order))), node) for order, node in enumerate(derivatives)])


class _Compilation:
    """The steps of a program, with its constants in the precision of now."""

    def __init__(self, nodes: Sequence[Expr], series: bool) -> None:
        self._series = series
        self._places: dict[Expr, int] = {Symbol(VARIABLE): 0}
        self.values: list[Any] = [None]
        self.steps: list[tuple[int, _Operation, tuple[int, ...]]] = []
        self.results = [self._place(node) for node in nodes]
        self.cost = sum(1 if operation in _CHEAP else _DEAR for _, operation, _ in self.steps) + 1

    def _place(self, node: Expr) -> int:
        if node not in self._places:
            arguments, operation = self._operation(node)
            self._places[node] = len(self.values)
            self.values.append(None)
            if operation is None:
                self.values[-1] = self._lifted(constant(node))
            else:
                self.steps.append((self._places[node], operation, arguments))
        return self._places[node]

    def _lifted(self, value: Ball) -> Any:
        return arb_series([value], _ORDER) if self._series else value

    def _operation(self, node: Expr) -> tuple[tuple[int, ...], _Operation | None]:
        """Where the arguments are, and what is done with them; None for what does not depend on z."""
        if not node.depends_on(VARIABLE):
            return (), None
        match node:
            case Sum(terms):
                return self._all(terms), _sum
            case Product(factors):
                return self._all(factors), _product
            case Power(base, Number(value)):
                return self._all((base,)), self._function(Power(Symbol(VARIABLE), Number(value)))
            case Power(base, exponent):
                return self._all((base, exponent, call("exp", times(exponent, call("ln", base))))), _checked_power
            case Call(function, (argument,)) if function in BALL_FUNCTIONS:
                return self._all((argument,)), self._function(call(function, Symbol(VARIABLE)))
        raise TypeError(f"{node!r} is no smooth formula")

    def _all(self, nodes: tuple[Expr, ...]) -> tuple[int, ...]:
        return tuple(self._place(node) for node in nodes)

    def _function(self, outer: Expr) -> _Operation:
        if not self._series:
            return _on_balls(outer)
        return _composition(outer)


@lru_cache(maxsize=1024)
def _compiled(nodes: tuple[Expr, ...], series: bool, _bits: int) -> _Compilation:
    """The steps of a program on balls of so many bits: a formula is looked at again and again."""
    return _Compilation(nodes, series)


def _sum(*parts: Any) -> Any:
    return reduce(add, parts)


def _product(*parts: Any) -> Any:
    return reduce(mul, parts)


def _checked_power(base: Any, exponent: Any, value: Any) -> Any:
    """base ^ exponent, which is `value`; Undecided where the exponent may be a whole number."""
    check_exponent(*(part[0] if isinstance(part, arb_series) else part for part in (base, exponent)))
    return value


_CHEAP, _DEAR = (_sum, _product, _checked_power), 5


def constant(node: Expr) -> Ball:
    """The value of a formula without names."""
    match node:
        case Number(value):
            made = rational(value)
        case Constant(name):
            made = _CONSTANTS[name]()
        case Sum(parts):
            made = reduce(add, map(constant, parts))
        case Product(parts):
            made = reduce(mul, map(constant, parts))
        case Power(base, Number(value)):
            made = real_power(constant(base), value)
        case Power(base, exponent):
            made = real_power(constant(base), constant(exponent))
        case Call(function, (argument,)) if function in BALL_FUNCTIONS:
            made = BALL_FUNCTIONS[function](constant(argument))
        case _:
            raise TypeError(f"{node!r} is no constant")
    return made


def _on_balls(outer: Expr) -> _Operation:
    match outer:
        case Power(_, Number(value)):
            return lambda x: real_power(x, value)
        case Call(function, _):
            return BALL_FUNCTIONS[function]
    raise TypeError(f"{outer!r} is no function")


def _composition(outer: Expr) -> _Operation:
    """The series of `outer` at the constant term of its argument, of whatever is left of the argument.

    Arb's own series are as sharp where the argument is narrow, and faster.
    """
    derivatives, own = BallProgram.taylor(outer), _own(outer)

    def composed(inner: arb_series) -> arb_series:
        at = inner[0]
        if own is not None and at.rad() < _NARROW and not at.contains(0):  # no series has a pole
            return own(inner)
        step = [inner[k] for k in range(1, _ORDER)]
        outside = derivatives.run(at)
        if all(one.is_zero() for one in step):  # Arb composes no empty series
            return arb_series(outside[:1], _ORDER)
        return arb_series(outside, _ORDER)(arb_series([0, *step], _ORDER))

    return composed


def _own(outer: Expr) -> Callable[[arb_series], arb_series] | None:
    match outer:
        case Power(_, Number(value)) if value == -1:
            return lambda inner: 1 / inner
        case Call("exp", _):
            return arb_series.exp
        case _:
            return None


@lru_cache(maxsize=512)
def slope_of(node: Expr, order: int) -> Expr:
    """`node` itself where `order` is 0, its derivative where it is 1; Undecided where that is too long to be made."""
    try:
        return differentiate(node, VARIABLE) if order else node
    except DerivativeTooLong:
        raise Undecided from None
