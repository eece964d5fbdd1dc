"""Reports → a chart as Vega-Lite, as SVG or as PNG; the same report gives the same bytes.

A drawing is made once: what differs between reports are its rows and its subtitle, and between themes its colours.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import altair as alt

from service.charts import activation, comparison, derivative, gain, gradient, nothing, signal, weight_gradient
from service.charts.curves.activation import activation as activation_rows
from service.charts.curves.architecture import architecture, outcome
from service.charts.curves.comparison import comparison as comparison_rows
from service.charts.curves.derivative import derivative as derivative_rows
from service.charts.curves.gain import gain as gain_rows
from service.charts.curves.gradient import gradient as gradient_rows
from service.charts.curves.rows import Row
from service.charts.curves.signal import signal as signal_rows
from service.charts.curves.weight_gradient import weight_gradient as weight_gradient_rows
from service.charts.names import ChartFormat, ChartName, Theme
from service.charts.rendering import rendered, template, warm
from service.charts.theme import config
from service.simulation.results import SimulationReport


@dataclass(frozen=True)
class Chart:
    """A drawing, and where its rows come from."""

    title: str
    how_to_read: str
    drawing: Callable[[], alt.LayerChart]
    rows: Callable[[list[SimulationReport]], dict[str, list[Row]]]


def _of_one(rows: Callable[[SimulationReport], dict[str, list[Row]]]) -> Callable[[list[Any]], dict[str, list[Row]]]:
    return lambda reports: rows(reports[0])


CHARTS = {
    ChartName.GRADIENT: Chart(gradient.TITLE, gradient.HOW_TO_READ, gradient.drawing, _of_one(gradient_rows)),
    ChartName.GAIN: Chart(gain.TITLE, gain.HOW_TO_READ, gain.drawing, _of_one(gain_rows)),
    ChartName.SIGNAL: Chart(signal.TITLE, signal.HOW_TO_READ, signal.drawing, _of_one(signal_rows)),
    ChartName.DERIVATIVE: Chart(derivative.TITLE, derivative.HOW_TO_READ, derivative.drawing, _of_one(derivative_rows)),
    ChartName.ACTIVATION: Chart(activation.TITLE, activation.HOW_TO_READ, activation.drawing, _of_one(activation_rows)),
    ChartName.WEIGHT_GRADIENT: Chart(
        weight_gradient.TITLE, weight_gradient.HOW_TO_READ, weight_gradient.drawing, _of_one(weight_gradient_rows)
    ),
    ChartName.COMPARISON: Chart(comparison.TITLE, comparison.HOW_TO_READ, comparison.drawing, comparison_rows),
}


def specification(reports: list[SimulationReport], name: ChartName, theme: Theme) -> dict[str, Any]:
    """The chart of the first report, or of all of them where they are compared, as Vega-Lite."""
    chart, verdict = CHARTS[name], reports[0].verdict
    whose = f"{architecture(reports[0])}: {outcome(verdict)}"
    lines = [*([] if name is ChartName.COMPARISON else [whose]), chart.how_to_read]
    rows = chart.rows(reports)
    made, rows = (template(chart.drawing), rows) if _has_numbers(rows) else (template(nothing.drawing), {})
    return {
        **made,
        "config": config(theme),
        "datasets": {**made.get("datasets", {}), **rows},
        "description": f"{chart.title}. {verdict.reasons[0]}",
        "title": {"text": chart.title, "subtitle": lines},
        "width": "container",
    }


def drawn(reports: list[SimulationReport], name: ChartName, theme: Theme, wanted: ChartFormat) -> bytes:
    """The chart as a file."""
    return rendered(specification(reports, name, theme), wanted)


def prepare() -> None:
    """Make all drawings and start the renderer, so that the first chart is drawn as fast as the next."""
    for chart in CHARTS.values():
        template(chart.drawing)
    warm(nothing.drawing)


def _has_numbers(rows: dict[str, list[Row]]) -> bool:
    """Whether the first table, which is what the chart is about, has a number beside those of the layers."""
    main = next(iter(rows.values()))
    return any(isinstance(value, float) for row in main for value in row.values())
