"""How far apart the steps of a sequence point, layer by layer: tokens that have become one cannot be told apart."""

from collections.abc import Sequence
from typing import Any

from service.charts.architecture import top_layers
from service.charts.chart import Chart
from service.charts.places import Places
from service.charts.rows import Row, downsample, spread_rows
from service.simulation.layer_results import LayerStatistics, Spread
from service.simulation.results import SimulationReport


class TokensChart(Chart):
    """The angular spread over the steps of each sample, beside that over samples."""

    name = "tokens"
    title = "How far apart tokens point"
    how_to_read = "0 is far apart; at −1.3 decades and below, all tokens of a sequence point in one direction."
    position = 34
    tab = "Tokens"
    requires = "log10_token_spread"
    STEPS, SAMPLES = "over the steps of each sample", "over samples"

    def rows(self, reports: Sequence[SimulationReport]) -> dict[str, list[Row]]:
        """`layers`: both numbers of each sequence of the top list, in decades; `places`: their labels."""
        layers = downsample([one for one in top_layers(reports[0]) if one.log10_token_spread is not None])
        places = Places.of(reports[0])
        rows = spread_rows(layers, _over_steps, self.STEPS)
        if rows:
            rows += spread_rows(layers, lambda layer: layer.log10_angular_spread, self.SAMPLES)
        return {"layers": places.put(rows), "places": places.labels(layers)}

    def drawing(self) -> dict[str, Any]:
        """Lines over the table `layers`, with their bands over trials."""
        from service.charts import marks

        y = marks.decades_axis("median", "angular spread, decades (log₁₀)")
        lines = marks.medians(marks.layer_axis(), y, *marks.series(self.STEPS, self.SAMPLES))
        return marks.layered(marks.place_rules(), *lines)


def _over_steps(layer: LayerStatistics) -> Spread:
    found = layer.log10_token_spread
    return layer.log10_angular_spread if found is None else found
