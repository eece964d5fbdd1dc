"""Charts of sweeps: all of them can be drawn, looked at by everybody, and followed to the networks in them."""

import json
from collections.abc import Sequence
from math import log10
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from api_tests.charts.odd_sweeps import FORMULA, SWEEPS, lines
from api_tests.charts.test_charts import ENOUGH_FOR_TEXT, PNG, contrast, luminance
from service.charts.chart import ChartFormat, Theme
from service.charts.renderer import ChartRenderer
from service.charts.sweep import draw_sweep
from service.charts.sweep_line import SweepLine
from service.charts.sweep_map import SweepMap
from service.charts.sweep_points import Findings
from service.core.settings import Settings
from service.nn.activations.smooth import Tanh
from service.simulation.vocabulary import Label
from service.studies.evaluation import evaluate
from service.studies.points import SweepPoint
from service.studies.sweep import Grid, SweepSpec
from service.theory.critical import critical_initialisations

PHASE_DIAGRAM = Path(__file__).resolve().parents[2] / "examples" / "phase_diagram" / "tanh.json"
TELLING_APART = 1.25
"""The contrast that series have in grey, too."""


def drawn(spec: SweepSpec, found: Sequence[bytes], theme: Theme, wanted: ChartFormat) -> bytes:
    return draw_sweep(spec.model_dump_json().encode(), found, theme, wanted)


def made(name: str, theme: Theme = Theme.LIGHT, there: int | None = None) -> dict[str, Any]:
    spec, measured = SWEEPS[name]
    found: dict[str, Any] = json.loads(drawn(spec, lines(spec, measured)[:there], theme, ChartFormat.JSON))
    return found


@pytest.mark.parametrize(
    ("name", "there"), [*((name, None) for name in SWEEPS), ("one axis", 3), ("names along", 3), ("two axes", 0)]
)
def test_every_sweep_can_be_drawn_whatever_is_there_of_it(name: str, there: int | None) -> None:
    spec, measured = SWEEPS[name]
    picture = drawn(spec, lines(spec, measured)[:there], Theme.DARK, ChartFormat.SVG)
    root = ElementTree.fromstring(picture)
    assert float(root.attrib["width"]) > 600
    assert b"NaN" not in picture
    assert root.attrib["aria-label"] == made(name, there=there)["description"]


@pytest.mark.parametrize("name", ["one axis", "one axis of names", "two axes", "names upwards"])
def test_a_drawing_is_valid_vega_lite(name: str) -> None:
    spec, measured = SWEEPS[name]
    findings = Findings(spec, lines(spec, measured))
    chart = SweepMap(findings) if len(findings.axes) == 2 else SweepLine(findings)
    layers = chart.drawing().to_dict(validate=True)["layer"]
    assert {layer["data"]["name"] for layer in layers} == set(chart.rows)


@pytest.mark.parametrize("name", ["one axis", "two axes"])
def test_a_chart_for_browsers_is_json_whose_marks_have_the_number_of_their_point(name: str) -> None:
    spec, measured = SWEEPS[name]
    text = drawn(spec, lines(spec, measured), Theme.LIGHT, ChartFormat.JSON)
    datasets = json.loads(text, parse_constant=pytest.fail)["datasets"]
    shown = [row for rows in datasets.values() for row in rows if "values" in row]
    assert {row["index"] for row in shown} == set(range(spec.total))
    assert all(len(row["digest"]) == 64 for row in shown if row["state"] != "failed")


def test_tooltips_tell_values_verdict_ratio_prediction_gain_and_digest() -> None:
    for name in ("one axis", "two axes"):
        found = [layer["encoding"].get("tooltip") for layer in made(name)["layer"]]
        (told,) = {tuple(one["field"] for one in tooltip) for tooltip in found if tooltip}
        assert told == ("values", "outcome", "depth_ratio", "predicted", "gain", "digest")


def test_a_picture_is_the_same_however_often_it_is_drawn() -> None:
    spec, measured = SWEEPS["two axes"]
    for wanted in (ChartFormat.SVG, ChartFormat.PNG):
        one, other = (drawn(spec, lines(spec, measured), Theme.LIGHT, wanted) for _ in range(2))
        assert one == other
    assert one.startswith(PNG)


def test_a_name_is_text_in_a_picture() -> None:
    spec, measured = SWEEPS["names along"]
    picture = drawn(spec, lines(spec, measured), Theme.LIGHT, ChartFormat.SVG).decode()
    assert FORMULA not in picture
    assert FORMULA in [node.text for node in ElementTree.fromstring(picture).iter()]


