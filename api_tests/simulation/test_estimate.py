"""What a plan is said to cost: memory is a bound, and more of anything costs more, for every kind of layer."""

import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from api_tests.networks import Json
from service.core.kinds import members
from service.core.settings import Settings
from service.core.strict_json import loads
from service.nn.layers import Node
from service.simulation.estimate import Cost, Limits, cost, estimate
from service.simulation.plan import Plan, plan
from service.simulation.simulate import simulate_plan
from service.simulation.spec import SimulationSpec

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "networks"
DENSE: Json = {"kind": "dense", "units": 64, "activation": {"kind": "tanh"}}
KERNEL: Json = {"size": [3], "padding": "same", "activation": {"kind": "relu"}}
BLOCK: Json = {"kind": "transformer_block", "heads": 4, "mlp_units": 128}
VECTOR: Json = {"features": 64}
IMAGE: Json = {"input": {"kind": "image", "height": 16, "width": 16, "channels": 16}}
SEQUENCE: Json = {"input": {"kind": "sequence", "steps": 32, "features": 64}}
TOKENS: Json = {"input": {"kind": "tokens", "steps": 32, "vocabulary": 1000}}
FLAT: Json = {"kind": "flatten"}

# By kind: what goes in, and layers with one of that kind.
NETWORKS: dict[str, tuple[Json, list[Json]]] = {
    "dense": (VECTOR, [DENSE] * 4),
    "activation": (VECTOR, [DENSE, {"kind": "activation", "activation": {"kind": "gelu"}}]),
    "prelu": (VECTOR, [DENSE, {"kind": "prelu"}]),
    "convolution": (IMAGE, [{"kind": "convolution", "filters": 16, **KERNEL}] * 3),
    "depthwise_convolution": (IMAGE, [{"kind": "depthwise_convolution", **KERNEL}] * 2),
    "transposed_convolution": (IMAGE, [{"kind": "transposed_convolution", "filters": 8, "stride": [2], **KERNEL}]),
    "upsampling": (IMAGE, [{"kind": "upsampling", "size": [2]}]),
    "padding": (IMAGE, [{"kind": "padding", "pad": [1, 1, 1, 1]}]),
    "cropping": (IMAGE, [{"kind": "cropping", "crop": [1, 1, 1, 1]}]),
    "pooling": (IMAGE, [{"kind": "pooling", "size": [3], "stride": [1]}, {"kind": "pooling", "size": [2]}]),
    "global_pooling": (IMAGE, [{"kind": "global_pooling", "mode": "max"}]),
    "flatten": (IMAGE, [FLAT, DENSE]),
    "reshape": (IMAGE, [{"kind": "reshape", "shape": [256, 16]}]),
    "batch_norm": (IMAGE, [{"kind": "batch_norm"}] * 3),
    "layer_norm": (VECTOR, [DENSE, {"kind": "layer_norm"}] * 2),
    "group_norm": (IMAGE, [{"kind": "group_norm", "groups": 4}] * 2),
    "rms_norm": (SEQUENCE, [{"kind": "rms_norm"}] * 2),
    "dropout": (IMAGE, [{"kind": "dropout", "rate": 0.5}] * 16),
    "scale": (VECTOR, [DENSE, {"kind": "scale", "factor": 2.0}]),
    "embedding": (TOKENS, [{"kind": "embedding", "units": 64}]),
    "position_embedding": (TOKENS, [{"kind": "embedding", "units": 64}, {"kind": "position_embedding"}]),
    "recurrent": (SEQUENCE, [{"kind": "recurrent", "units": 32, "returns": "sequence", "direction": "both"}]),
    "attention": (SEQUENCE, [{"kind": "attention", "heads": 4}] * 2),
    "residual": (VECTOR, [{"kind": "residual", "layers": [DENSE]}] * 3),
    "parallel": (IMAGE, [{"kind": "parallel", "branches": [{"layers": [{"kind": "batch_norm"}]}, {}]}]),
    "each_step": (SEQUENCE, [{"kind": "each_step", "layers": [DENSE]}] * 2),
    "transformer_block": (SEQUENCE, [BLOCK] * 2),
    "repeat": (VECTOR, [{"kind": "repeat", "times": 4, "layers": [DENSE]}]),
}
ONLY_ONCE = {"flatten", "embedding", "position_embedding", "global_pooling", "cropping", "pooling", "reshape"}
PRECISIONS = ["float64", "float32", "float16", "bfloat16"]


