"""What is written in pieces: cases, if … else, Piecewise, step functions, indicators.

pieces     := value row-condition { separator value row-condition }      1 if z>0, 0 otherwise; {1, z>0; 0, z<0}
            | condition [ "?" expression ":" pieces ]                     [z>0], which is 1 or 0; (z>0) ? 1 : 0
            | "if" condition "then" expression "else" expression
expression := sum [ "if" condition "else" expression | "?" expression ":" pieces ]
"""

from abc import abstractmethod
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager

from service.formulas.language.conditions import Condition, Row, assembled, chosen
from service.formulas.language.logic import AND, COMPARISONS, OR, ConditionRules
from service.formulas.language.tokens import FormulaError, Token
from service.formulas.language.tree import ONE, ZERO, Expr, Product, Relation, Where, joined
from service.formulas.language.write import plain

_IF = {"if", "for", "when", "where", "wenn", "falls", "für", "fur", "si", "quand", "pour", "se", "quando", "per"}
_ELSE = {"else", "otherwise", "elsewhere", "sonst", "andernfalls", "sinon", "altrimenti", "True"}
_ELSE_IF = {"elif", "elseif", "elsif"}
_THEN = {"then", "dann", "alors", "entonces", "allora"}
WORDS = _IF | _ELSE | _ELSE_IF | _THEN | AND | OR | {"in", "no", "cup"}
"""Words that stand between formulas and belong to none."""
_STEPS = {"H", "Heaviside", "heaviside", "HeavisideTheta", "UnitStep", "theta", "Theta", "u", "step"}
_CHOICES = {"where", "if", "If", "IF", "ifelse"}
_LISTS = {"Piecewise", "piecewise"}
_INDICATORS = {"indicator", "I", "Boole"}
PIECEWISE_NAMES = _STEPS | _CHOICES | _LISTS | _INDICATORS
_BRACKETS = {"(": ")", "[": "]", "{": "}"}
_SEPARATORS = (",", ";", "\\\\")
_MOST_ROWS = 16


