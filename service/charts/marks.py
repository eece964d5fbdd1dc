"""What several charts draw: axes, lines with their bands over trials, the bands of a policy, tooltips."""

import json
from typing import Any, Literal, TypeVar

import altair as alt

from service.charts.rows import BAND_NAMES
from service.charts.sweep_points import AxisKind, DrawnAxis

_Channel = TypeVar("_Channel", alt.X, alt.Y)

DASHES = [[1, 0], [7, 4], [2, 3], [9, 3, 2, 3]]
"""With five colours, twenty kinds of lines."""
NUMBER = "+.4~r"
LEGEND = alt.Legend(title=None, symbolType="stroke", symbolOpacity=1)

_WHOLE_NUMBERS: dict[str, Any] = {
    "format": "d",
    "tickMinStep": 1,
    "labelExpr": "datum.value % 1 ? '' : datum.label",
    "ticks": False,
    "grid": False,
}
"""An axis of layers: nothing is between two of them."""
_DEPTH = "layer, counted from the input"
BESIDE_LAST = "gradient size, compared with the last hidden layer (decades)"
"""The axis of charts of delta over its median at the last hidden layer."""
_BAND_OPACITY = 0.22
_POINT = alt.expr("(length(data('layers')) > 60 ? 6 : 34) * (datum.measured === false ? 0.4 : 1)")
"""Many points would be a thick line; where no hidden layer is measured, they are small."""
_PLACES = "data('places')"
_NAMED = f"length({_PLACES})"
_AT = f"pluck({_PLACES}, 'place')"
_BY_NAMES: dict[str, Any] = {
    "labelExpr": f"{_NAMED} ? {_PLACES}[indexof({_AT}, datum.value)].label : {_WHOLE_NUMBERS['labelExpr']}",
    "labelAngle": alt.expr(f"{_NAMED} ? -40 : 0"),
    "labelAlign": alt.expr(f"{_NAMED} ? 'right' : 'center'"),
    "labelBaseline": alt.expr(f"{_NAMED} ? 'middle' : 'top'"),
    "labelOverlap": "greedy",
    "labelSeparation": alt.expr(f"{_NAMED} && {_NAMED} <= 24 ? -1000 : 0"),  # tilted labels have room in their frames
    "labelPadding": 5,
    "labelLimit": 150,
}
"""An axis with the labels of the table `places` where it has any; numbers elsewhere."""
_MOST_RULES = 60
_DEEPEST_INDENT = 36
"""Of lines of text: so much further to the right, they would begin at the right edge."""
_NARROW = "width < 480"
"""There, the parameters have no room."""
_TILTED: dict[str, Any] = {"labelAngle": -40, "labelOverlap": False, "labelLimit": 160}
_ROOM_FOR_NAMES = 40


def layered(*drawn: alt.Chart) -> dict[str, Any]:
    """The marks over one another, the last on top, as Vega-Lite."""
    made: dict[str, Any] = alt.LayerChart(layer=[*drawn]).to_dict()
    return made


def layer_axis() -> alt.X:
    """The axis of layers by their places, with the labels of the table `places` where it has any."""
    values, count = alt.expr(f"{_NAMED} ? {_AT} : null"), alt.expr(f"{_NAMED} || ceil(width / 40)")
    axis = alt.Axis(title=_DEPTH, values=values, tickCount=count, **{**_WHOLE_NUMBERS, **_BY_NAMES})
    return alt.X("place:Q", axis=axis, scale=alt.Scale(zero=False, nice=False, padding=14))


def layer_bars() -> alt.X:
    """The axis of layers with room for a bar at each, and labels likewise."""
    gaps = alt.Scale(paddingInner=0.1, paddingOuter=0.05)
    return alt.X("place:O", axis=alt.Axis(title=_DEPTH, **_BY_NAMES), scale=gaps)


def place_rules() -> alt.Chart:
    """A thin line at each hidden layer of the table `places`, unless these are many."""
    opacity = alt.condition(f"datum.measured && {_NAMED} <= {_MOST_RULES}", alt.value(0.3), alt.value(0.0))
    return alt.Chart(alt.NamedData("places")).mark_rule(style="rule").encode(alt.X("place:Q"), opacity=opacity)


