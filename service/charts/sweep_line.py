"""A sweep of one axis: the depth ratio over its places, beside theory's and the bands of the policy."""

from functools import cached_property
from typing import Any, ClassVar

import altair as alt

from service.charts import marks
from service.charts.chart import Chart
from service.charts.rows import Frame, Row, clamp, numbers
from service.charts.sweep_points import AxisKind, Findings, State
from service.simulation.vocabulary import Label

_MEASURED, _PREDICTED = "measured, with 90 % of the trials", "predicted by mean field theory"
_FARTHEST = 40.0
"""Decades, up or down, at which lines are cut: beyond, one network that collapses would flatten all others."""
_HALF_A_NAME = 0.5
_NOTHING_YET = "No point of this sweep is there yet."
_NOUNS = {
    "weight_variance": "variance of the weights",
    "bias_variance": "variance of the biases",
    "input_std": "size of the inputs",
}
_LABELS = [Label.VANISHING, Label.EXPLODING, Label.STABLE]
_MARKED = [State.DEAD, State.OVERFLOWING, State.FAILED]
_POINT = alt.expr("length(data('places')) > 150 ? 8 : length(data('places')) > 60 ? 24 : 60")
"""Many points would be a thick line."""
_BROKEN: dict[str, Any] = {"invalid": "break-paths-filter-domains"}
"""What has no number is no part of a line."""


class SweepLine:
    """The chart of the first axis of a sweep."""

    how_to_read = (
        f"What delta has become at the first hidden layer; −3 decades are a thousandth. Cut at {_FARTHEST:g} decades."
    )
    symbols: ClassVar[dict[State, str]] = {
        State.DEAD: "×: dead, the gradient is exactly 0",
        State.OVERFLOWING: "▲: the signal overflows",
        State.FAILED: "■: no result",
        State.WAITING: "not there yet",
    }
    height = Chart.height

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._axis = findings.axes[0]

    @property
    def title(self) -> str:
        """Such as `What happens to the gradient, by depth`."""
        axis = self._findings.spec.axes[self._findings.extract.axes[0]]
        name = axis.name.replace("_", " ")
        return f"What happens to the gradient, by {_NOUNS.get(axis.name, name) if axis.pointer is None else name}"

    @cached_property
    def rows(self) -> dict[str, list[Row]]:
        """`places`: every point in the order of the axis, its `median` and `prediction` cut, and its band from `low` to
        `high`; `marked`: those without a number, at the edge they are beyond; `zones`: the bands of the policy.

        None while no point is there.
        """
        findings = self._findings
        if findings.is_empty:
            return {}
        named = {"measured": _MEASURED, "theory": _PREDICTED}
        drawn = [_line({**row, "x": x, **named}) for row, x in zip(findings.rows, self._axis.at, strict=True)]
        policy = findings.spec.base.policy if findings.has_bands else None
        frame = Frame.around(numbers(drawn, "median", "prediction"), self._ends(), policy, numbers(drawn, "p05", "p95"))
        return {
            "places": [_band(row, frame) for row in drawn],
            "marked": [row for row in (_mark(row, frame) for row in drawn) if row["at"] is not None],
            "zones": frame.bands(policy) if policy else [],
        }

    def drawing(self) -> alt.LayerChart:
        """Marks over `places`, `marked` and `zones`; a sentence while no point is there."""
        if self._findings.is_empty:
            return alt.LayerChart(layer=[marks.sentence(_NOTHING_YET)])
        x = marks.sweep_axis(alt.X, "x", self._axis, padding=14)
        y = marks.decades_axis("median", "δ at the first hidden layer over δ at the last, decades")
        between = _beside_names(x, y) if self._axis.kind is AxisKind.NAMES else _lines(x, y)
        layers = [*marks.policy_bands(), *between, _points(x, y), _marks()]
        return alt.LayerChart(layer=layers, resolve={"scale": {"color": "independent", "shape": "independent"}})

    def _ends(self) -> tuple[float, float]:
        """How far the bands of the policy reach."""
        room = _HALF_A_NAME if self._axis.kind is AxisKind.NAMES else 0.0
        return min(self._axis.at) - room, max(self._axis.at) + room


def _line(row: Row) -> Row:
    """With the lines cut; what is dead or overflows has no place on them."""
    measured = row["state"] == State.MEASURED
    return {
        **row,
        "median": clamp(row, "depth_ratio", -_FARTHEST, _FARTHEST) if measured else None,
        "prediction": clamp(row, "predicted", -_FARTHEST, _FARTHEST),
    }


def _band(row: Row, frame: Frame) -> Row:
    measured = row["median"] is not None
    low, high = (clamp(row, field, frame.low, frame.high) if measured else None for field in ("p05", "p95"))
    return {**row, "low": low, "high": high}


def _mark(row: Row, frame: Frame) -> Row:
    """At the bottom what is dead or failed, at the top what overflows."""
    ceiling = frame.low + frame.high - frame.floor
    at = {State.DEAD: frame.floor, State.FAILED: frame.floor, State.OVERFLOWING: ceiling}
    return {**row, "at": at.get(State(str(row["state"])))}


def _lines(x: alt.X, y: alt.Y) -> list[alt.Chart]:
    base, band = _places(), (alt.Y("low:Q"), alt.Y2("high:Q"))
    measured, predicted = _dash("measured"), _dash("theory")
    return [
        base.mark_area(style="spread", line=False, **_BROKEN).encode(x, *band),
        base.mark_line(style="contour", strokeWidth=2, **_BROKEN).encode(x, y, measured),
        base.mark_line(style="contour", strokeWidth=1.6, **_BROKEN).encode(x, alt.Y("prediction:Q"), predicted),
    ]


def _beside_names(x: alt.X, y: alt.Y) -> list[alt.Chart]:
    """Nothing is between two names, and so no line is."""
    base, band = _places(), (alt.Y("low:Q"), alt.Y2("high:Q"))
    predictions = base.mark_point(shape="stroke", size=900, style="contour", strokeWidth=2)
    return [
        base.mark_rule(style="contour", strokeWidth=2).encode(x, *band, _dash("measured")),
        predictions.encode(x, alt.Y("prediction:Q"), _dash("theory")),
    ]


def _places() -> alt.Chart:
    return alt.Chart(alt.NamedData("places"))


def _dash(field: str) -> alt.StrokeDash:
    scale = alt.Scale(domain=[_MEASURED, _PREDICTED], range=[[1, 0], [6, 4]])
    return alt.StrokeDash(f"{field}:N", scale=scale, legend=marks.LEGEND)


def _points(x: alt.X, y: alt.Y) -> alt.Chart:
    legend = alt.Legend(title=None, symbolOpacity=1)
    colour = alt.Color("label:N", scale=alt.Scale(domain=_LABELS, range="category"), legend=legend)
    shapes = alt.Scale(domain=_LABELS, range=["triangle-down", "triangle-up", "circle"])
    shape = alt.Shape("label:N", scale=shapes, legend=legend)
    points = _places().mark_point(filled=True, size=_POINT, opacity=1)
    return points.encode(x, y, colour, shape, tooltip=marks.point_tooltip())


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
        tooltip=marks.point_tooltip(),
    )
