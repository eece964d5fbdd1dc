"""What weights keep a gradient over a finite depth, by theory and in simulated networks; an activation's best slope."""

from math import sqrt

import numpy as np
import pytest
from numpy.polynomial.hermite_e import hermegauss
from pydantic import TypeAdapter

from api_tests.theory.known import written
from service.nn.activations import Activation, AnyActivation
from service.simulation.simulate import simulate
from service.simulation.spec import SimulationSpec
from service.theory.balance import balanced_weight_variance, best_slope, is_bounded, predicted_depth_ratio
from service.theory.critical import critical_initialisations


def activation(kind: str) -> Activation:
    return TypeAdapter(AnyActivation).validate_python({"kind": kind})


def deep(kind: str, weight_variance: float, hidden: int, width: int = 400) -> SimulationSpec:
    layer = {
        "kind": "dense",
        "units": width,
        "activation": {"kind": kind},
        "weights": {"kind": "variance_scaling", "scale": weight_variance, "distribution": "normal"},
    }
    layers = [{"kind": "repeat", "times": hidden, "layers": [layer]}, {"kind": "dense", "units": 1}]
    return SimulationSpec.model_validate({"network": {"features": width, "layers": layers}, "trials": 6})


@pytest.mark.parametrize(
    ("kind", "slope"),
    [
        ("linear", 1.0),
        ("sigmoid", 0.25),
        ("tanh", 1.0),
        ("relu", sqrt(0.5)),
        ("hardsigmoid", 1 / 6),
        ("selu", 1.050701 * sqrt((1 + 1.6732632**2) / 2)),
        ("elu", 1.0),
    ],
)
def test_the_best_slope_of_an_activation_is_what_its_formula_says(kind: str, slope: float) -> None:
    assert best_slope(activation(kind)) == pytest.approx(slope, rel=2e-3)


@pytest.mark.parametrize("kind", ["gelu", "silu", "mish", "stanh"])
def test_no_scale_gives_a_larger_slope_than_the_best_one(kind: str) -> None:
    z, weight = hermegauss(201)
    one = activation(kind)
    at = [
        sqrt(float((weight * np.square(one.df(x := sqrt(q) * z, one.f(x)))).sum() / weight.sum()))
        for q in np.geomspace(1e-3, 1e3, 61)
    ]
    assert max(at) == pytest.approx(best_slope(one), rel=1e-3)


@pytest.mark.parametrize(("kind", "bounded"), [("tanh", True), ("sigmoid", True), ("relu", False), ("gelu", False)])
def test_whether_an_activation_is_bounded(kind: str, bounded: bool) -> None:
    assert is_bounded(activation(kind)) is bounded


@pytest.mark.parametrize("kind", ["relu", "linear"])
def test_a_homogeneous_activation_is_balanced_where_it_is_critical(kind: str) -> None:
    one = activation(kind)
    (critical,) = critical_initialisations(one, 0.0).initialisations
    for depth in (3, 20, 200):
        assert balanced_weight_variance(one, depth=depth) == pytest.approx(critical.weight_variance, rel=1e-3)


@pytest.mark.parametrize(
    ("kind", "depth"),
    [
        *((kind, depth) for kind in ("selu", "tanh", "elu", "softsign", "sigmoid", "exu") for depth in (5, 30)),
        *((kind, 8) for kind in ("gelu", "silu", "mish")),  # whose variances flee the fixed point: deeper, width tells
    ],
)
def test_networks_with_balanced_weights_give_back_the_gradient_that_went_in(kind: str, depth: int) -> None:
    variance = balanced_weight_variance(activation(kind), depth=depth)
    assert variance is not None
    measured = simulate(deep(kind, variance, depth)).verdict.depth_ratio.median
    assert measured == pytest.approx(0.0, abs=0.3)


def test_biases_are_counted_in() -> None:
    one = activation("tanh")
    with_biases = balanced_weight_variance(one, bias_variance=0.05)
    assert with_biases == pytest.approx(1.76095, rel=0.05)  # critical at infinite depth
    assert with_biases != pytest.approx(balanced_weight_variance(one), rel=0.05)


@pytest.mark.parametrize("kind", ["tanh", "selu"])
def test_large_inputs_are_counted_in(kind: str) -> None:
    small, large = (balanced_weight_variance(activation(kind), depth=6, input_square=square) for square in (0.25, 16.0))
    assert small is not None
    assert large is not None
    spec = deep(kind, large, 6).model_dump(mode="json")
    inputs = {"kind": "gaussian", "std": 4.0}
    found = simulate(SimulationSpec.model_validate({**spec, "data": {"inputs": inputs}})).verdict.depth_ratio.median
    assert found == pytest.approx(0.0, abs=0.15)
    assert abs(small - large) > 0.1


def test_stanh_keeps_no_gradient_far() -> None:
    assert balanced_weight_variance(activation("stanh")) is None


def test_nothing_is_balanced_where_the_slope_is_zero() -> None:
    step = written("where(z > 0, 1, 0)")
    assert (balanced_weight_variance(step), best_slope(step)) == (None, 0.0)


def test_the_critical_weights_of_selu_are_said_to_lose_the_gradient_on_the_way() -> None:
    (critical,) = critical_initialisations(activation("selu"), 0.0).initialisations
    assert critical.weight_variance == pytest.approx(0.476771, rel=1e-5)
    assert critical.depth_ratio is not None
    assert critical.depth_ratio < -1.0
    measured = simulate(deep("selu", critical.weight_variance, 50)).verdict.depth_ratio.median
    predicted = predicted_depth_ratio(activation("selu"), critical.weight_variance)
    assert measured == pytest.approx(predicted, abs=0.4)  # the first pre-activations have 0.48 here, not 1
