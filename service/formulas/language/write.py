"""A formula → text, plain or LaTeX."""

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise

from service.formulas.language.conditions import Case, assembled
from service.formulas.language.functions import EXTREMES, FUNCTIONS
from service.formulas.language.numbers import decimal
from service.formulas.language.tokens import FormulaError
from service.formulas.language.tree import (
    ONE,
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
)

_SUM, _PRODUCT, _POWER, _ATOM = range(4)  # how tightly an expression binds
_GREEK = {
    "alpha",
    "beta",
    "gamma",
    "delta",
    "epsilon",
    "zeta",
    "eta",
    "theta",
    "kappa",
    "lambda",
    "mu",
    "nu",
    "xi",
    "rho",
    "sigma",
    "tau",
    "phi",
    "psi",
    "omega",
}
_MOST_ROWS = 16
_OWN_NOTATION = ("exp", "sqrt", "abs")  # e^{u}, a root, bars
_LATEX_OPERATORS = {"<": "<", "<=": r"\le", ">": ">", ">=": r"\ge"}


@lru_cache(maxsize=256)
def plain(node: Expr) -> str:
    """`node` as text that the grammar reads back."""
    return _Writer(latex=False).write(node)


@lru_cache(maxsize=256)
def latex(node: Expr) -> str:
    """`node` in LaTeX, which the grammar reads back, too."""
    return _Writer(latex=True).write(node)


@dataclass(frozen=True)
class _Writer:
    latex: bool

    def write(self, node: Expr, least: int = _SUM) -> str:
        """`node`, in parentheses where it binds less tightly than `least`."""
        text, binding = self._written(node)
        if binding >= least:
            return text
        return rf"\left({text}\right)" if self.latex else f"({text})"

    def _written(self, node: Expr) -> tuple[str, int]:
        match node:
            case Number(value):
                return self._number(value)
            case Constant(name):
                return rf"\{name}" if self.latex and name == "pi" else name, _ATOM
            case Symbol(name):
                return self._name(name), _ATOM
            case Sum(terms):
                return self._sum(terms), _SUM
            case Product(factors):
                return self._product(factors)
            case Power(base, exponent):
                return self._power(base, exponent)
            case Call(function, arguments):
                return self._call(function, arguments), _ATOM
            case Where():
                return self._where(node), _ATOM
        raise TypeError(f"{node!r} is no formula")

    def _number(self, value: Fraction) -> tuple[str, int]:
        text = decimal(value)
        if text is not None:
            return text, _ATOM if value >= 0 else _SUM
        if self.latex:
            sign = "-" if value < 0 else ""
            return rf"{sign}\frac{{{abs(value.numerator)}}}{{{value.denominator}}}", _POWER if value > 0 else _SUM
        return f"{value.numerator}/{value.denominator}", _PRODUCT if value > 0 else _SUM

    def _name(self, name: str) -> str:
        if not self.latex or len(name) == 1:
            return name
        escaped = name.replace("_", r"\_")
        return rf"\{name}" if name in _GREEK else rf"\mathrm{{{escaped}}}"

    def _sum(self, terms: tuple[Expr, ...]) -> str:
        negative = _is_negative(terms[0])
        text = f"-{self.write(_unsigned(terms[0]), _PRODUCT)}" if negative else self.write(terms[0])
        for term in terms[1:]:
            sign, shown = ("-", _unsigned(term)) if _is_negative(term) else ("+", term)
            text += f" {sign} {self.write(shown, _PRODUCT)}"
        return text

    def _product(self, factors: tuple[Expr, ...]) -> tuple[str, int]:
        if _is_negative(Product(factors)):
            return f"-{self.write(_unsigned(Product(factors)), _PRODUCT)}", _SUM
        above = [factor for factor in factors if not _is_below(factor)]
        below = [_inverse(factor) for factor in factors if isinstance(factor, Power) and _is_below(factor)]
        others = [factor for factor in above if factor != ONE]
        above = others if len(others) > 1 or (others and below) else above
        if self.latex and below:
            return rf"\frac{{{self._juxtaposed(above)}}}{{{self._juxtaposed(below)}}}", _PRODUCT
        if self.latex:
            return self._juxtaposed(above), _PRODUCT
        numerator = "*".join(self.write(factor, _POWER) for factor in above) or "1"
        if not below:
            return numerator, _PRODUCT
        denominator = "*".join(self.write(factor, _POWER) for factor in below)
        return f"{numerator}/{denominator}" if len(below) == 1 else f"{numerator}/({denominator})", _PRODUCT

    def _juxtaposed(self, factors: list[Expr]) -> str:
        if len(factors) == 1:
            return self.write(factors[0])
        # A function takes whatever follows its bare argument with it, so only the last factor may have one.
        written = [self._closed(factor) for factor in factors[:-1]] + [
            self.write(factor, _POWER) for factor in factors[-1:]
        ]
        separated = [
            rf" \cdot {text}"
            if text[0].isdigit() or (before[-1].isdigit() and text.startswith(r"\frac"))
            else f" {text}"
            for before, text in pairwise(written)  # 2\frac{1}{2} would be a mixed number
        ]
        return (written[0] if written else "1") + "".join(separated)

    def _closed(self, factor: Expr) -> str:
        called = factor.base if isinstance(factor, Power) else factor
        bare = isinstance(called, Call) and _is_bare(called)
        return rf"\left({self.write(factor)}\right)" if bare else self.write(factor, _POWER)

    def _power(self, base: Expr, exponent: Expr) -> tuple[str, int]:
        if _is_below(Power(base, exponent)):
            return self._product((Power(base, exponent),))
        if not self.latex:
            return f"{self.write(base, _ATOM)}^{self.write(exponent, _ATOM)}", _POWER
        raised = f"{{{self.write(exponent)}}}"
        if not (isinstance(base, Call) and base.function in FUNCTIONS and base.function not in ("abs", "sqrt")):
            return f"{self.write(base, _ATOM)}^{raised}", _POWER
        if isinstance(exponent, Number | Symbol):
            return rf"{FUNCTIONS[base.function].latex}^{raised}{self._argument(base)}", _POWER
        return rf"\left({self.write(base)}\right)^{raised}", _POWER  # tanh^−1 would be the inverse to some

    def _call(self, function: str, arguments: tuple[Expr, ...]) -> str:
        # Every part is written once, else a formula's text would take twice as long with every level.
        if self.latex and function in FUNCTIONS and function not in _OWN_NOTATION:
            return FUNCTIONS[function].latex + self._argument(Call(function, arguments))
        inside = ", ".join(self.write(argument) for argument in _listed(function, arguments))
        if not self.latex:
            return f"{function}({inside})"
        if function == "exp":
            return rf"e^{{{inside}}}"
        if function == "sqrt":
            return rf"\sqrt{{{inside}}}"
        if function == "abs":
            return rf"\left|{inside}\right|"
        return rf"{EXTREMES[function]}\left({inside}\right)"

    def _argument(self, called: Call) -> str:
        """The argument of a function; in parentheses where it is no name, or the function's name is a mere letter."""
        argument = self.write(called.arguments[0])
        return f" {argument}" if _is_bare(called) else rf"\left({argument}\right)"

    def _where(self, node: Where) -> str:
        if not self.latex:
            return f"where({self._condition(node.condition)}, {self.write(node.then)}, {self.write(node.otherwise)})"
        chain = [node]
        while isinstance(rest := chain[-1].otherwise, Where) and len(chain) < _MOST_ROWS:
            chain.append(rest)
        if not _is_clear(chain):
            chain = [node]
        rows = [f"{self.write(one.then)} & {self._condition(one.condition)}" for one in chain]
        rows.append(rf"{self.write(chain[-1].otherwise)} & \text{{otherwise}}")
        return r"\begin{cases} " + r" \\ ".join(rows) + r" \end{cases}"

    def _condition(self, condition: Relation) -> str:
        operator = _LATEX_OPERATORS[condition.operator] if self.latex else condition.operator
        return f"{self.write(condition.left)} {operator} {self.write(condition.right)}"


