"""Comparisons and choices as a person would write them: z > −3 for z/6 + 1/2 > 0, and zero last."""

from service.formulas.language.build import expanded, times, total, where
from service.formulas.language.functions import EXTREMES
from service.formulas.language.tree import (
    MINUS_ONE,
    ZERO,
    Call,
    Comparison,
    Name,
    Node,
    Number,
    Product,
    Sum,
    Where,
)

_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}


def choice(condition: Comparison, then: Node, otherwise: Node) -> Node:
    """`then` where the condition holds, `otherwise` elsewhere, with a further choice last, as cases are written.

    Nothing is chosen where the condition is always true, or never.
    """
    known = solved(condition)
    if isinstance(known, bool):
        return then if known else otherwise
    nested = isinstance(then, Where), isinstance(otherwise, Where)
    if nested == (True, False) or (then == ZERO and not any(nested)):
        known, then, otherwise = Comparison(known.left, _OPPOSITE[known.operator], known.right), otherwise, then
    return where(known, then, otherwise)


def solved(condition: Comparison) -> Comparison | bool:
    """The same comparison with a number on the right and as little as may be on the left; its truth if constant."""
    left, operator, right = condition.left, condition.operator, condition.right
    match left, right:
        case Number(a), Number(b):
            return {"<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[operator]
        case Number(), _:
            return solved(Comparison(right, _MIRRORED[operator], left))
        case Call(extreme, arguments), Number() if extreme in EXTREMES:
            return _of_extreme(extreme, arguments, operator, right)
        case Sum(terms), Number(b) if any(isinstance(term, Number) for term in terms):
            constant = sum(term.value for term in terms if isinstance(term, Number))
            rest = total(*(term for term in terms if not isinstance(term, Number)))
            return solved(Comparison(rest, operator, Number(b - constant)))
        case Product(), Number():
            return _divided(times(left), operator, right)
        case _, Number():
            return condition
    return _one_sided(condition)


def _one_sided(condition: Comparison) -> Comparison | bool:
    """left − right against 0, where that leaves a mere name: 0.01·z ≥ z is z ≤ 0."""
    difference = total(condition.left, *expanded(MINUS_ONE, condition.right))
    known = solved(Comparison(difference, condition.operator, ZERO))
    return known if isinstance(known, bool) or isinstance(known.left, Name) else condition


def _divided(left: Node, operator: str, right: Number) -> Comparison | bool:
    """Both sides by the number in front."""
    match left:
        case Product((Number(value), *rest)) if value:
            turned = _MIRRORED[operator] if value < 0 else operator
            return solved(Comparison(times(*rest), turned, Number(right.value / value)))
    return Comparison(left, operator, right)


def _of_extreme(extreme: str, arguments: tuple[Node, ...], operator: str, right: Node) -> Comparison | bool:
    """min(a, u) < b, a and b numbers: true where a < b, and else u < b; and so on."""
    one, other = (solved(Comparison(argument, operator, right)) for argument in arguments)
    any_will_do = (extreme == "min") == (operator in ("<", "<="))
    for known, unknown in ((one, other), (other, one)):
        if isinstance(known, bool):
            return known if known is any_will_do else unknown
    return Comparison(Call(extreme, arguments), operator, right)
