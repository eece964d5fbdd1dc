"""Functions in pieces by their names: where, Piecewise, step functions, indicators."""

from collections.abc import Callable

from service.formulas.language.cases import CaseRules
from service.formulas.language.conditions import Case, Junction, chosen
from service.formulas.language.logic import BRACKETS
from service.formulas.language.tokens import FormulaError, Token
from service.formulas.language.tree import ONE, ZERO, Expr, Relation, Symbol, Where

_STEPS = {"H", "Heaviside", "heaviside", "HeavisideTheta", "UnitStep", "theta", "Theta", "u", "step"}
_CHOICES = {"where", "if", "If", "IF", "ifelse"}
_LISTS = {"Piecewise", "piecewise"}
_INDICATORS = {"indicator", "I", "Boole", "chi"}
_CONVERSIONS = {"float", "int"}
PIECEWISE_NAMES = _STEPS | _CHOICES | _LISTS | _INDICATORS | _CONVERSIONS


class PiecewiseRules(CaseRules):
    """One method for each kind of name."""

    def _piecewise(self, name: str) -> Expr | None:
        """What a name of pieces states; None where `name` is none."""
        opens = self._next.text in BRACKETS
        if name in _INDICATORS | _CONVERSIONS and (opens or self._next.text == "_"):
            return self._indicator()
        if not opens:
            return None
        if name in _CHOICES:
            return self._bracketed(self._choice)
        if name in _LISTS:
            return self._bracketed(self._listed_pieces)
        return self._bracketed(self._step) if name in _STEPS else None

    def _step(self) -> Expr:
        """1 above 0 and 0 below; at 0 what a second argument says."""
        inner = self._expression()
        positive = Relation(inner, ">", ZERO)
        if not self._accept(","):
            return Where(positive, ONE, ZERO)
        return Where(positive, ONE, Where(Relation(inner, "<", ZERO), ZERO, self._expression()))

    def _indicator(self) -> Expr:
        self._accept("_")
        if self._next.text not in BRACKETS:
            self._fail("write a condition in brackets, as in 1_{z>0}")
        if self._opens_interval():
            return self._indicator_of_intervals()
        node = self._bracketed(self._pieces)
        if self._remembered(node) is None:
            self._fail("write a comparison such as z > 0 in the brackets of an indicator")
        match self._ahead(3):
            case [Token(text="("), Token(kind="name", text=name), Token(text=")")]:
                sentence = f"It is not clear whether ({name}) multiplies this indicator: leave it out, or write *."
                raise FormulaError(sentence, self._next.position)
        return node

    def _opens_interval(self) -> bool:
        """Whether braces open next in which an interval stands."""
        match self._ahead(2):
            case [Token(text="{"), Token(text="(" | "[" | "]")]:
                self._take()
                found = self._next.text == "]" or self._has_separator()
                self._give_back()
                return found
        return False

    def _indicator_of_intervals(self) -> Expr:
        """The indicator of intervals at a point, 1_{(0, 1)}(z); at the variable where none is named."""
        opening = self._take()
        intervals = self._intervals()
        self._close(opening, "}")
        inner = self._bracketed(self._expression) if self._next.text in BRACKETS else Symbol(self._variable)
        return chosen(Junction(False, tuple(one.around(inner) for one in intervals)), ONE, ZERO, self._variable)

    def _listed_pieces(self) -> Expr:
        """Piecewise((1, z > 0), (0, True)), Piecewise[{{1, z > 0}}, 0] or piecewise(z > 0, 1, 0)."""
        if self._next.text == "{" and self._tokens[self._at + 1].text == "{":
            self._take()
            rows = self._listed_rows(self._pair)
            self._expect("}")
            rest = self._expression() if self._accept(",") else ZERO
            rows += [] if rows[-1].condition is None else [Case(rest, None, self._last.position)]
        elif self._next.text in BRACKETS and self._has_separator():
            rows = self._listed_rows(self._pair)
        else:
            rows = self._listed_rows(self._alternating)
        return self._together(rows)

    def _listed_rows(self, rule: Callable[[], Case]) -> list[Case]:
        rows = [rule()]
        while self._accept(","):
            rows.append(rule())
        return rows

    def _pair(self) -> Case:
        """One piece of a list, (value, condition)."""
        position, opening = self._next.position, self._accept(*BRACKETS)
        if opening is None:
            self._fail("write a piece such as (1, z > 0)")
        value = self._expression()
        self._expect(",")
        row = Case(value, self._row_condition(), position)
        self._expect(BRACKETS[opening.text])
        return row

    def _alternating(self) -> Case:
        """A condition, and its value behind a comma; or the value for everywhere else."""
        position, value = self._next.position, self._sum()
        if not self._is_condition(value) and self._remembered(value) is None:
            return Case(value, None, position)
        condition = self._any(self._continued(value))
        self._expect(",")
        return Case(self._expression(), condition, position)
