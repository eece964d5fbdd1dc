"""Which initialiser made some draws of a parameter: one of our kinds, or a normal with what was measured."""

from collections.abc import Iterator, Mapping, Sequence
from math import log10, sqrt
from typing import Any

import numpy as np

from service.core.arrays import Float64Array
from service.imports.torch.values import Numbers

Kind = dict[str, Any]
_MOST_EXPLICIT = 1 << 16
_MOST_LOOKED_AT = 1 << 18
_COLUMNS = 16
_TRUNCATED = 0.87962566103423978
"""The standard deviation of a standard normal cut at ±2."""
_SCALES: Sequence[tuple[str, str, float]] = (
    ("fan_in", "uniform", 1.0 / 3.0),  # torch.nn.Linear
    ("fan_avg", "uniform", 1.0),  # xavier_uniform_
    ("fan_avg", "normal", 1.0),
    ("fan_in", "normal", 2.0),  # kaiming_normal_
    ("fan_out", "normal", 2.0),
    ("fan_in", "uniform", 2.0),
    ("fan_out", "uniform", 2.0),
    ("fan_in", "uniform", 0.5),  # torch.nn.MultiheadAttention's packed matrix
    *((mode, kind, 1.0) for mode in ("fan_in", "fan_out") for kind in ("normal", "uniform", "truncated_normal")),
    *(("fan_avg", kind, gain) for kind in ("uniform", "normal") for gain in (2.0, 25.0 / 9.0)),  # with their gains
    *(("fan_in", kind, gain) for kind in ("uniform", "normal") for gain in (25.0 / 9.0, 1.0 / 3.0)),
)
_NAMED: Mapping[tuple[str, str, float], str] = {
    ("fan_avg", "uniform", 1.0): "glorot_uniform",
    ("fan_avg", "normal", 1.0): "glorot_normal",
    ("fan_in", "normal", 2.0): "he_normal",
    ("fan_in", "uniform", 2.0): "he_uniform",
    ("fan_in", "normal", 1.0): "lecun_normal",
    ("fan_in", "uniform", 1.0): "lecun_uniform",
}


