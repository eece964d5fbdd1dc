"""Where the gain of every step comes from."""

from service.charts.curves.hidden import hidden_depth
from service.charts.curves.rows import MOST_BARS, Row, thinned
from service.simulation.results import LayerStatistics, SimulationReport, Spread

WEIGHTS, DERIVATIVE, BOTH = "weights W", "derivative φ'", "both: the gain"


def gain(report: SimulationReport) -> dict[str, list[Row]]:
    """`shares`: what weights and derivative add to each layer's gain, in decades; `gains`: their sum as measured.

    Means over the trials in which this layer has a gradient, in which both shares add up.
    """
    drawn = thinned(report.layers[: hidden_depth(report)] or report.layers, MOST_BARS)
    return {
        "shares": [
            *({**_row(layer.index, WEIGHTS, layer.log10_weight_gain), "mean": _by_weights(layer)} for layer in drawn),
            *(_row(layer.index, DERIVATIVE, layer.log10_derivative_gain) for layer in drawn),
        ],
        "gains": [_row(layer.index, BOTH, layer.log10_backward_gain) for layer in drawn],
    }


def _by_weights(layer: LayerStatistics) -> float | None:
    """The weights' mean share in the trials of the gain: in others units may have died behind these weights."""
    both, derivative = layer.log10_backward_gain.mean, layer.log10_derivative_gain.mean
    return None if both is None or derivative is None else both - derivative


def _row(layer: int, series: str, found: Spread) -> Row:
    return {"layer": layer, "series": series, "mean": found.mean, "p05": found.p05, "p95": found.p95}
