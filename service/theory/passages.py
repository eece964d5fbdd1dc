"""What a layer does to a wide signal on the way forward and to the square of a gradient on the way back.

One function for each kind of layer of which a theory exists; all others say that there is none. Averages are over
draws of the weights; in a wide network they are what is measured.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import singledispatch
from math import log10, nan, prod, sqrt
from typing import Protocol

import numpy as np

from service.core.arrays import Shape
from service.nn.activations.piecewise import LeakyRelu
from service.nn.initializers import Initializer, NoBias
from service.nn.initializers.base import Normal
from service.nn.initializers.constants import Constant, Ones
from service.nn.layers import Node
from service.nn.layers.activation import ActivationLayer
from service.nn.layers.arranging import Flatten, Reshape
from service.nn.layers.base import Parameter
from service.nn.layers.batch_norm import BatchNorm, NormMode
from service.nn.layers.convolution import Convolution
from service.nn.layers.dense import Dense
from service.nn.layers.depthwise_convolution import DepthwiseConvolution
from service.nn.layers.dropout import Dropout
from service.nn.layers.embedding import Embedding, PositionEmbedding
from service.nn.layers.group_norm import GroupNorm
from service.nn.layers.normalisation import Normalisation, ShiftedNormalisation
from service.nn.layers.pooling import GlobalPooling, Pool, Pooling
from service.nn.layers.prelu import Prelu
from service.nn.layers.scale import ScaleLayer
from service.nn.windows import Windows
from service.theory.signals import Averages, Signal

_SMALLEST_BATCH = 32
"""In smaller ones batch norm's own statistics are too uncertain for the theory of a large batch."""
_FEWEST_IN_A_GROUP = 16
_NOT_RANDOM = "Weights or biases of some layer are not random with mean 0."


class Placed(Protocol):
    """A node with its place in a network, as a plan has it."""

    @property
    def node(self) -> Node:
        """The node as it is written."""

    @property
    def path(self) -> str:
        """The pointer to it in the specification."""

    @property
    def shape(self) -> Shape:
        """The shape of what goes in."""

    @property
    def out(self) -> Shape:
        """The shape of what comes out."""

    @property
    def parameters(self) -> Sequence[Parameter]:
        """What is drawn of it."""

    @property
    def chains(self) -> Sequence[Sequence["Placed"]]:
        """The chains of nodes inside a block."""


@dataclass(frozen=True)
class Passage:
    """The way through a node, or through several."""

    signal: Signal  # what comes out
    factor: float = 1.0  # of the squared norm of a gradient on the way back; NaN where it is not known
    reason: str | None = None  # why that is not known
    doubt: float = 0.0  # decades that the edges of images take, which is not the same for all positions
    drifts: bool = False  # whether a branch of a block adds outputs whose mean is not 0


@dataclass(frozen=True)
class Setting:
    """What a passage depends on besides the node and the signal."""

    samples: int
    averages: Averages


def then(one: Passage, other: Passage) -> Passage:
    """The way through `one`, then through `other`."""
    return Passage(
        other.signal,
        one.factor * other.factor,
        one.reason or other.reason,
        one.doubt + other.doubt,
        one.drifts or other.drifts,
    )


def behind(at: Placed, z: Signal, setting: Setting) -> Passage:
    """The way through the activation of a node, where it has one."""
    activation = at.node.output_activation
    return Passage(z) if activation is None else Passage(*setting.averages.behind(activation, z))


def inward(at: Placed, x: Signal, setting: Setting) -> Passage:
    """The way through a node to what its activation is given."""
    return inward_of(at.node, at, x, setting)


@singledispatch
def inward_of(node: Node, at: Placed, x: Signal, setting: Setting) -> Passage:
    """The same, by the class of the node; a theory of another kind of layer is registered here."""
    return nothing(f"No theory is known of {node.kind}, the layer at {at.path}.")


def nothing(reason: str) -> Passage:
    """A passage of which nothing is known."""
    return Passage(Signal.unknown(reason), nan, reason)


@inward_of.register
def _(node: ActivationLayer | Flatten | Reshape, at: Placed, x: Signal, setting: Setting) -> Passage:
    return Passage(x)


@inward_of.register
def _(node: Dense, at: Placed, x: Signal, setting: Setting) -> Passage:
    return _by_weights(at, x, float(at.shape[-1]))


@inward_of.register
def _(node: Convolution | DepthwiseConvolution, at: Placed, x: Signal, setting: Setting) -> Passage:
    windows = node.windows(at.shape)
    inside, even = _coverage(windows)
    kernel = at.parameters[0].shape
    connections = prod(kernel[:-1]) if isinstance(node, Convolution) else prod(windows.size)
    return replace(_by_weights(at, x, connections * inside), doubt=0.0 if even else -0.5 * log10(inside))


def _by_weights(at: Placed, x: Signal, connections: float) -> Passage:
    """Through weights and bias, by which every output sees so many inputs."""
    weights, *biases = at.parameters
    of_weight = weights.initializer.variance(weights.fan_in, weights.fan_out)
    of_bias = [one.initializer.variance(one.fan_in, one.fan_out) for one in biases]
    if of_weight is None or None in of_bias:
        return nothing(_NOT_RANDOM)
    gain, added = connections * of_weight, sum(one for one in of_bias if one is not None)
    z = Signal.normal(gain * x.square + added, gain * x.common + added)
    return Passage(replace(z, reason=x.reason), gain)


