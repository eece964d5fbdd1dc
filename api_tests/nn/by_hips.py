"""HIPS autograd as the library of `autograd`: every formula in NumPy's own words, differentiated by its tape."""

from collections.abc import Callable
from functools import reduce
from operator import mul
from typing import Any

import autograd.numpy as np
import numpy
import numpy.typing as npt
from autograd import grad
from autograd.scipy.special import erf

from api_tests.nn.by_hips_layers import LEAVES
from api_tests.nn.written_formulas import evaluated
from service.nn.layers.parallel import Merge

__all__ = ["ACTIVATIONS", "LEAVES", "LOSSES", "MERGES", "constant", "gradients", "numbers", "written"]

Numbers = npt.NDArray[Any]
Tensor = Any


def _softmax(z: Tensor) -> Tensor:
    powers = np.exp(z - np.max(z, axis=-1, keepdims=True))
    return powers / np.sum(powers, axis=-1, keepdims=True)


def _huber(error: Tensor, delta: float) -> Tensor:
    size = np.abs(error)
    return np.where(size <= delta, 0.5 * error**2, delta * (size - 0.5 * delta))


def _cross_entropy(p: Tensor, y: Tensor) -> Tensor:
    """−y·ln p, and 0 where y is."""
    return -y * np.log(np.where(y == 0.0, 1.0, p))


def _gelu(one: Any, z: Tensor) -> Tensor:
    """Hendrycks & Gimpel 2016, by Φ or by their approximation of it."""
    exact = one.approximate.value == "none"
    normal = erf(z / np.sqrt(2.0)) if exact else np.tanh(np.sqrt(2.0 / np.pi) * (z + 0.044715 * z**3))
    return 0.5 * z * (1.0 + normal)


# Those whose formula in the catalog is not all that they do; the others are computed from it.
ACTIVATIONS: dict[str, Callable[[Any, Tensor], Tensor]] = {"gelu": _gelu, "softmax": lambda one, z: _softmax(z)}
# The loss of each sample.
LOSSES: dict[str, Callable[[Any, Tensor, Tensor], Tensor]] = {
    "absolute_error": lambda one, p, y: np.sum(np.abs(p - y), axis=-1),
    "binary_cross_entropy_with_logits": lambda one, p, y: np.sum(np.logaddexp(0.0, p) - y * p, axis=-1),
    "cross_entropy_with_logits": lambda one, p, y: np.sum(_cross_entropy(_softmax(p), y), axis=-1),
    "binary_cross_entropy": lambda one, p, y: np.sum(_cross_entropy(p, y) + _cross_entropy(1.0 - p, 1.0 - y), axis=-1),
    "cross_entropy": lambda one, p, y: np.sum(_cross_entropy(p, y), axis=-1),
    "hinge": lambda one, p, y: np.sum(np.where(y * p < 1.0, 1.0 - y * p, 0.0), axis=-1),
    "huber": lambda one, p, y: np.sum(_huber(p - y, one.delta), axis=-1),
    "mean_squared_error": lambda one, p, y: np.mean((p - y) ** 2, axis=-1),
    "squared_error": lambda one, p, y: np.sum((p - y) ** 2, axis=-1),
}
MERGES: dict[Merge, Callable[[list[Tensor]], Tensor]] = {
    Merge.ADD: sum,
    Merge.AVERAGE: lambda outputs: sum(outputs) / len(outputs),
    Merge.CONCAT: lambda outputs: np.concatenate(outputs, axis=-1),
    Merge.MAXIMUM: lambda outputs: np.max(np.stack(outputs), axis=0),  # ties share the gradient evenly
    Merge.MULTIPLY: lambda outputs: reduce(mul, outputs),
}


def written(text: str, z: Tensor, **names: float) -> Tensor:
    """The formula `text` at `z`."""
    return evaluated(text, np, erf, z=z, **names) * np.ones(z.shape)


def constant(values: Numbers) -> Tensor:
    return values


def numbers(tensor: Tensor) -> Numbers:
    return np.asarray(tensor)


def gradients(of: Callable[[list[Tensor]], Tensor], at: list[Numbers]) -> list[Numbers]:
    """Those of the scalar `of` with respect to every array in `at`."""
    with numpy.errstate(over="ignore"):  # of a saturated tanh the square of cosh, and its slope is 0
        found: list[Numbers] = grad(of)(at)
    return found
