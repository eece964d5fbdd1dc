"""Every node against finite differences, and how a list of layers unrolls."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from service.core.errors import Incompatible, ShapeMismatch, WidthExceeded
from service.core.kinds import members
from service.nn.layers import Node
from service.nn.layers.base import Built, Chain, Saved
from service.nn.randomness import Randomness
from service.nn.scaled import Scaled
from service.simulation.plan import plan
from service.simulation.simulate import drawn
from service.simulation.spec import Network, SimulationSpec
from service.simulation.tree import PlannedNode

Numbers = npt.NDArray[np.floating[Any]]

TRIALS, SAMPLES, FEATURES = 3, 5, 4
EXPLICIT = {"kind": "explicit", "values": [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0]]}
NORMAL = {"kind": "normal"}
TANH, STANH = {"kind": "tanh"}, {"kind": "stanh"}
DENSE = {"kind": "dense", "units": FEATURES, "activation": TANH, "bias": NORMAL}
LINEAR = {"kind": "dense", "units": 3, "bias": NORMAL}
NORM = {"kind": "layer_norm", "gain": NORMAL, "shift": NORMAL}
BRANCHES = [{"layers": [DENSE]}, {}, {"layers": [NORM, DENSE]}]
CASES: dict[str, list[dict[str, Any]]] = {
    "dense": [
        {"units": 3, "bias": NORMAL},
        {"units": 1, "activation": TANH},
        {"units": 2, "weights": EXPLICIT, "bias": {"kind": "explicit", "values": [0.5, -1.0]}},
        {"units": 2, "weights": NORMAL, "bias": {"kind": "explicit", "values": [[0.5, -1.0]]}},
    ],
    "activation": [{"activation": {"kind": "sigmoid"}}],
    "layer_norm": [{}, {"gain": NORMAL, "shift": NORMAL, "epsilon": 0.5}],
    "residual": [
        {"layers": [DENSE]},
        {"layers": [NORM, DENSE], "branch_scale": -0.3, "activation": STANH},
        {"layers": [LINEAR], "shortcut": [LINEAR, {"kind": "activation", "activation": TANH}]},
        {"layers": [DENSE], "branch_scale": 0.0},
    ],
    "parallel": [
        {"merge": merge, "branches": BRANCHES} for merge in ("add", "multiply", "average", "maximum", "concat")
    ]
    + [{"branches": [{"layers": [LINEAR]}, {"layers": [DENSE]}]}],
}


@pytest.fixture(autouse=True)
def overflow_is_an_outcome() -> Iterator[None]:
    with np.errstate(all="ignore"):
        yield


class Looking:
    """A probe that keeps the gradients of parameters."""

    def __init__(self) -> None:
        self.found: dict[tuple[int, str], Numbers] = {}

    def arranged(self, signal: Numbers) -> Numbers:
        return signal

    def output(self, at: Built, z: Numbers, h: Numbers) -> None: ...

    def gradient(self, at: Built, dy: Scaled, dz: Scaled, derivative: Numbers | None) -> None: ...

    def parameters(self, at: Built, saved: Saved, dz: Scaled, gradient: Callable[[str], Numbers]) -> None:
        scale = np.ldexp(1.0, dz.exponent)
        self.found |= {(at.row, name): gradient(name) * scale for name in at.trained}

    def entry(self, at: Built, dx: Scaled) -> None: ...

    def note(self, at: Built, name: str, values: Numbers) -> None: ...


def planned(fields: dict[str, Any], features: int = FEATURES) -> PlannedNode:
    """The only node of a network."""
    network = {"features": features, "layers": [fields]}
    return plan(SimulationSpec.model_validate({"network": network})).top[-1]


def title(one: PlannedNode) -> str:
    return "-".join(
        [one.node.kind_name(), *(str(value) for value in one.node.model_dump(exclude_unset=True).values())]
    )[:60]


def cases(kind: type[Node]) -> list[dict[str, Any]]:
    """Those of the table; a kind that is not there with its defaults, and a dense layer where it needs layers."""
    needed = [name for name, field in kind.model_fields.items() if field.is_required()]
    return CASES.get(kind.kind_name(), [{name: [DENSE] for name in needed}])


NODES = [
    planned({"kind": kind.kind_name(), **fields})
    for kind in members(Node)
    if kind.kind_name() != "repeat"
    for fields in cases(kind)
]


def built(one: PlannedNode, precision: type = np.float64) -> Built:
    randomness = Randomness(7, range(TRIALS))
    arrays = [
        drawn(parameter, SAMPLES, [randomness.tensor(place) for place in places]).astype(precision)
        for parameter, places in zip(one.parameters, one.tensors, strict=True)
    ]
    chains = [Chain([built(inner, precision) for inner in chain]) for chain in one.chains]
    return Built(one.node, one.row, one.shape, one.out, one.parameters, arrays, chains)


def signal(seed: int, width: int = FEATURES) -> Numbers:
    """(trials, samples, width)."""
    return np.random.default_rng(seed).normal(size=(TRIALS, SAMPLES, width))


def differences(of: Any, at: Numbers, h: float = 1e-5) -> Numbers:
    """The gradient of `of()`, one number for each trial, with respect to the array `at`, by central differences."""
    found = np.empty((TRIALS, *at.shape[1:]))
    for entry in np.ndindex(*at.shape[1:]):
        kept = at[:, *entry].copy()
        at[:, *entry] = kept + h
        above = of()
        at[:, *entry] = kept - h
        found[:, *entry] = (above - of()) / (2.0 * h)
        at[:, *entry] = kept
    return found


def pairing(one: Built, x: Numbers, delta: Numbers) -> Numbers:
    """Σ delta·h over the samples, one number for each trial: its gradients are what the backward pass computes."""
    return (delta * one.node.forward(one, x, Looking())[0]).sum(axis=(-2, -1))


def every_built(one: Built) -> Sequence[Built]:
    return [one, *(inner for chain in one.chains for node in chain.nodes for inner in every_built(node))]


@pytest.mark.parametrize("one", NODES, ids=title)
def test_backward_gives_the_gradients_of_the_input_and_of_every_parameter(one: PlannedNode) -> None:
    node, x, delta, probe = built(one), signal(0), signal(1, one.features), Looking()
    _, kept = node.node.forward(node, x, probe)
    dx = node.node.backward(node, kept, Scaled.of(delta, np.zeros((TRIALS, 1, 1), np.int64)), probe, whole=True)
    found = dx.values * np.ldexp(1.0, dx.exponent)
    np.testing.assert_allclose(found, differences(lambda: pairing(node, x, delta), x), rtol=1e-7, atol=1e-8)
    for inner in every_built(node):
        for name, array in zip(inner.trained, inner.arrays, strict=True):
            given = np.broadcast_to(array, (TRIALS, *array.shape[1:])).copy()
            inner.arrays[inner.trained.index(name)] = given  # type: ignore[index]
            expected = differences(lambda: pairing(node, x, delta), given)
            np.testing.assert_allclose(probe.found[inner.row, name], expected, rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("precision", [np.float32, np.float64])
@pytest.mark.parametrize("one", NODES, ids=title)
def test_a_node_computes_in_the_precision_it_is_built_in(one: PlannedNode, precision: type) -> None:
    node, x, probe = built(one, precision), signal(0).astype(precision), Looking()
    h, kept = node.node.forward(node, x, probe)
    dx = node.node.backward(node, kept, Scaled.of(h, np.zeros((TRIALS, 1, 1), np.int64)), probe, whole=True)
    assert {h.dtype, dx.values.dtype} == {np.dtype(precision)}
    assert h.shape == (TRIALS, SAMPLES, one.features)
    assert dx.values.shape == x.shape


def test_the_gradient_of_a_maximum_is_shared_evenly_by_those_that_attain_it() -> None:
    same = {"layers": [{"kind": "dense", "units": FEATURES, "weights": {"kind": "identity"}}]}
    one = built(planned({"kind": "parallel", "merge": "maximum", "branches": [same, same, same]}))
    x, probe = signal(0), Looking()
    _, kept = one.node.forward(one, x, probe)
    one.node.backward(one, kept, Scaled.of(np.ones_like(x), np.zeros((TRIALS, 1, 1), np.int64)), probe, whole=True)
    assert [probe.found[row, "bias"].ravel().tolist() for row in range(3)] == [
        pytest.approx([SAMPLES / 3] * TRIALS * FEATURES)
    ] * 3


@pytest.mark.parametrize("epsilon", [1e-12, 1e-5, 1.0])
@pytest.mark.parametrize("size", [1e-150, 1e-3, 1.0, 1e200])
def test_a_layer_norm_brings_any_size_to_one_or_to_what_epsilon_leaves_of_it(epsilon: float, size: float) -> None:
    node, x = built(planned({"kind": "layer_norm", "epsilon": epsilon})), signal(0) * size
    h, _ = node.node.forward(node, x, Looking())
    std = x.std(axis=-1) if size < 1e100 else signal(0).std(axis=-1) * size
    np.testing.assert_allclose(h.std(axis=-1), std / np.hypot(std, np.sqrt(epsilon)), rtol=1e-9)


@pytest.mark.parametrize("scale", [1e-300, 1e300])
def test_two_gradients_of_any_scales_add_up(scale: float) -> None:
    exponents = np.array([0, -5000, 5000]).reshape(3, 1, 1)
    ones = np.full((3, 2, 2), scale)
    one, other = Scaled.of(ones, exponents), Scaled.of(ones * 3.0, exponents + np.array([1, -2000, 0]).reshape(3, 1, 1))
    total = one + other
    expected = scale * np.array([7.0, 1.0, 4.0])
    shift = (total.exponent - exponents)[:, 0, 0]
    np.testing.assert_allclose(total.values[:, 0, 0] * np.ldexp(1.0, shift), expected, rtol=1e-15)


def test_a_gradient_of_zeros_leaves_the_other_as_it_is_whatever_its_exponent() -> None:
    tiny = Scaled.of(np.full((2, 1, 1), 0.5), np.array([-9000, -9000]).reshape(2, 1, 1))
    zero = Scaled.of(np.zeros((2, 1, 1)), np.zeros((2, 1, 1), np.int64))
    for total in (tiny + zero, zero + tiny):
        assert total.values.ravel().tolist() == [0.5, 0.5]
        assert total.exponents.tolist() == [-9000, -9000]
    assert (zero + zero).values.ravel().tolist() == [0.0, 0.0]


def test_a_bias_is_drawn_for_the_fan_in_of_its_layer() -> None:
    layer = planned({"kind": "dense", "units": 500, "bias": {"kind": "he_uniform"}})
    largest = np.sqrt(6.0 / FEATURES)
    assert 0.99 * largest < np.abs(built(layer).arrays[1]).max() <= largest


def test_a_dense_layer_is_an_affine_map_with_rows_for_inputs_and_columns_for_units() -> None:
    node = built(
        planned({"kind": "dense", "units": 2, "weights": EXPLICIT, "bias": {"kind": "explicit", "values": [0.5, -1.0]}})
    )
    z, _ = node.node.apply(node.arrays, np.array([[[1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 1.0, -1.0]]]))
    assert z.tolist() == [[[1.5, 1.0], [-1.5, -3.0]]]


def test_a_dense_layer_has_normal_weights_of_variance_one_over_fan_in_and_no_bias_unless_said_otherwise() -> None:
    layer = planned({"kind": "dense", "units": 1}).node
    assert layer.model_dump(mode="json", exclude={"units"}) == {
        "kind": "dense",
        "activation": {"kind": "linear"},
        "weights": {"kind": "lecun_normal"},
        "bias": {"kind": "zeros"},
    }


@pytest.mark.parametrize(
    ("fields", "features", "pointer", "found", "expected"),
    [
        ({"weights": EXPLICIT}, 3, "/weights/values", [4, 2], [3, 2]),
        ({"weights": EXPLICIT, "units": 1}, 4, "/weights/values", [4, 2], [4, 1]),
        ({"weights": {"kind": "explicit", "values": [1.0, 2.0]}}, 1, "/weights/values", [2], [1, 2]),
        ({"bias": {"kind": "explicit", "values": [1.0]}}, 4, "/bias/values", [1], [2]),
        ({"bias": {"kind": "explicit", "values": [[1.0], [2.0]]}}, 4, "/bias/values", [2, 1], [2]),
        ({"kind": "layer_norm", "gain": {"kind": "explicit", "values": [1.0]}}, 4, "/gain/values", [1], [4]),
    ],
)
def test_explicit_values_of_another_shape_are_refused_at_their_place(
    fields: dict[str, Any], features: int, pointer: str, found: list[int], expected: list[int]
) -> None:
    with pytest.raises(ShapeMismatch) as refusal:
        planned({"kind": "dense", "units": 2, **fields} if "kind" not in fields else fields, features)
    assert refusal.value.pointer == f"/network/layers/0{pointer}"
    assert refusal.value.facts == {"found": found, "expected": expected}


@pytest.mark.parametrize(
    ("fields", "pointer", "words"),
    [
        ({"kind": "residual", "layers": [LINEAR]}, "/layers", "shape [3] and the shortcut with [4]"),
        ({"kind": "residual", "layers": [DENSE], "shortcut": [LINEAR]}, "/shortcut", "as many units as the branch"),
        ({"kind": "parallel", "merge": "add", "branches": [{}, {"layers": [LINEAR]}]}, "/branches/1", "to add them"),
    ],
)
def test_branches_that_do_not_fit_are_refused_with_what_would(fields: dict[str, Any], pointer: str, words: str) -> None:
    with pytest.raises(Incompatible) as refusal:
        planned(fields)
    assert refusal.value.pointer == f"/network/layers/0{pointer}"
    assert words in refusal.value.sentence


def test_branches_that_double_the_width_again_and_again_are_refused_where_it_is_too_much() -> None:
    doubled = {"kind": "parallel", "branches": [{}, {}]}
    network = {"features": 2, "layers": [{"kind": "repeat", "times": 1000, "layers": [doubled]}]}
    with pytest.raises(WidthExceeded) as refusal:
        plan(SimulationSpec.model_validate({"network": network}))
    assert refusal.value.pointer == "/network/layers/0/layers/0"
    assert refusal.value.facts == {"width": 131072, "limit": 65536}


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
    network = {"features": FEATURES, "layers": [block, DENSE]}
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
