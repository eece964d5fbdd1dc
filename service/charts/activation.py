"""The activation's curve and that of its derivative, between the derivative's certified bounds."""

import altair as alt

from service.charts import marks
from service.charts.curves.activation import DERIVATIVE, VALUE
from service.charts.derivative import bounds

TITLE = "The activation and its derivative"
HOW_TO_READ = "φ(z) and φ'(z); the dotted lines are proven bounds of φ'."


def drawing() -> alt.LayerChart:
    """Of `curves` and `bounds`."""
    x = alt.X(
        "z:Q",
        axis=alt.Axis(title="z, the pre-activation", grid=False, format="~g", tickCount=10),
        scale=alt.Scale(nice=False),
    )
    y = alt.Y("value:Q", axis=alt.Axis(title="φ(z), φ'(z)"), scale=alt.Scale(zero=False))
    colour = alt.Color("activation:N", scale=alt.Scale(range="category"), legend=marks.LEGEND)
    curves = alt.Chart(alt.NamedData("curves")).mark_line(strokeWidth=2.2, invalid="break-paths-filter-domains")
    tooltip = [alt.Tooltip("activation:N"), alt.Tooltip("z:Q"), alt.Tooltip("value:Q", format=marks.NUMBER)]
    dashed = alt.StrokeDash(
        "series:N", scale=alt.Scale(domain=[VALUE, DERIVATIVE], range=[[1, 0], [6, 4]]), legend=marks.LEGEND
    )
    return alt.LayerChart(layer=[*bounds(), curves.encode(x, y, colour, dashed, tooltip=tooltip)])
