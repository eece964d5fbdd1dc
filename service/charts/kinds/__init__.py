"""The charts of reports: a chart is one file with its rows, its drawing and its words; found by reading the folder."""

from enum import StrEnum
from typing import TYPE_CHECKING

from service.charts.chart import Chart
from service.core.kinds import discover

__all__ = ["CHARTS", "ChartName"]

discover(__name__)

CHARTS: dict[str, Chart] = {
    chart.name: chart() for chart in sorted(Chart.__subclasses__(), key=lambda chart: (chart.position, chart.name))
}
"""Every chart by its name, in the order of their positions."""

if TYPE_CHECKING:
    ChartName = str
else:
    ChartName = StrEnum("ChartName", {name.upper(): name for name in CHARTS})
    _titles = "; ".join(f"`{name}`: {chart.title}" for name, chart in CHARTS.items())
    ChartName.__doc__ = f"Which chart: what is shown of a report. {_titles}."
