"""Conditions as they are written: comparisons, chains, intervals, `and` and `or`.

condition  := together { "or" together }
together   := comparison { "and" comparison }
comparison := sum ("<" | "=" | …) sum { ("<" | …) sum } | sum "in" interval | "(" condition ")"
interval   := ("(" | "[" | "]") sum "," sum (")" | "]" | "[")
"""

from abc import abstractmethod
from collections.abc import Collection
from dataclasses import dataclass

from service.formulas.language.conditions import Junction, Predicate
from service.formulas.language.numbers import NumberReader
from service.formulas.language.tokens import Token
from service.formulas.language.tree import Expr, Relation

COMPARISONS = ("<", "<=", ">", ">=", "=", "!=")
BRACKETS = {"(": ")", "[": "]", "{": "}"}
SEPARATORS = (",", ";", "\\\\")
IF = {
    *("if", "for", "when", "where", "on", "wenn", "falls", "für", "fur"),
    *("si", "quand", "pour", "se", "quando", "per", "cuando"),
}
ELSE = {"else", "otherwise", "elsewhere", "sonst", "andernfalls", "sinon", "altrimenti", "True"}
AND = {"and", "und", "et", "land", "wedge"}
_OR = {"or", "oder", "ou", "lor", "vee"}
_IN = {"in", "notin"}
WORDS = (
    IF | ELSE | AND | _OR | _IN | {"then", "dann", "alors", "allora", "elif", "elseif", "no", "cup", "all", "return"}
)
"""Words that stand between formulas and belong to none."""
_EQUALITIES = {"Eq": "=", "Ne": "!="}
_INFINITIES = ("infty", "inf", "infinity", "oo", "Infinity")
_OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "=": "!=", "!=": "="}
_Side = Expr | int
"""A formula, or 1 and −1 for the infinite ones."""


@dataclass(frozen=True)
class _Interval:
    """Both ends of an interval, and the operators with which what is inside compares to them."""

    low: _Side
    above: str
    below: str
    high: _Side

    def around(self, inner: _Side) -> Predicate:
        """That `inner` lies in it."""
        return Junction(True, (_related(self.low, self.above, inner), _related(inner, self.below, self.high)))


