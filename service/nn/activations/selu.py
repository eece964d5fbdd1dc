"""The self-normalising exponential unit."""

from typing import ClassVar, Literal

import numpy as np

from service.core.arrays import Array
from service.nn.activations.base import Activation

SCALE = 1.0507009873554804934193349852946
ALPHA = 1.6732632423543772848170429916717


class Selu(Activation):
    """ELU scaled so that mean 0 and variance 1 are a stable fixed point at N(0, 1/n)."""

    kind: Literal["selu"] = "selu"

    definition: ClassVar[str] = "1.0507009873554805 * where(z > 0, z, 1.6732632423543772 * (exp(z) - 1))"
    convention: ClassVar[str] = "The derivative at 0 is 1.758…, the left one."
    source: ClassVar[str] = "Klambauer, Unterthiner, Mayr & Hochreiter 2017."

    def f(self, x: Array) -> Array:
        return SCALE * np.where(x > 0.0, x, ALPHA * np.expm1(np.minimum(x, 0.0)))

    def df(self, x: Array, y: Array) -> Array:
        return (SCALE * np.where(x > 0.0, 1.0, ALPHA * np.exp(np.minimum(x, 0.0)))).astype(x.dtype)
