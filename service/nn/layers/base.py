"""What a node of a network is: a leaf states two pure functions and its parameters, a block contains other nodes.

A specification's layers are nodes. Planned and drawn they become `Built`, in chains; a chain sends a signal forward
through its nodes and a gradient back, and a `Probe` sees every output and every gradient on the way.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import prod
from typing import Annotated, Any, ClassVar, Literal, Protocol

from pydantic import Field

from service.core.arrays import Array, Float64Array, Shape
from service.core.kinds import Kind
from service.nn.activations import Activation
from service.nn.initializers import AnyBias, Initializer, NoBias
from service.nn.scaled import Exponents, Scaled

Account = Literal["weights", "derivative", "normalisation", "skip", "other"]
"""What may change the size of a gradient."""
Saved = Any
"""What the forward pass of a node keeps for the backward pass."""
Vjp = tuple[Callable[[], Array], Callable[[str], Array]]
"""∂e/∂x, and ∂e/∂parameter by its name, summed over samples; each is computed where it is called for."""
OPERATIONS_PER_OUTPUT = 250.0
"""An activation forward and back, and what is measured of an output, take as long as so many of a matrix product."""


def bias_of(name: str, shape: Shape, fan_in: int, fan_out: int, bias: AnyBias) -> list[Parameter]:
    """The parameter of a bias of that shape; none where the layer has none."""
    return [] if isinstance(bias, NoBias) else [Parameter(name, shape, fan_in, fan_out, bias)]


@dataclass(frozen=True)
class Parameter:
    """An array that a node needs, and how it is drawn; `name` is the field of the specification that says so."""

    name: str
    shape: Shape  # (n,) of a vector, which is drawn as a row (1, n)
    fan_in: int
    fan_out: int
    initializer: Initializer
    per_sample: bool = False  # whether every sample has one of its own: a mask, which is not trained
    parts: int = 1  # so many are drawn one by one, and put end to end along the last axis

    @property
    def is_weights(self) -> bool:
        """Whether it is a matrix or kernel of weights: these make a layer of depth."""
        return self.name.endswith("weights")

    @property
    def size(self) -> int:
        """How many numbers are trained."""
        return 0 if self.per_sample else prod(self.shape)

    def drawn_shape(self, samples: int) -> Shape:
        """The shape of the array without its trials, a vector being a row."""
        return (*([samples] if self.per_sample else [1] * (len(self.shape) == 1)), *self.shape)

    def matrix_shape(self, samples: int) -> Shape:
        """The shape in which a part of it is drawn: what goes in, and what comes out, which is the last axis."""
        shape = self.drawn_shape(samples)
        return prod(shape[:-1]), shape[-1] // self.parts


def shaped(signal: Array, shape: Shape) -> Array:
    """`signal`, (trials, samples, features), as (trials, samples, *shape)."""
    return signal if len(shape) == 1 else signal.reshape(*signal.shape[:2], *shape)


def flat(signal: Array) -> Array:
    """`signal`, (trials, samples, *shape), as (trials, samples, features)."""
    return signal if signal.ndim == 3 else signal.reshape(*signal.shape[:2], -1)


def along_channels(vector: Array, x: Array) -> Array:
    """A parameter (trials or 1, 1, channels) in the axes of `x`, (trials, samples, *positions, channels)."""
    return vector if x.ndim == 3 else vector.reshape(vector.shape[0], *[1] * (x.ndim - 2), vector.shape[-1])


def over_positions(values: Array) -> Array:
    """The sum of (trials, samples, *positions, channels) over samples and positions, (trials, 1, channels)."""
    return values.reshape(values.shape[0], -1, values.shape[-1]).sum(axis=-2, keepdims=True)


class Probe(Protocol):
    """Sees the passes; arrays are (trials, samples, features)."""

    def arranged(self, signal: Array) -> Array:
        """`signal` with its axes in the order in memory that these passes work in."""

    def stored(self, values: Array, exponent: Exponents | None = None) -> Array:
        """A signal, or a gradient with its exponents, (trials, 1, 1), as the precision of these passes stores it."""

    def output(self, at: Built, z: Array, h: Array) -> None:
        """The node's output `h`, and `z`, what its activation was given."""

    def gradient(self, at: Built, dy: Scaled, dz: Scaled, derivative: Array | None) -> None:
        """∂e/∂h, ∂e/∂z, and φ'(z) where the node has an activation."""

    def parameters(self, at: Built, saved: Saved, dz: Scaled, gradient: Callable[[str], Array]) -> None:
        """The gradients of a leaf's parameters by name, before the scale of `dz`; `saved` is what `apply` kept."""

    def entry(self, at: Built, dx: Scaled) -> None:
        """∂e/∂x at `at`, the first node of a chain inside a block."""

    def note(self, at: Built, name: str, values: Float64Array) -> None:
        """What a node has to say besides, (trials, …), by a name of its own."""


