"""The signal on its way forward, and how far two inputs stay apart."""

from collections.abc import Sequence

import altair as alt

from service.charts import marks
from service.charts.chart import Chart, ChartName
from service.charts.rows import Row, downsample, spread_rows
from service.simulation.results import SimulationReport


class SignalChart(Chart):
    """The root mean square of the outputs and its share that differs between samples."""

    name = ChartName.SIGNAL
    title = "Signal through the depth"
    how_to_read = "0 is a signal of size one; at −1.3 decades of separation and below, the network sees one input only."
    SIGNAL, SEPARATION = "signal: RMS of the outputs", "separation: the part that tells inputs apart"

    def rows(self, reports: Sequence[SimulationReport]) -> dict[str, list[Row]]:
        """`layers`: both numbers of each layer, in decades."""
        layers = downsample(reports[0].layers)
        return {
            "layers": [
                *spread_rows(layers, lambda layer: layer.log10_forward_rms, self.SIGNAL),
                *spread_rows(layers, lambda layer: layer.log10_angular_spread, self.SEPARATION),
            ]
        }

    def drawing(self) -> alt.LayerChart:
        """Lines over the table `layers`, with their bands over trials."""
        y = marks.decades_axis("median", "decades (log₁₀)")
        return alt.LayerChart(
            layer=[*marks.medians(marks.layer_axis(), y, *marks.series(self.SIGNAL, self.SEPARATION))]
        )
