"""Last touches on a derivative: factors go into a choice that is zero elsewhere, numbers look like its formula's."""

from fractions import Fraction

from service.formulas.language.build import times, where
from service.formulas.language.tree import (
    MINUS_ONE,
    ZERO,
    Call,
    Comparison,
    Node,
    Number,
    Power,
    Product,
    Sum,
    Where,
    children,
)


def pushed_in(factors: list[Node]) -> Node:
    """The product; a · where(c, 1, 0) is where(c, a, 0), as long as `a` is written once."""
    for place, factor in enumerate(factors):
        if isinstance(factor, Where) and _is_zero_but_once(factor):
            return _into(factor, [*factors[:place], *factors[place + 1 :]])
    return Product(tuple(factors))


def with_fractions(node: Node, source: Node) -> Node:
    """`node` with z/3 and, where `source` has no decimals either, z/2 instead of products with a fraction."""
    return _divided(node, decimals=_has_decimals(source))


def _is_zero_but_once(choice: Where) -> bool:
    leaves = _leaves(choice)
    return all(isinstance(leaf, Number) for leaf in leaves) and sum(leaf != ZERO for leaf in leaves) == 1


def _leaves(node: Node) -> list[Node]:
    """What may be chosen."""
    return [*_leaves(node.then), *_leaves(node.otherwise)] if isinstance(node, Where) else [node]


def _into(node: Node, factors: list[Node]) -> Node:
    if isinstance(node, Where):
        return where(node.condition, _into(node.then, factors), _into(node.otherwise, factors))
    return times(node, *factors)


def _has_decimals(node: Node) -> bool:
    if isinstance(node, Number):
        return node.value.denominator != 1
    return any(map(_has_decimals, children(node)))


def _divided(node: Node, decimals: bool) -> Node:
    match node:
        case Product((Number(value), *rest)):
            return Product((*_apart(value, decimals), *(_divided(factor, decimals) for factor in rest)))
        case Where(Comparison(left, operator, right), then, otherwise):
            left, right = _divided(left, decimals), _divided(right, decimals)
            condition = Comparison(left, operator, right)
            return Where(condition, _divided(then, decimals), _divided(otherwise, decimals))
        case Sum(parts):
            return Sum(tuple(_divided(part, decimals) for part in parts))
        case Product(parts):
            return Product(tuple(_divided(part, decimals) for part in parts))
        case Call(function, parts):
            return Call(function, tuple(_divided(part, decimals) for part in parts))
        case Power(base, exponent):
            return Power(_divided(base, decimals), _divided(exponent, decimals))
        case _:
            return node


def _apart(value: Fraction, decimals: bool) -> list[Node]:
    """`value` as a number over a whole one; where `decimals` are written, as 0.5 or 3.4318/3."""
    below = _without(2, _without(5, value.denominator)) if decimals else value.denominator
    if below != 1 and abs(value.numerator) == 1:
        below = value.denominator
    above = value * below
    numerator: list[Node] = [] if above == 1 and below != 1 else [Number(above)]
    return numerator if below == 1 else [*numerator, Power(Number(Fraction(below)), MINUS_ONE)]


def _without(prime: int, number: int) -> int:
    return number if number % prime else _without(prime, number // prime)
