"""Group normalisation."""

from collections.abc import Collection, Mapping, Sequence
from math import gcd
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from service.core.arrays import Array, Shape
from service.core.errors import Incompatible
from service.core.kinds import Advice, Int64
from service.nn.layers.normalisation import ShiftedNormalisation
from service.nn.shapes import WIDEST


class GroupNorm(ShiftedNormalisation):
    """gain · (x − mean) / √(variance + epsilon) + shift, over the positions and the channels of a group, by sample."""

    kind: Literal["group_norm"] = "group_norm"
    aliases: ClassVar[Collection[str]] = ("GroupNormalization", "InstanceNorm1d", "InstanceNorm2d", "gn")
    misnamed: ClassVar[Mapping[str, Advice]] = {"num_groups": {"groups": 2}, "eps": {"epsilon": 1e-6}}
    needs: ClassVar[Mapping[str, Any]] = {"groups": 2}
    groups: Annotated[Int64, Field(ge=1, le=WIDEST)]
    """In how many groups the channels are; as many as channels is instance normalisation."""

    shape_in: ClassVar[str] = "(…, channels)"
    shape_out: ClassVar[str] = "(…, channels)"
    definition: ClassVar[str] = "gain_j * (x_j - mean(group)) / sqrt(variance(group) + epsilon) + shift_j"
    source: ClassVar[str] = "Wu & He 2018; torch.nn.GroupNorm."

    def out(self, path: str, shape: Shape, inside: Sequence[Shape]) -> Shape:
        if shape[-1] % self.groups:
            raise Incompatible(
                f"{self.groups} groups do not divide the {shape[-1]} channels that come in; "
                f"{gcd(self.groups, shape[-1])} would, and {shape[-1]}, one for each.",
                pointer=f"{path}/groups",
                groups=self.groups,
                channels=shape[-1],
            )
        return shape

    def view(self, x: Array) -> Array:
        return x.reshape(*x.shape[:2], -1, self.groups, x.shape[-1] // self.groups)

    def axes(self, x: Array) -> tuple[int, ...]:
        return (2, 4)
