"""Points of a sweep as rows of a table."""

import json
from typing import Any

from service.studies.point import SweepPoint
from service.studies.sweep import SweepSpec

_WORDS = ("label", "severity", "confidence", "seed_dependent", "tendency", "cause")
_SPREADS = ("depth_ratio", "gain_per_layer", "reach")
_OF_SPREADS = ("median", "p05", "p95")


def header(spec: SweepSpec) -> list[str]:
    """The names of the columns: the point's number, its axes, its judgement, its theory, its digest, its error."""
    spreads = [f"{name}_{part}" for name in _SPREADS for part in _OF_SPREADS]
    axes = [axis.name for axis in spec.axes]
    return ["index", *axes, *_WORDS, *spreads, "theory_depth_ratio", "digest", "error_code", "error_detail"]


def row(point: SweepPoint) -> list[Any]:
    """`point` in these columns; null is an empty cell."""
    verdict = point.verdict
    words = [getattr(verdict, name) if verdict else None for name in _WORDS]
    spreads = [getattr(verdict, name) if verdict else None for name in _SPREADS]
    numbers = [getattr(spread, part) if spread else None for spread in spreads for part in _OF_SPREADS]
    error = [point.error.code, point.error.detail] if point.error else [None, None]
    values = [json.dumps(value) if isinstance(value, dict | list) else value for value in point.values.values()]
    return [point.index, *values, *words, *numbers, point.theory_depth_ratio, point.digest, *error]
