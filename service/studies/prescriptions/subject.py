"""The specification that is to be mended: as it is written, its plan, and the layers at which it may be changed."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

from pydantic import ValidationError

from service.core.errors import Refusal
from service.core.pointers import Edit, patched, resolve
from service.nn.activations import Activation
from service.nn.activations.piecewise import Relu
from service.nn.activations.smooth import Linear
from service.nn.cells import CellKind
from service.nn.layers import Node
from service.nn.layers.embedding import Embedding
from service.nn.layers.normalisation import Normalisation
from service.nn.layers.recurrent import Recurrent
from service.nn.layers.residual import Residual
from service.nn.layers.transformer_block import TransformerBlock
from service.simulation.plan import Plan, plan
from service.simulation.spec import SimulationSpec
from service.simulation.tree import PlannedNode

Json = dict[str, Any]


class Remedy(StrEnum):
    """What is changed of a specification, or of its training."""

    INPUTS = "inputs"
    TARGETS = "targets"
    LOSS_SCALE = "loss_scale"
    PRECISION = "precision"
    LEARNING_RATE = "learning_rate"
    INITIALIZER = "initializer"
    FORGET_BIAS = "forget_bias"
    DROPOUT = "dropout"
    BRANCH_SCALE = "branch_scale"
    ACTIVATION = "activation"
    NORM = "norm"
    RESIDUAL = "residual"
    CELL = "cell"
    DEPTH = "depth"
    COMBINATION = "combination"


@dataclass(frozen=True)
class Change:
    """Edits of a specification, in words, with the lines to write in two frameworks."""

    remedy: Remedy
    words: str  # the beginning of a sentence
    edits: tuple[Edit, ...]
    effort: float  # how much changes: 1 for what stands outside the network, 8 for another depth
    pytorch: str | None = None
    keras: str | None = None


@dataclass(frozen=True)
class Site:
    """A layer as it is written, and as it is planned: more than once where it is repeated."""

    pointer: str
    planned: tuple[PlannedNode, ...]
    inner: tuple[PlannedNode, ...] = ()  # the nodes that it is a name for
    output: bool = False

    @property
    def node(self) -> Node:
        """The layer as it is planned where it is met first."""
        return self.planned[0].node

    @property
    def parent(self) -> str:
        """The pointer to the list that it stands in."""
        return self.pointer.rpartition("/")[0]

    @property
    def index(self) -> int:
        """Its place in that list."""
        return int(self.pointer.rpartition("/")[2])

    @property
    def opens(self) -> bool:
        """Whether it has weights and is no embedding."""
        return self.planned[0].opens and not isinstance(self.node, Embedding)

    @property
    def place(self) -> tuple[int, ...]:
        """The numbers of its pointer: of two edits the one at the later place is made first, so that both fit."""
        return tuple(int(token) for token in self.pointer.split("/") if token.isdigit())

    @property
    def bent(self) -> bool:
        """Whether it has an activation that is not linear."""
        activation = self.node.output_activation
        return activation is not None and not isinstance(activation, Linear)


@dataclass(frozen=True)
class Subject:
    """A specification, as it is written and as it is planned."""

    document: Json = field(repr=False)
    plan: Plan = field(repr=False)

    @classmethod
    def of(cls, spec: SimulationSpec) -> "Subject":
        """The specification without what it does not say; a SpecError where it does not fit together."""
        document = spec.model_dump(mode="json", exclude_unset=True)
        try:
            return cls(document, plan(SimulationSpec.model_validate(document)))
        except ValidationError:  # made in Python, where a kind may be left out
            return cls(spec.model_dump(mode="json"), plan(spec))

    def changed(self, edits: tuple[Edit, ...]) -> "Subject | None":
        """What the edits make of it; None where that would be refused."""
        document = patched(deepcopy(self.document), edits)
        try:
            return Subject(document, plan(SimulationSpec.model_validate(document)))
        except (ValidationError, Refusal):
            return None

    def says(self, pointer: str) -> Any:
        """What is written at `pointer`; None where nothing is."""
        try:
            return resolve(self.document, pointer)
        except LookupError:
            return None

    @cached_property
    def sites(self) -> dict[str, Site]:
        """Every layer that is written, by its pointer, in the order in which they are computed."""
        found: dict[str, list[PlannedNode]] = {}
        for one in self.plan.nodes:
            found.setdefault(one.path, []).append(one)
        last = self.plan.top[-1].path
        sites = {}
        for path, nodes in found.items():
            kind = self.says(f"{path}/kind")
            own = tuple(one for one in nodes if one.node.kind == kind)
            inner = tuple(one for one in nodes if one.node.kind != kind)
            sites[path] = Site(path, own or tuple(nodes), inner, path == last)
        return sites

    @property
    def hidden(self) -> list[Site]:
        """The layers with weights but the output, and without the blocks that contain others."""
        return [one for one in self.leaves if not one.output]

    @property
    def leaves(self) -> list[Site]:
        """The layers with weights of their own; a transformer block is one."""
        return [
            one
            for one in self.sites.values()
            if one.opens and (one.planned[0].weights > 0 or isinstance(one.node, TransformerBlock))
        ]

    def behind(self, site: Site) -> Iterator[Site]:
        """The layers that follow in the same list, up to the next with weights."""
        for index in range(site.index + 1, len(self.says(site.parent))):
            found = self.sites.get(f"{site.parent}/{index}")
            if found is None or found.opens:  # a repeat is no site
                return
            yield found

    def before(self, site: Site) -> Iterator[Site]:
        """The layers in front of it in the same list, the nearest first, down to the next with weights."""
        for index in reversed(range(site.index)):
            found = self.sites.get(f"{site.parent}/{index}")
            if found is None or found.opens:
                return
            yield found

    def around(self, site: Site) -> Site | None:
        """The residual block that it stands in, if any."""
        blocks = (one for one in self.sites.values() if isinstance(one.node, Residual))
        inside = [one for one in blocks if site.pointer.startswith(f"{one.pointer}/")]
        return max(inside, key=lambda one: len(one.pointer), default=None)

    def activation(self, site: Site) -> Activation:
        """The activation that its weights work with: its own, one that follows, that of its block, or one in front."""
        node = site.node
        if isinstance(node, TransformerBlock) or (isinstance(node, Recurrent) and node.cell is CellKind.RNN):
            return node.activation
        block = self.around(site)
        near = [site, *self.behind(site), *([block] if block else []), *self.before(site)]
        for one in near:
            if one.node.kind == "prelu":
                return Relu()
            activation = one.node.output_activation
            if one.bent and activation is not None:
                return activation
        return Linear()

    def normalised(self, site: Site) -> bool:
        """Whether a norm stands behind it, or in front of it."""
        near = [*self.behind(site), *self.before(site)]
        return any(isinstance(one.node, Normalisation) for one in near) or isinstance(site.node, TransformerBlock)


Builder = Callable[[Subject], Iterator[Change]]
"""Proposes changes, the likeliest first."""


def put(pointer: str, value: Any) -> Edit:
    """The member of an object at `pointer` is `value`, whether it was there or not; in a list it is put in front."""
    return Edit(op="add", path=pointer, value=value)


def short(value: float, tolerance: float = 0.01) -> float:
    """`value` with as few digits as come within `tolerance` of it: 0.045 for 0.0447."""
    for digits in range(1, 6):
        rounded = float(f"{value:.{digits}g}")
        if abs(rounded - value) <= tolerance * abs(value):
            return rounded
    return float(f"{value:.6g}")
