"""Every loss against its own differences, alone and behind every output activation it goes with."""

from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from api_tests.cases import case
from api_tests.nn.variants import every, named
from service.nn.activations import Activation
from service.nn.activations.piecewise import Hardsigmoid
from service.nn.activations.smooth import Linear, Sigmoid, Softmax
from service.nn.losses import (
    AbsoluteError,
    BinaryCrossEntropy,
    BinaryCrossEntropyWithLogits,
    CrossEntropy,
    CrossEntropyWithLogits,
    Hinge,
    Huber,
    Loss,
    MeanSquaredError,
    SquaredError,
)
from service.nn.randomness import Randomness

Numbers = npt.NDArray[np.floating[Any]]

LOSSES: list[Loss] = every(Loss)
TRIALS, SAMPLES, OUTPUTS = 2, 30, 4
SHAPE = (TRIALS, SAMPLES, OUTPUTS)
FITTING = [
    (loss, activation)
    for loss in LOSSES
    for activation in every(Activation)
    if activation.probability or not loss.probability
]


def targets_of(loss: Loss, outputs: int = OUTPUTS, samples: int = SAMPLES) -> Numbers:
    """What the loss is meant for, (trials, samples, outputs)."""
    drawn = loss.natural_targets(outputs).draw((samples, outputs), Randomness(5, range(TRIALS)).tensor(1))
    return drawn.astype(np.float64)


def predictions_for(loss: Loss) -> Numbers:
    """Predictions away from the ends of what the loss allows."""
    rng = np.random.default_rng(8)
    return rng.uniform(0.05, 0.95, SHAPE) if loss.probability else rng.normal(0.0, 1.5, SHAPE)


def gradient(loss: Loss, of: Any, x: Numbers, h: float = 1e-6) -> Numbers:
    """The gradient of each sample's `of(x)`, (trials, samples), by central differences; NaN where it has a kink."""
    columns = []
    for step in h * np.eye(x.shape[-1]):
        left, here, right = of(x - step), of(x), of(x + step)
        smooth = np.abs(left - 2.0 * here + right) < 0.02 * h
        columns.append(np.where(smooth, (right - left) / (2.0 * h), np.nan))
    found = np.stack(columns, axis=-1)
    assert np.isfinite(found).mean() > 0.95, f"{named(loss)} has a kink nearly everywhere"
    return found


def behind(loss: Loss, activation: Activation, targets: Numbers, z: Numbers) -> Numbers:
    """The loss of each sample, (trials, samples), of an output activation's argument `z`."""
    return loss.value(activation.f(z), targets)


def assert_same_where_smooth(found: Numbers, differences: Numbers) -> None:
    smooth = np.isfinite(differences)
    # A difference across a jump of the second derivative is off by up to h/4.
    np.testing.assert_allclose(found[smooth], differences[smooth], rtol=1e-6, atol=3e-7)


@pytest.mark.parametrize("loss", LOSSES, ids=named)
def test_the_gradient_times_the_factor_is_the_slope_of_each_samples_loss(loss: Loss) -> None:
    targets, predictions = targets_of(loss), predictions_for(loss)
    found = loss.factor(OUTPUTS) * loss.gradient(predictions, targets)
    assert_same_where_smooth(found, gradient(loss, lambda p: loss.value(p, targets), predictions))


def test_delta_is_the_slope_of_the_loss_behind_every_output_activation() -> None:
    for loss, activation in FITTING:
        with case(named(loss), named(activation)):
            targets = targets_of(loss)
            z = np.random.default_rng(3).normal(0.1, 0.7, SHAPE)
            prediction = activation.f(z)
            derivative = activation.df(z, prediction)
            found = loss.factor(OUTPUTS) * loss.output_delta(activation, derivative, prediction, targets)
            assert_same_where_smooth(found, gradient(loss, partial(behind, loss, activation, targets), z))


