"""A sweep without a mouse, without colours, on a phone, in the dark."""

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from api_tests.page.conftest import Open
from api_tests.page.laboratory import DEFAULT
from api_tests.page.test_accessibility import LOOKS
from api_tests.page.test_sweep import SMALL, Sweeping

WEIGHTS = {"name": "weight_variance", "range": {"start": 0.25, "stop": 4, "count": 12}}
KINDS = {"name": "activation", "values": ["gelu", "hardsigmoid", "leaky_relu", "stanh"]}


@pytest.fixture(scope="module")
def link(service_url: str) -> str:
    """The fragment of a sweep of 12 × 4 networks that the service has accepted."""
    sweep = {"base": DEFAULT | {"trials": 4}, "axes": [WEIGHTS, KINDS]}
    job = httpx.post(f"{service_url}/v1/sweeps", json=sweep).raise_for_status().json()["id"]
    axes = "x=weight_variance&x.start=0.25&x.stop=4&x.count=12&y=activation&y.values=gelu+hardsigmoid+leaky_relu+stanh"
    return f"#1:0:trials=4!job={job}&{axes}&trials=4"


@pytest.mark.parametrize("look", ["light", "phone-dark"])
def test_axe_finds_nothing_serious(open_page: Open, link: str, look: str) -> None:
    page = open_page(link, **LOOKS[look])
    sweep = Sweeping(page)
    sweep.filled(48)
    expect(sweep.page.get_by_role("link", name="Results (CSV)")).to_be_visible()
    page.photograph(f"sweep-{look}")
    found = Axe().run(page.page).response["violations"]
    serious = [(one["id"], [node["html"] for node in one["nodes"]]) for one in found if one["impact"] != "minor"]
    assert serious == []


def test_a_phone_scrolls_in_one_direction(open_page: Open, link: str) -> None:
    sweep = Sweeping(open_page(link))
    sweep.filled(48)
    page = sweep.page
    page.get_by_label("Left to right").select_option("activation")
    for width in (320, 768):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_map_is_walked_by_arrows_and_opened_by_enter(open_page: Open) -> None:
    sweep = Sweeping(open_page(SMALL))
    sweep.choose(x_count=3, y_stop=6, y_count=2).start()
    sweep.filled(6)
    keys = sweep.page.keyboard
    sweep.page.get_by_role("button", name="Copy link").focus()
    keys.press("Shift+Tab")
    expect(sweep.cell("weight variance 0.25, depth 2")).to_be_focused()
    for key in ("ArrowDown", "ArrowLeft", "ArrowRight", "ArrowUp", "End"):
        keys.press(key)
    expect(sweep.cell("weight variance 4, depth 6")).to_be_focused()
    expect(sweep.page.locator("#map-said")).to_contain_text("weight variance 4, depth 6: ")
    keys.press("Enter")
    expect(sweep.page.get_by_role("button", name="Back to the sweep")).to_be_focused()
    expect(sweep.page.locator("#depth-number")).to_have_value("6")
    keys.press("Enter")
    expect(sweep.cell("weight variance 4, depth 6")).to_be_focused()
    expect(sweep.page.locator("#map-announced")).to_have_text("Done: 6 networks.")
