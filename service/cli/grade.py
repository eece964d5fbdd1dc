"""`grade`: answers judged by a rubric, as tables for people or in the format of a platform."""

import json
import re
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from service.cli.console import REFUSED, InputFiles, output
from service.core.errors import Refusal
from service.core.settings import Settings
from service.grading.claims.base import Simulate
from service.grading.formats import FORMATS
from service.grading.grade import grade, once
from service.grading.results import Check, CheckStatus, Grading
from service.grading.rubrics import check_rubric, plans_of
from service.grading.spec import GradingSpec
from service.simulation.simulate import simulate

_COLOURS = {
    CheckStatus.CORRECT: "green",
    CheckStatus.PARTIAL: "yellow",
    CheckStatus.INCORRECT: "red",
    CheckStatus.INVALID: "magenta",
    CheckStatus.UNDECIDED: "cyan",
    CheckStatus.MISSING: "bright_black",
}
_LONGEST_ANSWER = 36
_SHORT = 25
"""Characters of a sentence that says too little alone, such as “Not stable.”"""
_SENTENCE_ENDS = re.compile(r"(?<=[.?!])\s+(?=[A-Z“‘])")


def grade_files(rubric: Path, answers: Sequence[Path], wanted: str | None = None) -> int:
    """Grade `answers` by `rubric`, print what was found, and return the exit status: 0, or 2 where a file is refused.

    Without a format these are tables; with one it is what `POST /v1/gradings` answers, and a line's end.
    """
    with InputFiles() as files:
        if wanted not in (None, "native") and len(answers) > 1:
            raise Refusal(f"The format {wanted} is of one answer sheet; give one file, or --json for a line of each.")
        read, remembered = files.read(rubric), once(partial(simulate, processes=Settings().workers))
        bare = read["rubric"] if isinstance(read, dict) and "rubric" in read else read
        sheets = {path: _graded(files, bare, path, remembered) for path in answers}
        if wanted is None:
            _show(sheets, output())
        for grading, _ in sheets.values() if wanted else ():
            sys.stdout.write(FORMATS[wanted or "native"].write(grading).removesuffix("\n") + "\n")
        return 0
    return REFUSED


def _graded(files: InputFiles, rubric: Any, answers: Path, simulate: Simulate) -> tuple[Grading, GradingSpec]:
    body = {"rubric": rubric, "answers": files.read(answers)}
    files.body = body
    spec = GradingSpec.model_validate(body)
    check_rubric(spec.rubric)
    plans_of(spec.rubric)
    return grade(spec, simulate), spec


def _show(sheets: Mapping[Path, tuple[Grading, GradingSpec]], console: Console) -> None:
    """Print the claims of one sheet, or a row for each of several."""
    (grading, spec), *others = sheets.values()
    if others:
        console.print(_many([(path.stem, one) for path, (one, _) in sheets.items()]))
        return
    console.print(_claims(grading, spec))
    console.print(f"{grading.score:g} of {grading.max_score:g} points{_review(grading)}", markup=False)


def _claims(grading: Grading, spec: GradingSpec) -> Table:
    table = Table(title=spec.rubric.title or spec.rubric.id, title_justify="left", expand=True)
    table.add_column("id", no_wrap=True)
    table.add_column("claim", ratio=3)
    table.add_column("answer", ratio=2)
    table.add_column("points", no_wrap=True, justify="right")
    table.add_column("status", no_wrap=True)
    table.add_column("why", ratio=4)
    for one in grading.checks:
        points = f"{one.points:g} of {one.max_points:g}"
        title, answer, why = (Text(text) for text in (one.title, _short(spec.answers.get(one.id)), _reason(one)))
        table.add_row(one.id, title, answer, points, Text(one.status.value, style=_COLOURS[one.status]), why)
    return table


def _many(gradings: Sequence[tuple[str, Grading]]) -> Table:
    table = Table(title="All answer sheets", title_justify="left", expand=True)
    table.add_column("sheet")
    table.add_column("points", no_wrap=True, justify="right")
    table.add_column("to be looked at by a person", ratio=1)
    table.add_column("points lost at", ratio=2)
    for name, grading in gradings:
        lost = [f"{one.id} {one.points:g} of {one.max_points:g}" for one in grading.checks if one.share < 1.0]
        points, looked_at = f"{grading.score:g} of {grading.max_score:g}", ", ".join(_open(grading)) or "–"
        table.add_row(Text(name), points, Text(looked_at), Text(", ".join(lost) or "–"))
    return table


def _review(grading: Grading) -> str:
    return f"; a person has to look at {', '.join(_open(grading))}" if grading.needs_review else ""


def _open(grading: Grading) -> list[str]:
    """The claims that a person has to look at."""
    return [one.id for one in grading.checks if one.needs_review]


def _reason(check: Check) -> str:
    """The first sentence of what a student reads, with the second where that is a word or two."""
    first, *others = _SENTENCE_ENDS.split(check.message)
    return " ".join([first, *others[: len(first) < _SHORT]])


def _short(answer: Any) -> str:
    text = answer if isinstance(answer, str) else "" if answer is None else json.dumps(answer, ensure_ascii=False)
    return text if len(text) <= _LONGEST_ANSWER else f"{text[: _LONGEST_ANSWER - 1]}…"
