"""A sweep of two axes as a map: its cells, the edges of its severe bands, and the critical line of theory."""

from collections.abc import Sequence
from functools import cached_property
from itertools import product
from typing import ClassVar, NamedTuple

import altair as alt

from service.charts import marks
from service.charts.rows import BAND_NAMES, Row, numbers
from service.charts.sweep_field import Field
from service.charts.sweep_points import Findings, State
from service.nn.policies import Policy

_SATURATED = 5.0
"""Decades beyond which all colours are one, where the bands of the policy leave room."""
_DASHES: list[list[float]] = [[9, 4], [1, 0], [1.5, 2.5]]
_WIDTHS = [2.6, 1.2, 1.6]
_SEAM = 0.6
"""Pixels by which a cell reaches under its neighbours: two edges at one place let the ground shine through."""
_EXPLODING, _VANISHING = BAND_NAMES[0], BAND_NAMES[-1]


class SweepMap:
    """The chart of the first two axes of a sweep."""

    CRITICAL = "critical line of mean field theory"
    EXPLODES, VANISHES = "explodes severely from here", "vanishes severely from here"
    title = "Where the gradient vanishes, and where it explodes"
    how_to_read = "Colour: what delta has become at the first hidden layer; −3 decades are a thousandth."
    symbols: ClassVar[dict[State, str]] = {
        State.DEAD: "×: dead, the gradient is exactly 0",
        State.OVERFLOWING: "▲: the signal overflows",
        State.FAILED: "hatched: no result",
        State.WAITING: "dotted: not there yet",
    }
    height = 430

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._knots = _Knots.of(findings.spec.base.policy)

    @cached_property
    def rows(self) -> dict[str, list[Row]]:
        """`cells`: those with a depth ratio, be it infinite; `failed` and `waiting`: those without.

        `marked` are the cells that are dead or overflow, `lines` have a row for every point of a line, `names` are
        those of the severe bands, in the middle of where they fit.
        """
        findings, knots = self._findings, self._knots
        rows = [{**_cell(row, knots), **place} for row, place in zip(findings.rows, _places(findings), strict=True)]
        by_state = {state: [row for row in rows if row["state"] == state] for state in State}
        marked = [*by_state[State.DEAD], *by_state[State.OVERFLOWING]]
        predicted = Field.of(findings.axes, [_number(row, "predicted") for row in rows])
        found = Field.of(findings.axes, [_number(row, "colour") for row in rows])
        severe = [(self.EXPLODES, found, knots.exploding_severe), (self.VANISHES, found, knots.vanishing_severe)]
        return {
            "cells": [*by_state[State.MEASURED], *marked],
            "failed": by_state[State.FAILED],
            "waiting": by_state[State.WAITING],
            "marked": marked,
            "lines": _points([(self.CRITICAL, predicted, 0.0), *(severe if findings.has_bands else [])]),
            "names": _names(found, knots) if findings.has_bands and not any(found.named) else [],
        }

    def drawing(self) -> alt.LayerChart:
        """Marks over the tables of `rows`."""
        first, second = self._findings.axes
        area = (
            marks.sweep_axis(alt.X, "left", first),
            alt.X2("right:Q"),
            marks.sweep_axis(alt.Y, "low", second),
            alt.Y2("high:Q"),
        )
        place, tooltip = (alt.X("x:Q"), alt.Y("y:Q")), marks.point_tooltip()
        cells, failed, waiting = (alt.Chart(alt.NamedData(name)) for name in ("cells", "failed", "waiting"))
        coloured = cells.mark_rect(x2Offset=_SEAM, y2Offset=-_SEAM, aria=False)
        return alt.LayerChart(
            resolve={"scale": {"fill": "independent"}},
            layer=[
                waiting.mark_rect(style="no-cell", aria=False).encode(*area, tooltip=tooltip),
                waiting.mark_point(filled=True, size=9, style="hatch", aria=False).encode(*place),
                coloured.encode(*area, _colour(self._knots, self.height), tooltip=tooltip),
                failed.mark_rect(style="no-cell", aria=False).encode(*area, tooltip=tooltip),
                failed.mark_rule(style="hatch", aria=False).encode(*area),
                _marks(),
                *self._lines(),
                _band_names(),
            ],
        )

    def _lines(self) -> list[alt.Chart]:
        series = [self.CRITICAL, self.EXPLODES, self.VANISHES]
        present = sorted({str(row["series"]) for row in self.rows["lines"]})
        base = alt.Chart(alt.NamedData("lines"))
        where = (alt.X("x:Q"), alt.Y("y:Q"), alt.Detail("line:N"), alt.Order("order:Q"))
        legend = alt.Legend(title=None, symbolType="stroke", symbolOpacity=1, values=present) if present else None
        width = alt.StrokeWidth("series:N", scale=alt.Scale(domain=series, range=_WIDTHS), legend=legend)
        dash = alt.StrokeDash("series:N", scale=alt.Scale(domain=series, range=_DASHES), legend=legend)
        critical = alt.FieldEqualPredicate(field="series", equal=self.CRITICAL)
        halo = base.transform_filter(critical).mark_line(style="halo")
        return [halo.encode(*where), base.mark_line(style="contour", aria=False).encode(*where, width, dash)]


