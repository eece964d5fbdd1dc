"""Three answer sheets to the course's assignment, graded in this process: `make demo-grading`."""

import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from service.processes.system import single_blas_thread  # noqa: E402 - the root is on the path only now

single_blas_thread()

from rich.console import Console  # noqa: E402 - NumPy comes after the thread limit
from rich.table import Table  # noqa: E402
from rich.text import Text  # noqa: E402

from service.grading.grade import grade  # noqa: E402
from service.grading.results import Check, CheckStatus, Grading  # noqa: E402
from service.grading.rubrics import check_rubric  # noqa: E402
from service.grading.spec import GradingSpec  # noqa: E402
from service.simulation.simulate import simulate  # noqa: E402

COURSE = ROOT / "examples" / "course"
SHEETS = {
    "right": "All of it right",
    "from_bounds": "Formulas and bounds right, everything else concluded from the bounds alone",
    "with_slips": "The slips that are made again and again",
}
COLOURS = {
    CheckStatus.CORRECT: "green",
    CheckStatus.PARTIAL: "yellow",
    CheckStatus.INCORRECT: "red",
    CheckStatus.INVALID: "magenta",
    CheckStatus.UNDECIDED: "cyan",
    CheckStatus.MISSING: "bright_black",
}
LONGEST_ANSWER = 40


def main() -> None:
    """Print one table a sheet, and the scores."""
    console = Console(width=None if sys.stdout.isatty() else 120)
    rubric = _read("rubric")
    gradings = {}
    for name, what in SHEETS.items():
        spec = GradingSpec.model_validate({"rubric": rubric, "answers": _read(f"answers_{name}")})
        check_rubric(spec.rubric)
        gradings[name] = grade(spec, simulate)
        console.print(_table(f"{what} (answers_{name}.json)", gradings[name], spec.answers), "")
    for name, grading in gradings.items():
        review = ", and a person has to look" if grading.status == "needs_review" else ""
        console.print(f"{name:<12}{grading.score:5g} of {grading.max_score:g} points{review}", highlight=False)


def _read(name: str) -> Any:
    return json.loads((COURSE / f"{name}.json").read_text(encoding="utf-8"))


def _table(title: str, grading: Grading, answers: dict[str, Any]) -> Table:
    table = Table(title=title, title_justify="left", expand=True)
    for column in ("part", "answer", "status"):
        table.add_column(column, no_wrap=True)
    table.add_column("points", no_wrap=True, justify="right")
    table.add_column("why", ratio=1)
    for one in grading.checks:
        table.add_row(*_row(one, answers.get(one.id)))
    return table


def _row(one: Check, answer: Any) -> tuple[str | Text, ...]:
    written = answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False)
    shown = written if len(written) <= LONGEST_ANSWER else f"{written[: LONGEST_ANSWER - 1]}…"
    why = one.code.replace("_", " ") if one.status is CheckStatus.CORRECT else one.message
    status = Text(one.status.value, style=COLOURS[one.status])
    return one.id, Text(shown), status, f"{one.points:g} of {one.max_points:g}", Text(why)


if __name__ == "__main__":
    main()
