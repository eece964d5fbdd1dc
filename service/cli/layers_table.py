"""The table of a report's layers for people who read it in a terminal."""

from collections.abc import Callable
from typing import NamedTuple

from rich.table import Table

from service.charts.places import depths, layer_name
from service.charts.rows import other_share
from service.simulation.layer_results import LayerStatistics, Spread
from service.simulation.results import SimulationReport
from service.simulation.wording import signed

LEGEND = (
    "δ: gradient that arrives at a layer. gain: from the next layer to this one, the sum of what the weights, the\n"
    "activation's slope and other layers do to it. ∇W: gradient of the weights. signal: size of the outputs.\n"
    "separation: how far apart the directions of inputs are; at −1.3 and below the network sees one input."
)


def layers_table(report: SimulationReport) -> Table:
    """A row for each layer; columns that are empty in all of them are left out."""
    nested = "; layers inside a block stand above it" if any(layer.inside for layer in report.layers) else ""
    table = Table(title=f"decades (log10), median over trials{nested}", title_justify="left")
    columns = [one for one in _COLUMNS if one.requires is None or any(map(one.requires, report.layers))]
    for name in ("layer", "kind", "shape", *(one.name for one in columns)):
        table.add_column(name, justify="left" if name == "kind" else "right", no_wrap=True)
    for layer, depth in zip(report.layers, depths(report.layers), strict=True):
        what = "  " * depth + layer_name(layer)
        table.add_row(str(layer.index), what, "×".join(map(str, layer.shape)), *(one.cell(layer) for one in columns))
    return table


def _decades(spread: Spread | None) -> str:
    """The median with its sign; a dash where no trial has one, or the layer has no such number."""
    return "–" if spread is None or spread.median is None else signed(spread.median)


class _Column(NamedTuple):
    """A column of numbers."""

    name: str
    cell: Callable[[LayerStatistics], str]
    requires: Callable[[LayerStatistics], object] | None = None  # it is left out where no layer has this


_COLUMNS = (
    _Column("δ", lambda layer: _decades(layer.log10_delta_norm)),
    _Column("gain", lambda layer: _decades(layer.log10_backward_gain)),
    _Column("weights", lambda layer: _decades(layer.log10_gain.weights)),
    _Column("slope", lambda layer: _decades(layer.log10_gain.derivative)),
    _Column(
        "other", lambda layer: _decades(other_share(layer.log10_gain)), lambda layer: other_share(layer.log10_gain)
    ),
    _Column("∇W", lambda layer: _decades(layer.log10_weight_gradient_norm)),
    _Column("signal", lambda layer: _decades(layer.log10_forward_rms)),
    _Column("separation", lambda layer: _decades(layer.log10_angular_spread)),
    _Column("tokens", lambda layer: _decades(layer.log10_token_spread), lambda layer: layer.log10_token_spread),
    _Column(
        "time",
        lambda layer: _decades(layer.time.time_ratio if layer.time else None),
        lambda layer: layer.time,
    ),
)
