"""Functions and their arguments: in brackets, between bars or bare, with a power or a base behind the name; roots."""

from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import NoReturn

from service.formulas.language.forms import FORMS, logarithm, raised, rooted
from service.formulas.language.functions import EXTREMES
from service.formulas.language.indicators import PiecewiseRules
from service.formulas.language.tokens import FormulaError, Token
from service.formulas.language.tree import (
    MINUS_ONE,
    ONE,
    TWO,
    Call,
    Constant,
    Expr,
    Number,
    Power,
    Product,
    Sum,
    joined,
)
from service.formulas.language.words import Words

_CLOSING = {"(": ")", "{": "}", "[": "]", "\\lvert": "\\rvert"}
_MOST_ARGUMENTS = 300
_ARITIES = {"pow": (2, 2), "root": (1, 2), "log": (1, 2), "ln": (1, 2), **dict.fromkeys(EXTREMES, (2, _MOST_ARGUMENTS))}
_LARGEST_DEGREE = 65
_LARGEST_RADICAND = 60
_INVERSES = ("sin", "cos", "tan", "sinh", "cosh", "tanh")


class ArgumentReader(PiecewiseRules):
    """Reads what stands behind the name of a function."""

    def __init__(self, tokens: list[Token], words: Words, conventions: frozenset[str]) -> None:
        super().__init__(tokens, words.variable, words.parameters)
        self._words = words
        self._conventions = conventions

    @abstractmethod
    def _power(self) -> Expr: ...

    @abstractmethod
    def _primary(self) -> Expr: ...

    @abstractmethod
    def _bounded(self, exponent: Expr, position: int) -> Expr: ...

    @abstractmethod
    def _starts_primary(self) -> bool: ...

    def _application(self, token: Token) -> Expr:
        if self._next.text == "'":
            self._fail("write it out, without a prime", token, "is a derivative here")
        base = self._base(token)
        exponent = self._exponent(token)
        base = base or self._base(token)
        node = self._applied(token, self._arguments(token), base)
        return node if exponent is None else Power(node, exponent)

    def _base(self, token: Token) -> Expr | None:
        """The base of a logarithm, log_2; None where there is none, and where braces have nothing in them, max_{}."""
        if self._next.text != "_":
            return None
        if [one.text for one in self._ahead(3)] == ["_", "{", "}"]:
            self._at += 3
            return None
        if token.text not in ("log", "ln"):
            self._fail(f"only a logarithm has a base; write {token.text}(…)")
        self._take()
        return self._single(whole=True)

    def _exponent(self, token: Token) -> Expr | None:
        if not self._accept("^"):
            return None
        start, sign = self._next, self._accept("-")
        exponent = self._single(whole=True)
        exponent = self._bounded(exponent.negated() if sign else exponent, start.position)
        if exponent == MINUS_ONE:
            inverse = f"a{token.text}(…) for its inverse, or " if token.text in _INVERSES else ""
            sentence = f"“{token.text}^-1” at position {token.position} has two meanings: write "
            raise FormulaError(f"{sentence}{inverse}1/{token.text}(…) for one over it.", token.position)
        return exponent

    def _arguments(self, token: Token) -> tuple[Expr, ...]:
        least, most = _ARITIES.get(token.text, (1, 1))
        opening = self._accept("(", "{", "[")
        if opening is not None:
            return self._listed(token, opening, least, most)
        if least > 1:
            self._fail(f"write {token.text}(…, …)", token, "needs its arguments in parentheses")
        if self._opens_bars():
            return (self._primary(),)
        return (self._bare(token),)

    def _method(self, node: Expr, name: Token) -> Expr:
        """A call in the manner of z.pow(2), whose opening parenthesis comes next."""
        if not self._words.is_function(name.text):
            raise self._words.unknown(name)
        least, most = _ARITIES.get(name.text, (1, 1))
        opening, further = self._take(), tuple[Expr, ...]()
        if self._accept(")") is None:
            further = self._listed(name, opening, least - 1, most - 1)
        if not least <= len(further) + 1 <= most:
            self._fail(f"write {name.text}(…)", name)
        return self._applied(name, (node, *further), None)

    def _opens_bars(self) -> bool:
        return self._next.text == "\\lvert" or (self._next.text == "|" and self._bars == 0)

    def _listed(self, token: Token, opening: Token, least: int, most: int) -> tuple[Expr, ...]:
        """The arguments in brackets, `least` to `most` of them."""
        with self._anew(in_list=most > 1):
            arguments = [self._expression()]
            while len(arguments) < most and self._accept(",", ";"):
                arguments.append(self._expression())
            if self._doubtful and len(arguments) > least:
                self._refuse_comma(self._doubtful)
            if len(arguments) < least and self._next.text == _CLOSING[opening.text]:
                self._fail(f"write {token.text}(…, …)", token, f"needs {least} arguments at least")
            self._close(opening, _CLOSING[opening.text])
        return tuple(arguments)

    def _refuse_comma(self, token: Token) -> NoReturn:
        sentence = f"The comma behind “{token.text}” at position {token.position} may be a decimal comma: "
        raise FormulaError(f"{sentence}write a decimal point, or a blank behind the comma.", token.position)

    @contextmanager
    def _anew(self, in_list: bool = False) -> Iterator[None]:
        """Inside brackets a bar opens an absolute value and commas have a meaning of their own."""
        outside = self._bars, self._in_list, self._doubtful
        self._bars, self._in_list, self._doubtful = 0, in_list, None
        yield
        self._bars, self._in_list, self._doubtful = outside

    def _closed(self, opening: Token) -> Expr:
        with self._anew():
            node = self._pieces()
            self._close(opening, _CLOSING[opening.text])
        return node

    def _bare(self, token: Token) -> Expr:
        """An argument without brackets: numbers, constants and parameters, then one factor with the variable."""
        if self._opens_function():
            return self._power()
        sign = self._accept("-", "+") if self._has_signed_argument() else None
        factors = list[Expr]()
        self._run(factors)
        if not factors:
            self._fail(f"write {token.text}({self._words.letter})", token, "needs its argument")
        if token.text == "log" and isinstance(factors[-1], Number) and self._next.text == "(":
            number = self._last.text
            self._fail(f"write log10(…) for the base 10, or ln({number})*(…)", token, "is not clear here")
        while self._crosses(factors):
            self._run(factors)
        node = joined(factors, Product)
        node = self._with_sum(node) if node == ONE else node
        return node.negated() if sign and sign.text == "-" else node

    def _run(self, factors: list[Expr]) -> None:
        """Add the factors that stand side by side."""
        while self._starts_argument(factors):
            above = self._ahead(2)[-1].text == "^" and self._takes("outside")
            factors.append(self._primary() if above else self._power())

    def _crosses(self, factors: list[Expr]) -> bool:
        """Add the factor behind a sign, by conventions; whether others may follow: tanh z/2, tanh 2·z, tanh 1/2z."""
        complete = self._depends(factors)
        if self._next.text == "*" and not complete and self._takes("dot"):
            self._take()
            factors.append(self._power())
        elif self._next.text == "/" and self._takes("slash"):
            self._take()
            factors.append(Power(self._power(), MINUS_ONE))
        else:
            return False
        return not self._depends(factors)

    def _depends(self, factors: list[Expr]) -> bool:
        return any(factor.depends_on(self._words.variable) for factor in factors)

    def _with_sum(self, node: Expr) -> Expr:
        """By one convention ln 1+e^z has the whole sum for its argument, and 1/1+e^z for what is below the line."""
        open_ended = node == ONE or (node.depends_on(self._words.variable) and self._last.text not in (")", "]"))
        if open_ended and not self._next.apart and self._next.text == "+" and self._takes("sum"):
            self._take()
            return joined([node, self._sum()], Sum)
        return node

    def _opens_function(self) -> bool:
        return self._next.kind == "name" and self._words.is_function(self._next.text) and "'" not in self._next.text

    def _has_signed_argument(self) -> bool:
        match self._ahead(2):
            case [Token(text="-" | "+"), Token(kind="number" | "name", apart=False)]:
                return True
        return False

    def _starts_argument(self, factors: list[Expr]) -> bool:
        token = self._next
        complete = self._depends(factors)
        if token.text in ("\\frac", "\\sqrt", "\\surd"):
            return not complete
        if not (self._words.is_plain(token.text) if token.kind == "name" else token.kind == "number"):
            return bool(factors) and token.text == "(" and self._takes("bracket")
        if not factors:
            return True
        if token.kind == "number" and self._last.kind == "number":
            return False
        if not token.apart:
            return True
        return self._takes("onward") if complete else not self._takes("short")

    def _single(self, whole: bool = False) -> Expr:
        """What TeX takes without braces: one digit, one letter or one command; the number or name where `whole`."""
        token = self._next
        if token.text in ("{", "(", "["):
            return self._closed(self._take())
        letters = 1 if token.kind == "number" else len(token.text.rstrip("0123456789"))
        if token.kind in ("number", "name") and letters < len(token.text) and not whole and token.text[0] != ".":
            rest = Token("number", token.text[letters:].lstrip("."), token.position + letters, apart=False)
            first = Token(token.kind, token.text[:letters], token.position, token.apart)
            self._tokens[self._at : self._at + 1] = [first, rest] if rest.text.isdigit() else [token]
        if token.kind == "number":
            return Number(Fraction(self._take().text))
        return self._primary()

    def _real_root(self, radicand: Expr, degree: int, token: Token) -> Expr:
        if degree % 2 and radicand.count() > _LARGEST_RADICAND:  # it stands twice in a root of an odd degree
            self._fail(f"write (…)^(1/{degree})", token, "has too long a formula below it")
        return rooted(radicand, degree)

    def _degree(self, degree: Expr, token: Token) -> int:
        if isinstance(degree, Number) and degree.value.denominator == 1 and 1 < degree.value < _LARGEST_DEGREE:
            return int(degree.value)
        return self._fail("write (…)^(1/n) for another degree than a whole number", token)

    def _named_root(self, token: Token, first: Expr, degree: Expr = TWO) -> Expr:
        """The root of `first`; root(3)(z) is one of the degree 3."""
        if isinstance(first, Number) and degree is TWO and self._next.text == "(" and not self._takes("product"):
            return self._real_root(self._closed(self._take()), self._degree(first, token), token)
        return self._real_root(first, self._degree(degree, token), token)

    def _applied(self, token: Token, arguments: tuple[Expr, ...], base: Expr | None) -> Expr:
        """The formula of a function at `arguments`."""
        name, (*first, node) = token.text, arguments
        if name in ("log", "ln"):
            return self._logarithm(token, arguments, base)
        if name == "root":
            return self._named_root(token, *arguments)
        if name == "cbrt":
            return self._real_root(node, 3, token)
        if name == "pow":
            exponent = node if first[0] == Constant("e") else self._bounded(node, token.position)
            return raised(first[0], exponent)
        if name == "phi" and not any(one.text == "Phi" for one in self._tokens):
            raise self._words.unknown(token)
        if name in FORMS:
            return FORMS[name](node)
        if not first:
            return Call(name, (node,))
        for argument in reversed(first):
            node = Call(name, (argument, node))
        return node

    def _logarithm(self, token: Token, arguments: tuple[Expr, ...], base: Expr | None) -> Expr:
        *_, argument = arguments
        if len(arguments) == 2:
            constants = [one for one in arguments if not one.depends_on(self._words.variable)]
            if base is not None or len(constants) != 1:
                self._fail(f"write {token.text}(…)/{token.text}(b) for the base b", token, "has no clear base")
            (base,) = constants
            argument = arguments[0] if arguments[1] is base else arguments[1]
        if token.text == "log" and base is None and self._takes("decadic"):
            base = Number(Fraction(10))
        return logarithm(argument, base)
