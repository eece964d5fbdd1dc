"""How a list of layers unrolls, and what does not fit together is refused with what would."""

from typing import Any

import pytest

from api_tests.nn.node_cases import BRANCHES, DENSE, EXPLICIT, LINEAR, NORM, WIDTH, planned
from service.core.errors import Incompatible, ShapeMismatch, WidthExceeded
from service.simulation.plan import plan
from service.simulation.spec import Network, SimulationSpec


@pytest.mark.parametrize(
    ("fields", "features", "pointer", "found", "expected"),
    [
        ({"weights": EXPLICIT}, 3, "/weights/values", [4, 2], [3, 2]),
        ({"weights": EXPLICIT, "units": 1}, 4, "/weights/values", [4, 2], [4, 1]),
        ({"weights": {"kind": "explicit", "values": [1.0, 2.0]}}, 3, "/weights/values", [1, 2], [3, 2]),
        ({"bias": {"kind": "explicit", "values": [1.0]}}, 4, "/bias/values", [1], [2]),
        ({"bias": {"kind": "explicit", "values": [[1.0], [2.0]]}}, 4, "/bias/values", [2, 1], [2]),
        ({"kind": "layer_norm", "gain": {"kind": "explicit", "values": [1.0]}}, 4, "/gain/values", [1], [4]),
    ],
)
def test_explicit_values_of_another_shape_are_refused_at_their_place(
    fields: dict[str, Any], features: int, pointer: str, found: list[int], expected: list[int]
) -> None:
    with pytest.raises(ShapeMismatch) as refusal:
        planned({"kind": "dense", "units": 2, **fields} if "kind" not in fields else fields, (features,))
    assert refusal.value.pointer == f"/network/layers/0{pointer}"
    assert refusal.value.facts == {"found": found, "expected": expected}


@pytest.mark.parametrize(
    ("fields", "pointer", "words"),
    [
        ({"kind": "residual", "layers": [LINEAR]}, "/layers", "shape [3] and the shortcut with [4]"),
        ({"kind": "residual", "layers": [DENSE], "shortcut": [LINEAR]}, "/shortcut", "end the shortcut with"),
        ({"kind": "parallel", "merge": "add", "branches": [{}, {"layers": [LINEAR]}]}, "/branches/1", "to add them"),
    ],
)
def test_branches_that_do_not_fit_are_refused_with_what_would(fields: dict[str, Any], pointer: str, words: str) -> None:
    with pytest.raises(Incompatible) as refusal:
        planned(fields)
    assert refusal.value.pointer == f"/network/layers/0{pointer}"
    assert words in refusal.value.sentence


@pytest.mark.parametrize(
    ("squeezed", "hint"),
    [
        (
            [{"kind": "reshape", "shape": [1, 1, 3]}],
            'the branch with {"kind": "upsampling", "size": [28, 14]}.',
        ),
        (
            [],
            'the branch with {"kind": "reshape", "shape": [1, 1, 3]} and {"kind": "upsampling", "size": [28, 14]}.',
        ),
    ],
)
def test_a_gate_of_channels_is_told_how_to_reach_all_positions(squeezed: list[dict[str, Any]], hint: str) -> None:
    gate = [{"kind": "global_pooling"}, {"kind": "dense", "units": 3}, *squeezed]
    block = {"kind": "parallel", "merge": "multiply", "branches": [{}, {"layers": gate}]}
    with pytest.raises(Incompatible) as refusal:
        planned(block, (28, 14, 3))
    assert refusal.value.sentence.endswith(f"To get there, end {hint}")
    gate += (
        [{"kind": "upsampling", "size": [28, 14]}]
        if squeezed
        else [{"kind": "reshape", "shape": [1, 1, 3]}, {"kind": "upsampling", "size": [28, 14]}]
    )
    assert planned(block, (28, 14, 3)).out == (28, 14, 3)


