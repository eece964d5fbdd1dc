"""Where the gain of each step comes from: the weights' share and the derivative's, about the line of no change."""

import altair as alt

from service.charts import marks
from service.charts.curves.gain import BOTH, DERIVATIVE, WEIGHTS

TITLE = "Where the gain comes from"
HOW_TO_READ = "What each step towards the input adds to the gradient: both bars together are the gain (the diamond)."


def drawing() -> alt.LayerChart:
    """Of `shares` and `gains`."""
    x = marks.layer_bands()
    y = alt.Y("mean:Q", stack="zero", axis=alt.Axis(title="gain per layer, decades (mean over trials)"))
    scale = alt.Scale(domain=[WEIGHTS, DERIVATIVE], range="category")
    colour = alt.Color("series:N", scale=scale, legend=alt.Legend(title=None))
    zero = alt.Chart(alt.InlineData([{"zero": 0}])).mark_rule(style="rule").encode(alt.Y("zero:Q"))
    totals = alt.Chart(alt.NamedData("gains")).mark_point(
        shape="diamond", filled=True, opacity=1, size=46, style="total"
    )
    return alt.LayerChart(
        layer=[
            alt.Chart(alt.NamedData("shares"))
            .mark_bar(fillOpacity=0.85)
            .encode(x, y, colour, tooltip=_tooltip("share of")),
            zero,
            totals.encode(x, alt.Y("mean:Q"), tooltip=_tooltip(BOTH)),
        ]
    )


def _tooltip(what: str) -> list[alt.Tooltip]:
    titles = {"mean": "mean", "p05": "5 % of trials below", "p95": "5 % of trials above"}
    numbers = [alt.Tooltip(f"{field}:Q", title=title, format=marks.NUMBER) for field, title in titles.items()]
    return [alt.Tooltip("series:N", title=what), alt.Tooltip("layer:Q", title="layer"), *numbers]
