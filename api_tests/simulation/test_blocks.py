"""Deep networks of blocks: what theory says of a gain per block, and gradients of a thousand decades and of none."""

from collections.abc import Callable
from math import log10, pi
from typing import Any

import numpy as np
import pytest

from api_tests.nn.given_layers import Json, repeated, standalone
from service.nn.activations.piecewise import Relu
from service.nn.activations.smooth import Tanh
from service.simulation.results import SimulationReport
from service.simulation.simulate import simulate
from service.simulation.spec import SimulationSpec

WIDTH, DEPTH, TRIALS = 256, 50, 6
STEPS = DEPTH - 1  # from the last block to the first
# A trial wanders by 0.4·√Σ1/n = 0.18 decades and less; three standard errors of the median of six are 3·1.25·0.18/√6.
TOLERANCE = 0.3


def simulated(features: int, layers: list[Json], **fields: Any) -> SimulationReport:
    network = {"features": features, "layers": layers}
    return simulate(SimulationSpec.model_validate({"network": network, **fields}))


def residual(*layers: Json, **fields: Any) -> Json:
    return {"kind": "residual", "layers": list(layers), **fields}


def dense(weights: str = "lecun_normal", **fields: Any) -> Json:
    return {"kind": "dense", "units": WIDTH, "weights": {"kind": weights}, **fields}


RELU, TANH = standalone(Relu()), standalone(Tanh())
NORM = {"kind": "layer_norm"}
HE = dense("he_normal")
SHORTER = {"kind": "dense", "units": WIDTH, "weights": {"kind": "variance_scaling", "scale": 0.64}}


def of_depth(*block: Json, seed: int) -> tuple[float, float]:
    """The depth ratio and the forward ratio of fifty such blocks."""
    layers = [repeated(DEPTH, *block), {"kind": "dense", "units": 1}]
    fields = {"trials": TRIALS, "seed": seed, "data": {"samples": 2}, "precision": "float32"}
    verdict = simulated(WIDTH, layers, **fields).verdict
    assert verdict.depth_ratio.median is not None
    assert verdict.forward_ratio.median is not None
    return verdict.depth_ratio.median, verdict.forward_ratio.median


def mean_square(of: Callable[[Any], Any]) -> float:
    """Of a function of a standard normal number."""
    z, weights = np.polynomial.hermite_e.hermegauss(100)
    return float(weights @ np.square(of(z)) / weights.sum())


CHI_TANH, Q_TANH = mean_square(lambda z: 1.0 - np.tanh(z) ** 2), mean_square(np.tanh)
# α² + s²χ, by which a block multiplies the mean square of a gradient on its way back, and of a signal on its way on.
BLOCKS: dict[str, tuple[list[Json], float, float]] = {
    "residual of a linear layer": ([residual(dense())], 2.0, 2.0),
    "residual of ReLU and He's weights": ([residual(RELU, HE)], 2.0, 2.0),
    "residual of two layers with ReLU between": ([residual(HE, RELU, HE)], 3.0, 3.0),
    "residual with a scale": ([residual(RELU, HE, branch_scale=-0.5)], 1.25, 1.25),
    "residual with shortcut and scale": ([residual(dense(), shortcut=[SHORTER], branch_scale=0.6)], 1.0, 1.0),
    "layer norm before ReLU": ([dense(), NORM, RELU], 1.0, 1.0),
    "post-norm, linear": ([residual(dense()), NORM], 1.0, 1.0),
    "post-norm, two layers": ([residual(HE, RELU, HE), NORM], 1.0, 1.0),
    "post-norm, tanh": ([residual(dense(), TANH), NORM], (1.0 + CHI_TANH) / (1.0 + Q_TANH), 1.0),
    # a layer norm takes out the mean, 1/√π of what goes in, and divides by the deviation that is left
    "post-norm, ReLU last": ([residual(HE, RELU), NORM], 2.0 / (2.0 - 1.0 / pi), 1.0),
}


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize(("block", "back", "forth"), BLOCKS.values(), ids=BLOCKS)
def test_a_block_multiplies_gradient_and_signal_by_its_closed_form(
    block: list[Json], back: float, forth: float, seed: int
) -> None:
    backward, forward = of_depth(*block, seed=seed)
    assert backward == pytest.approx(STEPS * 0.5 * log10(back), abs=TOLERANCE)
    assert forward == pytest.approx(STEPS * 0.5 * log10(forth), abs=TOLERANCE)


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("branch", [[dense()], [HE, RELU, HE]], ids=["linear", "two layers"])
def test_blocks_with_a_norm_in_front_add_up_and_their_depth_costs_a_logarithm(branch: list[Json], seed: int) -> None:
    """A gain of √(1 + χ/q), and q grows by q_f = χ with every block; 1 at the inputs, 1 + χ at the first boundary."""
    chi = 1.0 if len(branch) == 1 else 2.0
    expected = 0.5 * log10((1.0 + DEPTH * chi) / (1.0 + chi))
    backward, forward = of_depth(residual(NORM, *branch), seed=seed)
    assert backward == pytest.approx(expected, abs=0.15)
    assert forward == pytest.approx(expected, abs=0.15)