@pytest.mark.parametrize("precision", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("loss", "activation", "logits", "targets", "expected"),
    [
        (BinaryCrossEntropy(), Sigmoid(), [1e4, 1e4, -1e4, -1e4], [1.0, 0.0, 1.0, 0.0], [0.0, 1.0, -1.0, 0.0]),
        (BinaryCrossEntropy(), Sigmoid(), [0.0, 0.0, 1e4], [1.0, 0.25, 0.5], [-0.5, 0.25, 0.5]),
        (CrossEntropy(), Softmax(), [1e4, -1e4, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]),
        (CrossEntropy(), Softmax(), [1e4, -1e4, 0.0], [0.0, 1.0, 0.0], [1.0, -1.0, 0.0]),
        (CrossEntropy(), Softmax(), [1e4, 1e4, -1e4], [0.0, 0.0, 1.0], [0.5, 0.5, -1.0]),
        (CrossEntropy(), Softmax(), [1e4, -1e4, -1e4], [0.0, 1.0, 2.0], [3.0, -1.0, -2.0]),
    ],
)
def test_a_saturated_answer_behind_its_own_activation_has_an_exact_delta(
    loss: Loss,
    activation: Activation,
    logits: list[float],
    targets: list[float],
    expected: list[float],
    precision: type,
) -> None:
    z, y = np.array([[logits]], dtype=precision), np.array([[targets]], dtype=precision)
    with np.errstate(all="raise", under="ignore"):
        prediction = activation.f(z)
        delta = loss.output_delta(activation, activation.df(z, prediction), prediction, y)
        value = loss.value(prediction, y)
    assert delta.dtype == value.dtype == np.dtype(precision)
    assert delta.tolist() == [[expected]]
    assert np.isfinite(value).all()


@pytest.mark.parametrize("precision", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("loss", "activation"),
    [
        *((loss, activation) for loss, activation in FITTING if loss.probability),
        *((loss, Linear()) for loss in LOSSES if loss.kind.endswith("with_logits")),
    ],
    ids=named,
)
def test_no_logit_makes_the_loss_of_a_probability_warn_or_overflow(
    loss: Loss, activation: Activation, precision: type
) -> None:
    ends = np.array([-1e4, -100.0, -3.0, 0.0, 3.0, 100.0, 1e4], dtype=precision)
    z = np.stack(np.meshgrid(ends, ends), axis=-1).reshape(1, -1, 2)
    targets = targets_of(loss, 2, z.shape[-2])[:1].astype(precision)
    with np.errstate(all="raise", under="ignore"):
        prediction = activation.f(z)
        delta = loss.output_delta(activation, activation.df(z, prediction), prediction, targets)
        found = [loss.value(prediction, targets), loss.gradient(prediction, targets).sum(axis=-1), delta.sum(axis=-1)]
    assert {array.dtype for array in found} == {np.dtype(precision)}
    assert np.isfinite(found).all()


@pytest.mark.parametrize(
    ("loss", "prediction", "target", "value", "expected"),
    [
        (SquaredError(), [3.0, -1.0], [1.0, 0.0], 5.0, [4.0, -2.0]),
        (MeanSquaredError(), [3.0, -1.0], [1.0, 0.0], 2.5, [2.0, -1.0]),
        (AbsoluteError(), [3.0, -1.0, 2.0], [1.0, 0.0, 2.0], 3.0, [1.0, -1.0, 0.0]),
        (Huber(), [3.0, -0.5], [1.0, 0.0], 1.625, [1.0, -0.5]),
        (Huber(delta=2.0), [3.0, -5.0], [1.0, 0.0], 10.0, [2.0, -2.0]),
        (Hinge(), [2.0, 1.0, -3.0, 0.5], [1.0, 1.0, 1.0, -1.0], 5.5, [0.0, 0.0, -1.0, 1.0]),
        (BinaryCrossEntropy(), [0.5, 0.75], [1.0, 0.0], np.log(8.0), [-2.0, 4.0]),
        (CrossEntropy(), [0.25, 0.75], [1.0, 0.0], np.log(4.0), [-4.0, 0.0]),
        (BinaryCrossEntropyWithLogits(), [0.0, np.log(3.0)], [1.0, 0.0], np.log(8.0), [-0.5, 0.75]),
        (CrossEntropyWithLogits(), [5.0, 5.0 + np.log(3.0)], [1.0, 0.0], np.log(4.0), [-0.75, 0.75]),
    ],
    ids=lambda case: named(case) if isinstance(case, Loss) else "",
)
def test_losses_worked_out_by_hand(
    loss: Loss, prediction: list[float], target: list[float], value: float, expected: list[float]
) -> None:
    p, y = np.array([[prediction]]), np.array([[target]])
    assert loss.value(p, y).tolist() == [[pytest.approx(value, rel=1e-15)]]
    found = loss.factor(len(target)) * loss.gradient(p, y)
    np.testing.assert_allclose(found, [[expected]], rtol=1e-15)


