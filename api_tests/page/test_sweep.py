"""A sweep in the laboratory: axes are chosen, the map fills, a cell leads to its network and back."""

import re
from typing import Any

import httpx
from playwright.sync_api import Locator, expect

from api_tests.page.conftest import Open
from api_tests.page.laboratory import DEFAULT, Laboratory

SMALL = "#1:0:width=4&trials=4&samples=8"
LONG = "#1:0:width=256&trials=128"
UNKNOWN = "f" * 32


class Sweeping:
    """The view of a sweep, by its labels."""

    def __init__(self, laboratory: Laboratory) -> None:
        self.laboratory = laboratory
        self.page = laboratory.page
        self.map = self.page.get_by_role("grid")
        self.text = self.page.locator("#map-progress-text")

    def choose(self, **numbers: int) -> "Sweeping":
        """The view, with `x_count`, `y_stop`, … as they are given."""
        self.page.get_by_role("button", name="A sweep of many").click()
        for name, number in numbers.items():
            self.page.locator(f"#sweep-{name.replace('_', '-')}").fill(str(number))
        return self

    def start(self) -> str:
        """The id of the job, as soon as it is in the address."""
        self.page.get_by_role("button", name="Start", exact=True).click()
        self.map.wait_for()
        self.page.wait_for_url("**job=*")
        return str(self.page.url.split("job=")[1][:32])

    def filled(self, count: int) -> None:
        """Wait until so many cells, and no others, have a result."""
        expect(self.map.locator(".there")).to_have_count(count)
        expect(self.map.locator(".cell:not(.there)")).to_have_count(0)

    def cell(self, name: str) -> Locator:
        """The cell of that place."""
        return self.map.get_by_role("gridcell", name=name)

    def points(self, job: str) -> Any:
        """What the service has of it."""
        url = f"{self.laboratory.url}/v1/jobs/{job}/results"
        return httpx.get(url, params={"limit": 1000}).raise_for_status().json()["items"]


def test_a_map_fills_and_a_cell_leads_to_its_network_and_back(open_page: Open) -> None:
    page = open_page()
    page.shows(DEFAULT)
    sweep = Sweeping(page).choose(x_count=4, y_stop=6, y_count=3)
    expect(page.page.locator("#sweep-size")).to_contain_text("12 networks, about 1 s")
    job = sweep.start()
    sweep.filled(12)
    expect(sweep.text).to_have_text("Done: 12 networks.")
    expect(page.page.get_by_role("progressbar", name="The sweep")).to_have_attribute("aria-valuenow", "100")
    expect(sweep.map.locator(".line")).not_to_have_attribute("d", "")
    for index, point in enumerate(sweep.points(job)):
        words = rf"depth {point['values']['depth']}: {point['verdict']['label']}, "
        says(sweep.map.locator(f'[data-index="{index}"]'), words)
    chosen = sweep.points(job)[5]
    sweep.cell("weight variance 1.5, depth 6").click()
    page.page.locator(f'body[data-digest="{chosen["digest"]}"]').wait_for()
    expect(page.page.locator("#depth-number")).to_have_value("6")
    expect(page.page.locator("#gain-number")).to_have_value("1.5")
    expect(page.page.locator("#of-sweep")).to_contain_text("weight variance 1.5, depth 6")
    page.page.get_by_role("button", name="Back to the sweep").click()
    expect(sweep.cell("weight variance 1.5, depth 6")).to_be_focused()
    page.page.go_back()
    sweep.filled(12)
    expect(page.page.locator("#depth-number")).to_have_value("10")


def says(cell: Locator, pattern: str) -> None:
    """Wait until the name of a cell has these words in it."""
    expect(cell).to_have_attribute("aria-label", re.compile(pattern))


def test_a_link_shows_the_sweep_again_and_files_are_taken_along(open_page: Open) -> None:
    sweep = Sweeping(open_page(SMALL))
    sweep.choose(x_count=3, y_stop=6, y_count=2).start()
    sweep.filled(6)
    link = sweep.laboratory.copied("link")
    request = sweep.laboratory.spec()
    again = Sweeping(open_page(link.removeprefix(f"{sweep.laboratory.url}/")))
    again.filled(6)
    expect(again.page.locator("#map-title")).to_have_text("Weight variance × depth: tanh, width 4")
    expect(again.page.get_by_label("Left to right")).to_have_value("weight_variance")
    assert again.laboratory.spec() == request
    for name, first in (("Results (CSV)", "index,weight_variance,depth"), ("Chart (SVG)", "<svg")):
        address = again.page.get_by_role("link", name=name).get_attribute("href")
        assert httpx.get(f"{again.laboratory.url}{address}", timeout=60).raise_for_status().text.startswith(first)


