"""What is written in pieces: rows of values and conditions, cases, if … else.

pieces     := value row-condition { separator value row-condition }      1 if z>0, 0 otherwise; {1, z>0; 0, z<0}
            | condition [ "?" expression ":" pieces ]                     [z>0], which is 1 or 0; (z>0) ? 1 : 0
            | condition ":" value { separator condition ":" value }       z>0: 1, z<=0: 0
            | "if" condition "then" expression "else" expression
expression := sum [ "if" condition "else" expression | "?" expression ":" pieces ]
"""

from abc import abstractmethod
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager

from service.formulas.language.conditions import Case, Predicate, assembled, chosen
from service.formulas.language.logic import AND, BRACKETS, ELSE, IF, SEPARATORS, ConditionRules
from service.formulas.language.tokens import FormulaError, Token
from service.formulas.language.tree import ONE, ZERO, Expr, Product, Symbol, Where, joined
from service.formulas.language.write import plain

_START = {"if", "If", "IF", "wenn", "si", "se"}
_THEN = {"then", "dann", "alors", "allora"}
_ELSE_IF = {"elif", "elseif"}
_MOST_ROWS = 16


class CaseRules(ConditionRules):
    """One method for each rule; that of sums is the parser's."""

    def __init__(self, tokens: list[Token], variable: str, parameters: Collection[str]) -> None:
        super().__init__(tokens, parameters)
        self._variable = variable
        self._truth_ends = -1

    @abstractmethod
    def _anew(self, in_list: bool = False) -> AbstractContextManager[None]: ...

    def _expression(self) -> Expr:
        self._deeper()
        node = self._decided() if self._is_word(_START) else self._alternative(self._sum())
        self._depth -= 1
        return node

    def _alternative(self, value: Expr) -> Expr:
        """What `if … else` or `? :` make of the value in front of them."""
        if self._next.text == "?" and self._remembered(value) is not None:
            return self._ternary(value)
        if not self._word({"if"}):
            return value
        condition = self._condition()
        if not self._word(ELSE):
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
        if self._is_word(_START):
            node = self._decided()
        else:
            value = self._sum()
            node = self._judged(value) if self._is_condition(value) else self._rows(value)
        self._depth -= 1
        return node

    def _all_pieces(self) -> Expr:
        """What stands alone; a condition does not."""
        alone = self._accept("{", "(") if self._is_open_to_the_end() else None
        node = self._pieces()
        if alone and not isinstance(node, Where):
            self._close(alone, BRACKETS[alone.text])
        if self._remembered(node) is not None and self._last.text not in BRACKETS.values():
            sentence = "A condition alone is no formula: write where(z > 0, 1, 0), with a value for either case."
            raise FormulaError(sentence, self._last.position)
        return node

    def _is_open_to_the_end(self) -> bool:
        """Whether the formula begins with a brace in front of all its pieces, { 1 if z > 0, 0 if z < 0."""
        depth = 0
        for token in self._tokens:
            depth += (token.text in BRACKETS) - (token.text in BRACKETS.values())
            if depth <= 0 and token.kind != "end":
                return False
        return self._next.text in ("{", "(")

    def _judged(self, left: Expr) -> Expr:
        """What is made of the condition that begins with `left`: a choice, pieces, or 1 where it holds and 0 else."""
        truth = self._truth(left)
        condition = self._remembered(truth)
        if self._next.text == ":" and condition is not None:
            return self._assigned(condition)
        return self._ternary(truth)

    def _truth(self, left: Expr) -> Expr:
        condition = self._any(self._continued(left))
        node = chosen(condition, ONE, ZERO, self._variable)
        self._conditions[id(node)] = node, condition
        self._truth_ends = self._at + 1
        return node

    def _decided(self) -> Expr:
        """If z > 0 then 1 else 0, and if(z > 0, 1, 0)."""
        self._take()
        if self._next.text in ("(", "[") and self._has_separator():
            return self._bracketed(self._choice)
        return self._assigned(self._condition())

    def _assigned(self, condition: Predicate) -> Expr:
        """Pieces whose conditions stand in front of their values, from behind the first condition on."""
        rows, position = list[Case](), self._last.position
        while True:
            if not self._word(_THEN):
                self._accept(":", ",")
            self._word({"return"})
            rows.append(Case(self._expression(), condition, position))
            self._accept(*SEPARATORS)
            if self._word(ELSE):
                rows.append(self._rest(position))
                break
            if self._ends() or len(rows) > _MOST_ROWS:
                break
            self._word(_ELSE_IF | IF)
            position, condition = self._next.position, self._condition()
        return self._together(rows)

    def _rest(self, position: int) -> Case:
        """What holds everywhere else, from behind the word that says so on."""
        self._accept(":", ",")
        self._word({"return"})
        return Case(self._expression(), None, position)

    def _has_separator(self) -> bool:
        """Whether the brackets that open next have a comma of their own."""
        depth = 0
        for token in self._tokens[self._at :]:
            depth += (token.text in BRACKETS) - (token.text in BRACKETS.values())
            if depth <= 1 and token.text in (",", ";"):
                return depth == 1
            if depth <= 0:
                return False
        return False

    def _rows(self, value: Expr) -> Expr:
        """All pieces, where `value` is that of the first one; the value itself where it is followed by no condition."""
        rows, position = list[Case](), self._last.position
        while row := self._row(value, position, is_first=not rows):
            rows.append(row)
            parted = self._accept(*SEPARATORS) is not None
            parted = self._word(AND) or parted  # 1 if z>0, and 0 if z<0
            if self._word(ELSE):
                rows.append(self._rest(position))
                break
            if not parted or self._ends():
                break
            value, position = self._sum(), self._next.position
        return self._together(rows) if rows else self._alternative(value)

    def _together(self, rows: list[Case]) -> Expr:
        if len(rows) < 2:
            self._fail("write another piece, such as 0 otherwise")
        if len(rows) > _MOST_ROWS:
            self._fail(f"at most {_MOST_ROWS} pieces are read")
        return assembled(rows, self._variable, plain)

    def _ends(self) -> bool:
        return self._next.kind == "end" or self._next.text in (*BRACKETS.values(), "\\end")

    def _row(self, value: Expr, position: int, is_first: bool = False) -> Case | None:
        """A row, by what is behind its value; None where that is no condition."""
        if isinstance(value, Product) and (self._next.text in SEPARATORS or (self._ends() and not is_first)):
            condition = self._remembered(value.factors[-1])
            if condition is not None:
                return Case(joined(value.factors[:-1], Product), condition, position)
        in_column = self._has_columns and self._next.text in ("&", ",")
        behind = self._next.text in (",", ":", "&") and self._is_followed_by_condition()
        if not (self._is_word(IF | ELSE) or in_column or behind):
            return None
        while self._accept(",", ":", "&"):
            pass
        return Case(value, self._row_condition(), position)

    def _row_condition(self) -> Predicate | None:
        """The condition of a row, None for everywhere else."""
        while self._word(IF - {"si", "on"}) or self._accept(":", "&", ",") or self._word({"all"}):
            pass
        if self._word({"on"}):
            return self._membership(Symbol(self._variable))
        if self._word({"si"}) and self._word({"no"}):
            return None
        return None if self._word(ELSE) else self._condition()

    def _cases(self) -> Expr:
        """The rows of a LaTeX environment."""
        rows = list[Case]()
        with self._anew():
            outside, self._has_columns = self._has_columns, True
            while self._accept("\\end") is None:
                rows.append(self._case())
            self._has_columns = outside
        return self._together(rows)

    def _case(self) -> Case:
        while self._accept("&"):
            pass
        position, value = self._next.position, self._sum()
        row = self._turned(value, position) if self._is_condition(value) else self._row(value, position)
        if row is None:
            self._fail("write & and a condition, as in 1 & z > 0")
        self._accept(",", ";")
        self._accept("\\\\")
        return row

    def _turned(self, left: Expr, position: int) -> Case:
        """A row whose condition stands in the first column."""
        condition = self._any(self._continued(left))
        self._accept(":", ",")
        self._expect("&")
        return Case(self._sum(), condition, position)

    def _bracketed(self, rule: Callable[[], Expr]) -> Expr:
        opening = self._take()
        with self._anew(in_list=True):
            node = rule()
            self._close(opening, BRACKETS[opening.text])
        return node

    def _choice(self) -> Expr:
        condition = self._condition()
        self._part()
        then = self._expression()
        self._part()
        return chosen(condition, then, self._expression(), self._variable)

    def _part(self) -> None:
        if self._accept(",", ";") is None:
            self._fail("write “,” here")
