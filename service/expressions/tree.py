"""What a formula is: a tree of nine kinds of nodes, and builders that keep it simple.

Builders fold numbers, flatten sums and products, collect equal terms and factors, and drop zeros and ones, so that a
derivative reads as a person would write it. Terms and factors keep the order they came in.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction

LONGEST_NUMBER = 1 << 256
"""Numerators and denominators beyond this are left unfolded."""


@dataclass(frozen=True)
class Number:
    """An exact rational."""

    value: Fraction


@dataclass(frozen=True)
class Constant:
    """`e` or `pi`."""

    name: str


@dataclass(frozen=True)
class Name:
    """The variable, or a parameter."""

    name: str


@dataclass(frozen=True)
class Sum:
    """terms[0] + terms[1] + …"""

    terms: tuple["Node", ...]


@dataclass(frozen=True)
class Product:
    """factors[0] · factors[1] · …; a quotient is a product with a power −1."""

    factors: tuple["Node", ...]


@dataclass(frozen=True)
class Power:
    """base ^ exponent."""

    base: "Node"
    exponent: "Node"


@dataclass(frozen=True)
class Call:
    """A function of the table `functions.FUNCTIONS`."""

    function: str
    arguments: tuple["Node", ...]


@dataclass(frozen=True)
class Comparison:
    """left < right, and so on."""

    left: "Node"
    operator: str
    right: "Node"


@dataclass(frozen=True)
class Where:
    """`then` where the condition holds, `otherwise` elsewhere."""

    condition: Comparison
    then: "Node"
    otherwise: "Node"


Node = Number | Constant | Name | Sum | Product | Power | Call | Where

ZERO, ONE, MINUS_ONE, TWO, HALF = (Number(Fraction(text)) for text in ("0", "1", "-1", "2", "1/2"))


def children(node: Node) -> tuple[Node, ...]:
    """The nodes right below `node`."""
    match node:
        case Sum(parts) | Product(parts) | Call(_, parts):
            return parts
        case Power(base, exponent):
            return base, exponent
        case Where(condition, then, otherwise):
            return condition.left, condition.right, then, otherwise
        case _:
            return ()


def depends_on(node: Node, name: str) -> bool:
    """Whether `name` occurs in `node`."""
    return node == Name(name) or any(depends_on(child, name) for child in children(node))


def mapped(node: Node, change: Callable[[Node], Node]) -> Node:
    """`node` with `change` applied to every node right below it, and simplified again."""
    match node:
        case Sum(terms):
            return total(*(change(term) for term in terms))
        case Product(factors):
            return times(*(change(factor) for factor in factors))
        case Power(base, exponent):
            return power(change(base), change(exponent))
        case Call(function, arguments):
            return call(function, *(change(argument) for argument in arguments))
        case Where(Comparison(left, operator, right), then, otherwise):
            return where(Comparison(change(left), operator, change(right)), change(then), change(otherwise))
        case _:
            return node


def replaced(node: Node, old: Node, new: Node) -> Node:
    """`node` with `new` wherever it had `old`."""
    return new if node == old else mapped(node, lambda child: replaced(child, old, new))


def total(*terms: Node) -> Node:
    """The sum of `terms`."""
    constant, collected = Fraction(0), dict[Node, Fraction]()
    for term in _flat(terms, Sum):
        coefficient, rest = _coefficient(term)
        if rest == ONE and _small(constant + coefficient):
            constant += coefficient
        else:
            collected[rest] = collected.get(rest, Fraction(0)) + coefficient
    parts = [times(Number(coefficient), rest) for rest, coefficient in collected.items() if coefficient]
    if constant:
        first = bool(terms) and isinstance(terms[0], Number)
        parts.insert(0 if first else len(parts), Number(constant))
    return _joined(parts, ZERO, Sum)


def times(*factors: Node) -> Node:
    """The product of `factors`."""
    constant, collected = Fraction(1), dict[Node, list[Node]]()
    for factor in _flat(factors, Product):
        if isinstance(factor, Number) and _small(constant * factor.value):
            constant *= factor.value
            continue
        base, exponent = (factor.base, factor.exponent) if isinstance(factor, Power) else (factor, ONE)
        collected.setdefault(base, []).append(exponent)
    if not constant:
        return ZERO
    parts = [power(base, total(*exponents)) for base, exponents in collected.items()]
    parts = [part for part in parts if part != ONE]
    if constant != 1:
        parts.insert(0, Number(constant))
    return _joined(parts, ONE, Product)


def power(base: Node, exponent: Node) -> Node:
    """base ^ exponent; a number to a small whole power is folded."""
    if ONE in (exponent, base):
        return base
    if exponent == ZERO:
        return ONE
    if isinstance(base, Power) and _is_whole(exponent) and _is_whole(base.exponent):
        return power(base.base, times(base.exponent, exponent))
    if isinstance(base, Number) and isinstance(exponent, Number) and _is_whole(exponent) and base.value:
        folded = base.value ** int(exponent.value) if abs(exponent.value) <= 64 else None
        if folded is not None and _small(folded):
            return Number(folded)
    return Power(base, exponent)


def negative(node: Node) -> Node:
    """−node."""
    return times(MINUS_ONE, node)


def quotient(numerator: Node, denominator: Node) -> Node:
    """numerator / denominator."""
    return times(numerator, power(denominator, MINUS_ONE))


def where(condition: Comparison, then: Node, otherwise: Node) -> Node:
    """`then` where the condition holds, `otherwise` elsewhere; either where both are the same."""
    return then if then == otherwise else Where(condition, then, otherwise)


def call(function: str, *arguments: Node) -> Node:
    """function(arguments)."""
    return Call(function, arguments)


def _flat(nodes: Iterable[Node], kind: type[Sum] | type[Product]) -> list[Node]:
    return [part for node in nodes for part in (children(node) if isinstance(node, kind) else (node,))]


def _coefficient(term: Node) -> tuple[Fraction, Node]:
    """`term` as a rational times the rest."""
    if isinstance(term, Number):
        return term.value, ONE
    if isinstance(term, Product) and isinstance(term.factors[0], Number):
        return term.factors[0].value, times(*term.factors[1:])
    return Fraction(1), term


def _joined(parts: list[Node], empty: Node, kind: type[Sum] | type[Product]) -> Node:
    if not parts:
        return empty
    return parts[0] if len(parts) == 1 else kind(tuple(parts))


def _is_whole(node: Node) -> bool:
    return isinstance(node, Number) and node.value.denominator == 1


def _small(value: Fraction) -> bool:
    return abs(value.numerator) < LONGEST_NUMBER and value.denominator < LONGEST_NUMBER
