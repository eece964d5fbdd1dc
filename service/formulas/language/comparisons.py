"""Comparisons of what is made of straight lines and absolute values, solved exactly over the rational numbers."""

from bisect import bisect_left
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from math import isfinite, nan, prod
from operator import eq, ge, gt, le, lt, ne

import numpy as np

from service.formulas.language.evaluation import Evaluation
from service.formulas.language.tree import Call, Expr, Number, Power, Product, Relation, Sum, Symbol, Where

_COMPARE: dict[str, Callable[[Fraction, Fraction], bool]] = {
    "<": lt,
    "<=": le,
    ">": gt,
    ">=": ge,
    "=": eq,
    "!=": ne,
}
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=", "!=": "!="}
_OPPOSITES = {("<", ">="), (">", "<="), ("=", "!="), (">=", "<"), ("<=", ">"), ("!=", "=")}
_BUT_FOR_ROOTS = {("<", ">"), ("<=", ">="), (">", "<"), (">=", "<=")}
_PROBES = np.array([-17.3, -2.43, -1.21, -0.37, 0.37, 1.21, 2.43, 17.3])
_NEARLY_ZERO = 1e-9
_LARGEST = 40  # parts
_MOST_EDGES = 8


class Unsolved(Exception):
    """A comparison that is of another kind."""


def are_opposite(one: Relation, other: Relation, variable: str) -> bool:
    """Whether exactly one of two comparisons holds everywhere, but for single points."""
    same = (one.left, one.right) == (other.left, other.right)
    if not same and (one.left, one.right) != (other.right, other.left):
        return False
    pair = one.operator, other.operator if same else _MIRRORED[other.operator]
    difference = Sum((one.left, one.right.negated()))
    with np.errstate(all="ignore"):
        values = Evaluation(variable, dict.fromkeys(_names(difference) - {variable}, 0.7)).values(difference, _PROBES)
    if not np.isfinite(values).all():
        return False
    analytic = not any(map(_has_switch, difference.children)) and bool((abs(values) > _NEARLY_ZERO).any())
    return pair in _OPPOSITES or (analytic and pair in _BUT_FOR_ROOTS)


def _names(node: Expr) -> set[str]:
    return {node.name} if isinstance(node, Symbol) else set().union(*map(_names, node.children))


def _has_switch(node: Expr) -> bool:
    match node:
        case Call("abs", (Symbol(),)):
            return False
        case Where() | Call("abs" | "sign" | "relu" | "min" | "max", _):
            return True
    return any(map(_has_switch, node.children))


class SolvedComparison:
    """Where one comparison holds: the points at which that may change, and its truth at and between them."""

    def __init__(self, relation: Relation, variable: str) -> None:
        difference = Sum((relation.left, relation.right.negated()))
        if difference.count() > _LARGEST:
            raise Unsolved
        straight = _Straight(variable)
        self.cuts = sorted(straight.roots(difference))
        self.exact = straight.exact
        compare = _COMPARE[relation.operator]
        self._truths = [compare(straight.value(difference, z), Fraction(0)) for z in _samples(self.cuts)]

    @classmethod
    @lru_cache(maxsize=256)
    def of(cls, relation: Relation, variable: str) -> "SolvedComparison":
        """The comparison that `relation` states; Unsolved where it is of another kind."""
        return cls(relation, variable)

    def spread(self, cuts: list[Fraction]) -> int:
        """The set of parts, of a line with at least the own cuts, on which it holds."""
        held = 0
        for number in range(2 * len(cuts) + 1):
            cut = cuts[min(number // 2, len(cuts) - 1)] if cuts else Fraction(0)
            at = bisect_left(self.cuts, cut)
            beyond = number // 2 == len(cuts)
            own = 2 * len(self.cuts) if beyond else 2 * at
            if number % 2 and at < len(self.cuts) and self.cuts[at] == cut:
                own += 1
            held |= self._truths[own] << number
        return held


def _samples(cuts: list[Fraction]) -> list[Fraction]:
    """A point of every part of the line between `cuts`, and these."""
    if not cuts:
        return [Fraction(0)]
    inner = [number for one, other in pairwise(cuts) for number in (one, (one + other) / 2)]
    return [cuts[0] - 1, *inner, cuts[-1], cuts[-1] + 1]


class _Straight:
    """Exact arithmetic of what is made of straight lines and absolute values; √2 is as good as its 53 bits."""

    def __init__(self, variable: str) -> None:
        self.exact = True
        self._variable = variable

    def value(self, node: Expr, z: Fraction) -> Fraction:
        match node:
            case Number(value):
                return value
            case Symbol(name) if name == self._variable:
                return z
            case Sum(terms):
                return sum((self.value(term, z) for term in terms), Fraction(0))
            case Product(factors):
                return prod((self.value(factor, z) for factor in factors), start=Fraction(1))
            case Call("abs", (argument,)):
                return abs(self.value(argument, z))
            case Call("relu", (argument,)):
                return max(self.value(argument, z), Fraction(0))
            case Call(("min" | "max") as function, (first, second)):
                return (min if function == "min" else max)(self.value(first, z), self.value(second, z))
        return self._constant(node)

    def _constant(self, node: Expr) -> Fraction:
        match node:
            case Power(Number(base), Number(exponent)) if base and exponent.denominator == 1 and abs(exponent) <= 64:
                return base ** int(exponent)
        value = nan if node.has_names() else Evaluation.of_constant(node)
        if not isfinite(value):
            raise Unsolved
        self.exact = False
        return Fraction(value)

    def roots(self, node: Expr) -> set[Fraction]:
        """Where `node` is zero, and the ends of intervals where it is."""
        kinks, found = sorted(self._kinks(node)), set[Fraction]()
        for low, high in pairwise([None, *kinks, None]):
            one = high - 2 if low is None and high is not None else low if low is not None else Fraction(0)
            other = one + 1 if high is None else high
            at, slope = self.value(node, one), self.value(node, other) - self.value(node, one)
            edges = {edge for edge in (low, high) if edge is not None}
            if slope:
                root = one - at * (other - one) / slope
                found |= {root} if (low is None or low <= root) and (high is None or root <= high) else set()
            elif not at:
                found |= edges
        return found

    def _kinks(self, node: Expr) -> set[Fraction]:
        """Where the slope of `node` may change."""
        if not node.has_names():
            return set()
        match node:
            case Product(factors) if sum(factor.has_names() for factor in factors) > 1:
                raise Unsolved
            case Call("abs" | "relu", (argument,)):
                own = self.roots(argument)
            case Call("min" | "max", (first, second)):
                own = self.roots(Sum((first, second.negated())))
            case Symbol() | Sum() | Product():
                own = set()
            case _:
                raise Unsolved
        kinks = own.union(*map(self._kinks, node.children))
        if len(kinks) > _MOST_EDGES:
            raise Unsolved
        return kinks
