"""The coefficients of a germ: enclosed, and exact where they can be."""

from dataclasses import dataclass
from fractions import Fraction

from flint import arb

from service.formulas.enclosures.balls import Ball, real_power
from service.formulas.enclosures.monomials import Exponent
from service.formulas.enclosures.program import constant
from service.formulas.language.build import power, times, total
from service.formulas.language.tree import Expr, Number


@dataclass(frozen=True)
class Coefficient:
    """A constant, or whatever stays in a ball; `exact` is the formula of the constant where there is one."""

    ball: Ball
    exact: Expr | None = None

    @classmethod
    def of(cls, node: Expr) -> "Coefficient":
        """A constant formula."""
        return cls(constant(node), node)

    def __add__(self, other: "Coefficient") -> "Coefficient":
        """The sum."""
        if self.exact is None or other.exact is None:
            return Coefficient(self.ball + other.ball)
        return Coefficient.of(total(self.exact, other.exact))

    def __mul__(self, other: "Coefficient") -> "Coefficient":
        """The product."""
        if self.exact is None or other.exact is None:
            return Coefficient(self.ball * other.ball)
        return Coefficient.of(times(self.exact, other.exact))

    def raised(self, exponent: Exponent) -> "Coefficient":
        """The power."""
        if self.exact is None:
            return Coefficient(real_power(self.ball, exponent))
        return Coefficient.of(power(self.exact, Number(Fraction(exponent))))


ZERO, ONE = (Coefficient(arb(number), Number(Fraction(number))) for number in (0, 1))
