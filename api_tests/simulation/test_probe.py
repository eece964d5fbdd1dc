"""What is measured while trials pass, against closed forms: directions, weight gradients, derivatives."""

from math import cos, log10, nan, pi, sin, sqrt
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from api_tests.networks import Json, report
from service.core.arrays import innermost
from service.nn.layers.activation import ActivationLayer
from service.nn.layers.base import Built
from service.nn.layers.dense import Dense
from service.nn.scaled import Scaled
from service.simulation.accumulator import Accumulator
from service.simulation.probe import MeasuringProbe

Numbers = npt.NDArray[np.floating[Any]]

IDENTITY = Built(ActivationLayer.model_validate({"activation": {"kind": "linear"}}), 0, (2,), (2,), [], [])
BOTH = pytest.mark.parametrize("along_trials", [False, True])


def looking_on(
    trials: int, largest_slope: float = 1.0, place: slice | None = None
) -> tuple[MeasuringProbe, Accumulator]:
    """A probe of a network of one node, and what it enters its measurements into."""
    into = Accumulator.empty(range(trials), 1)
    return MeasuringProbe(into, place or slice(0, trials), np.array([[largest_slope]])), into


def spreads(signal: Any, along_trials: bool = False, inputs: bool = False) -> Any:
    """Mean square distances of the directions of (trials, samples, features) from their mean, (trials,)."""
    given = np.asarray(signal) if np.asarray(signal).dtype == np.float32 else np.asarray(signal, np.float64)
    probe, into = looking_on(given.shape[0])
    arranged = innermost(given) if along_trials else given
    with np.errstate(all="ignore"):
        if inputs:
            probe.inputs(arranged)
        else:
            probe.output(IDENTITY, arranged, arranged)
        probe.settle()
    return into.spread[:, 0 if inputs else 1]


def pair(angle: float) -> list[list[float]]:
    """Two directions at an angle of at most π/2, one of them an axis, so that nothing is rounded away."""
    return [[1.0, 0.0], [1.0, sin(angle) / cos(angle)]]


@BOTH
@pytest.mark.parametrize("angle", [1.5, 1.0, 0.3, 1e-2, 1e-4, 1e-7, 1e-10, 1e-12, 1e-14])
def test_two_samples_at_an_angle_are_the_sine_of_half_of_it_from_their_mean(angle: float, along_trials: bool) -> None:
    expected = sin(0.5 * angle) ** 2
    assert spreads([pair(angle)], along_trials) == pytest.approx(expected, rel=1e-10)
    lengthened = np.array([[3.0e5], [2.0e-5]]) * np.array(pair(angle))
    assert spreads([lengthened], along_trials) == pytest.approx(expected, rel=1e-2 if angle < 1e-12 else 1e-4)


@BOTH
def test_opposite_orthogonal_and_equal_directions(along_trials: bool) -> None:
    assert spreads([[[1.0, 2.0], [-2.0, -4.0]]], along_trials) == pytest.approx(1.0)
    for samples in (2, 3, 8):
        assert spreads([np.eye(samples)], along_trials) == pytest.approx(1.0 - 1.0 / samples)
        assert spreads([[[0.1, 0.3, -0.7]] * samples], along_trials).tolist() == [0.0]


@BOTH
@pytest.mark.parametrize("scale", [1e-300, 1e-200, 1e-30, 1.0, 1e30, 1e200, 1e300])
def test_the_size_of_a_signal_does_not_matter(scale: float, along_trials: bool) -> None:
    for angle in (1.0, 1e-6):
        signal = scale * np.array([pair(angle), np.eye(2)])
        assert spreads(signal, along_trials) == pytest.approx([sin(0.5 * angle) ** 2, 0.5], rel=1e-6)


@BOTH
@pytest.mark.parametrize("precision", [np.float32, np.float64])
def test_directions_that_differ_by_their_last_digits_are_one(precision: type, along_trials: bool) -> None:
    roundings = float(np.finfo(precision).eps)
    for half, one in ((7.0, True), (9.0, False)):
        signal = np.array([[[1.0, 0.0], [1.0, 2.0 * half * roundings]]], precision)
        expected = 0.0 if one else (half * roundings) ** 2
        assert spreads(signal, along_trials) == pytest.approx(expected, rel=1e-5, abs=0.0)


