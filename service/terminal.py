"""A report for people at a terminal: the verdict, its reasons and the table of layers."""

import sys
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from service.errors import Refusal
from service.faults.faults import faults_of
from service.grading.formats import FORMATS
from service.grading.grade import check, grade, plans_of
from service.grading.spec import GradingSpec
from service.results import LayerStatistics, SimulationReport, Spread, Verdict
from service.settings import Settings
from service.simulation.simulate import simulate
from service.spec import SimulationSpec
from service.strict_json import loads
from service.vocabulary import Label

REFUSED, FAILED = 2, 3
PAGE_WIDTH = 120
COLOURS = {Label.DEAD: "magenta", Label.EXPLODING: "red", Label.VANISHING: "blue", Label.STABLE: "green"}


def simulate_file(path: Path, *, as_json: bool, fail_on: tuple[str, ...]) -> int:
    """Judge the specification in `path` (- is standard input), print it, and return the exit status."""
    with _Complaining(path) as reading:
        spec = SimulationSpec.model_validate(reading.read(path))
        report = simulate(spec, Settings().workers)
        if as_json:
            sys.stdout.write(report.model_dump_json() + "\n")
        else:
            show(report, Console(highlight=False, width=None if sys.stdout.isatty() else PAGE_WIDTH))
        return FAILED if report.verdict.label in fail_on else 0
    return REFUSED


def grade_files(rubric: Path, answers: Path, wanted: str) -> int:
    """Grade `answers` by `rubric`, print what POST /v1/gradings answers, to the byte, and return the exit status."""
    with _Complaining(rubric) as reading:
        body = {"rubric": reading.read(rubric), "answers": reading.read(answers)}
        reading.body = body
        spec = GradingSpec.model_validate(body)
        check(spec.rubric)
        plans_of(spec.rubric)
        sys.stdout.write(FORMATS[wanted].write(grade(spec, partial(simulate, processes=Settings().workers))))
        return 0
    return REFUSED


class _Complaining:
    """Says at the terminal what is wrong with a file, where that is all that is wrong."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._console = Console(stderr=True, highlight=False, soft_wrap=True)
        self.body: Any = None

    def read(self, path: Path) -> Any:
        """The JSON in a file, - for standard input."""
        self._path = path
        self.body = loads(sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes())
        return self.body

    def __enter__(self) -> "_Complaining":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        complaints = self._complaints(error)
        for complaint in complaints:
            self._console.print(complaint, markup=False)
        return bool(complaints)

    def _complaints(self, error: BaseException | None) -> list[str]:
        match error:
            case MemoryError():
                return [f"{self._path}: This machine has too little memory for the simulation."]
            case OSError():
                return [f"{self._path}: {error.strerror}"]
            case Refusal():
                return [f"{error.pointer or self._path}: {error.sentence}"]
            case ValidationError():
                faults = faults_of(error.errors(), self.body)
                return [f"{fault.pointer or self._path}: {fault.detail}" for fault in faults]
        return []


def show(report: SimulationReport, console: Console) -> None:
    """Print `report`."""
    verdict = report.verdict
    console.print(headline(verdict))
    for reason in verdict.reasons:
        console.print(f"  {reason}", markup=False)
    if report.theory.depth_ratio is not None:
        console.print(f"  Mean field theory predicts {report.theory.depth_ratio:+.2f} decades for wide layers.")
    table = Table(title="decades (log10), median over trials", title_justify="left")
    for column in ("layer", "kind", "units", "delta", "gain", "= by W", "+ by φ'", "∇W", "signal", "apart"):
        table.add_column(column, justify="left" if column == "kind" else "right", no_wrap=True)
    for layer in report.layers:
        table.add_row(*_row(layer))
    console.print(table)


def headline(verdict: Verdict) -> str:
    """Label, severity, tendency and cause in one line of Rich markup."""
    colour = COLOURS[verdict.label]
    severity = "" if verdict.severity == "none" else f", {verdict.severity.value}"
    cause = f", by {verdict.cause.value.replace('_', ' ')}" if verdict.cause else ""
    return f"[bold {colour}]{verdict.label.value}[/]{severity}{cause}; tendency {verdict.tendency.value}"


def decades(spread: Spread) -> str:
    """The median with its sign, or a dash where no trial has one."""
    return "–" if spread.median is None else f"{spread.median:+.2f}"


def _row(layer: LayerStatistics) -> tuple[str, ...]:
    return (
        str(layer.index),
        f"{layer.kind} {layer.activation}",
        str(layer.shape[-1]),
        decades(layer.log10_delta_norm),
        decades(layer.log10_backward_gain),
        decades(layer.log10_weight_gain),
        decades(layer.log10_derivative_gain),
        decades(layer.log10_weight_gradient_norm),
        decades(layer.log10_forward_rms),
        decades(layer.log10_separation),
    )
