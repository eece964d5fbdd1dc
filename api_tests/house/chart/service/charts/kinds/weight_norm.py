"""The size of the weights, layer by layer."""

from collections.abc import Sequence
from typing import Any

from service.charts.chart import Chart
from service.charts.places import Places
from service.charts.rows import Row, downsample, spread_rows
from service.simulation.results import SimulationReport


class WeightNormChart(Chart):
    """The norm of the weights of each layer that has any."""

    name = "weight_norm"
    title = "Norm of the weights"
    how_to_read = "Norm of all weights of a layer; a decade is a factor of ten."
    position = 65
    tab = "Weight norm"
    on_report_page = True

    def rows(self, reports: Sequence[SimulationReport]) -> dict[str, list[Row]]:
        """`layers`: the norm of each layer that has weights, in decades; `places`: their labels."""
        layers, places = [one for one in reports[0].layers if one.log10_weight_norm.count], Places.of(reports[0])
        rows = spread_rows(downsample(layers), lambda layer: layer.log10_weight_norm, "norm of the weights")
        return {"layers": places.put(rows), "places": places.labels(layers)}

    def drawing(self) -> dict[str, Any]:
        """Lines over the table `layers`, with their bands over trials."""
        from service.charts import marks

        y = marks.decades_axis("median", "norm of the weights, decades (log₁₀)")
        lines = marks.medians(marks.layer_axis(), y, *marks.series("norm of the weights"))
        return marks.layered(marks.place_rules(), *lines)
