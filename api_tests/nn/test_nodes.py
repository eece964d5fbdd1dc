"""Every node with every field against finite differences, and closed forms of single ones."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from api_tests.cases import case
from api_tests.nn.differences import Looking, differences, every_built, of_trial, with_array
from api_tests.nn.node_cases import EXPLICIT, cases, kinds, planned, size_of
from service.core.arrays import Shape
from service.nn.layers.base import Built, Chain
from service.nn.randomness import Randomness
from service.nn.scaled import Scaled
from service.simulation.drawing import drawn
from service.simulation.tree import PlannedNode

Numbers = npt.NDArray[np.floating[Any]]

TRIALS, SAMPLES, FEATURES = 2, 3, 4
STEPS = 4.0 ** -np.arange(5, 10)  # inputs are further from each other: no maximum changes its place
RELATIVE, ROUNDING = 1e-7, 1e-9
NODES = [(shape, planned(fields, shape)) for shape, fields in cases()]


@pytest.fixture(autouse=True)
def overflow_is_an_outcome() -> Iterator[None]:
    with np.errstate(all="ignore"):
        yield


def title(given: Any) -> str:
    if not isinstance(given, PlannedNode):
        return "x".join(map(str, given))
    fields = given.node.model_dump(exclude_unset=True, exclude={"kind"}).items()
    return "-".join([given.node.kind, *(f"{name}={value}" for name, value in fields)]).replace(" ", "")[:90]


every_node = pytest.mark.parametrize(("shape", "one"), NODES, ids=title)


def built(one: PlannedNode, precision: type = np.float64) -> Built:
    randomness = Randomness(7, range(TRIALS))
    arrays = [
        drawn(parameter, SAMPLES * one.batch, [randomness.tensor(place) for place in places]).astype(precision)
        for parameter, places in zip(one.parameters, one.tensors, strict=True)
    ]
    chains = [Chain([built(inner, precision) for inner in chain]) for chain in one.chains]
    return Built(one.node, one.row, one.shape, one.out, one.parameters, arrays, chains)


def signal(seed: int, width: int = FEATURES) -> Numbers:
    """(trials, samples, width)."""
    return np.random.default_rng(seed).normal(size=(TRIALS, SAMPLES, width))


def inputs(seed: int, shape: Shape) -> Numbers:
    """(trials, samples, features), those of a sample far from each other and from 0; of tokens between two indices."""
    rng, size = np.random.default_rng(seed), size_of(shape)
    if shape[-1] < 0:
        return rng.integers(0, -shape[-1], (TRIALS, SAMPLES, size)) + 0.5
    return rng.permuted(np.broadcast_to(np.linspace(-2.0, 2.1, size), (TRIALS, SAMPLES, size)), axis=-1)


def pairing(delta: Numbers, x: Numbers, one: Built) -> Numbers:
    """Σ delta·h over the samples, one number for each trial: its gradients are what the backward pass computes."""
    return (delta * one.node.forward(one, x, Looking())[0]).sum(axis=(-2, -1))


def of_parameter(of: Callable[[Built], Numbers], whole: Built, inner: Built, name: str) -> Numbers:
    """The gradient of `of(whole)` with respect to a parameter of `inner`, by finite differences."""
    return differences(lambda array: of(with_array(whole, inner.row, name, array)), inner.named[name][0], STEPS)


def sent_back(one: Built, x: Numbers, delta: Numbers) -> tuple[Numbers, Looking]:
    """∂e/∂x, (trials, samples, features), and a probe that saw the parameters' gradients."""
    probe = Looking()
    _, kept = one.node.forward(one, x, probe)
    dx = one.node.backward(one, kept, Scaled.of(delta, np.zeros((len(delta), 1, 1), np.int64)), probe, whole=True)
    return dx.values * np.ldexp(1.0, dx.exponent), probe


def assert_close(found: Numbers, expected: Numbers, size: float) -> None:
    error = np.linalg.norm(found.reshape(expected.shape) - expected)
    assert error <= RELATIVE * np.linalg.norm(expected) + ROUNDING * max(1.0, size)


@every_node
def test_backward_gives_the_gradients_of_the_input_and_of_every_parameter(shape: Shape, one: PlannedNode) -> None:
    whole, x, delta = built(one), inputs(0, shape), signal(1, one.features)
    dx, probe = sent_back(whole, x, delta)
    for trial in range(TRIALS):
        node, at, of = of_trial(whole, trial), x[trial : trial + 1], partial(pairing, delta[trial])
        size = float(np.abs(of(at, node)).max())
        assert_close(dx[trial], differences(partial(of, one=node), x[trial], STEPS), size)
        for inner in every_built(node):
            for name in inner.trained:
                with case(trial, inner.node.kind, name):
                    expected = of_parameter(partial(of, at), node, inner, name)
                    assert_close(probe.found[inner.row, name][trial], expected, size)


@every_node
@pytest.mark.parametrize("exponent", [-900, 900])
def test_a_gradient_of_any_size_is_sent_back_as_its_size_and_the_gradient_of_one(
    shape: Shape, one: PlannedNode, exponent: int
) -> None:
    node, x, delta = built(one), inputs(0, shape), signal(1, one.features)
    dx, plain = sent_back(node, x, delta)
    far, scaled = sent_back(node, x, np.ldexp(delta, exponent))
    np.testing.assert_allclose(np.ldexp(far, -exponent), dx, rtol=1e-11, atol=1e-13)
    assert scaled.found.keys() == plain.found.keys()
    for name, gradient in plain.found.items():
        np.testing.assert_allclose(np.ldexp(scaled.found[name], -exponent), gradient, rtol=1e-11, atol=1e-12)


@every_node
@pytest.mark.parametrize("precision", [np.float32, np.float64])
def test_a_node_computes_in_the_precision_it_is_built_in(shape: Shape, one: PlannedNode, precision: type) -> None:
    node, x, probe = built(one, precision), inputs(0, shape).astype(precision), Looking()
    h, kept = node.node.forward(node, x, probe)
    dx = node.node.backward(node, kept, Scaled.of(h, np.zeros((TRIALS, 1, 1), np.int64)), probe, whole=True)
    assert {h.dtype, dx.values.dtype} == {np.dtype(precision)}
    assert h.shape == (TRIALS, SAMPLES, one.features)
    assert dx.values.shape == x.shape
    twice = built(one)
    wide, _ = twice.node.forward(twice, inputs(0, shape), probe)
    np.testing.assert_allclose(h, wide, rtol=1e-3, atol=1e-4)


def test_the_table_has_every_field_of_every_kind_at_two_values_and_every_choice() -> None:
    for kind in kinds():
        of_kind = [one.node for _, one in NODES if one.node.kind == kind.kind_name()]
        for name, field in kind.model_fields.items():
            values = {repr(getattr(one, name)) for one in of_kind}
            with case(kind.kind_name(), name, values):
                assert len(values) > 1 or name in ("kind", "name")
                choices = getattr(field.annotation, "__members__", {}).values()
                assert {repr(one) for one in choices} <= values


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
    assert layer.model_dump(mode="json", exclude={"units", "name"}) == {
        "kind": "dense",
        "activation": {"kind": "linear"},
        "weights": {"kind": "lecun_normal"},
        "bias": {"kind": "zeros"},
    }
