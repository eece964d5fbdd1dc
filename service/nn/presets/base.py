"""What a preset is: the fields of a kind of layer that it fills, where these are not given."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from service.nn.initializers import Initializer, NoBias
from service.nn.initializers.base import Distribution, FanMode, Normal, VarianceScaling
from service.nn.initializers.constants import Ones, Zeros
from service.nn.layers import Node
from service.nn.layers.recurrent import Recurrent
from service.nn.layers.transformer_block import TransformerBlock

Filled = Mapping[str, Any]
"""Fields with what a preset has for them."""

_NORMS = ("layer_norm", "rms_norm", "group_norm")
_KERNELS = ("dense", "convolution", "depthwise_convolution")


@dataclass(frozen=True)
class Surroundings:
    """The layer that is filled, among those of its network."""

    features: int  # the last axis of what comes into the first layer with weights
    blocks: int  # transformer blocks of the network, unrolled
    first: bool  # of those with weights
    last: bool


class Preset:
    """Fills what a layer does not say."""

    name: ClassVar[str]
    source: ClassVar[str]
    aliases: ClassVar[Collection[str]] = ()

    def fill(self, node: Node, where: Surroundings) -> Filled:
        """The fields that `node` has where nothing is said."""
        raise NotImplementedError


def scaled(
    scale: float, mode: FanMode = FanMode.FAN_IN, distribution: Distribution = Distribution.UNIFORM
) -> VarianceScaling:
    """Variance scale / fan, uniform unless said otherwise."""
    return VarianceScaling(scale=scale, mode=mode, distribution=distribution)


class Table(Preset):
    """The same for all layers of a kind."""

    kernel: ClassVar[Initializer]  # of dense layers and convolutions
    bias: ClassVar[Initializer | NoBias] = Zeros()
    transposed: ClassVar[Initializer | None] = None
    embedding: ClassVar[Initializer] = Normal()
    positions: ClassVar[Initializer | None] = None  # learned as an embedding is, where nothing else is said
    attention: ClassVar[Initializer | None] = None
    attention_output: ClassVar[Initializer | None] = None
    attention_bias: ClassVar[Initializer | NoBias | None] = None
    epsilon: ClassVar[float] = 1e-5
    batch_epsilon: ClassVar[float] = 1e-5
    gain: ClassVar[Initializer] = Ones()

    def fill(self, node: Node, where: Surroundings) -> Filled:
        if isinstance(node, Recurrent):
            return self.recurrent(node)
        if isinstance(node, TransformerBlock):
            return self.block(where)
        return self.table().get(node.kind, {})

    def table(self) -> Mapping[str, Filled]:
        """What is filled, by kinds."""
        queries = self.attention or self.kernel
        kernel: Filled = {"weights": self.kernel, "bias": self.bias}
        return {
            **dict.fromkeys(_KERNELS, kernel),
            "transposed_convolution": {"weights": self.transposed or self.kernel, "bias": self.bias},
            "embedding": {"weights": self.embedding},
            "position_embedding": {"positions": self.positions or self.embedding},
            "attention": {
                "weights": queries,
                "output_weights": self.attention_output or queries,
                "bias": self.bias if self.attention_bias is None else self.attention_bias,
            },
            **{norm: {"epsilon": self.epsilon} for norm in _NORMS},
            "batch_norm": {"epsilon": self.batch_epsilon, "gain": self.gain},
        }

    def block(self, where: Surroundings) -> Filled:
        """The fields of a transformer block."""
        own = self.table()["attention"]
        return {
            "attention_weights": own["weights"],
            "attention_output_weights": own["output_weights"],
            "attention_bias": own["bias"],
            "mlp_weights": self.kernel,
            "mlp_output_weights": self.kernel,
            "mlp_bias": self.bias,
            "epsilon": self.epsilon,
        }

    def recurrent(self, node: Recurrent) -> Filled:
        """The fields of a recurrent layer."""
        return {"weights": self.kernel, "recurrent_weights": self.kernel, "bias": self.bias}
