"""Reports → a chart as Vega-Lite, as SVG or as PNG; the same report gives the same bytes.

A drawing is made once: what differs between reports are its rows and its subtitle, and between themes its colours.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from typing import Any
from xml.sax.saxutils import quoteattr

import altair as alt
import vl_convert

from service.charts import activation, comparison, derivative, gain, gradient, nothing, signal, weight_gradient
from service.charts.names import ChartFormat, ChartName, Theme
from service.charts.theme import config
from service.curves.activation import activation as activation_rows
from service.curves.architecture import architecture, outcome
from service.curves.comparison import comparison as comparison_rows
from service.curves.derivative import derivative as derivative_rows
from service.curves.gain import gain as gain_rows
from service.curves.gradient import gradient as gradient_rows
from service.curves.rows import Row
from service.curves.signal import signal as signal_rows
from service.curves.weight_gradient import weight_gradient as weight_gradient_rows
from service.results import SimulationReport

_VEGA_LITE = "6.4"
_PNG_SCALE = 1.5
SCRIPT_VERSION = f"{version('vl-convert-python')}-1"
"""Of `script`: of the library that makes it, and of what is asked of that."""


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
    return {
        **(_template(chart.drawing) if _has_numbers(rows) else _template(nothing.drawing)),
        "config": config(theme),
        "datasets": rows,
        "description": f"{chart.title}. {verdict.reasons[0]}",
        "title": {"text": chart.title, "subtitle": lines},
        "width": "container",
    }


def drawn(reports: list[SimulationReport], name: ChartName, theme: Theme, wanted: ChartFormat) -> bytes:
    """The chart as a file: Vega-Lite in JSON, SVG, or PNG of one and a half times its size, for sharp screens."""
    made = specification(reports, name, theme)
    text = json.dumps(made, ensure_ascii=False)
    match wanted:
        case ChartFormat.JSON:
            return text.encode()
        case ChartFormat.SVG:
            picture = vl_convert.vegalite_to_svg(text, vl_version=_VEGA_LITE)
            return picture.replace("<svg ", f'<svg role="img" aria-label={quoteattr(made["description"])} ', 1).encode()
        case ChartFormat.PNG:
            return bytes(vl_convert.vegalite_to_png(text, vl_version=_VEGA_LITE, scale=_PNG_SCALE))


def prepare() -> None:
    """Make all drawings and start the renderer, so that the first chart is drawn as fast as the next."""
    for chart in CHARTS.values():
        _template(chart.drawing)
    vl_convert.vegalite_to_svg(_template(nothing.drawing), vl_version=_VEGA_LITE)


def script() -> str:
    """Vega, Vega-Lite and Vega-Embed for browsers, of the versions that draw here, as `window.vegaEmbed`."""
    return str(vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;"))


@cache
def _template(drawing: Callable[[], alt.LayerChart]) -> dict[str, Any]:
    made: dict[str, Any] = drawing().to_dict()
    return {key: value for key, value in made.items() if key != "config"}


def _has_numbers(rows: dict[str, list[Row]]) -> bool:
    """Whether the first table, which is what the chart is about, has a number beside those of the layers."""
    main = next(iter(rows.values()))
    return any(isinstance(value, float) for row in main for value in row.values())
