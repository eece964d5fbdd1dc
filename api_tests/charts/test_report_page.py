"""The report page: complete, self-contained, without script, and true to the report."""

import ast
import json
import re
from base64 import b64decode, b64encode
from hashlib import sha256
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree

import pytest

from api_tests.charts.odd_reports import FORMULA, SPECIFICATIONS, odd
from api_tests.networks import blocks, report
from service.charts.layer_tree import LayerTree
from service.charts.report_page import content_security_policy, page
from service.simulation.results import Finding, SimulationReport
from service.simulation.spec import SimulationSpec
from service.simulation.vocabulary import FindingSeverity
from service.simulation.wording import signed

ALLOWED = {
    *("html", "head", "meta", "title", "style", "body", "header", "main", "section", "footer"),
    *(
        "h1",
        "h2",
        "p",
        "span",
        "ul",
        "li",
        "dl",
        "div",
        "dt",
        "dd",
        "code",
        "pre",
        "figure",
        "picture",
        "source",
        "img",
    ),
    *("table", "caption", "colgroup", "col", "thead", "tbody", "tr", "th", "td"),
    *("details", "summary", "a", "b", "i", "small"),
}


WITH_PICTURES = ("vanishing", "blocks", "dead", "mixed layers")
"""Reports whose pages are made with their pictures; those of the others are drawn with the charts."""
PICTURE = b'<svg xmlns="http://www.w3.org/2000/svg"/>'