def test_both_layouts_and_both_precisions_agree_for_any_directions() -> None:
    signal = np.random.default_rng(1).normal(size=(5, 6, 4))
    signal[1] *= 1e-3
    signal[2, 1:] = signal[2, 0] + 1e-3 * signal[2, 1:]  # nearly one
    directions = signal / np.linalg.norm(signal, axis=-1, keepdims=True)
    expected = np.square(directions - directions.mean(axis=1, keepdims=True)).sum(axis=-1).mean(axis=-1)
    for along_trials in (False, True):
        np.testing.assert_allclose(spreads(signal, along_trials), expected, rtol=1e-8)
        single = spreads(signal.astype(np.float32), along_trials)
        np.testing.assert_allclose(single, expected, rtol=1e-2)


@BOTH
def test_samples_of_zeros_are_left_out_and_one_alone_has_no_spread(along_trials: bool) -> None:
    one, other, none = [1.0, 0.0], [0.0, 5.0], [0.0, 0.0]
    signal = [[one, none, other], [one, one, none], [one, none, none], [none, none, none]]
    np.testing.assert_allclose(spreads(signal, along_trials), [0.5, 0.0, nan, nan])
    np.testing.assert_allclose(spreads([[one], [other]], along_trials), [nan, nan])


@pytest.mark.parametrize(
    ("values", "as_inputs", "as_signal"),
    [
        ([1.0, 1.0, 2.0], 1.0, 0.0),  # in a hidden layer their directions are the same
        ([3.0, 3.0, 3.0], 0.0, 0.0),
        ([-1.0, 1.0], 1.0, 1.0),
        ([0.0, 1.0], 1.0, nan),
        ([2.0], nan, nan),
    ],
)
def test_inputs_of_one_feature_are_distinct_where_their_values_differ(
    values: list[float], as_inputs: float, as_signal: float
) -> None:
    signal = [[[value] for value in values]]
    np.testing.assert_allclose(spreads(signal, inputs=True), [as_inputs])
    np.testing.assert_allclose(spreads(signal), [as_signal])


def test_a_report_has_half_the_decades_of_the_mean_square() -> None:
    layers = [{"kind": "dense", "units": 2, "weights": {"kind": "identity"}}] * 2
    data = {"inputs": {"kind": "explicit", "values": [[3.0, 0.0], [0.5, 0.5 * sqrt(3.0)]]}}
    made = report({"features": 2, "layers": layers}, data=data, trials=1)
    assert [one.log10_angular_spread.median for one in made.layers] == pytest.approx([log10(sin(pi / 6.0))] * 2)


# Weight gradients


def gradient_decades(x: Numbers, delta: Numbers, refuse: bool = False) -> Any:
    """log10 ‖xᵀ·delta‖ as a report has it, but for the samples it is divided by, (trials,)."""
    trials, asked = x.shape[0], []
    weights = np.ones((trials, x.shape[-1], delta.shape[-1]), x.dtype)
    node = Dense.model_validate({"units": delta.shape[-1]})
    shape = x.shape[-1:]
    built = Built(node, 0, shape, delta.shape[-1:], node.parameters(shape), [weights, weights[:, :1]])

    def gradient(name: str) -> Numbers:
        asked.append(name)
        return x.swapaxes(-1, -2) @ delta

    probe, into = looking_on(trials)
    with np.errstate(all="ignore"):
        probe.parameters(built, x, Scaled.of(delta, np.full((trials, 1, 1), 3)), gradient)
    assert not (refuse and asked), "the gradient itself was asked for"
    return into.weight_gradient.decades()[:, 0]


@pytest.mark.parametrize("width", [4, 32])
def test_a_weight_gradient_has_the_norm_of_the_product(width: int) -> None:
    x, delta = np.random.default_rng(2).normal(size=(2, 6, 3, width))
    expected = log10(8.0) + np.log10(np.linalg.norm(x.swapaxes(-1, -2) @ delta, axis=(-2, -1)))
    np.testing.assert_allclose(gradient_decades(x, delta, refuse=width == 32), expected, atol=1e-12)


