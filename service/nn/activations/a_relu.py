"""The course's rectifier with slope a on the left."""

from typing import ClassVar, Literal

import numpy as np

from service.core.arrays import Array
from service.core.kinds import BoundedFloat
from service.nn.activations.base import Activation


class ARelu(Activation):
    """z where positive, a·z elsewhere, a = 0.1 unless said otherwise: |slope| is a or 1."""

    kind: Literal["a_relu"] = "a_relu"
    a: BoundedFloat = 0.1
    """The slope for z ≤ 0."""

    definition: ClassVar[str] = "where(z > 0, z, a * z)"
    convention: ClassVar[str] = "The derivative at 0 is a, the left one."
    source: ClassVar[str] = "The course's assignment, part e; critical at σ_w² = 2 / (1 + a²), He et al. 2015."

    def f(self, x: Array) -> Array:
        return np.where(x > 0.0, x, x * self.a)

    def df(self, x: Array, y: Array) -> Array:
        return np.where(x > 0.0, 1.0, self.a).astype(x.dtype)
