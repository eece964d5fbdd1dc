"""The laboratory without a mouse, without colours, on a phone, in the dark."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from api_tests.page.conftest import Open
from api_tests.page.laboratory import DEFAULT
from api_tests.page.test_laboratory import changed

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "phone": PHONE,
    "phone-dark": {**PHONE, "color_scheme": "dark"},
}
FORMULA = "activation=expression&activation.formula=z*tanh(z)"
COMPARED = f"#1:0:{FORMULA}|activation=stanh&depth=20|activation=relu&weights.scale=8"


@pytest.mark.parametrize("look", LOOKS)
def test_axe_finds_nothing_serious(open_page: Open, look: str) -> None:
    fragment = COMPARED if "dark" in look else ""
    page = open_page(fragment, **LOOKS[look])
    page.page.locator("body[data-digest]").wait_for()
    page.page.get_by_text("Layers in numbers").first.click()
    page.rest_is_drawn()
    page.photograph(look)
    found = Axe().run(page.page).response["violations"]
    serious = [(one["id"], [node["html"] for node in one["nodes"]]) for one in found if one["impact"] != "minor"]
    assert serious == []


def test_everything_is_done_by_the_keyboard(open_page: Open) -> None:
    page = open_page()
    page.shows(DEFAULT)
    keys = page.page.keyboard
    keys.press("Tab")
    expect(page.page.get_by_role("link", name="Skip to the verdict")).to_be_focused()
    reach(page.page, "activation-kind")
    keys.type("stanh")
    keys.press("Tab")
    expect(page.page.get_by_role("slider", name="Depth")).to_be_focused()
    for _ in range(3):
        keys.press("ArrowRight")
    page.shows(changed(times=13, activation={"kind": "stanh"}))
    reach(page.page, "tab-gain")
    keys.press("ArrowRight")
    expect(page.page.get_by_role("tab", name="Signal")).to_be_focused()
    expect(page.page.get_by_role("tab", name="Signal")).to_have_attribute("aria-selected", "true")
    expect(page.page.locator("#chart-signal svg")).to_be_visible()
    keys.press("End")
    expect(page.page.get_by_role("tab", name="Weight gradient")).to_be_focused()
    keys.press("Tab")
    expect(page.page.get_by_role("tabpanel", name="Weight gradient")).to_be_focused()


def reach(page: Any, target: str, most: int = 80) -> None:
    """Press Tab until the element with that id has the focus; nothing on the way may keep it."""
    for _ in range(most):
        before = page.evaluate("document.activeElement.id || document.activeElement.outerHTML")
        if before == target:
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"#{target} is not reached by {most} presses of Tab")


@pytest.mark.parametrize(("width", "fragment"), [(320, COMPARED), (320, ""), (390, COMPARED), (768, COMPARED)])
def test_a_phone_scrolls_in_one_direction(open_page: Open, width: int, fragment: str) -> None:
    page = open_page(fragment, viewport={"width": width, "height": 800})
    page.page.locator("body[data-digest]").wait_for()
    page.page.get_by_text("Layers in numbers").first.click()
    page.rest_is_drawn()
    assert page.page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_theme_follows_the_system_at_once(open_page: Open) -> None:
    page = open_page(color_scheme="light")
    page.shows(DEFAULT)
    page.rest_is_drawn()
    ink = page.page.locator("#chart-gradient svg text").first
    light = ink.get_attribute("fill")
    page.page.emulate_media(color_scheme="dark")
    expect(ink).not_to_have_attribute("fill", str(light))


def test_the_verdict_is_announced(open_page: Open) -> None:
    page = open_page()
    page.shows(DEFAULT)
    expect(page.page.locator("#said")).to_have_text("tanh, 10 × 32: stable.")
