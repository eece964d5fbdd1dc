"""What a formula is: a tree of nine kinds of nodes."""

from dataclasses import dataclass
from fractions import Fraction


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


def exchanged(node: Node, old: Node, new: Node) -> Node:
    """`node` with `new` wherever it had `old`, and nothing simplified: what has no value keeps having none."""
    if node == old:
        return new
    parts = [exchanged(child, old, new) for child in children(node)]
    match node:
        case Sum():
            return Sum(tuple(parts))
        case Product():
            return Product(tuple(parts))
        case Power():
            return Power(*parts)
        case Call(function, _):
            return Call(function, tuple(parts))
        case Where(condition, _, _):
            left, right, then, otherwise = parts
            return Where(Comparison(left, condition.operator, right), then, otherwise)
    return node


def call(function: str, *arguments: Node) -> Node:
    """function(arguments)."""
    return Call(function, arguments)
