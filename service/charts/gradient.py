"""Delta through the depth: measured with its spread over trials, predicted, and the bands of the policy."""

import altair as alt

from service.charts import marks
from service.charts.curves.gradient import MEASURED, PREDICTED

TITLE = "Gradient through the depth"
HOW_TO_READ = (
    "The error enters at the right and travels left. A decade is a factor of ten: −3 decades are a thousandth."
)


def drawing() -> alt.LayerChart:
    """Of `layers`, `predicted`, `zones` and `zeros`."""
    x, y = marks.layer_axis(), marks.decades_axis("median", "δ over its median at the last hidden layer, decades")
    names = [MEASURED, PREDICTED]
    predicted = alt.Chart(alt.NamedData("predicted")).mark_line(strokeWidth=2.2)
    zeros, where = alt.Chart(alt.NamedData("zeros")), (alt.X("layer:Q"), alt.Y("at:Q"))
    tooltip = [alt.Tooltip("layer:Q"), alt.Tooltip("zero_trials:Q", title="trials whose gradient is exactly 0")]
    return alt.LayerChart(
        layer=[
            *marks.zones(),
            *marks.spread(x, y, marks.series(names), marks.dashes(names), band=("low", "high")),
            predicted.encode(x, y, marks.series(names), marks.dashes(names)),
            zeros.mark_point(shape="cross", angle=45, filled=True, style="zero").encode(*where, tooltip=tooltip),
            zeros.mark_text(style="zero-name").encode(*where, alt.Text("name:N")),
        ]
    )
