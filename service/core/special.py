"""Special functions of arrays: SciPy's where it is installed, and else as precise from Python and NumPy alone.

SciPy is 143 MB, more than all the rest that a verdict needs, and takes a quarter of a second to load: it is loaded when
a function is first called. Each function takes a number or an array, works element by element, and answers float64, or
float32 for float32.
"""

import math
from collections.abc import Callable, Sequence
from functools import cache
from statistics import NormalDist
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from service.core.arrays import Array, Float64Array

_Function: TypeAlias = Callable[[npt.ArrayLike], Array]

_ERF = (
    (9.60497373987051638749e0, 9.00260197203842689217e1, 2.23200534594684319226e3, 7.00332514112805075473e3,
     5.55923013010394962768e4),
    (1.0, 3.35617141647503099647e1, 5.21357949780152679795e2, 4.59432382970980127987e3, 2.26290000613890934246e4,
     4.92673942608635921086e4),
)  # fmt: skip
"""erf x = x P(x²)/Q(x²) for |x| ≤ 1, highest power first (Moshier 1989, Cephes, ndtr.c)."""
_QUANTILE = (
    (2.5090809287301226727e3, 3.3430575583588128105e4, 6.7265770927008700853e4, 4.5921953931549871457e4,
     1.3731693765509461125e4, 1.9715909503065514427e3, 1.3314166789178437745e2, 3.3871328727963666080e0),
    (5.2264952788528545610e3, 2.8729085735721942674e4, 3.9307895800092710610e4, 2.1213794301586595867e4,
     5.3941960214247511077e3, 6.8718700749205790830e2, 4.2313330701600911252e1, 1.0),
)  # fmt: skip
"""The quantile of 0.5 + q is q P(r)/Q(r), r = 0.425² − q², for |q| ≤ 0.425 (Wichura 1988, AS 241)."""
_TAIL = np.array(
    (0.02438304, -0.085017, 0.07055032, 0.00539407, 0.06664728, 0.08537103, 0.10470369, 0.11398417, 0.11398349),
    np.float32,
)
_TAIL_SCALE = np.float32(3.5)
"""Φ(−t) = e^(−t²/2) u P(u), u = 3.5 / (3.5 + t), for t ≥ 0, to 1.7e-7 of its value; highest power first."""
_CACHED = 1 << 14
"""So many numbers are worked on at a time: with what is made of them they stay in the cache."""
_CENTRAL = 0.425
_ROOT_TWO = math.sqrt(2.0)


def _erf(x: npt.ArrayLike) -> Array:
    return _by_parts(x, lambda values: np.abs(values) <= 1.0, _erf_near_zero, math.erf)


def _erf_near_zero(x: Float64Array) -> Float64Array:
    """The error function of numbers from −1 to 1, of the shape of x."""
    return _ratio(_ERF, np.square(x)) * x


def _erfc(x: npt.ArrayLike) -> Array:
    return _by_parts(x, lambda values: np.abs(values) <= 0.25, lambda values: 1.0 - _erf_near_zero(values), math.erfc)


def _ndtr(x: npt.ArrayLike) -> Array:
    return _by_parts(
        x,
        lambda values: np.abs(values) <= _ROOT_TWO,
        lambda values: 0.5 + 0.5 * _erf_near_zero(values / _ROOT_TWO),
        lambda value: 0.5 * math.erfc(-value / _ROOT_TWO),
    )


def _ndtri(p: npt.ArrayLike) -> Array:
    return _by_parts(p, lambda values: np.abs(values - 0.5) <= _CENTRAL, _central_quantile, _quantile)


def _central_quantile(p: Float64Array) -> Float64Array:
    """The standard normal quantile of probabilities from 0.075 to 0.925, of the shape of p."""
    q = p - 0.5
    return _ratio(_QUANTILE, _CENTRAL**2 - np.square(q)) * q


def _quantile(p: float) -> float:
    """The standard normal quantile of one probability; ±inf at 0 and 1, NaN beyond."""
    if 0.0 < p < 1.0:
        return NormalDist().inv_cdf(p)
    return {0.0: -math.inf, 1.0: math.inf}.get(p, math.nan)


