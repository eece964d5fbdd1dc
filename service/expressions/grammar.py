"""Tokens → tree, by recursive descent.

expression := sum [ "if" condition "else" expression ]
sum        := product { ("+" | "-") product }
product    := signed { ("*" | "/") signed | power }          a missing sign is a multiplication
signed     := ("+" | "-") signed | power
power      := primary [ "^" signed ]
primary    := number | name | function | "(" expression ")" | "|" expression "|" | where | \\frac | cases
function   := name [ "^" power ] ( "(" arguments ")" | bare ) bare: numbers and names side by side, sinh 2z
condition  := sum ("<" | "<=" | ">" | ">=") sum
"""

from collections.abc import Collection
from difflib import get_close_matches
from fractions import Fraction
from typing import NoReturn

from service.expressions.as_written import divided, joined, negated
from service.expressions.functions import EXTREMES, FUNCTIONS
from service.expressions.numpy_backend import constant_within
from service.expressions.size import check_size, has_names
from service.expressions.tokens import FormulaError, Token, tokenize
from service.expressions.tree import (
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
)

DEEPEST = 40
LARGEST_POWER = 64
_COMPARISONS = ("<", "<=", ">", ">=")


def parse(text: str, variable: str = "z", parameters: Collection[str] = ()) -> Node:
    """The formula that `text` states; FormulaError with the position and what was expected there."""
    parser = _Parser(tokenize(text), variable, parameters)
    node = parser.whole()
    check_size(node)
    return node


