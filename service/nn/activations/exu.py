"""The course's exponential unit."""

from typing import ClassVar, Literal

import numpy as np

from service.core.arrays import Array
from service.core.kinds import Positive
from service.nn.activations.base import Activation


class Exu(Activation):
    """β·z where z ≥ 0, β·u·(e^z − 1) elsewhere; with β = 1.05, u = 1.67 it is SELU, rounded."""

    kind: Literal["exu"] = "exu"
    beta: Positive = 1.05
    """The slope for z ≥ 0."""
    u: Positive = 1.67
    """How much further than β the curve falls on the left."""

    definition: ClassVar[str] = "where(z >= 0, beta * z, beta * u * (exp(z) - 1))"
    convention: ClassVar[str] = "The derivative at 0 is β, the right one; so β·u is approached at 0⁻, never attained."
    source: ClassVar[str] = "The course's assignment, part f; Klambauer et al. 2017 with rounded constants."

    def f(self, x: Array) -> Array:
        return np.where(x >= 0.0, self.beta * x, self.beta * self.u * np.expm1(np.minimum(x, 0.0)))

    def df(self, x: Array, y: Array) -> Array:
        return np.where(x >= 0.0, self.beta, self.beta * self.u * np.exp(np.minimum(x, 0.0))).astype(x.dtype)
