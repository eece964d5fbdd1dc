"""Answers as students write them → formulas and numbers, as they were meant; what cannot be read is told."""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Any

from flint import arb, ctx
from pydantic import Field

from service.core.kinds import Int64, Model
from service.formulas.enclosures.balls import Ball, Undecided
from service.formulas.enclosures.equality import Certainty, compare
from service.formulas.enclosures.piecewise import switches, value_at
from service.formulas.enclosures.program import VARIABLE
from service.formulas.language.build import replaced
from service.formulas.language.equations import equation_sides
from service.formulas.language.grammar import other_readings, parse
from service.formulas.language.tokens import LONGEST_TEXT, FormulaError
from service.formulas.language.tree import Expr, Number, Symbol
from service.formulas.language.write import latex, plain

ANSWER_BITS = 160
_FILLERS = (
    "it|it's|its|the|this|that|network|net|gradients?|is|are|will|be|becomes?|gets?|tends?|prone|likely|to|clearly|very|"
    "slowly|[()]"
)
_MOST_SWITCHES, _MOST_PARTS, _MOST_SIDES = 12, 150, 4
_NARROW = arb("1e-20")
"""How wide the enclosure of a number may be, beside the number or 1."""


class Unreadable(Exception):
    """An answer that cannot be read: a sentence for the student, and the position where there is one."""

    def __init__(self, sentence: str, position: int | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.position = position


class Undecidable(Exception):
    """An answer that only a person can judge: a code, and a sentence for the student."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


class PreviewSpec(Model):
    """An answer, to be shown as it would be understood."""

    answer: Annotated[str, Field(max_length=LONGEST_TEXT)]
    """A formula, plain or LaTeX."""
    parameters: Annotated[list[Annotated[str, Field(max_length=32)]], Field(max_length=16, default_factory=list)]
    """Names that may stand in it beside z."""


class Preview(Model):
    """A formula as it was read, or why it was not."""

    parsed_latex: str | None
    """The formula in LaTeX; null where it cannot be read."""
    parsed_plain: str | None
    """The formula in plain text; null where it cannot be read."""
    message: str | None
    """Why it cannot be read; null where it can."""
    position: Int64 | None
    """Where it cannot: characters from 1."""


def word_of(answer: Any, words: Mapping[str, str], beside: str = "") -> str:
    """Which of `words` the answer says, each given with a pattern of its forms, alone or as in "it vanishes".

    `beside` is a pattern of further words that change nothing. Unreadable where the answer says none of the words, more
    than one, or anything else, as "not" or "hardly".
    """
    asked = f"Write one of these words: {', '.join(words)}."
    if not isinstance(answer, str) or len(answer) > LONGEST_TEXT:
        raise Unreadable(asked)
    said = re.findall(r"[^\W\d_]+(?:['’][^\W\d_]+)?|[^\s.,!]", answer.lower())
    found = {name for name, forms in words.items() for word in said if re.fullmatch(forms, word)}
    known = re.compile("|".join([*words.values(), _FILLERS, *([beside] if beside else [])]))
    strange = next((word for word in said if not known.fullmatch(word)), None)
    if strange is not None and found:
        raise Unreadable(f"“{strange}” is not understood here. {asked}")
    if len(found) != 1:
        raise Unreadable(f"This says {' and '.join(sorted(found))}. {asked}" if found else asked)
    return found.pop()


@dataclass(frozen=True)
class Formula:
    """A formula as it was read, and with the numbers of its parameters in it."""

    written: Expr
    closed: Expr

    @classmethod
    def of(cls, answer: Any, parameters: Mapping[str, float], variable: str = VARIABLE) -> "Formula":
        """The formula that `answer` states, in which the variable is z; Unreadable with its position."""
        if isinstance(answer, int | float) and not isinstance(answer, bool):
            answer = repr(answer)
        if not isinstance(answer, str):
            raise Unreadable("Write a formula here.")
        try:
            sides = equation_sides(answer, variable, tuple(parameters))
            few = sides if len(sides) <= _MOST_SIDES else []
            read = [cls._closed(parse(one, variable, tuple(parameters)), parameters, variable) for one in few]
        except FormulaError as error:
            raise Unreadable(error.sentence, error.position) from None
        if not read or not all(_is_same(one, read[-1]) for one in read[:-1]):
            sentence = "It is not clear that both sides of “=” are the same function; write one formula alone."
            raise Unreadable(sentence, len(sides[-1]) - len(sides[-1].lstrip()) + 1)
        return read[-1]

    @classmethod
    def others(cls, answer: Any, parameters: Mapping[str, float], variable: str = VARIABLE) -> Iterator["Formula"]:
        """What `answer` means by other usual conventions than the one by which `of` reads it."""
        if isinstance(answer, str):
            for written in other_readings(answer, variable, tuple(parameters)):
                yield cls._closed(written, parameters, variable)

    @classmethod
    def _closed(cls, written: Expr, parameters: Mapping[str, float], variable: str) -> "Formula":
        closed = written if variable == VARIABLE else written.substituted(Symbol(variable), Symbol(VARIABLE))
        for name, value in parameters.items():
            closed = replaced(closed, Symbol(name), Number(Fraction(repr(value))))
        return cls(written, closed)

    @property
    def latex(self) -> str:
        """How it was understood."""
        return latex(self.written)

    @property
    def plain(self) -> str:
        """The same in plain text, with all the brackets that it takes."""
        return plain(self.written)

    def check_effort(self) -> None:
        """Raise Undecidable where it has more cases, or parts, than can be judged in time."""
        if sum(1 for _ in switches(self.closed)) > _MOST_SWITCHES or self.closed.count() > _MOST_PARTS:
            sentence = "This formula has more parts than can be judged in time."
            raise Undecidable("too_costly", sentence)


def _is_same(one: Formula, other: Formula) -> bool:
    """Whether two formulas are proven to have the same values."""
    one.check_effort()
    other.check_effort()
    with suppress(Undecided):
        parts = compare(one.closed, other.closed)
        return all(part.difference is None and part.certainty is Certainty.PROVEN for part in parts)
    return False


def constant_of(answer: Any, parameters: Mapping[str, float]) -> tuple[Ball, Formula]:
    """The number that `answer` states, enclosed, and how it was written; Unreadable where it is none."""
    formula = Formula.of(answer, parameters)
    if formula.closed.depends_on(VARIABLE):
        raise Unreadable(f"A number is expected here, and {VARIABLE} is none.")
    return number_of(formula.closed), formula


def number_of(node: Expr) -> Ball:
    """The number that a formula without names is, enclosed; Unreadable where it is none."""
    with ctx.workprec(ANSWER_BITS):
        try:
            value = value_at(node, arb(0))
        except Undecided:
            raise Unreadable("Two numbers that are compared here cannot be told apart.") from None
    if not value.is_finite():
        raise Unreadable("This has no finite value.")
    if not value.rad() <= _NARROW * abs(value).max(arb(1)):
        raise Unreadable("This has no value that is known closely enough: write it in a simpler way.")
    return value


def preview(spec: PreviewSpec) -> Preview:
    """The preview of `spec`."""
    try:
        formula = parse(spec.answer, parameters=spec.parameters)
    except FormulaError as error:
        return Preview(parsed_latex=None, parsed_plain=None, message=error.sentence, position=error.position)
    return Preview(parsed_latex=latex(formula), parsed_plain=plain(formula), message=None, position=None)
