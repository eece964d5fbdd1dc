"""Reports → a chart as Vega-Lite, as SVG or as PNG; the same report gives the same bytes.

A drawing is made once: what differs between reports are its rows and its subtitle, and between themes its colours.
"""

import gzip
import json
import os
import re
import zlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from typing import Any
from xml.sax.saxutils import quoteattr

import vl_convert
from platformdirs import user_cache_path

from service.charts import marks
from service.charts.architecture import architecture, outcome
from service.charts.chart import ChartFormat, Theme
from service.charts.kinds import CHARTS, ChartName
from service.charts.rows import Row
from service.simulation.results import SimulationReport

_VEGA_LITE = "6.4"
_PNG_SCALE = 1.5
_SCRIPT_VERSION = f"{version('vl-convert-python')}-1"
"""Of the script for browsers: of the library that makes it, and of what is asked of that."""


def draw_report(reports: Sequence[SimulationReport], name: ChartName, theme: Theme, wanted: ChartFormat) -> bytes:
    """The chart of the first report, or of all of them where they are compared, as a file."""
    chart, verdict = CHARTS[name], reports[0].verdict
    whose = f"{architecture(reports[0])}: {outcome(verdict)}"
    subtitle = [*([] if chart.compares else [whose]), chart.how_to_read]
    words = {
        "description": f"{chart.title}. {verdict.reasons[0]}",
        "title": {"text": chart.title, "subtitle": subtitle},
    }
    rows = chart.rows(reports)
    made, shown = (_template(chart.drawing), rows) if _has_numbers(rows) else (_template(_no_numbers), {})
    return render(assemble(made, shown, words, theme), wanted)


def prepare() -> None:
    """Make all drawings and start the renderer, so that the first chart is drawn as fast as the next."""
    for chart in CHARTS.values():
        _template(chart.drawing)
    vl_convert.vegalite_to_svg(_template(_no_numbers), vl_version=_VEGA_LITE)


def assemble(
    drawing: dict[str, Any], rows: dict[str, list[Row]], words: dict[str, Any], theme: Theme
) -> dict[str, Any]:
    """A drawing as Altair makes it, with its rows, its colours, and its description and title as Vega-Lite has them."""
    plain = {key: value for key, value in drawing.items() if key != "config"}
    datasets = {**plain.get("datasets", {}), **rows}
    return {**plain, "config": theme.config(), "datasets": datasets, **words, "width": "container"}


def render(made: dict[str, Any], wanted: ChartFormat) -> bytes:
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


def packed_script() -> bytes:
    """Vega, Vega-Lite and Vega-Embed for browsers as `window.vegaEmbed`, of the versions that draw here.

    It is packed by gzip, made once, and then read from the user's cache.
    """
    kept = user_cache_path("gradient-verdict", appauthor=False) / f"vega-{_SCRIPT_VERSION}.js.gz"
    with suppress(OSError, EOFError, zlib.error):
        packed = kept.read_bytes()
        if gzip.decompress(packed):  # whole, by its checksum
            return packed
    packed = gzip.compress(vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;").encode(), mtime=0)
    with suppress(OSError):  # where nothing may be written, it is made at every start
        kept.parent.mkdir(parents=True, exist_ok=True)
        whole = kept.with_suffix(f".{os.getpid()}")
        whole.write_bytes(packed)
        whole.replace(kept)
    return packed


@cache
def _template(drawing: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    return drawing()


def _no_numbers() -> dict[str, Any]:
    return marks.layered(marks.sentence("This report has no numbers for this chart."))


def _has_numbers(rows: dict[str, list[Row]]) -> bool:
    """Whether the first table, which is what the chart is about, has a number beside those of the layers."""
    main = next(iter(rows.values()))
    return any(isinstance(value, float) for row in main for field, value in row.items() if field != "place")


def _numbered(picture: str) -> str:
    """With the gradients of its legends named by their order: the renderer counts them over all its pictures."""
    for number, name in enumerate(re.findall('<linearGradient id="([a-z_0-9]+)"', picture)):
        picture = picture.replace(f'id="{name}"', f'id="colours-{number}"').replace(
            f"(#{name})", f"(#colours-{number})"
        )
    return picture
