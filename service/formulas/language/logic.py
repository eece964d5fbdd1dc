"""Conditions as they are written: comparisons, chains, intervals, `and` and `or`.

condition  := together { "or" together }
together   := comparison { "and" comparison }
comparison := sum ("<" | "=" | …) sum { ("<" | …) sum } | sum "in" interval | "(" condition ")"
interval   := ("(" | "[" | "]") sum "," sum (")" | "]" | "[")
"""

from abc import abstractmethod
from collections.abc import Collection

from service.formulas.language.conditions import Condition, Junction
from service.formulas.language.numbers import NumberReader
from service.formulas.language.tokens import Token
from service.formulas.language.tree import Expr, Relation

COMPARISONS = ("<", "<=", ">", ">=", "=", "!=")
AND = {"and", "und", "et", "land", "wedge"}
OR = {"or", "oder", "ou", "lor", "vee"}
_EQUALITIES = {"Eq": "=", "Ne": "!="}
_INFINITIES = ("infty", "inf", "infinity", "oo", "Infinity")
_Side = Expr | int
"""A formula, or 1 and −1 for the infinite ones."""


class ConditionRules(NumberReader):
    """One method for each rule; that of sums is the parser's."""

    def __init__(self, tokens: list[Token], parameters: Collection[str]) -> None:
        super().__init__(tokens)
        self._parameters = parameters
        self._bars = 0
        self._is_outward = False
        self._has_columns = False
        self._conditions: dict[int, tuple[Expr, Condition]] = {}

    @abstractmethod
    def _sum(self) -> Expr: ...

    def _is_word(self, words: Collection[str]) -> bool:
        """Whether the next token is one of these words."""
        token = self._next
        if token.text == "where" and self._tokens[self._at + 1].text in ("(", "["):
            return False
        return token.kind == "name" and token.text in words and token.text not in self._parameters

    def _word(self, words: Collection[str]) -> bool:
        found = self._is_word(words)
        if found:
            self._take()
        return found

    def _is_comparison(self) -> bool:
        return (self._next.kind == "operator" and self._next.text in COMPARISONS) or self._is_word({"in"})

    def _is_condition(self, side: _Side) -> bool:
        """Whether what follows makes `side` a part of a condition."""
        if self._is_comparison():
            return True
        joins = self._is_word(AND | OR) or self._next.text == "|" or (self._next.text == "&" and not self._has_columns)
        return joins and self._bars == 0 and self._remembered(side) is not None

    def _remembered(self, node: _Side) -> Condition | None:
        """The condition that `node` is 1 or 0 by; None of any other formula."""
        found = self._conditions.get(id(node))
        return None if found is None else found[1]

    def _condition(self) -> Condition:
        return self._any(self._comparison())

    def _any(self, first: Condition) -> Condition:
        """`first`, and what `and` and `or` add to it."""
        parts = [self._every(first)]
        while self._word(OR) or (self._bars == 0 and self._accept("|")):
            parts.append(self._every(self._comparison()))
        return _joined(parts, every=False)

    def _every(self, first: Condition) -> Condition:
        parts = [first]
        while self._word(AND) or (not self._has_columns and self._accept("&")):
            parts.append(self._comparison())
        return _joined(parts, every=True)

    def _comparison(self) -> Condition:
        if self._is_word(_EQUALITIES):
            return self._equality(_EQUALITIES[self._take().text])
        return self._continued(self._side())

    def _continued(self, side: _Side) -> Condition:
        """A comparison from behind its first side on, or what stands in brackets."""
        remembered = self._remembered(side)
        return self._chain(side) if remembered is None or self._is_comparison() else remembered

    def _equality(self, operator: str) -> Condition:
        self._expect("(")
        left = self._sum()
        self._expect(",")
        right = self._sum()
        self._expect(")")
        return Relation(left, operator, right)

    def _side(self) -> _Side:
        sign = self._next if self._next.text in ("+", "-") else None
        first = self._next if sign is None else self._tokens[self._at + 1]
        if first.kind != "name" or first.text not in _INFINITIES:
            return self._sum()
        self._at += 1 if sign is None else 2
        return -1 if sign is not None and sign.text == "-" else 1

    def _chain(self, left: _Side) -> Condition:
        """All comparisons of a chain, from behind its first side on."""
        if self._word({"in"}):
            return self._membership(left)
        parts = list[Condition]()
        while operator := self._accept(*COMPARISONS):
            right = self._side()
            parts.append(_related(left, operator.text, right))
            left = right
        if not parts:
            self._fail("write a comparison such as z > 0")
        return _joined(parts, every=True)

    def _membership(self, inner: _Side) -> Condition:
        parts = [self._interval(inner)]
        while self._word({"cup"}):
            parts.append(self._interval(inner))
        return _joined(parts, every=False)

    def _interval(self, inner: _Side) -> Condition:
        opening = self._accept("(", "[", "]")
        if opening is None:
            self._fail("write an interval such as (-1, 1)")
        outside, self._in_list = self._in_list, True
        low = self._side()
        if self._accept(",", ";") is None:
            self._fail("write a comma between the ends of the interval")
        self._is_outward = True
        high = self._side()
        self._is_outward, self._in_list = False, outside
        closing = self._accept(")", "]", "[")
        if closing is None:
            self._fail("write ) or ] behind the interval")
        above = _related(low, "<=" if opening.text == "[" else "<", inner)
        return Junction(True, (above, _related(inner, "<=" if closing.text == "]" else "<", high)))


def _related(left: _Side, operator: str, right: _Side) -> Condition:
    """One comparison; with an infinite side it always holds, or never."""
    if isinstance(left, Expr) and isinstance(right, Expr):
        return Relation(left, operator, right)
    size = tuple(0 if isinstance(side, Expr) else side for side in (left, right))
    holds = {"<": size[0] < size[1], ">": size[0] > size[1], "!=": size[0] != size[1]}
    return Junction(holds.get(operator.removesuffix("=") if operator != "!=" else operator, False), ())


def _joined(parts: list[Condition], every: bool) -> Condition:
    return parts[0] if len(parts) == 1 else Junction(every, tuple(parts))