def brackets() -> list[alt.Chart]:
    """A bracket at the lower edge from the first to the last of the layers that repeat, by the table `repeats`."""
    base, ends = alt.Chart(alt.NamedData("repeats")), (alt.X("first:Q"), alt.X2("last:Q"))
    low, tips = alt.value(alt.expr("height - 3")), [alt.Tooltip("what:N", title="repeats")]
    return [
        base.mark_rule(style="rule", strokeWidth=3, opacity=0.7).encode(*ends, y=low, tooltip=tips),
        base.mark_text(style="rule-name").encode(alt.X("first:Q"), alt.Text("times:N"), y=low, tooltip=tips),
    ]


def label_table() -> alt.Chart:
    """Nothing to be seen: an axis of bars finds the table `places` where some mark is made of it."""
    return alt.Chart(alt.NamedData("places")).mark_point(opacity=0, size=0).encode(alt.X("place:O"))


def count_axis(field: str, title: str, **scale: Any) -> alt.X:
    """An axis of whole numbers; `scale` is what its scale has of its own."""
    shown = alt.Scale(**{"zero": False, "nice": False, "padding": 14, **scale})
    return alt.X(f"{field}:Q", axis=alt.Axis(title=title, **_WHOLE_NUMBERS), scale=shown)


def decades_axis(field: str, title: str) -> alt.Y:
    """Decades, as far as there are any to be shown."""
    return alt.Y(f"{field}:Q", axis=alt.Axis(title=title), scale=alt.Scale(zero=False, nice=False))


def sweep_axis(channel: type[_Channel], field: str, drawn: DrawnAxis, padding: int = 0) -> _Channel:
    """An axis of a sweep, on the scale of its values or with a name at each place; names that are long are tilted."""
    tilted = channel is alt.X and drawn.crowded and len(drawn.names) <= _ROOM_FOR_NAMES
    axis = alt.Axis(title=drawn.title, **{**_labels(drawn), **(_TILTED if tilted else {})})
    kind: Literal["log", "linear"] = "log" if drawn.kind is AxisKind.LOG else "linear"
    return channel(f"{field}:Q", axis=axis, scale=alt.Scale(type=kind, zero=False, nice=False, padding=padding))


def _labels(drawn: DrawnAxis) -> dict[str, Any]:
    quiet: dict[str, Any] = {"grid": False, "labelOverlap": "greedy"}
    if drawn.kind is AxisKind.NAMES:
        # as texts in a list: nothing in a name is understood as an expression
        names = f"{json.dumps(drawn.names)}[datum.value]"
        return {**quiet, "values": list(drawn.at), "ticks": False, "labelExpr": names}
    return {**quiet, **_WHOLE_NUMBERS} if drawn.whole else {**quiet, "format": "~g"}


def series(*names: str, last_from: str | None = None) -> tuple[alt.Color, alt.StrokeDash]:
    """A colour and, for readers who see no colours, a kind of stroke for each series, with its name in the legend.

    Where the table `last_from` has no rows, the legend is without the last of them.
    """
    dashes = alt.Scale(domain=names, range=DASHES[: len(names)])
    colours = alt.Scale(domain=names, range="category")
    legend = LEGEND.copy()
    if last_from is not None:
        shown = f"length(data('{last_from}')) ? {json.dumps(names)} : {json.dumps(names[:-1])}"
        legend.values = alt.expr(shown)
    return (
        alt.Color("series:N", scale=colours, legend=legend),
        alt.StrokeDash("series:N", scale=dashes, legend=legend),
    )


def medians(x: Any, y: Any, *style: Any, band: tuple[str, str] | None = ("p05", "p95")) -> list[alt.Chart]:
    """The band over trials between two fields, the line of the medians, and its points, which have the tooltips.

    `style` is the colour, and the kind of stroke where there are several lines.
    """
    base = alt.Chart(alt.NamedData("layers"))
    tooltip = [*layer_tooltip("what", "median"), alt.Tooltip("trials:Q", title="trials")]
    lines = [
        base.mark_line(strokeWidth=2.2, invalid="break-paths-filter-domains").encode(x, y, *style),
        base.mark_point(filled=True, size=_POINT, opacity=1).encode(x, y, *style, tooltip=tooltip),
    ]
    if band is None:
        return lines
    low, high = alt.Y(f"{band[0]}:Q"), alt.Y2(f"{band[1]}:Q")
    area = base.mark_area(fillOpacity=_BAND_OPACITY, line=False).encode(x, low, high, style[0])
    return [area, *lines]


