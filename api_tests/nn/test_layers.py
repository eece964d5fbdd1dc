"""Every layer against finite differences, and how a list of layers unrolls."""

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from service.core.errors import ShapeMismatch
from service.core.kinds import members
from service.nn.layers.base import BuiltLayer, SingleLayer, Transform
from service.nn.randomness import Randomness
from service.simulation.spec import Network

Numbers = npt.NDArray[np.floating[Any]]

TRIALS, SAMPLES, FEATURES = 3, 5, 4
EXPLICIT = {"kind": "explicit", "values": [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0]]}
NORMAL = {"kind": "normal"}
CASES: dict[str, list[dict[str, Any]]] = {
    "dense": [
        {"units": 3, "bias": NORMAL},
        {"units": 1, "activation": {"kind": "tanh"}},
        {"units": 2, "weights": EXPLICIT, "bias": {"kind": "explicit", "values": [0.5, -1.0]}},
        {"units": 2, "weights": NORMAL, "bias": {"kind": "explicit", "values": [[0.5, -1.0]]}},
    ],
    "activation": [{"activation": {"kind": "sigmoid"}}],
}


def single(**fields: Any) -> SingleLayer:
    """The only layer of a network."""
    layer = Network.model_validate({"features": FEATURES, "layers": [fields]}).layers[0]
    assert isinstance(layer, SingleLayer)
    return layer


def title(layer: SingleLayer) -> str:
    return "-".join([layer.name(), *sorted(layer.model_fields_set - {"kind"})])


LAYERS = [single(kind=kind.name(), **fields) for kind in members(SingleLayer) for fields in CASES[kind.name()]]


def built(layer: SingleLayer, features: int = FEATURES, precision: type = np.float64) -> BuiltLayer:
    randomness = Randomness(7, range(TRIALS))
    return layer.build(features, randomness.tensor(2), randomness.tensor(3), np.dtype(precision))


def signal(seed: int, width: int = FEATURES) -> Numbers:
    """(trials, samples, width)."""
    return np.random.default_rng(seed).normal(size=(TRIALS, SAMPLES, width))


def differences(of: Any, at: Numbers, h: float = 1e-5) -> Numbers:
    """The gradient of `of(at)`, one number for each trial, by central differences; (trials, …) as `at` is."""
    found = np.empty((TRIALS, *at.shape[1:]))
    for entry in np.ndindex(*at.shape[1:]):
        step = np.zeros_like(at)
        step[:, *entry] = h
        found[:, *entry] = (of(at + step) - of(at - step)) / (2.0 * h)
    return found


def pairing(transform: Transform, x: Numbers, delta: Numbers) -> Numbers:
    """Σ delta·z over the samples, one number for each trial: its gradients are what the backward pass computes."""
    return (delta * transform.forward(x)).sum(axis=(-2, -1))


