"""Random formulas, and eight ways in which people and programs write one down."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from random import Random

from service.formulas.language.forms import raised
from service.formulas.language.tree import (
    MINUS_ONE,
    Call,
    Constant,
    Expr,
    Number,
    Power,
    Product,
    Sum,
    Symbol,
    joined,
)
from service.formulas.language.write import latex, plain

_SUM, _PRODUCT, _POWER, _ATOM = range(4)
_FUNCTIONS = ("tanh", "sech", "sin", "cosh", "exp", "ln", "sqrt", "abs", "erf", "sigmoid", "atan", "log10", "asinh")
_RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_NUMBERS = tuple(map(Fraction, ("2", "3", "10", "1/2", "0.25", "3/4", "1.5", "2/3")))


def random_formula(random: Random, depth: int) -> Expr:
    """A formula of z of at most `depth` levels."""
    if depth == 0 or random.random() < 0.15:
        return random.choice([Symbol("z"), Symbol("z"), Number(random.choice(_NUMBERS)), Constant("pi"), Constant("e")])

    def inner() -> Expr:
        return random_formula(random, depth - 1)

    one, other = inner(), inner()
    made: list[Callable[[], Expr]] = [
        lambda: joined([one, other], Sum),
        lambda: joined([one, joined([MINUS_ONE, other], Product)], Sum),
        lambda: joined([one, other], Product),
        lambda: joined([one, Power(other, MINUS_ONE)], Product),
        lambda: raised(one, Number(Fraction(random.choice((2, 3, -2))))),
        lambda: Call("max", (one, other)),
        lambda: Call(random.choice(_FUNCTIONS), (one,)),
    ]
    return random.choice(made)()


@dataclass(frozen=True)
class Style:
    """How one kind of writer puts a formula down."""

    times: str = "*"
    """Between two factors."""
    power: str = "{}^{}"
    over: str = "{}/{}"
    call: str = "{}({})"
    grouped: str = "({})"
    minus: str = " - "
    names: dict[str, str] = field(default_factory=dict)
    raised: bool = False
    """Whether whole exponents are superscripts."""
    braced: bool = False
    """Whether a fraction and an exponent have braces, and TeX's rule of one token where they have none."""
    bare: bool = False
    """Whether a function stands before z without parentheses, with its power behind its name."""

    def write(self, node: Expr, least: int = _SUM) -> str:
        text, level = self._written(node)
        return text if level >= least else self.grouped.format(text)

    def _written(self, node: Expr) -> tuple[str, int]:
        match node:
            case Sum((first, *rest)):
                return self.write(first, _PRODUCT) + "".join(map(self._term, rest)), _SUM
            case Product((Number(Fraction(numerator=-1, denominator=1)), *factors)):
                return f"-{self._product(factors)[0]}", _SUM
            case Product(factors):
                return self._product(list(factors))
            case Power(base, exponent):
                return self._power(base, exponent)
            case Call(name, arguments):
                return self._call(name, arguments)
            case _:
                return self._leaf(node)

    def _leaf(self, node: Expr) -> tuple[str, int]:
        return (
            self._number(node.value) if isinstance(node, Number) else (self.names.get(plain(node), plain(node)), _ATOM)
        )

    def _number(self, value: Fraction) -> tuple[str, int]:
        if value < 0:
            return f"-{self._number(-value)[0]}", _SUM
        if value.denominator in (1, 2, 4):
            return str(float(value)).removesuffix(".0"), _ATOM
        above, below = str(value.numerator), str(value.denominator)
        return self._over(above, below), _ATOM if self.braced else _PRODUCT

    def _term(self, node: Expr) -> str:
        match node:
            case Product((Number(Fraction(numerator=-1, denominator=1)), *factors)):
                return f"{self.minus}{self._product(factors)[0]}"
        return f"{self.minus.replace('-', '+').replace('−', '+')}{self.write(node, _PRODUCT)}"

    def _product(self, factors: list[Expr]) -> tuple[str, int]:
        match factors:
            case [*above, Power(below, Number(Fraction(numerator=-1, denominator=1)))] if above:
                if self.braced:
                    return self._over(self._factors(above), self.write(below)), _POWER
                return self._over(self._factors(above), self.write(below, _ATOM)), _PRODUCT
        return self._factors(factors), _PRODUCT

    def _factors(self, factors: list[Expr]) -> str:
        text = self.write(factors[0], _POWER) if len(factors) > 1 else self.write(factors[0], _PRODUCT)
        for factor in factors[1:]:
            written = self.write(factor, _POWER)
            text += ("*" if written[0].isdigit() or written[0] == "." else self.times) + written
        return text

    def _over(self, above: str, below: str) -> str:
        if not self.braced:
            return self.over.format(above, below)
        return rf"\frac{self._token(above)}{self._token(below)}"

    def _token(self, text: str) -> str:
        """What follows a command: bare where TeX takes it as a whole."""
        if not re.fullmatch(r"[0-9a-z]|\\[a-z]+", text):
            return f"{{{text}}}"
        return text if text.isdigit() or text[0] == "\\" else f" {text}"

    def _power(self, base: Expr, exponent: Expr) -> tuple[str, int]:
        whole = exponent.value if isinstance(exponent, Number) and exponent.value.denominator == 1 else None
        if whole is not None and self.raised:
            return f"{self.write(base, _ATOM)}{str(whole).translate(_RAISED)}", _POWER
        if self.braced:
            raised = f"{{{self.write(exponent)}}}" if not whole or whole < 0 else str(whole)
            match base:
                case Call(name, (Symbol() as inner,)) if self.bare and name in ("tanh", "sin", "cosh", "ln") and whole:
                    return rf"\{name}^{raised} {self.write(inner)}", _PRODUCT
            return f"{self.write(base, _ATOM)}^{raised}", _POWER
        return self.power.format(self.write(base, _ATOM), self.write(exponent, _ATOM)), _POWER

    def _call(self, name: str, arguments: tuple[Expr, ...]) -> tuple[str, int]:
        inside = ", ".join(map(self.write, arguments))
        written = self.names.get(name, name)
        if self.braced and name == "sqrt":
            return rf"\sqrt{self._token(inside)}", _ATOM
        if self.bare and inside == "z":
            return f"{written} z", _PRODUCT
        return self.call.format(written, inside), _ATOM


