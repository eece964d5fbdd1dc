"""Where attentions look, and how much of their gradient goes through the softmax."""

from collections.abc import Sequence
from math import log
from typing import Any

from service.charts.architecture import top_layers
from service.charts.chart import Chart
from service.charts.places import Places
from service.charts.rows import Row, downsample
from service.simulation.layer_results import LayerStatistics, Spread
from service.simulation.results import SimulationReport


class AttentionChart(Chart):
    """The entropy of a step's weights as a share of the largest, and the softmax's share of the gradient."""

    name = "attention"
    title = "Attention"
    how_to_read = "Entropy 1: every step looks at all alike, and the softmax passes next to nothing on; 0: at one step."
    position = 36
    tab = "Attention"
    requires = "attention"
    ENTROPY, SOFTMAX = "entropy, of ln(steps)", "share of the gradient by the softmax"

    def rows(self, reports: Sequence[SimulationReport]) -> dict[str, list[Row]]:
        """`layers`: both numbers of each attention, wherever it stands; `places`: the labels of the top list."""
        report, *_ = reports
        layers, places = (
            downsample([layer for layer in report.layers if layer.attention is not None]),
            Places.of(report),
        )
        rows = [row for layer in layers for row in self._shares(layer)]
        return {"layers": places.put(rows), "places": places.labels(downsample(top_layers(report)))}

    def drawing(self) -> dict[str, Any]:
        """Lines over the table `layers`, with their bands over trials."""
        import altair as alt

        from service.charts import marks

        y = alt.Y("median:Q", axis=alt.Axis(title="share", format=".1~f"), scale=alt.Scale(domain=[0, 1]))
        lines = marks.medians(marks.layer_axis(), y, *marks.series(self.ENTROPY, self.SOFTMAX))
        return marks.layered(marks.place_rules(), *lines)

    def _shares(self, layer: LayerStatistics) -> list[Row]:
        """Both numbers of an attention."""
        found, largest = layer.attention, log(max(2, layer.shape[0]))
        if found is None:
            return []
        return [
            _row(layer.index, self.ENTROPY, found.entropy, largest),
            _row(layer.index, self.SOFTMAX, found.softmax_share, 1.0),
        ]


def _row(layer: int, series: str, found: Spread, whole: float) -> Row:
    shares = {name: getattr(found, name) for name in ("median", "p05", "p95")}
    parts = {name: None if value is None else value / whole for name, value in shares.items()}
    return {"layer": layer, "series": series, "trials": found.count, **parts}
