"""A specification unrolled and checked: the tree of its nodes with shapes and parameters, every choice with its fit."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from math import prod
from zlib import crc32

from service.core.arrays import Shape
from service.core.errors import DepthExceeded, GradientsTooLarge, Incompatible, ShapeMismatch, WidthExceeded
from service.nn.data import Data, OneHotData
from service.nn.layers import Node
from service.nn.layers.base import Parameter
from service.nn.shapes import LARGEST_SIGNAL, WIDEST
from service.simulation.results import LayerShape
from service.simulation.spec import Include, SimulationSpec

DEEPEST = 5000
LARGEST_GRADIENTS = 100_000
"""Numbers of weights, biases, deltas and derivatives that a report carries at most."""
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
        """How many numbers come out for one sample."""
        return prod(self.out)

    @cached_property
    def weights(self) -> int:
        """How many weights there are, 0 where the node has no weight matrix."""
        return sum(one.size for one in self.parameters if one.is_weights)

    @cached_property
    def parameter_count(self) -> int:
        """The number of weights, biases and other parameters of the node itself."""
        return sum(one.size for one in self.parameters)

    @property
    def merged(self) -> int:
        """The features of all that meets in a block."""
        return sum(chain[-1].features if chain else prod(self.shape) for chain in self.chains)

    @cached_property
    def operations(self) -> float:
        """What it takes time for, for each sample, as multiplications and additions of a matrix product."""
        each, per_output = self.node.operations
        return 6.0 * self.node.products(self.shape) + each + per_output * (self.features + 3.0 * self.merged)

    @property
    def opens(self) -> bool:
        """Whether it has a weight matrix, or a node inside it has one: then it counts as a layer of depth."""
        return self.weights > 0 or any(one.opens for chain in self.chains for one in chain)

    def described(self, boundary: bool) -> LayerShape:
        """What a client is told of it before anything is simulated."""
        activation = self.node.output_activation
        return LayerShape(
            index=self.row + 1,
            path=self.path,
            kind=self.node.kind,
            activation=None if activation is None else activation.kind,
            shape=list(self.out),
            parameters=self.parameter_count,
            inside=self.inside,
            boundary=boundary,
        )


@dataclass(frozen=True)
class Depth:
    """Which rows the hidden layers are measured at. This is decided here and nowhere else.

    A node of the top list that opens, and what follows it up to the next one, is a layer; the last is the output, all
    others are hidden, and what precedes the first belongs to the input. A network in which nothing opens counts every
    node. Where all nodes from the first layer on are plain, the gradient is measured with respect to the pre-activation
    of the opener and the signal behind its last follower. Elsewhere both are measured right behind a block, and behind
    the last follower of a leaf: never inside a block.
    """

    top: list[int]  # the rows of the top list
    gradients: list[int]  # of hidden layers, where their gradient is measured
    signals: list[int]  # of hidden layers, where their signal is measured
    plain: bool

    @classmethod
    def of(cls, top: Sequence[PlannedNode]) -> "Depth":
        """The hidden layers of a network with this top list."""
        rows = [one.row for one in top]
        starts = [place for place, one in enumerate(top) if one.opens] or list(range(len(top)))
        plain = all(one.node.plain for one in top[starts[0] :])
        pairs = list(pairwise(starts))
        ends = [rows[start if top[start].chains else following - 1] for start, following in pairs]
        return cls(rows, [rows[start] for start, _ in pairs] if plain else ends, ends, plain)


@dataclass(frozen=True)
class Plan:
    """A network ready to be drawn, and the specification with nothing left open."""

    spec: SimulationSpec
    top: tuple[PlannedNode, ...]
    samples: int
    targets: Data
    nodes: tuple[PlannedNode, ...] = field(repr=False)  # all of the tree, by their rows
    depth: Depth

    @cached_property
    def digest(self) -> str:
        """The digest of the specification with nothing left open: the report's name."""
        return self.spec.digest()

    @cached_property
    def random(self) -> bool:
        """Whether two trials differ."""
        drawn = (one.initializer.random for node in self.nodes for one in node.parameters)
        return self.spec.data.inputs.random or self.targets.random or any(drawn)

    @property
    def trials(self) -> int:
        """The trials to simulate: one says it all where nothing is random."""
        return self.spec.trials if self.random else 1

    @property
    def outputs(self) -> int:
        """The width of the output layer."""
        return self.top[-1].features

    @cached_property
    def widest(self) -> int:
        """The number of features or units where there are most."""
        return max([self.spec.network.size, *(one.features for one in self.nodes)])

    @cached_property
    def parameters(self) -> int:
        """Weights, biases and all other parameters of the whole network."""
        return sum(one.parameter_count for one in self.nodes)

    def shapes(self) -> list[LayerShape]:
        """Every node as a client is told of it before anything is simulated."""
        boundaries = set(self.depth.gradients)
        return [one.described(one.row in boundaries) for one in self.nodes]


