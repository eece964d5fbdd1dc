"""What a student does: build a network, see the verdict, change it, and see the verdict follow."""

from copy import deepcopy
from typing import Any

import httpx
import pytest
from playwright.sync_api import Route, expect

from api_tests.page.conftest import Open
from api_tests.page.laboratory import DEFAULT


def changed(**parts: Any) -> Any:
    """The network to begin with, with some parts of its hidden layers replaced."""
    spec: Any = deepcopy(DEFAULT)
    repeat = spec["network"]["layers"][0]
    repeat["times"] = parts.pop("times", repeat["times"])
    repeat["layers"][0].update(parts)
    return spec


def test_an_empty_page_has_a_network_already_judged(open_page: Open) -> None:
    page = open_page()
    report = page.shows(DEFAULT)
    expect(page.verdict).to_contain_text(report["verdict"]["reasons"][0])
    page.rest_is_drawn()
    for reason in report["verdict"]["reasons"][1:]:
        expect(page.page.locator("#reasons")).to_contain_text(reason)


def test_three_clicks_lead_to_stanh_with_twenty_layers(open_page: Open) -> None:
    page = open_page()
    page.page.get_by_label("Activation", exact=True).select_option("stanh")  # open it, choose: two clicks
    page.page.get_by_role("group", name="Depth").get_by_role("button", name="20", exact=True).click()
    report = page.shows(changed(times=20, activation={"kind": "stanh"}))
    expect(page.verdict).to_contain_text(report["verdict"]["label"])
    expect(page.verdict).to_contain_text("severe")


def test_the_gain_revives_a_gradient(open_page: Open) -> None:
    page = open_page("#1:0:activation=relu&depth=20")
    dying = page.shows(changed(times=20, activation={"kind": "relu"}))
    assert dying["verdict"]["label"] == "vanishing"
    slider = page.page.get_by_role("slider", name="Gain g = n·Var W")
    expect(slider).to_have_attribute("aria-valuetext", "1")
    for _ in range(10):
        slider.press("PageUp")
    page.page.locator("#gain").get_by_role("button", name="2", exact=True).click()
    weights = {"kind": "variance_scaling", "scale": 2}
    alive = page.shows(changed(times=20, activation={"kind": "relu"}, weights=weights))
    assert alive["verdict"]["label"] == "stable"
    expect(slider).to_have_attribute("aria-valuetext", "2")


def test_the_latest_of_many_changes_wins(open_page: Open) -> None:
    page = open_page()
    page.shows(DEFAULT)
    slider = page.page.get_by_role("slider", name="Depth")
    for stop in range(10, 30):
        slider.fill(str(stop))
    page.shows(changed(times=30))
    measured = page.page.evaluate("performance.getEntriesByName('change-to-chart').length")
    assert 2 <= measured <= 21


@pytest.mark.parametrize(("label", "value", "pointer"), [("a", "1e300", "activation"), ("Trials", "0", "trials")])
def test_a_refusal_stands_beside_its_control_and_the_chart_stays(
    open_page: Open, label: str, value: str, pointer: str
) -> None:
    page = open_page("#1:0:activation=a_relu&activation.a=0.1")
    shown = page.shows(changed(activation={"kind": "a_relu", "a": 0.1}))
    page.page.locator("#more-trials > summary").click()
    page.page.get_by_label(label, exact=True).fill(value)
    refusal = page.page.locator(f"[data-complaint*={pointer}]:visible")
    expect(refusal).to_contain_text("must be")
    expect(page.page.get_by_label(label, exact=True)).to_have_attribute("aria-invalid", "true")
    expect(page.page.locator(f'body[data-digest="{shown["digest"]}"]')).to_have_count(1)
    expect(page.page.locator("#chart-gradient svg")).to_be_visible()
    page.page.get_by_label(label, exact=True).fill("1")
    expect(refusal).to_have_count(0)


def test_a_link_restores_everything(open_page: Open) -> None:
    page = open_page()
    page.shows(DEFAULT)
    page.page.get_by_label("Activation", exact=True).select_option("elu")
    page.page.get_by_label("alpha", exact=True).fill("1.5")
    page.page.get_by_label("Initialiser").select_option("orthogonal")
    page.page.get_by_label("gain", exact=True).fill("1.25")
    page.page.locator("#more-data > summary").click()
    page.page.get_by_label("Samples in the batch").fill("32")
    page.page.get_by_role("button", name="Compare with another").click()
    page.page.get_by_label("Activation", exact=True).select_option("expression")
    page.page.get_by_label("φ(z) =").fill("z*tanh(b z) : | & <b>")
    page.page.get_by_label("φ(z) =").fill("sin(b z)")
    page.page.get_by_label("with", exact=True).fill("b = 1.5")
    spec = changed(
        activation={"kind": "expression", "formula": "sin(b z)", "parameters": {"b": 1.5}},
        weights={"kind": "orthogonal", "gain": 1.25},
    ) | {"data": {"samples": 32}}
    page.shows(spec)
    link = page.copied("link")
    again = open_page(link.removeprefix(f"{page.url}/"))
    again.shows(spec)
    assert again.spec() == page.spec()
    expect(again.cards).to_have_count(2)
    expect(again.cards.nth(0)).to_contain_text("elu, 10 × 32")