def _ratio(polynomials: Sequence[Sequence[float]], x: Float64Array) -> Float64Array:
    """P(x)/Q(x) of the coefficients of P and of Q, of the shape of x."""
    above, below = (_polynomial(one, x) for one in polynomials)
    above /= below
    return above


def _polynomial(coefficients: Sequence[float], x: Float64Array) -> Float64Array:
    """The polynomial at x, of the shape of x; in one array, where `numpy.polyval` makes two for each coefficient."""
    found = np.full_like(x, coefficients[0])
    for coefficient in coefficients[1:]:
        found *= x
        found += coefficient
    return found


def _by_parts(
    x: npt.ArrayLike,
    is_near: Callable[[Float64Array], npt.NDArray[np.bool_]],
    near: Callable[[Float64Array], Float64Array],
    far: Callable[[float], float],
) -> Array:
    """`near` of all values that are near at once, and `far` of one after the other of the rest; of the shape of x."""
    given = _floating(x)
    values = np.atleast_1d(given).astype(np.float64)
    inside = is_near(values)
    found = near(np.where(inside, values, 0.5))
    if not inside.all():
        found[~inside] = [far(value) for value in values[~inside].tolist()]
    rounded: Array = found.astype(given.dtype).reshape(given.shape)[()]
    return rounded


def _floating(x: npt.ArrayLike) -> Array:
    """An array of floats: float32 stays, all else is float64."""
    values: Any = np.asarray(x)
    return values if values.dtype == np.float32 else values.astype(np.float64)


@cache
def _chosen(name: str) -> _Function:
    """SciPy's function of that name where SciPy is installed."""
    own: dict[str, _Function] = {"erf": _erf, "erfc": _erfc, "ndtr": _ndtr, "ndtri": _ndtri}
    try:
        import scipy.special  # noqa: PLC0415 - most networks need none of it
    except ModuleNotFoundError:
        return own[name]
    found: _Function = getattr(scipy.special, name)
    return found


def erf(x: npt.ArrayLike) -> Array:
    """2/√π ∫₀ˣ e^(−t²) dt, of the shape of x."""
    return _chosen("erf")(x)


def erfc(x: npt.ArrayLike) -> Array:
    """1 − erf x, precise where that is tiny, of the shape of x."""
    return _chosen("erfc")(x)


def expit(x: npt.ArrayLike) -> Array:
    """1 / (1 + e^−x), of the shape of x: as precise as SciPy's and faster, for NumPy's e^x is vectorised."""
    with np.errstate(over="ignore"):  # and the quotient is 0
        found: Array = 1.0 / (1.0 + np.exp(-_floating(x)))
    return found


def ndtr(x: npt.ArrayLike) -> Array:
    """The standard normal distribution function, precise in both tails, of the shape of x."""
    if isinstance(x, np.ndarray) and x.dtype == np.float32 and x.ndim:
        return _single_ndtr(x)
    return _chosen("ndtr")(x)


def _single_ndtr(x: Array) -> Array:
    """The same of `x` in float32, of its shape, to 5e-7 of its value, and 4e-6 beyond six deviations, in the cache."""
    if x.size <= _CACHED or not x.flags.c_contiguous:
        return _tails(x)
    found = np.empty(x.size, np.float32)
    values = x.reshape(-1)
    for start in range(0, x.size, _CACHED):
        found[start : start + _CACHED] = _tails(values[start : start + _CACHED])
    return found.reshape(x.shape)


def _tails(x: Array) -> Array:
    """Φ(x) by that of −|x|, in float32, of the shape of x."""
    size = np.abs(x)
    u = _TAIL_SCALE / (_TAIL_SCALE + size)
    tail = np.full_like(x, _TAIL[0])
    for coefficient in _TAIL[1:]:
        tail *= u
        tail += coefficient
    tail *= u
    size *= size
    size *= np.float32(-0.5)
    tail *= np.exp(size, out=size)
    return np.where(x < 0.0, tail, np.float32(1.0) - tail)


def ndtri(p: npt.ArrayLike) -> Array:
    """The standard normal quantile of probabilities, of the shape of p."""
    return _chosen("ndtri")(p)
