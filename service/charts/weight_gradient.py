"""The gradient of a weight, layer by layer."""

import altair as alt

from service.charts import marks

TITLE = "Gradient of the weights"
HOW_TO_READ = (
    "Root mean square of ∂e/∂w over the weights of a layer; with equal values, one learning rate suits all layers."
)


def drawing() -> alt.LayerChart:
    """Of `layers`."""
    y = marks.decades_axis("median", "|∂e/∂w|, " + marks.DECADES)
    return alt.LayerChart(layer=[*marks.spread(marks.layer_axis(), y, alt.Color("series:N", legend=None))])
