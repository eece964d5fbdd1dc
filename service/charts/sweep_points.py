"""The points of a sweep that are drawn, each with what a chart tells of it, or with what is wrong with it."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import cached_property
from typing import Any

from service.charts.architecture import outcome
from service.charts.rows import Row
from service.charts.sweep_axes import DrawnAxis, Extract, value_name
from service.simulation.vocabulary import Cause, Label
from service.studies.points import PointVerdict, SweepPoint
from service.studies.sweep import Grid, SweepSpec


class State(StrEnum):
    """What can be drawn of a point."""

    MEASURED = "measured"
    DEAD = "dead"
    OVERFLOWING = "overflowing"
    FAILED = "failed"
    WAITING = "waiting"


_NOTHING: Row = dict.fromkeys(("label", "depth_ratio", "p05", "p95", "predicted", "gain", "digest"))


class Findings:
    """A sweep and its results so far: those that are drawn, by their numbers."""

    def __init__(self, spec: SweepSpec, lines: Sequence[bytes]) -> None:
        self.spec = spec
        self.extract = Extract.of(spec)
        self.grid = Grid(spec)
        # a point becomes its row at once: thousands of models side by side keep the garbage collector busy
        self._found = dict(map(_read, lines))

    @cached_property
    def axes(self) -> list[DrawnAxis]:
        """The axes that are drawn."""
        return [DrawnAxis.of(self.grid, self.extract, number) for number in range(len(self.extract.axes))]

    @cached_property
    def rows(self) -> list[Row]:
        """What a chart tells of each point that is drawn, and its `state`; the second axis varies fastest."""
        return [self._found.get(index) or self._waiting(index) for index in self.extract.indexes()]

    @property
    def is_empty(self) -> bool:
        """Whether no point that is drawn is there yet."""
        return all(row["state"] is State.WAITING for row in self.rows)

    @property
    def has_bands(self) -> bool:
        """Whether one policy judges all points."""
        return not any((axis.pointer or "").startswith("/policy") for axis in self.spec.axes)

    def _waiting(self, index: int) -> Row:
        return {
            "index": index,
            "values": _values(self.grid.values(index)),
            "state": State.WAITING,
            "outcome": "not there yet",
            **_NOTHING,
        }


def _read(line: bytes) -> tuple[int, Row]:
    point = SweepPoint.model_validate_json(line)
    told: Row = {"index": point.index, "values": _values(point.values), "state": _state(point)}
    return point.index, told | (_judged(point, point.verdict) if point.verdict else _failed(point))


def _values(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value_name(value)}" for name, value in values.items())


def _state(point: SweepPoint) -> State:
    """What can be drawn of a point: a depth ratio, one that is −∞ or ∞, or none."""
    verdict = point.verdict
    if verdict is None:
        return State.FAILED
    if verdict.label is Label.DEAD:
        return State.DEAD
    nothing = verdict.depth_ratio.median is None
    if verdict.cause is Cause.FORWARD_OVERFLOW or (nothing and verdict.label is Label.EXPLODING):
        return State.OVERFLOWING
    return State.FAILED if nothing else State.MEASURED


def _judged(point: SweepPoint, verdict: PointVerdict) -> Row:
    return {
        "label": verdict.label.value,
        "outcome": outcome(verdict),
        "depth_ratio": verdict.depth_ratio.median,
        "p05": verdict.depth_ratio.p05,
        "p95": verdict.depth_ratio.p95,
        "predicted": point.theory_depth_ratio,
        "gain": verdict.gain_per_layer.median,
        "digest": point.digest,
    }


def _failed(point: SweepPoint) -> Row:
    return {"outcome": f"failed: {point.error.detail}" if point.error else "failed", **_NOTHING}