_LATEX = {name: rf"\{name}" for name in ("tanh", "sin", "cosh", "exp", "ln", "pi", "max")} | {
    **{name: rf"\operatorname{{{name}}}" for name in ("sech", "erf", "abs")},
    "sigmoid": r"\sigma",
    "atan": r"\arctan",
    "log10": r"\log_{10}",
    "asinh": r"\operatorname{arsinh}",
}
_NUMPY = {name: f"np.{name}" for name in ("tanh", "sin", "cosh", "exp", "sqrt", "abs", "log10", "pi", "e")} | {
    "ln": "np.log",
    "max": "np.maximum",
    "erf": "scipy.special.erf",
    "sigmoid": "torch.sigmoid",
    "atan": "np.arctan",
    "asinh": "np.arcsinh",
}
_MATHEMATICA = {name: name.capitalize() for name in ("tanh", "sech", "sin", "cosh", "exp", "sqrt", "abs", "erf", "max")}
STYLES = {
    "plain": plain,
    "latex": latex,
    "latex without redundant braces": Style(" ", braced=True, bare=True, names=_LATEX).write,
    "latex with slashes": Style(
        r" \cdot ", "{}^{{{}}}", call=r"{}\left({}\right)", grouped=r"\left({}\right)", names=_LATEX | {"sqrt": "sqrt"}
    ).write,
    "unicode": Style("⋅", minus=" − ", raised=True, names={"pi": "π", "sigmoid": "σ", "sqrt": "√"}).write,
    "implicit products, without blanks": Style("", minus="-", names={"e": "(e)"}).write,
    "python": Style(power="{}**{}", names=_NUMPY).write,
    "mathematica": Style(" ", call="{}[{}]", names=_MATHEMATICA | {"pi": "Pi", "e": "E", "ln": "Log"}).write,
}
"""Each takes a formula and gives its text."""
