"""The gradient of the weights, as an optimiser meets it."""

from service.charts.curves.rows import Row, spread_rows, thinned
from service.simulation.results import SimulationReport


def weight_gradient(report: SimulationReport) -> dict[str, list[Row]]:
    """`layers`: the root mean square of ∂e/∂w over the weights of each layer that has any, in decades."""
    drawn = thinned([layer for layer in report.layers if layer.parameters])
    return {"layers": spread_rows(drawn, lambda layer: layer.log10_weight_gradient_rms, "per weight")}
