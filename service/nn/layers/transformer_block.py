"""The block that transformers are made of: a name for two residual blocks."""

from collections.abc import Callable, Collection, Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from service.core.arrays import Array, Shape
from service.core.kinds import Advice, BoundedFloat, Double, Int64, StrictBool
from service.nn.activations import AnyActivation
from service.nn.activations.smooth import Gelu
from service.nn.initializers import AnyBias, AnyInitializer
from service.nn.initializers.base import GlorotUniform
from service.nn.initializers.constants import Zeros
from service.nn.layers.attention import Attention
from service.nn.layers.base import Account, Built, Node, Probe, Saved
from service.nn.layers.dense import Dense
from service.nn.layers.dropout import Dropout
from service.nn.layers.layer_norm import LayerNorm
from service.nn.layers.residual import Residual
from service.nn.layers.rms_norm import RmsNorm
from service.nn.positions import Positions
from service.nn.scaled import Scaled
from service.nn.shapes import WIDEST


class NormKind(StrEnum):
    """Which norm a transformer block has."""

    LAYER_NORM = "layer_norm"
    RMS_NORM = "rms_norm"


class TransformerBlock(Node):
    """Attention, then two dense layers on every step, each with a norm and a skip connection."""

    kind: Literal["transformer_block"] = "transformer_block"
    aliases: ClassVar[Collection[str]] = ("TransformerEncoderLayer", "TransformerEncoder", "transformer")
    misnamed: ClassVar[Mapping[str, Advice]] = {
        "num_heads": {"heads": 4},
        "nhead": {"heads": 4},
        "dim_feedforward": {"mlp_units": 128},
        "mlp_dim": {"mlp_units": 128},
        "intermediate_size": {"mlp_units": 128},
        "pre_norm": {"norm_first": True},
        "d_model": "nothing in its place: it is the number of features that come in",
    }
    needs: ClassVar[Mapping[str, Any]] = {"heads": 4, "mlp_units": 128}
    heads: Annotated[Int64, Field(ge=1, le=1024)]
    """How many heads the attention has."""
    mlp_units: Annotated[Int64, Field(ge=1, le=WIDEST)]
    """How many units the first of the two dense layers has; the second has as many as there are features."""
    norm: NormKind = NormKind.LAYER_NORM
    """Which norm; that of the root mean square takes no mean away and adds no shift."""
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
    attention_weights: AnyInitializer = GlorotUniform()
    """How the matrices of queries, keys and values are drawn."""
    attention_output_weights: AnyInitializer = GlorotUniform()
    """How the matrix behind the heads is drawn."""
    mlp_weights: AnyInitializer = GlorotUniform()
    """How the weights of the first dense layer are drawn."""
    mlp_output_weights: AnyInitializer = GlorotUniform()
    """How the weights of the second dense layer are drawn."""
    attention_bias: AnyBias = Zeros()
    """How the biases of the attention are drawn, zeros unless said otherwise."""
    mlp_bias: AnyBias = Zeros()
    """How those of the dense layers are drawn, zeros unless said otherwise."""
    epsilon: Annotated[Double, Field(ge=1e-12, le=1)] = 1e-5
    """What is added to the variance in the norms."""

    left_open: ClassVar[Collection[str]] = (
        *("attention_weights", "attention_output_weights", "attention_bias"),
        *("mlp_weights", "mlp_output_weights", "mlp_bias", "epsilon"),
    )
    account: ClassVar[Account] = "skip"
    shape_in: ClassVar[str] = "(steps, features)"
    shape_out: ClassVar[str] = "(steps, features)"
    definition: ClassVar[str] = "x + attention(norm(x)), then x + dense(activation(dense(norm(x))))"
    source: ClassVar[str] = "Vaswani et al. 2017 (norm behind the sum); Radford et al. 2019 (norm first)."

    def stands_for(self, features: int) -> list[Node]:
        """The layers that it is a name for."""
        attention = Attention(
            heads=self.heads,
            causal=self.causal,
            positions=self.positions,
            weights=self.attention_weights,
            output_weights=self.attention_output_weights,
            bias=self.attention_bias,
        )
        first, second, bias = self.mlp_weights, self.mlp_output_weights, self.mlp_bias
        inner = Dense(units=self.mlp_units, activation=self.activation, weights=first, bias=bias)
        outer = Dense(units=features, weights=second, bias=bias)
        layers: list[Node] = []
        for branch in ([attention], [inner, outer]):
            norm = (LayerNorm if self.norm is NormKind.LAYER_NORM else RmsNorm)(epsilon=self.epsilon)
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
