"""Up to four networks side by side."""

from playwright.sync_api import expect

from api_tests.page.conftest import Open
from api_tests.page.laboratory import DEFAULT


def test_four_networks_are_compared(open_page: Open) -> None:
    page = open_page()
    page.shows(DEFAULT)
    page.page.get_by_role("button", name="Compare with another").click()
    page.page.get_by_label("Activation", exact=True).select_option("relu")
    page.page.get_by_role("button", name="Copy B into a new network").click()
    page.page.get_by_label("Activation", exact=True).select_option("selu")
    page.page.get_by_role("button", name="Copy A into a new network").click()
    expect(page.cards).to_have_count(4)
    expect(page.page.get_by_role("button", name="Compare with another")).to_be_hidden()
    expect(page.page.get_by_role("button", name="Copy A into a new network")).to_be_hidden()
    for place, kind in enumerate(("tanh", "relu", "selu", "tanh")):
        expect(page.cards.nth(place)).to_contain_text(f"{kind}, 10 × 32")
        expect(page.cards.nth(place)).to_contain_text("a layer")
    expect(page.page.locator("#chart-comparison svg")).to_be_visible()
    page.page.get_by_role("button", name="Remove B").click()
    expect(page.cards).to_have_count(3)
    expect(page.cards.nth(1)).to_contain_text("selu")


def test_the_card_that_is_chosen_is_edited_and_charted(open_page: Open) -> None:
    page = open_page("#1:0:depth=5|depth=6&activation=relu")
    page.page.get_by_role("button", name="relu, 6 × 32").click()
    expect(page.page.get_by_label("Depth").and_(page.page.get_by_role("spinbutton"))).to_have_value("6")
    assert page.spec()["network"]["layers"][0]["times"] == 6
    page.shows(page.spec())


def test_the_course_is_compared_at_once(open_page: Open) -> None:
    page = open_page()
    page.page.get_by_label("Examples").select_option("d-e-f")
    for place, word in enumerate(("dead", "vanishing", "stable")):
        expect(page.cards.nth(place)).to_contain_text(word)
    expect(page.page.locator("#preset-sentence")).to_contain_text("EXU is the stablest")
    page.page.locator("#chart-comparison svg").wait_for()
    page.rest_is_drawn()
    page.photograph("comparison")