@dataclass(frozen=True)
class Built:
    """A node with its parameters drawn."""

    node: Node
    row: int  # its place in the report, from 0
    shape: Shape  # of what goes in, for one sample
    out: Shape  # of what comes out
    parameters: Sequence[Parameter]
    arrays: Sequence[Array]  # its parameters, (trials or 1, *shape)
    chains: Sequence[Chain] = ()  # of a block

    @property
    def named(self) -> dict[str, Array]:
        """All parameters by their names."""
        return dict(zip((one.name for one in self.parameters), self.arrays, strict=True))

    @property
    def weights(self) -> dict[str, Array]:
        """Its weight matrices by their names, (trials or 1, …, fan_out) each."""
        return {one.name: array for one, array in zip(self.parameters, self.arrays, strict=True) if one.is_weights}

    @property
    def trained(self) -> list[str]:
        """The names of what is trained of it."""
        return [one.name for one in self.parameters if not one.per_sample]


@dataclass(frozen=True)
class Chain:
    """Nodes one behind the other: the network, and the inside of every block; none at all pass on what comes in."""

    nodes: Sequence[Built]

    def forward(self, x: Array, probe: Probe) -> tuple[Array, list[Saved]]:
        """What comes out of the last node, (trials, samples, features), and what the nodes keep."""
        tape = []
        for one in self.nodes:
            x, saved = one.node.forward(one, x, probe)
            tape.append(saved)
        return x, tape

    def backward(self, tape: list[Saved], dy: Scaled, probe: Probe) -> Scaled:
        """∂e/∂x from ∂e/∂y, both as `Scaled`, after the probe has seen it."""
        dx = self.walk_back(tape, dy, probe)
        if self.nodes:
            probe.entry(self.nodes[0], dx)
        return dx

    def walk_back(self, tape: list[Saved], dy: Scaled, probe: Probe, whole: bool = True) -> Scaled:
        """∂e/∂x from ∂e/∂y; ∂e/∂z of the first node where it need not be `whole`, which saves a product."""
        for place, one in zip(range(len(tape) - 1, -1, -1), reversed(self.nodes), strict=True):
            dy = _stored(one.node.backward(one, tape[place], dy, probe, whole or place > 0), probe)
        return dy


def _stored(gradient: Scaled, probe: Probe) -> Scaled:
    """The gradient as the precision of the passes stores it."""
    values = probe.stored(gradient.values, gradient.exponent)
    return gradient if values is gradient.values else Scaled.of(values, gradient.exponent)


