"""The block that transformers are made of: a name for two residual blocks."""

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from service.core.arrays import Array, Shape
from service.core.kinds import BoundedFloat, Double, Int64, StrictBool
from service.nn.activations import AnyActivation
from service.nn.activations.smooth import Gelu
from service.nn.initializers import AnyBias, AnyInitializer
from service.nn.initializers.base import GlorotUniform, Zeros
from service.nn.layers.attention import Attention, Positions
from service.nn.layers.base import Account, Built, Node, Probe, Saved
from service.nn.layers.dense import Dense
from service.nn.layers.dropout import Dropout
from service.nn.layers.layer_norm import LayerNorm
from service.nn.layers.residual import Residual
from service.nn.layers.rms_norm import RmsNorm
from service.nn.scaled import Scaled
from service.nn.shapes import WIDEST


class NormKind(StrEnum):
    """What normalises."""

    LAYER_NORM = "layer_norm"
    RMS_NORM = "rms_norm"


class TransformerBlock(Node):
    """Attention, then two dense layers on every step, each with a norm and a skip connection."""

    kind: Literal["transformer_block"] = "transformer_block"
    heads: Annotated[Int64, Field(ge=1, le=1024)]
    """How many heads the attention has."""
    mlp_units: Annotated[Int64, Field(ge=1, le=WIDEST)]
    """How many units the first of the two dense layers has; the second has as many as there are features."""
    norm: NormKind = NormKind.LAYER_NORM
    """What normalises."""
    norm_first: StrictBool = True
    """Whether it stands in front of what it belongs to, inside the skip connection, or behind the sum."""
    activation: AnyActivation = Gelu()
    """The activation of the first dense layer, GELU unless said otherwise."""
    causal: StrictBool = False
    """Whether a step sees only itself and those before it."""
    positions: Positions = Positions.NONE
    """Whether queries and keys are rotated by their positions."""
    branch_scale: BoundedFloat = 1.0
    """What each of the two branches is multiplied by."""
    dropout: Annotated[Double, Field(ge=0, lt=1)] = 0.0
    """The rate of dropout at the end of each branch."""
    weights: AnyInitializer = GlorotUniform()
    """How the matrices of queries, keys and values and the first dense layer are drawn."""
    output_weights: AnyInitializer = GlorotUniform()
    """How the two matrices that end in the stream are drawn."""
    bias: AnyBias = Zeros()
    """How all biases are drawn, zeros unless said otherwise."""

    account: ClassVar[Account] = "skip"
    definition: ClassVar[str] = "x + attention(norm(x)), then x + dense(activation(dense(norm(x))))"
    source: ClassVar[str] = "Vaswani et al. 2017 (norm behind the sum); Radford et al. 2019 (norm first)."

    def stands_for(self, features: int) -> list[Node]:
        """The layers that it is a name for."""
        attention = Attention(
            heads=self.heads,
            causal=self.causal,
            positions=self.positions,
            weights=self.weights,
            output_weights=self.output_weights,
            bias=self.bias,
        )
        inner = Dense(units=self.mlp_units, activation=self.activation, weights=self.weights, bias=self.bias)
        outer = Dense(units=features, weights=self.output_weights, bias=self.bias)
        layers: list[Node] = []
        for branch in ([attention], [inner, outer]):
            norm = LayerNorm() if self.norm is NormKind.LAYER_NORM else RmsNorm()
            end = [Dropout(rate=self.dropout)] if self.dropout else []
            whole = [norm, *branch, *end] if self.norm_first else [*branch, *end]
            layers.append(Residual(layers=whole, shortcut=[], branch_scale=self.branch_scale))
            layers += [] if self.norm_first else [norm]
        return layers

    def chains(self, shape: Shape) -> dict[str, Sequence[Node]]:
        return {"": self.stands_for(shape[-1])}

    def out(self, path: str, shape: Shape, inside: Sequence[Shape]) -> Shape:
        return inside[0]

    def inward(self, at: Built, x: Array, probe: Probe) -> tuple[Array, Saved]:
        return at.chains[0].forward(x, probe)

    def outward(self, at: Built, saved: Saved, dz: Scaled, probe: Probe) -> Callable[[], Scaled]:
        dx = at.chains[0].backward(saved, dz, probe)
        return lambda: dx
