"""A weighted mean of what comes in and of what layers make of it."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from service.core.arrays import Array, Shape
from service.core.errors import Incompatible
from service.core.kinds import Fraction
from service.nn.layers.base import Account, Built, Node, Probe, Saved
from service.nn.scaled import Scaled

if TYPE_CHECKING:
    from service.nn.layers import AnyLayer


class Blend(Node):
    """(1 − share) · x + share · layers(x)."""

    kind: Literal["blend"] = "blend"
    layers: Annotated[list["AnyLayer"], Field(min_length=1, max_length=1000)]
    """The layers."""
    share: Fraction = 0.25
    """The share of what they make in the mean."""

    account: ClassVar[Account] = "skip"
    definition: ClassVar[str] = "(1 - share) * x + share * layers(x)"
    source: ClassVar[str] = "Srivastava, Greff & Schmidhuber 2015, with a constant gate."

    def chains(self, shape: Shape) -> dict[str, Sequence[Node]]:
        return {"/layers": self.layers}

    def out(self, path: str, shape: Shape, inside: Sequence[Shape]) -> Shape:
        if inside[0] != shape:
            sentence = f"A mean needs the same shape: {list(shape)} comes in, and {list(inside[0])} out of the layers."
            raise Incompatible(sentence, pointer=f"{path}/layers")
        return shape

    def inward(self, at: Built, x: Array, probe: Probe) -> tuple[Array, Saved]:
        y, tape = at.chains[0].forward(x, probe)
        return (1.0 - self.share) * x + self.share * y, tape

    def outward(self, at: Built, saved: Saved, dz: Scaled, probe: Probe) -> Callable[[], Scaled]:
        back = at.chains[0].backward(saved, Scaled.of(self.share * dz.values, dz.exponent), probe)
        return lambda: Scaled.of((1.0 - self.share) * dz.values, dz.exponent) + back
