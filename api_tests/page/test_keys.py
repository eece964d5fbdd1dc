"""The laboratory before a service with keys: the browser asks for one by itself, and sends it with all it asks for."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Request, expect

from api_tests.http.keyed import write_keys
from api_tests.page.laboratory import Laboratory
from api_tests.page.test_sweep import Sweeping
from examples.running_service import running_service


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The address of a service with keys, and a key."""
    file = tmp_path_factory.mktemp("keys") / "keys.json"
    keys = write_keys(file, {"ada": ["read", "simulate", "grade", "teach"]})
    with running_service(api_keys_file=file, job_niceness=0) as url:
        yield url, keys["ada"]


@pytest.fixture
def opened(browser: Browser, kept: tuple[str, str]) -> Iterator[Laboratory]:
    """The laboratory of someone who has answered the browser's question with the key."""
    url, key = kept
    credentials: dict[str, Any] = {"http_credentials": {"username": "ada", "password": key}}
    laboratory = Laboratory(browser, url, credentials)
    yield laboratory
    laboratory.close()
    assert laboratory.faults == []


def test_with_the_key_as_the_password_a_network_is_judged_drawn_and_taken_along(opened: Laboratory) -> None:
    page = opened.goto("#1:0:depth=3&trials=4").page
    page.locator("body[data-digest]").wait_for()
    page.locator("#chart-gradient svg").wait_for()
    for name, first in (("Chart (PNG)", b"\x89PNG"), ("Layers (CSV)", b"index,"), ("Report (HTML)", b"<!")):
        with page.expect_download() as download:
            page.get_by_role("link", name=name).click()
        assert Path(download.value.path()).read_bytes().lower().startswith(first.lower())


def test_a_sweep_fills_by_a_stream_of_events(opened: Laboratory) -> None:
    streams: list[Request] = []
    opened.page.on("request", lambda request: streams.append(request) if "/events" in request.url else None)
    opened.goto("#1:0:width=4&trials=4&samples=8").page.locator("body[data-digest]").wait_for()
    sweep = Sweeping(opened).choose(x_count=3, y_stop=4, y_count=2)
    sweep.start()
    sweep.filled(6)
    assert streams


def test_with_a_wrong_key_the_page_says_so(browser: Browser, kept: tuple[str, str]) -> None:
    laboratory = Laboratory(browser, kept[0], {"http_credentials": {"username": "ada", "password": "wrong"}})
    laboratory.page.goto(kept[0])
    expect(laboratory.page.get_by_text("has no key that is known here")).to_be_visible()
    laboratory.close()
    assert laboratory.faults == []
