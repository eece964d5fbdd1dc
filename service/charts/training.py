"""What comes of a training → its chart: loss, accuracy and depth ratio along the steps, a line for each rate."""

from collections.abc import Sequence
from typing import Any, Literal

import altair as alt

from service.charts import marks
from service.charts.chart import Chart, ChartFormat, Theme
from service.charts.rendering import assemble, render
from service.charts.rows import Row
from service.studies.training import Curve, TrainedRate, TrainingSpec, best_rate

_HEIGHT = 190
_FARTHEST = 30.0
"""A loss is cut at so many times that of the first step, or at so small a part of it: one rate would flatten all."""
_LEAST_LOSS = 1e-9
_NOTHING_YET = "No rate of this training is there yet."
_PANELS = {
    "loss": "mean loss",
    "accuracy": "share of right answers",
    "depth_ratio": "depth ratio, decades",
}
_HOW_TO_READ = "Medians over trials; a line ends where the loss is no finite number. Losses are on a logarithmic axis."


def draw_training(request: bytes, lines: Sequence[bytes], theme: Theme, wanted: ChartFormat) -> bytes:
    """The chart of the training `request`, which is JSON, as a file; `lines` are the results that are there."""
    spec = TrainingSpec.model_validate_json(request)
    rates = [one for one in map(TrainedRate.model_validate_json, lines) if one.loss is not None]
    rows = training_rows(rates)
    optimizer = f"{spec.optimizer.kind}, {spec.trials} trials, {spec.steps} steps"
    words = {
        "description": f"Training. {(best_rate(rates) or rates[0]).sentence}" if rates else _NOTHING_YET,
        "title": {"text": "What training makes of it", "subtitle": [optimizer, _HOW_TO_READ]},
    }
    panels = [name for name in _PANELS if any(row[name] is not None for row in rows)]
    names = [_name(one) for one in rates]
    drawn = alt.VConcatChart(vconcat=[_panel(name, names) for name in panels]) if panels else _nothing()
    made = assemble(drawn.to_dict(validate=False), {"steps": rows}, words, theme)
    made.pop("width")  # panels have widths of their own
    return render(made, wanted)


def training_rows(rates: Sequence[TrainedRate]) -> list[Row]:
    """A row for each rate and recorded step: loss, accuracy, depth ratio, null where there is none."""
    return [row for one in rates for row in _rows(one)]


def _rows(one: TrainedRate) -> list[Row]:
    losses = one.loss.median if one.loss is not None else []
    first = next((loss for loss in losses if loss is not None), 1.0) or 1.0
    found: list[Row] = []
    for at, step in enumerate(one.steps):
        loss = losses[at]
        cut = None if loss is None else max(min(loss, _FARTHEST * first), _LEAST_LOSS * first)
        others = {"accuracy": _median(one.accuracy, at), "depth_ratio": _median(one.depth_ratio, at)}
        found.append({"step": step, "rate": _name(one), "loss": cut, **(others if loss is not None else {})})
    return [{**dict.fromkeys(_PANELS), **row} for row in found]


def _median(curve: Curve | None, at: int) -> float | None:
    return None if curve is None else curve.median[at]


def _name(one: TrainedRate) -> str:
    return f"rate {one.rate:g}"


def _panel(name: str, names: Sequence[str]) -> alt.Chart:
    legend = alt.Legend(title=None, columns=6, symbolType="stroke", symbolOpacity=1)
    colour = alt.Color("rate:N", scale=alt.Scale(domain=names, range="category"), legend=legend)
    strokes = [marks.DASHES[at // 5 % len(marks.DASHES)] for at in range(len(names))]  # five colours come first
    dashed = alt.StrokeDash("rate:N", scale=alt.Scale(domain=names, range=strokes), legend=legend)
    kind: Literal["log", "linear"] = "log" if name == "loss" else "linear"
    y = alt.Y(f"{name}:Q", axis=alt.Axis(title=_PANELS[name]), scale=alt.Scale(type=kind, zero=False, nice=False))
    x = marks.count_axis("step", "steps made", padding=4)
    tooltip = [alt.Tooltip("rate:N"), alt.Tooltip("step:Q"), alt.Tooltip(f"{name}:Q", format=".4~g")]
    base = alt.Chart(alt.NamedData("steps"), width=Chart.width, height=_HEIGHT)
    line = base.mark_line(strokeWidth=2, invalid="break-paths-filter-domains")
    return line.encode(x, y, colour, dashed, tooltip=tooltip)


def _nothing() -> Any:
    return alt.LayerChart(layer=[marks.sentence(_NOTHING_YET)])
