"""The derivative of a smooth formula, as a formula."""

from functools import lru_cache

from service.formulas.enclosures.monomials import Undecided
from service.formulas.enclosures.program import VARIABLE
from service.formulas.language.differentiate import DerivativeTooLong, differentiate
from service.formulas.language.tree import Expr


@lru_cache(maxsize=512)
def slope_of(node: Expr, order: int) -> Expr:
    """`node` itself where `order` is 0, its derivative where it is 1; Undecided where that is too long to be made."""
    try:
        return differentiate(node, VARIABLE) if order else node
    except DerivativeTooLong:
        raise Undecided from None
