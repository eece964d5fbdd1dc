"""Several networks beside one another, by the steps back from their last hidden layers."""

from string import ascii_uppercase

from service.charts.curves.architecture import architecture, outcome
from service.charts.curves.hidden import hidden, level
from service.charts.curves.rows import Row, cut, numbers, spread_rows, thinned
from service.charts.curves.zones import Frame, ends, zones
from service.simulation.results import SimulationReport

FARTHEST = 12.0
"""Decades, up or down, at which a line is cut: beyond, one dead network would flatten all others."""
_BETWEEN_NAMES = 0.06


def comparison(reports: list[SimulationReport]) -> dict[str, list[Row]]:
    """`layers`: delta over its level at the last hidden layer, in decades, by the steps back from there.

    `line` is the median, cut. `ends`: where each network's line ends, with its letter; `zones`: the bands of the
    policy, where all networks are judged by the same.
    """
    lines = [_line(report, letter) for report, letter in zip(reports, ascii_uppercase, strict=False)]
    rows = [row for line in lines for row in line]
    policy = reports[0].spec.policy
    alike = all(report.spec.policy == policy for report in reports)
    furthest = max([int(value) for value in numbers(rows, "layer")], default=0)
    frame = Frame.around(numbers(rows, "line"), ends(policy), 0, furthest)
    return {
        "layers": rows,
        "ends": _apart([line[0] for line in lines if line and line[0]["line"] is not None], frame),
        "zones": zones(policy, frame) if furthest and alike else [],
    }


def _line(report: SimulationReport, letter: str) -> list[Row]:
    """The hidden layers of a report, from the first to the last, each with its steps back from the last."""
    layers = hidden(report)
    name = f"{letter} · {architecture(report)}: {outcome(report.verdict)}"
    rows = spread_rows(layers, lambda layer: layer.log10_delta_norm, name, level(report))
    drawn = [
        {**row, "layer": len(rows) - 1 - at, "letter": letter, "line": cut(row, "median", -FARTHEST, FARTHEST)}
        for at, row in enumerate(rows)
    ]
    return thinned(drawn)


def _apart(ends: list[Row], frame: Frame) -> list[Row]:
    """The ends from top to bottom, each name so far below the one before that both can be read."""
    step = _BETWEEN_NAMES * (frame.high - frame.low)
    ordered = sorted(ends, key=lambda row: (-max(numbers([row], "line")), row["layer"], row["letter"]))
    heights: list[float] = []
    for end in ordered:
        heights.append(min([*numbers([end], "line"), *(height - step for height in heights[-1:])]))
    for place in reversed(range(len(heights))):  # those that have left the frame push the others up
        heights[place] = max(heights[place], frame.low + step * (len(heights) - 1 - place))
    return [{**end, "name_at": height} for end, height in zip(ordered, heights, strict=True)]
