"""Delta through the depth: measured with its spread over trials, predicted, and the bands the verdict is decided by."""

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from service.charts.architecture import anchor, hidden_layers, top_layers
from service.charts.chart import Chart
from service.charts.folding import repeats
from service.charts.places import Places
from service.charts.rows import Frame, Row, clamp, downsample, numbers, spread_rows
from service.simulation.layer_results import LayerStatistics
from service.simulation.results import SimulationReport

_MEASURED, _PREDICTED = "measured", "predicted by mean field theory"
_INSIDE = "inside a block"
_NOTE = "small points: layers inside blocks"
_MOST_INSIDE = 300


class GradientChart(Chart):
    """log10 of delta's norm less its median at the last hidden layer: at the first one, about the depth ratio.

    Its band is wider than that of the depth ratio: it has what a trial does to all layers alike.
    """

    name = "gradient"
    title = "Gradient through the depth"
    how_to_read = (
        "The error enters at the right and travels left. A decade is a factor of ten: −3 decades are a thousandth."
    )
    position = 10
    tab = None
    on_report_page = True

    def rows(self, reports: Sequence[SimulationReport]) -> dict[str, list[Row]]:
        """`layers` are the measured layers of the top list, with their band cut where it is far from the lines.

        `inside` are those inside blocks, kept within the frame; `predicted` are those that theory speaks of, `zones`
        the bands of the policy, `zeros` the layers where delta is exactly 0 in some trials, `places` their labels, and
        `repeats` the layers that are alike in a row.
        """
        report, *_ = reports
        starts, policy, places = hidden_layers(report), report.spec.policy, Places.of(report)
        drawn = _drawn(report, starts)
        measured = spread_rows(drawn, lambda layer: layer.log10_delta_norm, _MEASURED, anchor(report))
        predicted = _predictions(report, starts, drawn)
        ends = (places.at(starts[0]), places.at(starts[-1])) if starts else (1.0, places.at(report.layers[-1]))
        shown = numbers(measured, "median") + numbers(predicted, "median")
        frame = Frame.around(shown, ends, policy, numbers(measured, "p05", "p95"))
        banded: list[Row] = [
            {**row, "low": clamp(row, "p05", frame.low, frame.high), "high": clamp(row, "p95", frame.low, frame.high)}
            for row in measured
        ]
        return {
            "layers": places.put(banded),
            "inside": places.put(_inside(report, frame)),
            "predicted": places.put(predicted),
            "zones": frame.bands(policy) if len(starts) > 1 else [],
            "zeros": places.put(_zeros([layer for layer in drawn if layer.zero_trials], frame)),
            "places": places.labels(drawn),
            "repeats": repeats(report, places),
        }

    def drawing(self) -> dict[str, Any]:
        """Marks over all tables of `rows`."""
        import altair as alt

        from service.charts import marks

        y = marks.decades_axis("median", marks.BESIDE_LAST)
        x, style = marks.layer_axis(), marks.series(_MEASURED, _PREDICTED, last_from="predicted")
        predicted = alt.Chart(alt.NamedData("predicted")).mark_line(strokeWidth=2.2)
        inside, above = alt.Chart(alt.NamedData("inside")), "height - (length(data('repeats')) ? 16 : 0)"
        dots = inside.mark_point(filled=True, size=9, style="inner")
        zeros, where = alt.Chart(alt.NamedData("zeros")), (alt.X("place:Q"), alt.Y("at:Q"))
        tooltip = [alt.Tooltip("layer:Q"), alt.Tooltip("zero_trials:Q", title="trials whose gradient is exactly 0")]
        return marks.layered(
            *marks.policy_bands(),
            marks.place_rules(),
            *marks.brackets(),
            dots.encode(x, alt.Y("drawn:Q"), tooltip=marks.layer_tooltip("what", "median")),
            inside.mark_text(style="note").encode(
                alt.Text("note:N"), x=alt.value("width"), y=alt.value(alt.expr(above))
            ),
            *marks.medians(x, y, *style, band=("low", "high")),
            predicted.encode(x, y, *style),
            zeros.mark_point(shape="cross", angle=45, filled=True, style="zero").encode(*where, tooltip=tooltip),
            zeros.mark_text(style="zero-name").encode(*where, alt.Text("note:N")),
        )


def _drawn(report: SimulationReport, starts: list[LayerStatistics]) -> list[LayerStatistics]:
    """The layers that are drawn: the first and the last hidden one, which the verdict is about, are among them."""
    top = top_layers(report)
    chosen = {layer.index for layer in [*downsample(top), *starts[:1], *starts[-1:]]}
    return [layer for layer in top if layer.index in chosen]


def _inside(report: SimulationReport, frame: Frame) -> list[Row]:
    """The layers inside blocks; `drawn` is the median, or the edge of the frame; the first has a note for all."""
    layers = downsample([layer for layer in report.layers if layer.inside], _MOST_INSIDE)
    rows = spread_rows(layers, lambda layer: layer.log10_delta_norm, _INSIDE, anchor(report))
    return [
        {**row, "drawn": clamp(row, "median", frame.low, frame.high), "note": "" if number else _NOTE}
        for number, row in enumerate(rows)
    ]


def _zeros(layers: list[LayerStatistics], frame: Frame) -> list[Row]:
    """A mark for each layer whose delta is exactly 0 in some trials, the first with a name for all."""
    most = max((layer.zero_trials for layer in layers), default=0)
    name = f"crosses: exactly 0, in up to {most} trials"
    return [
        {"layer": layer.index, "zero_trials": layer.zero_trials, "at": frame.floor, "note": "" if place else name}
        for place, layer in enumerate(layers)
    ]


def _predictions(report: SimulationReport, starts: list[LayerStatistics], drawn: list[LayerStatistics]) -> list[Row]:
    """The predicted gains, added up from the last hidden layer back to each one that is drawn."""
    gains = report.theory.log10_backward_gain
    if not gains or len(gains) != len(starts) - 1:
        return []
    sums = [*reversed([0.0, *accumulate(reversed(gains))])]
    chosen = {layer.index for layer in drawn}
    return [
        {"layer": layer.index, "series": _PREDICTED, "median": decades}
        for layer, decades in zip(starts, sums, strict=True)
        if layer.index in chosen
    ]
