"""Activations that are differentiable everywhere."""

from collections.abc import Collection
from enum import StrEnum
from math import pi, sqrt
from typing import ClassVar, Literal

import numpy as np

from service.core.arrays import Array, logistic_slope, quotient, sech_squared, softplus, tanh_slope
from service.core.kinds import Positive
from service.core.special import erf, expit, ndtr
from service.nn.activations.base import Activation


class Linear(Activation):
    """z itself: no activation at all; the gradient passes unchanged."""

    kind: Literal["linear"] = "linear"
    aliases: ClassVar[Collection[str]] = ("identity", "none")

    definition: ClassVar[str] = "z"
    source: ClassVar[str] = "Rosenblatt's and Widrow's linear units; the output of a regression."

    def f(self, x: Array) -> Array:
        return x

    def df(self, x: Array, y: Array) -> Array:
        return np.ones_like(x)

    def vjp(self, derivative: Array, y: Array, dy: Array) -> Array:
        return dy


class Sigmoid(Activation):
    """1 / (1 + e^−z), in (0, 1); its slope is at most 1/4, so every layer shrinks the gradient."""

    kind: Literal["sigmoid"] = "sigmoid"
    aliases: ClassVar[Collection[str]] = ("logistic", "expit")

    definition: ClassVar[str] = "1 / (1 + exp(-z))"
    source: ClassVar[str] = "Verhulst 1845; Rumelhart, Hinton & Williams 1986."
    probability: ClassVar[bool] = True

    def f(self, x: Array) -> Array:
        return expit(x)

    def df(self, x: Array, y: Array) -> Array:
        return logistic_slope(x)


class Tanh(Activation):
    """tanh z, in (−1, 1); slope 1 at the origin, exponentially small in its tails."""

    kind: Literal["tanh"] = "tanh"
    aliases: ClassVar[Collection[str]] = ("hyperbolic_tangent",)

    definition: ClassVar[str] = "tanh(z)"
    source: ClassVar[str] = "LeCun, Bottou, Orr & Müller 1998, Efficient BackProp."

    def f(self, x: Array) -> Array:
        return np.tanh(x)

    def df(self, x: Array, y: Array) -> Array:
        return tanh_slope(x, y)


class Softsign(Activation):
    """z / (1 + |z|), in (−1, 1); tails decay like 1/z², slower than those of tanh."""

    kind: Literal["softsign"] = "softsign"

    definition: ClassVar[str] = "z / (1 + abs(z))"
    source: ClassVar[str] = "Bergstra, Desjardins, Lamblin & Bengio 2009."

    def f(self, x: Array) -> Array:
        return x / (1.0 + np.abs(x))

    def df(self, x: Array, y: Array) -> Array:
        return 1.0 / np.square(1.0 + np.abs(x))


class Erf(Activation):
    """erf z, in (−1, 1); slope 2/√π at the origin; theory likes it because its Gaussian integrals are closed."""

    kind: Literal["erf"] = "erf"

    definition: ClassVar[str] = "erf(z)"
    source: ClassVar[str] = "Williams 1997; Poole et al. 2016."

    def f(self, x: Array) -> Array:
        return erf(x)

    def df(self, x: Array, y: Array) -> Array:
        return 2.0 / sqrt(pi) * np.exp(-np.square(x))


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


class Sin(Activation):
    """sin(frequency · z): periodic, slope between −frequency and frequency; SIREN has 30."""

    kind: Literal["sin"] = "sin"
    aliases: ClassVar[Collection[str]] = ("sine",)
    frequency: Positive = 1.0
    """What z is multiplied by."""

    definition: ClassVar[str] = "sin(frequency * z)"
    source: ClassVar[str] = "Sitzmann et al. 2020, SIREN."

    def f(self, x: Array) -> Array:
        return np.sin(x * x.dtype.type(self.frequency))

    def df(self, x: Array, y: Array) -> Array:
        frequency = x.dtype.type(self.frequency)
        return frequency * np.cos(x * frequency)


class Exponential(Activation):
    """e^z: a rate or a variance as the output; as a hidden activation it explodes."""

    kind: Literal["exponential"] = "exponential"
    aliases: ClassVar[Collection[str]] = ("exp",)

    definition: ClassVar[str] = "exp(z)"
    source: ClassVar[str] = "The inverse link of Poisson regression, Nelder & Wedderburn 1972; keras.activations."

    def f(self, x: Array) -> Array:
        return np.exp(x)

    def df(self, x: Array, y: Array) -> Array:
        return y


_LEAST_QUOTIENT = {np.dtype(kind): np.finfo(kind).tiny / np.finfo(kind).eps for kind in (np.float32, np.float64)}
"""Above this, z·tanh z over z is tanh z to one rounding."""