def layer_tooltip(series: str, middle: Literal["median", "mean"]) -> list[alt.Tooltip]:
    """What a layer tells: which series, under the title `series`, which layer, and its spread over trials."""
    titles = {middle: middle, "p05": "5 % of trials below", "p95": "5 % of trials above"}
    numbers = [alt.Tooltip(f"{field}:Q", title=title, format=NUMBER) for field, title in titles.items()]
    which = [alt.Tooltip("layer:Q", title="layer"), alt.Tooltip("name:N", title="which is")]
    return [alt.Tooltip("series:N", title=series), *which, *numbers]


def derivative_bounds() -> list[alt.Chart]:
    """Lines over the table `bounds`, with their names."""
    base = alt.Chart(alt.NamedData("bounds"))
    tooltip = [alt.Tooltip("activation:N"), alt.Tooltip("bound:N"), alt.Tooltip("value:Q"), alt.Tooltip("attained:N")]
    return [
        base.mark_rule(strokeDash=[3, 3], style="rule").encode(alt.Y("value:Q"), tooltip=tooltip),
        base.mark_text(style="rule-name").encode(alt.Y("value:Q"), alt.Text("label:N"), x=alt.value(0)),
    ]


def policy_bands(named_at: str = "first", dx: int = 8) -> list[alt.Chart]:
    """The bands of the policy between the first and the last hidden layer, each with its name at its left end."""
    base = alt.Chart(alt.NamedData("zones"))
    fill = alt.Fill("zone:N", scale=alt.Scale(domain=BAND_NAMES, range="diverging"), legend=None)
    height = (alt.Y("low:Q"), alt.Y2("high:Q"))
    return [
        base.mark_rect().encode(alt.X("first:Q"), alt.X2("last:Q"), *height, fill),
        base.mark_text(style="zone-name", dx=dx).encode(alt.X(f"{named_at}:Q"), alt.Y("high:Q"), alt.Text("name:N")),
    ]


def point_tooltip() -> list[alt.Tooltip]:
    """What a point of a sweep tells."""
    return [
        alt.Tooltip("values:N", title="at"),
        alt.Tooltip("outcome:N", title="verdict"),
        alt.Tooltip("depth_ratio:Q", title="depth ratio, decades", format=NUMBER),
        alt.Tooltip("predicted:Q", title="predicted by theory", format=NUMBER),
        alt.Tooltip("gain:Q", title="gain per layer", format=".4~g"),
        alt.Tooltip("digest:N", title="digest"),
    ]


def outline(step: int) -> dict[str, Any]:
    """The lines of the table `lines`, `step` pixels apart: text, shapes, parameters, over the shades of `blocks`."""
    y = alt.Y("line:O", axis=None, scale=alt.Scale(paddingInner=0, paddingOuter=0))
    indent = alt.X("indent:Q", axis=None, scale=alt.Scale(domain=[0, _DEEPEST_INDENT]))
    lines, blocks = alt.Chart(alt.NamedData("lines")), alt.Chart(alt.NamedData("blocks"))
    columns = {"shapes": f"{_NARROW} ? width - 6 : width - 84", "parameters": "width - 6"}
    opacity = {"shapes": "1", "parameters": f"{_NARROW} ? 0 : 1"}
    text = lines.mark_text(style="line", limit=alt.expr(f"width - ({_NARROW} ? 150 : 240) - 18 * datum.indent"))
    starts = alt.condition("datum.starts", alt.value(0.6), alt.value(0.0))
    top, edge = alt.Y("line:O", bandPosition=0, axis=None), alt.value("width")
    drawn = alt.LayerChart(
        layer=[
            blocks.mark_rect(style="shade").encode(indent, y, x2=edge),
            blocks.mark_rule(style="rule").encode(indent, top, x2=edge, opacity=starts),
            text.encode(indent, y, alt.Text("text:N")),
            *(
                lines.mark_text(style="column", opacity=alt.expr(opacity[field])).encode(
                    y=y, text=alt.Text(f"{field}:N"), x=alt.value(alt.expr(place))
                )
                for field, place in columns.items()
            ),
        ],
        height=alt.Step(step),
    )
    made: dict[str, Any] = drawn.to_dict()
    return made


def sentence(text: str) -> alt.Chart:
    """A sentence in an empty frame, for where there is nothing to be drawn; it has no rows."""
    mark = alt.Chart(alt.InlineData([{"sentence": text}])).mark_text(style="sentence")
    return mark.encode(alt.Text("sentence:N"))
