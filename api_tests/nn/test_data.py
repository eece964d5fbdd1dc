"""Every rule that fills a batch against the closed form of what it draws."""

from collections.abc import Callable
from math import sqrt
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from pydantic import ValidationError
from scipy.stats import chisquare

from api_tests.cases import case
from api_tests.nn.sampling import TRIALS, assert_mean_and_variance
from api_tests.nn.variants import every, named
from service.nn.data import (
    BernoulliData,
    ClassLabels,
    Data,
    ExplicitData,
    GaussianData,
    InputData,
    OneHotData,
    PerFeatureData,
    PixelData,
    TeacherData,
    TokenDistribution,
    TokenIndexData,
    UniformData,
)
from service.nn.data.tasks import BlobData, SpiralData, TeacherAnswer
from service.nn.randomness import Randomness

Numbers = npt.NDArray[np.floating[Any]]

SAMPLES = 40
RANDOM: list[Data] = [one for one in every(Data) if one.random]
FIXED: list[Data] = [one for one in every(Data) if not one.random]


def drawn(data: Data, samples: int = SAMPLES, features: int | None = None, trials: int = TRIALS) -> Numbers:
    """A batch of (trials, samples, features)."""
    width = features or data.features() or getattr(data, "classes", None) or 5
    return data.draw((samples, width), Randomness(11, range(trials)).tensor(0))


def _two_valued(one: BernoulliData) -> tuple[float, float]:
    return one.low + one.p * (one.high - one.low), one.p * (1.0 - one.p) * (one.high - one.low) ** 2


def _pixels(one: PixelData) -> tuple[float, float]:
    bright, middle = 1.0 - one.zero_fraction, (one.low + one.high) / 2.0
    return bright * middle, one.mean_square() - (bright * middle) ** 2


def _per_feature(one: PerFeatureData) -> tuple[float, float]:
    mean = float(np.mean(one.means))
    return mean, float(np.mean(np.square(one.stds)) + np.var(one.means))


def _tokens(one: TokenIndexData) -> tuple[float, float]:
    index = np.arange(float(one.vocabulary or 1))
    share = np.ones_like(index) if one.distribution is TokenDistribution.UNIFORM else 1.0 / (index + 1.0)
    mean = np.average(index, weights=share)
    return float(mean), float(np.average(np.square(index - mean), weights=share))


CLOSED_FORMS: dict[str, Callable[[Any], tuple[float, float]]] = {
    "gaussian": lambda one: (one.mean, one.std**2),
    "uniform": lambda one: ((one.low + one.high) / 2.0, (one.high - one.low) ** 2 / 12.0),
    "bernoulli": _two_valued,
    "one_hot": lambda one: (1.0 / one.classes, (1.0 - 1.0 / one.classes) / one.classes),
    "per_feature": _per_feature,
    "pixels": _pixels,
    "token_indices": _tokens,
    "blobs": lambda one: (0.0, one.mean_square()),
    "spirals": lambda one: (0.0, one.mean_square()),
    "teacher": lambda one: (0.2, 0.16) if one.answer is TeacherAnswer.CLASSES else (0.0, 1.0),  # of five outputs
}


@pytest.mark.parametrize("data", [*RANDOM, BernoulliData(p=0.1, low=-3.0, high=2.0), OneHotData(classes=7)], ids=named)
def test_entries_have_the_mean_and_the_variance_of_the_closed_form(data: Data) -> None:
    assert_mean_and_variance(drawn(data), *CLOSED_FORMS[data.kind_name()](data))


@pytest.mark.parametrize("data", [one for one in RANDOM if CLOSED_FORMS[one.kind_name()](one)[1] > 0.0], ids=named)
def test_every_trial_gets_a_batch_of_its_own(data: Data) -> None:
    batches = drawn(data, trials=6)
    assert batches.shape[:2] == (6, SAMPLES)
    assert len(np.unique(batches.reshape(6, -1), axis=0)) == 6


@pytest.mark.parametrize("p", [0.0, 0.25, 1.0])
def test_two_valued_data_have_no_third_value_and_no_first_one_where_it_is_impossible(p: float) -> None:
    values = set(np.unique(drawn(BernoulliData(p=p, low=-1.0, high=4.0))))
    assert values == {0.0: {-1.0}, 0.25: {-1.0, 4.0}, 1.0: {4.0}}[p]


@pytest.mark.parametrize("classes", [1, 2, 10])
def test_every_sample_has_one_class_and_every_class_is_equally_likely(classes: int) -> None:
    batch = drawn(OneHotData(classes=classes))
    assert set(np.unique(batch)) <= {0.0, 1.0}
    assert (batch.sum(axis=-1) == 1.0).all()
    assert classes == 1 or chisquare(batch.sum(axis=(0, 1))).pvalue > 1e-6


