"""How large a formula may be, once it is read."""

from math import ceil

from service.formulas.language.tokens import FormulaError
from service.formulas.language.tree import Call, Name, Node, Number, Power, Product, children

MOST_NODES = 300
HIGHEST_DEGREE = 256
MOST_NESTED_EXPONENTIALS = 3


def has_names(node: Node) -> bool:
    """Whether the variable or a parameter occurs in `node`."""
    return isinstance(node, Name) or any(has_names(child) for child in children(node))


def check_size(node: Node) -> None:
    """Raise FormulaError where `node` is larger than is worked with."""
    if count(node) > MOST_NODES:
        raise FormulaError(f"A formula has at most {MOST_NODES} parts.", 0)
    if degree(node) > HIGHEST_DEGREE:
        raise FormulaError(f"A formula has at most degree {HIGHEST_DEGREE} in its powers.", 0)
    if _exponentials(node) > MOST_NESTED_EXPONENTIALS:
        raise FormulaError(f"At most {MOST_NESTED_EXPONENTIALS} exponentials may stand inside one another.", 0)


def count(node: Node) -> int:
    """How many parts `node` has, itself included."""
    return 1 + sum(map(count, children(node)))


def degree(node: Node) -> int:
    """The degree of `node` as a polynomial; what is inside a function counts as it is."""
    match node:
        case Name():
            return 1
        case Product(factors):
            return sum(degree(factor) for factor in factors)
        case Power(base, Number(value)):
            return ceil(degree(base) * abs(value))
        case _:
            return max((degree(child) for child in children(node)), default=0)


def _exponentials(node: Node) -> int:
    """How many exponentials stand inside one another."""
    own = isinstance(node, Call) and node.function in ("exp", "sinh", "cosh")
    own = own or (isinstance(node, Power) and not isinstance(node.exponent, Number))
    return own + max((_exponentials(child) for child in children(node)), default=0)
