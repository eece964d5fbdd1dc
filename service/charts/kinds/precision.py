"""What a format of 16 bits loses of the gradients, layer by layer."""

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from service.charts.architecture import top_layers
from service.charts.chart import Chart
from service.charts.places import Places
from service.charts.rows import Row, downsample
from service.simulation.layer_results import LayerStatistics
from service.simulation.results import SimulationReport


class PrecisionChart(Chart):
    """Shares of entries that are stored as 0 though they are none, or as infinite."""

    name = "precision"
    title = "What 16 bits lose of the gradient"
    how_to_read = "The share of entries that are stored as 0 though they are not, or as infinite, at this loss scale."
    position = 38
    tab = "Underflow"
    requires = "precision"
    on_report_page = True
    SERIES: ClassVar[dict[str, str]] = {
        "underflow_share": "δ becomes 0",
        "weight_gradient_underflow_share": "∂e/∂w becomes 0",
        "overflow_share": "δ overflows",
        "weight_gradient_overflow_share": "∂e/∂w overflows",
    }

    def rows(self, reports: Sequence[SimulationReport]) -> dict[str, list[Row]]:
        """`layers`: the shares of every layer, those inside blocks as well; `places`: the labels of the top list."""
        report, places = reports[0], Places.of(reports[0])
        layers = downsample([layer for layer in report.layers if layer.precision is not None])
        rows = [row for field, series in self.SERIES.items() for row in _shares(layers, field, series)]
        return {"layers": places.put(rows), "places": places.labels(downsample(top_layers(report)))}

    def drawing(self) -> dict[str, Any]:
        """Lines over the table `layers`."""
        import altair as alt

        from service.charts import marks

        x, style = marks.layer_axis(), marks.series(*self.SERIES.values())
        y = alt.Y("share:Q", axis=alt.Axis(title="share of entries", format=".0%"), scale=alt.Scale(domain=[0, 1]))
        base = alt.Chart(alt.NamedData("layers"))
        tooltip = [
            alt.Tooltip("series:N", title="what"),
            alt.Tooltip("layer:Q"),
            alt.Tooltip("name:N", title="which is"),
            alt.Tooltip("share:Q", format=".2%"),
        ]
        return marks.layered(
            marks.place_rules(),
            base.mark_line(strokeWidth=2.2).encode(x, y, *style),
            base.mark_point(filled=True, size=24, opacity=1).encode(x, y, *style, tooltip=tooltip),
        )


def _shares(layers: Sequence[LayerStatistics], field: str, series: str) -> Iterator[Row]:
    """A row for each layer that has that share."""
    for layer in layers:
        share = getattr(layer.precision, field)
        if share is not None:
            yield {"layer": layer.index, "series": series, "share": float(share)}