class _Parser:
    """A position in the tokens of one formula."""

    def __init__(self, tokens: list[Token], variable: str, parameters: Collection[str]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0
        self._bars = 0
        self._variable = variable
        self._parameters = parameters

    def whole(self) -> Node:
        node = self._expression()
        if self._next.kind != "end":
            self._fail("an operator or the end")
        return node

    @property
    def _next(self) -> Token:
        return self._tokens[self._at]

    def _take(self) -> Token:
        self._at += 1
        return self._tokens[self._at - 1]

    def _accept(self, *texts: str) -> Token | None:
        return self._take() if self._next.kind != "end" and self._next.text in texts else None

    def _expect(self, text: str) -> None:
        if self._accept(text) is None:
            self._fail(f"`{text}`")

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            raise FormulaError(f"A formula nests at most {DEEPEST} levels deep.", self._next.position)

    def _expression(self) -> Node:
        self._deeper()
        node = self._sum()
        if self._accept("if"):
            condition = self._condition()
            self._expect("else")
            node = Where(condition, node, self._expression())
        self._depth -= 1
        return node

    def _condition(self) -> Comparison:
        left = self._sum()
        operator = self._accept(*_COMPARISONS)
        if operator is None:
            self._fail("a comparison: <, <=, > or >=")
        return Comparison(left, operator.text, self._sum())

    def _sum(self) -> Node:
        terms = [self._product()]
        while sign := self._accept("+", "-"):
            term = self._product()
            terms.append(term if sign.text == "+" else negated(term))
        return joined(terms, Sum)

    def _product(self) -> Node:
        factors = [self._signed()]
        while True:
            if self._accept("*"):
                factors.append(self._signed())
            elif self._accept("/"):
                factors = divided(factors, self._signed())
            elif self._starts_primary():
                factors.append(self._power())
            else:
                return joined(factors, Product)

    def _signed(self) -> Node:
        sign = self._accept("+", "-")
        if sign is None:
            return self._power()
        self._deeper()
        node = self._signed()
        self._depth -= 1
        return negated(node) if sign.text == "-" else node

    def _power(self) -> Node:
        base = self._primary()
        if not self._accept("^"):
            return base
        exponent = self._exponent()
        return Call("exp", (exponent,)) if base == Constant("e") else Power(base, exponent)

    def _exponent(self) -> Node:
        position, exponent = self._next.position, self._signed()
        return self._bounded(exponent, position)

    def _bounded(self, exponent: Node, position: int) -> Node:
        if not has_names(exponent) and not constant_within(exponent, LARGEST_POWER):
            raise FormulaError(f"Powers go up to {LARGEST_POWER}; see position {position}.", position)
        return exponent

    def _starts_primary(self) -> bool:
        token = self._next
        if token.kind == "name":
            return token.text not in ("if", "else", "otherwise", "for")
        if token.kind == "number":
            return self._tokens[self._at - 1].kind != "number"
        return (
            token.kind == "number"
            or token.text in ("(", "{", "\\frac", "\\begin")
            or (token.text == "|" and self._bars == 0)
        )

    def _primary(self) -> Node:
        token = self._take()
        if token.kind == "number":
            return Number(Fraction(token.text))
        if token.kind == "name":
            return self._name(token)
        match token.text:
            case "(" | "{":
                return self._closed({"(": ")", "{": "}"}[token.text])
            case "|":
                return self._absolute()
            case "\\frac":
                return joined(divided([self._group()], self._group()), Product)
            case "\\begin":
                return self._cases()
        self._at -= 1
        return self._fail("a number, a name or a parenthesis")

    def _closed(self, closing: str) -> Node:
        bars, self._bars = self._bars, 0
        node = self._expression()
        self._expect(closing)
        self._bars = bars
        return node

    def _absolute(self) -> Node:
        self._bars += 1
        node = self._expression()
        self._expect("|")
        self._bars -= 1
        return Call("abs", (node,))

    def _group(self) -> Node:
        self._expect("{")
        return self._closed("}")

    def _name(self, token: Token) -> Node:
        name = token.text
        if name == self._variable or name in self._parameters:
            return Name(name)
        if name == "sigma" and self._next.text == "(":
            name = "sigmoid"
        if name in FUNCTIONS or name in EXTREMES:
            return self._application(name)
        if name == "where":
            return self._where()
        if name in ("e", "pi"):
            return Constant(name)
        return self._unknown(token)

    def _application(self, name: str) -> Node:
        exponent = None
        if self._accept("^"):
            position = self._next.position
            exponent = self._bounded(self._group() if self._next.text == "{" else self._primary(), position)
        arguments = self._arguments(name)
        node = Call(name, arguments)
        return node if exponent is None else Power(node, exponent)

    def _arguments(self, name: str) -> tuple[Node, ...]:
        wanted = 2 if name in EXTREMES else 1
        opening = self._accept("(", "{")
        if opening is None:
            return (self._bare(),)
        arguments = [self._expression()]
        while len(arguments) < wanted:
            self._expect(",")
            arguments.append(self._expression())
        self._expect(")" if opening.text == "(" else "}")
        return tuple(arguments)

    def _bare(self) -> Node:
        """An argument without parentheses: numbers and names side by side, each with its power."""
        factors: list[Node] = []
        while self._next.kind == "number" or self._is_plain_name():
            factors.append(self._power())
        if not factors:
            self._fail("an argument in parentheses")
        return joined(factors, Product)

    def _is_plain_name(self) -> bool:
        token = self._next
        known = {self._variable, "e", "pi", *self._parameters}
        return token.kind == "name" and token.text in known

    def _where(self) -> Node:
        self._expect("(")
        condition = self._condition()
        self._expect(",")
        then = self._expression()
        self._expect(",")
        otherwise = self._expression()
        self._expect(")")
        return Where(condition, then, otherwise)

    def _cases(self) -> Node:
        rows: list[tuple[Node, Comparison | None]] = []
        while self._accept("\\end") is None:
            value = self._expression()
            self._expect("&")
            self._accept("if", "for")
            rows.append((value, None if self._accept("otherwise", "else") else self._condition()))
            self._accept("\\\\")
        if len(rows) < 2:
            self._fail("two cases at least")
        node = rows[-1][0]
        for value, condition in reversed(rows[:-1]):
            if condition is None:
                self._fail("`otherwise` in the last case only")
            node = Where(condition, value, node)
        return node

    def _unknown(self, token: Token) -> NoReturn:
        known = [*FUNCTIONS, *EXTREMES, *self._parameters, self._variable, "where", "pi"]
        close = get_close_matches(token.text.lower(), known, n=5)
        letters = sorted(token.text.lower())
        close.sort(key=lambda name: sorted(name) != letters)  # letters in the wrong order are the likeliest slip
        hint = f"; did you mean {close[0]}?" if close else f"; the variable is {self._variable}."
        raise FormulaError(f"There is an unknown name at position {token.position}{hint}", token.position)

    def _fail(self, expected: str) -> NoReturn:
        position = self._next.position
        where = "at the end" if self._next.kind == "end" else f"at position {position}"
        raise FormulaError(f"{expected[0].upper()}{expected[1:]} was expected {where}.", position)