class ConditionRules(NumberReader):
    """One method for each rule; that of sums is the parser's."""

    def __init__(self, tokens: list[Token], parameters: Collection[str]) -> None:
        super().__init__(tokens)
        self._parameters = parameters
        self._bars = 0
        self._is_outward = False
        self._has_columns = False
        self._conditions: dict[int, tuple[Expr, Predicate]] = {}

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
        return (self._next.kind == "operator" and self._next.text in COMPARISONS) or self._is_word(_IN)

    def _is_condition(self, side: _Side) -> bool:
        """Whether what follows makes `side` a part of a condition."""
        if self._is_comparison():
            return True
        joins = self._is_word(AND | _OR) or self._next.text == "|" or (self._next.text == "&" and not self._has_columns)
        return joins and self._bars == 0 and self._remembered(side) is not None

    def _remembered(self, node: _Side) -> Predicate | None:
        """The condition that `node` is 1 or 0 by; None of any other formula."""
        found = self._conditions.get(id(node))
        return None if found is None else found[1]

    def _condition(self) -> Predicate:
        return self._any(self._comparison())

    def _any(self, first: Predicate) -> Predicate:
        """`first`, and what `and` and `or` add to it."""
        parts = [self._every(first)]
        while self._word(_OR) or (self._bars == 0 and self._accept("|")):
            parts.append(self._every(self._comparison()))
        return _joined(parts, every=False)

    def _every(self, first: Predicate) -> Predicate:
        parts = [first]
        while self._takes_and():
            parts.append(self._comparison())
        return _joined(parts, every=True)

    def _takes_and(self) -> bool:
        """Take `and`, or what stands for it; but not where it stands between two rows."""
        if self._is_word(AND):
            return not self._is_followed_by_row() and self._word(AND)
        if self._has_columns:
            return self._next.text == "," and self._is_followed_by_condition() and self._accept(",") is not None
        return self._accept("&") is not None

    def _is_followed_by_row(self) -> bool:
        """Whether a value and the word in front of its condition come behind the next token."""
        for token in self._tokens[self._at + 1 :]:
            if token.text in COMPARISONS or token.text in _IN or token.kind == "end":
                return False
            if token.text in IF | ELSE:
                return True
        return False

    def _is_followed_by_condition(self) -> bool:
        """Whether a condition comes behind the next token, before the next row."""
        depth = 0
        for token in self._tokens[self._at + 1 :]:
            depth += (token.text in BRACKETS) - (token.text in BRACKETS.values())
            if token.text in COMPARISONS or (depth == 0 and token.text in WORDS):
                return True
            if depth < 0 or (depth == 0 and token.text in SEPARATORS):
                return False
        return False

    def _has_decimals(self, token: Token) -> bool:
        """Not in z>0,0 otherwise, where the comma stands between two rows."""
        found = super()._has_decimals(token)
        if found and self._at > 1 and self._tokens[self._at - 2].text in COMPARISONS:
            word, behind = self._tokens[self._at + 2], self._tokens[min(self._at + 3, len(self._tokens) - 1)]
            ends = behind.kind == "end" or behind.text in BRACKETS.values()
            return not (word.text in IF or (word.text in ELSE and ends))
        return found

    def _comparison(self) -> Predicate:
        if self._is_word(_EQUALITIES):
            return self._equality(_EQUALITIES[self._take().text])
        if self._is_word(AND | _OR):
            return self._listed_conditions(every=self._take().text in AND)
        return self._continued(self._side())

    def _listed_conditions(self, every: bool) -> Predicate:
        """Several conditions in parentheses, And(z > -1, z < 1)."""
        self._expect("(")
        parts = [self._condition()]
        while self._accept(","):
            parts.append(self._condition())
        self._expect(")")
        return _joined(parts, every)

    def _continued(self, side: _Side) -> Predicate:
        """A comparison from behind its first side on, or what stands in brackets."""
        remembered = self._remembered(side)
        return self._chain(side) if remembered is None or self._is_comparison() else remembered

    def _equality(self, operator: str) -> Predicate:
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

    def _chain(self, left: _Side) -> Predicate:
        """All comparisons of a chain, from behind its first side on."""
        if self._word({"in"}):
            return self._membership(left)
        if self._word({"notin"}):
            return _opposite(self._membership(left))
        parts = list[Predicate]()
        while operator := self._accept(*COMPARISONS):
            right = self._side()
            parts.append(_related(left, operator.text, right))
            left = right
        if not parts:
            self._fail("write a comparison such as z > 0")
        return _joined(parts, every=True)

    def _membership(self, inner: _Side) -> Predicate:
        return _joined([one.around(inner) for one in self._intervals()], every=False)

    def _intervals(self) -> list[_Interval]:
        """One interval, or the union of several."""
        found = [self._interval()]
        while self._word({"cup"}):
            found.append(self._interval())
        return found

    def _interval(self) -> _Interval:
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
        return _Interval(low, "<=" if opening.text == "[" else "<", "<=" if closing.text == "]" else "<", high)


def _related(left: _Side, operator: str, right: _Side) -> Predicate:
    """One comparison; with an infinite side it always holds, or never."""
    if isinstance(left, Expr) and isinstance(right, Expr):
        return Relation(left, operator, right)
    size = tuple(0 if isinstance(side, Expr) else side for side in (left, right))
    holds = {"<": size[0] < size[1], ">": size[0] > size[1], "!=": size[0] != size[1]}
    return Junction(holds.get(operator.removesuffix("=") if operator != "!=" else operator, False), ())


def _joined(parts: list[Predicate], every: bool) -> Predicate:
    return parts[0] if len(parts) == 1 else Junction(every, tuple(parts))


def _opposite(condition: Predicate) -> Predicate:
    """What holds where `condition` does not."""
    if isinstance(condition, Relation):
        return Relation(condition.left, _OPPOSITE[condition.operator], condition.right)
    return Junction(not condition.every, tuple(map(_opposite, condition.parts)))
