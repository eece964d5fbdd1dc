"""What frameworks and papers take where nothing is said: how weights are drawn, the epsilon of norms, forget gates.

A preset is a class with a table: the fields of a kind of layer that it fills, where these are not given. Variances are
written, not names, where a framework counts otherwise than this service; `api_tests/nn/test_presets.py` compares them
with PyTorch's own layers and with the table of the documentation.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import sqrt
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from service.core.arrays import Shape
from service.core.kinds import Model
from service.nn.initializers import Initializer, NoBias
from service.nn.initializers.base import (
    Distribution,
    FanMode,
    GlorotUniform,
    Normal,
    Ones,
    TruncatedNormal,
    Uniform,
    VarianceScaling,
    Zeros,
)
from service.nn.initializers.matrices import Orthogonal
from service.nn.layers import Node
from service.nn.layers.recurrent import CellKind, Gates, Recurrent
from service.nn.layers.transformer_block import TransformerBlock

_Filled = Mapping[str, Any]
_M = TypeVar("_M", bound=Model)

_NORMS = ("layer_norm", "rms_norm", "group_norm")
_KERNELS = ("dense", "convolution", "depthwise_convolution")
_HAIKU_VARIANCE = 0.87962566103423978**2
"""Of a normal that is cut at ±2: Haiku does not make up for it."""


@dataclass(frozen=True)
class Where:
    """The layer that is filled, among those of its network."""

    features: int  # the last axis of the network's inputs
    blocks: int  # transformer blocks of the network, unrolled
    first: bool  # of those with weights
    last: bool


class Preset:
    """Fills what a layer does not say."""

    name: ClassVar[str]
    source: ClassVar[str]

    def fill(self, node: Node, where: Where) -> _Filled:
        """The fields that `node` has where nothing is said."""
        raise NotImplementedError


def _scaled(
    scale: float, mode: FanMode = FanMode.FAN_IN, distribution: Distribution = Distribution.UNIFORM
) -> VarianceScaling:
    return VarianceScaling(scale=scale, mode=mode, distribution=distribution)


class _Table(Preset):
    """The same for all layers of a kind."""

    kernel: ClassVar[Initializer]  # of dense layers and convolutions
    bias: ClassVar[Initializer | NoBias] = Zeros()
    transposed: ClassVar[Initializer | None] = None
    embedding: ClassVar[Initializer] = Normal()
    positions: ClassVar[Initializer] = Normal(std=0.02)
    attention: ClassVar[Initializer | None] = None
    attention_output: ClassVar[Initializer | None] = None
    attention_bias: ClassVar[Initializer | NoBias | None] = None
    epsilon: ClassVar[float] = 1e-5
    batch_epsilon: ClassVar[float] = 1e-5
    gain: ClassVar[Initializer] = Ones()

    def fill(self, node: Node, where: Where) -> _Filled:
        if isinstance(node, Recurrent):
            return self.recurrent(node)
        if isinstance(node, TransformerBlock):
            return self.block(where)
        return self.table().get(node.kind, {})

    def table(self) -> Mapping[str, _Filled]:
        """What is filled, by kinds."""
        queries = self.attention or self.kernel
        kernel: _Filled = {"weights": self.kernel, "bias": self.bias}
        return {
            **dict.fromkeys(_KERNELS, kernel),
            "transposed_convolution": {"weights": self.transposed or self.kernel, "bias": self.bias},
            "embedding": {"weights": self.embedding},
            "position_embedding": {"positions": self.positions},
            "attention": {
                "weights": queries,
                "output_weights": self.attention_output or queries,
                "bias": self.bias if self.attention_bias is None else self.attention_bias,
            },
            **{norm: {"epsilon": self.epsilon} for norm in _NORMS},
            "batch_norm": {"epsilon": self.batch_epsilon, "gain": self.gain},
        }

    def block(self, where: Where) -> _Filled:
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

    def recurrent(self, node: Recurrent) -> _Filled:
        """The fields of a recurrent layer."""
        return {"weights": self.kernel, "recurrent_weights": self.kernel, "bias": self.bias}


class PyTorch(_Table):
    """Uniform on ±1/√fan_in for weights and biases."""

    name: ClassVar[str] = "pytorch"
    source: ClassVar[str] = "torch.nn of PyTorch 2: kaiming_uniform_(a=√5), xavier_uniform_ of packed queries."
    kernel = _scaled(1.0 / 3.0)
    bias = _scaled(1.0 / 3.0)
    attention: ClassVar[Initializer | None] = _scaled(0.5)  # Xavier's on (3·E, E)
    attention_output: ClassVar[Initializer | None] = _scaled(1.0 / 3.0)
    attention_bias: ClassVar[Initializer | NoBias | None] = Zeros()

    def recurrent(self, node: Recurrent) -> _Filled:
        """All on ±1/√units, with two biases."""
        reach = 1.0 / sqrt(node.units)
        every = Uniform(low=-reach, high=reach)
        return dict.fromkeys(("weights", "recurrent_weights", "bias", "recurrent_bias"), every)


class Keras(_Table):
    """Glorot's uniform, biases of zeros, orthogonal recurrences, forget gates open."""

    name: ClassVar[str] = "keras"
    source: ClassVar[str] = "keras.layers of Keras 3."
    kernel = GlorotUniform()
    embedding = Uniform(low=-0.05, high=0.05)
    epsilon = 1e-3
    batch_epsilon = 1e-3

    def table(self) -> Mapping[str, _Filled]:
        found = super().table()
        return {**found, "depthwise_convolution": {**found["depthwise_convolution"], "fans": "all"}}

    def recurrent(self, node: Recurrent) -> _Filled:
        own: _Filled = {"recurrent_bias": Zeros()} if node.cell is CellKind.GRU and node.reset_after else {}
        forget = {"forget_bias": 1.0} if node.cell is CellKind.LSTM else {}
        return {"weights": GlorotUniform(), "recurrent_weights": Orthogonal(), "bias": Zeros(), **own, **forget}


