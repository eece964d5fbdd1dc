"""`simulate`: a report as JSON, or for people: the verdict, its reasons and the table of layers."""

import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from service.charts.rows import other_share
from service.cli.console import COLOURS, REFUSED, InputFiles, output
from service.core.settings import Settings
from service.simulation.results import LayerStatistics, SimulationReport, Spread, Verdict
from service.simulation.simulate import simulate
from service.simulation.spec import SimulationSpec

_FAILED = 3  # the exit status where the label is one to fail on


def simulate_file(path: Path, *, as_json: bool, fail_on: tuple[str, ...]) -> int:
    """Judge the specification in `path` (- is standard input), print it, and return the exit status."""
    with InputFiles() as files:
        spec = SimulationSpec.model_validate(files.read(path))
        report = simulate(spec, Settings().workers)
        if as_json:
            sys.stdout.write(report.model_dump_json() + "\n")
        else:
            _show(report, output())
        return _FAILED if report.verdict.label in fail_on else 0
    return REFUSED


def _show(report: SimulationReport, console: Console) -> None:
    """Print the verdict with its reasons, what theory predicts, and a row for every layer."""
    verdict = report.verdict
    console.print(_headline(verdict))
    for reason in verdict.reasons:
        console.print(f"  {reason}", markup=False)
    if report.theory.depth_ratio is not None:
        predicted = f"{round(report.theory.depth_ratio, 2) + 0.0:+.2f}".replace("-", "−")  # as the reasons have it
        console.print(f"  Mean field theory predicts {predicted} decades for wide layers.")
    table = Table(title="decades (log10), median over trials", title_justify="left")
    others = any(other_share(layer.log10_gain) for layer in report.layers)
    other = ("+ other",) if others else ()
    for column in ("layer", "kind", "units", "delta", "gain", "= by W", "+ by φ'", *other, "∇W", "signal", "spread"):
        table.add_column(column, justify="left" if column == "kind" else "right", no_wrap=True)
    for layer in report.layers:
        table.add_row(*_row(layer, others))
    console.print(table)


def _headline(verdict: Verdict) -> str:
    """Label, severity, tendency and cause in one line of Rich markup."""
    colour = COLOURS[verdict.label]
    severity = "" if verdict.severity == "none" else f", {verdict.severity.value}"
    cause = f", by {verdict.cause.value.replace('_', ' ')}" if verdict.cause else ""
    return f"[bold {colour}]{verdict.label.value}[/]{severity}{cause}; tendency {verdict.tendency.value}"


def _decades(spread: Spread | None) -> str:
    """The median with its sign; a dash where no trial has one, or the layer has no such number."""
    return "–" if spread is None or spread.median is None else f"{spread.median:+.2f}"


def _row(layer: LayerStatistics, others: bool) -> tuple[str, ...]:
    """The cells of a layer; with the share of normalisation, blocks and other layers where a layer has `others`."""
    return (
        str(layer.index),
        f"{layer.kind} {layer.activation or ''}".strip(),
        str(layer.shape[-1]),
        _decades(layer.log10_delta_norm),
        _decades(layer.log10_backward_gain),
        _decades(layer.log10_gain.weights),
        _decades(layer.log10_gain.derivative),
        *([_decades(other_share(layer.log10_gain))] if others else []),
        _decades(layer.log10_weight_gradient_norm),
        _decades(layer.log10_forward_rms),
        _decades(layer.log10_angular_spread),
    )
