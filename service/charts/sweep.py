"""The results of a sweep so far → its chart: a line along one axis, or a map of two, and the words that go with it."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from service.charts.architecture import outline
from service.charts.chart import ChartFormat, Theme
from service.charts.rendering import assemble, render
from service.charts.sweep_line import SweepLine
from service.charts.sweep_map import SweepMap
from service.charts.sweep_points import Findings, value_name
from service.simulation.vocabulary import Label
from service.studies.sweep import Combine, SweepSpec

_DOES = {Label.VANISHING: "vanish", Label.EXPLODING: "explode", Label.STABLE: "are stable", Label.DEAD: "are dead"}


def draw_sweep(request: bytes, lines: Sequence[bytes], theme: Theme, wanted: ChartFormat) -> bytes:
    """The chart of the sweep `request`, which is JSON, as a file; `lines` are those of its results that it shows."""
    findings = Findings(SweepSpec.model_validate_json(request), lines)
    chart = SweepMap(findings) if len(findings.axes) == 2 else SweepLine(findings)
    words = {
        "description": _description(chart, findings),
        "title": {"text": chart.title, "subtitle": _subtitle(chart, findings)},
    }
    drawing = chart.drawing().to_dict(validate=False)  # to validate it takes as long as to draw it
    made = {**assemble(drawing, chart.rows, words, theme), "height": chart.height}
    return render(made if wanted is ChartFormat.JSON else _still(made), wanted)


def _subtitle(chart: SweepLine | SweepMap, findings: Findings) -> list[str]:
    """Whose sweep it is, what is left out, how to read it, and what is marked."""
    counts = Counter(row["state"] for row in findings.rows)
    marked = [f"{words} ({counts[state]:,})" for state, words in chart.symbols.items() if counts[state]]
    lines = [_whose(findings.spec), _left_out(findings), chart.how_to_read, " · ".join(marked)]
    return [line for line in lines if line]


def _description(chart: SweepLine | SweepMap, findings: Findings) -> str:
    """The chart in two sentences."""
    labels = Counter(row["label"] for row in findings.rows)
    judged = [f"{labels[label]:,} {does}" for label, does in _DOES.items() if labels[label]]
    outcome = ", ".join(judged) or "none is judged yet"
    return f"{chart.title}. Of {len(findings.rows):,} networks that are shown, {outcome}."


def _whose(spec: SweepSpec) -> str:
    whose = outline(spec)
    networks = f"{spec.total:,} networks, each drawn {spec.base.trials:,} times" if spec.total > 1 else "one network"
    return f"{whose}: {networks}" if whose else networks


def _left_out(findings: Findings) -> str:
    """At which values of other axes the chart is, and how many values of its own it has."""
    spec, extract = findings.spec, findings.extract
    first = findings.grid.values(0)
    names = [spec.axes[axis].name for axis in extract.held]
    held = [f"{name} stays at {value_name(first[name])}, its first value" for name in names]
    along = [f"{axis.name} goes along" for axis in spec.axes[1:] if spec.combine is Combine.ZIP]
    shown, all_of_it = (" × ".join(f"{size:,}" for size in sizes) for sizes in (extract.shape, extract.shape_of(spec)))
    some = [f"{shown} of {all_of_it} points are drawn, evenly chosen"] if extract.thins(spec) else []
    sentence = "; ".join([*held, *along, *some])
    return f"Here {sentence}." if sentence else ""


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
