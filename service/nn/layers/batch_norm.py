"""Batch normalisation."""

from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum
from math import sqrt
from typing import ClassVar, Literal

from service.core.arrays import Array
from service.core.kinds import Advice
from service.nn.layers.base import Saved, Vjp, over_positions
from service.nn.layers.normalisation import ShiftedNormalisation


class NormMode(StrEnum):
    """Which statistics are used."""

    TRAINING = "training"
    INFERENCE = "inference"


class BatchNorm(ShiftedNormalisation):
    """gain · (x − mean) / √(variance + epsilon) + shift, mean and variance of a channel over samples and positions."""

    kind: Literal["batch_norm"] = "batch_norm"
    aliases: ClassVar[Collection[str]] = ("BatchNorm1d", "BatchNorm2d", "BatchNormalization", "bn")
    misnamed: ClassVar[Mapping[str, Advice]] = {
        "eps": {"epsilon": 1e-6},
        "training": {"mode": "training"},
        "momentum": "nothing in its place: running statistics are those of the initialisation",
        "num_features": "nothing in its place: it is the number of features that come in",
    }
    mode: NormMode = NormMode.TRAINING
    """The statistics of this batch, which gradients see, or the running ones, which are 0 and 1 at initialisation."""

    left_open: ClassVar[Collection[str]] = ("epsilon", "gain")
    shape_in: ClassVar[str] = "(…, features)"
    shape_out: ClassVar[str] = "(…, features)"
    definition: ClassVar[str] = "gain_j * (x_j - mean(batch_j)) / sqrt(variance(batch_j) + epsilon) + shift_j"
    source: ClassVar[str] = "Ioffe & Szegedy 2015; its gradient in depth: Yang et al. 2019."

    def view(self, x: Array) -> Array:
        return x

    def axes(self, x: Array) -> tuple[int, ...]:
        return tuple(range(1, x.ndim - 1))

    def apply(self, arrays: Sequence[Array], x: Array) -> tuple[Array, Saved]:
        if self.mode is NormMode.TRAINING:
            return super().apply(arrays, x)
        standard = x / x.dtype.type(sqrt(1.0 + self.epsilon))
        return self.shaped(arrays, standard), standard

    def vjp(self, arrays: Sequence[Array], saved: Saved, dy: Array) -> Vjp:
        if self.mode is NormMode.TRAINING:
            return super().vjp(arrays, saved, dy)
        deviation = dy.dtype.type(sqrt(1.0 + self.epsilon))
        return (
            lambda: self.before_gain(arrays, dy) / deviation,
            lambda name: over_positions(dy * saved if name == "gain" else dy),
        )
