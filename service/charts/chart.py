"""What charts have in common: their formats and themes, and what a chart of a report states."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from enum import StrEnum
from typing import Any, ClassVar

from service.charts.rows import Row
from service.simulation.results import SimulationReport


class ChartFormat(StrEnum):
    """As what a chart can be had."""

    JSON = "json"
    SVG = "svg"
    PNG = "png"


class Theme(StrEnum):
    """The ground a chart stands on."""

    LIGHT = "light"
    DARK = "dark"

    def config(self) -> dict[str, Any]:
        """Vega-Lite's configuration: all that differs between the themes, and the named styles of marks."""
        return {
            "background": _GROUND[self],
            "font": _FONT,
            "padding": 12,
            "view": {"stroke": _GRID[self], "continuousWidth": Chart.width, "continuousHeight": Chart.height},
            "title": _title(self),
            "axis": _axis(self),
            "legend": _legend(self),
            "range": {
                "category": _SERIES[self],
                "diverging": _ZONES[self],
                "heatmap": _CELLS[self],
                "ordinal": _ON_CELLS[self],
            },
            "style": _styles(self),
        }


class Chart(ABC):
    """A chart of one report, or of several that are compared: the rows differ between reports, the drawing does not.

    What draws is imported by `drawing` alone: the processes that answer requests read everything else.
    """

    width: ClassVar[int] = 680
    """Its width in pixels, where nothing else gives one."""
    height: ClassVar[int] = 340
    """Its height in pixels."""
    name: ClassVar[str]
    """Its public name."""
    title: ClassVar[str]
    """What stands above the drawing."""
    how_to_read: ClassVar[str]
    """One or two sentences below the title."""
    position: ClassVar[int]
    """Its place among all charts, which are listed with rising positions."""
    tab: ClassVar[str | None]
    """What its tab on the page is called; None where the page has no tab for it."""
    requires: ClassVar[str | None] = None
    """The field of layers that is null in all of a report in which there is nothing to be drawn; None for no such."""
    compares: ClassVar[bool] = False
    """Whether it draws several reports; else it draws one."""
    on_report_page: ClassVar[bool] = False
    """Whether the report page shows it."""

    def suits(self, report: SimulationReport) -> bool:
        """Whether a report has what the chart needs."""
        return self.requires is None or any(getattr(layer, self.requires) is not None for layer in report.layers)

    @abstractmethod
    def rows(self, reports: Sequence[SimulationReport]) -> dict[str, list[Row]]:
        """The tables of the drawing by their names; the first is what the chart is about."""

    @abstractmethod
    def drawing(self) -> dict[str, Any]:
        """Marks over the tables of `rows`, without colours, as Vega-Lite."""


_FONT = "Arial, 'Liberation Sans', Helvetica, sans-serif"
"""One width everywhere: text is measured here and drawn wherever the chart is looked at."""

_GROUND = {Theme.LIGHT: "#ffffff", Theme.DARK: "#12161c"}
_INK = {Theme.LIGHT: "#1b1f24", Theme.DARK: "#e8ecf1"}
_QUIET = {Theme.LIGHT: "#57606a", Theme.DARK: "#9ba6b3"}
_GRID = {Theme.LIGHT: "#e3e7ec", Theme.DARK: "#2a313a"}
_SERIES = {
    Theme.LIGHT: ["#12407a", "#c4520a", "#0f9c7d", "#7a2f94", "#ba2850"],
    Theme.DARK: ["#3f86d6", "#ffb070", "#35b88c", "#f1e4ff", "#c04060"],
}
_ZONES = {
    Theme.LIGHT: ["#b3470038", "#b3470018", "#00000000", "#0b62a818", "#0b62a838"],
    Theme.DARK: ["#ff9d5c40", "#ff9d5c1c", "#00000000", "#63b3f41c", "#63b3f440"],
}
"""From exploding severely to vanishing severely; what is severe is darker in grey, too."""
_CELLS = {
    Theme.LIGHT: ["#06264f", "#2a6cb0", "#a9cbe8", "#f6f4ef", "#fbd3a6", "#f19a4b", "#d9681a"],
    Theme.DARK: ["#72b0f0", "#3a7fc8", "#26496f", "#232a33", "#7a4a1e", "#f0a35a", "#ffe0b5"],
}
"""From vanishing to exploding; in grey, what vanishes severely is darker than whatever explodes severely."""
_ON_CELLS = {Theme.LIGHT: ["#1b1f24", "#ffffff"], Theme.DARK: ["#0b0e12", "#0b0e12"]}
"""Of words and marks on cells that explode severely, and on those that vanish severely."""


def _title(theme: Theme) -> dict[str, Any]:
    sizes = {"fontSize": 16, "subtitleFontSize": 12, "subtitleLineHeight": 16}
    return {"anchor": "start", "offset": 12, "color": _INK[theme], "subtitleColor": _QUIET[theme], **sizes}


def _axis(theme: Theme) -> dict[str, Any]:
    ink, quiet, grid = _INK[theme], _QUIET[theme], _GRID[theme]
    colours = {"labelColor": quiet, "titleColor": ink, "gridColor": grid, "domainColor": quiet, "tickColor": quiet}
    return {"titleFontWeight": "normal", "titleFontSize": 12, "labelFontSize": 11, **colours}


def _legend(theme: Theme) -> dict[str, Any]:
    symbols = {"symbolStrokeWidth": 2.5, "symbolSize": 220}
    labels = {"labelColor": _INK[theme], "labelFontSize": 12, "labelLimit": 520, "titleColor": _INK[theme]}
    return {"orient": "bottom", "direction": "horizontal", "columns": 2, "title": None, **symbols, **labels}


def _styles(theme: Theme) -> dict[str, Any]:
    ink, quiet, ground = _INK[theme], _QUIET[theme], _GROUND[theme]
    return {
        "zone-name": {"color": quiet, "fontSize": 11, "align": "left", "baseline": "top", "dy": 5},
        "sentence": {"color": quiet, "fontSize": 13},
        "rule": {"color": quiet, "strokeWidth": 1},
        "rule-name": {"color": quiet, "fontSize": 11, "align": "left", "baseline": "bottom", "dx": 4, "dy": -2},
        "zero": {"color": ink, "size": 60},
        "zero-name": {"color": ink, "fontSize": 11, "align": "left", "baseline": "bottom", "dy": -8},
        "total": {"color": ink},
        "shade": {"color": quiet, "fillOpacity": 0.09},
        "line": {"color": ink, "fontSize": 12, "align": "left", "baseline": "middle", "dx": 6},
        "column": {"color": quiet, "fontSize": 11, "align": "right", "baseline": "middle"},
        "note": {"color": quiet, "fontSize": 11, "align": "right", "baseline": "bottom", "dx": -6, "dy": -4},
        "inner": {"color": quiet, "fillOpacity": 0.7},
        "no-cell": {"color": ground},
        "hatch": {"color": quiet, "strokeWidth": 1},
        "halo": {"color": ground, "strokeWidth": 5, "strokeOpacity": 0.75},
        "contour": {"color": ink},
        "spread": {"color": quiet, "fillOpacity": 0.22},
        "cell-name": {"fontSize": 13, "align": "center", "baseline": "middle"},
        "end-name": {"color": ink, "fontSize": 12, "align": "right", "baseline": "middle", "dx": -10},
    }
