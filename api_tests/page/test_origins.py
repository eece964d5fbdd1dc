"""A real browser, and pages of other origins: what they may show, what they may read, and what they may change."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from api_tests.cases import case
from api_tests.page.laboratory import DEFAULT, LISTEN, MILLISECONDS
from examples.running_service import running_service

SWEEP = {"base": {**DEFAULT, "trials": 2}, "axes": [{"name": "depth", "values": [1, 2]}]}
READ = """async ([url, body]) => {
  const options = body && { method: "POST", body: JSON.stringify(body), headers: {
    "Content-Type": "application/json", "Idempotency-Key": "a-page", "Authorization": "Bearer none" } };
  const answer = await fetch(url, options || {});
  return { status: answer.status, body: await answer.json(), id: answer.headers.get("X-Request-ID"),
           location: answer.headers.get("Location") };
}"""
SEND_BLINDLY = """async ([url, body]) => {
  const answer = await fetch(url, { method: "POST", mode: "no-cors", body, headers: { "Content-Type": "text/plain" } });
  return answer.type;
}"""
FOLLOW = """url => new Promise((resolve, reject) => {
  const events = new EventSource(url);
  for (const name of ["message", "progress", "end", "done", "job"])
    events.addEventListener(name, event => { events.close(); resolve(event.data); });
  events.onerror = () => { events.close(); reject(new Error("no events")); };
})"""
SHOW = """([tag, url]) => new Promise(resolve => {
  const element = document.createElement(tag);
  element.onload = () => resolve(true);
  element.onerror = () => resolve(false);
  element.src = url;
  document.body.append(element);
})"""


class Silent(SimpleHTTPRequestHandler):
    """A handler that logs nothing."""

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def page_server(folder: Path) -> Iterator[str]:
    """The origin of a server of an empty page."""
    (folder / "index.html").write_text("<!doctype html><title>elsewhere</title><body></body>")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Silent, directory=str(folder))) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def origins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str, str]]:
    """The URL of a service, an origin that it lets in, and one that it does not."""
    with (
        page_server(tmp_path_factory.mktemp("course")) as course,
        page_server(tmp_path_factory.mktemp("other")) as other,
        running_service(cors_origins=course, workers=1, job_workers=1) as url,
    ):
        yield url, course, other


@pytest.fixture(scope="module")
def digest(origins: tuple[str, str, str]) -> str:
    """The digest of a report of that service."""
    answer = httpx.post(f"{origins[0]}/v1/simulations", json={**DEFAULT, "trials": 2}, timeout=600)
    return str(answer.raise_for_status().json()["digest"])


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page in a context of its own."""
    context = browser.new_context()
    context.set_default_timeout(MILLISECONDS)
    yield context.new_page()
    context.close()


def reports(url: str) -> list[str]:
    """The digests of the reports that the service has."""
    return [one["digest"] for one in httpx.get(f"{url}/v1/simulations", timeout=600).json()["items"]]


def test_a_page_of_another_origin_reads_nothing_and_changes_nothing(
    page: Page, origins: tuple[str, str, str], digest: str
) -> None:
    url, _, other = origins
    page.goto(other)
    before = reports(url)
    for body in (None, {**DEFAULT, "trials": 3}):
        with case(body), pytest.raises(Exception, match="Failed to fetch"):
            page.evaluate(READ, [f"{url}/v1/simulations", body])
    with pytest.raises(Exception, match="no events"):
        page.evaluate(FOLLOW, f"{url}/v1/jobs/none/events")
    with pytest.raises(Exception, match="Failed to fetch"):
        page.evaluate(SEND_BLINDLY, [f"{url}/v1/adapters/xqueue", '{"xqueue_body": "{}"}'])
    counted = httpx.get(f"{url}/metrics", timeout=600).text
    assert re.search(r'duration_seconds_count\{.*method="POST",.*status="403"\} [1-9]', counted)
    assert reports(url) == before
    assert digest in before


def test_a_page_of_an_origin_that_is_let_in_reads_posts_and_follows(page: Page, origins: tuple[str, str, str]) -> None:
    url, course, _ = origins
    page.goto(course)
    assert page.evaluate(READ, [f"{url}/v1/version", None])["status"] == 200
    made = page.evaluate(READ, [f"{url}/v1/sweeps", SWEEP])
    assert made["status"] == 202
    assert made["location"] == f"/v1/jobs/{made['body']['id']}"
    assert made["id"]
    assert made["body"]["id"] in page.evaluate(FOLLOW, f"{url}{made['location']}/events")
    failed = page.evaluate(READ, [f"{url}/v1/jobs/none", None])
    assert (failed["status"], failed["body"]["code"]) == (404, "job-not-found")


def test_any_page_may_show_charts_and_reports_but_not_the_laboratory(
    page: Page, origins: tuple[str, str, str], digest: str
) -> None:
    url, _, other = origins
    page.goto(other)
    for name in ("chart.svg", "chart.png"):
        with case(name):
            assert page.evaluate(SHOW, ["img", f"{url}/v1/simulations/{digest}/{name}"])
    page.evaluate(SHOW, ["iframe", f"{url}/v1/simulations/{digest}/report.html"])
    expect(page.frame_locator("iframe").first.locator("h1")).to_be_visible()
    for path in ("/", "/teach", "/docs", f"/v1/simulations/{digest}"):
        with case(path):
            page.goto(other)
            page.evaluate(SHOW, ["iframe", f"{url}{path}"])
            assert page.frames[-1].url.startswith("chrome-error:")


def test_a_name_that_was_pointed_at_the_service_is_refused(browser: Browser, origins: tuple[str, str, str]) -> None:
    context = browser.new_context(proxy={"server": origins[0]})  # so that any name leads to the service
    page = context.new_page()
    page.set_default_timeout(MILLISECONDS)
    for path in ("/", "/v1/simulations", "/v1/version"):
        with case(path):
            answer = page.goto(f"http://rebound.test{path}")
            assert answer is not None
            assert (answer.status, answer.json()["code"]) == (421, "unknown-host")
    context.close()


def test_every_page_works_within_its_own_policy(page: Page, origins: tuple[str, str, str], digest: str) -> None:
    url, faults = origins[0], []
    page.add_init_script(LISTEN)
    page.on("console", lambda told: faults.append(told.text) if told.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    for name in ("report.html", "chart.svg", "chart.svg?chart=comparison", "chart.png"):
        page.goto(f"{url}/v1/simulations/{digest}/{name}")
        page.wait_for_load_state("networkidle")
    assert faults == []


def test_the_documentation_tries_requests_within_its_policy(page: Page, origins: tuple[str, str, str]) -> None:
    url, faults = origins[0], []
    page.add_init_script(LISTEN)
    page.on("console", lambda told: faults.append(told.text) if told.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(f"{url}/docs")
    operation = page.locator("#operations-operations-get_version")
    operation.locator("button.opblock-summary-control").click()
    operation.get_by_role("button", name="Execute").click()
    expect(operation.locator(".live-responses-table .response .response-col_status")).to_have_text("200")
    assert faults == []
