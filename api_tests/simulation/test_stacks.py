"""Plans that are measured together: every byte is what it is alone, whatever else is measured, and in which order."""

import tracemalloc
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import pytest

from api_tests.cases import case
from api_tests.networks import blocks, stack
from api_tests.simulation.random_trees import printed, tree
from service.core.errors import Refusal
from service.simulation.estimate import _STACK_BYTES, cost
from service.simulation.measure import Measured, measure, measure_together
from service.simulation.plan import Plan, plan
from service.simulation.shape import shape_of
from service.simulation.spec import SimulationSpec

SEEDS, AT_ONCE, VARIANTS = 120, 10, 5
_SLOPES = ("leaky_relu", "elu", "tanh", "relu", "stanh", "gelu", "softplus")


def different(one: Any, other: Any, at: str = "") -> Iterator[str]:
    """Where two records of arrays differ in a byte."""
    if is_dataclass(one):
        for field in fields(one):
            yield from different(getattr(one, field.name), getattr(other, field.name), f"{at}.{field.name}")
    elif isinstance(one, dict):
        yield from [] if one.keys() == other.keys() else [at]
        for key, value in one.items():
            yield from different(value, other[key], f"{at}[{key}]")
    elif isinstance(one, np.ndarray):
        if (one.shape, one.dtype, one.tobytes()) != (other.shape, other.dtype, other.tobytes()):
            yield at
    elif one != other:
        yield at


def assert_same(one: Measured, other: Measured) -> None:
    """Every byte of what is measured is the same."""
    assert not list(different(one.measurements, other.measurements))
    assert one.twins == other.twins


def planned(network: Any, **fields: Any) -> Plan:
    """The plan of a network."""
    return plan(SimulationSpec.model_validate({"network": network, **fields}))


def varied(document: Any, rng: np.random.Generator) -> Any:
    """The specification with other numbers that leave its shape as it is: gains, slopes, rates, a seed."""
    if isinstance(document, list):
        return [varied(one, rng) for one in document]
    if not isinstance(document, dict):
        return document
    changed = {key: varied(value, rng) for key, value in document.items()}
    match document.get("kind"):
        case "normal":
            changed["std"] = float(rng.uniform(0.1, 1.5))
        case "dropout":
            changed["rate"] = float(rng.uniform(0.0, 0.6))
        case "dense" | "activation" if rng.random() < 0.5 and document["activation"]["kind"] in _SLOPES:
            changed["activation"] = {"kind": _SLOPES[rng.integers(len(_SLOPES))]}
    return changed


def variants(seed: int, rng: np.random.Generator) -> Iterator[Plan]:
    """Plans of a random network, some of them with other numbers."""
    fields = {"trials": int(rng.integers(2, 12)), "precision": ("float64", "float32", "float16")[rng.integers(20) % 3]}
    base = tree(seed, **fields).written_out()
    for _ in range(VARIANTS):
        document = varied(base, rng) | {"seed": int(rng.integers(3))}
        try:
            yield plan(SimulationSpec.model_validate(document))
        except Refusal:  # the last activation is bound by the loss
            continue


@pytest.mark.parametrize("start", range(0, SEEDS, AT_ONCE))
def test_every_byte_of_random_networks_is_what_it_is_alone(start: int) -> None:
    rng = np.random.default_rng(start)
    plans = [made for seed in range(start, start + AT_ONCE) for made in variants(seed, rng)]
    assert grouped(plans) < len(plans)
    alone = [measure(made) for made in plans]
    for order in (rng.permutation(len(plans)), rng.permutation(len(plans))[::2]):
        for number, found in zip(order, measure_together([plans[each] for each in order]), strict=True):
            with case(printed(plans[number].spec)):
                assert_same(found, alone[number])


def grouped(plans: list[Plan]) -> int:
    """How many shapes the plans have."""
    return len({shape_of(made) for made in plans})