def plan(spec: SimulationSpec) -> Plan:
    """The plan of `spec`; a SpecError with the pointer of what does not fit."""
    depth = sum(layer.depth() for layer in spec.network.layers)
    if depth > DEEPEST:
        raise DepthExceeded(depth, DEEPEST)
    tree = _Tree()
    top = tree.chain("/network/layers", spec.network.layers, spec.network.shape)
    targets = spec.targets(top[-1].features)
    samples = spec.samples(targets)
    nodes = tuple(tree.nodes)
    made = Plan(spec.resolved(samples, targets), top, samples, targets, nodes, Depth.of(top))
    _check_activations(made)
    _check_data(made)
    _check_gradients(made, spec.include)
    return made


class _Tree:
    """The nodes of a network as they are met: in the order they are computed in."""

    def __init__(self) -> None:
        self.nodes: list[PlannedNode] = []
        self._weighted = 0
        self._others: dict[tuple[str, int], int] = {}

    def chain(
        self, path: str, layers: Sequence[Node], shape: Shape, source: int | None = None, inside: bool = False
    ) -> tuple[PlannedNode, ...]:
        """The nodes of `layers`, which stand at `path`, for inputs of that shape, which come from the row `source`."""
        planned: list[PlannedNode] = []
        for at, node in _unrolled(path, layers):
            parameters = node.parameters(shape)
            _check_values(at, parameters)
            weighted = any(one.is_weights for one in parameters)
            self._weighted += weighted
            tensors = tuple(tuple(self._tensor(name, weighted) for name in _parts(one)) for one in parameters)
            inner = node.chains().items()
            chains = tuple(self.chain(at + to, layers, shape, source, inside=True) for to, layers in inner)
            out = node.out(at, shape, [chain[-1].out if chain else shape for chain in chains])
            for width, limit in ((max(out), WIDEST), (prod(out), LARGEST_SIGNAL)):
                if width > limit:
                    raise WidthExceeded(at, width, limit)
            row, first = len(self.nodes), not planned
            one = PlannedNode(row, at, node, shape, out, tuple(parameters), tensors, chains, source, inside, first)
            planned.append(one)
            self.nodes.append(one)
            source = row
            shape = out
        return tuple(planned)

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


def _parts(one: Parameter) -> list[str]:
    """The names that the parts of a parameter are drawn by; the first has that of the parameter."""
    return [one.name, *(f"{one.name}/{number}" for number in range(1, one.parts))]


def _unrolled(path: str, layers: Sequence[Node]) -> Iterator[tuple[str, Node]]:
    for position, entry in enumerate(layers):
        yield from entry.unroll(f"{path}/{position}")


def _check_values(path: str, parameters: Sequence[Parameter]) -> None:
    """Explicit values have the parameter's shape; those of a vector may be a row, too."""
    for one in parameters:
        found = one.initializer.shape_of_values()
        if found not in (None, one.shape, (1, *one.shape)):
            raise ShapeMismatch(f"{path}/{one.name}/values", found, one.shape)


def _check_activations(made: Plan) -> None:
    last, loss = made.top[-1], made.spec.loss
    for planned in made.nodes:
        activation = planned.node.output_activation
        if planned is not last and activation is not None and activation.only_output:
            raise Incompatible(
                f"{activation.kind} normalises over the units and may stand in the last layer only.",
                pointer=_pointer_to_activation(planned),
            )
    activation = last.node.output_activation
    if loss.probability and not (activation is not None and activation.probability):
        what = f"output activation {activation.kind}" if activation is not None else f"output of {last.node.kind}"
        raise Incompatible(
            f"{loss.kind} reads predictions as probabilities, but the {what} leaves [0, 1]; "
            "take sigmoid or softmax there.",
            pointer=_pointer_to_activation(last),
        )


def _pointer_to_activation(planned: PlannedNode) -> str:
    """Where the activation stands; the layer where it was left out."""
    given = "activation" in planned.node.model_fields_set
    return f"{planned.path}/activation" if given else planned.path


def _check_data(made: Plan) -> None:
    _check_shape("/data/inputs/values", made.spec.data.inputs, made.samples, made.spec.network.size)
    _check_shape("/data/targets/values", made.targets, made.samples, made.outputs)
    if isinstance(made.targets, OneHotData) and made.targets.classes != made.outputs:
        raise Incompatible(
            f"one_hot has {made.targets.classes} classes, but the output layer has {made.outputs} units; "
            "there must be one unit for each class.",
            pointer="/data/targets/classes",
        )


def _check_shape(pointer: str, data: Data, samples: int, features: int) -> None:
    found = data.shape_of_values()
    as_vector = (samples,) if features == 1 else None
    if found not in (None, (samples, features), as_vector):
        raise ShapeMismatch(pointer, found, (samples, features))


def _check_gradients(made: Plan, include: list[Include]) -> None:
    if Include.GRADIENTS not in include:
        return
    numbers = made.parameters + 2 * made.samples * sum(planned.features for planned in made.nodes)
    if numbers > LARGEST_GRADIENTS:
        raise GradientsTooLarge(f"/include/{include.index(Include.GRADIENTS)}", numbers, LARGEST_GRADIENTS)
