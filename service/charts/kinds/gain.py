"""Where the gain of each step comes from: the weights' share and the derivative's, about the line of no change."""

from collections.abc import Sequence
from typing import Any, ClassVar

from service.charts.architecture import bar_layers
from service.charts.chart import Chart
from service.charts.places import Places
from service.charts.rows import Row
from service.simulation.layer_results import LayerStatistics, Spread
from service.simulation.results import SimulationReport

_BOTH = "both: the gain"


class GainChart(Chart):
    """Means over the trials in which a layer has a gradient, in which both shares add up."""

    name = "gain"
    title = "Where the gain comes from"
    how_to_read = (
        "What each step towards the input adds to the gradient: both bars together are the gain (the diamond)."
    )
    position = 20
    tab = "Gain per layer"
    on_report_page = True
    SERIES: ClassVar[dict[str, str]] = {
        "weights": "weights W",
        "derivative": "slope φ'",
        "normalisation": "normalisation",
        "skip": "blocks in which signals meet",
        "other": "other layers",
    }

    def rows(self, reports: Sequence[SimulationReport]) -> dict[str, list[Row]]:
        """`shares`: what each account adds to a layer's gain, in decades; `gains`: the sum as measured.

        `places`: the labels of the layers.
        """
        layers, places = bar_layers(reports[0]), Places.of(reports[0])
        shares: list[Row] = [
            {**_row(layer.index, series, share), "mean": _mean(layer, account, share)}
            for account, series in self.SERIES.items()
            for layer in layers
            if (share := getattr(layer.log10_gain, account)) is not None
        ]
        return {
            "shares": places.put(shares),
            "gains": places.put([_row(layer.index, _BOTH, layer.log10_backward_gain) for layer in layers]),
            "places": places.labels(layers),
        }

    def drawing(self) -> dict[str, Any]:
        """Marks over `shares` and `gains`, with the labels of `places`."""
        import altair as alt

        from service.charts import marks

        x = marks.layer_bars()
        y = alt.Y("mean:Q", stack="zero", axis=alt.Axis(title="gain per layer, decades (mean over trials)"))
        scale = alt.Scale(range="category")
        colour = alt.Color("series:N", scale=scale, sort=[*self.SERIES.values()], legend=alt.Legend(title=None))
        shares = alt.Chart(alt.NamedData("shares")).mark_bar(fillOpacity=0.85)
        zero = alt.Chart(alt.InlineData([{"zero": 0}])).mark_rule(style="rule").encode(alt.Y("zero:Q"))
        totals = alt.Chart(alt.NamedData("gains")).mark_point(
            shape="diamond", filled=True, opacity=1, size=46, style="total"
        )
        return marks.layered(
            marks.label_table(),
            shares.encode(x, y, colour, tooltip=marks.layer_tooltip("share of", "mean")),
            zero,
            totals.encode(x, alt.Y("mean:Q"), tooltip=marks.layer_tooltip(_BOTH, "mean")),
        )


def _mean(layer: LayerStatistics, account: str, share: Spread) -> float | None:
    """The mean share; of weights what the derivative leaves of the gain, for behind them units may have died."""
    both, derivative = layer.log10_backward_gain.mean, layer.log10_gain.derivative
    if account != "weights" or derivative is None:
        return share.mean
    return None if both is None or derivative.mean is None else both - derivative.mean


def _row(layer: int, series: str, found: Spread) -> Row:
    return {"layer": layer, "series": series, "mean": found.mean, "p05": found.p05, "p95": found.p95}
