"""What the laboratory expects of training, how it mends a network, and what it says of a result that is out of date."""

import re
from typing import Any

import httpx
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Route, expect

from api_tests.docs.pages import ROOT
from api_tests.page.conftest import Open
from api_tests.page.laboratory import DEFAULT
from api_tests.page.test_laboratory import changed

DYING = "#1:0:activation=relu&depth=20"
RELU = changed(times=20, activation={"kind": "relu"})
BETTER = changed(times=20, activation={"kind": "relu"}, weights={"kind": "he_normal"})


def prescriptions(url: str, spec: Any) -> Any:
    """What the service would change."""
    return httpx.post(f"{url}/v1/prescriptions", json=spec, timeout=60).raise_for_status().json()


def test_the_label_and_the_tendency_are_shown_side_by_side_and_alike(open_page: Open) -> None:
    page = open_page()
    report = page.shows(DEFAULT)
    verdict = report["verdict"]
    pairs = page.verdict.locator(".senses > div")
    expect(pairs.locator("dt")).to_have_text(["Now", "With more layers"])
    expect(pairs.locator(".badge")).to_have_text([verdict["label"], verdict["tendency"]])
    sizes = pairs.locator(".badge").evaluate_all("all => all.map((one) => getComputedStyle(one).fontSize)")
    assert len(set(sizes)) == 1


def test_the_risk_is_shown_with_its_optimiser_and_what_it_rests_on(open_page: Open) -> None:
    page = open_page(f"{DYING}&policy=adam")
    report = page.shows({**RELU, "policy": {"kind": "adam"}})
    risk = report["verdict"]["failure_risk"]
    summary = page.verdict.locator(".risk summary")
    expect(summary).to_contain_text("with Adam")
    expect(summary).to_contain_text(re.compile(r"\d+ %"))
    summary.click()
    expect(page.verdict.locator(".risk li")).to_have_text(risk["rests_on"])


def test_findings_and_the_scale_are_those_of_the_report(open_page: Open) -> None:
    page = open_page("#1:0:depth=2&std=100")
    report = page.shows(changed(times=2) | {"data": {"inputs": {"kind": "gaussian", "std": 100}}})
    expect(page.page.locator("#scale li")).to_have_text(report["scale"]["sentences"])
    for number, finding in enumerate(report["findings"]):
        shown = page.page.locator("#findings > li").nth(number)
        for part in (finding["code"], finding["severity"], finding["meaning"], finding["suggestion"]):
            expect(shown).to_contain_text(part)
    page.page.get_by_text("Before the first step, in numbers").click()
    rates = page.page.locator("#scale-numbers tbody tr")
    expect(rates).to_have_count(len(report["scale"]["first_step"]["rates"]))


def test_a_repair_that_the_form_can_express_changes_the_form(open_page: Open) -> None:
    page = open_page(DYING)
    page.shows(RELU)
    page.page.get_by_role("button", name="Repair it").click()
    found = prescriptions(page.url, page.spec())
    expect(page.page.locator("#repair-said")).to_have_text(found["summary"])
    repairs = page.page.locator("#repairs > li")
    expect(repairs).to_have_count(len(found["prescriptions"]))
    for number, one in enumerate(found["prescriptions"]):
        expect(repairs.nth(number)).to_contain_text(one["sentence"])
    place = next(
        n for n, one in enumerate(found["prescriptions"]) if one["spec"]["network"] == _network_of(BETTER, one)
    )
    repairs.nth(place).get_by_role("button", name="Apply").click()
    page.shows(BETTER)
    expect(page.page.get_by_label("Initialiser")).to_have_value("he_normal")
    expect(repairs).to_have_count(0)


def _network_of(spec: Any, prescription: Any) -> Any:
    """The network of a prescription where its patch is that of `spec`; nothing else is equal to it."""
    weights = spec["network"]["layers"][0]["layers"][0]["weights"]
    same = [edit["value"] for edit in prescription["patch"]] == [weights]
    return prescription["spec"]["network"] if same else None


def test_a_repair_that_the_form_cannot_express_opens_the_network_as_a_report(open_page: Open) -> None:
    page = open_page(DYING)
    page.shows(RELU)
    page.page.get_by_role("button", name="Repair it").click()
    found = prescriptions(page.url, page.spec())["prescriptions"]
    place = next(number for number, one in enumerate(found) if one["kind"] == "norm")
    page.page.locator("#repairs > li").nth(place).get_by_role("button", name="Apply").click()
    page.page.wait_for_url("**/#report:*")
    report = page.report(found[place]["spec"])
    page.page.locator(f'body[data-digest="{report["digest"]}"]').wait_for()
    expect(page.page.get_by_text("This network was not built here")).to_be_visible()
    page.page.go_back()
    page.shows(RELU)


