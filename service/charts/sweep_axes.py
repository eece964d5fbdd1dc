"""The axes of a sweep in a chart: on the scale of their values, or with a name at each place."""

import json
from typing import Any

import altair as alt

from service.charts import marks
from service.charts.curves.sweep_axes import AxisKind, DrawnAxis

_TILTED: dict[str, Any] = {"labelAngle": -40, "labelOverlap": False, "labelLimit": 160}
_ROOM_FOR_NAMES = 40


def along(field: str, drawn: DrawnAxis, padding: int = 0) -> alt.X:
    """The axis at the bottom."""
    tilted = _TILTED if drawn.crowded and len(drawn.names) <= _ROOM_FOR_NAMES else {}
    axis = alt.Axis(title=drawn.title, **{**_labels(drawn), **tilted})
    return alt.X(f"{field}:Q", axis=axis, scale=_scale(drawn, padding))


def upwards(field: str, drawn: DrawnAxis) -> alt.Y:
    """The axis at the left."""
    return alt.Y(f"{field}:Q", axis=alt.Axis(title=drawn.title, **_labels(drawn)), scale=_scale(drawn, 0))


def _scale(drawn: DrawnAxis, padding: int) -> alt.Scale:
    logarithmic = drawn.kind is AxisKind.LOG
    return alt.Scale(type="log" if logarithmic else "linear", zero=False, nice=False, padding=padding)


def _labels(drawn: DrawnAxis) -> dict[str, Any]:
    quiet: dict[str, Any] = {"grid": False, "labelOverlap": "greedy"}
    if drawn.kind is AxisKind.NAMES:
        # as texts in a list: nothing in a name is understood as an expression
        names = f"{json.dumps(drawn.names)}[datum.value]"
        return {**quiet, "values": list(drawn.at), "ticks": False, "labelExpr": names}
    return {**quiet, **marks.WHOLE_NUMBERS} if drawn.whole else {**quiet, "format": "~g"}
