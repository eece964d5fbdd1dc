"""Builders of formulas that keep them simple.

They fold numbers, flatten sums and products, collect equal terms and factors, and drop zeros and ones, so that a
derivative reads as a person would write it. Terms and factors keep the order they came in.
"""

from collections.abc import Callable, Iterable
from fractions import Fraction
from functools import lru_cache
from math import prod
from operator import ge, gt, le, lt

from service.formulas.language.tree import (
    MINUS_ONE,
    ONE,
    ZERO,
    Call,
    Constant,
    Expr,
    Number,
    Power,
    Product,
    Relation,
    Sum,
    Symbol,
    Where,
    call,
)

_LONGEST_NUMBER = 1 << 256
"""Numerators and denominators beyond this are left unfolded."""
_LARGEST_ROOTED = 1 << 48
_MOST_TERMS = 16
"""Sums longer than this are not multiplied out."""
_MOST_REMEMBERED = 4096
"""Formulas that were built lately, by what they were built from."""


def mapped(node: Expr, change: Callable[[Expr], Expr]) -> Expr:
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
        case Where(Relation(left, operator, right), then, otherwise):
            return where(Relation(change(left), operator, change(right)), change(then), change(otherwise))
        case _:
            return node


@lru_cache(_MOST_REMEMBERED)
def simplified(node: Expr) -> Expr:
    """`node` built anew by the builders below, from its leaves up."""
    return mapped(node, simplified)


def replaced(node: Expr, old: Expr, new: Expr) -> Expr:
    """`node` with `new` wherever it had `old`."""
    if isinstance(old, Symbol) and not node.depends_on(old.name):
        return simplified(node)
    return new if node == old else mapped(node, lambda child: replaced(child, old, new))


@lru_cache(_MOST_REMEMBERED)
def total(*terms: Expr) -> Expr:
    """The sum of `terms`."""
    flat, constant, collected = _flat(terms, Sum), Fraction(0), dict[Expr | frozenset[Expr], tuple[Fraction, Expr]]()
    for term in flat:
        coefficient, rest = _coefficient(term)
        if rest == ONE and _small(constant + coefficient):
            constant += coefficient
            continue
        key = frozenset(rest.factors) if isinstance(rest, Product) else rest  # a·z is z·a
        before, first = collected.get(key, (Fraction(0), rest))
        collected[key] = before + coefficient, first
    parts = [times(Number(coefficient), rest) for coefficient, rest in collected.values() if coefficient]
    if constant:
        parts.insert(0 if isinstance(flat[0], Number) else len(parts), Number(constant))
    return _joined(parts, ZERO, Sum)


@lru_cache(_MOST_REMEMBERED)
def times(*factors: Expr) -> Expr:
    """The product of `factors`."""
    constant, collected = Fraction(1), dict[Expr, list[Expr]]()
    for factor in _flat(map(_built, _flat(factors, Product)), Product):
        if isinstance(factor, Number) and _small(constant * factor.value):
            constant *= factor.value
            continue
        base, exponent = (factor.base, factor.exponent) if isinstance(factor, Power) else (factor, ONE)
        collected.setdefault(base, []).append(exponent)
    if not constant:
        return ZERO
    powers = _without_signs({base: total(*exponents) for base, exponents in collected.items()})
    _drop_exponentials(powers)
    _join_roots(powers)
    parts = [part for base, exponent in powers.items() if (part := power(base, exponent)) != ONE]
    if any(isinstance(part, Product) or (isinstance(part, Number) and _small(constant * part.value)) for part in parts):
        return times(Number(constant), *parts)
    if constant != 1:
        parts.insert(0, Number(constant))
    return _joined(parts, ONE, Product)


def power(base: Expr, exponent: Expr) -> Expr:
    """base ^ exponent; a number to a small whole power is folded, a product under the line becomes powers."""
    if not isinstance(exponent, Number) and (known := exact_value(exponent)) is not None:
        exponent = Number(known)
    if ONE in (exponent, base):
        return base
    if exponent == ZERO:
        return ONE
    if not (isinstance(exponent, Number) and exponent.value.denominator == 1):
        return Power(base, exponent)
    match base:
        case Power(inner, Number(inside)) if inside.denominator == 1:
            return power(inner, Number(inside * exponent.value))
        case Product(factors) if exponent.value < 0 or (exponent.value == 2 and any(map(_has_root, factors))):
            return times(*(power(factor, exponent) for factor in factors))
        case Call("sqrt", (Number() as inside,)) if _is_root(base) and exponent.value % 2 == 0:
            return power(inside, Number(exponent.value / 2))
        case Number(value) if value and abs(exponent.value) <= 64 and _small(value ** int(exponent.value)):
            return Number(value ** int(exponent.value))
    return Power(base, exponent)


def exact_value(node: Expr) -> Fraction | None:
    """The rational value of a formula without names by arithmetic, roots and comparisons; None where there is none."""
    if node.has_names():
        return None
    values = [exact_value(child) for child in node.children]
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        return None
    match node:
        case Number(value):
            found: Fraction | None = value
        case Sum():
            found = sum(known, Fraction(0))
        case Product():
            found = prod(known, start=Fraction(1))
        case Power():
            found = _exact_power(*known)
        case Call(function) if function in _EXACT:
            found = _EXACT[function](*known)
        case Where(Relation(_, operator, _)):
            found = known[2] if _COMPARISONS[operator](known[0], known[1]) else known[3]
        case _:
            found = None
    return found if found is not None and _small(found) else None


