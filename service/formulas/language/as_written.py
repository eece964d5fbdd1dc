"""Nodes as they are written: nothing is collected or cancelled, so a formula means what it says, poles included."""

from service.formulas.language.decimals import is_writable
from service.formulas.language.tree import MINUS_ONE, Node, Number, Power, Product, Sum, children


def negated(node: Node) -> Node:
    """−node."""
    if isinstance(node, Number):
        return Number(-node.value)
    return Product((MINUS_ONE, *(node.factors if isinstance(node, Product) else (node,))))


def divided(factors: list[Node], denominator: Node) -> list[Node]:
    """A product over `denominator`; a number over a number is a number."""
    match factors, denominator:
        case [Number(above)], Number(below) if below and is_writable(above / below):
            return [Number(above / below)]
        case _:
            return [*factors, Power(denominator, MINUS_ONE)]


def joined(parts: list[Node], kind: type[Sum] | type[Product]) -> Node:
    """A sum or product of `parts`, flat; the part itself where there is one."""
    flat = tuple(part for node in parts for part in (children(node) if isinstance(node, kind) else (node,)))
    return flat[0] if len(flat) == 1 else kind(flat)