class _Knots(NamedTuple):
    """The depth ratios that have a colour of their own, in decades, rising; between them colours are mixed."""

    vanishing: float
    vanishing_severe: float
    vanishing_mild: float
    stable: float
    exploding_mild: float
    exploding_severe: float
    exploding: float

    @classmethod
    def of(cls, policy: Policy) -> "_Knots":
        """The bands of the policy, between ends that are as far from 0 as one another."""
        end = max(_SATURATED, -2.0 * policy.vanishing_severe, 2.0 * policy.exploding_severe)
        below, above = (
            (policy.vanishing_severe, policy.vanishing_mild),
            (policy.exploding_mild, policy.exploding_severe),
        )
        return cls(-end, *below, 0.0, *above, end)


def _places(findings: Findings) -> list[Row]:
    """Where the cells are: their middles and their edges."""
    first, second = (zip(axis.at, axis.cells(), strict=True) for axis in findings.axes)
    return [
        {"x": x, "left": left, "right": right, "y": y, "low": low, "high": high}
        for (x, (left, right)), (y, (low, high)) in product(first, second)
    ]


def _cell(row: Row, knots: _Knots) -> Row:
    """With the depth ratio cut where colours end; that of delta that is 0 is −∞, that of an overflow ∞."""
    beyond = {State.DEAD: knots.vanishing, State.OVERFLOWING: knots.exploding}
    measured = [max(knots.vanishing, min(knots.exploding, ratio)) for ratio in numbers([row], "depth_ratio")]
    return {**row, "colour": beyond.get(State(str(row["state"])), next(iter(measured), None))}


def _number(row: Row, field: str) -> float | None:
    return next(iter(numbers([row], field)), None)


def _points(wanted: Sequence[tuple[str, Field, float]]) -> list[Row]:
    """The points of all lines: where each field passes its level."""
    lines = [(series, line) for series, field, level in wanted for line in field.contours(level)]
    return [
        {"series": series, "line": number, "order": order, "x": x, "y": y}
        for number, (series, line) in enumerate(lines)
        for order, (x, y) in enumerate(line)
    ]


def _names(found: Field, knots: _Knots) -> list[Row]:
    bands = {_EXPLODING: found.values >= knots.exploding_severe, _VANISHING: found.values <= knots.vanishing_severe}
    middles = {name: found.middle(inside) for name, inside in bands.items()}
    return [{"name": name, "x": place[0], "y": place[1]} for name, place in middles.items() if place]


def _colour(knots: _Knots, length: int) -> alt.Color:
    beyond = f"datum.value == {knots.exploding} ? '≥ ' : datum.value == {knots.vanishing} ? '≤ ' : ''"
    legend = alt.Legend(
        title="decades",
        orient="right",
        direction="vertical",
        gradientLength=length,
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


def _band_names() -> alt.Chart:
    scale = alt.Scale(domain=[_EXPLODING, _VANISHING], range="ordinal")
    text = alt.Chart(alt.NamedData("names")).mark_text(style="cell-name", aria=False)
    return text.encode(alt.X("x:Q"), alt.Y("y:Q"), alt.Text("name:N"), alt.Fill("name:N", scale=scale, legend=None))
