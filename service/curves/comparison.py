"""Several networks beside one another, by the steps back from their last hidden layers."""

from string import ascii_uppercase

from service.curves.architecture import architecture
from service.curves.hidden import hidden, level
from service.curves.rows import Row, numbers, spread_rows, thinned
from service.curves.zones import Frame, zones
from service.results import SimulationReport

MOST = 12


def comparison(reports: list[SimulationReport]) -> dict[str, list[Row]]:
    """`layers`: delta over its level at the last hidden layer, in decades, by the steps back from there.

    `ends`: where each network's line ends, with its name; `zones`: the bands of the first one's policy.
    """
    lines = [_line(report, letter) for report, letter in zip(reports, ascii_uppercase, strict=False)]
    rows = [row for line in lines for row in line]
    policy = reports[0].spec.policy
    furthest = max([int(value) for value in numbers(rows, "layer")], default=0)
    frame = Frame.around(numbers(rows, "p05", "p95"), policy, 0, furthest)
    return {
        "layers": rows,
        "ends": [line[0] for line in lines if line and line[0]["median"] is not None],
        "zones": zones(policy, frame) if furthest else [],
    }


def _line(report: SimulationReport, letter: str) -> list[Row]:
    """The hidden layers of a report, from the first to the last, each with its steps back from the last."""
    layers = hidden(report)
    name = f"{letter} · {architecture(report)}"
    rows = spread_rows(layers, lambda layer: layer.log10_delta_norm, name, level(report))
    return thinned([{**row, "layer": len(rows) - 1 - at, "letter": letter} for at, row in enumerate(rows)])
