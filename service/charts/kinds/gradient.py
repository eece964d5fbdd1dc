"""Delta through the depth: measured with its spread over trials, predicted, and the bands the verdict is decided by."""

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from service.charts.architecture import anchor, hidden_layers, top_layers
from service.charts.chart import Chart
from service.charts.rows import Frame, Row, clamp, downsample, numbers, spread_rows
from service.simulation.results import LayerStatistics, SimulationReport

_MEASURED, _PREDICTED = "measured", "predicted by mean field theory"


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

        `predicted` are those that theory speaks of, `zones` the bands of the policy, `zeros` the layers where delta is
        exactly 0 in some trials.
        """
        report, *_ = reports
        starts, policy = hidden_layers(report), report.spec.policy
        drawn = _drawn(report, starts)
        measured = spread_rows(drawn, lambda layer: layer.log10_delta_norm, _MEASURED, anchor(report))
        predicted = _predictions(report, starts, drawn)
        ends = (starts[0].index, starts[-1].index) if starts else (1, len(report.layers))
        shown = numbers(measured, "median") + numbers(predicted, "median")
        frame = Frame.around(shown, ends, policy, numbers(measured, "p05", "p95"))
        return {
            "layers": [
                {
                    **row,
                    "low": clamp(row, "p05", frame.low, frame.high),
                    "high": clamp(row, "p95", frame.low, frame.high),
                }
                for row in measured
            ],
            "predicted": predicted,
            "zones": frame.bands(policy) if len(starts) > 1 else [],
            "zeros": _zeros([layer for layer in drawn if layer.zero_trials], frame),
        }

    def drawing(self) -> dict[str, Any]:
        """Marks over `layers`, `predicted`, `zones` and `zeros`."""
        import altair as alt

        from service.charts import marks

        y = marks.decades_axis("median", "δ over its median at the last hidden layer, decades")
        x, style = marks.layer_axis(), marks.series(_MEASURED, _PREDICTED)
        predicted = alt.Chart(alt.NamedData("predicted")).mark_line(strokeWidth=2.2)
        zeros, where = alt.Chart(alt.NamedData("zeros")), (alt.X("layer:Q"), alt.Y("at:Q"))
        tooltip = [alt.Tooltip("layer:Q"), alt.Tooltip("zero_trials:Q", title="trials whose gradient is exactly 0")]
        return marks.layered(
            *marks.policy_bands(),
            *marks.medians(x, y, *style, band=("low", "high")),
            predicted.encode(x, y, *style),
            zeros.mark_point(shape="cross", angle=45, filled=True, style="zero").encode(*where, tooltip=tooltip),
            zeros.mark_text(style="zero-name").encode(*where, alt.Text("name:N")),
        )


def _drawn(report: SimulationReport, starts: list[LayerStatistics]) -> list[LayerStatistics]:
    """The layers that are drawn: the first and the last hidden one, which the verdict is about, are among them."""
    top = top_layers(report)
    chosen = {layer.index for layer in [*downsample(top), *starts[:1], *starts[-1:]]}
    return [layer for layer in top if layer.index in chosen]


def _zeros(layers: list[LayerStatistics], frame: Frame) -> list[Row]:
    """A mark for each layer whose delta is exactly 0 in some trials, the first with a name for all."""
    most = max((layer.zero_trials for layer in layers), default=0)
    name = f"crosses: exactly 0, in up to {most} trials"
    return [
        {"layer": layer.index, "zero_trials": layer.zero_trials, "at": frame.floor, "name": "" if place else name}
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
