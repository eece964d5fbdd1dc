"""The results of a sweep so far → a chart as Vega-Lite, as SVG or as PNG."""

from collections.abc import Iterator, Sequence
from typing import Any

import altair as alt

from service.charts import nothing, sweep_line, sweep_map
from service.charts.curves.rows import Row
from service.charts.curves.sweep_line import sweep_line as line_rows
from service.charts.curves.sweep_map import Knots
from service.charts.curves.sweep_map import sweep_map as map_rows
from service.charts.curves.sweep_points import Findings, State
from service.charts.curves.sweep_words import description, subtitle, title
from service.charts.names import ChartFormat, Theme
from service.charts.rendering import rendered, uncoloured
from service.charts.theme import HEIGHT, config
from service.studies.sweep import SweepSpec

NOTHING_YET = "No point of this sweep is there yet."


def specification(spec: SweepSpec, lines: Sequence[bytes], theme: Theme) -> dict[str, Any]:
    """The chart of a sweep from those of its results that it shows, a line of JSON each, as Vega-Lite."""
    findings = Findings(spec, lines)
    drawing, rows, height = _drawn(findings)
    made = uncoloured(drawing, validate=False)
    return {
        **made,
        "config": config(theme),
        "datasets": {**made.get("datasets", {}), **rows},
        "description": description(findings),
        "title": {"text": title(findings), "subtitle": subtitle(findings)},
        "width": "container",
        "height": height,
    }


def drawn(spec: SweepSpec, lines: Sequence[bytes], theme: Theme, wanted: ChartFormat) -> bytes:
    """The same as a file."""
    made = specification(spec, lines, theme)
    return rendered(made if wanted is ChartFormat.JSON else _still(made), wanted)


def _drawn(findings: Findings) -> tuple[alt.LayerChart, dict[str, list[Row]], int]:
    """The drawing with its rows and its height."""
    if len(findings.axes) == 2:
        rows = map_rows(findings)
        series = sorted({str(row["series"]) for row in rows["lines"]})
        knots = Knots.of(findings.spec.base.policy)
        return sweep_map.drawing(findings.axes, knots, series), rows, sweep_map.HEIGHT
    if all(row["state"] is State.WAITING for row in findings.rows):
        return nothing.drawing(NOTHING_YET), {}, HEIGHT
    return sweep_line.drawing(findings.axes[0]), line_rows(findings), HEIGHT


def _still(made: dict[str, Any]) -> dict[str, Any]:
    """Without what a picture has no use for: what is told to a pointer, and layers of no rows and no legend."""
    empty = {name for name, rows in made["datasets"].items() if not rows}
    layers = [
        {**layer, "encoding": {name: one for name, one in layer["encoding"].items() if name != "tooltip"}}
        for layer in made["layer"]
        if layer.get("data", {}).get("name") not in empty or "color" in layer["encoding"]
    ]
    seen = set(_fields(layers))
    rows = {
        name: [{field: value for field, value in row.items() if field in seen} for row in rows]
        for name, rows in made["datasets"].items()
    }
    return {**made, "layer": layers, "datasets": rows}


def _fields(node: Any) -> Iterator[str]:
    if isinstance(node, dict) and isinstance(node.get("field"), str):
        yield node["field"]
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _fields(child)
