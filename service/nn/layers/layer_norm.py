"""Layer normalisation."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from service.core.arrays import Array
from service.nn.layers.normalisation import ShiftedNormalisation


class LayerNorm(ShiftedNormalisation):
    """gain · (x − mean) / √(variance + epsilon) + shift, mean and variance over the features of each position."""

    kind: Literal["layer_norm"] = "layer_norm"
    aliases: ClassVar[tuple[str, ...]] = ("LayerNorm", "LayerNormalization")
    misnamed: ClassVar[Mapping[str, str]] = {
        "eps": "`epsilon`",
        "gamma_initializer": "`gain`",
        "beta_initializer": "`shift`",
    }

    definition: ClassVar[str] = "gain_j * (x_j - mean(x)) / sqrt(variance(x) + epsilon) + shift_j"
    source: ClassVar[str] = "Ba, Kiros & Hinton 2016; torch.nn.LayerNorm over the last axis."

    def view(self, x: Array) -> Array:
        return x

    def axes(self, x: Array) -> tuple[int, ...]:
        return (-1,)
