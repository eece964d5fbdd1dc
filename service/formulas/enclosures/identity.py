"""Whether two smooth formulas are the same function, proven by arithmetic modulo a prime.

Every exponential e^u, angle, logarithm and other transcendental part becomes a symbol of its own, equal parts the same
one; what is left are rational functions of z and these symbols, and two of those that agree at a random point of a
field of 2^127 elements are the same but for a chance of 2^-110 (Schwartz 1980; Zippel 1979). Whatever holds for
independent symbols holds for the functions they stand for: agreement is a proof, disagreement none of a difference.
"""

from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from math import lcm

from service.formulas.enclosures.exponents import DEEPEST_DENOMINATOR, common_denominator
from service.formulas.enclosures.fields import BY_EXPONENTIALS, Chance, Field, OutsideTheClass
from service.formulas.language.build import simplified
from service.formulas.language.tree import Call, Constant, Expr, Number, Power
from service.formulas.language.write import plain

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
            known = function in BY_EXPONENTIALS
        case Power(_, exponent):
            known = isinstance(exponent, Number) and exponent.value.denominator == 1
        case Constant("pi"):
            known = False  # of which nobody knows that it is independent of e
        case _:
            known = True
    return known and all(map(_of_exponentials, node.children))


def _agreements(one: Expr, other: Expr) -> Iterator[bool]:
    """Whether both agree, at every point at which both have a value."""
    for point in range(_TRIES):
        with suppress(OutsideTheClass):
            yield _agree(one, other, point)


def _agree(one: Expr, other: Expr, point: int) -> bool:
    """At a point that follows from the formulas, and that nobody can foresee who writes one of them."""
    chance = Chance(f"{point}\0{plain(one)}\0{plain(other)}")
    scale = lcm(common_denominator(one), common_denominator(other))
    if scale > DEEPEST_DENOMINATOR:
        raise OutsideTheClass
    field = Field(chance, scale)
    return field.value(one) == field.value(other)
