"""Formulas as elements of a random prime field, in which every transcendental part is a symbol of its own."""

from collections.abc import Callable
from functools import reduce
from hashlib import sha256
from operator import mul

from flint import fmpz

from service.formulas.enclosures.exponents import split, terms_of
from service.formulas.enclosures.program import VARIABLE
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

_BITS = 127


class OutsideTheClass(Exception):
    """A formula, or a point, about which this arithmetic says nothing."""


class Chance:
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


class Field:
    """The integers modulo a prime, with a value for z and for every symbol."""

    def __init__(self, chance: Chance, scale: int) -> None:
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
            case Call(function, (argument,)) if function in BY_EXPONENTIALS:
                return BY_EXPONENTIALS[function](self, self._exponential(argument))
            case Call(function, (argument,)) if function in _BY_HALF_ANGLES:
                return _BY_HALF_ANGLES[function](self, self._odd_symbol("half angle", argument))
            case Call("ln", (argument,)):
                return self._logarithm(self.value(argument))
            case Call("softplus", (argument,)):
                return self._softplus(argument)
            case Call("log10", (argument,)):
                return self.ratio(self._logarithm(self.value(argument)), self._logarithm(10))
            case Call(("erf" | "atan" | "asinh") as function, (argument,)):
                return self._odd_symbol(function, argument)
        raise OutsideTheClass

    def _exponential(self, exponent: Expr) -> int:
        """e^exponent: for every term c·m a symbol for e^(m/scale), to the power c·scale."""
        parts = [self._power_of_symbol(term) for term in terms_of(exponent)]
        return reduce(mul, parts, 1)

    def _power_of_symbol(self, term: Expr) -> int:
        coefficient, rest = split(term)
        times = coefficient * self._scale
        if times.denominator != 1:
            raise OutsideTheClass
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
            raise OutsideTheClass
        value = self.value(radicand)
        root = pow(value, (self._prime + 1) // 4, self._prime)
        if root * root % self._prime != value:
            raise OutsideTheClass
        return root

    def _power(self, base: int, exponent: int) -> int:
        if exponent < 0:
            return pow(self.ratio(1, base), -exponent, self._prime)
        return pow(base, exponent, self._prime)

    def ratio(self, numerator: int, denominator: int) -> int:
        """numerator / denominator; OutsideTheClass where that is 0."""
        if denominator % self._prime == 0:
            raise OutsideTheClass
        return numerator * pow(denominator, -1, self._prime) % self._prime


BY_EXPONENTIALS: dict[str, Callable[[Field, int], int]] = {
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
_BY_HALF_ANGLES: dict[str, Callable[[Field, int], int]] = {
    "sin": lambda field, t: field.ratio(2 * t, 1 + t * t),
    "cos": lambda field, t: field.ratio(1 - t * t, 1 + t * t),
    "tan": lambda field, t: field.ratio(2 * t, 1 - t * t),
}
"""From t = tan(u/2)."""