class Node(Kind):
    """An entry of a list of layers; it remembers nothing.

    A leaf states `parameters`, `apply` and `vjp`. A block states `chains` and overrides `inward` and `outward`.
    Either may have an activation, which is applied to what comes out.
    """

    name: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    """What it is called in reports and charts, such as by the model it was imported from."""

    shape_in: ClassVar[str]
    """The shapes of one sample that may come in."""
    shape_out: ClassVar[str]
    """The shape of what comes out of it."""
    account: ClassVar[Account] = "other"
    """The account that its gain is booked to, but for its activation's: a block in which signals meet books all."""
    step_by_step: ClassVar[bool] = False
    """Whether the steps of what goes in are taken one after the other, each with calls of NumPy of its own."""
    plain: ClassVar[bool] = False
    """Whether a network of such nodes alone is a plain stack, measured where activations begin."""

    @property
    def cut(self) -> bool:
        """Whether a block passes no signal on unchanged, so that layers inside its branches are hidden layers, too."""
        return False

    @property
    def output_activation(self) -> Activation | None:
        """What is applied to what comes out, if anything is."""
        return None

    @property
    def operations(self) -> tuple[float, float]:
        """What else it takes time for besides products, as operations of one: for each sample, and for each output."""
        return 0.0, OPERATIONS_PER_OUTPUT

    def unroll(self, path: str) -> Iterator[tuple[str, Node]]:
        """The nodes this entry stands for, each with its pointer in the specification."""
        yield path, self

    def depth(self) -> int:
        """How many rows of a report this entry stands for, the nodes inside it counted."""
        return 1 + sum(layer.depth() for layers in self.chains((1,)).values() for layer in layers)

    def chains(self, shape: Shape) -> dict[str, Sequence[Node]]:
        """The chains inside, by their pointers relative to this node, which are empty where it is a name for others."""
        return {}

    def inner_shape(self, shape: Shape) -> Shape:
        """The shape of what goes into its chains, of which one sample may have several."""
        return shape

    @abstractmethod
    def out(self, path: str, shape: Shape, inside: Sequence[Shape]) -> Shape:
        """The shape of what comes out for one sample; `inside` are those that come out of its chains.

        A SpecError, with a pointer that begins with `path`, where something does not fit.
        """

    def parameters(self, shape: Shape) -> list[Parameter]:
        """What is drawn for inputs of that shape; drawing, the estimate, checks and theory read this alone."""
        return []

    def products(self, shape: Shape) -> float:
        """Multiplications of one sample on the way forward: those of a dense layer at each position."""
        return float(sum(one.size for one in self.parameters(shape)) * prod(shape[:-1]))

    def scratch(self, shape: Shape) -> int:
        """Numbers of one sample that it needs while it is at work."""
        return 0

    def copies(self, shape: Shape) -> int:
        """Numbers that `apply` keeps of one sample beside its input and output."""
        return 0

    def apply(self, arrays: Sequence[Array], x: Array) -> tuple[Array, Saved]:
        """What a leaf makes of `x`, (trials, samples, *shape), before its activation, and what `vjp` needs of it."""
        raise NotImplementedError

    def vjp(self, arrays: Sequence[Array], saved: Saved, dy: Array) -> Vjp:
        """The gradients of a leaf from `dy`, ∂e/∂ what `apply` returned, of the same shape."""
        raise NotImplementedError

    def gram(self, saved: Saved, dy: Array) -> tuple[Array, Array] | None:
        """A pair of (trials, samples, samples) whose product sums to ‖∂e/∂weights‖²; None where that is no cheaper."""
        return None

    def inward(self, at: Built, x: Array, probe: Probe) -> tuple[Array, Saved]:
        """What is made of `x` before the activation, (trials, samples, features), and what `outward` needs."""
        z, saved = self.apply(at.arrays, shaped(x, at.shape))
        return flat(z), saved

    def outward(self, at: Built, saved: Saved, dz: Scaled, probe: Probe) -> Callable[[], Scaled]:
        """∂e/∂x from ∂e/∂z, where it is called for; parameters' gradients go to the probe."""
        dx, gradient = self.vjp(at.arrays, saved, shaped(dz.values, at.out))
        if at.trained:
            probe.parameters(at, saved, dz, gradient)
        return lambda: Scaled.of(flat(dx()), dz.exponent)

    def forward(self, at: Built, x: Array, probe: Probe) -> tuple[Array, Saved]:
        """The output, (trials, samples, features), and what `backward` needs."""
        z, saved = self.inward(at, x, probe)
        z, activation = probe.stored(z), self.output_activation
        h = z if activation is None else probe.stored(probe.arranged(flat(activation.f(shaped(z, at.out)))))
        probe.output(at, z, h)
        return h, (saved, z, h)

    def backward(self, at: Built, kept: Saved, dy: Scaled, probe: Probe, whole: bool) -> Scaled:
        """∂e/∂x from ∂e/∂h; only ∂e/∂z where it need not be `whole`."""
        saved, z, h = kept
        activation = self.output_activation
        if activation is None:
            dz, derivative = Scaled(dy.values, dy.exponent, dy.sums), None
        else:
            y = shaped(h, at.out)
            slopes = activation.df(shaped(z, at.out), y)
            derivative = probe.arranged(flat(slopes))
            values, exponent = dy.before(activation, derivative if y is h else slopes, y)
            same = values is dy.values
            dz = Scaled(values, exponent, dy.sums) if same else Scaled.of(probe.arranged(flat(values)), exponent)
        dz = _stored(dz, probe)
        probe.gradient(at, dy, dz, derivative)
        dx = self.outward(at, saved, dz, probe)
        return dx() if whole else dz