@pytest.mark.parametrize("layer", LAYERS, ids=title)
def test_backward_is_the_gradient_with_respect_to_the_input(layer: SingleLayer) -> None:
    transform, x, delta = built(layer).transform, signal(0), signal(1, layer.outputs(FEATURES))
    found = transform.backward(delta)
    np.testing.assert_allclose(found, differences(lambda x: pairing(transform, x, delta), x), rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("layer", [one for one in LAYERS if one.weighted], ids=title)
@pytest.mark.parametrize("parameter", ["weights", "bias"])
def test_gradients_are_those_of_the_parameters_averaged_over_the_samples(layer: SingleLayer, parameter: str) -> None:
    transform: Any = built(layer).transform
    x, delta = signal(0), signal(1, layer.outputs(FEATURES))

    def mean_pairing(value: Numbers) -> Numbers:
        return pairing(replace(transform, **{parameter: value}), x, delta) / SAMPLES

    expected = differences(mean_pairing, getattr(transform, parameter))
    found = getattr(transform.gradients(x, delta), parameter)
    np.testing.assert_allclose(found, expected.reshape(found.shape), rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("layer", LAYERS, ids=title)
def test_a_layer_states_its_width_and_the_number_of_its_parameters(layer: SingleLayer) -> None:
    transform = built(layer).transform
    assert transform.forward(signal(0)).shape == (TRIALS, SAMPLES, layer.outputs(FEATURES))
    parameters = [one for one in (transform.weights, transform.bias) if one is not None]
    assert sum(one[0].size for one in parameters) == layer.parameters(FEATURES)
    assert layer.weighted == (transform.weights is not None)
    assert layer.random == any(one.shape[0] == TRIALS for one in parameters)


@pytest.mark.parametrize("precision", [np.float32, np.float64])
@pytest.mark.parametrize("layer", LAYERS, ids=title)
def test_a_layer_computes_in_the_precision_it_is_built_in(layer: SingleLayer, precision: type) -> None:
    transform = built(layer, precision=precision).transform
    x = signal(0).astype(precision)
    delta = transform.forward(x)
    gradients = transform.gradients(x, delta)
    found = [delta, transform.backward(delta), *([gradients.weights, gradients.bias] if gradients else [])]
    assert {one.dtype for one in found} == {np.dtype(precision)}


def test_a_bias_is_drawn_for_the_fan_in_of_its_layer() -> None:
    layer = single(kind="dense", units=500, bias={"kind": "he_uniform"})
    largest = np.sqrt(6.0 / FEATURES)
    assert 0.99 * largest < np.abs(built(layer).transform.bias).max() <= largest


@pytest.mark.parametrize("layer", LAYERS, ids=title)
def test_the_activation_is_the_one_that_was_asked_for(layer: SingleLayer) -> None:
    assert built(layer).activation == layer.activation


def test_a_dense_layer_is_an_affine_map_with_rows_for_inputs_and_columns_for_units() -> None:
    layer = single(kind="dense", units=2, weights=EXPLICIT, bias={"kind": "explicit", "values": [0.5, -1.0]})
    z = built(layer).transform.forward(np.array([[[1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 1.0, -1.0]]]))
    assert z.tolist() == [[[1.5, 1.0], [-1.5, -3.0]]]


def test_a_dense_layer_has_normal_weights_of_variance_one_over_fan_in_and_no_bias_unless_said_otherwise() -> None:
    layer = single(kind="dense", units=1)
    assert layer.model_dump(mode="json", exclude={"units"}) == {
        "kind": "dense",
        "activation": {"kind": "linear"},
        "weights": {"kind": "lecun_normal"},
        "bias": {"kind": "zeros"},
    }


@pytest.mark.parametrize(
    ("fields", "features", "pointer", "found", "expected"),
    [
        ({"weights": EXPLICIT}, 3, "/here/weights/values", [4, 2], [3, 2]),
        ({"weights": EXPLICIT, "units": 1}, 4, "/here/weights/values", [4, 2], [4, 1]),
        ({"weights": {"kind": "explicit", "values": [1.0, 2.0]}}, 1, "/here/weights/values", [2], [1, 2]),
        ({"bias": {"kind": "explicit", "values": [1.0]}}, 4, "/here/bias/values", [1], [2]),
        ({"bias": {"kind": "explicit", "values": [[1.0], [2.0]]}}, 4, "/here/bias/values", [2, 1], [2]),
    ],
)
def test_explicit_values_of_another_shape_are_refused_at_their_place(
    fields: dict[str, Any], features: int, pointer: str, found: list[int], expected: list[int]
) -> None:
    with pytest.raises(ShapeMismatch) as refusal:
        single(**{"kind": "dense", "units": 2, **fields}).check("/here", features)
    assert refusal.value.pointer == pointer
    assert refusal.value.facts == {"found": found, "expected": expected}


@pytest.mark.parametrize("layer", LAYERS, ids=title)
def test_explicit_values_that_fit_are_not_refused(layer: SingleLayer) -> None:
    layer.check("/here", FEATURES)


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
