"""The activation's derivative where the network works, beside its certified bounds."""

from service.charts.curves.activation import limits, shown
from service.charts.curves.hidden import hidden_depth
from service.charts.curves.rows import MOST_BARS, Row, thinned
from service.simulation.results import LayerStatistics, SimulationReport

_LAYERS_OF_FINE_BINS = 8
"""With more layers, bins are put together: some three hundred rectangles are a picture, thousands a wait."""


def derivative(report: SimulationReport) -> dict[str, list[Row]]:
    """`layers`: mean, RMS, smallest and largest φ' of each; `bins`: its histogram, where asked for; `bounds` of φ'."""
    drawn = thinned(report.layers[: hidden_depth(report)] or report.layers, MOST_BARS)
    return {
        "layers": [{"layer": layer.index, **_cells(layer)} for layer in drawn],
        "bins": [row for layer in drawn for row in _bins(layer, -(-len(drawn) // _LAYERS_OF_FINE_BINS))],
        "bounds": [row for one in shown(report) for row in limits(one)],
    }


def _cells(layer: LayerStatistics) -> Row:
    found = layer.derivative
    return {
        "mean": found.mean,
        "rms": found.rms,
        "min": found.min,
        "max": found.max,
        "saturated": layer.saturated_fraction,
        "dead": layer.dead_fraction,
    }


def _bins(layer: LayerStatistics, together: int) -> list[Row]:
    """What share of units and samples lies between two values of φ', so many bins in one; empty ones are left out."""
    if layer.histograms is None:
        return []
    edges, counts = layer.histograms.derivative.edges, layer.histograms.derivative.counts
    groups = [(start, min(start + together, len(counts))) for start in range(0, len(counts), together)]
    return [
        {"layer": layer.index, "low": edges[start], "high": edges[end], "share": found / sum(counts)}
        for start, end in groups
        if (found := sum(counts[start:end]))
    ]
