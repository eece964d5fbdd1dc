"""Several networks in one chart."""

import altair as alt

from service.charts import marks
from service.charts.curves.comparison import FARTHEST

TITLE = "Networks compared"
HOW_TO_READ = f"A decade is a factor of ten: −3 decades are a thousandth. Lines are cut at {FARTHEST:g} decades."


def drawing() -> alt.LayerChart:
    """Of `layers`, `ends` and `zones`."""
    axis = alt.Axis(title="steps back from the last hidden layer", **marks.WHOLE_NUMBERS)
    x = alt.X("layer:Q", axis=axis, scale=alt.Scale(reverse=True, zero=False, nice=False, padding=22))
    y = marks.decades_axis("line", "δ over its median at the last hidden layer, decades")
    legend = alt.Legend(title=None, columns=1, symbolType="stroke", symbolOpacity=1)
    colour = alt.Color("series:N", scale=alt.Scale(range="category"), legend=legend)
    dashed = alt.StrokeDash("series:N", scale=alt.Scale(range=marks.DASHES), legend=legend)
    ends = alt.Chart(alt.NamedData("ends")).mark_text(style="end-name")
    return alt.LayerChart(
        layer=[
            *marks.zones(named_at="last", dx=marks.FURTHER_IN),
            *marks.medians(x, y, colour, dashed),
            ends.encode(alt.X("layer:Q"), alt.Y("name_at:Q"), alt.Text("letter:N")),
        ]
    )
