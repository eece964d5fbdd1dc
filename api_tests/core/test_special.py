"""The special functions that stand in where SciPy is not installed, against SciPy and against exact arithmetic."""

import subprocess
import sys
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
import scipy.special
from flint import arb, ctx

from service.core import special

Values = npt.NDArray[np.float64]

OWN: dict[str, Callable[[npt.ArrayLike], Values]] = {
    **{name: getattr(special, f"_{name}") for name in ("erf", "erfc", "ndtr", "ndtri")},
    "expit": special.expit,
}


@pytest.fixture(scope="module")
def values() -> Values:
    """Numbers of every size: near 0, of a normal distribution, and into both tails as far as float64 goes."""
    rng = np.random.default_rng(19)
    tiny = 10.0 ** rng.uniform(-300.0, 0.0, 500)
    return np.concatenate([rng.uniform(-26.0, 26.0, 2000), rng.uniform(-1.6, 1.6, 2000), tiny, -tiny, [0.0]])


@pytest.fixture(scope="module")
def probabilities() -> Values:
    rng = np.random.default_rng(20)
    return np.concatenate(
        [
            rng.uniform(0.0, 1.0, 2000),
            10.0 ** rng.uniform(-300.0, 0.0, 2000),
            1.0 - 10.0 ** rng.uniform(-15.0, 0.0, 999),
        ]
    )


def exact(name: str, value: float) -> float:
    x = arb(value)
    match name:
        case "erf":
            found = x.erf()
        case "erfc":
            found = x.erfc()
        case "expit":
            found = 1 / (1 + (-x).exp())
        case _:
            found = (-x / arb(2).sqrt()).erfc() / 2
    return float(found.mid())


def worst(found: Values, expected: Values) -> float:
    """The largest relative difference where the expected number is a normal float64."""
    normal = np.abs(expected) > 1e-300
    return float(np.abs(found[normal] / expected[normal] - 1.0).max())


@pytest.mark.parametrize(("name", "stretch"), [("erf", 1.0), ("erfc", 1.0), ("expit", 25.0)])
def test_they_are_exact_to_the_last_digits_over_the_whole_range(name: str, stretch: float, values: Values) -> None:
    points, before = values * stretch, ctx.prec
    ctx.prec = 200
    try:
        expected = np.array([exact(name, point) for point in points.tolist()])
    finally:
        ctx.prec = before
    assert worst(OWN[name](points), expected) < 1e-15


@pytest.mark.parametrize(
    ("name", "stretch", "farthest", "most"),
    [
        ("erf", 1.0, 26.0, 1e-15),
        ("erfc", 1.0, 5.0, 1e-14),
        ("erfc", 1.0, 26.0, 1e-13),  # SciPy itself is 6e-14 off there
        ("expit", 25.0, 650.0, 1e-15),
        ("ndtr", 1.4, 5.0, 1e-14),
        ("ndtr", 1.4, 37.0, 5e-13),  # as far as x / √2, rounded, moves it; SciPy's own error is 2e-13
    ],
)
def test_they_are_scipys(name: str, stretch: float, farthest: float, most: float, values: Values) -> None:
    points = values[np.abs(values * stretch) <= farthest] * stretch
    assert worst(OWN[name](points), getattr(scipy.special, name)(points)) < most


def test_quantiles_are_scipys(probabilities: Values) -> None:
    assert worst(OWN["ndtri"](probabilities), scipy.special.ndtri(probabilities)) < 1e-14


@pytest.mark.parametrize("name", OWN)
def test_their_ends_are_scipys_without_a_warning(name: str) -> None:
    points = np.array([-np.inf, -1e300, -800.0, -1.0, 0.0, 0.5, 1.0, 2.0, 800.0, 1e300, np.inf, np.nan])
    expected = getattr(scipy.special, name)(points)
    np.testing.assert_allclose(OWN[name](points), expected, rtol=1e-14, atol=1e-300)


@pytest.mark.parametrize("name", OWN)
def test_they_keep_the_shape_and_single_precision(name: str) -> None:
    for points in (np.full((2, 3), 0.4, np.float32), np.full((2, 0), 0.4), np.float32(0.4), 0.4, 1):
        found, expected = OWN[name](points), getattr(scipy.special, name)(points)
        assert found.shape == expected.shape
        assert found.dtype == expected.dtype
        np.testing.assert_allclose(found, expected, rtol=2e-7 if found.dtype == np.float32 else 1e-15)


@pytest.mark.parametrize("name", sorted(OWN.keys() - {"expit"}))
def test_scipys_are_taken_where_it_is_installed(name: str, probabilities: Values) -> None:
    found, expected = getattr(special, name)(probabilities), getattr(scipy.special, name)(probabilities)
    assert found.tobytes() == expected.tobytes()


def test_it_is_not_loaded_before_a_function_is_called() -> None:
    loading = "import sys, service.core.special; sys.exit('scipy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", loading], check=False).returncode == 0