@pytest.mark.parametrize(
    ("of_logits", "of_probabilities", "activation"),
    [
        (BinaryCrossEntropyWithLogits(), BinaryCrossEntropy(), Sigmoid()),
        (CrossEntropyWithLogits(), CrossEntropy(), Softmax()),
    ],
    ids=named,
)
def test_a_loss_with_logits_is_the_one_of_probabilities_behind_their_activation(
    of_logits: Loss, of_probabilities: Loss, activation: Activation
) -> None:
    z, targets = np.random.default_rng(6).normal(0.0, 2.0, SHAPE), targets_of(of_logits)
    p = activation.f(z)
    np.testing.assert_allclose(of_logits.value(z, targets), of_probabilities.value(p, targets), rtol=1e-12)
    behind_it = of_probabilities.output_delta(activation, activation.df(z, p), p, targets)
    np.testing.assert_allclose(of_logits.gradient(z, targets), behind_it, rtol=1e-12, atol=1e-15)


def test_a_clipped_probability_has_a_large_and_finite_gradient() -> None:
    p, y = np.array([[[0.0, 1.0]]]), np.array([[[1.0, 0.0]]])
    assert BinaryCrossEntropy().gradient(p, y).tolist() == [[[-1e12, 1e12]]]
    assert CrossEntropy().gradient(p, y).tolist() == [[[-1e12, 0.0]]]
    behind = BinaryCrossEntropy().output_delta(Hardsigmoid(), np.zeros_like(p), p, y)
    assert not behind.any()


@pytest.mark.parametrize("loss", LOSSES, ids=named)
def test_single_precision_stays_single(loss: Loss) -> None:
    p, y = predictions_for(loss).astype(np.float32), targets_of(loss).astype(np.float32)
    activation = Sigmoid() if loss.probability else Linear()
    delta = loss.output_delta(activation, activation.df(p, p), p, y)
    assert {array.dtype for array in (loss.value(p, y), loss.gradient(p, y), delta)} == {np.dtype(np.float32)}
    np.testing.assert_allclose(loss.value(p, y), loss.value(p.astype(np.float64), y.astype(np.float64)), rtol=1e-5)


@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize(
    ("loss", "legal"),
    [
        *((one, {0.0, 1.0}) for one in (BinaryCrossEntropy(), BinaryCrossEntropyWithLogits())),
        *((one, {0.0, 1.0}) for one in (CrossEntropy(), CrossEntropyWithLogits())),
        (Hinge(), {-1.0, 1.0}),
    ],
    ids=lambda case: named(case) if isinstance(case, Loss) else "",
)
def test_targets_that_nobody_named_are_those_the_loss_is_meant_for(loss: Loss, legal: set[float], outputs: int) -> None:
    targets = targets_of(loss, outputs)
    classes = loss in (CrossEntropy(), CrossEntropyWithLogits())
    assert set(np.unique(targets)) == (legal if outputs > 1 or not classes else {1.0})
    assert not classes or (targets.sum(axis=-1) == 1.0).all()


@pytest.mark.parametrize("loss", [one for one in LOSSES if "error" in one.kind or one.kind == "huber"], ids=named)
def test_a_regression_that_names_no_targets_gets_standard_normal_ones(loss: Loss) -> None:
    targets = targets_of(loss, 4, 2000)
    assert abs(targets.mean()) < 5.0 / np.sqrt(targets.size)
    assert abs(targets.var() - 1.0) < 5.0 * np.sqrt(2.0 / targets.size)


def test_every_loss_says_what_it_is_and_where_it_comes_from() -> None:
    for loss in LOSSES:
        for field in ("definition", "derivative", "convention", "source", "__doc__"):
            with case(loss.kind_name(), field):
                assert getattr(type(loss), field).strip()
