"""What a name in an ONNX graph stands for: a constant, or a signal with what its axes are in channels-last order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import prod

import numpy as np

from service.core.arrays import Shape
from service.imports.base import Fault, Layer, NotUnderstood, Reading, WeightValues
from service.imports.graph import INPUT, Vertex
from service.imports.onnx.functions import Function, Numbers, layers_of, never_negative

BATCH = 1_000_003
"""What stands for the number of samples where the file leaves it open: a prime, so that it is known in a product."""
SAMPLES = -1
"""The axis of samples, among axes that are places in a signal's shape."""
SINGLE = -2
"""An axis of length 1, which a signal has here or has not."""


class Unreadable(Exception):
    """A node that is not understood; its sentence says what it is."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


@dataclass(frozen=True)
class Constant:
    """Numbers of the file; `values` is None where they are many and were left out."""

    shape: Shape
    values: Numbers | None = None
    fill: float | None = None  # where all are alike

    @classmethod
    def of(cls, values: Numbers) -> "Constant":
        """The constant with these values, of any shape."""
        return cls(values.shape, values)

    @property
    def size(self) -> int:
        """How many numbers there are."""
        return prod(self.shape)

    def known(self) -> Numbers:
        """The values; Unreadable where they were left out."""
        if self.values is None:
            raise Unreadable("needs numbers of a tensor that is too large for shapes or factors")
        return self.values

    def scalar(self) -> float | None:
        """The number that all values are; None where they are several."""
        if self.fill is not None:
            return self.fill
        if self.values is None or self.values.size == 0 or not np.issubdtype(self.values.dtype, np.number):
            return None
        first = float(self.values.flat[0])
        return first if bool((self.values == self.values.flat[0]).all()) else None


@dataclass(frozen=True)
class Signal:
    """What comes out of a vertex, in the order of axes that ONNX has of it.

    `shape` is that of one sample, channels last, its numbers in the order of the vertex's own shape. `axes` says of
    every axis in ONNX which of `shape` it is. `free` are features whose order means nothing, since what draws them
    draws all alike. `function` is what is still to be applied to every number.
    """

    vertex: str
    shape: Shape
    axes: tuple[int, ...]
    free: bool = False
    function: Function | None = None
    positive: bool = False  # whether no number of it is negative
    tokens: bool = False
    part: tuple[int, int] | None = None  # where a part of features begins, and how many there are in all
    mixed: bool = False  # whether it is what the heads of an attention make, before the layer behind them
    flattened: "Signal | None" = None  # what these features were before their axes were put end to end

    def sizes(self, batch: int) -> list[int]:
        """The shape in ONNX."""
        own = {SAMPLES: batch, SINGLE: 1}
        return [own[axis] if axis in own else self.shape[axis] for axis in self.axes]

    def axis(self, number: int) -> int:
        """Which axis of `shape` an axis of ONNX is."""
        if not -len(self.axes) <= number < len(self.axes):
            raise Unreadable(f"speaks of axis {number} of {len(self.axes)}")
        return self.axes[number]


@dataclass(frozen=True)
class Partial:
    """What is between the steps of a norm or an attention: its kind, what it is made of, and numbers of it.

    `number` is the epsilon of a norm, how many groups, or the factor of scores; `epsilon` that of group norm or the
    rate of dropped shares; `centred` whether the mean is taken away, or whether every step sees all others.
    """

    kind: str
    base: Signal
    other: Signal | None = None
    number: float = 1.0
    epsilon: float = 0.0
    centred: bool = True


Value = Constant | Signal | Partial


def sequence_axes(rank: int) -> tuple[int, ...]:
    """Samples first, channels last."""
    return (SAMPLES, *range(rank))


def channel_axes(rank: int) -> tuple[int, ...]:
    """Samples first, then channels, then positions: what convolutions and norms of ONNX read."""
    return (SAMPLES, rank - 1, *range(rank - 1))


@dataclass
class Made:
    """The vertices of a graph so far."""

    reading: Reading
    batch: int
    opset: int
    vertices: dict[str, Vertex] = field(default_factory=dict)
    used: dict[str, int] = field(default_factory=dict)  # how often the vertex is read by others
    flushed: dict[tuple[str, str], str] = field(default_factory=dict)
    readers: Mapping[str, int] = field(default_factory=dict)  # how many nodes read a name of the file
    vocabulary: int | None = None
    carried: int = 0  # numbers of the file among the layers so far
    log_softmax: str | None = None  # the vertex whose logarithmic probabilities are left to the loss

    @property
    def from_file(self) -> bool:
        """Whether weights have the values of the file."""
        return self.reading.options.values is WeightValues.FILE

    def add(
        self, name: str, inputs: Sequence[str], layers: Sequence[Layer], shape: Shape, merge: str | None = None
    ) -> str:
        """A new vertex; what comes out of it has that shape."""
        called, count = name, 1
        while called in self.vertices or called == INPUT:
            count += 1
            called = f"{name}#{count}"
        for one in inputs:
            self.used[one] = self.used.get(one, 0) + 1
        self.vertices[called] = Vertex(called, tuple(inputs), tuple(layers), merge, f"/graph/node/{name}", shape)
        return called

    def layered(self, signal: Signal, name: str, layers: Sequence[Layer], shape: Shape) -> str:
        """A vertex of layers behind a signal whose functions are applied."""
        return self.add(name, [signal.vertex], layers, shape)

    def arranged(self, signal: Signal, axes: tuple[int, ...], name: str) -> Signal:
        """The signal with these axes, its functions applied; Unreadable where numbers would have to change places."""
        plain = self.applied(signal, name)
        if len(axes) != len(plain.axes):
            raise Unreadable(f"reads {len(axes)} axes; here come {len(plain.axes)}")
        own = {axis: place for place, axis in enumerate(axes)}
        order = [plain.axes[own[place]] for place in range(len(axes) - 1)]
        if plain.axes[own[SAMPLES]] != SAMPLES:
            raise Unreadable("takes another axis for that of samples")
        moved = [one for one in order if one != SINGLE and plain.shape[one] != 1]
        if moved != sorted(moved) and not plain.free:
            raise Unreadable("reads its axes in an order that would need a transposition, which there is none of here")
        shape = tuple(1 if one == SINGLE else plain.shape[one] for one in order)
        vertex = self.shaped(plain, shape, name)
        return replace(plain, vertex=vertex, shape=shape, axes=axes, free=plain.free and len(shape) == 1)

    def plain(self, signal: Signal, name: str) -> Signal:
        """The signal with its functions applied, and a vertex of its shape."""
        found = self.applied(signal, name)
        return replace(found, vertex=self.shaped(found, found.shape, name))

    def shaped(self, signal: Signal, shape: Shape, name: str) -> str:
        """The vertex with the signal's numbers in a shape of its own."""
        if self.shape_of(signal.vertex) == shape:
            return signal.vertex
        layer: Layer = {"kind": "flatten"} if len(shape) == 1 else {"kind": "reshape", "shape": list(shape)}
        return self.layered(signal, f"{name}/shape", [layer], shape)

    def shape_of(self, vertex: str) -> Shape:
        """The shape that comes out of a vertex."""
        found = self.vertices[vertex].shape
        return found if found is not None else ()

    def applied(self, signal: Signal, name: str) -> Signal:
        """The signal with its function as an activation of its own."""
        if signal.tokens:
            raise Unreadable("reads indices of tokens, which only an embedding does")
        if signal.part is not None or signal.mixed:
            raise Unreadable("reads a part of features, or the heads of an attention without a dense layer behind them")
        if signal.function is None:
            return signal
        key = (signal.vertex, signal.function.formula)
        if key not in self.flushed:
            layers = layers_of(signal.function)
            shape = self.shape_of(signal.vertex)
            self.flushed[key] = self.layered(signal, name, layers, shape) if layers else signal.vertex
        return replace(signal, vertex=self.flushed[key], function=None, positive=never_negative(signal.function))


def refuse(sentence: str) -> NotUnderstood:
    """A refusal of the file as a whole."""
    return NotUnderstood.of([Fault("", sentence)])