def test_before_anything_is_there_a_sentence_says_so() -> None:
    spec, _ = SWEEPS["one axis"]
    assert "No point of this sweep is there yet." in drawn(spec, [], Theme.LIGHT, ChartFormat.SVG).decode()


def test_a_map_says_where_its_colours_end() -> None:
    (legend,) = [
        layer["encoding"]["color"]["legend"] for layer in made("two axes")["layer"] if "color" in layer["encoding"]
    ]
    assert legend["values"] == [-5, -2.5, -1, 0, 1, 2.5, 5]
    picture = drawn(SWEEPS["two axes"][0], [], Theme.LIGHT, ChartFormat.SVG).decode()
    assert all(f">{end}</text>" in picture for end in ("≥ 5", "2.5", "−2.5", "≤ −5"))


@pytest.mark.parametrize("theme", Theme)
def test_vanishing_and_exploding_are_told_apart_in_grey_where_they_are_severe(theme: Theme) -> None:
    cells = theme.config()["range"]["heatmap"]
    darkest_exploding = min(luminance(colour) for colour in cells[5:])
    lightest_vanishing = max(luminance(colour) for colour in cells[:2])
    assert darkest_exploding > lightest_vanishing
    assert min(contrast(cells[0], cells[-1]), contrast(cells[1], cells[-2])) >= TELLING_APART


@pytest.mark.parametrize("theme", Theme)
def test_the_further_from_stable_the_further_from_its_colour(theme: Theme) -> None:
    cells = theme.config()["range"]["heatmap"]
    for side in (cells[3::-1], cells[3:]):
        distances = [contrast(colour, side[0]) for colour in side]
        assert distances == sorted(distances)
        assert distances[1] >= 1.2


@pytest.mark.parametrize("theme", Theme)
def test_words_and_marks_stand_out_from_the_cells_they_are_on(theme: Theme) -> None:
    ranges = theme.config()["range"]
    on_exploding, on_vanishing = ranges["ordinal"]
    assert all(contrast(on_exploding, cell) >= ENOUGH_FOR_TEXT for cell in ranges["heatmap"][5:])
    assert all(contrast(on_vanishing, cell) >= ENOUGH_FOR_TEXT for cell in ranges["heatmap"][:2])


@pytest.mark.parametrize("theme", Theme)
def test_the_critical_line_stands_out_from_stable_cells_and_has_an_edge_on_others(theme: Theme) -> None:
    made = theme.config()
    line, edge = made["style"]["contour"]["color"], made["style"]["halo"]["color"]
    assert contrast(line, made["range"]["heatmap"][3]) >= 7.0
    assert contrast(line, edge) >= 7.0


@pytest.mark.anyio
async def test_the_renderer_draws_what_is_there_of_a_sweep() -> None:
    spec, measured = SWEEPS["two axes"]
    request, found = spec.model_dump_json().encode(), lines(spec, measured)[:11]
    renderer = ChartRenderer(Settings())
    try:
        picture = await renderer.job("service.charts.sweep:draw_sweep", request, found, Theme.LIGHT, ChartFormat.SVG)
    finally:
        await renderer.end()
    assert picture == drawn(spec, found, Theme.LIGHT, ChartFormat.SVG)


def test_cells_of_the_phase_diagram_half_a_decade_from_the_line_have_the_label_of_their_side() -> None:
    grid = Grid(SweepSpec.model_validate_json(PHASE_DIAGRAM.read_bytes()))
    above, below = {}, {}
    for index in range(0, len(grid), 10):
        sigma_w2, sigma_b2 = (float(str(grid.values(index)[name])) for name in ("weight_variance", "bias_variance"))
        (line,) = critical_initialisations(Tanh(), sigma_b2).initialisations
        distance = log10(sigma_w2 / line.weight_variance)
        (above if distance > 0.5 else below if distance < -0.5 else {})[index] = abs(distance)
    nearest = [index for side in (above, below) for index in sorted(side, key=side.__getitem__)[:2]]
    found = [SweepPoint.model_validate_json(line) for line in evaluate(grid, nearest, {}).lines]
    expected = [Label.EXPLODING] * min(2, len(above)) + [Label.VANISHING] * 2
    assert above
    assert [point.verdict.label for point in found if point.verdict] == expected