@pytest.mark.parametrize("trials", [2, 8, 100])
@pytest.mark.parametrize("precision", ["float64", "float32"])
@pytest.mark.parametrize("units", [2, 3, 8])
def test_sweeps_of_numbers_are_of_one_shape_and_keep_their_bytes(units: int, precision: str, trials: int) -> None:
    plans = [
        planned(
            stack(2, units, activation, {"kind": "variance_scaling", "scale": 0.5 + seed}),
            trials=trials,
            precision=precision,
            seed=seed // 2,
            data={"inputs": {"kind": "gaussian", "std": 0.1 + seed}, "samples": 5 + units},
        )
        for seed in range(4)
        for activation in ("tanh", {"kind": "leaky_relu", "negative_slope": 0.1 * seed}, "stanh")
    ]
    assert grouped(plans) == 1
    for made, found in zip(plans, measure_together(plans), strict=True):
        assert_same(found, measure(made))


def test_blocks_and_dropout_are_stacked() -> None:
    def network(rate: float, scale: float) -> Any:
        made = blocks()
        dense = {"kind": "dense", "units": 8, "weights": {"kind": "variance_scaling", "scale": scale}}
        made["layers"][:0] = [dense, {"kind": "dropout", "rate": rate}]
        return made

    plans = [planned(network(0.1 * n, 0.5 + n), trials=20, seed=n % 2) for n in range(5)]
    assert grouped(plans) == 1
    for made, found in zip(plans, measure_together(plans), strict=True):
        assert_same(found, measure(made))
        assert np.isfinite(found.measurements.separation.mask_noise[0])


def test_twins_are_those_of_each_plan() -> None:
    def network(weights: Any) -> Any:
        dense = {"kind": "dense", "units": 4, "activation": {"kind": "tanh"}}
        return {"features": 3, "layers": [{**dense, "weights": weights}, {**dense, "weights": weights}, dense]}

    plans = [planned(network({"kind": "uniform", "low": 0.5, "high": high}), seed=3) for high in (1.0, 0.5, 2.0)]
    assert grouped(plans) == 1
    assert [one.twins for one in measure_together(plans)] == [measure(made).twins for made in plans]
    assert [one.twins for one in measure_together(plans)] == [False, True, False]


def test_what_is_of_another_shape_is_measured_apart() -> None:
    base: Any = {"network": stack(2, 8), "trials": 4}
    others: list[Any] = [
        {"trials": 5},
        {"precision": "float32"},
        {"loss": {"kind": "huber"}},
        {"loss": {"kind": "huber", "delta": 2.0}},
        {"data": {"samples": 7}},
        {"data": {"inputs": {"kind": "uniform"}}},
        {"network": stack(3, 8)},
        {"network": stack(2, 9)},
        {"network": stack(2, 8, weights="orthogonal")},
        {"network": stack(2, 8, weights={"kind": "constant", "value": 0.5})},
        {"network": stack(2, 8, weights={"kind": "constant", "value": 0.25})},
    ]
    plans = [plan(SimulationSpec.model_validate({**base, **other})) for other in ({}, *others)]
    assert grouped(plans) == len(plans)
    for made, found in zip(plans, measure_together(plans), strict=True):
        assert_same(found, measure(made))


@pytest.mark.parametrize(("units", "trials"), [(8, 32), (64, 8), (256, 2), (64, 400)])
def test_a_stack_takes_no_more_memory_than_its_limit(units: int, trials: int) -> None:
    plans = [planned(stack(6, units), trials=trials, seed=seed) for seed in range(80)]
    together = cost(plans[0]).regime.plans
    assert (together > 1) == (trials < 400)

    def peak(some: list[Plan]) -> int:
        tracemalloc.start()
        measure_together(some)
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    alone, stacked = peak(plans[:1]), peak(plans[: max(2, together)])
    assert stacked <= max(2.1 * alone, _STACK_BYTES)
