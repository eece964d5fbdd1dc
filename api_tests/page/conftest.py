"""A real browser before the real service; it may talk to nobody else, and must have nothing to complain of."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from api_tests.page.laboratory import ARGUMENTS, CHROMIUM, Laboratory

Open = Callable[..., Laboratory]


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium for all tests of this folder; it is gone before asynchronous tests want an event loop of their own."""
    if not Path(CHROMIUM).exists():
        pytest.skip("there is no Chromium here")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture
def open_page(browser: Browser, service_url: str) -> Iterator[Open]:
    """Opens the laboratory; afterwards no page may have logged an error or asked another host."""
    opened: list[Laboratory] = []

    def start(fragment: str = "", **context: Any) -> Laboratory:
        opened.append(Laboratory(browser, service_url, context))
        return opened[-1].goto(fragment)

    yield start
    for laboratory in opened:
        laboratory.close()
    assert [fault for laboratory in opened for fault in laboratory.faults] == []
