"""Where the gain of every step comes from."""

from service.curves.rows import MOST_BARS, Row, thinned
from service.results import SimulationReport, Spread

WEIGHTS, DERIVATIVE, BOTH = "weights W", "derivative φ'", "both: the gain"


def gain(report: SimulationReport) -> dict[str, list[Row]]:
    """`shares`: what weights and derivative add to each layer's gain, in decades; `gains`: their sum as measured.

    Means over trials, for these add up as every trial does.
    """
    drawn = thinned(report.layers[:-1] or report.layers, MOST_BARS)
    return {
        "shares": [
            *(_row(layer.index, WEIGHTS, layer.log10_weight_gain) for layer in drawn),
            *(_row(layer.index, DERIVATIVE, layer.log10_derivative_gain) for layer in drawn),
        ],
        "gains": [_row(layer.index, BOTH, layer.log10_backward_gain) for layer in drawn],
    }


def _row(layer: int, series: str, found: Spread) -> Row:
    return {"layer": layer, "series": series, "mean": found.mean, "p05": found.p05, "p95": found.p95}
