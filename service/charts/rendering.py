"""Vega-Lite → a file."""

import json
import re
from collections.abc import Callable
from functools import cache
from importlib.metadata import version
from typing import Any
from xml.sax.saxutils import quoteattr

import altair as alt
import vl_convert

from service.charts.names import ChartFormat

_VEGA_LITE = "6.4"
_PNG_SCALE = 1.5
SCRIPT_VERSION = f"{version('vl-convert-python')}-1"
"""Of `script`: of the library that makes it, and of what is asked of that."""


def rendered(made: dict[str, Any], wanted: ChartFormat) -> bytes:
    """A chart as a file: Vega-Lite in JSON, SVG, or PNG of one and a half times its size, for sharp screens."""
    text = json.dumps(made, ensure_ascii=False)
    match wanted:
        case ChartFormat.JSON:
            return text.encode()
        case ChartFormat.SVG:
            picture = _numbered(vl_convert.vegalite_to_svg(text, vl_version=_VEGA_LITE))
            return picture.replace("<svg ", f'<svg role="img" aria-label={quoteattr(made["description"])} ', 1).encode()
        case ChartFormat.PNG:
            return bytes(vl_convert.vegalite_to_png(text, vl_version=_VEGA_LITE, scale=_PNG_SCALE))


def _numbered(picture: str) -> str:
    """With the gradients of its legends named by their order: the renderer counts them over all its pictures."""
    for number, name in enumerate(re.findall('<linearGradient id="([a-z_0-9]+)"', picture)):
        picture = picture.replace(f'id="{name}"', f'id="colours-{number}"').replace(
            f"(#{name})", f"(#colours-{number})"
        )
    return picture


def warm(drawing: Callable[[], alt.LayerChart]) -> None:
    """Start the renderer, so that the first chart is drawn as fast as the next."""
    vl_convert.vegalite_to_svg(template(drawing), vl_version=_VEGA_LITE)


@cache
def template(drawing: Callable[[], alt.LayerChart]) -> dict[str, Any]:
    """A drawing without its colours and its rows, made once."""
    return uncoloured(drawing())


def uncoloured(chart: alt.LayerChart, *, validate: bool = True) -> dict[str, Any]:
    """A chart as Vega-Lite, without its colours; to validate it takes as long as to draw it."""
    made: dict[str, Any] = chart.to_dict(validate=validate)
    return {key: value for key, value in made.items() if key != "config"}


def script() -> str:
    """Vega, Vega-Lite and Vega-Embed for browsers, of the versions that draw here, as `window.vegaEmbed`."""
    return str(vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;"))
