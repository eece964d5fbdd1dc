"""The same layers on every step of a sequence."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from service.core.arrays import Array, Shape
from service.core.errors import Incompatible
from service.nn.layers.base import Account, Built, Node, Probe, Saved
from service.nn.scaled import Scaled
from service.nn.shapes import way_to_positions

if TYPE_CHECKING:
    from service.nn.layers import AnyLayer


class EachStep(Node):
    """layers(x_t) at every step t by itself, with the same parameters: Keras' TimeDistributed."""

    kind: Literal["each_step"] = "each_step"
    aliases: ClassVar[Collection[str]] = ("TimeDistributed",)
    needs: ClassVar[Mapping[str, Any]] = {"layers": [{"kind": "dense", "units": 128}]}
    layers: Annotated[list["AnyLayer"], Field(min_length=1, max_length=1000)]
    """The layers."""

    account: ClassVar[Account] = "skip"
    shape_in: ClassVar[str] = "(steps, …)"
    shape_out: ClassVar[str] = "(steps, what the layers make of one step)"
    source: ClassVar[str] = "keras.layers.TimeDistributed."
    definition: ClassVar[str] = "y_t = layers(x_t)"

    @property
    def cut(self) -> bool:
        return True

    def chains(self, shape: Shape) -> dict[str, Sequence[Node]]:
        return {"/layers": self.layers}

    def inner_shape(self, shape: Shape) -> Shape:
        return shape[1:] or shape

    def out(self, path: str, shape: Shape, inside: Sequence[Shape]) -> Shape:
        if len(shape) < 2:
            raise Incompatible(
                f"There are steps in a sequence (steps, features); here comes {list(shape)}. {way_to_positions(shape)}",
                pointer=path,
                shape=list(shape),
            )
        return (shape[0], *inside[0])

    def inward(self, at: Built, x: Array, probe: Probe) -> tuple[Array, Saved]:
        (chain,) = at.chains
        trials, samples, _ = x.shape
        y, tape = chain.forward(x.reshape(trials, samples * at.shape[0], -1), probe)
        return y.reshape(y.shape[0], samples, -1), tape

    def outward(self, at: Built, saved: Saved, dz: Scaled, probe: Probe) -> Callable[[], Scaled]:
        (chain,) = at.chains
        trials, samples, _ = dz.values.shape
        inner = Scaled(dz.values.reshape(trials, samples * at.shape[0], -1), dz.exponent, dz.sums)
        dx = chain.backward(saved, inner, probe)
        return lambda: Scaled(dx.values.reshape(dx.values.shape[0], samples, -1), dx.exponent, dx.sums)
