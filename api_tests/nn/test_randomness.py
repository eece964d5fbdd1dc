"""Random numbers that depend on the seed, the tensor and the trial, and on nothing else."""

from itertools import combinations, pairwise
from math import sqrt
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest

from api_tests.cases import case
from service.nn.randomness import _BLOCK as BLOCK  # pairs of normals that are made at a time
from service.nn.randomness import Randomness, Stream

Numbers = npt.NDArray[np.floating[Any]]

METHODS = ["normal", "uniform"]
LARGEST_SEED = 2**63 - 1
LARGEST_NORMAL = sqrt(2.0 * 33.0 * np.log(2.0))
"""The radius of the smallest 32-bit number, which stands for 2⁻³³."""

SHAPES = [(1,), (2,), (7,), (3, 5), (4, 6)]
LARGE_SHAPES = [(BLOCK,), (2 * BLOCK - 1,), (2 * BLOCK,), (2 * BLOCK + 1,), (2 * BLOCK + 2,), (131, 257)]


def draw(method: str, shape: tuple[int, ...], trials: range, *, seed: int = 0, tensor: int = 4) -> Numbers:
    """Numbers of (trials, *shape)."""
    return getattr(Randomness(seed, trials).tensor(tensor), method)(shape)


def correlation(one: Numbers, other: Numbers) -> float:
    """Between two tensors of one size, in standard errors of independent ones."""
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1]) * sqrt(one.size)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("shape", SHAPES + LARGE_SHAPES, ids=str)
def test_trial_7_is_the_same_whatever_trials_are_drawn_with_it(method: str, shape: tuple[int, ...]) -> None:
    alone = draw(method, shape, range(7, 8))
    assert alone.shape == (1, *shape)
    for trials in (range(32), range(8), range(5, 9)):
        assert np.array_equal(draw(method, shape, trials)[7 - trials.start], alone[0])


@settings(deadline=None)
@given(
    method=st.sampled_from(METHODS),
    shape=st.lists(st.integers(1, 7), min_size=1, max_size=3).map(tuple),
    seed=st.integers(0, LARGEST_SEED),
    tensor=st.integers(0, 10_001),
    start=st.integers(0, 10**12),
    lengths=st.lists(st.integers(1, 5), min_size=2, max_size=4),
)
def test_any_cut_into_chunks_gives_the_same_numbers(
    method: str, shape: tuple[int, ...], seed: int, tensor: int, start: int, lengths: list[int]
) -> None:
    ends = np.cumsum([start, *lengths]).tolist()
    pieces = [draw(method, shape, range(*ends_of), seed=seed, tensor=tensor) for ends_of in pairwise(ends)]
    whole = draw(method, shape, range(start, ends[-1]), seed=seed, tensor=tensor)
    assert np.array_equal(np.concatenate(pieces), whole)


@pytest.mark.parametrize("method", METHODS)
def test_the_order_in_which_tensors_are_drawn_does_not_matter(method: str) -> None:
    forwards, backwards = Randomness(1, range(3)), Randomness(1, range(3))
    first = [getattr(forwards.tensor(index), method)((3, 3)) for index in (0, 1, 2)]
    second = [getattr(backwards.tensor(index), method)((3, 3)) for index in (2, 1, 0)]
    assert np.array_equal(first, second[::-1])


@pytest.mark.parametrize("method", METHODS)
def test_seeds_tensors_trials_and_repeated_draws_are_uncorrelated(method: str) -> None:
    shape = (100, 101)
    both = draw(method, shape, range(2))
    stream = Randomness(0, range(1)).tensor(4)
    several = {
        "trial 0": both[0],
        "trial 1": both[1],
        "a far trial": draw(method, shape, range(10**15, 10**15 + 1))[0],
        "the next seed": draw(method, shape, range(1), seed=1)[0],
        "the largest seed": draw(method, shape, range(1), seed=LARGEST_SEED)[0],
        "the next tensor": draw(method, shape, range(1), tensor=5)[0],
        "a far tensor": draw(method, shape, range(1), tensor=10_001)[0],
        "the same draw": getattr(stream, method)(shape)[0],
        "the next draw": getattr(stream, method)(shape)[0],
    }
    assert np.array_equal(several.pop("the same draw"), both[0])
    for (one, its), (other, others) in combinations(several.items(), 2):
        assert abs(correlation(its, others)) < 5.0, f"{one} and {other}"
        assert abs(correlation(np.abs(its), np.abs(others))) < 5.0, f"sizes of {one} and {other}"


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("lag", [1, 2, 3, 101])
def test_neighbouring_numbers_are_uncorrelated(method: str, lag: int) -> None:
    numbers = draw(method, (100_001,), range(1), seed=6)[0]
    assert abs(correlation(numbers[lag:], numbers[:-lag])) < 5.0
    assert abs(correlation(np.square(numbers[lag:]), np.square(numbers[:-lag]))) < 5.0


