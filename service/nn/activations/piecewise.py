"""Activations with kinks, or made of pieces that meet."""

from collections.abc import Collection
from typing import ClassVar, Literal

import numpy as np

from service.core.arrays import Array
from service.core.kinds import BoundedFloat, Positive
from service.nn.activations.base import Activation


class Relu(Activation):
    """max(0, z): slope 1 or 0; half the gradient's energy is lost in every layer unless the weights make up for it."""

    kind: Literal["relu"] = "relu"
    aliases: ClassVar[Collection[str]] = ("rectifier", "rectified_linear")

    definition: ClassVar[str] = "max(0, z)"
    convention: ClassVar[str] = "The derivative at 0 is 0, the left one."
    source: ClassVar[str] = "Nair & Hinton 2010; Glorot, Bordes & Bengio 2011."

    def f(self, x: Array) -> Array:
        return np.maximum(x, 0.0)

    def df(self, x: Array, y: Array) -> Array:
        return (x > 0.0).astype(x.dtype)


class LeakyRelu(Activation):
    """z where positive, negative_slope·z elsewhere: a rectifier that never dies."""

    kind: Literal["leaky_relu"] = "leaky_relu"
    aliases: ClassVar[Collection[str]] = ("lrelu",)
    negative_slope: BoundedFloat = 0.01
    """The slope for z ≤ 0."""

    definition: ClassVar[str] = "where(z > 0, z, negative_slope * z)"
    convention: ClassVar[str] = "The derivative at 0 is negative_slope, the left one."
    source: ClassVar[str] = "Maas, Hannun & Ng 2013."

    def f(self, x: Array) -> Array:
        return np.where(x > 0.0, x, x * self.negative_slope)

    def df(self, x: Array, y: Array) -> Array:
        return np.where(x > 0.0, 1.0, self.negative_slope).astype(x.dtype)


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


class Relu6(Activation):
    """z clipped to [0, 6]: a rectifier for low-precision arithmetic."""

    kind: Literal["relu6"] = "relu6"

    definition: ClassVar[str] = "min(6, max(0, z))"
    convention: ClassVar[str] = "The derivative at 0 and at 6 is 0, the outer one."
    source: ClassVar[str] = "Krizhevsky 2010; Howard et al. 2017, MobileNets."

    def f(self, x: Array) -> Array:
        return np.clip(x, 0.0, 6.0)

    def df(self, x: Array, y: Array) -> Array:
        return ((x > 0.0) & (x < 6.0)).astype(x.dtype)


class Elu(Activation):
    """z where positive, α·(e^z − 1) elsewhere; saturates at −α on the left."""

    kind: Literal["elu"] = "elu"
    alpha: Positive = 1.0
    """The depth at which the left tail saturates."""

    definition: ClassVar[str] = "where(z > 0, z, alpha * (exp(z) - 1))"
    convention: ClassVar[str] = "The derivative at 0 is α, the left one."
    source: ClassVar[str] = "Clevert, Unterthiner & Hochreiter 2016."

    def f(self, x: Array) -> Array:
        return np.where(x > 0.0, x, self.alpha * np.expm1(np.minimum(x, 0.0)))

    def df(self, x: Array, y: Array) -> Array:
        return np.where(x > 0.0, 1.0, self.alpha * np.exp(np.minimum(x, 0.0))).astype(x.dtype)


class Celu(Activation):
    """z where positive, α·(e^(z/α) − 1) elsewhere; its slope is continuous for every α."""

    kind: Literal["celu"] = "celu"
    alpha: Positive = 1.0
    """The depth at which the left tail saturates."""

    definition: ClassVar[str] = "where(z > 0, z, alpha * (exp(z / alpha) - 1))"
    source: ClassVar[str] = "Barron 2017."

    def f(self, x: Array) -> Array:
        return np.where(x > 0.0, x, self.alpha * np.expm1(np.minimum(x, 0.0) / self.alpha))

    def df(self, x: Array, y: Array) -> Array:
        return np.where(x > 0.0, 1.0, np.exp(np.minimum(x, 0.0) / self.alpha)).astype(x.dtype)


_SELU_SCALE = 1.0507009873554804934193349852946
_SELU_ALPHA = 1.6732632423543772848170429916717


class Selu(Activation):
    """ELU scaled so that mean 0 and variance 1 are a stable fixed point at N(0, 1/n)."""

    kind: Literal["selu"] = "selu"

    definition: ClassVar[str] = "1.0507009873554805 * where(z > 0, z, 1.6732632423543772 * (exp(z) - 1))"
    convention: ClassVar[str] = "The derivative at 0 is 1.758…, the left one."
    source: ClassVar[str] = "Klambauer, Unterthiner, Mayr & Hochreiter 2017."

    def f(self, x: Array) -> Array:
        return _SELU_SCALE * np.where(x > 0.0, x, _SELU_ALPHA * np.expm1(np.minimum(x, 0.0)))

    def df(self, x: Array, y: Array) -> Array:
        return (_SELU_SCALE * np.where(x > 0.0, 1.0, _SELU_ALPHA * np.exp(np.minimum(x, 0.0)))).astype(x.dtype)


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


class Hardtanh(Activation):
    """z clipped to [−1, 1]: a tanh made of three straight lines."""

    kind: Literal["hardtanh"] = "hardtanh"

    definition: ClassVar[str] = "max(-1, min(1, z))"
    convention: ClassVar[str] = "The derivative at −1 and at 1 is 0, the outer one."
    source: ClassVar[str] = "Collobert 2004."

    def f(self, x: Array) -> Array:
        return np.clip(x, -1.0, 1.0)

    def df(self, x: Array, y: Array) -> Array:
        return (np.abs(x) < 1.0).astype(x.dtype)


class Hardsigmoid(Activation):
    """z/6 + 1/2 clipped to [0, 1]: a sigmoid made of three straight lines."""

    kind: Literal["hardsigmoid"] = "hardsigmoid"

    definition: ClassVar[str] = "max(0, min(1, z / 6 + 1 / 2))"
    convention: ClassVar[str] = "The derivative at −3 and at 3 is 0, the outer one."
    source: ClassVar[str] = "Courbariaux, Bengio & David 2015; the constants of Howard et al. 2019."
    probability: ClassVar[bool] = True

    def f(self, x: Array) -> Array:
        return np.clip(x / 6.0 + 0.5, 0.0, 1.0)

    def df(self, x: Array, y: Array) -> Array:
        return np.where(np.abs(x) < 3.0, 1.0 / 6.0, 0.0).astype(x.dtype)


class Hardswish(Activation):
    """z·hardsigmoid(z): Swish made of a parabola between two straight lines; its slope reaches 3/2 before z = 3."""

    kind: Literal["hardswish"] = "hardswish"
    aliases: ClassVar[Collection[str]] = ("hard_silu",)

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
