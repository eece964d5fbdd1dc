"""Delta through the depth, measured and predicted, beside the bands that the verdict is decided by."""

from itertools import accumulate

from service.charts.curves.hidden import hidden, level
from service.charts.curves.rows import Row, cut, numbers, spread_rows, thinned
from service.charts.curves.zones import Frame, ends, zones
from service.simulation.results import LayerStatistics, SimulationReport

MEASURED, PREDICTED = "measured", "predicted by mean field theory"


def gradient(report: SimulationReport) -> dict[str, list[Row]]:
    """log10 of delta's norm less its median at the last hidden layer: at the first one, about the depth ratio.

    Its band is wider than that of the depth ratio: it has what a trial does to all layers alike.

    `layers` are the measured layers, with their band cut where it is far from the lines, `predicted` those that theory
    speaks of, `zones` the bands of the policy, `zeros` the layers where delta is exactly 0 in some trials.
    """
    starts = hidden(report)
    drawn = _drawn(report, starts)
    measured = spread_rows(drawn, lambda layer: layer.log10_delta_norm, MEASURED, level(report))
    predicted = _predicted(report)
    first, last = (starts[0].index, starts[-1].index) if starts else (1, len(report.layers))
    beside = ends(report.spec.policy) + numbers(measured, "p05", "p95")
    frame = Frame.around(numbers(measured, "median") + numbers(predicted, "median"), beside, first, last)
    return {
        "layers": [
            {**row, "low": cut(row, "p05", frame.low, frame.high), "high": cut(row, "p95", frame.low, frame.high)}
            for row in measured
        ],
        "predicted": predicted,
        "zones": zones(report.spec.policy, frame) if len(starts) > 1 else [],
        "zeros": _zeros([layer for layer in drawn if layer.zero_trials], frame),
    }


def _drawn(report: SimulationReport, starts: list[LayerStatistics]) -> list[LayerStatistics]:
    """The layers that are drawn: the first and the last hidden one, which the verdict is about, are among them."""
    chosen = {layer.index for layer in [*thinned(report.layers), *starts[:1], *starts[-1:]]}
    return [layer for layer in report.layers if layer.index in chosen]


def _zeros(layers: list[LayerStatistics], frame: Frame) -> list[Row]:
    """A mark for each layer whose delta is exactly 0 in some trials, the first with a name for all."""
    most = max((layer.zero_trials for layer in layers), default=0)
    name = f"crosses: exactly 0, in up to {most} trials"
    return [
        {"layer": layer.index, "zero_trials": layer.zero_trials, "at": frame.floor, "name": "" if place else name}
        for place, layer in enumerate(layers)
    ]


def _predicted(report: SimulationReport) -> list[Row]:
    """The predicted gains, added up from the last hidden layer back to each one that is drawn."""
    gains, starts = report.theory.log10_backward_gain, hidden(report)
    if not gains or len(gains) != len(starts) - 1:
        return []
    sums = [*reversed([0.0, *accumulate(reversed(gains))])]
    drawn = {layer.index for layer in _drawn(report, starts)}
    return [
        {"layer": layer.index, "series": PREDICTED, "median": decades}
        for layer, decades in zip(starts, sums, strict=True)
        if layer.index in drawn
    ]
