"""An EventSource that nobody closes: the browser asks once more after the end of a job, and then never again."""

import httpx
from playwright.sync_api import Browser

from api_tests.http.asking import sent
from api_tests.http.working import sweep

_WATCHED_MILLISECONDS = 12_000  # a browser returns after three seconds


def test_a_browser_stops_asking_after_the_end(browser: Browser, service_url: str) -> None:
    events = httpx.post(f"{service_url}/v1/sweeps", **sent(sweep())).json()["links"]["events"]
    page = browser.new_page(bypass_csp=True)
    page.goto(f"{service_url}/healthz/live")
    asked: list[int] = []
    page.on("response", lambda answer: asked.append(answer.status) if answer.url.endswith(events) else None)
    page.evaluate(
        "events => { window.ends = 0; window.source = new EventSource(events);"
        " source.addEventListener('end', () => { window.ends += 1; }); }",
        events,
    )
    page.wait_for_function("() => source.readyState === EventSource.CLOSED", timeout=60_000)
    page.wait_for_timeout(_WATCHED_MILLISECONDS)
    ends = page.evaluate("window.ends")
    page.close()
    assert (ends, asked) == (1, [200, 204])
