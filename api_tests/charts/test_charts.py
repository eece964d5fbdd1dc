"""Charts: what is drawn, and that everybody can read it."""

import gzip
import json
from collections.abc import Iterator
from importlib.metadata import version
from itertools import combinations
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from api_tests.charts.odd_reports import FORMULA, SPECIFICATIONS, odd
from service.charts.chart import ChartFormat, Theme
from service.charts.kinds import CHARTS
from service.charts.marks import DASHES
from service.charts.rendering import draw_report, packed_script

PNG = b"\x89PNG\r\n\x1a\n"
ENOUGH_FOR_TEXT, ENOUGH_FOR_LINES = 4.5, 3.0
"""Of the Web Content Accessibility Guidelines, level AA."""


WORDS = [("title", "color"), ("title", "subtitleColor"), ("axis", "labelColor"), ("axis", "titleColor")]


def svg(name: str, chart: str, theme: Theme = Theme.LIGHT) -> str:
    return draw_report([odd(name)], chart, theme, ChartFormat.SVG).decode()


def specification(name: str, chart: str) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(draw_report([odd(name)], chart, Theme.LIGHT, ChartFormat.JSON))
    return made


def walk(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from walk(child)


UNLIKE = ("vanishing", "mixed layers", "no weights", "dead", "blocks")
"""Reports of which every chart is drawn; of the others one is, as their rows are looked at elsewhere."""


@pytest.mark.parametrize(
    ("name", "chart"),
    [*((name, chart) for name in UNLIKE for chart in CHARTS)]
    + [(name, "gradient") for name in SPECIFICATIONS if name not in UNLIKE],
)
def test_every_chart_and_every_report_can_be_drawn(name: str, chart: str) -> None:
    picture = ElementTree.fromstring(svg(name, chart))
    assert float(picture.attrib["width"]) > 600
    assert "NaN" not in ElementTree.tostring(picture).decode()


@pytest.mark.parametrize("wanted", ChartFormat)
def test_the_same_report_gives_the_same_bytes_whatever_is_drawn_between(wanted: ChartFormat) -> None:
    reports = [odd("vanishing"), odd("stable")]
    drawn = ["gradient", "derivative"] if wanted is ChartFormat.PNG else [*CHARTS]  # points are made from what SVG is
    first = {chart: draw_report(reports, chart, Theme.DARK, wanted) for chart in drawn}
    for chart in drawn:
        draw_report(reports[::-1], chart, Theme.LIGHT, ChartFormat.SVG)
    assert {chart: draw_report(reports, chart, Theme.DARK, wanted) for chart in reversed(drawn)} == first
    assert wanted is not ChartFormat.PNG or all(picture.startswith(PNG) for picture in first.values())


@pytest.mark.parametrize("chart", CHARTS)
def test_a_chart_says_what_it_shows_of_what_and_how_to_read_it(chart: str) -> None:
    report = odd("vanishing")
    made = specification("vanishing", chart)
    assert made["title"]["text"] == CHARTS[chart].title
    assert made["title"]["subtitle"][-1] == CHARTS[chart].how_to_read
    whose = "sigmoid × 10, width 32, lecun_normal: vanishing, severe"
    assert (whose in made["title"]["subtitle"]) == (not CHARTS[chart].compares)
    assert made["description"] == f"{CHARTS[chart].title}. {report.verdict.reasons[0]}"
    assert ElementTree.fromstring(svg("vanishing", chart)).attrib["aria-label"] == made["description"]


@pytest.mark.parametrize("chart", [chart for chart in CHARTS if chart != "network"])
def test_every_axis_has_a_title_and_decades_are_said(chart: str) -> None:
    drawing = CHARTS[chart].drawing()
    titles = {node["axis"]["title"] for node in walk(drawing["layer"]) if node.get("axis")}
    assert len(titles) == 2
    assert all(titles)
    without = {"derivative", "activation", "attention", "precision"}
    assert any("decades" in title for title in titles) != (chart in without)


def test_decades_are_explained_where_the_gradient_is_shown() -> None:
    assert "A decade is a factor of ten" in CHARTS["gradient"].how_to_read


def test_a_formula_is_text_in_a_picture() -> None:
    text = svg("mixed layers", "activation")
    assert FORMULA not in text
    assert FORMULA in [node.text for node in ElementTree.fromstring(text).iter()]


def test_where_there_are_no_numbers_a_sentence_says_so() -> None:
    assert "This report has no numbers for this chart." in svg("overflowing", "gain")


def test_the_line_of_no_change_is_drawn_between_gains() -> None:
    groups = ElementTree.fromstring(svg("stable", "gain")).iter()
    (rules,) = [group for group in groups if "mark-rule role-mark" in group.attrib.get("class", "")]
    assert len(rules) == 1


def test_the_specification_is_json_without_anything_that_is_none() -> None:
    text = draw_report([odd("overflowing")], "gradient", Theme.LIGHT, ChartFormat.JSON).decode()
    made = json.loads(text, parse_constant=pytest.fail)
    assert made["$schema"].endswith("/vega-lite/v6.4.1.json")
    assert made["width"] == "container"


def test_the_script_for_browsers_is_made_once_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    packed = packed_script()
    assert b"window.vegaEmbed" in gzip.decompress(packed)
    (kept,) = tmp_path.rglob("*.gz")
    assert version("vl-convert-python") in kept.name
    other = gzip.compress(b"kept")
    kept.write_bytes(other)
    assert packed_script() == other
    monkeypatch.setattr("vl_convert.javascript_bundle", lambda _: "made again")
    kept.write_bytes(packed[:-1])  # not whole
    assert gzip.decompress(packed_script()) == b"made again" == gzip.decompress(kept.read_bytes())


def luminance(colour: str) -> float:
    """Relative luminance of `#rrggbb` (WCAG 2)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def over(ground: str, colour: str) -> str:
    """`colour`, #rrggbbaa, on `ground`."""
    share = int(colour[7:9], 16) / 255
    mixed = [
        round(share * int(colour[at : at + 2], 16) + (1 - share) * int(ground[at : at + 2], 16)) for at in (1, 3, 5)
    ]
    return "#" + "".join(f"{part:02x}" for part in mixed)


@pytest.mark.parametrize("theme", Theme)
def test_lines_and_words_stand_out_from_the_ground(theme: Theme) -> None:
    made = theme.config()
    ground = made["background"]
    words = [
        made["title"]["color"],
        made["title"]["subtitleColor"],
        made["axis"]["labelColor"],
        made["axis"]["titleColor"],
    ]
    assert all(contrast(word, ground) >= ENOUGH_FOR_TEXT for word in words)
    assert all(contrast(line, ground) >= ENOUGH_FOR_LINES for line in made["range"]["category"])
    grounds = [over(ground, zone) for zone in made["range"]["diverging"]]
    assert all(contrast(made["style"]["zone-name"]["color"], one) >= ENOUGH_FOR_LINES for one in grounds)


@pytest.mark.parametrize("theme", Theme)
def test_series_are_told_apart_in_grey(theme: Theme) -> None:
    colours = theme.config()["range"]["category"]
    assert len(colours) == 5
    assert all(contrast(one, other) >= 1.25 for one, other in combinations(colours, 2))


def test_twelve_networks_have_twelve_kinds_of_lines() -> None:
    colours = Theme.LIGHT.config()["range"]["category"]
    kinds = {(place % len(colours), place % len(DASHES)) for place in range(12)}
    assert len(kinds) == 12


@pytest.mark.parametrize("theme", Theme)
def test_severe_zones_are_told_from_mild_ones_in_grey(theme: Theme) -> None:
    made = theme.config()
    ground = made["background"]
    severe, mild, stable, mild_too, severe_too = (
        contrast(over(ground, one), ground) for one in made["range"]["diverging"]
    )
    assert stable == 1.0
    assert min(severe, severe_too) > 1.1 * max(mild, mild_too) > 1.1
