"""A verdict as HTML, for the cell of a notebook: no script, nothing loaded from elsewhere, all text escaped.

Its text takes the colours that the notebook has. The chart is there on both grounds, and styles choose: by the theme of
JupyterLab, VS Code or Colab, and else by that of the browser.
"""

from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from html import escape

from service.charts.chart import Theme
from service.charts.columns import DELTA, GAINS, NONE, SIGNALS, WEIGHT_GRADIENT
from service.charts.folding import Line, folded
from service.imports.base import Assumption
from service.simulation.results import SimulationReport
from service.simulation.vocabulary import FindingSeverity, Label, Severity

_COLUMNS = (DELTA, GAINS[0], WEIGHT_GRADIENT, SIGNALS[0])
_COLOURS = {Label.DEAD: "#6f2da8", Label.EXPLODING: "#b3261e", Label.VANISHING: "#1d4fb8", Label.STABLE: "#1a6b34"}
_BADGE = "color:#fff;padding:.1em .5em;border-radius:.3em;font-weight:600"
_CELL = "text-align:{};padding:.1em .7em;white-space:nowrap"
_STYLE = """<style>
.gradient-verdict .on-dark { display: none }
@media (prefers-color-scheme: dark) {
  .gradient-verdict .on-light { display: none }
  .gradient-verdict .on-dark { display: inline }
}
:is([data-jp-theme-light=true], .vscode-light, [theme=light]) .gradient-verdict .on-light { display: inline }
:is([data-jp-theme-light=true], .vscode-light, [theme=light]) .gradient-verdict .on-dark { display: none }
:is([data-jp-theme-light=false], .vscode-dark, [theme=dark]) .gradient-verdict .on-light { display: none }
:is([data-jp-theme-light=false], .vscode-dark, [theme=dark]) .gradient-verdict .on-dark { display: inline }
</style>"""


def html_of(
    report: SimulationReport,
    assumed: Sequence[Assumption],
    chart: Callable[[SimulationReport, Theme], bytes | None],
) -> str:
    """Verdict, reasons, chart, findings, layers and what was assumed; without a chart the layers are open."""
    pictures = [chart(report, theme) for theme in Theme]
    verdict, risk = report.verdict, report.verdict.failure_risk
    words = verdict.label if verdict.severity is Severity.NONE else f"{verdict.label}, {verdict.severity}"
    findings = [
        f"{one.code} {one.severity}: {one.meaning} Try: {one.suggestion}"
        for one in report.findings
        if one.severity is not FindingSeverity.INFO
    ]
    parts = [
        f'<p><span style="background:{_COLOURS[verdict.label]};{_BADGE}">{words}</span> '
        f"Risk that training fails with {risk.optimiser}: {risk.probability:.2g}</p>",
        _listed(verdict.reasons),
        *_pictured(pictures, verdict.reasons[0]),
        _folded("Findings", len(findings), _listed(findings), is_open=True) if findings else "",
        _folded("Layers", len(report.layers), _table(report), is_open=None in pictures),
        _folded("Assumed", len(assumed), _listed([one.sentence for one in assumed]), is_open=True) if assumed else "",
    ]
    return f'{_STYLE}<div class="gradient-verdict" style="max-width:64em">{"".join(parts)}</div>'


def _listed(sentences: Sequence[str]) -> str:
    return f"<ul>{''.join(f'<li>{escape(one)}</li>' for one in sentences)}</ul>"


def _folded(name: str, count: int, inside: str, *, is_open: bool) -> str:
    return f"<details{' open' if is_open else ''}><summary>{name} ({count})</summary>{inside}</details>"


def _pictured(pictures: Sequence[bytes | None], words: str) -> Iterator[str]:
    """Pictures as data: an image runs no script, and what two drawings have inside them does not collide."""
    for theme, svg in zip(Theme, pictures, strict=True):
        if svg is not None:
            source = f"data:image/svg+xml;base64,{b64encode(svg).decode()}"
            yield f'<img class="on-{theme}" alt="{escape(words)}" style="max-width:100%" src="{source}">'


def _table(report: SimulationReport) -> str:
    """A row for each layer; what repeats has one, with the least and the most of its numbers."""
    names = "".join(_cell(name, "th", "right" if number else "left") for number, name in enumerate(_NAMES))
    rows = "".join(_rows(folded(report)))
    words = "decades (log10), median over trials; layers inside a block stand below it"
    return f"<table><caption>{words}</caption><thead><tr>{names}</tr></thead><tbody>{rows}</tbody></table>"


_INDENT = "\u2003"
_NAMES = ("layer", "shape", *(one.name for one in _COLUMNS))


def _rows(lines: Sequence[Line], around: tuple[str, ...] = ()) -> Iterator[str]:
    for line in lines:
        times = f" × {line.times}" if line.times > 1 else ""
        shape = "×".join(map(str, line.layers[0].shape)) if line.layers else ""
        cells = [_INDENT * len(around) + line.named(around)[1] + times, shape, *_numbers(line)]
        yield f"<tr>{''.join(_cell(text, 'td', 'right' if n else 'left') for n, text in enumerate(cells))}</tr>"
        yield from _rows(line.inside, (*around, line.label))


def _numbers(line: Line) -> Iterator[str]:
    for column in _COLUMNS:
        found = line.numbers(column.number)
        if found is None:
            yield NONE if line.layers else ""
        elif len(line.layers) == 1:
            yield column.text(found.middle)
        else:
            yield f"{column.text(found.middle)} ({column.text(found.least)} … {column.text(found.most)})"


def _cell(text: str, tag: str, align: str) -> str:
    return f'<{tag} style="{_CELL.format(align)}">{escape(text)}</{tag}>'