def _is_clear(chain: list[Where]) -> bool:
    """Whether no row of cases has a condition that overlaps another's, and would say something else there."""
    rows = [Case(one.then, one.condition) for one in chain] + [Case(chain[-1].otherwise, None)]
    try:
        for name in set().union(*(_names(part) for one in chain for part in one.children[:2])) or {"z"}:
            assembled(rows, name)
    except FormulaError:
        return False
    return True


def _names(node: Expr) -> set[str]:
    return {node.name} if isinstance(node, Symbol) else set().union(*map(_names, node.children))


def _listed(function: str, arguments: tuple[Expr, ...]) -> list[Expr]:
    """max(a, b, c) for max(a, max(b, c))."""
    *first, last = arguments
    nested = isinstance(last, Call) and last.function == function and function in EXTREMES
    return [*first, *_listed(function, last.arguments)] if isinstance(last, Call) and nested else [*first, last]


def _unsigned(node: Expr) -> Expr:
    """A negative number or product without its sign, and otherwise as it stands."""
    match node:
        case Product((Number(value), *rest)):
            factors = tuple(rest) if value == -1 else (Number(-value), *rest)
            return factors[0] if len(factors) == 1 else Product(factors)
        case Number(value):
            return Number(-value)
        case _:
            return node


def _is_bare(called: Call) -> bool:
    """Whether LaTeX writes the argument of a function without parentheses."""
    standing = called.function in FUNCTIONS and called.function not in ("exp", "sqrt", "abs", "sigmoid")
    return standing and isinstance(called.arguments[0], Symbol)


def _is_negative(node: Expr) -> bool:
    match node:
        case Number(value):
            return value < 0
        case Product((Number(value), *_)):
            return value < 0
        case _:
            return False


def _inverse(node: Power) -> Expr:
    match node.exponent:
        case Number(value) if value != -1:
            return Power(node.base, Number(-value))
        case _:
            return node.base


def _is_below(node: Expr) -> bool:
    """Whether `node` belongs under the line of a fraction."""
    return isinstance(node, Power) and isinstance(node.exponent, Number) and node.exponent.value < 0
