"""Branches side by side."""

from collections.abc import Callable, Sequence
from enum import StrEnum
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from service.core.arrays import Array, Shape
from service.core.errors import Incompatible
from service.core.kinds import Model
from service.nn.layers.base import Account, Built, Node, Probe, Saved, Scaled

if TYPE_CHECKING:
    from service.nn.layers import AnyLayer


class Merge(StrEnum):
    """How the outputs of branches become one."""

    CONCAT = "concat"
    ADD = "add"
    MULTIPLY = "multiply"
    AVERAGE = "average"
    MAXIMUM = "maximum"


class Branch(Model):
    """Layers one behind the other; none at all pass on what comes in."""

    layers: Annotated[list["AnyLayer"], Field(max_length=1000, default_factory=list)]
    """The layers."""


class Parallel(Node):
    """What every branch makes of the same x, merged; an empty branch is a skip connection."""

    kind: Literal["parallel"] = "parallel"
    merge: Merge = Merge.CONCAT
    """How the outputs become one; the gradient of a maximum is shared evenly by those that attain it."""
    branches: Annotated[list[Branch], Field(min_length=1, max_length=100)]
    """The branches."""

    account: ClassVar[Account] = "skip"
    definition: ClassVar[str] = "merge(branches[0](x), branches[1](x), …)"
    source: ClassVar[str] = (
        "Szegedy et al. 2015 (concat), Huang et al. 2017 (concat with x), Dauphin et al. 2017 (gates)."
    )

    def chains(self) -> dict[str, Sequence[Node]]:
        return {f"/branches/{number}/layers": branch.layers for number, branch in enumerate(self.branches)}

    def out(self, path: str, shape: Shape, inside: Sequence[Shape]) -> Shape:
        concat = self.merge is Merge.CONCAT
        for number, one in enumerate(inside):
            if (one[:-1] if concat else one) != (inside[0][:-1] if concat else inside[0]):
                raise Incompatible(
                    f"The branch comes out with the shape {list(one)} and the first one with {list(inside[0])}; "
                    f"to {self.merge.value} them they need the same shape{' but for the last axis' if concat else ''}.",
                    pointer=f"{path}/branches/{number}",
                    branch=list(one),
                    first=list(inside[0]),
                )
        return (*inside[0][:-1], sum(one[-1] for one in inside)) if concat else inside[0]

    def inward(self, at: Built, x: Array, probe: Probe) -> tuple[Array, Saved]:
        outputs, tapes = zip(*(branch.forward(x, probe) for branch in at.chains), strict=True)
        match self.merge:
            case Merge.CONCAT:
                trials = max(one.shape[0] for one in outputs)  # 1 where all trials have the same
                merged = np.concatenate([np.broadcast_to(one, (trials, *one.shape[1:])) for one in outputs], axis=-1)
            case Merge.ADD:
                merged = reduce(add, outputs)
            case Merge.AVERAGE:
                merged = reduce(add, outputs) / len(outputs)
            case Merge.MULTIPLY:
                merged = reduce(np.multiply, outputs)
            case Merge.MAXIMUM:
                merged = reduce(np.maximum, outputs)
        return merged, (outputs, tapes)

    def outward(self, at: Built, saved: Saved, dz: Scaled, probe: Probe) -> Callable[[], Scaled]:
        outputs, tapes = saved
        parts = [Scaled.of(part, dz.exponent) for part in self._parts(outputs, dz.values)]
        last_first = list(zip(at.chains, tapes, parts, strict=True))[::-1]
        back = [branch.backward(tape, part, probe) for branch, tape, part in last_first]
        return lambda: reduce(add, back)

    def _parts(self, outputs: Sequence[Array], dz: Array) -> list[Array]:
        """∂e/∂ every output, (trials, samples, features) each, from that of what they were merged to."""
        match self.merge:
            case Merge.CONCAT:
                edges = np.cumsum([one.shape[-1] for one in outputs])[:-1].tolist()
                return np.split(dz, edges, axis=-1)
            case Merge.ADD:
                return [dz for _ in outputs]
            case Merge.AVERAGE:
                return [dz / len(outputs) for _ in outputs]
            case Merge.MULTIPLY:
                others = [[*outputs[:number], *outputs[number + 1 :]] for number in range(len(outputs))]
                return [reduce(np.multiply, factors, dz) for factors in others]
            case Merge.MAXIMUM:
                largest = reduce(np.maximum, outputs)
                attained = [one == largest for one in outputs]
                shared = dz / np.maximum(1, reduce(add, [one.astype(dz.dtype) for one in attained]))
                return [np.where(one, shared, dz.dtype.type(0.0)) for one in attained]
