"""A specification unrolled and checked: the tree of its nodes with shapes and parameters, every choice with its fit."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from math import prod

from service.core.errors import DepthExceeded, GradientsTooLarge, Incompatible, ShapeMismatch
from service.nn.data import Data, OneHotData, TokenIndexData
from service.nn.layers.batch_norm import BatchNorm, NormMode
from service.nn.layers.dense import Dense
from service.nn.layers.embedding import Embedding
from service.nn.shapes import TokensShape
from service.simulation.layer_results import LayerShape
from service.simulation.spec import Include, SimulationSpec
from service.simulation.tree import Place, PlannedNode, Tree

DEEPEST = 5000
LARGEST_GRADIENTS = 100_000
"""Numbers of weights, biases, deltas and derivatives that a report carries at most."""


@dataclass(frozen=True)
class Depth:
    """Which rows the hidden layers are measured at. This is decided here and nowhere else.

    A node of the top list that opens, and what follows it up to the next one, is a layer; the last is the output, all
    others are hidden, and what precedes the first belongs to the input. A network in which nothing opens counts every
    node. Where all nodes from the first layer on are plain, the gradient is measured with respect to the pre-activation
    of the opener and the signal behind its last follower. Elsewhere both are measured right behind a block, and behind
    the last follower of a leaf. Inside a block there are hidden layers only where no signal passes it unchanged: then
    they are those of one branch, and of the first such block each branch makes another way through the network.
    """

    top: list[int]  # the rows of the top list
    gradients: list[int]  # of hidden layers, where their gradient is measured
    signals: list[int]  # of hidden layers, where their signal is measured
    plain: bool
    branch: str | None = None  # the pointer to the layers of the branch, where it is one of several
    inside: tuple[int, ...] = ()  # the rows of this branch behind its first hidden layer

    @classmethod
    def ways(cls, top: Sequence[PlannedNode]) -> "list[Depth]":
        """The hidden layers of a network with this top list: one for each branch where one must be chosen."""
        rows = [one.row for one in top]
        starts = [place for place, one in enumerate(top) if one.opens] or list(range(len(top)))
        plain = all(one.node.plain for one in top[starts[0] :])
        pairs = list(pairwise(starts))
        ends = [rows[start if top[start].chains else following - 1] for start, following in pairs]
        if plain:
            return [cls(rows, [rows[start] for start, _ in pairs], ends, plain)]
        first, *others = (_branches(top[start]) for start in starts)
        behind = ends[:1]
        for branches, end in zip(others, [[row] for row in ends[1:]] + [[]], strict=False):
            behind += max((hidden for hidden, _ in branches.values()), key=len, default=[]) + end
        return [
            cls(rows, hidden + behind, hidden + behind, plain, pointer if len(first) > 1 else None, inside)
            for pointer, (hidden, inside) in (first or {None: ([], ())}).items()
        ]


def _branches(block: PlannedNode) -> dict[str | None, tuple[list[int], tuple[int, ...]]]:
    """The rows of the hidden layers inside each branch that has any, and of all behind its first, by its pointer.

    A branch's last layer is none of them: the block stands for it.
    """
    found: dict[str | None, tuple[list[int], tuple[int, ...]]] = {}
    for chain in block.chains if block.node.cut else ():
        starts = [place for place, one in enumerate(chain) if one.opens]
        hidden = [chain[start if chain[start].chains else end - 1].row for start, end in pairwise(starts)]
        if hidden:
            found[chain[0].path.rpartition("/")[0]] = hidden, tuple(one.row for one in chain if one.row > hidden[0])
    return found


@dataclass(frozen=True)
class Plan:
    """A network ready to be drawn, and the specification with nothing left open."""

    spec: SimulationSpec
    top: tuple[PlannedNode, ...]
    samples: int
    targets: Data
    nodes: tuple[PlannedNode, ...] = field(repr=False)  # all of the tree, by their rows
    ways: tuple[Depth, ...]
    way: int = 0  # which of these is measured

    @property
    def depth(self) -> Depth:
        """Where the hidden layers are."""
        return self.ways[self.way]

    @cached_property
    def output(self) -> PlannedNode:
        """The layer that the prediction comes out of: the last one that opens."""
        return next((one for one in reversed(self.top) if one.opens), self.top[-1])

    @cached_property
    def dense(self) -> bool:
        """Whether this is a plain stack of dense layers on vectors."""
        vectors = all(len(one.out) == 1 for one in self.nodes)
        return self.depth.plain and vectors and all(isinstance(one.node, Dense) for one in self.top if one.opens)

    @cached_property
    def masked(self) -> bool:
        """Whether dropout stands in front of the last place where hidden layers are measured."""
        before = self.nodes[: max(self.depth.signals, default=-1) + 1]
        return any(parameter.per_sample for one in before for parameter in one.parameters)

    @cached_property
    def final_norm(self) -> bool:
        """Whether a norm stands between the last place where hidden layers are measured and the output layer."""
        last, output = max(self.depth.signals, default=self.output.row), self.output.row
        return any(one.node.account == "normalisation" for one in self.top if last < one.row < output)

    @cached_property
    def digest(self) -> str:
        """The digest of the specification with nothing left open: the report's name."""
        return self.spec.digest()

    @cached_property
    def random(self) -> bool:
        """Whether two trials differ."""
        drawn = (one.initializer.random for node in self.nodes for one in node.parameters)
        return self.spec.inputs().random or self.targets.random or any(drawn)

    @property
    def trials(self) -> int:
        """The trials to simulate: one says it all where nothing is random."""
        return self.spec.trials if self.random else 1

    @property
    def outputs(self) -> int:
        """The width of the output layer: classes, or other features, of each position."""
        return self.top[-1].out[-1]

    @property
    def positions(self) -> int:
        """How many positions have an output: 1 unless it is a sequence or an image."""
        return prod(self.top[-1].out[:-1])

    @property
    def loss_factor(self) -> float:
        """The constant factor of the loss, which is the mean over positions."""
        return self.spec.loss.factor(self.outputs) / self.positions

    @cached_property
    def widest(self) -> int:
        """The number of features or units where there are most."""
        return max([self.spec.network.size, *(one.features for one in self.nodes)])

    @cached_property
    def parameters(self) -> int:
        """Weights, biases and all other parameters of the whole network."""
        return sum(one.parameter_count for one in self.nodes)

    @cached_property
    def fewest_in_statistics(self) -> int | None:
        """Over how many numbers a batch_norm takes mean and variance, where it is fewest; None where none does."""
        return min((self.samples * one.batch * prod(one.shape[:-1]) for one in _norms_of_batches(self)), default=None)

    def shapes(self) -> list[LayerShape]:
        """Every node as a client is told of it before anything is simulated."""
        boundaries = set(self.depth.gradients)
        return [one.described(one.row in boundaries) for one in self.nodes]