@pytest.mark.parametrize("seed", [0, 1])
def test_what_relu_adds_last_in_a_branch_has_a_mean_which_adds_up_in_the_stream(seed: int) -> None:
    """A unit gets √(q/π) more on average: m ← m + √(q/π), q ← 2q + 2m√(q/π), more than √2 a block.

    The gradient feels it too, as far as it has the same sign in all units: more than √2 a block, less than the signal.
    """
    mean, square, squares = 0.0, 1.0, []
    for _ in range(DEPTH):
        step = (square / pi) ** 0.5
        mean, square = mean + step, 2.0 * square + 2.0 * mean * step
        squares.append(square)
    backward, forward = of_depth(residual(HE, RELU), seed=seed)
    assert forward == pytest.approx(0.5 * log10(squares[-1] / squares[0]), abs=TOLERANCE)
    assert STEPS * 0.5 * log10(2.0) + 1.0 < backward < forward


def number(weight: float) -> Json:
    """A layer of one linear unit with that weight."""
    return {"kind": "dense", "units": 1, "weights": {"kind": "explicit", "values": [[weight]]}}


def of_zeros(features: int, layers: list[Json], precision: str = "float64") -> SimulationReport:
    """Where nothing overflows on the way forward, since there is nothing: the gradient is that of the loss, 1 − 0."""
    data = {"samples": 2, "inputs": {"kind": "explicit", "values": np.zeros((2, features)).tolist()}}
    targets = {"kind": "explicit", "values": np.ones((2, features)).tolist()}
    return simulated(features, layers, data={**data, "targets": targets}, precision=precision)


@pytest.mark.parametrize(("precision", "tolerance"), [("float64", 1e-9), ("float32", 1e-2)])
@pytest.mark.parametrize("scale", [-0.99955, -0.5, 1e-3, 1.0, 2208.0])
def test_three_hundred_blocks_multiply_the_gradient_by_one_plus_scale_each(
    scale: float, precision: str, tolerance: float
) -> None:
    identity = {"kind": "dense", "units": 3, "weights": {"kind": "identity"}}
    layers = [repeated(300, residual(identity, branch_scale=scale)), identity]
    report = of_zeros(3, layers, precision)
    each = log10(1.0 + scale)
    assert report.verdict.depth_ratio.median == pytest.approx(299.0 * each, abs=tolerance)
    assert report.verdict.forward_ratio.median is None
    assert not report.layers[0].non_finite_trials
    gains = [layer.log10_backward_gain.median for layer in report.layers if layer.boundary]
    assert gains == pytest.approx([each] * 299 + [0.0], abs=tolerance)


@pytest.mark.parametrize(
    ("block", "decades"),
    [
        (residual(number(1e100), branch_scale=1e100), 200.0),
        (residual(number(-1e90), shortcut=[number(1e-90)], branch_scale=1e-90), 0.0),
        (residual(number(1e-90), shortcut=[number(1e-100)], branch_scale=1e-90), -100.0),
        (residual(*[number(1e-100)] * 6, shortcut=[number(1e-100)] * 7), -600.0),
        (residual(*[number(1e100)] * 6, shortcut=[number(1e100)] * 5), 600.0),
    ],
)
def test_a_block_multiplies_the_gradient_by_hundreds_of_decades(block: Json, decades: float) -> None:
    report = of_zeros(1, [repeated(20, block), number(1.0)])
    assert report.verdict.depth_ratio.median == pytest.approx(19.0 * decades, abs=1e-9)


def test_a_block_that_takes_away_what_it_passes_on_leaves_no_gradient() -> None:
    report = of_zeros(1, [repeated(3, residual(number(1.0), branch_scale=-1.0)), number(1.0)])
    assert [layer.log10_delta_norm.median is None for layer in report.layers if layer.boundary] == [True, True, False]
    assert report.verdict.label.value == "dead"


@pytest.mark.parametrize("weight", [1e-100, 1e100])
@pytest.mark.parametrize(("merge", "less"), [("add", 0.0), ("average", log10(2.0)), ("concat", 0.5 * log10(2.0))])
def test_of_two_branches_whose_gradients_are_six_hundred_decades_apart_the_larger_is_left(
    merge: str, less: float, weight: float
) -> None:
    branches = [{"layers": [number(1.0)]}, {"layers": [number(weight)] * 6}]
    parallel = {"kind": "parallel", "merge": merge, "branches": branches}
    last = {"kind": "dense", "units": 1, "weights": {"kind": "ones"}}
    first, one, *six, whole, _ = of_zeros(1, [number(1.0), parallel, last]).layers
    behind, each = float(whole.log10_delta_norm.median or 0.0) - less, log10(weight)
    assert one.log10_delta_norm.median == pytest.approx(behind, abs=1e-12)
    assert [layer.log10_backward_gain.median for layer in six] == pytest.approx([each] * 6, abs=1e-9)
    assert [layer.log10_delta_norm.median for layer in six] == pytest.approx(
        [behind + place * each for place in (5, 4, 3, 2, 1, 0)], abs=1e-9
    )
    assert first.log10_delta_norm.median == pytest.approx(behind + max(0.0, 6.0 * each), abs=1e-9)
    assert first.log10_gain.skip is not None
    assert first.log10_gain.skip.median == pytest.approx(max(0.0, 6.0 * each) - less, abs=1e-9)
