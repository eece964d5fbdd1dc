"""The depth ratio along one axis of a sweep: measured with its spread over trials, predicted, and labelled."""

from typing import Any

import altair as alt

from service.charts import marks, sweep_axes
from service.charts.curves.sweep_axes import AxisKind, DrawnAxis
from service.charts.curves.sweep_line import MEASURED, PREDICTED
from service.charts.curves.sweep_points import State
from service.simulation.vocabulary import Label

_LABELS = [Label.VANISHING, Label.EXPLODING, Label.STABLE]
_MARKED = [State.DEAD, State.OVERFLOWING, State.FAILED]
_POINT = alt.expr("length(data('places')) > 150 ? 8 : length(data('places')) > 60 ? 24 : 60")
"""Many points would be a thick line."""
_PLACES = alt.NamedData("places")
_BROKEN: dict[str, Any] = {"invalid": "break-paths-filter-domains"}
"""What has no number is no part of a line."""


def drawing(axis: DrawnAxis) -> alt.LayerChart:
    """Of `places`, `marked` and `zones`."""
    x = sweep_axes.along("x", axis, padding=14)
    y = marks.decades_axis("median", "δ at the first hidden layer over δ at the last, decades")
    between = _beside_names(x, y) if axis.kind is AxisKind.NAMES else _lines(x, y)
    layers = [*marks.zones(), *between, _points(x, y), _marks()]
    return alt.LayerChart(layer=layers, resolve={"scale": {"color": "independent", "shape": "independent"}})


def _lines(x: alt.X, y: alt.Y) -> list[alt.Chart]:
    base, band = alt.Chart(_PLACES), (alt.Y("low:Q"), alt.Y2("high:Q"))
    measured, predicted = _dash("measured"), _dash("theory")
    return [
        base.mark_area(style="spread", line=False, **_BROKEN).encode(x, *band),
        base.mark_line(style="contour", strokeWidth=2, **_BROKEN).encode(x, y, measured),
        base.mark_line(style="contour", strokeWidth=1.6, **_BROKEN).encode(x, alt.Y("prediction:Q"), predicted),
    ]


def _beside_names(x: alt.X, y: alt.Y) -> list[alt.Chart]:
    """Nothing is between two names, and so no line is."""
    base, band = alt.Chart(_PLACES), (alt.Y("low:Q"), alt.Y2("high:Q"))
    return [
        base.mark_rule(style="contour", strokeWidth=2).encode(x, *band, _dash("measured")),
        base.mark_point(shape="stroke", size=900, style="contour", strokeWidth=2).encode(
            x, alt.Y("prediction:Q"), _dash("theory")
        ),
    ]


def _dash(field: str) -> alt.StrokeDash:
    scale = alt.Scale(domain=[MEASURED, PREDICTED], range=[[1, 0], [6, 4]])
    return alt.StrokeDash(f"{field}:N", scale=scale, legend=marks.LEGEND)


def _points(x: alt.X, y: alt.Y) -> alt.Chart:
    legend = alt.Legend(title=None, symbolOpacity=1)
    colour = alt.Color("label:N", scale=alt.Scale(domain=_LABELS, range="category"), legend=legend)
    shapes = alt.Scale(domain=_LABELS, range=["triangle-down", "triangle-up", "circle"])
    points = alt.Chart(_PLACES).mark_point(filled=True, size=_POINT, opacity=1)
    return points.encode(
        x, y, colour, alt.Shape("label:N", scale=shapes, legend=legend), tooltip=marks.point_of_sweep()
    )


def _marks() -> alt.Chart:
    """Those without a number, at the edge they are beyond."""
    shapes = alt.Scale(domain=_MARKED, range=["cross", "triangle-up", "square"])
    angles = alt.Scale(domain=_MARKED, range=[45, 0, 0])
    points = alt.Chart(alt.NamedData("marked")).mark_point(filled=True, style="zero")
    return points.encode(
        alt.X("x:Q"),
        alt.Y("at:Q"),
        alt.Shape("state:N", scale=shapes, legend=None),
        alt.Angle("state:N", scale=angles, legend=None),
        tooltip=marks.point_of_sweep(),
    )
