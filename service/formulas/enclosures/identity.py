"""Whether two smooth formulas are the same function, proven by arithmetic modulo a prime.

Every exponential e^u, angle, logarithm and other transcendental part becomes a symbol of its own, equal parts the same
one; what is left are rational functions of z and these symbols, and two of those that agree at a random point of a
field of 2^127 elements are the same but for a chance of 2^-110 (Schwartz 1980; Zippel 1979). What holds for
independent symbols holds for the functions they stand for: agreement is a proof, disagreement none of a difference.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from fractions import Fraction
from functools import reduce
from hashlib import sha256
from itertools import chain, islice, repeat
from math import lcm, prod
from operator import mul

from flint import fmpz

from service.formulas.enclosures.program import VARIABLE
from service.formulas.enclosures.rewriting import BY_OTHERS
from service.formulas.language.build import expanded, simplified
from service.formulas.language.tree import (
    ONE,
    Call,
    Constant,
    Expr,
    Number,
    Power,
    Product,
    Sum,
    Symbol,
    call,
)
from service.formulas.language.write import plain

_BITS = 127  # of the prime
_DEEPEST_DENOMINATOR = 5040  # 7!: halves, thirds, … of an exponent are whole powers of one symbol
_MOST_TERMS = 64
"""An exponent of more terms stays as it is."""
_POINTS, _TRIES = 2, 16
"""Points that must agree, and points that are tried: half of all constants have no root in a field."""


def identical(one: Expr, other: Expr) -> bool | None:
    """Whether both are the same function of z: True is proven, None is not known.

    What is made of z and exponentials alone is the same only where it is the same in independent symbols (Ax 1971): it
    is False where it is not, a proof wherever the exponents, multiplied out, show what they have in common.
    """
    agreements = list(islice(_agreements(simplified(one), simplified(other)), _POINTS))
    if len(agreements) == _POINTS and all(agreements):
        return True
    return False if agreements and not all(agreements) and _of_exponentials(one) and _of_exponentials(other) else None


def _of_exponentials(node: Expr) -> bool:
    match node:
        case Call(function, _):
            known = function in _BY_EXPONENTIALS
        case Power(_, exponent):
            known = isinstance(exponent, Number) and exponent.value.denominator == 1
        case Constant("pi"):
            known = False  # which is not known to be independent of e
        case _:
            known = True
    return known and all(map(_of_exponentials, node.children))


def _agreements(one: Expr, other: Expr) -> Iterator[bool]:
    """Whether both agree, at every point at which both have a value."""
    for point in range(_TRIES):
        with suppress(_OutsideTheClass):
            yield _agree(one, other, point)


def _agree(one: Expr, other: Expr, point: int) -> bool:
    """Whether both agree at a point that follows from both, so that none can be written to agree there alone."""
    chance = _Chance(f"{point}\0{plain(one)}\0{plain(other)}")
    scale = lcm(common_denominator(one), common_denominator(other))
    if scale > _DEEPEST_DENOMINATOR:
        raise _OutsideTheClass
    field = _PrimeField(chance, scale)
    return field.value(one) == field.value(other)


class _OutsideTheClass(Exception):
    """A formula, or a point, about which this arithmetic says nothing."""


class _Chance:
    """Numbers of 127 bits that depend on a text alone."""

    def __init__(self, text: str) -> None:
        self._text = text.encode("utf-8", "backslashreplace")

    def number(self, name: str) -> int:
        """The number of that name."""
        return int.from_bytes(sha256(name.encode() + b"\0" + self._text).digest()) >> (256 - _BITS)

    def prime(self) -> int:
        """A prime that leaves 7 when divided by 8, so that roots are powers, and 2 has one."""
        candidate = self.number("prime") | (1 << (_BITS - 1)) | 7
        while not fmpz(candidate).is_probable_prime():
            candidate += 8
        return candidate


class _PrimeField:
    """The integers modulo a prime, with a value for z and for every symbol."""

    def __init__(self, chance: _Chance, scale: int) -> None:
        self._chance = chance
        self._scale = scale
        self._prime = chance.prime()
        self._values: dict[Expr, int] = {Symbol(VARIABLE): chance.number("z") % self._prime}

    def value(self, node: Expr) -> int:
        """The value of `node`; OutsideTheClass where it has none here."""
        if node not in self._values:
            self._values[node] = self._computed(node) % self._prime
        return self._values[node]

    def _computed(self, node: Expr) -> int:
        match node:
            case Number(value):
                return self.ratio(value.numerator, value.denominator)
            case Constant("e"):
                return self._exponential(ONE)
            case Constant(name):
                return self._chance.number(name) ** 2  # π is met under a root more often than not
            case Sum(terms):
                return sum(map(self.value, terms))
            case Product(factors):
                return reduce(lambda made, factor: made * self.value(factor) % self._prime, factors, 1)
            case Power(base, Number(value)) if value.denominator == 1:
                return self._power(self.value(base), int(value))
            case Power(base, Number(value)) if value.denominator == 2:
                return self._power(self._root(base), value.numerator)
            case Power(base, exponent):
                return self._exponential(Product((exponent, call("ln", base))))
            case Call("sqrt", (argument,)):
                return self._root(argument)
            case Call(function, (argument,)) if function in _BY_EXPONENTIALS:
                return _BY_EXPONENTIALS[function](self, self._exponential(argument))
            case Call(function, (argument,)) if function in _BY_HALF_ANGLES:
                return _BY_HALF_ANGLES[function](self, self._odd_symbol("half angle", argument))
            case Call("ln", (argument,)):
                return self._logarithm(self.value(argument))
            case Call("softplus", (argument,)):
                return self._softplus(argument)
            case Call("log10", (argument,)):
                return self.ratio(self._logarithm(self.value(argument)), self._logarithm(10))
            case Call(("erf" | "atan" | "asinh" | "asin") as function, (argument,)):
                return self._odd_symbol(function, argument)
            case Call(function, (argument,)) if function in BY_OTHERS:
                return self.value(BY_OTHERS[function](argument))
            case Call("acosh", (argument,)):
                return self._chance.number(f"acosh {self.value(argument)}")
        raise _OutsideTheClass

    def _exponential(self, exponent: Expr) -> int:
        """e^exponent: for every term c·m a symbol for e^(m/scale), to the power c·scale."""
        parts = [self._power_of_symbol(term) for term in terms_of(exponent)]
        return reduce(mul, parts, 1)

    def _power_of_symbol(self, term: Expr) -> int:
        coefficient, rest = _factored(term)
        times = coefficient * self._scale
        if times.denominator != 1:
            raise _OutsideTheClass
        return self._power(self._chance.number(f"exp {self.value(rest)}"), int(times))

    def _odd_symbol(self, function: str, argument: Expr) -> int:
        """A symbol for an odd function of `argument`."""
        value = self.value(argument)
        mirrored = self._prime - value
        if value <= mirrored:
            return self._chance.number(f"{function} {value}") if value else 0
        return -self._chance.number(f"{function} {mirrored}")

    def _logarithm(self, value: int) -> int:
        """A symbol for ln value; ln 1/x is −ln x, and ln e is 1."""
        value %= self._prime
        if value in (1, self._exponential(ONE)):
            return int(value != 1)
        inverse = self.ratio(1, value)
        return self._chance.number(f"ln {value}") if value <= inverse else -self._chance.number(f"ln {inverse}")

    def _softplus(self, argument: Expr) -> int:
        """ln(1 + e^u), or u + ln(1 + e^−u), whichever comes first in the field."""
        exponential, value = self._exponential(argument), self.value(argument)
        if value <= self._prime - value:
            return self._logarithm(1 + exponential)
        return value + self._logarithm(1 + self.ratio(1, exponential))

    def _root(self, radicand: Expr) -> int:
        """√radicand, of a constant that has a root here: of what varies, a root may change its sign."""
        if radicand.depends_on(VARIABLE):
            raise _OutsideTheClass
        value = self.value(radicand)
        root = pow(value, (self._prime + 1) // 4, self._prime)
        if root * root % self._prime != value:
            raise _OutsideTheClass
        return root

    def _power(self, base: int, exponent: int) -> int:
        if exponent < 0:
            return pow(self.ratio(1, base), -exponent, self._prime)
        return pow(base, exponent, self._prime)

    def ratio(self, numerator: int, denominator: int) -> int:
        """numerator / denominator; OutsideTheClass where that is 0."""
        if denominator % self._prime == 0:
            raise _OutsideTheClass
        return numerator * pow(denominator, -1, self._prime) % self._prime


_BY_EXPONENTIALS: dict[str, Callable[[_PrimeField, int], int]] = {
    "exp": lambda field, e: e,
    "sigmoid": lambda field, e: field.ratio(e, 1 + e),
    "tanh": lambda field, e: field.ratio(e * e - 1, e * e + 1),
    "coth": lambda field, e: field.ratio(e * e + 1, e * e - 1),
    "sech": lambda field, e: field.ratio(2 * e, e * e + 1),
    "csch": lambda field, e: field.ratio(2 * e, e * e - 1),
    "sinh": lambda field, e: field.ratio(e * e - 1, 2 * e),
    "cosh": lambda field, e: field.ratio(e * e + 1, 2 * e),
}
"""From e = e^u."""
_BY_HALF_ANGLES: dict[str, Callable[[_PrimeField, int], int]] = {
    "sin": lambda field, t: field.ratio(2 * t, 1 + t * t),
    "cos": lambda field, t: field.ratio(1 - t * t, 1 + t * t),
    "tan": lambda field, t: field.ratio(2 * t, 1 - t * t),
}
"""From t = tan(u/2)."""


def common_denominator(node: Expr) -> int:
    """A denominator that the coefficients in all exponents of a formula have in common."""
    own = 1
    match node:
        case Call(_, (exponent,)):
            own = _denominator(exponent)
        case Power(_, exponent) if not isinstance(exponent, Number):
            own = _denominator(exponent)
    return lcm(own, *map(common_denominator, node.children))


def _denominator(node: Expr) -> int:
    """One that all coefficients of a formula have in common, once it is multiplied out; no more than is too deep."""
    match node:
        case Number(value):
            found = value.denominator
        case Product(factors):
            found = prod(map(_denominator, factors))
        case Power(Sum() as base, Number(value)) if value.denominator == 1 and value > 1:
            found = _denominator(base) ** int(value)
        case _:
            found = lcm(*map(_denominator, node.children))
    return min(found, _DEEPEST_DENOMINATOR + 1)


def terms_of(exponent: Expr) -> list[Expr]:
    """`exponent` multiplied out, as a sum; as it is where that has more than 64 terms."""
    done: list[Expr] = []
    left = [exponent]
    while left:
        term = left.pop()
        parts = term.terms if isinstance(term, Sum) else expanded(*_factors(term))
        if len(parts) == 1:
            done.extend(parts)
        else:
            left.extend(parts)
        if len(done) + len(left) > _MOST_TERMS:
            return [exponent]
    return done


def _factors(term: Expr) -> Iterator[Expr]:
    """Of a product, and of whole powers of sums."""
    match term:
        case Product(factors):
            yield from chain.from_iterable(map(_factors, factors))
        case Power(Sum() as base, Number(value)) if value.denominator == 1 and value > 1:
            yield from repeat(base, int(value))
        case _:
            yield term


def _factored(term: Expr) -> tuple[Fraction, Expr]:
    """A rational number times the rest."""
    if isinstance(term, Number):
        return term.value, ONE
    if isinstance(term, Product):
        numbers = [factor.value for factor in term.factors if isinstance(factor, Number)]
        rest = tuple(factor for factor in term.factors if not isinstance(factor, Number))
        return reduce(mul, numbers, Fraction(1)), Product(rest) if rest else ONE
    return Fraction(1), term
