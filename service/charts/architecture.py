"""A network in a few words, and which of its layers are hidden ones."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

from service.charts.rows import downsample
from service.core.errors import SpecError
from service.nn.activations import Activation
from service.nn.activations.expression import Expression
from service.nn.activations.smooth import Linear
from service.nn.layers.dense import Dense
from service.simulation.layer_results import LayerStatistics
from service.simulation.plan import Plan, plan
from service.simulation.results import SimulationReport, Verdict
from service.simulation.spec import SimulationSpec
from service.simulation.tree import PlannedNode
from service.simulation.vocabulary import Severity
from service.studies.axes import Axis
from service.studies.points import PointVerdict
from service.studies.sweep import SweepSpec

_Item = TypeVar("_Item")

_LONGEST_FORMULA = 32
_NO_ACTIVATION = "no activation"
_MOST_NAMES = 3
_MOST_BARS = 50
"""Bars need more room than lines."""

# The parts of a network that an axis of a sweep may vary.
_ACTIVATION, _DEPTH, _WIDTH, _WEIGHTS, _ALL = "activation", "depth", "width", "weights", "network"
_OF_AXES = {"weight_variance": _WEIGHTS}
_OF_POINTERS = {"activation": _ACTIVATION, "times": _DEPTH, "units": _WIDTH, "weights": _WEIGHTS}


def hidden_layers(report: SimulationReport) -> list[LayerStatistics]:
    """The places that hidden layers are measured at, from input to output."""
    return [layer for layer in report.layers if layer.boundary]


def top_layers(report: SimulationReport) -> list[LayerStatistics]:
    """The layers of the top list, from input to output: those inside blocks are not on the way through the depth."""
    return [layer for layer in report.layers if not layer.inside]


def bar_layers(report: SimulationReport) -> list[LayerStatistics]:
    """The layers in front of the output layer, none of those inside others, or all where there are none in front.

    Of many they are fifty, evenly spaced.
    """
    return downsample([report.layers[node.row] for node in _in_front(_planned(report))], _MOST_BARS)


def planned_layers(report: SimulationReport) -> Sequence[PlannedNode]:
    """The layers of the top list with all that is inside them."""
    return _planned(report).top


def steps_read(report: SimulationReport, layer: LayerStatistics) -> int:
    """How many steps come into a layer."""
    return _planned(report).nodes[layer.index - 1].shape[0]


def anchor(report: SimulationReport) -> float:
    """The median of log10 delta at the last hidden layer, or where the gradient is last met; 0 where it is nowhere."""
    places = [*hidden_layers(report)[-1:], *reversed(report.layers)]
    medians = (layer.log10_delta_norm.median for layer in places)
    return next((median for median in medians if median is not None), 0.0)


def activations(report: SimulationReport) -> list[Activation]:
    """The different activations of the hidden layers, in the order they are met; those of all where none is hidden."""
    return _hidden_part(_planned(report)).shown


def architecture(report: SimulationReport) -> str:
    """Such as `stanh × 20, width 128, lecun_normal`; `convolution/residual × 17, relu, …` where not all are dense."""
    hidden, layers = _hidden_part(_planned(report)), hidden_layers(report)
    widths = _different(str(layer.shape[-1]) for layer in layers)
    known = [f"width {_first_three(widths)}" if widths else "", _first_three(hidden.weights)]
    return ", ".join([*hidden.words(len(layers)), *filter(None, known)])


def outcome(verdict: Verdict | PointVerdict) -> str:
    """Such as `vanishing, severe`."""
    severity = "" if verdict.severity is Severity.NONE else f", {verdict.severity.value}"
    return f"{verdict.label.value}{severity}"


def activation_name(activation: Activation) -> str:
    """Its kind, with its parameters where these are not the default, or the formula of an expression."""
    if isinstance(activation, Expression):
        formula = " ".join(activation.formula.split())
        return formula if len(formula) <= _LONGEST_FORMULA else f"{formula[: _LONGEST_FORMULA - 1]}…"
    values = ", ".join(f"{name} {value:g}" for name, value in activation.values.items())
    return (
        f"{activation.kind_name()}({values})"
        if values and activation != activation.default()
        else activation.kind_name()
    )


def outline(spec: SweepSpec) -> str:
    """Such as `tanh × 50, width 128`: the parts of the base network that no axis varies."""
    varied = {part for axis in spec.axes for part in _varied(axis)}
    if _ALL in varied:
        return ""
    try:
        hidden = _hidden_part(plan(spec.base))
    except SpecError:  # the axes make it one that can be simulated
        return ""
    words = hidden.names if _DEPTH in varied else ", ".join(hidden.words(hidden.count))
    parts = {_ACTIVATION: words}
    if _ACTIVATION in varied:
        parts[_DEPTH] = f"{hidden.count} hidden layers"
    if hidden.units:
        parts[_WIDTH] = f"width {_first_three(hidden.units)}"
        parts[_WEIGHTS] = _first_three(hidden.weights)
    return ", ".join(text for part, text in parts.items() if part not in varied)


def _varied(axis: Axis) -> set[str]:
    """What an axis varies; all of the network where its pointer names no part of a layer."""
    if axis.pointer is None:
        return {_OF_AXES.get(axis.name, axis.name)}
    tokens = axis.pointer.split("/")
    parts = {_OF_POINTERS[token] for token in tokens if token in _OF_POINTERS}
    whole = tokens[-1] in ("network", "layers") or (not parts and tokens[-1].isdigit())
    return {_ALL} if whole else parts


@dataclass(frozen=True, eq=False)
class _Specification:
    """A specification by its identity: equal to no other, however alike."""

    spec: SimulationSpec

    def __hash__(self) -> int:
        return id(self.spec)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Specification) and other.spec is self.spec


@lru_cache(1)
def _plan_of(one: _Specification) -> Plan:
    return plan(one.spec)


def _planned(report: SimulationReport) -> Plan:
    """The plan of the report's network, which a chart asks for several times."""
    return _plan_of(_Specification(report.spec))


