"""Branches side by side."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from enum import StrEnum
from functools import reduce
from itertools import accumulate
from operator import add
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from service.core.arrays import Array, Shape
from service.core.errors import Incompatible
from service.core.kinds import Model
from service.nn.layers.base import OPERATIONS_PER_OUTPUT, Account, Built, Node, Probe, Saved, flat, shaped
from service.nn.scaled import Scaled
from service.nn.shapes import layer_between

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

    @classmethod
    def shorthand(cls, value: Any) -> Mapping[str, Any] | None:
        return {"layers": [{"kind": "dense", "units": 128}] if value else []} if isinstance(value, list) else None


class Parallel(Node):
    """What every branch makes of the same x, merged; an empty branch is a skip connection."""

    kind: Literal["parallel"] = "parallel"
    aliases: ClassVar[Collection[str]] = {
        **{key: {"merge": "concat"} for key in ("Concatenate", "concat", "cat", "inception")},
        **{word: {"merge": word.lower()} for word in ("Multiply", "Average", "Maximum")},
    }
    needs: ClassVar[Mapping[str, Any]] = {"branches": [{"layers": []}, {"layers": [{"kind": "dense", "units": 128}]}]}
    merge: Merge = Merge.CONCAT
    """How the outputs become one; the gradient of a maximum is shared evenly by those that attain it."""
    branches: Annotated[list[Branch], Field(min_length=1, max_length=100)]
    """The branches."""

    account: ClassVar[Account] = "skip"
    shape_in: ClassVar[str] = "any"
    shape_out: ClassVar[str] = "the branches' last axes added up (concat), or what each of them makes (all others)"
    definition: ClassVar[str] = "merge(branches[0](x), branches[1](x), …)"
    source: ClassVar[str] = (
        "Szegedy et al. 2015 (concat), Huang et al. 2017 (concat with x), Dauphin et al. 2017 (gates)."
    )

    @property
    def cut(self) -> bool:
        return all(branch.layers for branch in self.branches)

    @property
    def operations(self) -> tuple[float, float]:
        return 0.0, 3.0 * OPERATIONS_PER_OUTPUT

    def chains(self, shape: Shape) -> dict[str, Sequence[Node]]:
        return {f"/branches/{number}/layers": branch.layers for number, branch in enumerate(self.branches)}

    def out(self, path: str, shape: Shape, inside: Sequence[Shape]) -> Shape:
        concat = self.merge is Merge.CONCAT
        for number, one in enumerate(inside):
            if (one[:-1] if concat else one) != (inside[0][:-1] if concat else inside[0]):
                fitting = layer_between(one, (*inside[0][:-1], one[-1]) if concat else inside[0])
                way = f" To get there, end the branch with {fitting}." if fitting else ""
                raise Incompatible(
                    f"The branch comes out with the shape {list(one)} and the first one with {list(inside[0])}; "
                    f"to {self.merge.value} them they need the same shape{' but for the last axis' if concat else ''}."
                    f"{way}",
                    pointer=f"{path}/branches/{number}",
                    branch=list(one),
                    first=list(inside[0]),
                )
        return (*inside[0][:-1], sum(one[-1] for one in inside)) if concat else inside[0]

    def inward(self, at: Built, x: Array, probe: Probe) -> tuple[Array, Saved]:
        signals, tapes = zip(*(branch.forward(x, probe) for branch in at.chains), strict=True)
        shapes = (branch.nodes[-1].out if branch.nodes else at.shape for branch in at.chains)
        outputs = [shaped(one, shape) for one, shape in zip(signals, shapes, strict=True)]
        return flat(_MERGED[self.merge](outputs)), (outputs, tapes)

    def outward(self, at: Built, saved: Saved, dz: Scaled, probe: Probe) -> Callable[[], Scaled]:
        outputs, tapes = saved
        # Each when it is its turn, from the last branch to the first:
        shares = _SHARES[self.merge](outputs, shaped(dz.values, at.out))
        turns = zip(reversed(at.chains), reversed(tapes), shares, strict=True)
        dx = reduce(add, (branch.backward(tape, Scaled.of(flat(dy), dz.exponent), probe) for branch, tape, dy in turns))
        return lambda: dx


def _concatenated(outputs: Sequence[Array]) -> Array:
    """Outputs, of shape (trials or 1, samples, *positions, channels) each, their channels end to end."""
    trials = max(one.shape[0] for one in outputs)  # 1 where all trials have the same
    return np.concatenate([np.broadcast_to(one, (trials, *one.shape[1:])) for one in outputs], axis=-1)


def _of_concat(outputs: Sequence[Array], dz: Array) -> Iterator[Array]:
    """The part of `dz` of each output, of its shape."""
    end = dz.shape[-1]
    for one in reversed(outputs):
        yield dz[..., end - one.shape[-1] : end]
        end -= one.shape[-1]


def _of_product(outputs: Sequence[Array], dz: Array) -> Iterator[Array]:
    """`dz` times all other outputs, of their shape."""
    before = list(accumulate(outputs[:-1], np.multiply))  # the products of all in front of each but the first
    behind = dz
    for number in reversed(range(len(outputs))):
        yield behind * before.pop() if number else behind
        behind = behind * outputs[number]


def _of_maximum(outputs: Sequence[Array], dz: Array) -> Iterator[Array]:
    """`dz` shared evenly by the outputs that attain the maximum, of their shape."""
    largest = reduce(np.maximum, outputs)
    ties = reduce(add, ((one == largest).astype(dz.dtype) for one in outputs))
    shared = dz / np.maximum(ties, 1)
    for one in reversed(outputs):
        yield np.where(one == largest, shared, dz.dtype.type(0.0))


_MERGED: dict[Merge, Callable[[Sequence[Array]], Array]] = {
    Merge.CONCAT: _concatenated,
    Merge.ADD: lambda outputs: reduce(add, outputs),
    Merge.MULTIPLY: lambda outputs: reduce(np.multiply, outputs),
    Merge.AVERAGE: lambda outputs: reduce(add, outputs) / len(outputs),
    Merge.MAXIMUM: lambda outputs: reduce(np.maximum, outputs),
}
"""What outputs, (trials, samples, *shape) each, are merged to."""
_SHARES: dict[Merge, Callable[[Sequence[Array], Array], Iterator[Array]]] = {
    Merge.CONCAT: _of_concat,
    Merge.ADD: lambda outputs, dz: (dz for _ in outputs),
    Merge.MULTIPLY: _of_product,
    Merge.AVERAGE: lambda outputs, dz: (dz / len(outputs) for _ in outputs),
    Merge.MAXIMUM: _of_maximum,
}
"""∂e/∂ every output, from the last to the first, from that of what they were merged to, which is `dz`."""
