"""The tree of a network's nodes, each with its shapes, its parameters and where these are in the random numbers."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import prod
from zlib import crc32

from service.core.arrays import Shape
from service.core.errors import Incompatible, ShapeMismatch, WidthExceeded
from service.nn.layers import Node
from service.nn.layers.activation import ActivationLayer
from service.nn.layers.base import Parameter
from service.nn.layers.embedding import Embedding
from service.nn.shapes import LARGEST_SIGNAL, WIDEST, TokensShape
from service.simulation.layer_results import LayerShape

_PASSED_BY_ALL = ("weights", "value_weights", "output_weights")
"""Matrices of which one alone stops a gradient; the others of an attention or a recurrent layer have a way round."""
_OTHER_TENSORS = 32
_TENSORS_BEHIND_ONE = 19
"""Bits: a tensor that is neither weights nor bias is numbered by its name, by the weights before it, and by order."""


@dataclass(frozen=True)
class PlannedNode:
    """A node with its place in the network."""

    row: int  # its place among all nodes in the order they are computed in, from 0: those inside a block precede it
    path: str
    node: Node
    shape: Shape  # of what goes in, for one sample
    out: Shape  # of what comes out
    parameters: tuple[Parameter, ...]
    tensors: tuple[tuple[int, ...], ...]  # the places of the parameters' parts in the random numbers
    batch: int = 1  # how many inputs it has for one sample of the network
    chains: "tuple[tuple[PlannedNode, ...], ...]" = ()
    source: int | None = None  # the row of the node whose output goes in; None where these are the network's inputs
    inside: bool = False  # whether it stands in another node
    first: bool = False  # of its chain

    @property
    def fan_in(self) -> int:
        """The last axis of what goes in."""
        return self.shape[-1]

    @cached_property
    def features(self) -> int:
        """How many numbers come out for one sample of the network."""
        return prod(self.out) * self.batch

    @cached_property
    def weights(self) -> int:
        """How many weights there are, 0 where the node has no weight matrix."""
        return sum(one.size for one in self.parameters if one.is_weights)

    @cached_property
    def parameter_count(self) -> int:
        """The number of weights, biases and other parameters of the node itself."""
        return sum(one.size for one in self.parameters)

    @cached_property
    def without_way(self) -> bool:
        """Whether weights that every signal passes are zero by what is written, though others beside them are not."""
        passed = [one for one in self.parameters if one.name in _PASSED_BY_ALL]
        return any(one.initializer.variance(one.fan_in, one.fan_out) == 0.0 for one in passed)

    @property
    def merged(self) -> int:
        """The features of all that meets in a block."""
        return sum(chain[-1].features if chain else prod(self.shape) * self.batch for chain in self.chains)

    @cached_property
    def operations(self) -> float:
        """What it takes time for, for each sample, as multiplications and additions of a matrix product."""
        each, per_output = self.node.operations
        each += 6.0 * self.node.products(self.shape)
        return self.batch * each + per_output * (self.features + self.merged)

    @cached_property
    def kept(self) -> int:
        """How many numbers of one sample are kept for the way back."""
        bent = self.node.output_activation is not None and not isinstance(self.node, ActivationLayer)
        return self.features * (1 + bent) + self.batch * self.node.copies(self.shape)

    @property
    def opens(self) -> bool:
        """Whether it has a weight matrix, or a node inside it has one: then it counts as a layer of depth."""
        return self.weights > 0 or any(one.opens for chain in self.chains for one in chain)

    def whole(self) -> "Iterator[PlannedNode]":
        """Itself, and all that is inside it."""
        yield self
        for one in (one for inner in self.chains for one in inner):
            yield from one.whole()

    def described(self, boundary: bool) -> LayerShape:
        """What a client is told of it before anything is simulated."""
        activation = self.node.output_activation
        return LayerShape(
            index=self.row + 1,
            path=self.path,
            name=self.node.name,
            kind=self.node.kind,
            activation=None if activation is None else activation.kind,
            shape=list(self.out),
            parameters=self.parameter_count,
            inside=self.inside,
            boundary=boundary,
        )


class Tree:
    """The nodes of a network as they are met: in the order they are computed in."""

    def __init__(self, tokens: bool = False) -> None:
        """For inputs that are the indices of tokens, or numbers."""
        self.nodes: list[PlannedNode] = []
        self._tokens = tokens
        self._weighted = 0
        self._others: dict[tuple[str, int], int] = {}

    def chain(self, layers: Sequence[Node], shape: Shape, place: "Place") -> tuple[PlannedNode, ...]:
        """The nodes of `layers`, which stand at `place`, for inputs of that shape."""
        planned: list[PlannedNode] = []
        for at, node in place.unrolled(layers):
            where = place if not planned else replace(place, source=planned[-1].row)
            planned.append(self._planned(node, shape, where, at, first=not planned))
            shape = planned[-1].out
        return tuple(planned)

    def _planned(self, node: Node, shape: Shape, place: "Place", at: str, first: bool) -> PlannedNode:
        """A node and all that is inside it; a SpecError where something does not fit."""
        inner, outer = node.chains(shape), node.inner_shape(shape)
        if not inner:
            _check_tokens(at, node, reads_tokens=self._tokens and place.source is None)
        out = node.out(at, shape, []) if not inner else shape
        parameters = node.parameters(shape)
        _check_values(at, parameters)
        weighted = any(one.is_weights for one in parameters)
        self._weighted += weighted
        tensors = tuple(tuple(self._tensor(name, weighted) for name in _parts(one)) for one in parameters)
        batch = place.batch * (prod(shape) // prod(outer))
        chains = tuple(
            self.chain(layers, outer, Place(at, to, place.source, batch, written=place.written and to != ""))
            for to, layers in inner.items()
        )
        if inner:
            out = node.out(at, shape, [chain[-1].out if chain else outer for chain in chains])
        for width, limit in ((max(out), WIDEST), (prod(out), LARGEST_SIGNAL)):
            if width > limit:
                raise WidthExceeded(at, width, limit)
        row, inside = len(self.nodes), place.inside
        one = PlannedNode(
            row, at, node, shape, out, tuple(parameters), tensors, place.batch, chains, place.source, inside, first
        )
        self.nodes.append(one)
        return one

    def _tensor(self, name: str, weighted: bool) -> int:
        """The place of a parameter in the random numbers; 0 and 1 are those of inputs and targets.

        Weights of the n-th node that has any are 2n and their bias 2n + 1. Everything else is in a second range, so
        that a node without weights leaves all other draws as they are.
        """
        if weighted and name in ("weights", "bias"):
            return 2 * self._weighted + (name == "bias")
        order = self._others.setdefault((name, self._weighted), 0)
        self._others[name, self._weighted] += 1
        return ((1 + crc32(name.encode())) << _OTHER_TENSORS) + (self._weighted << _TENSORS_BEHIND_ONE) + order


@dataclass(frozen=True)
class Place:
    """Where a list of layers stands."""

    path: str  # the pointer to what it stands in
    to: str  # the pointer from there; empty where the specification has a name for what the layers are
    source: int | None = None  # the row of the node whose output goes in; None where these are the network's inputs
    batch: int = 1  # how many inputs of its chain there are for one sample of the network
    inside: bool = True
    written: bool = True  # whether the layers have pointers of their own

    def unrolled(self, layers: Sequence[Node]) -> Iterator[tuple[str, Node]]:
        """The layers with their pointers; those that are not written have the pointer of what stands for them."""
        own = self.written and self.to
        for position, entry in enumerate(layers):
            yield from (
                entry.unroll(f"{self.path}{self.to}/{position}")
                if own
                else ((self.path, node) for _, node in entry.unroll(""))
            )


def _parts(one: Parameter) -> list[str]:
    """The names that the parts of a parameter are drawn by; the first has that of the parameter."""
    return [one.name, *(f"{one.name}/{number}" for number in range(1, one.parts))]


def _check_tokens(path: str, node: Node, reads_tokens: bool) -> None:
    """An embedding reads tokens, and nothing else does."""
    if isinstance(node, Embedding) == reads_tokens:
        return
    if reads_tokens:
        raise Incompatible(
            "The inputs are indices of tokens, which are no numbers to compute with: put an embedding in front, such "
            f"as {json.dumps(Embedding.example())}.",
            pointer=path,
        )
    raise Incompatible(
        "An embedding reads the indices of tokens and stands first, in a network whose input is such as "
        f"{json.dumps(TokensShape.example())}; what comes in here are numbers.",
        pointer=path,
    )


def _check_values(path: str, parameters: Sequence[Parameter]) -> None:
    """Explicit values have the parameter's shape; those of a vector are one row."""
    for one in parameters:
        found = one.initializer.shape_of_values()
        if found is not None and found[:-1] == (1,) and len(one.shape) == 1:
            found = found[1:]
        if found not in (None, one.shape, (1, *one.shape)):
            raise ShapeMismatch(f"{path}/{one.name}/values", found, one.shape)
