"""A formula of one's own is understood while it is typed, or shown where it cannot be."""

import pytest
from playwright.sync_api import expect

from api_tests.page.conftest import Open
from api_tests.page.test_laboratory import changed


def test_a_formula_is_understood_with_its_derivative_and_bounds(open_page: Open) -> None:
    page = open_page()
    page.page.get_by_label("Activation", exact=True).select_option("expression")
    page.page.get_by_label("φ(z) =").fill("2z tanh z")
    understood = page.page.get_by_role("status", name="How the formula is understood")
    expect(understood).to_contain_text("2*z*tanh(z)")
    expect(understood).to_contain_text("2.39936, attained at z = ")
    expect(understood).to_contain_text("sech(z)^2")
    page.shows(changed(activation={"kind": "expression", "formula": "2z tanh z"}))


@pytest.mark.parametrize(
    ("formula", "sentence", "marked"),
    [("z*tahn(z)", "did you mean tanh?", "t"), ("z*tanh(", "missing at the end", "␣")],
)
def test_a_slip_is_shown_at_its_place_and_the_last_good_network_stays(
    open_page: Open, formula: str, sentence: str, marked: str
) -> None:
    page = open_page()
    page.page.get_by_label("Activation", exact=True).select_option("expression")
    shown = page.shows(changed(activation={"kind": "expression", "formula": "z*tanh(z)"}))
    page.page.get_by_label("φ(z) =").fill(formula)
    understood = page.page.get_by_role("status", name="How the formula is understood")
    expect(understood).to_contain_text(sentence)
    expect(understood.locator("mark")).to_have_text(marked)
    page.page.get_by_role("group", name="Depth").get_by_role("button", name="5", exact=True).click()
    page.shows(changed(times=5, activation={"kind": "expression", "formula": "z*tanh(z)"}))
    expect(page.page.get_by_label("φ(z) =")).to_have_value(formula)
    assert shown["verdict"]["label"]


@pytest.mark.parametrize(("text", "item"), [("b = 1,7", "7"), ("b = 1, c = 2*3", "c = 2*3"), ("b = 1; b = 2", "b = 2")])
def test_parameters_that_cannot_be_read_are_said_to_be_and_not_sent(open_page: Open, text: str, item: str) -> None:
    page = open_page("#1:0:activation=expression&activation.formula=tanh(b+z)&activation.parameters=b+%3D+3")
    spec = changed(activation={"kind": "expression", "formula": "tanh(b z)", "parameters": {"b": 3}})
    page.page.get_by_label("φ(z) =").fill("tanh(b z)")
    page.shows(spec)
    page.page.get_by_label("with", exact=True).fill(text)
    expect(page.page.locator("#formula-unread")).to_contain_text(f"“{item}” is not understood.")
    assert page.spec()["network"] == spec["network"]
    page.page.get_by_label("with", exact=True).fill("b = 1.7;")
    expect(page.page.locator("#formula-unread")).to_be_hidden()
    page.shows(changed(activation={"kind": "expression", "formula": "tanh(b z)", "parameters": {"b": 1.7}}))