class PiecewiseRules(ConditionRules):
    """One method for each rule; that of sums is the parser's."""

    def __init__(self, tokens: list[Token], variable: str, parameters: Collection[str]) -> None:
        super().__init__(tokens, parameters)
        self._variable = variable
        self._truth_ends = -1

    @abstractmethod
    def _anew(self, in_list: bool = False) -> AbstractContextManager[None]: ...

    def _expression(self) -> Expr:
        self._deeper()
        node = self._decided() if self._is_word({"if", "If"}) else self._alternative(self._sum())
        self._depth -= 1
        return node

    def _alternative(self, value: Expr) -> Expr:
        """What `if … else` or `? :` make of the value in front of them."""
        if self._next.text == "?" and self._remembered(value) is not None:
            return self._ternary(value)
        if not self._word({"if"}):
            return value
        condition = self._condition()
        if not self._word(_ELSE):
            self._fail("write else, and what holds there")
        return chosen(condition, value, self._expression(), self._variable)

    def _ternary(self, truth: Expr) -> Expr:
        condition = self._remembered(truth)
        if condition is None or not self._accept("?"):
            return truth
        then = self._expression()
        self._expect(":")
        return chosen(condition, then, self._pieces(), self._variable)

    def _pieces(self) -> Expr:
        """What stands in brackets: an expression, pieces of one, or a condition, which is 1 or 0."""
        self._deeper()
        if self._is_word({"if", "If"}):
            node = self._decided()
        else:
            value = self._sum()
            node = self._ternary(self._truth(value)) if self._is_condition(value) else self._rows(value)
        self._depth -= 1
        return node

    def _all_pieces(self) -> Expr:
        """What stands alone; a condition does not."""
        node = self._pieces()
        if self._remembered(node) is not None and self._last.text not in _BRACKETS.values():
            sentence = "A condition alone is no formula: write where(z > 0, 1, 0), with a value for either case."
            raise FormulaError(sentence, self._last.position)
        return node

    def _truth(self, left: Expr) -> Expr:
        condition = self._any(self._continued(left))
        node = chosen(condition, ONE, ZERO, self._variable)
        self._conditions[id(node)] = node, condition
        self._truth_ends = self._at + 1
        return node

    def _decided(self) -> Expr:
        """If z > 0 then 1 else 0, and if(z > 0, 1, 0)."""
        position = self._take().position
        if self._next.text in ("(", "[") and self._has_comma():
            return self._bracketed(self._choice)
        rows = list[Row]()
        while True:
            condition = self._condition()
            if not self._word(_THEN):
                self._accept(":", ",")
            rows.append(Row(self._expression(), condition, position))
            self._accept(",", ";")
            if self._word(_ELSE):
                self._accept(":", ",")
                return self._together([*rows, Row(self._expression(), None, position)])
            if not self._word(_ELSE_IF | {"if"}):
                return self._together(rows)

    def _has_comma(self) -> bool:
        """Whether the brackets that open next have a comma of their own."""
        depth = 0
        for token in self._tokens[self._at :]:
            depth += (token.text in _BRACKETS) - (token.text in _BRACKETS.values())
            if depth <= 1 and token.text == ",":
                return depth == 1
            if depth <= 0:
                return False
        return False

    def _rows(self, value: Expr) -> Expr:
        """All pieces, where `value` is that of the first one; the value itself where it is followed by no condition."""
        rows, position = list[Row](), self._last.position
        while row := self._row(value, position, is_first=not rows):
            rows.append(row)
            parted = self._accept(*_SEPARATORS)
            if self._word(_ELSE):
                self._accept(":", ",")
                rows.append(Row(self._expression(), None, position))
                break
            if parted is None or self._ends():
                break
            value, position = self._sum(), self._next.position
        return self._together(rows) if rows else self._alternative(value)

    def _together(self, rows: list[Row]) -> Expr:
        if len(rows) < 2:
            self._fail("write another piece, such as 0 otherwise")
        if len(rows) > _MOST_ROWS:
            self._fail(f"at most {_MOST_ROWS} pieces are read")
        return assembled(rows, self._variable, plain)

    def _ends(self) -> bool:
        return self._next.kind == "end" or self._next.text in (*_BRACKETS.values(), "\\end")

    def _row(self, value: Expr, position: int, is_first: bool = False) -> Row | None:
        """A row, by what is behind its value; None where that is no condition."""
        if isinstance(value, Product) and (self._next.text in _SEPARATORS or (self._ends() and not is_first)):
            condition = self._remembered(value.factors[-1])
            if condition is not None:
                return Row(joined(value.factors[:-1], Product), condition, position)
        if not (self._is_word(_IF | _ELSE) or (self._next.text in (",", ":", "&") and self._has_condition())):
            return None
        while self._accept(",", ":", "&"):
            pass
        return Row(value, self._row_condition(), position)

    def _row_condition(self) -> Condition | None:
        """The condition of a row, None for everywhere else."""
        while self._word(_IF - {"si"}) or self._accept(":", "&"):
            pass
        if self._word({"si"}) and self._word({"no"}):
            return None
        return None if self._word(_ELSE) else self._condition()

    def _has_condition(self) -> bool:
        """Whether a condition follows before the next row."""
        depth = 0
        for token in self._tokens[self._at + 1 :]:
            depth += (token.text in _BRACKETS) - (token.text in _BRACKETS.values())
            if depth == 0 and (token.text in COMPARISONS or token.text in WORDS):
                return True
            if depth < 0 or (depth == 0 and token.text in _SEPARATORS):
                return False
        return False

    def _cases(self) -> Expr:
        """The rows of a LaTeX environment."""
        rows = list[Row]()
        with self._anew():
            outside, self._has_columns = self._has_columns, True
            while self._accept("\\end") is None:
                rows.append(self._case())
            self._has_columns = outside
        return self._together(rows)

    def _case(self) -> Row:
        position = self._next.position
        row = self._row(self._expression(), position)
        if row is None:
            self._fail("write & and a condition, as in 1 & z > 0")
        self._accept(",", ";")
        self._accept("\\\\")
        return row

    def _piecewise(self, name: str) -> Expr | None:
        """What a name of pieces states; None where `name` is none."""
        opens = self._next.text in _BRACKETS
        if name in _INDICATORS and (opens or self._next.text == "_"):
            return self._indicator()
        if not opens:
            return None
        if name in _CHOICES:
            return self._bracketed(self._choice)
        if name in _LISTS:
            return self._bracketed(self._listed_pieces)
        return self._bracketed(self._step) if name in _STEPS else None

    def _bracketed(self, rule: Callable[[], Expr]) -> Expr:
        opening = self._take()
        with self._anew(in_list=True):
            node = rule()
            self._close(opening, _BRACKETS[opening.text])
        return node

    def _choice(self) -> Expr:
        condition = self._condition()
        self._expect(",")
        then = self._expression()
        self._expect(",")
        return chosen(condition, then, self._expression(), self._variable)

    def _step(self) -> Expr:
        """1 above 0 and 0 below; at 0 what a second argument says."""
        inner = self._expression()
        positive = Relation(inner, ">", ZERO)
        if not self._accept(","):
            return Where(positive, ONE, ZERO)
        return Where(positive, ONE, Where(Relation(inner, "<", ZERO), ZERO, self._expression()))

    def _indicator(self) -> Expr:
        self._accept("_")
        if self._next.text not in _BRACKETS:
            self._fail("write a condition in brackets, as in 1_{z>0}")
        node = self._bracketed(self._pieces)
        if self._remembered(node) is None:
            self._fail("write a comparison such as z > 0 in the brackets of an indicator")
        if self._next.text == "(" and self._tokens[self._at + 1].text == self._variable:
            sentence = (
                f"It is not clear whether ({self._variable}) multiplies this indicator: leave it out, or write *."
            )
            raise FormulaError(sentence, self._next.position)
        return node

    def _listed_pieces(self) -> Expr:
        """Piecewise((1, z > 0), (0, True)), Piecewise[{{1, z > 0}}, 0] or piecewise(z > 0, 1, 0)."""
        if self._next.text == "{" and self._tokens[self._at + 1].text == "{":
            self._take()
            rows = self._listed_rows(self._pair)
            self._expect("}")
            rows.append(Row(self._expression() if self._accept(",") else ZERO, None, self._last.position))
        elif self._next.text in _BRACKETS and self._has_comma():
            rows = self._listed_rows(self._pair)
        else:
            rows = self._listed_rows(self._alternating)
        return self._together(rows)

    def _listed_rows(self, rule: Callable[[], Row]) -> list[Row]:
        rows = [rule()]
        while self._accept(","):
            rows.append(rule())
        return rows

    def _pair(self) -> Row:
        """(value, condition)."""
        position, opening = self._next.position, self._accept(*_BRACKETS)
        if opening is None:
            self._fail("write a piece such as (1, z > 0)")
        value = self._expression()
        self._expect(",")
        row = Row(value, self._row_condition(), position)
        self._expect(_BRACKETS[opening.text])
        return row

    def _alternating(self) -> Row:
        """A condition, and its value behind a comma; or the value for everywhere else."""
        position, value = self._next.position, self._sum()
        if not self._is_condition(value) and self._remembered(value) is None:
            return Row(value, None, position)
        condition = self._any(self._continued(value))
        self._expect(",")
        return Row(self._expression(), condition, position)