def test_repairs_that_are_refused_say_why(open_page: Open) -> None:
    page = open_page()
    page.shows(DEFAULT)
    page.context.set_offline(True)
    page.page.get_by_role("button", name="Repair it").click()
    expect(page.page.locator("#repair-said")).to_have_text("The service does not answer.")
    page.faults.clear()  # the browser's own log of the request that failed


def test_what_was_refused_is_marked_with_the_network_that_is_shown_and_why(open_page: Open) -> None:
    page = open_page("#1:0:depth=5&activation=a_relu&activation.a=0.1")
    page.shows(changed(times=5, activation={"kind": "a_relu", "a": 0.1}))
    mark = page.page.locator("#outdated")
    expect(mark).to_be_hidden()
    page.page.get_by_label("a", exact=True).fill("1e300")
    expect(mark).to_contain_text("Out of date: this is the result of a_relu, 5 × 32.")
    expect(mark).to_contain_text("must be")
    expect(page.page.locator("#network-view")).to_have_class(re.compile("stale"))
    page.rest_is_drawn()
    found = Axe().run(page.page).response["violations"]
    assert [one["id"] for one in found if one["impact"] != "minor"] == []
    page.page.get_by_label("a", exact=True).fill("0.2")
    page.shows(changed(times=5, activation={"kind": "a_relu", "a": 0.2}))
    expect(mark).to_be_hidden()


def test_a_formula_that_is_not_understood_marks_the_result_of_the_one_before(open_page: Open) -> None:
    page = open_page("#1:0:activation=expression&activation.formula=z**2&activation.parameters=")
    page.page.locator("body[data-digest]").wait_for()
    mark = page.page.locator("#outdated")
    page.page.get_by_label("φ(z) =").fill("np.tahn(z)")
    expect(mark).to_contain_text("this is the result of z**2, 10 × 32. The formula is not understood.")
    page.page.get_by_label("φ(z) =").fill("z**2")
    expect(mark).to_be_hidden()
    page.page.get_by_label("φ(z) =").fill("((")
    expect(mark).to_be_visible()
    page.page.get_by_label("Activation", exact=True).select_option("tanh")
    page.shows(DEFAULT)
    expect(mark).to_be_hidden()


def test_the_glossary_has_every_marked_word_and_is_that_of_the_documentation(open_page: Open) -> None:
    page = open_page()
    page.shows(DEFAULT)
    names = page.page.locator("#glossary-list dt").all_text_contents()
    meanings = page.page.locator("#glossary-list dd").all_text_contents()
    text = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| \*\*(.+?)\*\* \| (.+?) \|$", text, re.MULTILINE) == [*zip(names, meanings, strict=True)]
    marked = page.page.locator("abbr.term")
    expect(marked.first).to_be_visible()
    words = marked.evaluate_all("all => all.map(({ dataset, title }) => [dataset.term, title])")
    assert words
    assert all([name, meaning] in [list(pair) for pair in zip(names, meanings, strict=True)] for name, meaning in words)
    page.page.locator("abbr.term", has_text="Depth budget").click()
    expect(page.page.locator("#term-budget")).to_be_focused()
    page.page.get_by_role("link", name="Glossary").press("Enter")
    expect(page.page.locator("#term-gradient")).to_be_focused()
    assert page.page.url.endswith("/#1:0:")


def test_results_behind_one_that_is_missing_fill_the_map(open_page: Open) -> None:
    page = open_page("#1:0:width=4&trials=4&samples=8")
    asked: list[str] = []

    def without_the_first(route: Route) -> None:
        asked.append(route.request.url)
        answer = route.fetch()
        page_of = answer.json()
        items = [item for item in page_of["items"] if item["index"] != 0]
        route.fulfill(response=answer, json={**page_of, "items": items})

    page.page.route("**/results?*", without_the_first)
    page.page.get_by_role("button", name="A sweep of many").click()
    page.page.locator("#sweep-x-count").fill("3")
    page.page.locator("#sweep-y-count").fill("2")
    page.page.get_by_role("button", name="Start", exact=True).click()
    expect(page.page.get_by_role("grid").locator(".there")).to_have_count(5)
    assert all("over_gaps=true" in url for url in asked)
