"""Powers and roots: what is raised, where an exponent ends, and what stands below a root."""

from abc import abstractmethod
from fractions import Fraction
from itertools import takewhile
from math import gcd

from service.formulas.language.arguments import ArgumentReader
from service.formulas.language.build import exact_value
from service.formulas.language.evaluation import Evaluation
from service.formulas.language.forms import divided, raised
from service.formulas.language.tokens import FormulaError, Token
from service.formulas.language.tree import Call, Constant, Expr, Number, Product, Sum, Symbol, joined
from service.formulas.language.words import Words

_LARGEST_POWER = 64
_BRACKETS = ("(", "{", "[")
_LONGEST_DIVISOR = 16  # tokens


class PowerRules(ArgumentReader):
    """One method for each rule; that of products is the parser's."""

    def __init__(self, tokens: list[Token], words: Words, conventions: frozenset[str]) -> None:
        super().__init__(tokens, words, conventions)
        self._raising = False

    @abstractmethod
    def _signed(self) -> Expr: ...

    def _power(self) -> Expr:
        base = self._postfixed(self._primary())
        while self._accept("^"):
            position, braced = self._next.position, self._next.text == "{"
            exponent = self._exponent_of(base)
            base = raised(base, exponent if base == Constant("e") else self._bounded(exponent, position))
            if braced and self._next.text == "^":
                self._fail("two exponents stand one above the other; write parentheses around the power")
            if "tower" not in self._conventions:
                break
        return base

    def _postfixed(self, node: Expr) -> Expr:
        """`node` with what is written behind it: z.pow(2), (z)_+ and z^+."""
        while True:
            match self._ahead(4):
                case [Token(text="."), Token(kind="name") as name, Token(text="("), *_]:
                    self._at += 2
                    node = self._method(node, name)
                case [Token(text="_" | "^"), Token(text="{"), Token(text="+"), Token(text="}")]:
                    self._at += 4
                    node = Call("relu", (node,))
                case [Token(text="_"), Token(text="+"), *_]:
                    self._at += 2
                    node = Call("relu", (node,))
                case [Token(text="^"), Token(text="+", apart=False), Token() as behind, *_] if (
                    behind.apart or behind.kind not in ("number", "name")
                ):
                    self._at += 2
                    node = Call("relu", (node,))
                case _:
                    return node

    def _exponent_of(self, base: Expr) -> Expr:
        braced = self._next.text == "{"
        if not braced and self._may_be_tower() and self._takes("tower"):
            return self._primary()
        inside, self._raising = self._raising, True
        node = self._closed(self._take()) if braced else self._signed()
        if self._last.text not in (")", "]") and not (braced and (base != Constant("e") or node.has_names())):
            node = self._widened(node, base, inside)
        self._raising = inside
        return node

    def _may_be_tower(self) -> bool:
        return self._next.text in _BRACKETS or self._ahead(2)[-1].text == "^"

    def _widened(self, node: Expr, base: Expr, inside: bool) -> Expr:
        """An exponent with what belongs to it by other conventions: e^2z, z^1/2, e^-1/2z², z^n-1."""
        node = self._run_on(node, base)
        if not inside and self._has_divisor(node, base) and self._takes("quotient"):
            self._take()
            node = self._run_on(joined(divided([node], self._divisor()), Product), base)
        match self._ahead(2):
            case [Token(text="-" | "+", apart=False) as sign, Token(kind="number", apart=False) as number] if (
                isinstance(node, Symbol) and node.name in self._words.parameters and self._takes("difference")
            ):
                self._at += 2
                term = self._number(number)
                return joined([node, term if sign.text == "+" else term.negated()], Sum)
        return node

    def _divisor(self) -> Expr:
        """What an exponent is divided by: a number, or brackets or names with what belongs to them, 2s²."""
        factors = [self._primary() if self._next.kind == "number" else self._power()]
        while self._is_fixed(self._next) and not self._next.apart and self._takes("below"):
            factors.append(self._power())
        return joined(factors, Product)

    def _is_fixed(self, token: Token) -> bool:
        """Whether it is the name of a parameter or a constant."""
        return token.kind == "name" and token.text != self._words.letter and self._words.is_plain(token.text)

    def _run_on(self, node: Expr, base: Expr) -> Expr:
        while self._goes_on(node, base) and self._takes("exponent"):
            node = joined([node, self._power()], Product)
        return node

    def _goes_on(self, exponent: Expr, base: Expr) -> bool:
        """Whether a factor follows, behind a blank only where the variable has not come yet: e^2z, e^-2(z-1)."""
        token, behind = self._next, self._ahead(2)[-1]
        if base.depends_on(self._words.variable):
            return token.text == "(" and not token.apart and behind.text in self._words.parameters
        if token.text in ("ln", "log"):
            return base == Constant("e")  # e^z ln 2
        if token.apart and exponent.depends_on(self._words.variable):
            return False
        if token.text == "(" or self._opens_bars():
            return True
        if token.kind == "number":
            return self._last.kind != "number" and not token.apart
        return token.kind == "name" and self._words.is_plain(token.text)

    def _has_divisor(self, node: Expr, base: Expr) -> bool:
        """Whether what an exponent may be divided by follows: a number, below one that has no common divisor."""
        before, (sign, *rest) = self._last, self._ahead(2)
        if sign.text != "/" or not rest:
            return False
        if base == Constant("e") or (node.depends_on(self._words.variable) and not base.has_names()):
            return rest[0].kind == "number" or self._words.is_plain(rest[0].text) or self._has_fixed_brackets()
        if not (isinstance(node, Number) and before.kind == "number" and rest[0].text.isdigit()):
            return False
        return node.value.denominator == 1 == gcd(node.value.numerator, int(rest[0].text))

    def _has_fixed_brackets(self) -> bool:
        """Whether brackets without the variable open behind the next token, as in e^-z²/(2s²)."""
        opening, *inside = self._tokens[self._at + 1 : self._at + _LONGEST_DIVISOR]
        if opening.text != "(":
            return False
        inside = list(takewhile(lambda token: token.text != ")", inside))
        return all(token.kind in ("operator", "number") or self._is_fixed(token) for token in inside)

    def _bounded(self, exponent: Expr, position: int) -> Expr:
        if not exponent.has_names() and not abs(Evaluation.of_constant(exponent)) <= _LARGEST_POWER:
            raise FormulaError(f"Powers go up to {_LARGEST_POWER}; see position {position}.", position)
        known = exact_value(exponent)  # z^(1+1) is z^2, for negative z, too
        return exponent if known is None else Number(known)

    def _continues(self) -> bool:
        """Whether a number or name follows without a blank."""
        token = self._next
        return not token.apart and (token.kind == "number" or self._words.is_plain(token.text))

    def _degree_before(self) -> int:
        """The degree of a root that stands before its sign, ³√z, both taken; 0 where there is none."""
        match self._ahead(4):
            case [Token(text="{"), Token(kind="number") as degree, Token(text="}"), Token(text="\\surd")]:
                self._at += 4
                return self._degree(Number(Fraction(degree.text)), degree)
        return 0

    def _is_constant(self, token: Token) -> bool:
        return token.kind == "name" and (token.text == "pi" or token.text in self._words.parameters) and not token.apart

    def _radicand(self, token: Token) -> Expr:
        """What stands below a root without braces: one number or letter, by another convention all that follows."""
        constants = self._next.kind == "number" and self._is_constant(self._ahead(2)[-1])
        if constants and self._takes("radical"):
            node = self._single(whole=True)
            while self._is_constant(self._next):
                node = joined([node, self._primary()], Product)
            return node
        self._deeper()
        if self._next.text in _BRACKETS or not self._takes("root"):
            node = self._single(whole=token.text != "\\sqrt")
        else:
            node = self._with_sum(self._bare(token))
        self._depth -= 1
        return node

    def _fraction(self, token: Token) -> Expr:
        if self._next.text == "{" and self._ahead(2)[-1].text in ("d", "partial"):
            self._fail("write the derivative out", token)
        above, below = self._single(), self._single()
        self._check_digits(token, "\\frac{…}{…}")
        return joined(divided([above], below), Product)

    def _check_digits(self, token: Token, instead: str) -> None:
        """Refuse further digits behind a single one, \\frac123 and \\sqrt12."""
        if self._last.kind == "number" and self._next.kind == "number" and not self._next.apart:
            self._fail(f"write {instead}", token, "needs braces")

    def _root(self, token: Token) -> Expr:
        opening = self._accept("[")
        degree = self._degree(self._closed(opening), opening) if opening else 2
        radicand = self._radicand(token)
        self._check_digits(token, "\\sqrt{…}")
        return self._real_root(radicand, degree, token)

    def _has_degree(self) -> bool:
        match self._ahead(4):
            case [Token(text="["), Token(kind="number"), Token(text="]"), Token(text="{")]:
                return True
            case [Token(text="["), Token(text=degree), Token(text="]"), Token(text="(", apart=False)] if (
                degree.isdigit()
            ):
                self._fail(f"write (…)^(1/{degree}), or sqrt({degree})*(…)", self._last, "is not clear here")
        return False
