"""The map of a sweep of two axes: what becomes of the gradient in every cell, and the critical line of theory."""

from collections.abc import Sequence

import altair as alt

from service.charts import marks, sweep_axes
from service.charts.curves.sweep_axes import DrawnAxis
from service.charts.curves.sweep_map import CRITICAL, EXPLODES, VANISHES, Knots
from service.charts.curves.sweep_points import State
from service.charts.curves.zones import NAMES

HEIGHT = 430
_DASHES: list[list[float]] = [[9, 4], [1, 0], [1.5, 2.5]]
_WIDTHS = [2.6, 1.2, 1.6]
_SEAM = 0.6
"""Pixels by which a cell reaches under its neighbours: two edges at one place let the ground shine through."""


def drawing(axes: Sequence[DrawnAxis], knots: Knots, series: Sequence[str]) -> alt.LayerChart:
    """Of `cells`, `failed`, `waiting`, `marked`, `lines`, which are of these series, and `names`."""
    first, second = axes
    area = (
        sweep_axes.along("left", first),
        alt.X2("right:Q"),
        sweep_axes.upwards("low", second),
        alt.Y2("high:Q"),
    )
    place = (alt.X("x:Q"), alt.Y("y:Q"))
    cells, failed, waiting = (alt.Chart(alt.NamedData(name)) for name in ("cells", "failed", "waiting"))
    return alt.LayerChart(
        resolve={"scale": {"fill": "independent"}},
        layer=[
            waiting.mark_rect(style="no-cell", aria=False).encode(*area, tooltip=marks.point_of_sweep()),
            waiting.mark_point(filled=True, size=9, style="hatch", aria=False).encode(*place),
            cells.mark_rect(x2Offset=_SEAM, y2Offset=-_SEAM, aria=False).encode(
                *area, _colour(knots), tooltip=marks.point_of_sweep()
            ),
            failed.mark_rect(style="no-cell", aria=False).encode(*area, tooltip=marks.point_of_sweep()),
            failed.mark_rule(style="hatch", aria=False).encode(*area),
            _marks(),
            *_lines(series),
            _names(),
        ],
    )


def _colour(knots: Knots) -> alt.Color:
    beyond = f"datum.value == {knots.exploding} ? '≥ ' : datum.value == {knots.vanishing} ? '≤ ' : ''"
    legend = alt.Legend(
        title="decades",
        orient="right",
        direction="vertical",
        gradientLength=HEIGHT,
        gradientThickness=14,
        values=list(knots),
        labelExpr=f"({beyond}) + format(datum.value, '~g')",
    )
    scale = alt.Scale(domain=list(knots), range="heatmap", interpolate="rgb", clamp=True)
    return alt.Color("colour:Q", scale=scale, legend=legend)


def _marks() -> alt.Chart:
    kinds = [State.OVERFLOWING, State.DEAD]
    shape = alt.Shape("state:N", scale=alt.Scale(domain=kinds, range=["triangle-up", "cross"]), legend=None)
    angle = alt.Angle("state:N", scale=alt.Scale(domain=kinds, range=[0, 45]), legend=None)
    fill = alt.Fill("state:N", scale=alt.Scale(domain=kinds, range="ordinal"), legend=None)
    points = alt.Chart(alt.NamedData("marked")).mark_point(filled=True, size=28, opacity=1, aria=False)
    return points.encode(alt.X("x:Q"), alt.Y("y:Q"), shape, angle, fill)


def _lines(present: Sequence[str]) -> list[alt.Chart]:
    series = [CRITICAL, EXPLODES, VANISHES]
    base = alt.Chart(alt.NamedData("lines"))
    where = (alt.X("x:Q"), alt.Y("y:Q"), alt.Detail("line:N"), alt.Order("order:Q"))
    legend = alt.Legend(title=None, symbolType="stroke", symbolOpacity=1, values=list(present)) if present else None
    width = alt.StrokeWidth("series:N", scale=alt.Scale(domain=series, range=_WIDTHS), legend=legend)
    dash = alt.StrokeDash("series:N", scale=alt.Scale(domain=series, range=_DASHES), legend=legend)
    halo = base.transform_filter(alt.FieldEqualPredicate(field="series", equal=CRITICAL)).mark_line(style="halo")
    return [halo.encode(*where), base.mark_line(style="contour", aria=False).encode(*where, width, dash)]


def _names() -> alt.Chart:
    domain = [NAMES[0], NAMES[4]]
    colour = alt.Fill("name:N", scale=alt.Scale(domain=domain, range="ordinal"), legend=None)
    text = alt.Chart(alt.NamedData("names")).mark_text(style="cell-name", aria=False)
    return text.encode(alt.X("x:Q"), alt.Y("y:Q"), alt.Text("name:N"), colour)
