"""The derivative of a smooth formula, as a formula."""

from functools import lru_cache

from service.enclosures.monomials import Undecided
from service.enclosures.program import VARIABLE
from service.expressions.differentiate import DerivativeTooLong, differentiate
from service.expressions.tree import Node


@lru_cache(maxsize=512)
def slope_of(node: Node, order: int) -> Node:
    """`node` itself where `order` is 0, its derivative where it is 1; Undecided where that is too long to be made."""
    try:
        return differentiate(node, VARIABLE) if order else node
    except DerivativeTooLong:
        raise Undecided from None
