"""What a place of the graph holds: a signal, a parameter, numbers that are known, or something between them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from service.core.arrays import Shape
from service.imports.base import Layer
from service.imports.torch.axes import Axis, Dim, leaves, size_of

Numbers = npt.NDArray[Any]


class Cannot(Exception):
    """An operation is not understood: the sentence says what of it."""


@dataclass(frozen=True)
class Weight:
    """A parameter, `steps` behind one another applied to its numbers, which have then that shape."""

    name: str
    shape: Shape
    steps: tuple[Callable[[Numbers], Numbers], ...] = ()

    def then(self, step: Callable[[Numbers], Numbers]) -> "Weight":
        """The parameter with one step more."""
        shape = step(np.broadcast_to(np.int8(0), self.shape)).shape
        return Weight(self.name, shape, (*self.steps, step))

    def of(self, numbers: Numbers) -> Numbers:
        """What the steps make of the parameter's numbers."""
        for step in self.steps:
            numbers = step(numbers)
        return numbers


@dataclass(frozen=True)
class Filling:
    """What a field of a layer is filled with: the numbers of parameters, as our language arranges them.

    It stands in a layer until it is known how the parameters are drawn. Several are drawn alike, each by itself.
    """

    weights: tuple[Weight, ...]
    fan_in: int
    fan_out: int
    alone: bool = True  # whether each of several is a matrix by itself, with fans of its own


@dataclass(eq=False)
class Space:
    """In which order the axes of a vertex's output stand, channels last; None until the first layer tells."""

    dims: tuple[Dim, ...] | None = None

    @property
    def known(self) -> tuple[Dim, ...]:
        """The dimensions, which must have been told."""
        return self.dims or ()

    @property
    def shape(self) -> Shape:
        """The sizes, without the batch."""
        return tuple(size_of(dim) for dim in self.known)

    @property
    def channel(self) -> Dim:
        """The last axis, that of features or channels."""
        return self.known[-1]

    @property
    def positions(self) -> tuple[Dim, ...]:
        """All but the last axis."""
        return self.known[:-1]


@dataclass(frozen=True)
class Kernel:
    """A layer with a matrix: PyTorch's `weight` (out, in, …), of which only some rows may be left."""

    make: Callable[["Kernel"], Layer]
    weight: Weight
    bias: Weight | None
    rows: Numbers  # (out,) indices


@dataclass(eq=False)
class Draft:
    """A vertex of the graph that is made: what it reads, its layers, and what they are made of."""

    name: str
    inputs: Sequence["Draft"]
    layers: list[Layer]
    space: Space
    pointer: str = ""
    merge: str | None = None
    kernel: Kernel | None = None
    recurrence: Any = None
    open: bool = False  # of an attention: whether what stands behind the heads is still to come
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Signal:
    """What comes out of a vertex, as a tensor of those dimensions, the batch among them."""

    draft: Draft
    dims: tuple[Dim, ...]

    @property
    def space(self) -> Space:
        """The order of the vertex's axes."""
        return self.draft.space

    @property
    def shape(self) -> Shape:
        """The sizes of the tensor in PyTorch, samples first."""
        return tuple(size_of(dim) for dim in self.dims)


@dataclass(frozen=True)
class Known:
    """Numbers that no input and no parameter has a part in."""

    numbers: Numbers


@dataclass(frozen=True)
class Scores:
    """query · key, (…, steps, steps), before or behind the softmax."""

    query: Signal
    key: Signal
    factor: float = 1.0
    causal: bool = False
    dropout: float = 0.0
    normalised: bool = False


@dataclass(frozen=True)
class States:
    """The last states of a recurrent layer, each a signal (batch, units), stacked along the first dimension."""

    signals: tuple[Signal, ...]


class Unknown:
    """What came of an operation that is not understood."""


class Hidden:
    """Numbers that a file does not hold as plain bytes."""


UNKNOWN: Final = Unknown()
HIDDEN: Final = Hidden()
Value = Any
"""Any of these, a number, a text, None, or a list of such."""


class Arguments(dict[str, Any]):
    """The arguments of an operation by their names, and which of them were looked at."""

    def __init__(self, given: Mapping[str, Value]) -> None:
        super().__init__(given)
        self.read: set[str] = set()

    def __getitem__(self, name: str) -> Value:
        self.read.add(name)
        return super().__getitem__(name)

    def get(self, name: str, default: Value = None) -> Value:
        """The argument, or what stands for one that is not given."""
        self.read.add(name)
        return super().get(name, default)


@dataclass(frozen=True)
class Operation:
    """A node of the graph, with its arguments by their names."""

    name: str
    args: Arguments
    path: str  # of the module that it stands in, such as layer1.0.conv1
    leaf: bool  # whether that module is one of PyTorch's own
    result: str
    shape: Shape | None
    pointer: str

    def number(self, name: str, default: float = 0.0) -> float:
        """An argument that is a number."""
        found = self.args.get(name)
        if found is None:
            return default
        if isinstance(found, Known) and found.numbers.size == 1:
            return float(found.numbers.reshape(()))
        if isinstance(found, bool | int | float):
            return float(found)
        raise Cannot(f"`{name}` is no number that is known")

    def whole(self, name: str, default: int = 0) -> int:
        """An argument that is a whole number."""
        return int(self.number(name, default))

    def wholes(self, name: str, count: int, default: int) -> list[int]:
        """An argument of `count` whole numbers, of which one stands for all."""
        found = self.args.get(name)
        numbers = [found] if isinstance(found, int) else list(found or [])
        if not numbers:
            numbers = [default]
        if len(numbers) not in (1, count) or not all(isinstance(one, int) for one in numbers):
            raise Cannot(f"`{name}` is {numbers}; there should be {count} numbers")
        return numbers * (count // len(numbers))

    def signal(self, name: str) -> Signal:
        """An argument that is a signal."""
        found = self.args.get(name)
        if not isinstance(found, Signal):
            raise Cannot(f"`{name}` is no signal")
        return found

    def weight(self, name: str) -> Weight:
        """An argument that is a parameter."""
        found = self.args.get(name)
        if not isinstance(found, Weight):
            raise Cannot(f"`{name}` is computed, and no parameter")
        return found

    def perhaps(self, name: str) -> Weight | None:
        """An argument that is a parameter or None."""
        return None if self.args.get(name) is None else self.weight(name)

    def flag(self, name: str, default: bool = False) -> bool:
        """An argument that is true or false."""
        return bool(self.args.get(name, default))

    def plain(self, **usual: Value) -> None:
        """Cannot where an argument has another value than the usual one, the only one that is understood."""
        for name, value in usual.items():
            if self.args.get(name, value) not in (value, [value], [value] * 2, None):
                raise Cannot(f"`{name}` is {self.args[name]}; {value} alone is read")


def channels(axis: Axis) -> Dim:
    """A dimension of that one axis."""
    return leaves((axis,))
