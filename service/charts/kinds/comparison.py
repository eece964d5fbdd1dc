"""Several networks beside one another, by the steps back from their last hidden layers."""

from collections.abc import Sequence
from string import ascii_uppercase
from typing import Any

from service.charts.architecture import anchor, architecture, hidden_layers, outcome
from service.charts.chart import Chart
from service.charts.places import Places
from service.charts.rows import Frame, Row, clamp, downsample, numbers, spread_rows
from service.simulation.results import SimulationReport

_FARTHEST = 12.0
"""Decades, up or down, at which a line is cut: beyond, one dead network would flatten all others."""
_TOWARDS = ["triangle-down", "triangle-up"]
"""The marks of a line that is cut, by where it goes on."""
_BETWEEN_NAMES = 0.06
_FURTHER_IN = 26
"""Pixels between the edge and a band's name: letters stand at the edge."""


class ComparisonChart(Chart):
    """Delta over its median at the last hidden layer, in decades, by the steps back from there."""

    name = "comparison"
    title = "Networks compared"
    how_to_read = (
        f"A decade is a factor of ten: −3 decades are a thousandth. A line beyond {_FARTHEST:g} decades is cut there: "
        "triangles in place of points, and its name says where it goes."
    )
    position = 70
    tab = None
    compares = True

    def rows(self, reports: Sequence[SimulationReport]) -> dict[str, list[Row]]:
        """`layers`: the hidden layers of each network; `line` is the median, cut.

        `cuts`: the points at which a line is cut; `ends`: where each network's line ends, with its letter; `zones`: the
        bands of the policy, where all networks are judged by the same.
        """
        lines = [_line(report, letter) for report, letter in zip(reports, ascii_uppercase, strict=False)]
        rows = [row for line in lines for row in line]
        policy = reports[0].spec.policy
        alike = all(report.spec.policy == policy for report in reports)
        furthest = max([int(value) for value in numbers(rows, "layer")], default=0)
        frame = Frame.around(numbers(rows, "line"), (0, furthest), policy)
        return {
            "layers": rows,
            "cuts": [row for row in rows if row["line"] != row["median"]],
            "ends": _spaced([line[0] for line in lines if line and line[0]["line"] is not None], frame),
            "zones": frame.bands(policy) if furthest and alike else [],
        }

    def drawing(self) -> dict[str, Any]:
        """Marks over `layers`, `ends` and `zones`."""
        import altair as alt

        from service.charts import marks

        x = marks.count_axis("layer", "steps back from the last hidden layer", reverse=True, padding=22)
        y = marks.decades_axis("line", marks.BESIDE_LAST)
        legend = alt.Legend(title=None, columns=1, symbolType="stroke", symbolOpacity=1)
        colour = alt.Color("series:N", scale=alt.Scale(range="category"), legend=legend)
        dashed = alt.StrokeDash("series:N", scale=alt.Scale(range=marks.DASHES), legend=legend)
        ends = alt.Chart(alt.NamedData("ends")).mark_text(style="end-name")
        cuts = alt.Chart(alt.NamedData("cuts")).mark_point(filled=True, size=70, opacity=1)
        direction = alt.Shape("towards:N", scale=alt.Scale(domain=_TOWARDS, range=_TOWARDS), legend=None)
        return marks.layered(
            *marks.policy_bands(named_at="last", dx=_FURTHER_IN),
            *marks.medians(x, y, colour, dashed, band=None),
            cuts.encode(x, y, colour, dashed, direction, tooltip=marks.layer_tooltip("what", "median")),
            ends.encode(alt.X("layer:Q"), alt.Y("name_at:Q"), alt.Text("letter:N")),
        )


def _line(report: SimulationReport, letter: str) -> list[Row]:
    """The hidden layers of a report, from the first to the last, each with its steps back from the last."""
    measured = spread_rows(hidden_layers(report), lambda layer: layer.log10_delta_norm, "", anchor(report))
    farthest = max(numbers(measured, "median"), key=abs, default=0.0)
    cut = f" (cut, goes to {farthest:+.1f})".replace("-", "−") if abs(farthest) > _FARTHEST else ""
    name = f"{letter}{cut} · {architecture(report)}: {outcome(report.verdict)}"
    rows = Places.of(report).put(measured)
    return downsample(
        [
            {**row, **_cut(row), "series": name, "letter": letter, "layer": len(rows) - 1 - at}
            for at, row in enumerate(rows)
        ]
    )


def _cut(row: Row) -> Row:
    """`line`: the median, within what is drawn; `towards`: the mark of a point that is beyond."""
    line = clamp(row, "median", -_FARTHEST, _FARTHEST)
    return {"line": line, "towards": _TOWARDS[line is not None and line > 0.0]}


def _spaced(ends: list[Row], frame: Frame) -> list[Row]:
    """The ends from top to bottom, each name so far below the one before that both can be read."""
    step = _BETWEEN_NAMES * (frame.high - frame.low)
    ordered = sorted(ends, key=lambda row: (-max(numbers([row], "line")), row["layer"], row["letter"]))
    heights: list[float] = []
    for end in ordered:
        heights.append(min([*numbers([end], "line"), *(height - step for height in heights[-1:])]))
    for place in reversed(range(len(heights))):  # those that have left the frame push the others up
        heights[place] = max(heights[place], frame.low + step * (len(heights) - 1 - place))
    return [{**end, "name_at": height} for end, height in zip(ordered, heights, strict=True)]
