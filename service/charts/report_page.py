"""A report → a page that stands alone: it opens offline, has no script in it, and prints on paper.

Verdict, charts, reasons, theory, the table of layers, the specification, and how to repeat it.
"""

import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from functools import cache
from hashlib import sha256
from importlib.resources import files
from pprint import pformat
from typing import TYPE_CHECKING, Any

from service.charts.architecture import architecture
from service.charts.chart import ChartFormat, Theme
from service.charts.kinds import CHARTS
from service.charts.layer_tree import LayerTree, neighbours
from service.simulation.layer_results import Spread
from service.simulation.results import SimulationReport
from service.simulation.vocabulary import Optimiser
from service.simulation.wording import power, signed

if TYPE_CHECKING:
    from jinja2 import Template

_CODE_WIDTH = 100
_OPTIMISERS = {Optimiser.SGD: "gradient descent (SGD)", Optimiser.ADAM: "Adam"}
_NONE = "–"


def page(report: SimulationReport) -> str:
    """The page as HTML, the same bytes for the same report; what a specification names is text in it, never markup."""
    spec = report.spec.model_dump(mode="json")
    return _template().render(
        report=report,
        title=architecture(report),
        tree=(tree := LayerTree.of(report)),
        places={layer.path: layer for layer in reversed(report.layers)},
        nested=any(layer.inside for layer in report.layers),
        others="other" in tree.names,
        style=_style(),
        policy=content_security_policy(),
        pictures=list(_pictures(report)),
        optimiser=_OPTIMISERS[report.verdict.failure_risk.optimiser],
        spec_json=json.dumps(spec, indent=1, ensure_ascii=False),
        spec_python=pformat(spec, width=_CODE_WIDTH, sort_dicts=False),
    )


@cache
def content_security_policy() -> str:
    """Nothing is fetched and no script runs: pictures are part of the page, its one style is known by its hash."""
    digest = b64encode(sha256(_style().encode()).digest()).decode()
    return f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def _pictures(report: SimulationReport) -> Iterator[dict[str, Any]]:
    """Charts as data URIs: two drawings in one page would share the names inside them."""
    from service.charts.rendering import draw_report  # noqa: PLC0415 - the service asks for the policy alone

    for name in [name for name, chart in CHARTS.items() if chart.on_report_page and chart.suits(report)]:
        pictures = {theme.value: _data_uri(draw_report([report], name, theme, ChartFormat.SVG)) for theme in Theme}
        yield {"title": CHARTS[name].title, **pictures}


def _data_uri(svg: bytes) -> str:
    return f"data:image/svg+xml;base64,{b64encode(svg).decode()}"


@cache
def _template() -> "Template":
    from jinja2 import Environment, StrictUndefined  # noqa: PLC0415 - likewise

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= _FILTERS
    return environment.from_string(_text_of("report.html.j2"))


@cache
def _style() -> str:
    return _text_of("report.css")


def _text_of(name: str) -> str:
    return (files(__package__) / "templates" / name).read_text(encoding="utf-8")


def _signed(value: float | None) -> str:
    """Decades as the reasons have them; a dash for null."""
    return _NONE if value is None else signed(value)


def _between(spread: Spread) -> str:
    """Where nine of ten trials are: `−5.90 … −5.50`; a dash where no trial has a number."""
    return _NONE if spread.p05 is None else f"{_signed(spread.p05)} … {_signed(spread.p95)}"


def _plain(value: float | None) -> str:
    """Three significant digits; a dash for null."""
    return _NONE if value is None else _minus(f"{value:.3g}")


def _percent(value: float | None) -> str:
    return _NONE if value is None else f"{value:.0%}"


def _factor(decades: float | None) -> str:
    """Decades and the factor that they are, such as `−1.95 decades, ×0.0112`; a dash for null."""
    if decades is None:
        return _NONE
    return f"{signed(decades)} decades, ×{_minus(power(decades))}"


def _chance(probability: float) -> str:
    """A probability in percent, never quite none and never quite all."""
    return "below 1%" if probability < 0.01 else "above 99%" if probability > 0.99 else f"{probability:.0%}"


def _words(name: str) -> str:
    return name.replace("_", " ")


def _minus(text: str) -> str:
    return text.replace("-", "−")


_FILTERS: dict[str, Callable[..., object]] = {
    "signed": _signed,
    "between": _between,
    "plain": _plain,
    "percent": _percent,
    "chance": _chance,
    "factor": _factor,
    "neighbours": neighbours,
    "words": _words,
}
