"""Up to four networks side by side."""

from playwright.sync_api import expect

from api_tests.page.conftest import Open
from api_tests.page.laboratory import DEFAULT
from api_tests.page.test_laboratory import changed


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


def test_letters_are_those_of_the_cards_though_one_is_refused(open_page: Open) -> None:
    page = open_page("#1:1:activation=a_relu&activation.a=1e300|depth=5|depth=6")
    page.shows(changed(times=5))
    expect(page.cards.nth(0)).to_contain_text("refused")
    expect(page.cards.nth(2)).to_contain_text("a layer")
    page.page.wait_for_load_state("networkidle")
    expect(page.page.locator("#chart-comparison svg")).to_have_count(0)
    page.page.get_by_role("button", name="Remove A").click()
    expect(page.page.locator("#chart-comparison svg")).to_be_visible()
    expect(page.cards).to_have_count(2)


def test_a_card_shows_no_verdict_of_an_earlier_network(open_page: Open) -> None:
    page = open_page("#1:1:depth=5|activation=a_relu&activation.a=0.1")
    expect(page.cards.nth(0)).to_contain_text("a layer")
    expect(page.cards.nth(1)).to_contain_text("a layer")
    page.page.get_by_label("a", exact=True).fill("1e300")
    expect(page.cards.nth(1)).to_contain_text("refused")
    expect(page.cards.nth(1)).not_to_contain_text("a layer")
    page.page.get_by_role("button", name="Remove A").click()
    expect(page.page.locator("#refusal, [data-complaint]:visible").filter(has_text="must be")).to_have_count(1)
    page.page.get_by_label("a", exact=True).fill("0.2")
    page.shows(changed(activation={"kind": "a_relu", "a": 0.2}))


def test_a_network_without_a_report_has_no_verdict_of_another_and_says_why(open_page: Open) -> None:
    page = open_page("#1:0:depth=5|activation=a_relu&activation.a=1e300")
    page.shows(changed(times=5))
    page.rest_is_drawn()
    expect(page.cards.nth(1)).to_contain_text("refused")
    page.cards.nth(1).get_by_role("button").first.click()
    expect(page.verdict).to_contain_text("not judged")
    expect(page.verdict).to_contain_text("must be")
    expect(page.page.locator("[data-complaint]:visible")).to_contain_text("must be")
    expect(page.page.locator("#chart-gradient svg, #share a, #facts dt")).to_have_count(0)
    page.cards.nth(0).get_by_role("button").first.click()
    page.shows(changed(times=5))
    expect(page.page.locator("#share a").first).to_be_visible()
