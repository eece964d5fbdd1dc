"""A branch beside a shortcut."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from service.core.arrays import Array, Shape
from service.core.errors import Incompatible
from service.core.kinds import Advice, BoundedFloat
from service.nn.activations import Activation, AnyActivation
from service.nn.activations.smooth import Linear
from service.nn.layers.base import OPERATIONS_PER_OUTPUT, Account, Built, Node, Probe, Saved
from service.nn.scaled import Scaled
from service.nn.shapes import layer_between

if TYPE_CHECKING:
    from service.nn.layers import AnyLayer


class Residual(Node):
    """activation(shortcut(x) + branch_scale · layers(x)): the gradient has a way around the layers."""

    kind: Literal["residual"] = "residual"
    aliases: ClassVar[Collection[str]] = ("skip", "skip_connection", "shortcut", "add", "ResidualBlock")
    misnamed: ClassVar[Mapping[str, Advice]] = {
        "branch": {"layers": [{"kind": "dense", "units": 128}]},
        "scale": {"branch_scale": 0.5},
    }
    needs: ClassVar[Mapping[str, Any]] = {"layers": [{"kind": "dense", "units": 128}]}
    layers: Annotated[list["AnyLayer"], Field(min_length=1, max_length=1000)]
    """The branch."""
    shortcut: Annotated[list["AnyLayer"], Field(max_length=1000, default_factory=list)]
    """What x goes through beside it: nothing at all unless said otherwise."""
    branch_scale: BoundedFloat = 1.0
    """What the branch is multiplied by."""
    activation: AnyActivation = Linear()
    """What is applied to the sum, linear unless said otherwise."""

    account: ClassVar[Account] = "skip"
    shape_in: ClassVar[str] = "any"
    shape_out: ClassVar[str] = "what layers and shortcut both make"
    definition: ClassVar[str] = "activation(shortcut(x) + branch_scale * layers(x))"
    source: ClassVar[str] = "He, Zhang, Ren & Sun 2016; branches scaled as in De & Smith 2020."

    @property
    def output_activation(self) -> Activation:
        return self.activation

    @property
    def operations(self) -> tuple[float, float]:
        return 0.0, 0.6 * OPERATIONS_PER_OUTPUT

    def chains(self, shape: Shape) -> dict[str, Sequence[Node]]:
        return {"/layers": self.layers, "/shortcut": self.shortcut}

    def out(self, path: str, shape: Shape, inside: Sequence[Shape]) -> Shape:
        branch, shortcut = inside
        if branch != shortcut:
            fitting = layer_between(shortcut, branch)
            way = f"end the shortcut with {fitting}" if fitting else "give the shortcut layers of its own"
            raise Incompatible(
                f"The branch comes out with the shape {list(branch)} and the shortcut with {list(shortcut)}; "
                f"a sum needs the same shape. To keep that of the branch, {way}.",
                pointer=f"{path}/shortcut" if self.shortcut else f"{path}/layers",
                branch=list(branch),
                shortcut=list(shortcut),
            )
        return branch

    def inward(self, at: Built, x: Array, probe: Probe) -> tuple[Array, Saved]:
        branch, shortcut = at.chains
        y, branch_tape = branch.forward(x, probe)
        beside, shortcut_tape = shortcut.forward(x, probe)
        return beside + (y if self.branch_scale == 1.0 else y * self.branch_scale), (branch_tape, shortcut_tape)

    def outward(self, at: Built, saved: Saved, dz: Scaled, probe: Probe) -> Callable[[], Scaled]:
        (branch, shortcut), (branch_tape, shortcut_tape) = at.chains, saved
        by_shortcut = shortcut.backward(shortcut_tape, dz, probe)
        into = dz if self.branch_scale == 1.0 else Scaled.of(dz.values * self.branch_scale, dz.exponent)
        by_branch = branch.backward(branch_tape, into, probe)
        return lambda: by_branch + by_shortcut
