"""What several charts share: axes, bands over trials, and the zones of a policy."""

from typing import Any

import altair as alt

from service.charts.curves.zones import NAMES

LAYERS = alt.NamedData("layers")
DECADES = "decades (log₁₀)"
DASHES = [[1, 0], [7, 4], [2, 3], [9, 3, 2, 3], [14, 4]]
"""With four colours, twenty kinds of lines."""
NUMBER = "+.4~r"
WHOLE_NUMBERS: dict[str, Any] = {
    "format": "d",
    "tickMinStep": 1,
    "labelExpr": "datum.value % 1 ? '' : datum.label",
    "ticks": False,
    "grid": False,
}
"""An axis of layers: nothing is between two of them."""
_DEPTH = "layer, counted from the input"
_BAND_OPACITY = 0.22
_POINT = alt.expr("length(data('layers')) > 60 ? 6 : 34")
"""Many points would be a thick line."""
LEGEND = alt.Legend(title=None, symbolType="stroke", symbolOpacity=1)
FURTHER_IN = 26
"""Pixels between the edge and a zone's name where letters stand at the edge."""


def layer_axis() -> alt.X:
    """The depth."""
    scale = alt.Scale(zero=False, nice=False, padding=14)
    return alt.X("layer:Q", axis=alt.Axis(title=_DEPTH, **WHOLE_NUMBERS), scale=scale)


def layer_bands() -> alt.X:
    """The depth, with room for a bar at every layer."""
    return alt.X("layer:O", axis=alt.Axis(title=_DEPTH, labelAngle=0, labelOverlap="greedy"))


def decades_axis(field: str, title: str) -> alt.Y:
    """Decades, as far as there are any to be shown."""
    return alt.Y(f"{field}:Q", axis=alt.Axis(title=title), scale=alt.Scale(zero=False, nice=False))


def series(names: list[str]) -> alt.Color:
    """A colour for each series, in this order, and its name in the legend."""
    return alt.Color("series:N", scale=alt.Scale(domain=names, range="category"), legend=LEGEND)


def dashes(names: list[str]) -> alt.StrokeDash:
    """A kind of stroke for each series, for whoever sees no colours."""
    scale = alt.Scale(domain=names, range=DASHES[: len(names)])
    return alt.StrokeDash("series:N", scale=scale, legend=LEGEND)


def spread(x: Any, y: Any, colour: Any, *more: Any, band: tuple[str, str] = ("p05", "p95")) -> list[alt.Chart]:
    """The band between the 5th and the 95th percentile, as they are or cut, and the line of the medians."""
    low, high = alt.Y(f"{band[0]}:Q"), alt.Y2(f"{band[1]}:Q")
    area = alt.Chart(LAYERS).mark_area(fillOpacity=_BAND_OPACITY, line=False).encode(x, low, high, colour)
    return [area, *medians(x, y, colour, *more)]


def medians(x: Any, y: Any, colour: Any, *more: Any) -> list[alt.Chart]:
    """The line of the medians, and its points, which tell more to whoever points at them."""
    base = alt.Chart(LAYERS)
    tooltip = [
        alt.Tooltip("series:N", title="what"),
        alt.Tooltip("layer:Q", title="layer"),
        *(alt.Tooltip(f"{field}:Q", title=title, format=NUMBER) for field, title in PERCENTILES.items()),
        alt.Tooltip("trials:Q", title="trials"),
    ]
    return [
        base.mark_line(strokeWidth=2.2, invalid="break-paths-filter-domains").encode(x, y, colour, *more),
        base.mark_point(filled=True, size=_POINT, opacity=1).encode(x, y, colour, *more, tooltip=tooltip),
    ]


PERCENTILES = {"median": "median", "p05": "5 % of trials below", "p95": "5 % of trials above"}


def zones(named_at: str = "first", dx: int = 8) -> list[alt.Chart]:
    """The bands of the policy between the first and the last hidden layer, each with its name at its left end."""
    base = alt.Chart(alt.NamedData("zones"))
    fill = alt.Fill("zone:N", scale=alt.Scale(domain=NAMES, range="diverging"), legend=None)
    height = (alt.Y("low:Q"), alt.Y2("high:Q"))
    return [
        base.mark_rect().encode(alt.X("first:Q"), alt.X2("last:Q"), *height, fill),
        base.mark_text(style="zone-name", dx=dx).encode(alt.X(f"{named_at}:Q"), alt.Y("high:Q"), alt.Text("name:N")),
    ]


def point_of_sweep() -> list[alt.Tooltip]:
    """What a point of a sweep tells to whoever points at it."""
    return [
        alt.Tooltip("values:N", title="at"),
        alt.Tooltip("outcome:N", title="verdict"),
        alt.Tooltip("depth_ratio:Q", title="depth ratio, decades", format=NUMBER),
        alt.Tooltip("predicted:Q", title="predicted by theory", format=NUMBER),
        alt.Tooltip("gain:Q", title="gain per layer", format=".4~g"),
        alt.Tooltip("digest:N", title="digest"),
    ]