class Flax(_Table):
    """LeCun's truncated normal, biases of zeros, orthogonal recurrences for each gate."""

    name: ClassVar[str] = "flax"
    source: ClassVar[str] = "flax.linen: lecun_normal, which is truncated and makes up for it."
    kernel = _scaled(1.0, distribution=Distribution.TRUNCATED_NORMAL)
    transposed = _scaled(1.0, FanMode.FAN_OUT, Distribution.TRUNCATED_NORMAL)
    embedding = _scaled(1.0, distribution=Distribution.NORMAL)
    epsilon = 1e-6

    def recurrent(self, node: Recurrent) -> _Filled:
        return {"weights": self.kernel, "recurrent_weights": Orthogonal(), "bias": Zeros(), "gates": Gates.EACH}


class Haiku(_Table):
    """A normal of variance 1/fan_in that is cut at two deviations, with nothing made up for."""

    name: ClassVar[str] = "haiku"
    source: ClassVar[str] = "hk.Linear and hk.Conv: TruncatedNormal(1/√fan_in), whose variance is 0.774/fan_in."
    kernel = _scaled(_HAIKU_VARIANCE, distribution=Distribution.TRUNCATED_NORMAL)
    embedding = TruncatedNormal(std=1.0)


class Equinox(PyTorch):
    """As PyTorch, with one bias in recurrences."""

    name: ClassVar[str] = "equinox"
    source: ClassVar[str] = "eqx.nn: uniform on ±1/√fan_in."
    attention = None
    attention_output = None
    attention_bias = NoBias()

    def recurrent(self, node: Recurrent) -> _Filled:
        found = dict(super().recurrent(node))
        if not (node.cell is CellKind.GRU and node.reset_after):
            del found["recurrent_bias"]
        return found


class _Small(_Table):
    """N(0, 0.02²) everywhere, biases of zeros."""

    kernel = Normal(std=0.02)
    embedding = Normal(std=0.02)


class Gpt2(_Small):
    """N(0, 0.02²), and what ends in the stream smaller by √(2 · layers)."""

    name: ClassVar[str] = "gpt2"
    source: ClassVar[str] = "Radford et al. 2019; transformers.GPT2Model."

    def block(self, where: Where) -> _Filled:
        output = Normal(std=0.02 / sqrt(2.0 * max(1, where.blocks)))
        return {**super().block(where), "attention_output_weights": output, "mlp_output_weights": output}


class Llama(_Small):
    """N(0, 0.02²) and no biases."""

    name: ClassVar[str] = "llama"
    source: ClassVar[str] = "Touvron et al. 2023; transformers.LlamaModel."
    bias = NoBias()


class Bert(_Small):
    """N(0, 0.02²), with a small epsilon."""

    name: ClassVar[str] = "bert"
    source: ClassVar[str] = "Devlin et al. 2019; transformers.BertModel."
    epsilon = 1e-12


class T5(_Table):
    """Variance 1/fan_in, with the scores' scale in the queries; no biases."""

    name: ClassVar[str] = "t5"
    source: ClassVar[str] = "Raffel et al. 2020; queries of variance 1/(d·d_k) without the 1/√d_k that is here."
    kernel = _scaled(1.0, distribution=Distribution.NORMAL)
    bias = NoBias()
    epsilon = 1e-6


