"""φ' where the network works: range, root mean square and histogram in every layer, and the certified bounds."""

from collections.abc import Sequence
from typing import Any

from service.charts.architecture import bar_layers
from service.charts.chart import Chart
from service.charts.kinds.activation import bound_rows
from service.charts.places import Places
from service.charts.rows import Row
from service.simulation.layer_results import LayerStatistics
from service.simulation.results import SimulationReport

_LAYERS_OF_FINE_BINS = 8
"""With more layers, bins are put together: some three hundred rectangles are a picture, thousands a wait."""


class DerivativeChart(Chart):
    """The activation's derivative at the pre-activations that are met."""

    name = "derivative"
    title = "Derivative of the activation where the network works"
    how_to_read = (
        "From the smallest to the largest φ' met in a layer; the diamond is its root mean square, the layer's share."
    )
    position = 40
    tab = "Slope φ′"

    def rows(self, reports: Sequence[SimulationReport]) -> dict[str, list[Row]]:
        """`layers`: mean, RMS, smallest and largest φ'; `bins`: its histogram, where asked for; `bounds` of φ'."""
        report, *_ = reports
        layers = bar_layers(report)
        together, places = -(-len(layers) // _LAYERS_OF_FINE_BINS), Places.of(report)
        return {
            "layers": places.put([{"layer": layer.index, **_numbers(layer)} for layer in layers]),
            "bins": places.put([row for layer in layers for row in _bins(layer, together)]),
            "bounds": bound_rows(report),
            "places": places.labels(layers),
        }

    def drawing(self) -> dict[str, Any]:
        """Marks over `layers`, `bins` and `bounds`."""
        import altair as alt

        from service.charts import marks

        x = marks.layer_bars()
        y = alt.Y("min:Q", axis=alt.Axis(title="φ'(z)"), scale=alt.Scale(zero=False))
        base = alt.Chart(alt.NamedData("layers"))
        tooltip = [
            alt.Tooltip("layer:Q"),
            alt.Tooltip("name:N", title="which is"),
            *(alt.Tooltip(f"{field}:Q", format=".4~f") for field in ("min", "mean", "rms", "max")),
            alt.Tooltip("saturated:Q", title="saturated units and samples", format=".1%"),
            alt.Tooltip("dead:Q", title="dead units", format=".1%"),
        ]
        share = alt.FillOpacity("share:Q", scale=alt.Scale(range=[0.12, 1]), legend=None)
        of_bin = [alt.Tooltip("share:Q", title="share of units and samples", format=".1%")]
        bins = alt.Chart(alt.NamedData("bins")).mark_rect()
        mean_squares = base.mark_point(shape="diamond", filled=True, opacity=1, size=52, style="total")
        return marks.layered(
            *marks.derivative_bounds(),
            marks.label_table(),
            bins.encode(x, alt.Y("low:Q"), alt.Y2("high:Q"), share, tooltip=of_bin),
            base.mark_rule(style="rule").encode(x, y, alt.Y2("max:Q"), tooltip=tooltip),
            mean_squares.encode(x, alt.Y("rms:Q"), tooltip=tooltip),
        )


def _numbers(layer: LayerStatistics) -> Row:
    found = layer.derivative
    return {
        "mean": found.mean,
        "rms": found.rms,
        "min": found.min,
        "max": found.max,
        "saturated": layer.saturated_fraction,
        "dead": layer.dead_fraction,
    }


def _bins(layer: LayerStatistics, together: int) -> list[Row]:
    """What share of units and samples lies between two values of φ', so many bins in one; empty ones are left out."""
    if layer.histograms is None:
        return []
    edges, counts = layer.histograms.derivative.edges, layer.histograms.derivative.counts
    groups = [(start, min(start + together, len(counts))) for start in range(0, len(counts), together)]
    return [
        {"layer": layer.index, "low": edges[start], "high": edges[end], "share": found / sum(counts)}
        for start, end in groups
        if (found := sum(counts[start:end]))
    ]
