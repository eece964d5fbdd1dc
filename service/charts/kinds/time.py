"""The gradient along the steps of recurrent layers."""

from collections.abc import Iterator, Sequence
from typing import Any

from service.charts.architecture import steps_read
from service.charts.chart import Chart
from service.charts.places import layer_name
from service.charts.rows import Row
from service.simulation.layer_results import LayerStatistics
from service.simulation.results import SimulationReport
from service.simulation.spreads import downsample_steps

_MOST_LAYERS = 8
"""More lines than that are not told apart."""


class TimeChart(Chart):
    """log10 of the gradient of what a layer remembers at each step, less that at the last step."""

    name = "time"
    title = "Gradient along the steps"
    how_to_read = "The error enters at the last step and travels back: how far back does an input still count?"
    position = 32
    tab = "Along time"
    requires = "time"
    on_report_page = True

    def rows(self, reports: Sequence[SimulationReport]) -> dict[str, list[Row]]:
        """`layers`: the median over trials at each step, in decades below that at the last, of up to eight layers."""
        report, *_ = reports
        layers = [layer for layer in report.layers if layer.time is not None][:_MOST_LAYERS]
        return {"layers": [row for layer in layers for row in _steps(layer, steps_read(report, layer))]}

    def drawing(self) -> dict[str, Any]:
        """Lines over the table `layers`."""
        import altair as alt

        from service.charts import marks

        x = marks.count_axis("step", "step, in the order in which they are taken")
        y = marks.decades_axis("median", "gradient over that at the last step, decades")
        legend = alt.Legend(title=None, columns=1, symbolType="stroke", symbolOpacity=1)
        colour = alt.Color("series:N", scale=alt.Scale(range="category"), legend=legend)
        dashed = alt.StrokeDash("series:N", scale=alt.Scale(range=marks.DASHES), legend=legend)
        base = alt.Chart(alt.NamedData("layers"))
        tooltip = [
            alt.Tooltip("series:N", title="layer"),
            alt.Tooltip("step:Q"),
            alt.Tooltip("median:Q", format="+.4~r"),
        ]
        return marks.layered(
            base.mark_line(strokeWidth=2.2, invalid="break-paths-filter-domains").encode(x, y, colour, dashed),
            base.mark_point(filled=True, size=10, opacity=1).encode(x, y, colour, dashed, tooltip=tooltip),
        )


def _steps(layer: LayerStatistics, count: int) -> Iterator[Row]:
    """A row for each step that the report has of a layer that reads so many."""
    profile = layer.time.log10_state_gradient if layer.time is not None else []
    last = next((value for value in reversed(profile) if value is not None), 0.0)
    for step, value in zip(downsample_steps(count), profile, strict=True):
        yield {
            "layer": layer.index,
            "series": f"{layer.index} · {layer_name(layer)}",
            "step": step + 1,
            "median": None if value is None else value - last,
        }
