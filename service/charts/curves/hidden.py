"""Which layers of a report are hidden ones, and the level that their gradients are compared with."""

from service.simulation.diagnosis.statistics import Depth
from service.simulation.results import LayerStatistics, SimulationReport


def hidden(report: SimulationReport) -> list[LayerStatistics]:
    """The layers that hidden layers start with, from input to output: no activations that stand alone."""
    return [report.layers[start] for start in _depth(report).starts]


def hidden_depth(report: SimulationReport) -> int:
    """How many layers there are in front of the output layer, activations that stand alone among them."""
    return max((end + 1 for end in _depth(report).ends), default=0)


def level(report: SimulationReport) -> float:
    """The median of log10 delta at the last hidden layer, or where the gradient is last met; 0 where it is nowhere."""
    places = [*hidden(report)[-1:], *reversed(report.layers)]
    medians = (layer.log10_delta_norm.median for layer in places)
    return next((median for median in medians if median is not None), 0.0)


def _depth(report: SimulationReport) -> Depth:
    return Depth.of([layer.parameters > 0 for layer in report.layers])
