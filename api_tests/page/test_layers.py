"""The layers of a large network on the page: a tree that folds, by mouse and by keyboard, as the report page has it."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, expect

from api_tests.charts.test_folding import _each
from api_tests.page.conftest import Open
from api_tests.page.laboratory import Laboratory
from api_tests.page.test_accessibility import LOOKS
from service.charts.folding import folded, troubled
from service.simulation.results import SimulationReport


def _block(name: str) -> dict[str, Any]:
    layers = [{"kind": "layer_norm", "name": f"{name}.norm"}, {"kind": "dense", "units": 6, "name": f"{name}.up"}]
    return {"kind": "residual", "name": name, "layers": layers}


def _encoder(*, times: int = 16) -> dict[str, Any]:
    """Blocks written one by one, repeated pairs of others, branches, and layers that are like no other."""
    relu = {"kind": "dense", "units": 6, "activation": {"kind": "relu"}}
    branch = {"layers": [{"kind": "layer_norm"}, relu]}
    layers = [
        {"kind": "dense", "units": 6, "name": "<b>stem</b>"},
        *(_block(f"encoder.layer.{number}") for number in range(times)),
        {"kind": "repeat", "times": 3, "layers": [{"kind": "layer_norm"}, {"kind": "dense", "units": 6}, relu]},
        {"kind": "parallel", "merge": "add", "branches": [branch, branch, branch, {"layers": []}]},
        {"kind": "dense", "units": 2, "weights": {"kind": "zeros"}, "name": "head"},
        {"kind": "dense", "units": 1},
    ]
    return {"network": {"features": 6, "layers": layers}, "trials": 2, "data": {"samples": 4}}


def _opened(open_page: Open, spec: Any) -> tuple[Laboratory, SimulationReport, Locator]:
    page = open_page()
    report = page.report(spec)
    page.page.goto(f"{page.url}/#report:{report['digest']}")
    page.page.locator(f'body[data-digest="{report["digest"]}"]').wait_for()
    page.page.get_by_text("Layers in numbers").first.click()
    return page, SimulationReport.model_validate(report), page.page.get_by_role("treegrid")


SHAPE = """async () => {
  const { folded, labelOf, troubled } = await import("/page/folding.js");
  const digest = document.body.dataset.digest;
  const report = await (await fetch(`/v1/simulations/${digest}`)).json();
  const shape = (line) => ({
    layers: line.layers.map((layer) => layer.index), times: line.times, label: labelOf(line),
    inside: line.inside.map(shape), copies: line.copies.map((copy) => copy.map(shape)),
  });
  return { lines: folded(report.layers).map(shape), troubled: [...troubled(report)] };
}"""


def _shape(line: Any) -> Any:
    return {
        "layers": [layer.index for layer in line.layers],
        "times": line.times,
        "label": line.label,
        "inside": [_shape(one) for one in line.inside],
        "copies": [[_shape(one) for one in copy] for copy in line.copies],
    }


def test_the_page_folds_as_the_report_page_and_the_terminal_do(open_page: Open) -> None:
    page, report, _ = _opened(open_page, _encoder())
    found = page.page.evaluate(SHAPE)
    assert found["lines"] == [_shape(line) for line in folded(report)]
    assert sorted(found["troubled"]) == sorted(troubled(report))
    assert any(line.times > 1 for line in _each(folded(report)))


def test_what_repeats_is_a_row_that_unfolds_to_each_of_its_layers(open_page: Open) -> None:
    page, report, tree = _opened(open_page, _encoder())
    row = tree.get_by_role("row", name="encoder.layer.0–15: residual × 16")
    if row.get_attribute("aria-expanded") == "false":
        row.click()
    expect(row).to_have_attribute("aria-expanded", "true")
    expect(tree.get_by_text("Each of the 16 by itself")).to_be_visible()
    expect(tree.get_by_role("row", name="encoder.layer.15: residual")).to_have_attribute("aria-expanded", "false")
    expect(row.locator("small").first).to_contain_text("…")
    for _ in range(200):
        closed = tree.locator('tr[aria-expanded="false"]')
        if not closed.count():
            break
        closed.first.click()
    numbers = {text for text in tree.get_by_role("rowheader").all_inner_texts() if text.isdigit()}
    assert numbers == {str(layer.index) for layer in report.layers}, "unfolded, it has all layers"
    assert page.page.evaluate("document.querySelectorAll('#layers-table td b:not(.trouble)').length") == 0


def test_the_tree_goes_by_keyboard(open_page: Open) -> None:
    page, _, tree = _opened(open_page, _encoder())
    rows = tree.locator("tr[data-key]")
    rows.first.focus()
    keys = page.page.keyboard
    keys.press("ArrowDown")
    block = tree.get_by_role("row", name="encoder.layer.0–15: residual × 16")
    expect(block).to_be_focused()
    keys.press("ArrowLeft")
    expect(block).to_have_attribute("aria-expanded", "false")
    keys.press("ArrowRight")
    expect(block).to_have_attribute("aria-expanded", "true")
    expect(block).to_be_focused()
    keys.press("ArrowRight")
    expect(tree.locator("tr:focus")).to_have_attribute("aria-level", "2")
    keys.press("ArrowLeft")
    expect(block).to_be_focused()
    keys.press("End")
    expect(rows.last).to_be_focused()
    keys.press("Home")
    expect(rows.first).to_be_focused()
    expect(tree.locator('tr[tabindex="0"]')).to_have_count(1)


def test_a_finding_leads_to_its_layer(open_page: Open) -> None:
    page, report, tree = _opened(open_page, _encoder())
    page.page.get_by_text("Layers in numbers").first.click()
    named = [one.path for one in report.findings if one.path]
    assert named, "zero weights are found somewhere"
    page.page.locator("#findings").get_by_role("button", name=named[0], exact=True).first.click()
    index = next(layer.index for layer in report.layers if layer.path == named[0])
    expect(tree.locator("tr:focus").get_by_role("rowheader")).to_have_text(str(index))
    expect(tree.locator("tr:focus .trouble")).to_have_text("! ")


def test_layers_are_found_by_name(open_page: Open) -> None:
    page, report, _ = _opened(open_page, _encoder())
    page.page.get_by_label("Find layers").fill("Layer.1")
    names = page.page.locator("#layers-table tbody tr")
    wanted = [layer for layer in report.layers if "layer.1" in (layer.name or "")]
    expect(names).to_have_count(len(wanted))
    expect(page.page.locator("#layers-table [role=status]")).to_have_text(
        f"{len(wanted)} of {len(report.layers)} layers"
    )
    page.page.get_by_label("Find layers").fill("<b>stem")
    expect(names).to_have_count(1)
    expect(names).to_contain_text("<b>stem</b>")


@pytest.mark.parametrize("look", LOOKS)
def test_axe_finds_nothing_serious_in_the_tree_and_the_page_is_not_wider_than_the_screen(
    open_page: Open, look: str
) -> None:
    page = open_page(**LOOKS[look])
    report = page.report(_encoder())
    page.page.goto(f"{page.url}/#report:{report['digest']}")
    page.page.locator(f'body[data-digest="{report["digest"]}"]').wait_for()
    page.page.get_by_text("Layers in numbers").first.click()
    page.page.get_by_role("treegrid").locator('tr[aria-expanded="false"]').first.click()
    page.photograph(f"layers-{look}")
    assert _serious(page) == []
    assert page.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("look", LOOKS)
def test_axe_finds_nothing_serious_in_the_report_page_whose_tree_unfolds_without_a_script(
    open_page: Open, look: str
) -> None:
    page = open_page(**LOOKS[look])
    report = page.report(_encoder())
    page.page.goto(f"{page.url}/v1/simulations/{report['digest']}/report.html")
    tree = page.page.get_by_role("region", name="Layers")
    summary = tree.locator("summary").filter(has_text="encoder.layer.0–15: residual × 16")
    summary.focus()
    before = summary.evaluate("one => one.parentElement.open")
    page.page.keyboard.press("Enter")
    assert summary.evaluate("one => one.parentElement.open") != before
    page.photograph(f"report-{look}")
    assert _serious(page) == []
    assert page.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_finding_on_the_report_page_opens_what_it_is_in(open_page: Open) -> None:
    page = open_page()
    report = page.report(_encoder())
    page.page.goto(f"{page.url}/v1/simulations/{report['digest']}/report.html#layer-20")
    row = page.page.locator("#layer-20")
    expect(row).to_be_visible()
    expect(row).to_contain_text(".norm: layer norm")


def _serious(page: Laboratory) -> list[Any]:
    found = Axe().run(page.page).response["violations"]
    return [(one["id"], [node["html"] for node in one["nodes"]]) for one in found if one["impact"] != "minor"]