@pytest.mark.parametrize(("low", "high"), [(-1.0, 1.0), (3.0, 3.5), (2.0, 2.0)])
def test_uniform_data_fill_their_range_and_never_leave_it(low: float, high: float) -> None:
    values = drawn(UniformData(low=low, high=high))
    assert low <= values.min() <= low + 0.001 * (high - low)
    assert high - 0.001 * (high - low) <= values.max() <= high


@pytest.mark.parametrize(
    ("values", "shape"),
    [([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], (3, 2)), ([0.1, 0.2, 0.3], (3, 1)), ([[7.0]], (1, 1))],
)
def test_given_data_are_what_comes_out_in_every_trial(values: list[Any], shape: tuple[int, int]) -> None:
    data = ExplicitData(values=values)
    assert drawn(data, *shape).tolist() == [np.reshape(values, shape).tolist()]
    assert data.shape_of_values() == shape


@pytest.mark.parametrize("data", [GaussianData(std=1e60), GaussianData(std=1e-60)], ids=named)
def test_a_scale_that_a_double_can_hold_is_not_lost_on_the_way(data: GaussianData) -> None:
    assert_mean_and_variance(drawn(data).astype(np.float64) / data.std, 0.0, 1.0)


def test_small_noise_on_a_large_mean_is_not_rounded_away() -> None:
    values = drawn(GaussianData(mean=1e6, std=1e-3)).astype(np.float64) - 1e6
    assert abs(values.mean()) < 5e-3 / sqrt(values.size)
    assert values.std() == pytest.approx(1e-3, rel=0.02)


def test_a_range_that_no_number_is_in_is_refused() -> None:
    with pytest.raises(ValidationError, match="low must not be above high"):
        UniformData(low=1.0, high=0.5)


def test_class_labels_are_targets_only() -> None:
    others = {type(one) for one in RANDOM + FIXED if not isinstance(one, InputData)}
    assert others == {OneHotData, ClassLabels, TeacherData}


@pytest.mark.parametrize("data", [BlobData(classes=3, spread=0.0), SpiralData(classes=3, noise=0.0)], ids=named)
def test_samples_in_classes_come_class_by_class_in_turn_and_lie_apart(data: InputData) -> None:
    """Of no spread, all of a class are one point or one arm, and no two classes meet."""
    batch = drawn(data, samples=30, features=6, trials=20)
    labels = drawn(ClassLabels(classes=3), samples=30, features=3)[0]
    assert labels.argmax(axis=-1).tolist() == [0, 1, 2] * 10
    for own in range(3):
        of_class, others = batch[:, own::3], np.delete(batch, range(own, 30, 3), axis=1)
        if isinstance(data, BlobData):
            assert (of_class == of_class[:, :1]).all()
        nearest = np.linalg.norm(of_class[:, :, None] - others[:, None], axis=-1).min()
        assert nearest > 0.0


@pytest.mark.parametrize(("outputs", "low", "high"), [(1, -1.0, 1.0), (4, 0.0, 1.0), (2, 0.25, 4.0)])
def test_labels_are_high_at_the_class_and_low_elsewhere(outputs: int, low: float, high: float) -> None:
    labels = drawn(ClassLabels(low=low, high=high), samples=8, features=outputs)[0]
    expected = np.arange(8)[:, None] % max(outputs, 2) == (np.arange(outputs) if outputs > 1 else 1)
    assert labels.tolist() == np.where(expected, high, low).tolist()


def test_a_teacher_says_the_same_of_the_same_inputs_whatever_their_scale() -> None:
    inputs = np.random.default_rng(3).normal(size=(4, 50, 6))
    said = [
        TeacherData(answer=answer).of_inputs(one, (50, 3), Randomness(2, range(4)).tensor(1))
        for answer in TeacherAnswer
        for one in (inputs, 255.0 * inputs + 7.0)
    ]
    assert (said[0] == said[1]).all()
    assert said[2] == pytest.approx(said[3], abs=1e-9)
    assert (said[0].argmax(axis=-1) == said[2].argmax(axis=-1)).all()
    assert (said[0].sum(axis=-1) == 1.0).all()
    again = TeacherData().of_inputs(inputs[2:3], (50, 3), Randomness(2, range(2, 3)).tensor(1))
    assert (again[0] == said[0][2]).all()  # trial 2 is the same, whatever is drawn with it


def test_every_rule_says_what_it_fills_a_batch_with() -> None:
    for data in RANDOM + FIXED:
        for field in ("definition", "__doc__"):
            with case(data.kind_name(), field):
                assert getattr(type(data), field).strip()
