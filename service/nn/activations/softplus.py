"""The smooth rectifier."""

from typing import ClassVar, Literal

from scipy.special import expit

from service.core.arrays import Array, softplus
from service.core.kinds import Positive
from service.nn.activations.base import Activation


class Softplus(Activation):
    """ln(1 + e^(βz)) / β: a rectifier rounded at the origin; its slope is the sigmoid of βz."""

    kind: Literal["softplus"] = "softplus"
    beta: Positive = 1.0
    """How sharp the bend is."""

    definition: ClassVar[str] = "ln(1 + exp(beta * z)) / beta"
    source: ClassVar[str] = "Dugas, Bengio, Bélisle, Nadeau & Garcia 2001."

    def f(self, x: Array) -> Array:
        return softplus(self.beta * x) / self.beta

    def df(self, x: Array, y: Array) -> Array:
        return expit(self.beta * x)
