"""Layer normalisation."""

from collections.abc import Collection, Mapping
from typing import ClassVar, Literal

from service.core.arrays import Array
from service.core.kinds import Advice
from service.nn.layers.normalisation import ShiftedNormalisation


class LayerNorm(ShiftedNormalisation):
    """gain · (x − mean) / √(variance + epsilon) + shift, mean and variance over the features of each position."""

    kind: Literal["layer_norm"] = "layer_norm"
    aliases: ClassVar[Collection[str]] = ("LayerNormalization", "ln")
    misnamed: ClassVar[Mapping[str, Advice]] = {
        "eps": {"epsilon": 1e-6},
        "gamma_initializer": {"gain": {"kind": "ones"}},
        "beta_initializer": {"shift": {"kind": "zeros"}},
        "normalized_shape": "nothing in its place: it is the number of features that come in",
    }

    shape_in: ClassVar[str] = "(…, features)"
    shape_out: ClassVar[str] = "(…, features)"
    definition: ClassVar[str] = "gain_j * (x_j - mean(x)) / sqrt(variance(x) + epsilon) + shift_j"
    source: ClassVar[str] = "Ba, Kiros & Hinton 2016; torch.nn.LayerNorm over the last axis."

    def view(self, x: Array) -> Array:
        return x

    def axes(self, x: Array) -> tuple[int, ...]:
        return (-1,)
