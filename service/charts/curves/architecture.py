"""A network in a few words, for titles."""

from service.charts.curves.hidden import hidden, hidden_depth
from service.nn.activations import Activation
from service.nn.activations.expression import Expression
from service.nn.layers.base import SingleLayer
from service.nn.layers.dense import Dense
from service.simulation.results import SimulationReport, Verdict
from service.simulation.vocabulary import Severity

_LONGEST_FORMULA = 32
_MOST_NAMES = 3


def activations(report: SimulationReport) -> list[Activation]:
    """The different activations of the hidden layers, in the order they are met; those of all where none is hidden."""
    return list(dict.fromkeys(layer.activation for layer in _inner(report)))


def architecture(report: SimulationReport) -> str:
    """Such as `stanh × 20, width 128, lecun_normal`."""
    layers = hidden(report)
    names = [name_of(one) for one in activations(report)]
    widths = dict.fromkeys(str(layer.shape[-1]) for layer in layers)
    weights = dict.fromkeys(layer.weights.name() for layer in _inner(report) if isinstance(layer, Dense))
    width = [f"width {few(list(widths))}"] if widths else []
    return ", ".join([f"{few(names)} × {len(layers)}", *width, *([few(list(weights))] if weights else [])])


def outcome(verdict: Verdict) -> str:
    """Such as `vanishing, severe`."""
    severity = "" if verdict.severity is Severity.NONE else f", {verdict.severity.value}"
    return f"{verdict.label.value}{severity}"


def name_of(activation: Activation) -> str:
    """Its kind, with its parameters where these are not the default, or the formula of an expression."""
    if isinstance(activation, Expression):
        formula = " ".join(activation.formula.split())
        return formula if len(formula) <= _LONGEST_FORMULA else f"{formula[: _LONGEST_FORMULA - 1]}…"
    values = ", ".join(f"{name} {value:g}" for name, value in activation.values.items())
    return f"{activation.name()}({values})" if values and activation != activation.default() else activation.name()


def _inner(report: SimulationReport) -> list[SingleLayer]:
    """The single layers of all hidden layers, every repeat unrolled; all layers where none is hidden."""
    layers = [layer for entry in report.spec.network.layers for _, layer in entry.unroll("")]
    return layers[: hidden_depth(report)] or layers


def few(names: list[str]) -> str:
    """The first three names, and whether there are more."""
    return "/".join([*names[:_MOST_NAMES], *(["…"] if len(names) > _MOST_NAMES else [])])