class ResNet(_Table):
    """He's normal by fan_out, no biases in convolutions, the last layer as in PyTorch."""

    name: ClassVar[str] = "resnet"
    source: ClassVar[str] = "He et al. 2015; torchvision.models.resnet: kaiming_normal_(mode='fan_out')."
    kernel = _scaled(2.0, FanMode.FAN_OUT, Distribution.NORMAL)
    bias = NoBias()

    def table(self) -> Mapping[str, _Filled]:
        return {**super().table(), "dense": {"weights": _scaled(1.0 / 3.0), "bias": _scaled(1.0 / 3.0)}}


class Dcgan(_Table):
    """N(0, 0.02²), gains N(1, 0.02²), no biases."""

    name: ClassVar[str] = "dcgan"
    source: ClassVar[str] = "Radford, Metz & Chintala 2016."
    kernel = Normal(std=0.02)
    bias = NoBias()
    gain = Normal(mean=1.0, std=0.02)


class Siren(_Table):
    """U(±1/n) in the first layer, U(±√(6/n)/30) in the others; for sines of 30 z."""

    name: ClassVar[str] = "siren"
    source: ClassVar[str] = "Sitzmann et al. 2020."
    kernel = _scaled(2.0 / 900.0)  # U(±√(6/n)/30) has the variance 6/(3 · 900 · n)
    bias = _scaled(1.0 / 3.0)

    def fill(self, node: Node, where: Where) -> _Filled:
        found = super().fill(node, where)
        if node.kind != "dense" or not where.first:
            return found
        return {**found, "weights": Uniform(low=-1.0 / where.features, high=1.0 / where.features)}


class Ppo(_Table):
    """Orthogonal, √2 in hidden layers and 0.01 in the head; biases of zeros."""

    name: ClassVar[str] = "ppo"
    source: ClassVar[str] = "Schulman et al. 2017; Huang et al. 2022 for the gains; a head of values has 1 instead."
    kernel = Orthogonal(gain=sqrt(2.0))

    def fill(self, node: Node, where: Where) -> _Filled:
        found = super().fill(node, where)
        return {**found, "weights": Orthogonal(gain=0.01)} if node.kind == "dense" and where.last else found


def _presets(base: type[Preset]) -> list[type[Preset]]:
    found = [one for direct in base.__subclasses__() for one in [direct, *_presets(direct)]]
    return [one for one in found if "name" in vars(one)]


PRESETS: dict[str, Preset] = {one.name: one() for one in sorted(_presets(Preset), key=lambda one: one.name)}
"""Every preset by its name."""

if TYPE_CHECKING:
    PresetName = str
else:
    PresetName = StrEnum("PresetName", {name.upper(): name for name in PRESETS})
    PresetName.__doc__ = "What frameworks and papers take where nothing is said."


def filled(layers: Sequence[Node], name: str, shape: Shape) -> list[Node]:
    """`layers` with all that they do not say, as the preset `name` has it."""
    preset = PRESETS[name]
    every = [one for layer in layers for one in _inside(layer)]
    weighted = [one for one in every if "weights" in type(one).model_fields]
    blocks = sum(1 for layer in layers for _, one in layer.unroll("") if isinstance(one, TransformerBlock))

    def fill(node: _M) -> _M:
        own = {key: _mapped(value, fill) for key, value in node if key in node.model_fields_set}
        if isinstance(node, Node):
            last = bool(weighted) and node is weighted[-1]
            where = Where(shape[-1], blocks, bool(weighted) and node is weighted[0], last)
            own = {**preset.fill(node, where), **own}
        return node.model_copy(update=own)

    return [fill(layer) for layer in layers]


def _mapped(value: Any, fill: Any) -> Any:
    """Layers and branches inside a field, filled."""
    if isinstance(value, list):
        return [_mapped(one, fill) for one in value]
    return fill(value) if isinstance(value, Model) and _holds_layers(value) else value


def _holds_layers(value: Model) -> bool:
    return isinstance(value, Node) or "layers" in type(value).model_fields


def _inside(layer: Model) -> list[Node]:
    """A layer and all that are inside it, in the order in which they are written."""
    inner = [
        one
        for _, value in layer
        for part in (value if isinstance(value, list) else [value])
        if isinstance(part, Model) and _holds_layers(part)
        for one in _inside(part)
    ]
    return [*([layer] if isinstance(layer, Node) else []), *inner]
