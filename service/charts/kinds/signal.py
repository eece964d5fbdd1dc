"""The signal on its way forward, and how far apart inputs point."""

from collections.abc import Sequence
from typing import Any

from service.charts.architecture import top_layers
from service.charts.chart import Chart
from service.charts.folding import repeats
from service.charts.places import Places
from service.charts.rows import Row, downsample, spread_rows
from service.simulation.results import SimulationReport


class SignalChart(Chart):
    """The root mean square of the outputs, and how far apart the directions of the samples' outputs are."""

    name = "signal"
    title = "Signal through the depth"
    how_to_read = (
        "0 is a signal of size one; at a separation of −1.3 decades and below, all inputs point in one direction."
    )
    position = 30
    tab = "Signal"
    on_report_page = True
    SIGNAL, SEPARATION = "signal: RMS of the outputs", "separation: how far apart inputs point"

    def rows(self, reports: Sequence[SimulationReport]) -> dict[str, list[Row]]:
        """`layers`: both numbers of each layer that is not inside another one, in decades; `places`: their labels.

        `repeats`: the layers that are alike in a row.
        """
        layers, places = downsample(top_layers(reports[0])), Places.of(reports[0])
        rows = [
            *spread_rows(layers, lambda layer: layer.log10_forward_rms, self.SIGNAL),
            *spread_rows(layers, lambda layer: layer.log10_angular_spread, self.SEPARATION),
        ]
        return {
            "layers": places.put(rows),
            "places": places.labels(layers),
            "repeats": repeats(reports[0], places),
        }

    def drawing(self) -> dict[str, Any]:
        """Lines over the table `layers`, with their bands over trials."""
        from service.charts import marks

        y = marks.decades_axis("median", "decades (log₁₀)")
        lines = marks.medians(marks.layer_axis(), y, *marks.series(self.SIGNAL, self.SEPARATION))
        return marks.layered(marks.place_rules(), *marks.brackets(), *lines)