def recognised(draws: Sequence[Numbers], fan_in: int, fan_out: int) -> tuple[Kind, bool]:
    """The initialiser as JSON, and whether it is one of the rules that are known.

    Each draw has the shape of the weights here, channels last; of vectors (n,).
    """
    first = float(draws[0].flat[0])
    if all((one == first).all() for one in draws):
        return _constant(first), True
    if len(draws) > 1 and all(np.array_equal(one, draws[0]) for one in draws):
        return _fixed(np.asarray(draws[0], np.float64))
    gain = _orthogonal_gain(draws[0])
    if gain is not None:
        return {"kind": "orthogonal", "gain": _rounded(gain, 1e-5)}, True
    step = -(-sum(one.size for one in draws) // _MOST_LOOKED_AT)
    some = np.concatenate([one.ravel()[::step] for one in draws]).astype(np.float64)
    return _distribution(some[np.isfinite(some)], fan_in, fan_out)


def _constant(value: float) -> Kind:
    known = {0.0: "zeros", 1.0: "ones"}.get(value)
    return {"kind": known} if known else {"kind": "constant", "value": _rounded(value, 1e-6)}


def _fixed(values: Float64Array) -> tuple[Kind, bool]:
    """The initialiser of values that every draw has, of any shape."""
    if values.ndim == 2 and (values == np.eye(*values.shape)).all():
        return {"kind": "identity"}, True
    if values.size <= _MOST_EXPLICIT:
        return explicit(values), True
    return {"kind": "normal", "mean": float(values.mean()), "std": float(values.std())}, False


def explicit(values: Numbers) -> Kind:
    """The values themselves, of any shape, as an initialiser."""
    if values.ndim <= 2:
        return {"kind": "explicit", "values": values.tolist()}
    rows = values.reshape(-1, values.shape[-1]).tolist()
    return {"kind": "explicit", "shape": list(values.shape), "values": rows}


def _orthogonal_gain(values: Numbers) -> float | None:
    """What all singular values of an array of shape (…, out) are, where they are one number."""
    matrix = values.reshape(-1, values.shape[-1])
    matrix = matrix if matrix.shape[0] >= matrix.shape[1] else matrix.T
    if matrix.shape[1] < 2:
        return None
    some = matrix[:, :_COLUMNS].astype(np.float64)
    gram = some.T @ some
    square = float(np.trace(gram)) / len(gram)
    near = np.abs(gram - square * np.eye(len(gram))).max() < 1e-4 * square
    return sqrt(square) if near else None


def _distribution(values: Float64Array, fan_in: int, fan_out: int) -> tuple[Kind, bool]:
    """A distribution whose entries, (n,), are drawn one by one."""
    count, mean, std = values.size, float(values.mean()), float(values.std())
    centred = abs(mean) < 5.0 * std / sqrt(count)
    spread = np.abs(values if centred else values - mean)
    std = sqrt(float(np.square(spread).mean()))
    family = _family(spread / std)
    error = sqrt(2.0 / count)  # of the variance, relative
    if family == "uniform":
        error = min(8.0 / count, error)  # the largest of many tells the end
        std = float(spread.max()) * (1.0 + 1.0 / count) / sqrt(3.0)
    if centred:
        found = next(_scaled(family, std**2, error, (fan_in, fan_out)), None)
        if found is not None:
            return found, True
    own = _by_its_own(family, 0.0 if centred else _rounded(mean, std / abs(mean) / sqrt(count)), std, 0.5 * error)
    fourth = float(np.mean((spread / std) ** 4))
    return own, family != "normal" or abs(fourth - 3.0) < 5.0 * sqrt(24.0 / count) + 0.05


def _family(ratios: Float64Array) -> str:
    """Uniform, cut at two deviations, or normal, by the fourth moment and the largest of |w| / std, (n,)."""
    fourth, largest = float(np.mean(ratios**4)), float(ratios.max())
    if fourth < 2.08 and largest < 1.9:
        return "uniform"
    return "truncated_normal" if fourth < 2.68 and largest < 2.32 and ratios.size > 256 else "normal"


def _scaled(family: str, variance: float, error: float, fans: tuple[int, int]) -> Iterator[Kind]:
    """Rules whose variance is a number over a fan, the likeliest first."""
    by = {"fan_in": fans[0], "fan_out": fans[1], "fan_avg": sum(fans) / 2}
    if family == "normal" and _nearest_std(sqrt(variance), 0.5 * error) is not None:
        return
    for mode, kind, scale in _SCALES:
        if kind == family and abs(variance * by[mode] / scale - 1.0) < 4.0 * error + 1e-6:
            name = _NAMED.get((mode, kind, scale))
            yield {"kind": name} if name else _variance_scaling(mode, kind, scale)


def _variance_scaling(mode: str, kind: str, scale: float) -> Kind:
    return {"kind": "variance_scaling", "scale": scale, "mode": mode, "distribution": kind}


def _nearest_std(std: float, error: float) -> float | None:
    """0.02 and such, where the deviation is one of these."""
    return next((one for one in (0.02, 0.01, 0.001, 1.0) if abs(std / one - 1.0) < 4.0 * error), None)


def _by_its_own(family: str, mean: float, std: float, error: float) -> Kind:
    """A distribution with a mean and a deviation of its own."""
    if family == "uniform":
        reach = sqrt(3.0) * std
        units = round(reach**-2)
        if mean == 0.0 and 1 < units < 0.05 / error and abs(reach**2 * units - 1.0) < 4.0 * error:
            reach = 1.0 / sqrt(units)  # what recurrent layers of so many units have
            return {"kind": "uniform", "low": -reach, "high": reach}
        low, high = _rounded(mean - reach, error * reach / abs(mean - reach)), _rounded(mean + reach, error)
        return {"kind": "uniform", "low": low, "high": high}
    if family == "truncated_normal":
        return {"kind": "truncated_normal", "mean": mean, "std": _rounded(std / _TRUNCATED, error)}
    known = _nearest_std(std, error) or _of_depth(std, error)
    return {"kind": "normal", "mean": mean, "std": known or _rounded(std, 2.0 * error)}


def _of_depth(std: float, error: float) -> float | None:
    """0.02/√(2·layers), as GPT-2 draws what ends in its stream, where the deviation is one of these."""
    layers = (0.02 / std) ** 2 / 2.0
    nearest = round(layers)
    return 0.02 / sqrt(2.0 * nearest) if 1 <= nearest <= 200 and abs(layers / nearest - 1.0) < 8.0 * error else None


def _rounded(value: float, error: float) -> float:
    """The shortest decimal number that is as near as the relative error."""
    if value == 0.0:
        return 0.0
    digits = max(1, min(12, round(-log10(max(error, 1e-12)))))
    for count in range(1, digits + 2):
        short = float(f"{value:.{count}g}")
        if abs(short / value - 1.0) <= error:
            return short
    return float(f"{value:.{digits + 1}g}")
