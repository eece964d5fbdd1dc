"""Whatever stands in a link or a formula is text or nothing."""

from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from api_tests.page.conftest import Open
from api_tests.page.laboratory import DEFAULT

MARKUP = [
    "<img src=x onerror=window.hacked=1>",
    '"><script>window.hacked=1</script>',
    "javascript:window.hacked=1",
    "${window.hacked=1}",
    "z' onfocus='window.hacked=1",
]
FOLLOW = "fragment => { location.hash = fragment; }"
UNREADABLE = [
    "#<img src=x onerror=window.hacked=1>",
    '#"><script>window.hacked=1</script>',
    "#javascript:window.hacked=1",
    "#1:0:depth=1e9",
    "#1:0:depth=-1",
    "#1:0:width=8.5",
    "#1:7:depth=5",
    "#1:0:__proto__=1",
    "#1:0:activation=constructor",
    "#1:0:activation=stanh&activation.__proto__=1",
    "#1:0:activation=a_relu&activation.a=NaN",
    "#1:0:activation=expression&activation.parameters=b=1,7",
    "#1:0:weights=explicit&weights.values=1",
    "#1:0:precision=float16",
    "#2:0:depth=5",
    "#1:0:" + "|".join(["depth=5"] * 5),
    "#1:0:" + "a" * 9000,
    "#%",
    "#1:0:depth=%ff",
]


@pytest.mark.parametrize("fragment", UNREADABLE[:3])
def test_a_link_that_cannot_be_read_leads_to_the_first_network(open_page: Open, fragment: str) -> None:
    page = open_page(fragment)
    page.shows(DEFAULT)
    expect(page.page.locator("#note")).to_contain_text("could not be read")
    assert page.page.evaluate("window.hacked") is None


def test_nothing_that_makes_no_sense_is_read(open_page: Open) -> None:
    page = open_page()
    for fragment in UNREADABLE:
        page.page.evaluate(FOLLOW, "#1:0:depth=7")
        expect(page.page.locator("#note")).to_be_hidden()
        page.page.evaluate(FOLLOW, fragment)
        expect(page.page.locator("#note")).to_contain_text("could not be read")
        expect(page.page.locator("#depth-number")).to_have_value("10")
    page.shows(DEFAULT)
    assert page.page.evaluate("window.hacked") is None


@pytest.mark.parametrize("formula", MARKUP)
def test_markup_in_a_formula_is_shown_as_text(open_page: Open, formula: str) -> None:
    elements = "document.querySelectorAll('img, script:not([src]), [onerror], [onfocus]').length"
    page = open_page(f"#1:0:activation=expression&activation.formula={quote(formula)}|depth=5")
    expect(page.page.get_by_label("φ(z) =")).to_have_value(formula)
    expect(page.page.locator(".slip")).to_contain_text("Not understood.")
    expect(page.cards.first).to_contain_text(formula)
    assert page.page.evaluate(elements) == 0
    assert page.page.evaluate("window.hacked") is None
