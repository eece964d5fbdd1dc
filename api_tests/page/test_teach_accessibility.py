"""The page for teachers without a mouse, without colours, on a phone, in the dark."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from api_tests.page.conftest import OpenTeaching
from api_tests.page.teaching import FORMULA, SHEETS
from api_tests.page.test_accessibility import LOOKS, reach


@pytest.mark.parametrize("look", LOOKS)
def test_axe_finds_nothing_serious(teach: OpenTeaching, look: str) -> None:
    page = teach(**LOOKS[look])
    page.propose(FORMULA)
    page.page.get_by_label("Ask for: ", exact=False).first.uncheck()
    page.fill_in({name: {k: v for k, v in one.items() if k != "derivative"} for name, one in SHEETS.items()})
    page.grade()
    page.page.wait_for_load_state("networkidle")
    page.photograph(f"teach-{look}")
    found = Axe().run(page.page).response["violations"]
    serious = [(one["id"], [node["html"] for node in one["nodes"]]) for one in found if one["impact"] != "minor"]
    assert serious == []


@pytest.mark.parametrize("width", [320, 390, 768])
def test_a_phone_scrolls_in_one_direction(teach: OpenTeaching, width: int) -> None:
    page = teach(viewport={"width": width, "height": 800})
    page.propose(FORMULA)
    page.answer("deep", 0).fill("exploding")
    page.grade()
    assert page.page.evaluate("document.documentElement.scrollWidth") <= width


def test_everything_is_done_by_the_keyboard(teach: OpenTeaching) -> None:
    page = teach()
    keys = page.page.keyboard
    keys.press("Tab")
    expect(page.page.get_by_role("link", name="Skip to the activation")).to_be_focused()
    reach(page.page, "activation-kind")
    keys.type("gelu")
    reach(page.page, "propose")
    keys.press("Enter")
    page.page.get_by_text("claims are proposed below").wait_for()
    reach(page.page, "points-deep")
    keys.press("Control+a")
    keys.type("4")
    expect(page.page.locator("#claims-sum")).to_contain_text("13 points")
    reach(page.page, "answer-deep-0")
    keys.type("vanishing")
    reach(page.page, "grade")
    keys.press("Enter")
    page.page.get_by_text("One sheet is graded.").wait_for()
    expect(page.page.locator("#marks tfoot td")).to_have_text("4 of 13")