@pytest.mark.parametrize(("precision", "tolerance"), [(np.float64, 1e-9), (np.float32, 3e-3)])
def test_a_weight_gradient_is_not_guessed_where_samples_cancel(precision: type, tolerance: float) -> None:
    left = np.array([1.0, 0.5, 0.1, 0.03, 0.0125, 2.0**-9, 2.0**-12, 2.0**-17])  # of a pair with opposite gradients
    row = np.random.default_rng(3).integers(1, 9, 32).astype(np.float64) / 8.0
    x = np.broadcast_to(row, (8, 2, 32)).astype(precision)
    delta = np.stack([np.outer(np.ones(8), row), np.outer(left - 1.0, row)], axis=1).astype(precision)
    exact = delta.astype(np.float64).sum(axis=1)
    expected = log10(8.0) + np.log10(np.linalg.norm(row) * np.linalg.norm(exact, axis=-1))
    np.testing.assert_allclose(gradient_decades(x, delta), expected, atol=tolerance)
    assert gradient_decades(x[:1], np.stack([delta[:1, 0], -delta[:1, 0]], axis=1)).tolist() == [-np.inf]


@pytest.mark.parametrize("size", [1e-180, 1e180])
def test_a_weight_gradient_of_tiny_and_huge_signals_is_known(size: float) -> None:
    x, delta = np.random.default_rng(4).normal(size=(2, 2, 2, 32))
    expected = log10(8.0) + np.log10(np.linalg.norm(x.swapaxes(-1, -2) @ delta, axis=(-2, -1)))
    np.testing.assert_allclose(gradient_decades(size * x, delta), expected + log10(size), atol=1e-12)


# Derivatives


def derivatives_of(derivative: Any, largest_slope: float = 1.0) -> Any:
    """What is kept of φ', (trials, samples, features): an array (trials,) for each field."""
    given = np.asarray(derivative, np.float64)
    probe, into = looking_on(given.shape[0], largest_slope)
    ones = Scaled.of(np.ones_like(given), np.zeros((given.shape[0], 1, 1), np.int64))
    probe.gradient(IDENTITY, ones, ones, given)
    probe.settle()
    return {name: getattr(into.derivatives, name)[:, 0].tolist() for name in vars(into.derivatives)}


@pytest.mark.parametrize(
    ("derivative", "dead"),
    [
        ([[0.0, 1.0, 0.0, 1.0], [0.0, 0.0, 1.0, 1.0]], 0.25),
        ([[0.0, 1.0], [0.0, -1.0]], 0.5),
        ([[0.0, 1.0], [1.0, 0.0]], 0.0),
        ([[0.0, 0.0], [0.0, 0.0]], 1.0),
        ([[1e-300, 1.0], [1e-300, -1.0]], 0.0),
    ],
)
def test_a_unit_is_dead_where_its_slope_is_zero_for_every_sample(derivative: list[list[float]], dead: float) -> None:
    assert derivatives_of([derivative])["dead"] == [dead]


@pytest.mark.parametrize(
    ("slope", "largest", "saturated"),
    [
        (0.0099, 1.0, 0.25),
        (0.01, 1.0, 0.0),
        (-0.0099, 1.0, 0.25),
        (-0.01, 1.0, 0.0),
        (0.00249, 0.25, 0.25),
        (0.0025, 0.25, 0.0),
        (0.019, 2.0, 0.25),
    ],
)
def test_a_unit_is_saturated_below_a_hundredth_of_the_largest_slope(
    slope: float, largest: float, saturated: float
) -> None:
    assert derivatives_of([[[slope, 1.0], [-1.0, 1.0]]], largest)["saturated"] == [saturated]


def test_of_an_activation_without_a_largest_slope_nothing_is_saturated_or_not() -> None:
    np.testing.assert_equal(derivatives_of([[[0.0, 1.0]]], np.inf)["saturated"], [nan])