@pytest.mark.parametrize("fields", [{"heads": 3}, {"heads": 4, "positions": "rotary"}])
def test_heads_that_do_not_fit_are_answered_alike_where_a_block_has_no_key_units(fields: dict[str, Any]) -> None:
    for layer in ({"kind": "attention", **fields}, {"kind": "transformer_block", "mlp_units": 2, **fields}):
        with pytest.raises(Incompatible, match=r"An attention may say key_units|in an attention an even key_units"):
            planned(layer, (5, 4))


def test_branches_that_double_the_width_again_and_again_are_refused_where_it_is_too_much() -> None:
    doubled = {"kind": "parallel", "branches": [{}, {}]}
    network = {"features": 2, "layers": [{"kind": "repeat", "times": 1000, "layers": [doubled]}]}
    with pytest.raises(WidthExceeded) as refusal:
        plan(SimulationSpec.model_validate({"network": network}))
    assert refusal.value.pointer == "/network/layers/0/layers/0"
    assert refusal.value.facts == {"width": 2 << 20, "limit": 1 << 20}


def dense(units: int) -> dict[str, Any]:
    return {"kind": "dense", "units": units}


def repeat(times: int, *layers: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "repeat", "times": times, "layers": list(layers)}


STANDALONE = {"kind": "activation", "activation": {"kind": "relu"}}


@pytest.mark.parametrize(
    ("layer", "paths"),
    [
        (dense(2), ["/x"]),
        (STANDALONE, ["/x"]),
        (repeat(3, dense(2)), ["/x/layers/0"] * 3),
        (repeat(2, dense(2), STANDALONE), ["/x/layers/0", "/x/layers/1"] * 2),
        (
            repeat(2, dense(5), repeat(3, dense(6)), STANDALONE),
            ["/x/layers/0", *["/x/layers/1/layers/0"] * 3, "/x/layers/2"] * 2,
        ),
        (repeat(1, repeat(1, repeat(1, dense(2)))), ["/x/layers/0/layers/0/layers/0"]),
    ],
)
def test_a_repeated_block_unrolls_in_order_and_its_copies_share_their_pointers(
    layer: dict[str, Any], paths: list[str]
) -> None:
    entry = Network.model_validate({"features": 2, "layers": [layer]}).layers[0]
    unrolled = list(entry.unroll("/x"))
    assert [path for path, _ in unrolled] == paths
    assert entry.depth() == len(paths)
    for path, one in unrolled:
        assert one.model_dump(mode="json", exclude_unset=True) == _at(layer, path)


def _at(layer: dict[str, Any], path: str) -> Any:
    """What the pointer `path` points to, `/x` being the layer itself."""
    found: Any = layer
    for token in path.split("/")[2:]:
        found = found[int(token) if token.isdigit() else token]
    return found


def test_the_depth_of_nested_repeats_is_known_without_unrolling_them() -> None:
    layer = dense(1)
    for _ in range(5):
        layer = repeat(10_000, layer)
    entry = Network.model_validate({"features": 2, "layers": [layer]}).layers[0]
    assert entry.depth() == 10_000**5


def test_nodes_inside_blocks_count_as_layers_and_come_before_their_block() -> None:
    block = {"kind": "residual", "layers": [NORM, {"kind": "parallel", "merge": "add", "branches": BRANCHES}]}
    network = {"features": WIDTH[0], "layers": [block, DENSE]}
    made = plan(SimulationSpec.model_validate({"network": network}))
    assert [one.path.removeprefix("/network/layers") for one in made.nodes] == [
        "/0/layers/0",
        "/0/layers/1/branches/0/layers/0",
        "/0/layers/1/branches/2/layers/0",
        "/0/layers/1/branches/2/layers/1",
        "/0/layers/1",
        "/0",
        "/1",
    ]
    assert [one.row for one in made.nodes] == list(range(7))
    assert made.spec.network.layers[0].depth() == 6
