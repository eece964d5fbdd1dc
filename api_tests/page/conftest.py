"""A real browser before the real service; it may talk to nobody else, and must have nothing to complain of."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from api_tests.page.laboratory import Laboratory, chromium
from api_tests.page.teaching import Teaching

Open = Callable[..., Laboratory]
OpenTeaching = Callable[..., Teaching]


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium for all tests of this folder; it is gone before asynchronous tests want an event loop of their own."""
    with chromium() as started:
        yield started


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


@pytest.fixture
def teach(browser: Browser, service_url: str) -> Iterator[OpenTeaching]:
    """Opens the page for teachers; afterwards no page may have logged an error or asked another host."""
    opened: list[Teaching] = []

    def start(**context: Any) -> Teaching:
        opened.append(Teaching(browser, service_url, context))
        return opened[-1].goto()

    yield start
    for page in opened:
        page.close()
    assert [fault for page in opened for fault in page.faults] == []
