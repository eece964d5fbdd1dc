"""The report page: verdict, charts, reasons, theory, the table of layers, the specification, and how to repeat it."""

import json
from base64 import b64encode
from collections.abc import Iterator
from functools import cache
from pprint import pformat
from typing import Any

from jinja2 import Environment, StrictUndefined, Template

from service.charts.chart import CHARTS, drawn
from service.charts.curves.architecture import architecture
from service.charts.names import ChartFormat, ChartName, Theme
from service.charts.report_page.numbers import FILTERS
from service.charts.report_page.policy import content_security_policy, style, text_of
from service.simulation.results import SimulationReport

SHOWN = (ChartName.GRADIENT, ChartName.GAIN, ChartName.SIGNAL)
CODE_WIDTH = 100


def page(report: SimulationReport) -> str:
    """The page as HTML, the same bytes for the same report; what a specification names is text in it, never markup."""
    spec = report.spec.model_dump(mode="json")
    return _template().render(
        report=report,
        title=architecture(report),
        style=style(),
        policy=content_security_policy(),
        pictures=list(_pictures(report)),
        spec_json=json.dumps(spec, indent=1, ensure_ascii=False),
        spec_python=pformat(spec, width=CODE_WIDTH, sort_dicts=False),
    )


def _pictures(report: SimulationReport) -> Iterator[dict[str, Any]]:
    """Charts as data URIs: two drawings in one page would share the names inside them."""
    for name in SHOWN:
        ways = {theme.value: _data_uri(drawn([report], name, theme, ChartFormat.SVG)) for theme in Theme}
        yield {"title": CHARTS[name].title, **ways}


def _data_uri(svg: bytes) -> str:
    return f"data:image/svg+xml;base64,{b64encode(svg).decode()}"


@cache
def _template() -> Template:
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= FILTERS
    return environment.from_string(text_of("report.html.j2"))
