"""The sigmoid-weighted linear unit."""

from typing import ClassVar, Literal

from scipy.special import expit

from service.core.arrays import Array, logistic_slope
from service.nn.activations.base import Activation


class Silu(Activation):
    """z·σ(z), also called Swish: a rectifier with a smooth, dipping knee."""

    kind: Literal["silu"] = "silu"

    definition: ClassVar[str] = "z * sigmoid(z)"
    source: ClassVar[str] = "Hendrycks & Gimpel 2016; Elfwing, Uchibe & Doya 2018; Ramachandran et al. 2017."

    def f(self, x: Array) -> Array:
        return x * expit(x)

    def df(self, x: Array, y: Array) -> Array:
        return expit(x) + x * logistic_slope(x)
