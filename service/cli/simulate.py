"""`simulate`: a report as JSON, or for people: the verdict, its reasons and the table of layers."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from service.charts.places import depths, layer_name
from service.charts.rows import other_share
from service.cli.console import COLOURS, REFUSED, InputFiles, output
from service.core.settings import Settings
from service.simulation.layer_results import LayerStatistics, Spread
from service.simulation.results import SimulationReport, Verdict
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
    nested = "; layers inside a block stand above it" if any(layer.inside for layer in report.layers) else ""
    table = Table(title=f"decades (log10), median over trials{nested}", title_justify="left")
    columns = [one for one in _COLUMNS if one.requires is None or any(map(one.requires, report.layers))]
    for name in ("layer", "kind", "shape", *(one.name for one in columns)):
        table.add_column(name, justify="left" if name == "kind" else "right", no_wrap=True)
    for layer, depth in zip(report.layers, depths(report.layers), strict=True):
        what = "  " * depth + layer_name(layer)
        table.add_row(str(layer.index), what, "×".join(map(str, layer.shape)), *(one.cell(layer) for one in columns))
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


class _Column(NamedTuple):
    """A column of numbers."""

    name: str
    cell: Callable[[LayerStatistics], str]
    requires: Callable[[LayerStatistics], object] | None = None  # it is left out where no layer has this


_COLUMNS = (
    _Column("delta", lambda layer: _decades(layer.log10_delta_norm)),
    _Column("gain", lambda layer: _decades(layer.log10_backward_gain)),
    _Column("= by W", lambda layer: _decades(layer.log10_gain.weights)),
    _Column("+ by φ'", lambda layer: _decades(layer.log10_gain.derivative)),
    _Column(
        "+ other", lambda layer: _decades(other_share(layer.log10_gain)), lambda layer: other_share(layer.log10_gain)
    ),
    _Column("∇W", lambda layer: _decades(layer.log10_weight_gradient_norm)),
    _Column("signal", lambda layer: _decades(layer.log10_forward_rms)),
    _Column("spread", lambda layer: _decades(layer.log10_angular_spread)),
    _Column("tokens", lambda layer: _decades(layer.log10_token_spread), lambda layer: layer.log10_token_spread),
    _Column(
        "along time",
        lambda layer: _decades(layer.time.time_ratio if layer.time else None),
        lambda layer: layer.time,
    ),
)
