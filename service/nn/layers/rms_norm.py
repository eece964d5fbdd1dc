"""Normalisation by the root mean square."""

from collections.abc import Collection
from typing import ClassVar, Literal

from service.core.arrays import Array
from service.nn.layers.normalisation import Normalisation


class RmsNorm(Normalisation):
    """gain · x / √(mean of x² + epsilon), over the features of each position; nothing is taken away or added."""

    kind: Literal["rms_norm"] = "rms_norm"
    aliases: ClassVar[Collection[str]] = ("RMSNormalization", "T5LayerNorm", "LlamaRMSNorm")

    shape_in: ClassVar[str] = "(…, features)"
    shape_out: ClassVar[str] = "(…, features)"
    definition: ClassVar[str] = "gain_j * x_j / sqrt(mean(x^2) + epsilon)"
    source: ClassVar[str] = "Zhang & Sennrich 2019; torch.nn.RMSNorm over the last axis."
    centred: ClassVar[bool] = False

    def view(self, x: Array) -> Array:
        return x

    def axes(self, x: Array) -> tuple[int, ...]:
        return (-1,)
