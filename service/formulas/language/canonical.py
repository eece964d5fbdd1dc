"""Forms that lose digits or overflow → functions that do not, those of `functions.STABLE` among them.

The value is the same where both are exact.
"""

from fractions import Fraction
from itertools import product
from math import prod

from service.formulas.language.build import power
from service.formulas.language.tree import (
    HALF,
    MINUS_ONE,
    ONE,
    TWO,
    Call,
    Expr,
    Number,
    Power,
    Product,
    Relation,
    Sum,
    Where,
    call,
    joined,
)


def canonical(node: Expr) -> Expr:
    """`node` with its unstable forms replaced, from the inside out."""
    match node:
        case Sum(terms):
            return _sum([canonical(term) for term in terms])
        case Product(factors):
            return _product([canonical(factor) for factor in factors])
        case Power(base, exponent):
            return _power(canonical(base), canonical(exponent))
        case Call(function, arguments):
            return _call(function, *(canonical(argument) for argument in arguments))
        case Where(Relation(left, operator, right), then, otherwise):
            condition = Relation(canonical(left), operator, canonical(right))
            return Where(condition, canonical(then), canonical(otherwise))
        case _:
            return node


def _sum(terms: list[Expr]) -> Expr:
    one = next((term for term in terms if term in (ONE, MINUS_ONE)), None)
    if one is None:
        return (_hyperbola(*terms) if len(terms) == 2 else None) or Sum(tuple(terms))
    rest = list(terms)
    rest.remove(one)
    for index, term in enumerate(rest):
        sign, core = _signed(term)
        put = _beside(core, add=sign == one)
        if put is not None:
            return joined([*rest[:index], put if sign == ONE else put.negated(), *rest[index + 1 :]], Sum)
    return Sum(tuple(terms))


def _beside(core: Expr, add: bool) -> Expr | None:
    """core + 1, or core − 1, without what is lost where they nearly cancel."""
    match core:
        case Call("exp", (u,)) if not add:
            return call("expm1", u)
        case Call("sigmoid", (u,)) if not add:
            return call("sigmoid", u.negated()).negated()
        case Product((Number(two), Call("sigmoid", (u,)))) if two == 2 and not add:
            return call("tanh", Product((HALF, u)))
        case Power(Call("tanh", (u,)), Number(two)) if two == 2 and not add:
            return Power(call("sech", u), TWO).negated()
        case Call("erf", (u,)):
            return call("erfc", u.negated()) if add else call("erfc", u).negated()
    return None


def _hyperbola(one: Expr, other: Expr) -> Expr | None:
    """2 cosh u or 2 sinh u for e^u ± e^−u; None for any other sum."""
    sign, core = _signed(other)
    match one, core:
        case Call("exp", (u,)), Call("exp", (w,)) if _opposite(u, w):
            return Product((TWO, call("cosh" if sign == ONE else "sinh", u)))
    return None


def _power(base: Expr, exponent: Expr) -> Expr:
    """A logistic or hyperbolic function to a power, where an exponential under the line would overflow."""
    inner, times = (base.base, base.exponent) if isinstance(base, Power) else (base, ONE)
    match exponent, times:
        case Number(below), Number(inside) if below < 0 < inside and (inverse := _inverse(inner)) is not None:
            return power(inverse, Number(-below * inside))
        case Number(below), _ if below == -1 and isinstance(base, Product):
            return _product([_power(factor, MINUS_ONE) for factor in base.factors])
    return Power(base, exponent)


def _inverse(positive: Expr) -> Expr | None:
    """The function that 1 / positive is without overflow; None where there is none."""
    match positive:
        case Sum((Number(one), Call("exp", (u,)))) | Sum((Call("exp", (u,)), Number(one))) if one == 1:
            return call("sigmoid", u.negated())
        case Call("cosh", (u,)):
            return call("sech", u)
        case Product((Number(two), Call("cosh", (u,)))) if two == 2:
            return Product((HALF, call("sech", u)))
    return None


def _product(factors: list[Expr]) -> Expr:
    """e^u / (1 + e^u) and its like: each factor alone overflows or vanishes, both together do neither."""
    flat = [part for factor in factors for part in (factor.factors if isinstance(factor, Product) else (factor,))]
    flat = [part for part in flat if part != ONE] or [ONE]
    falling = [at for at, part in enumerate(flat) if _may_fall(part)]
    for one, other in product(range(len(flat)), falling):
        put = _together(flat[one], flat[other]) if one != other else None
        if put is not None:
            return joined([*put, *(part for at, part in enumerate(flat) if at not in (one, other))], Product)
    return joined(flat, Product)


def _may_fall(factor: Expr) -> bool:
    """Whether anything may be put together with `factor`; told at a glance, for products have hundreds of factors."""
    base = factor.base if isinstance(factor, Power) else factor
    return isinstance(base, Sum) or (isinstance(base, Call) and base.function in ("sigmoid", "sech"))


def _together(growing: Expr, falling: Expr) -> list[Expr] | None:
    """growing · falling, where their growth cancels."""
    match falling:
        case Power(Sum((Number(one), Call("abs", (u,)))), Number(minus)) if one == 1 and minus == -1 and u == growing:
            return [call("softsign", u)]
    base, times = (falling.base, falling.exponent) if isinstance(falling, Power) else (falling, ONE)
    if not (isinstance(times, Number) and times.value >= 1):
        return None
    left = [] if times == ONE else [power(base, Number(times.value - 1))]
    match growing, base:
        case Call("exp", (u,)), Call("sigmoid", (w,)) if _opposite(u, w):
            return [call("sigmoid", u), *left]
        case Call("expm1", (u,)), Call("sigmoid", (w,)) if _opposite(u, w):
            return [call("tanh", Product((HALF, u))), *left]
        case Call("sinh", (u,)), Call("sech", (w,)) if u == w:
            return [call("tanh", u), *left]
    return None


def _call(function: str, *arguments: Expr) -> Expr:
    match function, arguments:
        case "ln", (Sum((Number(one), Call("exp", (u,)))) | Sum((Call("exp", (u,)), Number(one))),) if one == 1:
            return call("softplus", u)
        case "ln", (Sum(terms),) if ONE in terms:
            rest = list(terms)
            rest.remove(ONE)
            return call("log1p", joined(rest, Sum))
        case "ln", (Call("sigmoid", (u,)),):
            return call("softplus", u.negated()).negated()
    return call(function, *arguments)


def _signed(term: Expr) -> tuple[Expr, Expr]:
    """The sign of `term`, 1 or −1, and what it is the sign of, with its numbers in front."""
    factors = term.factors if isinstance(term, Product) else (term,)
    number = prod((factor.value for factor in factors if isinstance(factor, Number)), start=Fraction(1))
    rest = [factor for factor in factors if not isinstance(factor, Number)]
    size = [] if abs(number) == 1 and rest else [Number(abs(number))]
    return MINUS_ONE if number < 0 else ONE, joined([*size, *rest], Product)


def _opposite(one: Expr, other: Expr) -> bool:
    """Whether one = −other."""
    (sign, core), (other_sign, other_core) = _signed(one), _signed(other)
    return sign != other_sign and core == other_core
