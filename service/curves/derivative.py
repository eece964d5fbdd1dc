"""The activation's derivative where the network works, beside its certified bounds."""

from service.curves.activation import limits
from service.curves.architecture import activations
from service.curves.rows import Row, thinned
from service.results import LayerStatistics, SimulationReport


def derivative(report: SimulationReport) -> dict[str, list[Row]]:
    """`layers`: mean, RMS, smallest and largest φ' of each; `bins`: its histogram, where asked for; `bounds` of φ'."""
    drawn = thinned(report.layers[:-1] or report.layers)
    return {
        "layers": [{"layer": layer.index, **_cells(layer)} for layer in drawn],
        "bins": [row for layer in drawn for row in _bins(layer)],
        "bounds": [row for one in activations(report) for row in limits(one)],
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


def _bins(layer: LayerStatistics) -> list[Row]:
    """What share of units and samples lies between two values of φ'; empty bins are left out."""
    if layer.histograms is None:
        return []
    histogram = layer.histograms.derivative
    total = sum(histogram.counts)
    return [
        {"layer": layer.index, "low": low, "high": high, "share": count / total}
        for low, high, count in zip(histogram.edges, histogram.edges[1:], histogram.counts, strict=False)
        if count
    ]
