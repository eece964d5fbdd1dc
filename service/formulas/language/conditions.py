"""Conditions on one variable, and the formula that rows of values and conditions state.

Comparisons of what is made of straight lines and absolute values are solved exactly, over the rational numbers: then it
is known where each row holds, whether two of them contradict each other, and whether they leave anything out.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from itertools import groupby, pairwise
from operator import and_, or_
from typing import NoReturn

from service.formulas.language.comparisons import SolvedComparison, Unsolved, are_opposite
from service.formulas.language.numbers import is_writable
from service.formulas.language.tokens import FormulaError
from service.formulas.language.tree import Expr, Number, Relation, Symbol, Where

_PLAIN = ("<", "<=", ">", ">=")
_MOST_COMPARISONS = 16
_LARGEST_FORMULA = 300  # parts, beyond which `check_size` refuses it in any case
_LONGEST_VALUE = 40  # characters, of what is repeated in a message
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")


@dataclass(frozen=True)
class Junction:
    """Conditions that hold together, or of which one holds; of none, one that always or never holds."""

    every: bool
    parts: tuple["Predicate", ...]


Predicate = Relation | Junction
"""Of a `Relation` the operator may also be = or !=, which no `Where` has."""


@dataclass(frozen=True)
class Case:
    """A value and where it is taken, None for everywhere else; `position` is that of the row in the text."""

    value: Expr
    condition: Predicate | None
    position: int = 0


def chosen(condition: Predicate, then: Expr, otherwise: Expr, variable: str) -> Expr:
    """`then` where the condition holds, `otherwise` elsewhere."""
    rows = (Case(then, condition), Case(otherwise, None))
    if isinstance(condition, Relation) and condition.operator in _PLAIN:
        return Where(condition, then, otherwise)
    try:
        return _Line(rows, variable, str).formula()
    except Unsolved:
        return _nested(rows)


def assembled(rows: Sequence[Case], variable: str, shown: Callable[[Expr], str] = str) -> Expr:
    """The formula that all rows together state, by the first that holds; `shown` writes values in messages.

    FormulaError where a row can never apply, where two say different things, or where none says anything; single
    points that no row mentions belong to the later one of their neighbours.
    """
    early = next((row for row in rows[:-1] if row.condition is None), None)
    if early is not None:
        raise FormulaError("Only the last row may hold otherwise; every other one needs a condition.", early.position)
    if len(rows) == 2 and rows[0].condition is not None and rows[1].condition is None:
        return chosen(rows[0].condition, rows[0].value, rows[1].value, variable)
    try:
        line = _Line(rows, variable, shown)
    except Unsolved:
        return _unsolved(rows, variable, shown)
    line.check()
    return _nested(rows) if line.keeps_relations() else line.formula()


def _nested(rows: Sequence[Case]) -> Expr:
    """Cases as they are written, the last one everywhere else."""
    node = rows[-1].value
    for row in reversed(rows[:-1]):
        node = _switch(_required(row), row.value, node)
        if node.count() > _LARGEST_FORMULA:
            raise FormulaError(f"A formula has at most {_LARGEST_FORMULA} parts.", row.position)
    return node


def _required(row: Case) -> Predicate:
    if row.condition is None:
        raise FormulaError("Only the last row may hold otherwise.", row.position)
    return row.condition


def _switch(condition: Predicate, then: Expr, otherwise: Expr) -> Expr:
    """One condition as switches inside one another."""
    match condition:
        case Relation(left, "=", right):
            return Where(Relation(left, "<=", right), Where(Relation(left, ">=", right), then, otherwise), otherwise)
        case Relation(left, "!=", right):
            return _switch(Relation(left, "=", right), otherwise, then)
        case Relation():
            return Where(condition, then, otherwise)
        case Junction(every, parts):
            node = then if every else otherwise
            for part in reversed(parts):
                node = _switch(part, node, otherwise) if every else _switch(part, then, node)
            return node


def _unsolved(rows: Sequence[Case], variable: str, shown: Callable[[Expr], str]) -> Expr:
    """Rows of conditions that are not solved: opposite ones, or the last one everywhere else."""
    _check_solved(rows, variable, shown)
    if rows[-1].condition is None:
        return _nested(rows)
    match [row.condition for row in rows]:
        case [Relation() as one, Relation() as other] if are_opposite(one, other, variable):
            return _nested(rows)
    sentence = "It is not clear that these conditions leave nothing out: give the last row as `otherwise`."
    raise FormulaError(sentence, rows[-1].position)


def _check_solved(rows: Sequence[Case], variable: str, shown: Callable[[Expr], str]) -> None:
    """Raise FormulaError where rows that are solved contradict each other, or a condition is given twice."""
    solved = list[int]()
    for number, row in enumerate(rows):
        if any(row.condition == other.condition for other in rows[:number]):
            raise FormulaError(f"The {_ordinal(number)} row never applies: its condition stands before.", row.position)
        with suppress(Unsolved):
            _Line([row], variable, shown)
            solved.append(number)
    if solved:
        _Line([rows[number] for number in solved], variable, shown, solved).check_rows()


class _Line:
    """The real line, cut at every point where a condition may change, and the rows that hold on each part.

    Parts are numbered from the left, intervals by even numbers and the points between them by odd ones; a set of parts
    is an integer with a bit for each.
    """

    def __init__(
        self, rows: Sequence[Case], variable: str, shown: Callable[[Expr], str], numbers: Sequence[int] = ()
    ) -> None:
        self._rows, self._variable, self._shown = rows, variable, shown
        self._names = [_ordinal(number) for number in numbers or range(len(rows))]
        relations = [one for row in rows if row.condition is not None for one in _relations(row.condition)]
        if len(relations) > _MOST_COMPARISONS:
            raise FormulaError(f"Conditions have at most {_MOST_COMPARISONS} comparisons.", rows[-1].position)
        self._signs = {one: SolvedComparison.of(one, variable) for one in dict.fromkeys(relations)}
        self._cuts = sorted({cut for one in self._signs.values() for cut in one.cuts})
        self._all = (1 << 2 * len(self._cuts) + 1) - 1
        self._intervals = sum(1 << number for number in range(0, 2 * len(self._cuts) + 1, 2))
        self._held = [self._parts(row.condition) for row in rows]

    def _parts(self, condition: Predicate | None) -> int:
        match condition:
            case None:
                return self._all
            case Relation():
                return self._signs[condition].spread(self._cuts)
            case Junction(every, parts):
                return reduce(and_ if every else or_, map(self._parts, parts), self._all if every else 0)

    def check(self) -> None:
        """Raise FormulaError where a row never applies, contradicts an earlier one, or is missing."""
        self.check_rows()
        missing = self._all & ~reduce(or_, self._held)
        if missing & self._intervals:
            sentence = f"No row says what holds for {self._range(missing)}; add one, or end with `otherwise`."
            raise FormulaError(sentence, self._rows[-1].position)

    def check_rows(self) -> None:
        """Raise FormulaError where a row never applies or contradicts an earlier one."""
        for number, held in enumerate(self._held):
            self._check_row(number, held)

    def _check_row(self, number: int, held: int) -> None:
        row, before = self._rows[number], reduce(or_, self._held[:number], 0)
        if not held:
            self._refuse(row, f"The condition of the {self._names[number]} row never holds")
        others = [at for at in range(number) if self._rows[at].value != row.value]
        counted = held & self._intervals if row.condition is not None and held & self._intervals else held
        if others and not counted & ~before:
            self._refuse(row, f"The {self._names[number]} row never applies: the rows before it hold wherever it does")
        for other in others if row.condition is not None else []:
            shared = held & self._held[other]
            if shared & self._intervals and self._held[other] & self._intervals & ~held:
                self._refuse(row, self._contradiction(other, number, shared))

    def _contradiction(self, one: int, other: int, shared: int) -> str:
        values = [self._shown(self._rows[number].value) for number in (one, other)]
        says, states = values if max(map(len, values)) <= _LONGEST_VALUE else ("one value", "another")
        return f"For {self._range(shared)} the {self._names[one]} row says {says} and the {self._names[other]} {states}"

    def _refuse(self, row: Case, sentence: str) -> NoReturn:
        raise FormulaError(f"{sentence}.", row.position)

    def _range(self, parts: int) -> str:
        """The first interval of a set, as an inequality."""
        intervals = parts & self._intervals
        first = last = (intervals & -intervals).bit_length() - 1
        while parts >> last + 1 & 3 == 3:
            last += 2
        low = None if first == 0 else _shown(self._cuts[first // 2 - 1])
        high = None if last == 2 * len(self._cuts) else _shown(self._cuts[last // 2])
        match low, high:
            case None, None:
                return f"any {self._variable}"
            case None, _:
                return f"{self._variable} < {high}"
            case _, None:
                return f"{self._variable} > {low}"
        return f"{low} < {self._variable} < {high}"

    def keeps_relations(self) -> bool:
        """Whether the rows can stay as they are written: single comparisons, and points left out at the last row."""
        if not all(isinstance(row.condition, Relation) and row.condition.operator in _PLAIN for row in self._rows[:-1]):
            return False
        last, left_out = self._owners()[::2], self._all & ~reduce(or_, self._held)
        points = [number for number in range(1, 2 * len(self._cuts), 2) if left_out >> number & 1]
        return all(len(self._rows) - 1 in last[number // 2 : number // 2 + 2] for number in points)

    def _owners(self) -> list[int]:
        """The row that each part belongs to."""
        owners = [self._owner(number) for number in range(2 * len(self._cuts) + 1)]
        for number in range(1, len(owners), 2):
            if owners[number] is None:
                owners[number] = max(filter(None, (owners[number - 1], owners[number + 1])), default=0)
        return [0 if owner is None else owner for owner in owners]

    def _owner(self, number: int) -> int | None:
        return next((at for at, held in enumerate(self._held) if held >> number & 1), None)

    def formula(self) -> Expr:
        """Cases from the left to the right, each up to the next cut."""
        if not (all(one.exact for one in self._signs.values()) and all(map(is_writable, self._cuts))):
            return _nested(self._rows)
        values = [self._rows[owner].value for owner in self._owners()]
        runs = [list(run) for _, run in groupby(range(len(values)), key=lambda number: values[number])]
        node = values[-1]
        for run, _ in reversed(list(pairwise(runs))):
            last = run[-1]
            operator, cut = ("<=", self._cuts[last // 2]) if last % 2 else ("<", self._cuts[last // 2])
            node = Where(Relation(Symbol(self._variable), operator, Number(cut)), values[last], node)
        return node


def _ordinal(number: int) -> str:
    return _ORDINALS[number] if number < len(_ORDINALS) else f"{number + 1}th"


def _shown(value: Fraction) -> str:
    return str(value) if value.denominator < 1000 else f"{float(value):.6g}"


def _relations(condition: Predicate) -> Iterator[Relation]:
    if isinstance(condition, Relation):
        yield condition
        return
    for part in condition.parts:
        yield from _relations(part)
