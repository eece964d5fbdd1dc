"""A sweep of one axis: the depth ratio over its places, beside theory's and the bands of the policy."""

from service.charts.curves.rows import Row, cut, numbers
from service.charts.curves.sweep_axes import AxisKind
from service.charts.curves.sweep_points import Findings, State
from service.charts.curves.zones import Frame, ends, zones

MEASURED, PREDICTED = "measured, with 90 % of the trials", "predicted by mean field theory"
FARTHEST = 40.0
"""Decades, up or down, at which lines are cut: beyond, one network that collapses would flatten all others."""
_HALF_A_NAME = 0.5


def sweep_line(findings: Findings) -> dict[str, list[Row]]:
    """`places`: every point in the order of the axis, its `median` and `prediction` cut, and its band from `low` to
    `high`; `marked`: those without a number, at the edge they are beyond; `zones`: the bands of the policy.
    """
    axis = findings.axes[0]
    named = {"measured": MEASURED, "theory": PREDICTED}
    drawn = [_line({**row, "x": x, **named}) for row, x in zip(findings.rows, axis.at, strict=True)]
    policy, beside = findings.spec.base.policy, numbers(drawn, "p05", "p95")
    if findings.has_bands:
        beside += ends(policy)
    frame = Frame.around(numbers(drawn, "median", "prediction"), beside, 0, 1)
    first, last = _ends(findings)
    bands = zones(policy, frame) if findings.has_bands else []
    return {
        "places": [_band(row, frame) for row in drawn],
        "marked": [row for row in (_mark(row, frame) for row in drawn) if row["at"] is not None],
        "zones": [{**zone, "first": first, "last": last} for zone in bands],
    }


def _line(row: Row) -> Row:
    """With the lines cut; what is dead or overflows has no place on them."""
    measured = row["state"] == State.MEASURED
    return {
        **row,
        "median": cut(row, "depth_ratio", -FARTHEST, FARTHEST) if measured else None,
        "prediction": cut(row, "predicted", -FARTHEST, FARTHEST),
    }


def _band(row: Row, frame: Frame) -> Row:
    measured = row["median"] is not None
    low, high = (cut(row, field, frame.low, frame.high) if measured else None for field in ("p05", "p95"))
    return {**row, "low": low, "high": high}


def _mark(row: Row, frame: Frame) -> Row:
    """At the bottom what is dead or failed, at the top what overflows."""
    ceiling = frame.low + frame.high - frame.floor
    at = {State.DEAD: frame.floor, State.FAILED: frame.floor, State.OVERFLOWING: ceiling}
    return {**row, "at": at.get(State(str(row["state"])))}


def _ends(findings: Findings) -> tuple[float, float]:
    """How far the bands of the policy reach."""
    axis = findings.axes[0]
    room = _HALF_A_NAME if axis.kind is AxisKind.NAMES else 0.0
    return min(axis.at) - room, max(axis.at) + room