def plan(spec: SimulationSpec) -> Plan:
    """The plan of `spec`; a SpecError with the pointer of what does not fit."""
    spec = spec.model_copy(update={"network": spec.network.resolved()})
    depth = sum(layer.depth() for layer in spec.network.layers)
    if depth > DEEPEST:
        raise DepthExceeded(depth, DEEPEST)
    tree = Tree(tokens=isinstance(spec.network.input, TokensShape))
    place = Place("/network", "/layers", inside=False)
    top = tree.chain(spec.network.layers, spec.network.shape, place)
    targets = spec.targets(top[-1].out[-1])
    samples = spec.samples(targets)
    nodes = tuple(tree.nodes)
    made = Plan(spec.resolved(samples, targets), top, samples, targets, nodes, tuple(Depth.ways(top)))
    _check_activations(made)
    _check_data(made)
    _check_statistics(made)
    _check_gradients(made, spec.include)
    return made


def _norms_of_batches(made: Plan) -> list[PlannedNode]:
    """The nodes that normalise by statistics of the batch."""
    return [one for one in made.nodes if isinstance(one.node, BatchNorm) and one.node.mode is NormMode.TRAINING]


def _check_statistics(made: Plan) -> None:
    for one in _norms_of_batches(made) if made.fewest_in_statistics == 1 else []:
        if one.batch * prod(one.shape[:-1]) == 1:
            raise Incompatible(
                "batch_norm takes mean and variance over samples and positions, and here that is one number, whose "
                'variance is 0. Give it several with data.samples, or take layer_norm or "mode": "inference" here.',
                pointer=one.path,
            )


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
    _check_shape("/data/inputs/values", made.spec.inputs(), made.samples, made.spec.network.size)
    _check_shape("/data/targets/values", made.targets, made.samples, made.outputs * made.positions)
    _check_inputs(made)
    made.targets.check(made.spec.inputs(), made.outputs, made.positions)
    _check_means("targets", made.targets, made.outputs)
    if isinstance(made.targets, OneHotData) and made.targets.classes != made.outputs:
        raise Incompatible(
            f"one_hot has {made.targets.classes} classes, but the output layer has {made.outputs} units; "
            "there must be one unit for each class.",
            pointer="/data/targets/classes",
        )


def _check_inputs(made: Plan) -> None:
    """Indices of tokens where the network reads tokens and nowhere else; as many features as inputs speak of."""
    inputs, network = made.spec.inputs(), made.spec.network
    if isinstance(network.input, TokensShape):
        if not isinstance(inputs, TokenIndexData):
            raise Incompatible(
                'This network reads tokens, so its inputs are {"kind": "token_indices"}; leave data.inputs out, and '
                "they are.",
                pointer="/data/inputs",
            )
        _check_vocabularies(made, network.input.vocabulary)
    elif isinstance(inputs, TokenIndexData):
        raise Incompatible(
            'This network reads numbers, not token_indices: say network.input, such as {"kind": "tokens", "steps": 64, '
            '"vocabulary": 1000}, in place of its features, or take other inputs, such as {"kind": "gaussian"}.',
            pointer="/data/inputs",
        )
    _check_means("inputs", inputs, network.shape[-1])


def _check_means(what: str, data: Data, wanted: int) -> None:
    found = data.features()
    if found not in (None, wanted):
        raise Incompatible(
            f"There are {found} means and {wanted} features of {what}; each feature needs a mean of its own.",
            pointer=f"/data/{what}/means",
            found=found or 0,
            expected=wanted,
        )


def _check_vocabularies(made: Plan, wanted: int) -> None:
    """Every embedding has a vector for each of the tokens."""
    for one in made.nodes:
        known = one.node.vocabulary if isinstance(one.node, Embedding) else None
        if known is not None and known < wanted:
            raise Incompatible(
                f"The embedding has vectors for {known} tokens, and the inputs have {wanted}; leave vocabulary out, "
                "and it has one for each.",
                pointer=f"{one.path}/vocabulary",
                found=known,
                expected=wanted,
            )


def _check_shape(pointer: str, data: Data, samples: int, features: int) -> None:
    found = data.shape_of_values()
    if found not in (None, (samples, features)):
        raise ShapeMismatch(pointer, found, (samples, features))


def _check_gradients(made: Plan, include: list[Include]) -> None:
    if Include.GRADIENTS not in include:
        return
    numbers = made.parameters + 2 * made.samples * sum(planned.features for planned in made.nodes)
    if numbers > LARGEST_GRADIENTS:
        raise GradientsTooLarge(f"/include/{include.index(Include.GRADIENTS)}", numbers, LARGEST_GRADIENTS)
