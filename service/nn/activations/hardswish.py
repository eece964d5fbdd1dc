"""The piecewise quadratic Swish."""

from typing import ClassVar, Literal

import numpy as np

from service.core.arrays import Array
from service.nn.activations.base import Activation


class Hardswish(Activation):
    """z·hardsigmoid(z): Swish made of a parabola between two straight lines; its slope reaches 3/2 before z = 3."""

    kind: Literal["hardswish"] = "hardswish"

    definition: ClassVar[str] = "z * max(0, min(1, z / 6 + 1 / 2))"
    convention: ClassVar[str] = (
        "The derivative at −3 is 0 and at 3 is 1, the outer one; −1/2 and 3/2 are approached only."
    )
    source: ClassVar[str] = "Howard et al. 2019, MobileNetV3."

    def f(self, x: Array) -> Array:
        return x * np.clip(x / 6.0 + 0.5, 0.0, 1.0)

    def df(self, x: Array, y: Array) -> Array:
        inside = np.where(x < 3.0, x / 3.0 + 0.5, 1.0)
        return np.where(x <= -3.0, 0.0, inside).astype(x.dtype)
