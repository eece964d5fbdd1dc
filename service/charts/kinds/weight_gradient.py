"""The gradient of a weight, layer by layer, as an optimiser meets it."""

from collections.abc import Sequence
from typing import Any

from service.charts.architecture import top_layers
from service.charts.chart import Chart
from service.charts.places import Places
from service.charts.rows import Row, downsample, spread_rows
from service.simulation.layer_results import LayerStatistics
from service.simulation.results import SimulationReport


class WeightGradientChart(Chart):
    """The root mean square of ∂e/∂w over the weights of each layer that has any."""

    name = "weight_gradient"
    title = "Gradient of the weights"
    how_to_read = (
        "Root mean square of ∂e/∂w over the weights of a layer; with equal values, one learning rate suits all layers."
    )
    position = 60
    tab = "Weight gradient"

    def rows(self, reports: Sequence[SimulationReport]) -> dict[str, list[Row]]:
        """`layers`: the number of each layer that has weights, those inside blocks as well, in decades.

        `places`: the labels of the top list.
        """
        report, places = reports[0], Places.of(reports[0])
        layers = downsample([layer for layer in report.layers if _has_weights(layer)])
        rows = spread_rows(layers, lambda layer: layer.log10_weight_gradient_rms, "per weight")
        return {"layers": places.put(rows), "places": places.labels(downsample(top_layers(report)))}

    def drawing(self) -> dict[str, Any]:
        """Lines over the table `layers`, with their bands over trials."""
        import altair as alt

        from service.charts import marks

        y = marks.decades_axis("median", "|∂e/∂w|, decades (log₁₀)")
        return marks.layered(
            marks.place_rules(), *marks.medians(marks.layer_axis(), y, alt.Color("series:N", legend=None))
        )


def _has_weights(layer: LayerStatistics) -> bool:
    """Whether weights, or a gradient of theirs, are met in some trial: other parameters are no weights."""
    return layer.log10_weight_norm.count > 0 or layer.log10_weight_gradient_rms.count > 0
