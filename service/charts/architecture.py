"""A network in a few words, and which of its layers are hidden ones."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from service.charts.rows import downsample
from service.nn.activations import Activation
from service.nn.activations.expression import Expression
from service.nn.layers.dense import Dense
from service.simulation.diagnosis.statistics import Depth
from service.simulation.results import LayerStatistics, SimulationReport, Verdict
from service.simulation.spec import Network
from service.simulation.vocabulary import Severity
from service.studies.axes import Axis
from service.studies.points import PointVerdict
from service.studies.sweep import SweepSpec

_Item = TypeVar("_Item")

_LONGEST_FORMULA = 32
_MOST_NAMES = 3
_MOST_BARS = 50
"""Bars need more room than lines."""

# The parts of a network that an axis of a sweep may vary.
_ACTIVATION, _DEPTH, _WIDTH, _WEIGHTS, _ALL = "activation", "depth", "width", "weights", "network"
_OF_AXES = {"weight_variance": _WEIGHTS}
_OF_POINTERS = {"activation": _ACTIVATION, "times": _DEPTH, "units": _WIDTH, "weights": _WEIGHTS}


def hidden_layers(report: SimulationReport) -> list[LayerStatistics]:
    """The layers that hidden layers start with, from input to output: no activations that stand alone."""
    return [report.layers[start] for start in _depth_of(report).starts]


def bar_layers(report: SimulationReport) -> list[LayerStatistics]:
    """The layers in front of the output layer, activations that stand alone among them, or all where there are none.

    Of many they are fifty, evenly spaced.
    """
    return downsample(_in_front(report.layers, _depth_of(report)), _MOST_BARS)


def anchor(report: SimulationReport) -> float:
    """The median of log10 delta at the last hidden layer, or where the gradient is last met; 0 where it is nowhere."""
    places = [*hidden_layers(report)[-1:], *reversed(report.layers)]
    medians = (layer.log10_delta_norm.median for layer in places)
    return next((median for median in medians if median is not None), 0.0)


def activations(report: SimulationReport) -> list[Activation]:
    """The different activations of the hidden layers, in the order they are met; those of all where none is hidden."""
    return _hidden_part(report.spec.network).activations


def architecture(report: SimulationReport) -> str:
    """Such as `stanh × 20, width 128, lecun_normal`."""
    hidden, layers = _hidden_part(report.spec.network), hidden_layers(report)
    names = _first_three([activation_name(one) for one in hidden.activations])
    widths = _different(str(layer.shape[-1]) for layer in layers)
    known = [f"width {_first_three(widths)}" if widths else "", _first_three(hidden.weights)]
    return ", ".join([f"{names} × {len(layers)}", *filter(None, known)])


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
    return f"{activation.name()}({values})" if values and activation != activation.default() else activation.name()


def outline(spec: SweepSpec) -> str:
    """Such as `tanh × 50, width 128`: the parts of the base network that no axis varies."""
    varied = {part for axis in spec.axes for part in _varied(axis)}
    if _ALL in varied:
        return ""
    hidden = _hidden_part(spec.base.network)
    names = _first_three(_different(activation_name(one) for one in hidden.activations))
    parts = {_ACTIVATION: names if _DEPTH in varied else f"{names} × {hidden.count}"}
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


@dataclass(frozen=True)
class _HiddenPart:
    """The layers of a specification in front of the output layer, or all where there are none."""

    count: int  # of hidden layers
    activations: list[Activation]  # without repetition, as all that follows
    units: list[str]  # of dense layers
    weights: list[str]  # the initialisers of dense layers


def _hidden_part(network: Network) -> _HiddenPart:
    layers = [layer for entry in network.layers for _, layer in entry.unroll("")]
    depth = Depth.of([layer.weighted for layer in layers])
    hidden = _in_front(layers, depth)
    dense = [layer for layer in hidden if isinstance(layer, Dense)]
    return _HiddenPart(
        count=len(depth.starts),
        activations=_different(layer.activation for layer in hidden),
        units=_different(str(layer.units) for layer in dense),
        weights=_different(layer.weights.name() for layer in dense),
    )


def _depth_of(report: SimulationReport) -> Depth:
    return Depth.of([layer.parameters > 0 for layer in report.layers])


def _in_front(layers: Sequence[_Item], depth: Depth) -> Sequence[_Item]:
    return layers[: max(depth.ends, default=-1) + 1] or layers


def _different(items: Iterable[_Item]) -> list[_Item]:
    return list(dict.fromkeys(items))


def _first_three(names: list[str]) -> str:
    """The first three names, and whether there are more."""
    return "/".join([*names[:_MOST_NAMES], *(["…"] if len(names) > _MOST_NAMES else [])])