def spec(kind: str, times: int = 1, samples: int = 32, trials: int = 4, precision: str = "float64") -> SimulationSpec:
    network, layers = NETWORKS[kind]
    whole = [*layers * times, *([] if network is VECTOR else [{"kind": "flatten"}]), {"kind": "dense", "units": 1}]
    fields: dict[str, Any] = {"data": {"samples": samples}, "trials": trials, "precision": precision}
    return SimulationSpec.model_validate({"network": {**network, "layers": whole}, **fields})


def costs(kind: str, **fields: Any) -> Cost:
    return cost(plan(spec(kind, **fields)))


def test_there_is_a_network_of_every_kind() -> None:
    assert set(NETWORKS) == {one.kind_name() for one in members(Node)}


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("kind", NETWORKS)
def test_no_more_memory_is_used_than_the_estimate_says_and_not_much_less(kind: str, precision: str) -> None:
    assert_bound(plan(spec(kind, precision=precision)))


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize(
    "initializer", ["normal", "uniform", "truncated_normal", "orthogonal", "lecun_normal", "zeros"]
)
def test_weights_however_drawn_take_no_more_memory_than_the_estimate_says(initializer: str, precision: str) -> None:
    """Where there is little but weights."""
    layer = {"kind": "dense", "units": 1200, "weights": {"kind": initializer}}
    network = {"features": 1200, "layers": [layer, {"kind": "dense", "units": 1}]}
    data = {"samples": 1}
    asked = {"network": network, "trials": 1, "data": data, "precision": precision}
    assert_bound(plan(SimulationSpec.model_validate(asked)))


def assert_bound(made: Plan) -> None:
    simulate_plan(made)  # what is loaded and kept by the first simulation is none of this one's
    idle = cost(plan(SimulationSpec.model_validate({"network": {"features": 1, "layers": [{**DENSE, "units": 1}]}})))
    tracemalloc.start()
    try:
        simulate_plan(made)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    said = cost(made).bytes - idle.bytes
    assert peak <= said, f"{peak / said:.2f} of what is said"
    assert said <= 7 * peak, f"{said / peak:.2f} times as much as is used"


@pytest.mark.parametrize("kind", sorted(set(NETWORKS) - ONLY_ONCE))
def test_more_layers_cost_more(kind: str) -> None:
    less, more = costs(kind, trials=1), costs(kind, times=2, trials=1)
    assert more.floating_point_operations > less.floating_point_operations
    assert more.bytes >= less.bytes


@pytest.mark.parametrize("kind", NETWORKS)
def test_more_samples_and_more_trials_cost_more(kind: str) -> None:
    one, samples, trials = costs(kind), costs(kind, samples=64), costs(kind, trials=64)
    assert samples.floating_point_operations > one.floating_point_operations
    assert trials.floating_point_operations > one.floating_point_operations
    alone = [costs(kind, samples=count, trials=1).bytes for count in (32, 64)]
    assert alone[1] > alone[0]
    assert trials.bytes >= one.bytes


@pytest.mark.parametrize("kind", NETWORKS)
def test_single_precision_takes_less_time_than_double_and_sixteen_bits_more(kind: str) -> None:
    single, double, half = (
        costs(kind, trials=1, precision=one).floating_point_operations for one in ("float32", "float64", "float16")
    )
    assert single < double < half


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_a_resnet_50_on_small_images_is_answered_at_once(precision: str) -> None:
    found = estimate(plan(resnet_50(precision)), Limits.of(Settings()))
    assert found.within_budget
    assert found.bytes < 2 << 30


def resnet_50(precision: str) -> SimulationSpec:
    example = loads((EXAMPLES / "resnet50_32.json").read_bytes())
    return SimulationSpec.model_validate({**example, "precision": precision, "trials": 4, "data": {"samples": 8}})
