"""A sweep of two axes as a map: its cells, the edges of its severe bands, and the critical line of theory."""

from itertools import product
from typing import NamedTuple

from service.charts.curves.rows import Row, numbers
from service.charts.curves.sweep_contours import contours
from service.charts.curves.sweep_field import Field
from service.charts.curves.sweep_points import Findings, State
from service.charts.curves.zones import NAMES
from service.nn.policies import Policy

CRITICAL = "critical line of mean field theory"
EXPLODES, VANISHES = "explodes severely from here", "vanishes severely from here"
_SATURATED = 5.0
"""Decades beyond which all colours are one, where the bands of the policy leave room."""


class Knots(NamedTuple):
    """The depth ratios that have a colour of their own, in decades, rising; between them colours are mixed."""

    vanishing: float
    vanishing_severe: float
    vanishing_mild: float
    stable: float
    exploding_mild: float
    exploding_severe: float
    exploding: float

    @classmethod
    def of(cls, policy: Policy) -> "Knots":
        """The bands of the policy, between ends that are as far from 0 as one another."""
        end = max(_SATURATED, -2.0 * policy.vanishing_severe, 2.0 * policy.exploding_severe)
        below, above = (
            (policy.vanishing_severe, policy.vanishing_mild),
            (policy.exploding_mild, policy.exploding_severe),
        )
        return cls(-end, *below, 0.0, *above, end)


def sweep_map(findings: Findings) -> dict[str, list[Row]]:
    """`cells`: those with a depth ratio, be it infinite; `failed` and `waiting`: those without.

    `marked` are the cells that are dead or overflow, `lines` have a row for every point of a line, `names` are those of
    the severe bands, in the middle of where they fit.
    """
    knots = Knots.of(findings.spec.base.policy)
    rows = [{**_cell(row, knots), **place} for row, place in zip(findings.rows, _places(findings), strict=True)]
    by_state = {state: [row for row in rows if row["state"] == state] for state in State}
    marked = [*by_state[State.DEAD], *by_state[State.OVERFLOWING]]
    predicted = Field.of(findings.axes, [_number(row, "predicted") for row in rows])
    found = Field.of(findings.axes, [_number(row, "colour") for row in rows])
    levels = [(EXPLODES, knots.exploding_severe), (VANISHES, knots.vanishing_severe)] if findings.has_bands else []
    return {
        "cells": [*by_state[State.MEASURED], *marked],
        "failed": by_state[State.FAILED],
        "waiting": by_state[State.WAITING],
        "marked": marked,
        "lines": _lines([(CRITICAL, predicted, 0.0), *((series, found, level) for series, level in levels)]),
        "names": _names(found, knots) if findings.has_bands and not any(found.named) else [],
    }


def _places(findings: Findings) -> list[Row]:
    """Where the cells are: their middles and their edges."""
    first, second = (zip(axis.at, axis.cells(), strict=True) for axis in findings.axes)
    return [
        {"x": x, "left": left, "right": right, "y": y, "low": low, "high": high}
        for (x, (left, right)), (y, (low, high)) in product(first, second)
    ]


def _cell(row: Row, knots: Knots) -> Row:
    """With the depth ratio cut where colours end; that of delta that is 0 is −∞, that of an overflow ∞."""
    beyond = {State.DEAD: knots.vanishing, State.OVERFLOWING: knots.exploding}
    measured = [max(knots.vanishing, min(knots.exploding, ratio)) for ratio in numbers([row], "depth_ratio")]
    return {**row, "colour": beyond.get(State(str(row["state"])), next(iter(measured), None))}


def _number(row: Row, field: str) -> float | None:
    return next(iter(numbers([row], field)), None)


def _lines(wanted: list[tuple[str, Field, float]]) -> list[Row]:
    lines = [(series, line) for series, field, level in wanted for line in contours(field, level)]
    return [
        {"series": series, "line": number, "order": order, "x": x, "y": y}
        for number, (series, line) in enumerate(lines)
        for order, (x, y) in enumerate(line)
    ]


def _names(found: Field, knots: Knots) -> list[Row]:
    bands = {
        NAMES[0]: found.values >= knots.exploding_severe,
        NAMES[4]: found.values <= knots.vanishing_severe,
    }
    middles = {name: found.middle(inside) for name, inside in bands.items()}
    return [{"name": name, "x": place[0], "y": place[1]} for name, place in middles.items() if place]