@dataclass(frozen=True)
class _HiddenPart:
    """The layers of a specification in front of the output layer, or all where there are none."""

    count: int  # of hidden layers
    kinds: list[str]  # of hidden layers that are not dense; without repetition, as all that follows
    activations: list[Activation]
    units: list[str]  # of dense layers
    weights: list[str]  # the initialisers of weights

    @property
    def shown(self) -> list[Activation]:
        """The activations; where layers have kinds of their own, without those that change nothing."""
        return [one for one in self.activations if not (self.kinds and isinstance(one, Linear))]

    @property
    def names(self) -> str:
        """The names of the first three of these."""
        return _first_three(_different(activation_name(one) for one in self.shown)) or _NO_ACTIVATION

    def words(self, count: int) -> list[str]:
        """What so many hidden layers are."""
        return [f"{_first_three(self.kinds)} × {count}", self.names] if self.kinds else [f"{self.names} × {count}"]


def _hidden_part(made: Plan) -> _HiddenPart:
    top = _in_front(made)
    hidden = [inner for node in top for inner in (*_inside(node), node)]
    kinds = _different(node.node.kind.replace("_", " ") for node in top if node.opens)
    drawn = [one.initializer for node in hidden for one in node.parameters if one.is_weights]
    return _HiddenPart(
        count=len(made.depth.gradients),
        kinds=[] if kinds == ["dense"] else kinds,
        activations=_different(one for node in hidden if (one := _activation_of(node)) is not None),
        units=_different(str(node.node.units) for node in hidden if isinstance(node.node, Dense)),
        weights=_different(one.kind_name() for one in drawn),
    )


def _activation_of(planned: PlannedNode) -> Activation | None:
    """The activation of a node; None where a block does nothing to what comes out of it."""
    activation = planned.node.output_activation
    return None if planned.chains and isinstance(activation, Linear) else activation


def _in_front(made: Plan) -> Sequence[PlannedNode]:
    """The nodes of the top list in front of the output layer, or all where there are none."""
    last = max(made.depth.signals, default=-1)
    return [node for node in made.top if node.row <= last] or made.top


def _inside(node: PlannedNode) -> Iterator[PlannedNode]:
    """The nodes inside a block, in the order they are computed in."""
    for chain in node.chains:
        for one in chain:
            yield from _inside(one)
            yield one


def _different(items: Iterable[_Item]) -> list[_Item]:
    return list(dict.fromkeys(items))


def _first_three(names: list[str]) -> str:
    """The first three names, and whether there are more."""
    return "/".join([*names[:_MOST_NAMES], *(["…"] if len(names) > _MOST_NAMES else [])])
