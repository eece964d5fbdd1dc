"""The signal on its way forward, and how far two inputs stay apart."""

import altair as alt

from service.charts import marks
from service.charts.curves.signal import SEPARATION, SIGNAL

TITLE = "Signal through the depth"
HOW_TO_READ = "0 is a signal of size one; at −1.3 decades of separation and below, the network sees one input only."


def drawing() -> alt.LayerChart:
    """Of `layers`."""
    names = [SIGNAL, SEPARATION]
    y = marks.decades_axis("median", marks.DECADES)
    return alt.LayerChart(layer=[*marks.spread(marks.layer_axis(), y, marks.series(names), marks.dashes(names))])
