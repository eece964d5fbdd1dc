"""The colours of charts, on white and on dark, told apart by the colour-blind and in grey (Okabe & Ito 2008)."""

from typing import Any

from service.charts.names import Theme

FONT = "Arial, 'Liberation Sans', Helvetica, sans-serif"
"""One width everywhere: text is measured here and drawn wherever the chart is looked at."""
WIDTH, HEIGHT = 680, 340

_GROUND = {Theme.LIGHT: "#ffffff", Theme.DARK: "#12161c"}
_INK = {Theme.LIGHT: "#1b1f24", Theme.DARK: "#e8ecf1"}
_QUIET = {Theme.LIGHT: "#57606a", Theme.DARK: "#9ba6b3"}
_GRID = {Theme.LIGHT: "#e3e7ec", Theme.DARK: "#2a313a"}
_SERIES = {
    Theme.LIGHT: ["#12407a", "#c4520a", "#0f9c7d", "#7a2f94"],
    Theme.DARK: ["#3f86d6", "#ffb070", "#35b88c", "#f1e4ff"],
}
_ZONES = {
    Theme.LIGHT: ["#b3470038", "#b3470018", "#00000000", "#0b62a818", "#0b62a838"],
    Theme.DARK: ["#ff9d5c40", "#ff9d5c1c", "#00000000", "#63b3f41c", "#63b3f440"],
}
"""From exploding severely to vanishing severely; what is severe is darker in grey, too."""


def config(theme: Theme) -> dict[str, Any]:
    """What Vega-Lite calls the configuration: all that differs between the themes, and the named styles of marks."""
    return {
        "background": _GROUND[theme],
        "font": FONT,
        "padding": 12,
        "view": {"stroke": _GRID[theme], "continuousWidth": WIDTH, "continuousHeight": HEIGHT},
        "title": _title(theme),
        "axis": _axis(theme),
        "legend": _legend(theme),
        "range": {"category": _SERIES[theme], "diverging": _ZONES[theme]},
        "style": _styles(theme),
    }


def _title(theme: Theme) -> dict[str, Any]:
    sizes = {"fontSize": 16, "subtitleFontSize": 12, "subtitleLineHeight": 16}
    return {"anchor": "start", "offset": 12, "color": _INK[theme], "subtitleColor": _QUIET[theme], **sizes}


def _axis(theme: Theme) -> dict[str, Any]:
    ink, quiet, grid = _INK[theme], _QUIET[theme], _GRID[theme]
    colours = {"labelColor": quiet, "titleColor": ink, "gridColor": grid, "domainColor": quiet, "tickColor": quiet}
    return {"titleFontWeight": "normal", "titleFontSize": 12, "labelFontSize": 11, **colours}


def _legend(theme: Theme) -> dict[str, Any]:
    symbols = {"symbolStrokeWidth": 2.5, "symbolSize": 220}
    labels = {"labelColor": _INK[theme], "labelFontSize": 12, "labelLimit": 520}
    return {"orient": "bottom", "direction": "horizontal", "columns": 2, "title": None, **symbols, **labels}


def _styles(theme: Theme) -> dict[str, Any]:
    ink, quiet = _INK[theme], _QUIET[theme]
    return {
        "zone-name": {"color": quiet, "fontSize": 11, "align": "left", "baseline": "top", "dy": 5},
        "sentence": {"color": quiet, "fontSize": 13},
        "rule": {"color": quiet, "strokeWidth": 1},
        "rule-name": {"color": quiet, "fontSize": 11, "align": "left", "baseline": "bottom", "dx": 4, "dy": -2},
        "zero": {"color": ink, "size": 60},
        "zero-name": {"color": ink, "fontSize": 11, "align": "left", "baseline": "bottom", "dy": -8},
        "total": {"color": ink},
        "end-name": {"color": ink, "fontSize": 12, "align": "right", "baseline": "middle", "dx": -10},
    }
