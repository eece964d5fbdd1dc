"""What frameworks take where nothing is said."""

from collections.abc import Collection, Mapping
from math import sqrt
from typing import ClassVar

from service.nn.cells import CellKind
from service.nn.initializers import Initializer, NoBias
from service.nn.initializers.base import Distribution, FanMode, GlorotUniform, TruncatedNormal, Uniform
from service.nn.initializers.constants import Zeros
from service.nn.initializers.matrices import Orthogonal
from service.nn.layers.depthwise_convolution import Fans
from service.nn.layers.recurrent import Gates, Recurrent
from service.nn.presets.base import Filled, Table, scaled

_TRUNCATED_VARIANCE = 0.87962566103423978**2
"""Of a standard normal that is cut at ±2: Haiku does not make up for it."""


class PyTorch(Table):
    """Uniform on ±1/√fan_in for weights and biases."""

    name: ClassVar[str] = "pytorch"
    source: ClassVar[str] = "torch.nn of PyTorch 2: kaiming_uniform_(a=√5), xavier_uniform_ of packed queries."
    aliases: ClassVar[Collection[str]] = ("torch", "lightning")
    kernel = scaled(1.0 / 3.0)
    bias = scaled(1.0 / 3.0)
    attention: ClassVar[Initializer | None] = scaled(0.5)  # Xavier's on (3·E, E)
    attention_output: ClassVar[Initializer | None] = scaled(1.0 / 3.0)
    attention_bias: ClassVar[Initializer | NoBias | None] = Zeros()

    def recurrent(self, node: Recurrent) -> Filled:
        """All on ±1/√units, with two biases."""
        reach = 1.0 / sqrt(node.units)
        every = Uniform(low=-reach, high=reach)
        return dict.fromkeys(("weights", "recurrent_weights", "bias", "recurrent_bias"), every)


class Keras(Table):
    """Glorot's uniform, biases of zeros, orthogonal recurrences, forget gates open."""

    name: ClassVar[str] = "keras"
    source: ClassVar[str] = "keras.layers of Keras 3."
    aliases: ClassVar[Collection[str]] = ("tensorflow", "tf", "tf.keras")
    kernel = GlorotUniform()
    embedding = Uniform(low=-0.05, high=0.05)
    epsilon = 1e-3
    batch_epsilon = 1e-3

    def table(self) -> Mapping[str, Filled]:
        found = super().table()
        return {**found, "depthwise_convolution": {**found["depthwise_convolution"], "fans": Fans.ALL}}

    def recurrent(self, node: Recurrent) -> Filled:
        own: Filled = {"recurrent_bias": Zeros()} if node.cell is CellKind.GRU and node.reset_after else {}
        forget = {"forget_bias": 1.0} if node.cell is CellKind.LSTM else {}
        return {"weights": GlorotUniform(), "recurrent_weights": Orthogonal(), "bias": Zeros(), **own, **forget}


class Flax(Table):
    """LeCun's truncated normal, biases of zeros, orthogonal recurrences for each gate."""

    name: ClassVar[str] = "flax"
    source: ClassVar[str] = "flax.linen: lecun_normal, which is truncated and makes up for it."
    aliases: ClassVar[Collection[str]] = ("jax", "linen", "nnx")
    kernel = scaled(1.0, distribution=Distribution.TRUNCATED_NORMAL)
    transposed = scaled(1.0, FanMode.FAN_OUT, Distribution.TRUNCATED_NORMAL)
    embedding = scaled(1.0, distribution=Distribution.NORMAL)
    epsilon = 1e-6

    def recurrent(self, node: Recurrent) -> Filled:
        return {"weights": self.kernel, "recurrent_weights": Orthogonal(), "bias": Zeros(), "gates": Gates.EACH}


class Haiku(Table):
    """A normal of variance 1/fan_in that is cut at two deviations, with nothing made up for; forget gates open.

    Its lstm draws one matrix for input and state together, whose fan_in is the sum of both; here each has its own.
    """

    name: ClassVar[str] = "haiku"
    source: ClassVar[str] = "hk.Linear and hk.Conv: TruncatedNormal(1/√fan_in), whose variance is 0.774/fan_in."
    aliases: ClassVar[Collection[str]] = ("dm-haiku", "sonnet")
    kernel = scaled(_TRUNCATED_VARIANCE, distribution=Distribution.TRUNCATED_NORMAL)
    transposed = scaled(_TRUNCATED_VARIANCE, FanMode.FAN_OUT, Distribution.TRUNCATED_NORMAL)
    embedding = TruncatedNormal(std=1.0)

    def recurrent(self, node: Recurrent) -> Filled:
        if node.cell is CellKind.GRU:  # hk.initializers.VarianceScaling makes up for the cut
            every = scaled(1.0, distribution=Distribution.TRUNCATED_NORMAL)
            return {"weights": every, "recurrent_weights": every, "bias": Zeros()}
        forget = {"forget_bias": 1.0} if node.cell is CellKind.LSTM else {}
        return {**super().recurrent(node), **forget}


class Equinox(PyTorch):
    """As PyTorch, with no biases in attention and one in recurrences."""

    name: ClassVar[str] = "equinox"
    source: ClassVar[str] = "eqx.nn: uniform on ±1/√fan_in; fan_in of a transposed convolution is in · k."
    aliases: ClassVar[Collection[str]] = ("eqx",)
    transposed = scaled(1.0 / 3.0, FanMode.FAN_OUT)
    attention = None
    attention_output = None
    attention_bias = NoBias()

    def table(self) -> Mapping[str, Filled]:
        found = super().table()
        return {**found, "transposed_convolution": dict.fromkeys(("weights", "bias"), self.transposed)}

    def recurrent(self, node: Recurrent) -> Filled:
        found = dict(super().recurrent(node))
        if not (node.cell is CellKind.GRU and node.reset_after):
            del found["recurrent_bias"]
        return found
