"""Tokens → tree, by recursive descent.

sum        := product { ("+" | "-") product }
product    := signed { ("*" | "/") signed | power }          a missing sign is a multiplication
signed     := ("+" | "-") signed | power
power      := primary [ "^" signed ]
primary    := number | name | function | "(" pieces ")" | "|" expression "|" | \\frac | cases
function   := name [ "^" power ] ( "(" arguments ")" | "|" expression "|" | bare )
bare       := numbers and names side by side, sinh 2z

Pieces, expressions and cases are those of `cases`, conditions those of `logic`.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from fractions import Fraction
from typing import NoReturn

from service.formulas.language.build import exact_value
from service.formulas.language.cases import PIECEWISE_NAMES, WORDS, PiecewiseRules
from service.formulas.language.characters import spelled
from service.formulas.language.evaluation import Evaluation
from service.formulas.language.functions import EXTREMES, FUNCTIONS
from service.formulas.language.tokens import SYNONYMS, FormulaError, Token, is_writable, tokenize
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

_LARGEST_POWER = 64
_WORDS = ("if", "else", "otherwise", "for")


def parse(text: str, variable: str = "z", parameters: Collection[str] = ()) -> Expr:
    """The formula that `text` states; FormulaError with the position and what was expected there."""
    for name in sorted(set(parameters) & _taken(variable)):
        raise FormulaError(f"`{name}` already means something in formulas; the parameter needs another name.", 1)
    letters = [name for name in (variable, "e", *parameters) if len(name) == 1]
    tokens = tokenize(*spelled(text), letters, {*_taken(variable), *WORDS, *PIECEWISE_NAMES, "sigma", *parameters})
    node = _Parser(tokens, variable, parameters).whole()
    node.check_size()
    return node


def other_readings(text: str, variable: str = "z", parameters: Collection[str] = ()) -> tuple[Expr, ...]:
    """What `text` may mean besides, under other usual conventions than those of `parse`; () where it is clear."""
    return ()


def _taken(variable: str) -> set[str]:
    return {*FUNCTIONS, *EXTREMES, *SYNONYMS, *_WORDS, "where", "e", "pi", variable}


class _Parser(PiecewiseRules):
    """The rules, one method each."""

    def whole(self) -> Expr:
        node = self._all_pieces()
        if self._next.kind != "end":
            self._fail("an operator or the end")
        return node

    def _sum(self) -> Expr:
        terms = [self._product()]
        while sign := self._accept("+", "-"):
            term = self._product()
            terms.append(term if sign.text == "+" else term.negated())
        return joined(terms, Sum)

    def _product(self) -> Expr:
        factors = [self._signed()]
        while True:
            if self._accept("*"):
                factors.append(self._signed())
            elif self._accept("/"):
                factors = _divided(factors, self._signed())
            elif self._starts_primary():
                factors.append(self._power())
            else:
                return joined(factors, Product)

    def _signed(self) -> Expr:
        sign = self._accept("+", "-")
        if sign is None:
            return self._power()
        self._deeper()
        node = self._signed()
        self._depth -= 1
        return node.negated() if sign.text == "-" else node

    def _power(self) -> Expr:
        base = self._primary()
        if not self._accept("^"):
            return base
        position, exponent = self._next.position, self._signed()
        if base == Constant("e"):
            return Call("exp", (exponent,))
        return Power(base, self._bounded(exponent, position))

    def _bounded(self, exponent: Expr, position: int) -> Expr:
        if not exponent.has_names() and not abs(Evaluation.of_constant(exponent)) <= _LARGEST_POWER:
            raise FormulaError(f"Powers go up to {_LARGEST_POWER}; see position {position}.", position)
        known = exact_value(exponent)  # z^(1+1) is z^2, for negative z, too
        return exponent if known is None else Number(known)

    def _starts_primary(self) -> bool:
        token = self._next
        if token.kind == "name":
            return not self._is_word(WORDS)
        if token.kind == "number":
            return self._last.kind != "number"
        opening = token.text in ("(", "{", "[", "\\lvert", "\\frac", "\\begin")
        if token.text == "[" and self._is_outward:
            return False
        return opening or (token.text == "|" and self._bars == 0 and self._at != self._truth_ends)

    def _primary(self) -> Expr:
        token = self._take()
        if token.kind == "number":
            return Number(Fraction(token.text))
        if token.kind == "name":
            return self._name(token)
        match token.text:
            case "(" | "{" | "[":
                return self._closed({"(": ")", "{": "}", "[": "]"}[token.text])
            case "|":
                return self._absolute()
            case "\\lvert":
                return Call("abs", (self._closed("\\rvert"),))
            case "\\frac":
                return joined(_divided([self._group()], self._group()), Product)
            case "\\begin":
                return self._cases()
        self._give_back()
        return self._fail("a number, a name or a parenthesis")

    def _closed(self, closing: str) -> Expr:
        with self._anew():
            node = self._pieces()
            self._expect(closing)
        return node

    @contextmanager
    def _anew(self) -> Iterator[None]:
        """Inside brackets a bar opens an absolute value, whatever is open outside."""
        bars, self._bars = self._bars, 0
        yield
        self._bars = bars

    def _absolute(self) -> Expr:
        self._bars += 1
        node = self._expression()
        self._expect("|")
        self._bars -= 1
        return Call("abs", (node,))

    def _group(self) -> Expr:
        self._expect("{")
        return self._closed("}")

    def _name(self, token: Token) -> Expr:
        name = token.text
        if name == self._variable or name in self._parameters:
            return Symbol(name)
        if name == "sigma":
            name = "sigmoid"
        if name in FUNCTIONS or name in EXTREMES:
            return self._application(name)
        if name in ("e", "pi"):
            return Constant(name)
        return self._piecewise(name) or self._unknown(token)

    def _application(self, name: str) -> Expr:
        exponent = None
        if self._accept("^"):
            position = self._next.position
            exponent = self._bounded(self._group() if self._next.text == "{" else self._primary(), position)
            if exponent == MINUS_ONE:
                sentence = f"{name}^-1 at position {position} is its inverse to some; 1/{name}(…) is not."
                raise FormulaError(sentence, position)
        *arguments, last = self._arguments(name)
        node: Expr = Call(name, (last,)) if not arguments else last
        for argument in reversed(arguments):
            node = Call(name, (argument, node))
        return node if exponent is None else Power(node, exponent)

    def _arguments(self, name: str) -> tuple[Expr, ...]:
        opening = self._accept("(", "{")
        if opening is None and name in EXTREMES:
            self._fail("`(`")
        if opening is None:
            bars = self._next.text == "\\lvert" or (self._next.text == "|" and self._bars == 0)
            return (self._primary() if bars else self._bare(),)
        with self._anew():
            arguments = self._listed(2 if name in EXTREMES else 1)
            self._expect(")" if opening.text == "(" else "}")
        return arguments

    def _listed(self, least: int) -> tuple[Expr, ...]:
        """`least` arguments, and where that is more than one, any number of further ones."""
        arguments = [self._expression()]
        while len(arguments) < least or (least > 1 and self._next.text == ","):
            self._expect(",")
            arguments.append(self._expression())
        return tuple(arguments)

    def _bare(self) -> Expr:
        """An argument without parentheses: numbers and names side by side, each with its power."""
        factors: list[Expr] = []
        while self._next.kind == "number" or self._is_plain_name():
            factors.append(self._power())
        if not factors:
            self._fail("an argument in parentheses")
        return joined(factors, Product)

    def _is_plain_name(self) -> bool:
        token = self._next
        known = {self._variable, "e", "pi", *self._parameters}
        return token.kind == "name" and token.text in known

    def _unknown(self, token: Token) -> NoReturn:
        known = [*FUNCTIONS, *EXTREMES, *self._parameters, self._variable, "where", "pi"]
        close = get_close_matches(token.text.lower(), known, n=5)
        letters = sorted(token.text.lower())
        close.sort(key=lambda name: sorted(name) != letters)  # letters in the wrong order are the likeliest slip
        hint = f"; did you mean {close[0]}?" if close else f"; the variable is {self._variable}."
        raise FormulaError(f"There is an unknown name at position {token.position}{hint}", token.position)


def _divided(factors: list[Expr], denominator: Expr) -> list[Expr]:
    """A product over `denominator`; a number over a number is a number."""
    match factors, denominator:
        case [Number(above)], Number(below) if below and is_writable(above / below):
            return [Number(above / below)]
    return [*factors, Power(denominator, MINUS_ONE)]
