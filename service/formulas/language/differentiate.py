"""The derivative of a formula, as a formula, written as a person would."""

from fractions import Fraction
from functools import lru_cache

from service.formulas.language.build import expanded, power, quotient, times, total, where
from service.formulas.language.functions import EXTREMES, FUNCTIONS
from service.formulas.language.tokens import FormulaError
from service.formulas.language.tree import (
    MINUS_ONE,
    ONE,
    TWO,
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

_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}


class DerivativeTooLong(FormulaError):
    """The formula is fine, but its derivative is too long to be read."""

    code = "derivative-too-long"
    most_parts = 500  # more are no help to a reader; a derivative's numbers come without it, see `evaluation`

    def __init__(self) -> None:
        sentence = f"The derivative of this formula has more than {self.most_parts} parts; it is not written out."
        super().__init__(sentence, 1)


@lru_cache(maxsize=256)
def differentiate(node: Expr, variable: str) -> Expr:
    """d node / d variable; DerivativeTooLong where that has more than 500 parts.

    At a tie, `min` and `max` have the derivative of their first argument; `where` has that of the branch it takes.
    """
    return _short(_with_fractions(_Derivation(variable).of(node), node))


class _Derivation:
    """The rules, for one variable."""

    def __init__(self, variable: str) -> None:
        self._variable = variable
        self._known: dict[Expr, Expr] = {}

    def of(self, node: Expr) -> Expr:
        """The derivative of `node`, found once however many rules ask for it."""
        if node not in self._known:
            self._known[node] = _short(self._found(node))
        return self._known[node]

    def _found(self, node: Expr) -> Expr:
        match node:
            case Number() | Constant():
                return ZERO
            case Symbol(name):
                return ONE if name == self._variable else ZERO
            case Sum(terms):
                return total(*map(self.of, terms))
            case Product():
                return self._product(times(node))
            case Power(base, exponent):
                return self._power(base, exponent)
            case Call(function, (first, second)) if function in EXTREMES:
                condition = Relation(first, "<=" if function == "min" else ">=", second)
                return _choice(condition, self.of(first), self.of(second))
            case Call(function, (argument,)):
                inner = self.of(argument)
                return ZERO if inner == ZERO else self._times(inner, FUNCTIONS[function].derivative(argument))
            case Where(condition, then, otherwise):
                return where(condition, self.of(then), self.of(otherwise))
        raise TypeError(f"{node!r} is no formula")

    def _product(self, node: Expr) -> Expr:
        """By the product rule or, where that is shorter, the quotient rule."""
        if not isinstance(node, Product):
            return self.of(node)
        factors, parts, terms = node.factors, 0, list[Expr]()
        for place, factor in enumerate(factors):
            terms.append(self._times(*factors[:place], self.of(factor), *factors[place + 1 :]))
            parts += terms[-1].count()
            _check(parts)
        result = total(*terms)
        below = [factor for factor in factors if _is_below(factor) and factor.depends_on(self._variable)]
        if len(below) == 1 and isinstance(below[0], Power):
            above = times(*(factor for factor in factors if factor != below[0]))
            other = self._quotient(above, below[0])
            result = other if other.count() < result.count() else result
        return result

    def _quotient(self, above: Expr, below: Power) -> Expr:
        """(u / v^p)′ = (u′v − p·u·v′) / v^(p + 1); a root is a power of what is in it."""
        base, degree, step = below.base, times(MINUS_ONE, below.exponent), ONE
        if isinstance(base, Call) and base.function == "sqrt":
            base, degree, step = base.arguments[0], quotient(degree, TWO), TWO
        terms = [*expanded(base, self.of(above)), *expanded(MINUS_ONE, degree, above, self.of(base))]
        numerator = total(*(self._times(term) for term in terms))
        return self._times(numerator, power(below.base, total(below.exponent, times(MINUS_ONE, step))))

    def _power(self, base: Expr, exponent: Expr) -> Expr:
        if not exponent.depends_on(self._variable):
            return self._times(exponent, power(base, total(exponent, MINUS_ONE)), self.of(base))
        growth = times(self.of(exponent), call("ln", base))
        if base.depends_on(self._variable):
            growth = total(growth, quotient(times(exponent, self.of(base)), base))
        return self._times(Power(base, exponent), growth)

    def _times(self, *factors: Expr) -> Expr:
        """The product, with parameters and constants in front, and nothing but zero outside a choice."""
        product = times(*factors)
        if not isinstance(product, Product):
            return product
        return _pushed_in(sorted(product.factors, key=lambda factor: not self._leads(factor)))

    def _leads(self, factor: Expr) -> bool:
        """Whether `factor` is a number, a parameter, or a power or root of one."""
        base = factor.base if isinstance(factor, Power) else factor
        if isinstance(base, Call):
            return base.function == "sqrt" and not base.has_names()
        return isinstance(base, Number | Constant | Symbol) and not factor.depends_on(self._variable)


def _short(node: Expr) -> Expr:
    _check(node.count())
    return node


def _check(parts: int) -> None:
    if parts > DerivativeTooLong.most_parts:
        raise DerivativeTooLong


def _is_below(node: Expr) -> bool:
    return isinstance(node, Power) and isinstance(node.exponent, Number) and node.exponent.value < Fraction(0)