def test_one_axis_is_a_row_and_names_stand_below_it(open_page: Open) -> None:
    sweep = Sweeping(open_page(SMALL)).choose()
    sweep.page.get_by_label("Left to right").select_option("activation")
    sweep.page.get_by_label("Upwards").select_option("")
    for kind in ("gelu", "selu", "sigmoid", "stanh"):
        sweep.page.get_by_role("checkbox", name=kind, exact=True).uncheck()
    sweep.start()
    sweep.filled(2)
    expect(sweep.map.get_by_role("columnheader").filter(has_text="u")).to_have_text("relu")
    says(sweep.map.locator('[data-index="1"]'), "activation tanh: ")


def test_cells_without_a_number_say_why(open_page: Open) -> None:
    sweep = Sweeping(open_page("#1:0:activation=linear&width=4&trials=2")).choose(x_start=0, x_count=2)
    sweep.page.locator("#sweep-x-stop").fill("1e90")
    sweep.page.get_by_label("Upwards").select_option("")
    sweep.start()
    sweep.filled(2)
    says(sweep.map.locator('[data-index="0"]'), "dead, .*no gradient arrives")
    says(sweep.map.locator('[data-index="1"]'), "exploding, severe, numbers overflow")
    expect(sweep.page.get_by_role("list", name="Colours")).to_contain_text("numbers overflow")


def test_a_sweep_is_left_alone_taken_up_again_and_cancelled(open_page: Open) -> None:
    sweep = Sweeping(open_page(LONG)).choose(x_count=40, y_count=40)
    expect(sweep.page.locator("#sweep-size")).to_contain_text("1600 networks, about")
    job = sweep.start()
    events = f"**/v1/jobs/{job}/events"
    with sweep.page.expect_event("requestfailed", lambda asked: asked.url.endswith("/events")):
        sweep.page.get_by_role("button", name="One network").click()
    with sweep.page.expect_request(events):
        sweep.page.get_by_role("button", name="A sweep of many").click()
    sweep.page.get_by_role("button", name="Cancel the sweep").click()
    expect(sweep.text).to_contain_text("Cancelled: ")
    expect(sweep.page.get_by_role("button", name="Cancel the sweep")).to_be_hidden()
    assert httpx.get(f"{sweep.laboratory.url}/v1/jobs/{job}").json()["status"] == "cancelled"


def test_what_is_wrong_with_an_axis_stands_beside_its_field(open_page: Open) -> None:
    sweep = Sweeping(open_page(SMALL)).choose(y_stop=500)
    start = sweep.page.get_by_role("button", name="Start", exact=True)
    for side, field, sentence in (("y", "stop", "from 1 to 200"), ("x", "start", "at least 0")):
        start.click()
        expect(sweep.page.locator(f"#sweep-{side} [data-complaint]:visible")).to_contain_text(sentence)
        expect(sweep.page.locator(f"#sweep-{side}-{field}")).to_have_attribute("aria-invalid", "true")
        sweep.choose(x_start=-1, y_stop=20)
    expect(sweep.map).to_have_count(0)


def test_two_axes_change_places(open_page: Open) -> None:
    sweep = Sweeping(open_page(SMALL)).choose(x_count=7)
    sweep.page.get_by_label("Upwards").select_option("weight_variance")
    expect(sweep.page.get_by_label("Left to right")).to_have_value("depth")
    expect(sweep.page.locator("#sweep-x-count")).to_have_value("13")
    expect(sweep.page.locator("#sweep-y-count")).to_have_value("7")


def test_a_job_that_has_failed_says_why(open_page: Open) -> None:
    page = open_page(SMALL)
    job = httpx.post(f"{page.url}/v1/sweeps", json=request_of(page.spec())).raise_for_status().json()
    failed = {**job, "status": "failed", "fault": "The work was given up.", "ended_at": job["created_at"]}

    page.page.route(f"**/v1/jobs/{job['id']}", lambda route: route.fulfill(json=failed))
    page.page.goto(f"{page.url}/#1:0:!job={job['id']}&x=depth&x.start=2&x.stop=3&x.count=2")
    expect(page.page.locator("#map-progress-text")).to_contain_text("It failed")
    expect(page.page.locator("#map-progress-text")).to_contain_text("The work was given up.")


def request_of(base: Any) -> Any:
    """A sweep of two points."""
    return {"base": base, "axes": [{"name": "depth", "values": [2, 3]}]}


def test_a_link_to_no_job_and_to_another_one_say_so(open_page: Open) -> None:
    page = open_page(f"#1:0:!job={UNKNOWN}&x=depth&x.start=2&x.stop=3&x.count=2")
    expect(page.page.locator("#map-refusal")).to_contain_text("No job with this id")
    job = httpx.post(f"{page.url}/v1/sweeps", json=request_of(DEFAULT)).json()["id"]
    page.page.goto(f"{page.url}/#1:0:!job={job}&x=depth&x.start=2&x.stop=9&x.count=8")
    expect(page.page.locator("#map-refusal")).to_contain_text("no such sweep")
