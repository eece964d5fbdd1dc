"""Sweeps whose results are made up, so that a test says what is where; and sweeps with everything odd about them."""

from collections.abc import Callable, Mapping
from math import inf, isinf
from typing import Any

from api_tests.networks import Json, stack
from service.nn.policies import Sgd
from service.simulation.layer_results import Spread
from service.simulation.results import ItemError
from service.simulation.vocabulary import Cause, Label, Tendency
from service.simulation.vote import judge_trial
from service.studies.points import PointVerdict, Reduced
from service.studies.sweep import Grid, SweepSpec

Found = Callable[[Mapping[str, Any]], float | None]
"""A depth ratio in decades by the values of a point: −∞ is dead, ∞ overflows, null fails."""


def sweep(*axes: Json, combine: str = "product", **fields: Any) -> SweepSpec:
    """A sweep over ten layers of tanh."""
    base = {"network": stack(10, 16), **fields}
    return SweepSpec.model_validate({"base": base, "axes": axes, "combine": combine})


def axis(name: str, *values: Any, **more: Any) -> Json:
    """An axis with its values one by one."""
    return {"name": name, "values": list(values), **more}


def ranged(name: str, start: float, stop: float, count: int, scale: str = "linear", **more: Any) -> Json:
    """An axis from end to end."""
    return {"name": name, "range": {"scale": scale, "start": start, "stop": stop, "count": count}, **more}


def lines(spec: SweepSpec, measured: Found, predicted: Found | None = None) -> list[bytes]:
    """Results as a job keeps them."""
    grid = Grid(spec)
    return [_line(grid, index, measured, predicted or measured) for index in range(len(grid))]


def _line(grid: Grid, index: int, measured: Found, predicted: Found) -> bytes:
    values = grid.values(index)
    ratio, theory = measured(values), predicted(values)
    if ratio is None:
        outcome: Reduced | ItemError = ItemError(code="budget-exceeded", detail="It is too large.", pointer=None)
    else:
        there = None if theory is None or isinf(theory) else theory
        outcome = Reduced(digest=f"{index:064x}", verdict=_verdict(ratio), theory_depth_ratio=there)
    return grid.point(index, outcome).model_dump_json().encode()


def _verdict(ratio: float) -> PointVerdict:
    label, severity = judge_trial(ratio, ratio == -inf, ratio == inf, Sgd())
    if isinf(ratio):
        spread = Spread(median=None, p05=None, p95=None, mean=None, std=None, count=0)
    else:
        spread = Spread(median=ratio, p05=ratio - 0.5, p95=ratio + 0.5, mean=ratio, std=0.3, count=8)
    return PointVerdict(
        label=label,
        severity=severity,
        confidence=1.0,
        seed_dependent=False,
        tendency=Tendency.STABLE if label is Label.STABLE else Tendency.VANISHING,
        cause=Cause.FORWARD_OVERFLOW if ratio == inf else None,
        depth_ratio=spread,
        gain_per_layer=spread,
        gain_per_layer_interval=None,
        end_to_end_ratio=spread,
    )


def _everything(values: Mapping[str, Any]) -> float | None:
    """Every kind of point, by the number of layers."""
    return [-inf, -7.0, -1.5, 0.2, 1.7, 4.0, inf, None][int(values["depth"]) % 8]


FORMULA = "where(z < 0, 0.1*z, z)"
"""It has a character that markup begins with."""
ACTIVATIONS = axis(
    "activation", "tanh", {"kind": "leaky_relu", "negative_slope": 0.2}, {"kind": "expression", "formula": FORMULA}
)
DEPTHS = axis("depth", 1, 2, 3, 4, 5, 6, 7, 8)
VARIANCES = ranged("weight_variance", 0.25, 4.0, 5, "log")

SWEEPS: dict[str, tuple[SweepSpec, Found]] = {
    "one axis": (sweep(DEPTHS), _everything),
    "one axis, logarithmic": (sweep(VARIANCES), lambda values: float(values["weight_variance"]) - 1.0),
    "one axis of names": (sweep(ACTIVATIONS), lambda values: -3.0),
    "one point": (sweep(axis("depth", 3)), _everything),
    "one point that is dead": (sweep(axis("depth", 8)), _everything),
    "zipped": (sweep(DEPTHS, axis("width", *range(10, 18)), combine="zip"), _everything),
    "two axes": (sweep(VARIANCES, DEPTHS), _everything),
    "names upwards": (sweep(VARIANCES, ACTIVATIONS), lambda values: float(values["weight_variance"]) - 1.0),
    "names along": (sweep(ACTIVATIONS, DEPTHS), _everything),
    "names on both": (sweep(ACTIVATIONS, axis("loss", "a", None, True, [1], pointer="/loss/kind")), lambda values: 9.0),
    "three axes": (sweep(VARIANCES, DEPTHS, axis("width", 8, 16)), _everything),
    "one that varies little": (sweep(axis("width", 8), DEPTHS, VARIANCES), _everything),
    "policies": (sweep(VARIANCES, axis("mild", -1, -2, pointer="/policy/vanishing_mild")), lambda values: -1.5),
    "huge numbers": (
        sweep(axis("seed", -1e307, 1e307, 3), axis("input_std", 1e-320, 1e-300, 1e299)),
        lambda values: 1e200,
    ),
    "all failed": (sweep(DEPTHS, VARIANCES), lambda values: None),
}
"""Specifications with made-up results, by what is odd about them."""