def _choice(condition: Relation, then: Expr, otherwise: Expr) -> Expr:
    """`then` where the condition holds, `otherwise` elsewhere, with a further choice last, as cases are written.

    Nothing is chosen where the condition is always true, or never.
    """
    known = _solved(condition)
    if isinstance(known, bool):
        return then if known else otherwise
    nested = isinstance(then, Where), isinstance(otherwise, Where)
    if nested == (True, False) or (then == ZERO and not any(nested)):
        known, then, otherwise = Relation(known.left, _OPPOSITE[known.operator], known.right), otherwise, then
    return where(known, then, otherwise)


def _solved(condition: Relation) -> Relation | bool:
    """The same comparison with a number on the right and as little as may be on the left; its truth if constant."""
    left, operator, right = condition.left, condition.operator, condition.right
    match left, right:
        case Number(a), Number(b):
            return {"<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[operator]
        case Number(), _:
            return _solved(Relation(right, _MIRRORED[operator], left))
        case Call(extreme, arguments), Number() if extreme in EXTREMES:
            return _of_extreme(extreme, arguments, operator, right)
        case Sum(terms), Number(b) if any(isinstance(term, Number) for term in terms):
            constant = sum(term.value for term in terms if isinstance(term, Number))
            rest = total(*(term for term in terms if not isinstance(term, Number)))
            return _solved(Relation(rest, operator, Number(b - constant)))
        case Product(), Number():
            return _over_its_factor(times(left), operator, right)
        case _, Number():
            return condition
    return _one_sided(condition)


def _one_sided(condition: Relation) -> Relation | bool:
    """left − right against 0, where that leaves a mere name: 0.01·z ≥ z is z ≤ 0."""
    difference = total(condition.left, *expanded(MINUS_ONE, condition.right))
    known = _solved(Relation(difference, condition.operator, ZERO))
    return known if isinstance(known, bool) or isinstance(known.left, Symbol) else condition


def _over_its_factor(left: Expr, operator: str, right: Number) -> Relation | bool:
    """Both sides by the number in front."""
    match left:
        case Product((Number(value), *rest)) if value:
            turned = _MIRRORED[operator] if value < 0 else operator
            return _solved(Relation(times(*rest), turned, Number(right.value / value)))
    return Relation(left, operator, right)


def _of_extreme(extreme: str, arguments: tuple[Expr, ...], operator: str, right: Expr) -> Relation | bool:
    """min(a, u) < b, a and b numbers: true where a < b, and else u < b; and so on."""
    one, other = (_solved(Relation(argument, operator, right)) for argument in arguments)
    any_will_do = (extreme == "min") == (operator in ("<", "<="))
    for known, unknown in ((one, other), (other, one)):
        if isinstance(known, bool):
            return known if known is any_will_do else unknown
    return Relation(Call(extreme, arguments), operator, right)


def _pushed_in(factors: list[Expr]) -> Expr:
    """The product; a · where(c, 1, 0) is where(c, a, 0), as long as `a` is written once."""
    for place, factor in enumerate(factors):
        if isinstance(factor, Where) and _is_zero_but_once(factor):
            return _into(factor, [*factors[:place], *factors[place + 1 :]])
    return Product(tuple(factors))


def _with_fractions(node: Expr, source: Expr) -> Expr:
    """`node` with z/3 and, where `source` has no decimals either, z/2 instead of products with a fraction."""
    return _divided(node, decimals=_has_decimals(source))


def _is_zero_but_once(choice: Where) -> bool:
    leaves = _leaves(choice)
    return all(isinstance(leaf, Number) for leaf in leaves) and sum(leaf != ZERO for leaf in leaves) == 1


def _leaves(node: Expr) -> list[Expr]:
    """What may be chosen."""
    return [*_leaves(node.then), *_leaves(node.otherwise)] if isinstance(node, Where) else [node]


def _into(node: Expr, factors: list[Expr]) -> Expr:
    if isinstance(node, Where):
        return where(node.condition, _into(node.then, factors), _into(node.otherwise, factors))
    return times(node, *factors)


def _has_decimals(node: Expr) -> bool:
    if isinstance(node, Number):
        return node.value.denominator != 1
    return any(map(_has_decimals, node.children))


def _divided(node: Expr, decimals: bool) -> Expr:
    match node:
        case Product((Number(value), *rest)):
            return Product((*_over_a_whole(value, decimals), *(_divided(factor, decimals) for factor in rest)))
        case Where(Relation(left, operator, right), then, otherwise):
            left, right = _divided(left, decimals), _divided(right, decimals)
            condition = Relation(left, operator, right)
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


def _over_a_whole(value: Fraction, decimals: bool) -> list[Expr]:
    """`value` as a number over a whole one; where `decimals` are written, as 0.5 or 3.4318/3."""
    below = _without(2, _without(5, value.denominator)) if decimals else value.denominator
    if below != 1 and abs(value.numerator) == 1:
        below = value.denominator
    above = value * below
    numerator: list[Expr] = [] if above == 1 and below != 1 else [Number(above)]
    return numerator if below == 1 else [*numerator, Power(Number(Fraction(below)), MINUS_ONE)]


def _without(prime: int, number: int) -> int:
    return number if number % prime else _without(prime, number // prime)
