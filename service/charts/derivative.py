"""φ' where the network works: range, root mean square and histogram in every layer, and the certified bounds."""

import altair as alt

from service.charts import marks

TITLE = "Derivative of the activation where the network works"
HOW_TO_READ = (
    "From the smallest to the largest φ' met in a layer; the diamond is its root mean square, the layer's share."
)


def drawing() -> alt.LayerChart:
    """Of `layers`, `bins` and `bounds`."""
    x = marks.layer_bands()
    y = alt.Y("min:Q", axis=alt.Axis(title="φ'(z)"), scale=alt.Scale(zero=False))
    base = alt.Chart(marks.LAYERS)
    tooltip = [
        alt.Tooltip("layer:Q"),
        *(alt.Tooltip(f"{field}:Q", format=".4~f") for field in ("min", "mean", "rms", "max")),
        alt.Tooltip("saturated:Q", title="saturated units and samples", format=".1%"),
        alt.Tooltip("dead:Q", title="dead units", format=".1%"),
    ]
    bins = (
        alt.Chart(alt.NamedData("bins"))
        .mark_rect()
        .encode(
            x,
            alt.Y("low:Q"),
            alt.Y2("high:Q"),
            alt.FillOpacity("share:Q", scale=alt.Scale(range=[0.12, 1]), legend=None),
            tooltip=[alt.Tooltip("share:Q", title="share of units and samples", format=".1%")],
        )
    )
    return alt.LayerChart(
        layer=[
            *bounds(),
            bins,
            base.mark_rule(style="rule").encode(x, y, alt.Y2("max:Q"), tooltip=tooltip),
            base.mark_point(shape="diamond", filled=True, opacity=1, size=52, style="total").encode(
                x, alt.Y("rms:Q"), tooltip=tooltip
            ),
        ]
    )


def bounds() -> list[alt.Chart]:
    """The certified bounds of φ' as lines with their names."""
    base = alt.Chart(alt.NamedData("bounds"))
    tooltip = [alt.Tooltip("activation:N"), alt.Tooltip("bound:N"), alt.Tooltip("value:Q"), alt.Tooltip("attained:N")]
    return [
        base.mark_rule(strokeDash=[3, 3], style="rule").encode(alt.Y("value:Q"), tooltip=tooltip),
        base.mark_text(style="rule-name").encode(alt.Y("value:Q"), alt.Text("label:N"), x=alt.value(0)),
    ]
