"""The signal on its way forward, and how far two inputs stay apart."""

from service.charts.curves.rows import Row, spread_rows, thinned
from service.simulation.results import SimulationReport

SIGNAL, SEPARATION = "signal: RMS of the outputs", "separation: the part that tells inputs apart"


def signal(report: SimulationReport) -> dict[str, list[Row]]:
    """`layers`: the root mean square of the outputs and its share that differs between samples, in decades."""
    drawn = thinned(report.layers)
    return {
        "layers": [
            *spread_rows(drawn, lambda layer: layer.log10_forward_rms, SIGNAL),
            *spread_rows(drawn, lambda layer: layer.log10_separation, SEPARATION),
        ]
    }