class Stanh(Activation):
    """z·tanh z: like z² near 0, like |z| far away; steep enough to explode, and yet small signals collapse.

    |φ'| is largest where z·tanh z = 1, and there it equals z: 1.199678640257733833916….
    """

    kind: Literal["stanh"] = "stanh"
    aliases: ClassVar[Collection[str]] = ("scaled_tanh", "lecun_tanh")

    definition: ClassVar[str] = "z * tanh(z)"
    source: ClassVar[str] = "The course's assignment, part d."

    def f(self, x: Array) -> Array:
        bent: Array = np.tanh(x)
        bent *= x
        return bent

    def df(self, x: Array, y: Array) -> Array:
        with np.errstate(invalid="ignore", divide="ignore"):
            bent = np.divide(y, x, out=np.empty_like(x))  # tanh z in a fifth of its time
        small = y <= _LEAST_QUOTIENT[x.dtype]
        if small.any():
            bent[small] = np.tanh(x[small])
        slope: Array = np.square(bent)
        np.subtract(x.dtype.type(1.0), slope, out=slope)  # as good as 1 / cosh² z here, for tanh z is added
        slope *= x
        slope += bent
        return slope


class Silu(Activation):
    """z·σ(z), also called Swish: a rectifier with a smooth, dipping knee."""

    kind: Literal["silu"] = "silu"
    aliases: ClassVar[Collection[str]] = ("swish",)

    definition: ClassVar[str] = "z * sigmoid(z)"
    source: ClassVar[str] = "Hendrycks & Gimpel 2016; Elfwing, Uchibe & Doya 2018; Ramachandran et al. 2017."

    def f(self, x: Array) -> Array:
        return x * expit(x)

    def df(self, x: Array, y: Array) -> Array:
        return expit(x) + x * logistic_slope(x)


_SLOPE = sqrt(2.0 / pi)
_CUBIC = 0.044715


class GeluApproximation(StrEnum):
    """How Φ is computed."""

    NONE = "none"
    TANH = "tanh"


class Gelu(Activation):
    """z·Φ(z), Φ the standard normal distribution function: a rectifier with a smooth, slightly dipping knee."""

    kind: Literal["gelu"] = "gelu"
    aliases: ClassVar[Collection[str]] = {
        name: {"approximate": "tanh"} for name in ("gelu_new", "gelu_tanh", "gelu_pytorch_tanh")
    }
    approximate: GeluApproximation = GeluApproximation.NONE
    """`none` for Φ itself, `tanh` for the approximation of BERT and GPT-2."""

    definition: ClassVar[str] = "z * (1 + erf(z / sqrt(2))) / 2"
    source: ClassVar[str] = "Hendrycks & Gimpel 2016."

    def f(self, x: Array) -> Array:
        if self.approximate is GeluApproximation.TANH:
            return 0.5 * x * (1.0 + np.tanh(_inner(x)))
        return x * ndtr(x)

    def df(self, x: Array, y: Array) -> Array:
        if self.approximate is GeluApproximation.TANH:
            x = np.clip(x, -40.0, 40.0)  # flat to the last bit beyond, where the square would overflow
            inner, slope = _inner(x), _SLOPE * (1.0 + 3.0 * _CUBIC * np.square(x))
            return 0.5 * (1.0 + np.tanh(inner)) + 0.5 * x * sech_squared(inner) * slope
        share = quotient(y, x, 0.5)  # Φ(z), but for its last digit
        share += np.exp(-0.5 * np.square(x)) * x * x.dtype.type(1.0 / sqrt(2.0 * pi))
        return share

    @property
    def written(self) -> str:
        if self.approximate is GeluApproximation.TANH:
            return "z * (1 + tanh(sqrt(2 / pi) * (z + 0.044715 * z^3))) / 2"
        return self.definition


def _inner(x: Array) -> Array:
    """What the approximation of Φ takes the tanh of, of the shape of x."""
    return _SLOPE * (x + _CUBIC * x * np.square(x))


class Mish(Activation):
    """z·tanh(ln(1 + e^z)): a smooth rectifier that dips to −0.31 on its left."""

    kind: Literal["mish"] = "mish"

    definition: ClassVar[str] = "z * tanh(softplus(z))"
    source: ClassVar[str] = "Misra 2020."

    def f(self, x: Array) -> Array:
        return x * np.tanh(softplus(x))

    def df(self, x: Array, y: Array) -> Array:
        bent = softplus(x)
        return np.tanh(bent) + x * sech_squared(bent) * expit(x)


class Softmax(Activation):
    """e^z_i / Σ_j e^z_j over the units of the output layer; what is reported as its derivative is ∂y_i/∂z_i."""

    kind: Literal["softmax"] = "softmax"

    definition: ClassVar[str] = "exp(z_i) / sum_j(exp(z_j))"
    derivative: ClassVar[str | None] = "y_i * (delta_ij - y_j)"
    source: ClassVar[str] = "Bridle 1990."
    only_output: ClassVar[bool] = True
    probability: ClassVar[bool] = True

    def f(self, x: Array) -> Array:
        powers = np.exp(x - x.max(axis=-1, keepdims=True))
        return powers / powers.sum(axis=-1, keepdims=True)

    def df(self, x: Array, y: Array) -> Array:
        return y * (1.0 - y)

    def vjp(self, derivative: Array, y: Array, dy: Array) -> Array:
        return y * (dy - (y * dy).sum(axis=-1, keepdims=True))

    @property
    def written(self) -> str:
        """Of one unit while the others stand still, a logistic curve."""
        return "1 / (1 + exp(-z))"