@pytest.mark.parametrize(("method", "distribution"), [("normal", "norm"), ("uniform", "uniform")])
@pytest.mark.parametrize(("trials", "count"), [(range(1), 100_001), (range(100_001), 1), (range(20_000), 5)])
def test_numbers_have_the_distribution_they_are_named_after(
    method: str, distribution: str, trials: range, count: int
) -> None:
    numbers = draw(method, (count,), trials, seed=12)
    assert kstest(numbers.ravel().astype(np.float64), distribution).pvalue > 1e-4


def test_the_first_and_the_second_of_a_pair_of_normals_are_both_normal() -> None:
    numbers = draw("normal", (100_000,), range(1), seed=3)[0].astype(np.float64)
    for half in (numbers[0::2], numbers[1::2]):
        assert kstest(half, "norm").pvalue > 1e-4
        assert abs(np.square(half).mean() - 1.0) < 5.0 * sqrt(2.0 / half.size)
        assert abs((half**4).mean() - 3.0) < 5.0 * sqrt(96.0 / half.size)


def test_far_tails_are_as_full_as_those_of_the_normal_distribution() -> None:
    numbers = np.abs(draw("normal", (2_000_000,), range(1), seed=2))
    for limit, share in [(3.0, 2.699796e-3), (4.0, 6.334248e-5)]:
        expected = share * numbers.size
        assert abs((numbers > limit).sum() - expected) < 5.0 * sqrt(expected)
    assert numbers.max() <= LARGEST_NORMAL


class Fixed(Randomness):
    """Randomness whose 64-bit integers are all the same."""

    def __init__(self, value: int) -> None:
        super().__init__(0, range(1), np.dtype(np.float32))
        self.value = value

    def raw(self, place: int, count: int) -> npt.NDArray[np.uint64]:
        return np.full((1, count), self.value, dtype=np.uint64)


@pytest.mark.parametrize("value", [0, 1, 2**32 - 1, 2**32, 2**63, 2**64 - 2**32, 2**64 - 1])
def test_no_integer_gives_a_number_that_is_not_finite_or_out_of_its_range(value: int) -> None:
    with np.errstate(all="raise"):
        normal, uniform = (getattr(Stream(Fixed(value), 0), method)((3,)) for method in METHODS)
    assert np.abs(normal).max() <= LARGEST_NORMAL
    assert uniform.min() >= 0.0
    assert uniform.max() < 1.0


@pytest.mark.parametrize(("method", "unused"), [("normal", 0), ("uniform", 11)])
def test_every_bit_that_has_room_in_the_result_changes_it(method: str, unused: int) -> None:
    values = [getattr(Stream(Fixed(1 << bit), 0), method)((2,)) for bit in range(unused, 64)]
    several = np.concatenate([getattr(Stream(Fixed(0), 0), method)((2,)), *values])
    assert len(np.unique(several, axis=0)) == 65 - unused


def test_the_largest_normal_is_the_radius_of_the_smallest_integer() -> None:
    assert Stream(Fixed(0), 0).normal((1,)).tolist() == [[pytest.approx(LARGEST_NORMAL, rel=1e-6)]]


def test_normals_have_the_precision_that_is_asked_for_and_are_the_same_numbers_in_both() -> None:
    single, double = (Randomness(0, range(2), np.dtype(one)).tensor(4).normal((301,)) for one in ("f4", "f8"))
    assert (single.dtype, double.dtype) == (np.float32, np.float64)
    assert np.array_equal(single, double)


def test_mean_and_deviation_are_those_of_the_normals() -> None:
    standard, moved = draw("normal", (301,), range(2)), Randomness(0, range(2)).tensor(4).normal((301,), 3.0, 0.5)
    np.testing.assert_allclose(moved, 3.0 + 0.5 * standard, rtol=1e-15)


def test_huge_seeds_and_trial_numbers_give_numbers_of_their_own() -> None:
    for seed in (0, 1, 2**31, 2**32, LARGEST_SEED):
        for start in (0, 2**31, 2**32, 10**18, 2**63):
            with case(seed, start):
                numbers = draw("uniform", (1000,), range(start, start + 2), seed=seed)
                assert kstest(numbers.ravel(), "uniform").pvalue > 1e-4
                assert not np.array_equal(numbers[0], numbers[1])
                elsewhere = draw("uniform", (1000,), range(start + 2, start + 3), seed=seed)
                assert not np.isin(elsewhere, numbers).any()