class Reader(HTMLParser):
    """Every element with its attributes, and the text inside, by the name of the element."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self._open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attributes)))
        if tag not in ("meta", "source", "img", "col"):
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self._open.pop()

    def handle_data(self, data: str) -> None:
        self.texts.append((self._open[-1] if self._open else "", data))

    def of(self, tag: str) -> list[str]:
        return [text for name, text in self.texts if name == tag]


@pytest.mark.parametrize("name", [name for name in SPECIFICATIONS if name != "5000 layers"])
def test_every_report_has_a_page_that_fetches_nothing_and_runs_nothing(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if name not in WITH_PICTURES:
        monkeypatch.setattr("service.charts.rendering.draw_report", lambda *_: PICTURE)
    text = page(odd(name))
    read = Reader(text)
    assert {tag for tag, _ in read.elements} <= ALLOWED
    for _, attributes in read.elements:
        assert not [one for one in attributes if one.startswith("on") or one == "style"]
        assert str(attributes.get("href", "#")).startswith("#"), "links lead to places on the page"
        for source in filter(None, (attributes.get("src"), attributes.get("srcset"))):
            assert source.startswith("data:image/svg+xml;base64,")
            assert ElementTree.fromstring(b64decode(source.partition(",")[2])).tag.endswith("svg")
    numbers = [attributes["id"] for _, attributes in read.elements if str(attributes.get("id")).startswith("layer-")]
    assert sorted(numbers) == sorted(f"layer-{layer.index}" for layer in odd(name).layers)


def test_the_page_says_what_the_report_says() -> None:
    report = odd("vanishing")
    read = Reader(page(report))
    assert read.of("title") == ["vanishing: sigmoid × 10, width 32, lecun_normal · Gradient Verdict"]
    assert read.of("dd")[:2] == ["Vanishing, severe", "Vanishing"], "what it does now, and with more layers"
    assert read.of("dt")[:2] == ["Now", "With more layers"]
    assert report.verdict.reasons[0] in read.of("p")
    assert read.of("li")[: len(report.verdict.reasons)] == report.verdict.reasons
    assert signed(report.theory.depth_ratio) in " ".join(read.of("dd"))
    assert report.digest in " ".join(read.of("footer"))
    pictures = [attributes["alt"] for tag, attributes in read.elements if tag == "img"]
    assert all(report.verdict.reasons[0] in (alt or "") for alt in pictures)


def _finding(path: str) -> Finding:
    return Finding(
        code="GV201",
        name="initial_loss",
        severity=FindingSeverity.WARNING,
        path=path,
        number=592.0,
        limit=6.91,
        meaning="The loss is far above chance & more.",
        suggestion="Divide the inputs by 255.",
    )


def test_the_page_lists_findings_with_what_to_try_and_says_what_the_risk_rests_on() -> None:
    finding = _finding("/network/layers/0")
    known = odd("vanishing")
    report = known.model_copy(
        update={"findings": [finding], "scale": known.scale.model_copy(update={"sentences": ["The loss is 592."]})}
    )
    read = Reader(page(report))
    assert {"Initial loss", "Try:"} <= set(read.of("span"))
    assert "warning · GV201 at /network/layers/0 · 592, limit 6.91" in read.of("span")
    assert {finding.meaning, f" {finding.suggestion}"} <= set(read.of("p"))
    assert {"The loss is 592.", *report.verdict.failure_risk.rests_on} <= set(read.of("li"))
    assert "with gradient descent (SGD)" in read.of("span")


def test_without_a_cause_there_is_a_dash() -> None:
    read = Reader(page(odd("stable")))
    assert odd("stable").verdict.cause is None
    assert "–" in read.of("dd")
    assert not any("nothing to explain" in text or "none needed" in text for _, text in read.texts)


def test_a_share_that_is_neither_weights_nor_activation_has_a_column_where_there_is_any() -> None:
    read = Reader(page(odd("blocks")))
    heads, cells = read.of("th"), read.of("td")
    names = [head for head in heads if not head.isdigit()]
    assert names[4:12] == ["δ", "δ, nine of ten trials", "gain", "weights", "slope", "other", "∂e/∂w", "signal"]
    assert names[12] == "separation"
    rows = [cells[start : start + len(names) - 1] for start in range(0, len(cells), len(names) - 1)]
    shares = [layer.log10_gain.skip or layer.log10_gain.normalisation for layer in odd("blocks").layers]
    assert [row[8] for row in rows] == ["–" if share is None else signed(share.median) for share in shares]
    assert "other" not in Reader(page(odd("stable"))).of("th")


def test_where_theory_says_nothing_the_page_says_why() -> None:
    report = odd("mixed layers")
    assert f"Mean field theory says nothing here. {report.theory.reason}" in Reader(page(report)).of("p")


@pytest.mark.parametrize("name", ["vanishing", "mixed layers", "no weights"])
def test_what_is_to_be_repeated_has_the_digest_of_the_report(name: str) -> None:
    report = odd(name)
    shell, python = Reader(page(report)).of("pre")
    body = re.search(r"<<'SPECIFICATION'\n(.*)\nSPECIFICATION$", shell, re.DOTALL)
    assert body
    assert SimulationSpec.model_validate(json.loads(body[1])).digest() == report.digest
    assigned = next(node for node in ast.walk(ast.parse(python)) if isinstance(node, ast.Assign))
    assert SimulationSpec.model_validate(ast.literal_eval(assigned.value)).digest() == report.digest
    assert f'assert report["digest"] == "{report.digest}"' in python


def test_a_formula_is_text() -> None:
    text = page(odd("mixed layers"))
    assert FORMULA not in text
    assert FORMULA in "".join(Reader(text).of("pre"))


def test_the_style_is_the_one_that_the_policy_names() -> None:
    text = page(odd("stable"))
    (style,) = re.findall("<style>(.*?)</style>", text, re.DOTALL)
    assert f"'sha256-{b64encode(sha256(style.encode()).digest()).decode()}'" in content_security_policy()
    assert "script-src" not in content_security_policy()
    assert content_security_policy().startswith("default-src 'none';")
    assert "@import" not in style
    assert "url(" not in style
    (stated,) = [attributes["content"] for _, attributes in Reader(text).elements if "http-equiv" in attributes]
    assert stated == content_security_policy()


def test_the_same_report_gives_the_same_bytes() -> None:
    assert page(odd("stable")) == page(odd("stable"))


def _encoder(**changes: Any) -> SimulationReport:
    """Sixteen blocks with names of their own, and two layers that are like no other."""
    blocks = [
        {
            "kind": "residual",
            "name": f"encoder.{number}",
            "layers": [
                {"kind": "layer_norm", "name": f"encoder.{number}.norm"},
                {"kind": "dense", "units": 4, "name": f"encoder.{number}.up"},
            ],
        }
        for number in range(16)
    ]
    network = {
        "features": 4,
        "layers": [{"kind": "dense", "units": 4, "name": "stem"}, *blocks, {"kind": "layer_norm"}],
    }
    return report(network, trials=2, data={"samples": 4}).model_copy(update=changes)


def test_what_repeats_in_a_long_report_is_a_line_with_its_spread_that_unfolds_to_each() -> None:
    found = _encoder(findings=[])
    text = page(found)
    read = Reader(text)
    lines = "".join(re.findall(r"<summary.*?</summary>", text, re.DOTALL))
    assert "encoder.0–15: residual × 16" in lines
    medians = [one.log10_delta_norm.median for one in found.layers if one.kind == "residual"]
    assert f"{signed(min(medians))}…{signed(max(medians))}" in lines
    anchors = [attributes["id"] for _, attributes in read.elements if str(attributes.get("id")).startswith("layer-")]
    assert sorted(anchors) == sorted(f"layer-{layer.index}" for layer in found.layers)
    assert text.count("<details") == 1 + 16
    assert "<details open" not in text
    assert "encoder.0–15</span>.norm: layer norm" in text, "all at once"
    assert all(f"encoder.{number}</span>.norm: layer norm" in text for number in range(16)), "each by itself"
    total = sum(layer.parameters for layer in found.layers)
    tops = [line.parameters for line in LayerTree.of(found).rows]
    assert sum(int(count.replace(",", "")) for count in tops) == total


def test_what_a_finding_names_is_open_and_marked_and_the_finding_leads_there() -> None:
    known = _encoder()
    text = page(known.model_copy(update={"findings": [_finding("/network/layers/6/layers/1")]}))
    assert '<a href="#layer-18">layer 18</a>, /network/layers/6/layers/1' in text
    assert re.search('<tr id="layer-18".*?<b>!</b> .*?encoder.5</span>.up: dense linear', text)
    assert text.count(" open>") == 2, "all blocks and this one"
    assert '<details id="layer-19" open>' in text


def test_where_all_copies_share_a_pointer_they_are_looked_at_as_one() -> None:
    network = {"features": 4, "layers": [{"kind": "repeat", "times": 16, "layers": blocks()["layers"][0]["layers"]}]}
    network["layers"] = [{"kind": "dense", "units": 8}, *network["layers"]]
    known = report(network, trials=2, data={"samples": 4})
    text = page(known.model_copy(update={"findings": [_finding("/network/layers/1/layers/0")]}))
    assert text.count("<b>!</b>") == 1 + 16
    assert len(re.findall("<details[^>]* open", text)) == 0, "nothing inside is named"