def _exact_power(base: Fraction, exponent: Fraction) -> Fraction | None:
    """base ^ exponent; None where it is no number, irrational, or longer than numbers are folded."""
    if base == 0:
        return base if exponent > 0 else None
    if exponent.denominator > 1:
        root = _exact_root(base, exponent.denominator)
        return None if root is None else _exact_power(root, Fraction(exponent.numerator))
    bits = max(base.numerator.bit_length(), base.denominator.bit_length())
    return base**exponent.numerator if bits * abs(exponent.numerator) <= _LONGEST_NUMBER.bit_length() else None


def _exact_root(value: Fraction, degree: int) -> Fraction | None:
    """The root of a positive number, where it is rational and numbers of 64 bits are enough to find it."""
    if value <= 0 or max(value.numerator, value.denominator) >= _LARGEST_ROOTED:
        return None
    root = Fraction(round(value.numerator ** (1 / degree)), round(value.denominator ** (1 / degree)))
    return root if root**degree == value else None


_EXACT: dict[str, Callable[..., Fraction | None]] = {
    "abs": abs,
    "sign": lambda value: Fraction((value > 0) - (value < 0)),
    "relu": lambda value: max(value, Fraction(0)),
    "min": min,
    "max": max,
    "sqrt": lambda value: _exact_power(value, Fraction(1, 2)),
}
_COMPARISONS: dict[str, Callable[[Fraction, Fraction], bool]] = {"<": lt, "<=": le, ">": gt, ">=": ge}


def negative(node: Expr) -> Expr:
    """The simplified formula of −node."""
    return times(MINUS_ONE, node)


def quotient(numerator: Expr, denominator: Expr) -> Expr:
    """The quotient numerator / denominator, simplified."""
    return times(numerator, power(denominator, MINUS_ONE))


def where(condition: Relation, then: Expr, otherwise: Expr) -> Expr:
    """`then` where the condition holds, `otherwise` elsewhere; either where both are the same."""
    return then if then == otherwise else Where(condition, then, otherwise)


def expanded(*factors: Expr) -> list[Expr]:
    """The terms of the product of `factors` multiplied out; the product itself where they are more than 16."""
    terms: list[Expr] = [ONE]
    for factor in _flat(factors, Product):
        parts = factor.terms if isinstance(factor, Sum) else (factor,)
        if len(terms) * len(parts) > _MOST_TERMS:
            return [times(*factors)]
        terms = [times(term, part) for term in terms for part in parts]
    return terms


def _flat(nodes: Iterable[Expr], kind: type[Sum] | type[Product]) -> list[Expr]:
    return [part for node in nodes for part in (node.children if isinstance(node, kind) else (node,))]


def _coefficient(term: Expr) -> tuple[Fraction, Expr]:
    """`term` as a rational times the rest."""
    if isinstance(term, Number):
        return term.value, ONE
    if isinstance(term, Product) and isinstance(term.factors[0], Number):
        return term.factors[0].value, times(*term.factors[1:])
    return Fraction(1), term


def _joined(parts: list[Expr], empty: Expr, kind: type[Sum] | type[Product]) -> Expr:
    if not parts:
        return empty
    return parts[0] if len(parts) == 1 else kind(tuple(parts))


def _without_signs(powers: dict[Expr, Expr]) -> dict[Expr, Expr]:
    """u · sign u is |u|, and |u| · sign u is u."""
    for base in [base for base in powers if isinstance(base, Call) and base.function == "sign"]:
        (u,) = base.arguments
        here, there = (u, call("abs", u)) if u in powers else (call("abs", u), u)
        if here in powers and powers[base] == ONE:
            rest = {other: exponent for other, exponent in powers.items() if other not in (base, there)}
            gained = total(powers.get(there, ZERO), ONE)
            powers = {there: gained, **rest, here: total(powers[here], MINUS_ONE)}
    return powers


def _drop_exponentials(powers: dict[Expr, Expr]) -> None:
    """e^u · e^−u is 1."""
    for base in list(powers):
        if not (isinstance(base, Call) and base.function == "exp" and base in powers):
            continue
        inverse = call("exp", negative(base.arguments[0]))
        if inverse in powers:
            powers[base] = total(powers[base], times(MINUS_ONE, powers.pop(inverse)))


def _join_roots(powers: dict[Expr, Expr]) -> None:
    """√2 · √π is √(2π)."""
    roots = [base for base in powers if _is_root(base)]
    for exponent in dict.fromkeys(powers[root] for root in roots):
        alike = [root for root in roots if powers[root] == exponent]
        joined = times(*(part for root in alike for part in root.children))
        if len(alike) > 1:
            powers.update(dict.fromkeys(alike, ZERO) | {call("sqrt", joined): exponent})


def _is_root(node: Expr) -> bool:
    """Whether `node` is the square root of a positive number."""
    match node:
        case Call("sqrt", (Number(value),)):
            return value > 0
        case Call("sqrt", (Constant(),)):
            return True
        case _:
            return False


def _small(value: Fraction) -> bool:
    return abs(value.numerator) < _LONGEST_NUMBER and value.denominator < _LONGEST_NUMBER


def _has_root(factor: Expr) -> bool:
    return _is_root(factor.base if isinstance(factor, Power) else factor)


def _built(factor: Expr) -> Expr:
    return power(factor.base, factor.exponent) if isinstance(factor, Power) else factor
