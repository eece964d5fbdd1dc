"""A report that was made elsewhere is shown whole, and the form neither changes nor hides what it is of."""

import json
from typing import Any

from playwright.sync_api import expect

from api_tests.page.conftest import Open
from api_tests.page.laboratory import DEFAULT, Laboratory

_BLOCK = {
    "kind": "residual",
    "name": "stage 1",
    "layers": [{"kind": "dense", "units": 6, "activation": {"kind": "relu"}}, {"kind": "dense", "units": 6}],
}
RESIDUAL: dict[str, Any] = {
    "network": {
        "input": {"kind": "sequence", "steps": 5, "features": 6},
        "layers": [
            {"kind": "repeat", "times": 2, "layers": [_BLOCK]},
            {"kind": "recurrent", "units": 4, "name": "<b>reader</b>"},
            {"kind": "dense", "units": 1},
        ],
    },
    "trials": 4,
    "data": {"samples": 8},
}
UNKNOWN = "0" * 64


def _opened(open_page: Open, spec: Any) -> tuple[Laboratory, Any]:
    page = open_page()
    report = page.report(spec)
    page.page.goto(f"{page.url}/#report:{report['digest']}")
    page.page.locator(f'body[data-digest="{report["digest"]}"]').wait_for()
    return page, report


def test_a_report_is_opened_by_its_digest_and_the_form_gives_way(open_page: Open) -> None:
    page, report = _opened(open_page, RESIDUAL)
    expect(page.page.locator("#kept")).to_contain_text("This network was not built here")
    expect(page.page.locator("#kept")).to_contain_text("It has 4 layers and 4 inside these.")
    expect(page.page.locator("#form")).to_be_hidden()
    expect(page.page.locator("#cards")).to_be_hidden()
    expect(page.verdict).to_contain_text(report["verdict"]["reasons"][0])
    page.page.get_by_text("Specification", exact=True).click()
    assert json.loads(page.page.get_by_label("Specification").input_value()) == report["spec"]


def test_what_is_copied_of_it_is_its_own_specification_and_link(open_page: Open) -> None:
    page, report = _opened(open_page, RESIDUAL)
    assert page.spec() == report["spec"]
    assert page.copied("link") == f"{page.url}/#report:{report['digest']}"
    assert page.report(page.spec())["digest"] == report["digest"]
    compile(page.copied("Python"), "copied", "exec")
    assert "None" in page.copied("Python")
    assert "null" not in page.copied("Python")


def test_its_layers_are_indented_and_named_and_have_shapes(open_page: Open) -> None:
    page, report = _opened(open_page, RESIDUAL)
    page.page.get_by_text("Layers in numbers").first.click()
    rows = page.page.locator("#layers-table tbody tr")
    expect(rows).to_have_count(len(report["layers"]))
    cells = [row.locator("td").all_inner_texts() for row in rows.all()]
    assert [cell[0] for cell in cells][:3] == ["relu", "linear", "stage 1: residual"]
    assert cells[-2][0] == "<b>reader</b>: recurrent"
    assert cells[0][1] == "5 × 6"
    assert "in-1" in (rows.nth(0).locator("td").first.get_attribute("class") or "")
    expect(page.page.locator("#layers-table thead")).to_contain_text("along time")


def test_there_are_tabs_for_what_a_report_has_and_for_nothing_else(open_page: Open) -> None:
    page, _ = _opened(open_page, RESIDUAL)
    page.rest_is_drawn()
    tabs = page.page.get_by_role("tab")
    visible = [tab.inner_text() for tab in tabs.all() if tab.is_visible()]
    assert "Along time" in visible
    assert "Tokens" in visible
    assert "Attention" not in visible
    page.page.get_by_role("tab", name="Network").click()
    expect(page.page.locator("#chart-network")).to_contain_text("stage 1: residual")
    page.page.get_by_role("link", name="Build a network of your own").click()
    page.shows(DEFAULT)
    page.rest_is_drawn()
    expect(page.form).to_be_visible()
    expect(page.page.get_by_role("tab", name="Along time")).to_be_hidden()


def test_an_unknown_digest_is_said_to_be_unknown(open_page: Open) -> None:
    page = open_page()
    page.page.goto(f"{page.url}/#report:{UNKNOWN}")
    expect(page.page.locator("#note")).to_contain_text("Build a network instead")
    page.page.get_by_role("link", name="Build a network instead").click()
    page.shows(DEFAULT)
