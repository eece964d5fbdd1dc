"""The derivative of a formula, as a formula, written as a person would."""

from fractions import Fraction
from functools import lru_cache

from service.formulas.language.build import expanded, power, quotient, times, total, where
from service.formulas.language.conditions import choice
from service.formulas.language.functions import EXTREMES, FUNCTIONS
from service.formulas.language.size import count, has_names
from service.formulas.language.tidy import pushed_in, with_fractions
from service.formulas.language.tokens import FormulaError
from service.formulas.language.tree import (
    MINUS_ONE,
    ONE,
    TWO,
    ZERO,
    Call,
    Comparison,
    Constant,
    Name,
    Node,
    Number,
    Power,
    Product,
    Sum,
    Where,
    call,
    depends_on,
)

MOST_NODES = 500
"""A derivative of more parts is no help to a reader; its numbers come without it, see `numpy_backend`."""


class DerivativeTooLong(FormulaError):
    """The formula is fine, but nobody would read its derivative."""

    code = "derivative-too-long"

    def __init__(self) -> None:
        super().__init__(f"The derivative of this formula has more than {MOST_NODES} parts; it is not written out.", 0)


@lru_cache(maxsize=256)
def differentiate(node: Node, variable: str) -> Node:
    """d node / d variable; DerivativeTooLong where that has more than MOST_NODES parts.

    At a tie, `min` and `max` have the derivative of their first argument; `where` has that of the branch it takes.
    """
    return _short(with_fractions(_Derivation(variable).of(node), node))


class _Derivation:
    """The rules, for one variable."""

    def __init__(self, variable: str) -> None:
        self._variable = variable
        self._known: dict[Node, Node] = {}

    def of(self, node: Node) -> Node:
        """The derivative of `node`, found once however many rules ask for it."""
        if node not in self._known:
            self._known[node] = _short(self._found(node))
        return self._known[node]

    def _found(self, node: Node) -> Node:
        match node:
            case Number() | Constant():
                return ZERO
            case Name(name):
                return ONE if name == self._variable else ZERO
            case Sum(terms):
                return total(*map(self.of, terms))
            case Product():
                return self._product(times(node))
            case Power(base, exponent):
                return self._power(base, exponent)
            case Call(function, (first, second)) if function in EXTREMES:
                condition = Comparison(first, "<=" if function == "min" else ">=", second)
                return choice(condition, self.of(first), self.of(second))
            case Call(function, (argument,)):
                inner = self.of(argument)
                return ZERO if inner == ZERO else self._times(inner, FUNCTIONS[function].derivative(argument))
            case Where(condition, then, otherwise):
                return where(condition, self.of(then), self.of(otherwise))
        raise TypeError(f"{node!r} is no formula")

    def _product(self, node: Node) -> Node:
        """By the product rule or, where that is shorter, the quotient rule."""
        if not isinstance(node, Product):
            return self.of(node)
        factors, parts, terms = node.factors, 0, list[Node]()
        for place, factor in enumerate(factors):
            terms.append(self._times(*factors[:place], self.of(factor), *factors[place + 1 :]))
            parts += count(terms[-1])
            _check(parts)
        result = total(*terms)
        below = [factor for factor in factors if _is_below(factor) and depends_on(factor, self._variable)]
        if len(below) == 1 and isinstance(below[0], Power):
            above = times(*(factor for factor in factors if factor != below[0]))
            other = self._quotient(above, below[0])
            result = other if count(other) < count(result) else result
        return result

    def _quotient(self, above: Node, below: Power) -> Node:
        """(u / v^p)′ = (u′v − p·u·v′) / v^(p + 1); a root is a power of what is in it."""
        base, degree, step = below.base, times(MINUS_ONE, below.exponent), ONE
        if isinstance(base, Call) and base.function == "sqrt":
            base, degree, step = base.arguments[0], quotient(degree, TWO), TWO
        terms = [*expanded(base, self.of(above)), *expanded(MINUS_ONE, degree, above, self.of(base))]
        numerator = total(*(self._times(term) for term in terms))
        return self._times(numerator, power(below.base, total(below.exponent, times(MINUS_ONE, step))))

    def _power(self, base: Node, exponent: Node) -> Node:
        if not depends_on(exponent, self._variable):
            return self._times(exponent, power(base, total(exponent, MINUS_ONE)), self.of(base))
        growth = times(self.of(exponent), call("ln", base))
        if depends_on(base, self._variable):
            growth = total(growth, quotient(times(exponent, self.of(base)), base))
        return self._times(Power(base, exponent), growth)

    def _times(self, *factors: Node) -> Node:
        """The product, with parameters and constants in front, and nothing but zero outside a choice."""
        product = times(*factors)
        if not isinstance(product, Product):
            return product
        return pushed_in(sorted(product.factors, key=lambda factor: not self._leads(factor)))

    def _leads(self, factor: Node) -> bool:
        """Whether `factor` is a number, a parameter, or a power or root of one."""
        base = factor.base if isinstance(factor, Power) else factor
        if isinstance(base, Call):
            return base.function == "sqrt" and not has_names(base)
        return isinstance(base, Number | Constant | Name) and not depends_on(factor, self._variable)


def _short(node: Node) -> Node:
    _check(count(node))
    return node


def _check(parts: int) -> None:
    if parts > MOST_NODES:
        raise DerivativeTooLong


def _is_below(node: Node) -> bool:
    return isinstance(node, Power) and isinstance(node.exponent, Number) and node.exponent.value < Fraction(0)
