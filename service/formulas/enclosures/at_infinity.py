"""Formulas as germs: what a smooth formula of t does as t → ∞."""

from collections.abc import Callable
from fractions import Fraction
from functools import reduce
from operator import add, mul

from flint import arb

from service.formulas.enclosures.balls import Ball, hull
from service.formulas.enclosures.coefficients import ONE, Coefficient
from service.formulas.enclosures.germs import Germ
from service.formulas.enclosures.monomials import UNIT, Monomial, Undecided, sign, whole
from service.formulas.enclosures.program import VARIABLE, constant, taylor
from service.formulas.language.build import power, quotient
from service.formulas.language.tree import Call, Constant, Expr, Number, Power, Product, Sum, Symbol, call


def germ(node: Expr, start: Ball) -> Germ:
    """`node`, a smooth formula of z, for all z ≥ `start` > 1; Undecided where it is not understood there."""
    return _Reader(start).read(node)


class _Reader:
    """One walk over a tree, equal parts once."""

    def __init__(self, start: Ball) -> None:
        self._start = start
        self._known: dict[Expr, Germ] = {}

    def read(self, node: Expr) -> Germ:
        if node not in self._known:
            self._known[node] = self._read(node)
        return self._known[node]

    def _read(self, node: Expr) -> Germ:
        if not node.depends_on(VARIABLE):
            return Germ.of(self._start, {UNIT: Coefficient.of(node)})
        match node:
            case Symbol():
                return Germ.of(self._start, {Monomial(power=1): ONE})
            case Sum(terms):
                return reduce(add, (self.read(term) for term in terms))
            case Product(factors):
                return reduce(mul, (self.read(factor) for factor in factors))
            case Power(base, Number(value)):
                return self.read(base).raised(whole(value))
            case Power(base, exponent):
                return (self.read(exponent) * self.read(base).ln()).exp()
            case Call("exp", (argument,)):
                return self.read(argument).exp()
            case Call("ln", (argument,)):
                return self.read(argument).ln()
            case Call("sqrt", (argument,)):
                return self.read(argument).raised(Fraction(1, 2))
            case Call(function, (argument,)):
                return applied(function, self.read(argument))
        raise Undecided


def applied(function: str, inner: Germ) -> Germ:
    """A function of a germ."""
    growing, at, rest = inner.parted()
    if not growing.terms:
        return _near(function, inner, at, rest)
    direction = sign(inner.lead()[1])
    if function in _ODD | _EVEN:
        found = _TOWARDS_INFINITY[function](inner if direction > 0 else _times(inner, -1))
        return _times(found, direction) if function in _ODD else found
    rule = _TOWARDS_INFINITY if direction > 0 else _TOWARDS_MINUS_INFINITY
    if function not in rule:
        raise Undecided
    return rule[function](inner)


def _near(function: str, inner: Germ, at: Coefficient, rest: Germ) -> Germ:
    """F(at + rest) by Taylor's formula, the last term with the third derivative somewhere between."""
    program = taylor(call(function, Symbol(VARIABLE)))
    known, last = program.run(at.ball)[:-1], program.run(at.ball + rest.reach())[-1]
    if not known[0].is_finite():
        raise Undecided
    exact = None if at.exact is None else call(function, at.exact)
    return inner.constant(Coefficient(known[0], exact)) + rest.taylor(known[1], known[2], last)


def _number(beside: Germ, value: int | Fraction) -> Germ:
    return beside.constant(Coefficient.of(Number(Fraction(value))))


def _times(one: Germ, factor: int | Fraction) -> Germ:
    return one * _number(one, factor)


def _plus(one: Germ, value: int) -> Germ:
    return one + _number(one, value)


def _inverse(one: Germ) -> Germ:
    return one.raised(-1)


def _tanh(u: Germ) -> Germ:
    return _plus(_times(_inverse(_plus(_times(u, 2).exp(), 1)), -2), 1)


def _sech(u: Germ) -> Germ:
    return _times(_times(u, -1).exp() * _inverse(_plus(_times(u, -2).exp(), 1)), 2)


def _csch(u: Germ) -> Germ:
    return _times(_times(u, -1).exp() * _inverse(_plus(_times(_times(u, -2).exp(), -1), 1)), 2)


def _coth(u: Germ) -> Germ:
    return _plus(_times(_inverse(_plus(_times(u, 2).exp(), -1)), 2), 1)


def _sinh(u: Germ) -> Germ:
    return _times(u.exp() + _times(_times(u, -1).exp(), -1), Fraction(1, 2))


def _cosh(u: Germ) -> Germ:
    return _times(u.exp() + _times(u, -1).exp(), Fraction(1, 2))


def _logistic(u: Germ) -> Germ:
    return _inverse(_plus(_times(u, -1).exp(), 1))


def _between(u: Germ, low: Fraction) -> Germ:
    """1 + u⁻²·[low, 0], the first terms of an alternating series with what is left of it."""
    rest = hull(constant(Number(low)), arb(0))
    return _plus(u.raised(-2).scaled(rest), 1)


def _erf(u: Germ) -> Germ:
    """1 − e^(−u²)/(u√π)·(1 − θ/(2u²)), 0 ≤ θ ≤ 1 (DLMF 7.8.2 and 7.12.1)."""
    root = u.constant(Coefficient.of(power(call("sqrt", Constant("pi")), Number(Fraction(-1)))))
    tail = _times(u * u, -1).exp() * _inverse(u) * root * _between(u, Fraction(-1, 2))
    return _plus(_times(tail, -1), 1)


def _atan(u: Germ) -> Germ:
    """π/2 − (1 − θ/(3u²))/u, 0 ≤ θ ≤ 1 (DLMF 4.24.4)."""
    right = u.constant(Coefficient.of(quotient(Constant("pi"), Number(Fraction(2)))))
    return right + _times(_inverse(u) * _between(u, Fraction(-1, 3)), -1)


def _asinh(u: Germ) -> Germ:
    return (u + _plus(u * u, 1).raised(Fraction(1, 2))).ln()


def _log10(u: Germ) -> Germ:
    return u.ln() * u.constant(Coefficient.of(power(call("ln", Number(Fraction(10))), Number(Fraction(-1)))))


def _wave(u: Germ) -> Germ:
    return u.constant(Coefficient(hull(arb(-1), arb(1))))


_ODD = {"tanh", "sinh", "csch", "coth", "erf", "atan", "asinh"}
_EVEN = {"cosh", "sech", "sin", "cos"}  # of a wave nothing but its bounds is known far out
_TOWARDS_INFINITY: dict[str, Callable[[Germ], Germ]] = {
    "tanh": _tanh,
    "sech": _sech,
    "csch": _csch,
    "coth": _coth,
    "sinh": _sinh,
    "cosh": _cosh,
    "erf": _erf,
    "atan": _atan,
    "asinh": _asinh,
    "log10": _log10,
    "sin": _wave,
    "cos": _wave,
    "sigmoid": _logistic,
    "softplus": lambda u: u + _plus(_times(u, -1).exp(), 1).ln(),
}
_TOWARDS_MINUS_INFINITY: dict[str, Callable[[Germ], Germ]] = {
    "sigmoid": _logistic,
    "softplus": lambda u: _plus(u.exp(), 1).ln(),
}
