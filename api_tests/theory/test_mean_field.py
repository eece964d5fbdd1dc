"""Mean field theory against closed forms, the literature's numbers, adaptive quadrature and the simulation."""

import json
from itertools import pairwise
from math import asin, log10, pi, sqrt
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pytest
from scipy.integrate import quad

from api_tests.networks import Json, report, stack
from api_tests.nn.variants import every, named
from service.nn.activations import Activation
from service.nn.activations.a_relu import ARelu
from service.nn.activations.erf import Erf
from service.nn.activations.exu import Exu
from service.nn.activations.relu import Relu
from service.nn.data import Data
from service.nn.initializers import Initializer
from service.nn.randomness import Randomness
from service.simulation.plan import plan
from service.simulation.theory import theory_of
from service.spec import SimulationSpec
from service.strict_json import loads
from service.theory.gaussian import average

CASES = json.loads((Path(__file__).resolve().parents[2] / "benchmarks" / "verdict_cases.json").read_text("utf-8"))
LABELLED = [case for case in CASES if "depth_ratio_theory" in case["expect"]]
WITH_AN_ACTIVATION: Json = {
    "features": 2,
    "layers": [{"kind": "dense", "units": 2}, {"kind": "activation", "activation": {"kind": "relu"}}],
}
ELEMENTWISE = [one for one in every(Activation) if type(one).pull_back is Activation.pull_back]


def moments(activation: Activation, variance: float) -> tuple[float, float]:
    def slope(z: Any) -> Any:
        return activation.df(z, activation.f(z))

    return tuple(average(lambda z, g=g: np.square(g(z)), variance, activation.kinks) for g in (activation.f, slope))  # type: ignore[return-value]


@pytest.mark.parametrize("variance", [1e-6, 0.1, 1.0, 30.0, 1e4])
def test_closed_forms_of_gaussian_averages(variance: float) -> None:
    assert moments(Relu(), variance) == pytest.approx((variance / 2, 0.5), rel=1e-12)
    share = (1 + 0.1**2) / 2
    assert moments(ARelu(), variance) == pytest.approx((variance * share, share), rel=1e-12)
    arcsine = 2 / pi * asin(2 * variance / (1 + 2 * variance))
    assert moments(Erf(), variance) == pytest.approx((arcsine, 4 / pi / sqrt(1 + 4 * variance)), rel=1e-10)


@pytest.mark.parametrize("activation", ELEMENTWISE, ids=named)
def test_gaussian_averages_are_those_of_adaptive_quadrature(activation: Activation) -> None:
    def density(z: float) -> float:
        return float(np.exp(-z * z / 2) / sqrt(2 * pi) * activation.f(np.array([1.3 * z]))[0] ** 2)

    points = sorted({0.0, *(kink / 1.3 for kink in activation.kinks)})
    ends = [-12.0, *(point for point in points if abs(point) < 12), 12.0]
    panels = [quad(density, a, b, epsabs=1e-13, epsrel=1e-12, limit=400)[0] for a, b in pairwise(ends)]
    assert moments(activation, 1.69)[0] == pytest.approx(sum(panels), rel=1e-9)


def test_the_fixed_point_of_exu_is_nearly_but_not_quite_critical() -> None:
    variance = 1.0
    for _ in range(200):
        variance, _ = moments(Exu(), variance)
    assert variance == pytest.approx(0.98589, abs=5e-6)
    assert moments(Exu(), variance)[1] == pytest.approx(1.07087, abs=5e-6)  # 1.0348 per layer


@pytest.mark.parametrize(
    ("activation", "sigma_b", "sigma_w"), [("tanh", 0.2, 1.3041), ("erf", 0.2, 1.1528), ("softsign", 0.2, 1.7296)]
)
def test_networks_at_the_critical_points_of_the_literature_neither_grow_nor_shrink(
    activation: str, sigma_b: float, sigma_w: float
) -> None:
    network = stack(200, 100, activation, {"kind": "variance_scaling", "scale": sigma_w**2})
    network["layers"][0]["layers"][0]["bias"] = {"kind": "normal", "std": sigma_b}
    gains = predicted({"network": network}).log10_backward_gain
    assert gains[-1] == pytest.approx(0.0, abs=1e-4)


def predicted(spec: Json) -> Any:
    return theory_of(plan(SimulationSpec.model_validate(loads(json.dumps(spec).encode()))), None)


@pytest.mark.parametrize("case", LABELLED, ids=lambda case: case["id"])
def test_the_prediction_is_the_labelled_theory(case: Json) -> None:
    assert predicted(case["spec"]).depth_ratio == pytest.approx(case["expect"]["depth_ratio_theory"], abs=0.01)


def test_the_simulation_is_where_theory_says() -> None:
    small = [case["spec"] for case in LABELLED if case["id"] in {"A8", "B8", "D2", "D7", "I3", "L1", "B9", "I1", "D4"}]
    differences = [report(**spec).theory.difference for spec in small]
    assert len(differences) == 9
    assert None not in differences
    assert median(abs(difference) for difference in differences if difference is not None) < 0.06


@pytest.mark.parametrize(
    ("network", "words"),
    [
        (stack(1, 4, "tanh"), "fewer than two"),
        (stack(3, 4, "tanh", "ones"), "not random"),
        (stack(3, 4, "tanh", {"kind": "normal", "mean": 1}), "not random"),
        (stack(3, 4, "tanh", "zeros"), "variance of the signal"),
        (WITH_AN_ACTIVATION, "other layers"),
    ],
)  # fmt: skip
def test_where_theory_does_not_apply_it_says_why(network: Json, words: str) -> None:
    theory = report(network).theory
    assert theory.depth_ratio is None
    assert theory.log10_backward_gain == []
    assert theory.reason is not None
    assert words in theory.reason


def test_an_orthogonal_network_is_predicted_to_the_last_digit() -> None:
    theory = report(stack(8, 16, "linear", {"kind": "orthogonal", "gain": 0.5}), trials=2).theory
    assert theory.depth_ratio == pytest.approx(7 * log10(0.5), abs=1e-12)
    assert theory.difference == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("initializer", every(Initializer), ids=named)
def test_the_variance_an_initializer_states_is_that_of_its_draws(initializer: Initializer) -> None:
    fan_in, fan_out = 40, 24
    stated = initializer.variance(fan_in, fan_out)
    if stated is None:
        pytest.skip("it states none")
    drawn = initializer.draw((fan_in, fan_out), fan_in, Randomness(5, range(200)).tensor(3))
    assert np.square(drawn).mean() == pytest.approx(stated, rel=0.03)
    assert abs(drawn.mean()) <= 0.02 * sqrt(stated)


@pytest.mark.parametrize("data", every(Data), ids=named)
def test_the_mean_square_that_data_state_is_that_of_their_draws(data: Data) -> None:
    shape = data.shape_of_values() or (400, getattr(data, "classes", 7))
    drawn = data.draw(shape, Randomness(5, range(50)).tensor(3))
    assert np.square(drawn).mean() == pytest.approx(data.mean_square(), rel=0.03)