def test_every_example_can_be_judged(open_page: Open) -> None:
    page = open_page()
    select = page.page.get_by_label("Examples")
    seen = page.shows(DEFAULT)["digest"]
    for value in [option.get_attribute("value") for option in select.locator("option").all()][2:]:
        select.select_option(value)
        page.page.locator(f'body[data-digest]:not([data-digest="{seen}"])').wait_for()
        seen = page.page.locator("body").get_attribute("data-digest")
        expect(page.page.locator("#preset-sentence")).not_to_be_empty()


def test_a_link_to_another_network_is_followed_on_the_open_page(open_page: Open) -> None:
    page = open_page()
    page.shows(DEFAULT)
    page.page.goto(f"{page.url}/#1:0:depth=5")
    page.shows(changed(times=5))


def test_the_tabs_are_the_charts_that_the_catalog_gives_one(open_page: Open) -> None:
    page = open_page()
    catalog = httpx.get(f"{page.url}/v1/catalog", timeout=60).json()["charts"]
    charts = [chart for chart in catalog if chart["tab"] and chart["requires"] is None]
    tabs = page.page.get_by_role("tab")
    expect(tabs).to_have_text([chart["tab"] for chart in charts])
    for chart in charts:
        tabs.get_by_text(chart["tab"], exact=True).click()
        expect(page.page.locator(f"#chart-{chart['name']} svg")).to_be_visible()
        expect(page.page.locator(f"#chart-{chart['name']} figcaption")).to_have_text(chart["how_to_read"])


def test_the_layers_are_a_table_too(open_page: Open) -> None:
    page = open_page()
    report = page.shows(DEFAULT)
    page.page.get_by_text("Layers in numbers").first.click()
    table = page.page.get_by_role("table")
    expect(table.get_by_role("rowheader")).to_have_text([str(layer["index"]) for layer in report["layers"]])
    expect(table.locator("caption")).to_contain_text("Every layer")


def test_an_answer_that_does_not_come_is_not_waited_for_once_there_is_a_later_change(open_page: Open) -> None:
    page = open_page()
    page.shows(DEFAULT)
    held: list[Route] = []
    page.page.route("**/chart.json?chart=gradient*", lambda route: route.continue_() if held else held.append(route))
    depths = page.page.get_by_role("group", name="Depth")
    with page.page.expect_request("**/chart.json?chart=gradient*"):
        depths.get_by_role("button", name="5", exact=True).click()
    depths.get_by_role("button", name="20", exact=True).click()
    page.shows(changed(times=20))
    expect(page.page.locator("#refusal")).to_be_hidden()


def test_a_service_that_is_away_is_said_to_be_and_the_chart_stays(open_page: Open) -> None:
    page = open_page()
    shown = page.shows(DEFAULT)
    page.rest_is_drawn()
    page.context.set_offline(True)
    page.page.get_by_role("group", name="Depth").get_by_role("button", name="5", exact=True).click()
    expect(page.page.locator("#refusal")).to_contain_text("does not answer")
    expect(page.page.locator(f'body[data-digest="{shown["digest"]}"]')).to_have_count(1)
    page.context.set_offline(False)
    page.page.get_by_role("group", name="Depth").get_by_role("button", name="20", exact=True).click()
    page.shows(changed(times=20))
    expect(page.page.locator("#refusal")).to_be_hidden()
    page.faults.clear()  # the browser's own log of the requests that failed


def test_a_long_simulation_says_how_long_and_can_be_cancelled(open_page: Open) -> None:
    page = open_page("#1:0:width=128")
    shown = page.shows(changed(units=128))
    page.page.locator("#more-trials > summary").click()
    page.page.get_by_label("Trials", exact=True).fill("2000")
    expect(page.page.locator("#progress-text")).to_contain_text("s in all")
    page.page.get_by_role("button", name="Cancel").click()
    expect(page.page.locator("#progress")).to_be_hidden()
    expect(page.page.locator("#refusal")).to_contain_text("Cancelled")
    expect(page.page.locator(f'body[data-digest="{shown["digest"]}"]')).to_have_count(1)


def test_charts_whose_program_does_not_arrive_are_drawn_after_the_next_change(open_page: Open) -> None:
    page = open_page("#1:0:depth=5")
    page.page.route("**/page/vega.js", lambda route: route.abort(), times=2)  # it asks again at once
    page.page.reload()
    expect(page.page.locator("#refusal")).to_contain_text("Charts cannot be drawn now")
    label = page.report(changed(times=5))["verdict"]["label"]
    expect(page.verdict).to_contain_text(label)
    expect(page.page.locator("#facts dt").first).to_be_visible()
    page.page.get_by_role("group", name="Depth").get_by_role("button", name="20", exact=True).click()
    page.shows(changed(times=20))
    page.rest_is_drawn()
    expect(page.page.locator("#refusal")).to_be_hidden()
    page.faults.clear()  # the browser's own log of the request that failed