def _coverage(windows: Windows) -> tuple[float, bool]:
    """The share of the entries of all windows that lie inside, and whether it is the same for every window."""
    shares = []
    for length, size, stride, apart, pad, count in zip(
        windows.positions, windows.size, windows.stride, windows.dilation, windows.pads, windows.out, strict=True
    ):
        places = np.arange(count)[:, None] * stride + np.arange(size) * apart - pad[0]
        shares.append(((places >= 0) & (places < length)).mean(axis=1))
    return float(np.prod([one.mean() for one in shares])), all(np.ptp(one) == 0.0 for one in shares)


@inward_of.register
def _(node: Prelu, at: Placed, x: Signal, setting: Setting) -> Passage:
    if not isinstance(node.slope, Constant):
        return nothing(f"No theory is known of {node.kind} with random slopes, the layer at {at.path}.")
    return Passage(*setting.averages.behind(LeakyRelu(negative_slope=node.slope.value), x))


@inward_of.register
def _(node: Dropout, at: Placed, x: Signal, setting: Setting) -> Passage:
    kept = 1.0 - node.rate
    return Passage(replace(x, square=x.square / kept, gaussian=x.gaussian and node.rate == 0.0), 1.0 / kept)


@inward_of.register
def _(node: ScaleLayer, at: Placed, x: Signal, setting: Setting) -> Passage:
    factor, offset = node.factor, node.offset
    moved = 2.0 * factor * offset * x.mean + offset**2 if offset else 0.0
    scaled = Signal(
        factor**2 * x.square + moved,
        factor * x.mean + offset,
        factor**2 * x.common + moved,
        x.gaussian and offset == 0.0,
        x.reason,
    )
    return Passage(scaled, factor**2)


@inward_of.register
def _(node: Pooling | GlobalPooling, at: Placed, x: Signal, setting: Setting) -> Passage:
    reason = f"No theory is known of the signal behind {node.mode} {node.kind}, the layer at {at.path}."
    unknown = Signal.unknown(reason)
    if isinstance(node, Pooling):
        windows = node.windows(at.shape)
        exact = windows.size == windows.stride and not any(map(any, windows.pads))
        entries = prod(windows.size)
    else:
        exact, entries = True, prod(at.shape[:-1])
    if exact and node.mode is Pool.AVERAGE:
        return Passage(replace(unknown, mean=x.mean), 1.0 / entries)
    return Passage(unknown, nan, reason)


@inward_of.register
def _(node: Embedding, at: Placed, x: Signal, setting: Setting) -> Passage:
    (weights,) = at.parameters
    variance = weights.initializer.variance(weights.fan_in, weights.fan_out)
    reason = f"There is no gradient in front of {node.kind}."
    return Passage(Signal.unknown(_NOT_RANDOM) if variance is None else Signal(variance, 0.0, 0.0), nan, reason)


@inward_of.register
def _(node: PositionEmbedding, at: Placed, x: Signal, setting: Setting) -> Passage:
    (positions,) = at.parameters
    variance = positions.initializer.variance(positions.fan_in, positions.fan_out)
    if variance is None:
        return Passage(Signal.unknown(_NOT_RANDOM))
    return Passage(replace(x, square=x.square + variance, common=x.common + variance, gaussian=False))


@inward_of.register
def _(node: Normalisation, at: Placed, x: Signal, setting: Setting) -> Passage:
    entries = at.shape[-1]
    if isinstance(node, GroupNorm):
        entries = prod(at.shape) // node.groups
        if at.shape[-1] // node.groups < _FEWEST_IN_A_GROUP:
            return nothing(f"The groups of {node.kind}, the layer at {at.path}, have too few channels for the theory.")
    taken = x.mean**2 if node.centred else 0.0
    removed = min(1.0, (1.0 + node.centred) / entries)  # a gradient along mean and size goes nowhere
    found = _normalised(node, replace(x, mean=0.0 if node.centred else x.mean), taken, x.square - taken)
    return replace(found, factor=found.factor * (1.0 - removed))


@inward_of.register
def _(node: BatchNorm, at: Placed, x: Signal, setting: Setting) -> Passage:
    if node.mode is NormMode.INFERENCE:
        return _normalised(node, x, 0.0, 1.0)
    if setting.samples * prod(at.shape[:-1]) < _SMALLEST_BATCH:
        return nothing(f"The batch is too small for the theory of {node.kind}, the layer at {at.path}.")
    return _normalised(node, replace(x, mean=0.0), x.common, x.square - x.common)


def _normalised(node: Normalisation, x: Signal, taken: float, variance: float) -> Passage:
    """Of mean squares `taken` is taken away; what is left is divided by that variance, and gain and shift follow."""
    gain = _moments(node.gain, 1.0)
    shift = _moments(node.shift, 0.0) if isinstance(node, ShiftedNormalisation) else (0.0, 0.0)
    if gain is None or shift is None:
        return nothing(_NOT_RANDOM)
    divisor = variance + node.epsilon
    if not divisor > 0.0:
        return nothing(x.reason or "The variance of the signal is zero or out of range at some layer.")
    factor = gain[1] / divisor
    normalised = Signal(
        factor * (x.square - taken) + shift[1],
        gain[0] * x.mean / sqrt(divisor) + shift[0],
        factor * (x.common - taken) + shift[1],
        x.gaussian and gain[1] == gain[0] ** 2 and shift[1] == 0.0,
        x.reason,
    )
    return Passage(normalised, factor)


def _moments(initializer: Initializer | NoBias, absent: float) -> tuple[float, float] | None:
    """The mean of an entry and of its square, `absent` where there is none; None where they are not stated."""
    match initializer:
        case NoBias():
            return absent, absent
        case Ones():
            return 1.0, 1.0
        case Constant():
            return initializer.value, initializer.value**2
        case Normal():
            return initializer.mean, initializer.mean**2 + initializer.std**2
    variance = initializer.variance(1, 1)
    return None if variance is None else (0.0, variance)