def slope_at(share: float) -> float:
    """The z at which sigmoid has this slope."""
    high = 0.5 * (1.0 + sqrt(1.0 - 4.0 * share))
    return float(np.log(high / (1.0 - high)))


@pytest.mark.parametrize(("slope", "fraction"), [(0.0024, 0.25), (0.0026, 0.0)])
def test_saturation_of_a_sigmoid_is_relative_to_a_quarter(slope: float, fraction: float) -> None:
    layer = {"kind": "activation", "activation": {"kind": "sigmoid"}}
    data = {"inputs": {"kind": "explicit", "values": [[slope_at(slope)], [0.0], [1.0], [-1.0]]}}
    (found,) = report({"features": 1, "layers": [layer]}, data=data, trials=1).layers
    assert found.saturated_fraction == fraction
    assert (found.derivative.min, found.derivative.max) == (pytest.approx(slope), 0.25)


def test_derivatives_are_summed_over_units_and_samples_trial_by_trial() -> None:
    found = derivatives_of([[[1.0, -3.0], [0.5, 0.5]], [[2.0, 2.0], [2.0, 2.0]]])
    assert found["mean"] == [-0.25, 2.0]
    assert found["mean_square"] == [2.625, 4.0]
    assert (found["low"], found["high"]) == ([-3.0, 2.0], [1.0, 2.0])


@pytest.mark.parametrize(("start", "stop", "known"), [(0, 12, range(8)), (6, 12, range(6, 8)), (8, 12, range(0))])
def test_derivatives_are_measured_in_the_first_eight_trials(start: int, stop: int, known: range) -> None:
    probe, into = looking_on(12, place=slice(start, stop))
    ones = Scaled.of(np.ones((stop - start, 2, 2)), np.zeros((stop - start, 1, 1), np.int64))
    probe.gradient(IDENTITY, ones, ones, np.ones((stop - start, 2, 2)))
    probe.settle()
    assert np.flatnonzero(np.isfinite(into.derivatives.mean)).tolist() == list(known)
    assert into.derivatives.mean.shape == (8, 1)


def test_a_report_has_the_derivatives_of_its_first_eight_trials() -> None:
    network: Json = {"features": 3, "layers": [{"kind": "dense", "units": 3, "activation": {"kind": "tanh"}}]}
    seven, eight, more = (report(network, trials=trials).layers[0].derivative for trials in (7, 8, 20))
    assert eight == more != seven


def test_two_samples_of_one_weight_are_as_by_hand() -> None:
    """w = 2, x = 1 and 3, y = 0: predictions 2 and 6, delta = 2(p − y) = 4 and 12, ∂e/∂w = (1·4 + 3·12) / 2."""
    layer = {"kind": "dense", "units": 1, "weights": {"kind": "constant", "value": 2.0}}
    explicit = {
        name: {"kind": "explicit", "values": given} for name, given in (("inputs", [1, 3]), ("targets", [0, 0]))
    }
    made = report({"features": 1, "layers": [layer]}, data=explicit, include=["gradients", "histograms"])
    (found,), gradients = made.layers, made.gradients
    assert found.log10_delta_norm.median == pytest.approx(0.5 * log10(80.0))
    assert found.log10_weight_gradient_norm.median == pytest.approx(log10(20.0))
    assert found.log10_weight_norm.median == pytest.approx(log10(2.0))
    assert found.log10_forward_rms.median == pytest.approx(0.5 * log10(20.0))
    assert made.verdict.end_to_end_ratio.median == 0.0
    assert gradients is not None
    assert [one.model_dump() for one in gradients[0].parameters] == [
        {"name": "weights", "shape": [1, 1], "values": [20.0]},
        {"name": "bias", "shape": [1], "values": [8.0]},
    ]
    assert gradients[0].delta == [[2.0], [6.0]]
    assert found.histograms is not None
    assert found.histograms.log10_weight_gradient is not None
    edges = found.histograms.log10_weight_gradient.edges
    assert edges[0] <= log10(20.0) <= edges[-1]
