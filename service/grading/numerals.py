"""Numbers as students write them: 0,25, 25 %, 1 234.5, 1 1/5, 1.1997…; each with how it was understood."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from flint import arb

from service.formulas.enclosures.balls import Ball, rational
from service.formulas.language.write import plain
from service.grading.answers import Formula, Unreadable, constant_of, number_of

_SIGN = r"(?P<sign>[+\-−–]?)\s*"
_GAP = r"(?:[ '’_\u00a0\u2009\u202f]|\\,)"
_GROUPED = [  # digits in groups of three, and what separates the decimals
    re.compile(_SIGN + r"(?P<whole>\d{1,3}(?:(?:,|\{,\})\d{3})+)\.(?P<part>\d+)"),
    re.compile(_SIGN + r"(?P<whole>\d{1,3}(?:\.\d{3})+),(?P<part>\d+)"),
    re.compile(_SIGN + rf"(?P<whole>\d{{1,3}}(?:{_GAP}\d{{3}})+)(?:[.,](?P<part>\d+))?"),
    re.compile(_SIGN + r"(?P<whole>\d{1,3}(?:,\d{3}){2,}|\d{1,3}(?:\.\d{3}){2,})(?P<part>)"),
    re.compile(_SIGN + r"(?P<whole>\d+)(?:,|\{,\})(?P<part>\d+)"),
]
_ONE_COMMA, _ONE_POINT = (
    re.compile(_SIGN + rf"(?P<whole>[1-9]\d{{0,2}}){mark}(?P<part>\d{{3}})") for mark in (r"(?:,|\{,\})", r"\.")
)
_MIXED = re.compile(_SIGN + r"(?P<whole>\d+)\s+(?P<above>\d+)\s*/\s*(?P<below>\d+)")
_CUT = re.compile(r"(?P<digits>[+\-−]?\s*\d*[.,](?P<part>\d+))\s*(?:\.{2,}|…|\\[lc]?dots)")
_PERCENT = re.compile(r"(?<=[^\s])\s*+(?:\\?%|per ?cent)\s*+$")
_TIMES_TEN = re.compile(r"(?<=\d)(\s*)[xX](\s*)(?=10\s*(?:\^|\*\*|[⁰¹²³⁴-⁹⁻]))")
_PLAIN = r"[+\-−]?\s*+\d[\d.,/ ]*+%?"
_TWICE = re.compile(rf"\s*+(?P<first>{_PLAIN})\s*+(?:(?<=\s)\(|\(\s*+[=≈~])\s*+(?P<second>{_PLAIN})\s*+\)\s*+")
_GIVE_OR_TAKE = re.compile(r"(?<=[\w)}%])\s*(?P<signs>±|\\pm(?![a-zA-Z])|\+/?[-−–]|[-−–]/?\+)")
_DECIMAL = re.compile(r"\s*[+\-−]?\d*[.,](\d+)\s*")


@dataclass(frozen=True)
class StatedNumber:
    """A number as it was stated: its value, enclosed, and how it was read."""

    value: Ball
    formula: Formula
    written: str
    unit: Fraction = Fraction(0)  # of the last digit before "…", which any further ones may follow

    @classmethod
    def of(cls, answer: Any, parameters: Mapping[str, float], start: int = 0, reading: int = 0) -> "StatedNumber":
        """The number that `answer`, which begins at `start` of a longer text, states; Unreadable where it is none.

        `reading` counts the other usual ways to read it, where there are as many; 0 is the way of formulas.
        """
        if not isinstance(answer, str):
            value, formula = constant_of(answer, parameters)
            return cls(value, formula, str(answer))
        if vague := _GIVE_OR_TAKE.search(answer):
            sentence = f"“{vague['signs']}” leaves open which number you mean: write one number."
            raise Unreadable(sentence, start + vague.start("signs") + 1)
        if twice := _TWICE.fullmatch(answer):
            begins = start + twice.start("first"), start + twice.start("second")
            return cls.agreed(
                [cls.of(twice[n], parameters, at) for n, at in zip(("first", "second"), begins, strict=True)]
            )
        written, unit = answer.strip(), Fraction(0)
        text = _TIMES_TEN.sub(r"\1*\2", answer)
        if percent := _PERCENT.search(text):
            text = f"({_ungrouped(text[: percent.start()])})/100"
        elif cut := _CUT.fullmatch(text.strip()):
            text, unit = cut["digits"].replace(",", "."), Fraction(1, 10 ** len(cut["part"]))
        else:
            text = " " * start + _ungrouped(text)  # so that positions are those in the longer text
        value, formula = constant_of(text, parameters)
        others = list(Formula.others(text, parameters)) if reading else []
        if 0 < reading <= len(others):
            formula = others[reading - 1]
            value = number_of(formula.closed)
        return cls(value, formula, plain(formula.written) if "\\" in written and not unit else written, unit)

    @classmethod
    def from_formula(cls, formula: Formula, written: str) -> "StatedNumber":
        """The number that a formula without names is."""
        written = plain(formula.written) if "\\" in written else written.strip()
        return cls(number_of(formula.closed), formula, written)

    def without_point(self) -> "StatedNumber | None":
        """What it is where its point separates the thousands, as in 1.234 of German; None where it cannot."""
        found = _ONE_POINT.fullmatch(self.written)
        if found is None:
            return None
        value, formula = constant_of(f"{found['sign']}{found['whole']}{found['part']}", {})
        return StatedNumber(value, formula, self.written)

    @property
    def _blur(self) -> Ball:
        """How far a number may be from this decimal that was rounded from it."""
        digits = _DECIMAL.fullmatch(self.written)
        return rational(Fraction(1, 2 * 10 ** len(digits[1]))) if digits else arb(0)

    @staticmethod
    def agreed(numbers: Sequence["StatedNumber"]) -> "StatedNumber":
        """The one number that all of them state, as in 1/3 = 0.333; Unreadable where two differ."""
        best = min(numbers, key=lambda one: bool(one._blur != 0))
        for one in numbers:
            if abs(one.value - best.value) > one._blur:
                raise Unreadable(f"{best.written} and {one.written} are not the same number; write one of them.")
        return best


def _ungrouped(text: str) -> str:
    """A numeral without groups, commas and blanks; any other text as it is."""
    stripped = text.strip()
    if unclear := _ONE_COMMA.fullmatch(stripped):
        whole, part = unclear["whole"], unclear["part"]
        raise Unreadable(f"{stripped} may be {whole}.{part} or {whole}{part}: write one of these.")
    mixed = _MIXED.fullmatch(stripped)
    if mixed and 0 < int(mixed["above"]) < int(mixed["below"]):
        return f"{mixed['sign']}({mixed['whole']} + {mixed['above']}/{mixed['below']})"
    for pattern in _GROUPED:
        if found := pattern.fullmatch(stripped):
            whole = re.sub(r"\D", "", found["whole"])
            return f"{found['sign']}{whole}.{found['part'] or '0'}"
    return text
