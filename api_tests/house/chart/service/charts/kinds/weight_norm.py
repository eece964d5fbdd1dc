"""The size of the weights, layer by layer."""

from collections.abc import Sequence
from typing import Any

from service.charts.chart import Chart
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
        """`layers`: the norm of each layer that has weights, in decades."""
        layers = downsample([layer for layer in reports[0].layers if layer.log10_weight_norm.count])
        return {"layers": spread_rows(layers, lambda layer: layer.log10_weight_norm, "norm of the weights")}

    def drawing(self) -> dict[str, Any]:
        """Lines over the table `layers`, with their bands over trials."""
        from service.charts import marks

        y = marks.decades_axis("median", "norm of the weights, decades (log₁₀)")
        return marks.layered(*marks.medians(marks.layer_axis(), y, *marks.series("norm of the weights")))
