"""How fast the laboratory follows: change to chart, first chart, what is transferred: `make bench-page`."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import quantiles
from time import perf_counter

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from examples.running_service import running_service  # noqa: E402 - the root is on the path only now

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
PRESETS = ["d", "e", "f", "d-deep", "e-deep", "f-deep"]
STOPS = range(120, 280, 4)
DRAG_MILLISECONDS = 16
DURATIONS = "performance.getEntriesByName('change-to-chart').map(({duration}) => duration)"
FIRST = "performance.getEntriesByName('change-to-chart').map(({startTime, duration}) => startTime + duration)[0]"
DRAWN = """count => new Promise((resolve) => {
  const look = () => performance.getEntriesByName("all-charts").length >= count
    ? resolve() : requestAnimationFrame(look);
  look();
})"""
BYTES = """performance.getEntriesByType('resource').reduce((sum, {transferSize}) => sum + transferSize,
  performance.getEntriesByType('navigation')[0].transferSize)"""


@contextmanager
def fresh_page(url: str) -> Iterator[Page]:
    """The laboratory in a browser that has nothing of it yet, with its first chart drawn."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(url)
        page.wait_for_selector("body[data-digest]")
        yield page
        browser.close()


def first_charts(url: str, times: int) -> list[float]:
    """Milliseconds from the address to the first chart, in fresh browsers."""
    found = []
    for _ in range(times):
        with fresh_page(url) as page:
            found.append(page.evaluate(FIRST))
    return found


def one_by_one(page: Page, preset: str) -> list[float]:
    """Milliseconds to the chart of each change, made when all charts of the last one are there."""
    choose(page, preset)
    for count, stop in enumerate(STOPS, 1):
        page.locator("#gain .slider").fill(str(stop))
        page.evaluate(DRAWN, count)
    return page.evaluate(DURATIONS)


def dragged(page: Page, preset: str) -> list[float]:
    """Milliseconds to the chart that follows, while the slider moves sixty times a second."""
    choose(page, preset)
    for stop in STOPS:
        started = perf_counter()
        page.locator("#gain .slider").fill(str(stop))
        page.wait_for_timeout(max(0.0, DRAG_MILLISECONDS - 1e3 * (perf_counter() - started)))
    page.wait_for_load_state("networkidle")
    return page.evaluate(DURATIONS)


def choose(page: Page, preset: str) -> None:
    """An example, with nothing measured of it yet."""
    page.select_option("#preset", preset)
    page.wait_for_load_state("networkidle")
    page.evaluate("performance.clearMeasures(), performance.clearMarks()")


def line(name: str, milliseconds: list[float]) -> str:
    """Median and 95th percentile."""
    marks = quantiles(milliseconds, n=20, method="inclusive")
    return f"{name:34}{marks[9]:8.0f}{marks[18]:8.0f}   ({len(milliseconds)} charts)"


def main() -> None:
    """Print one line for each measurement."""
    with running_service() as url:
        print(f"{'milliseconds':34}{'p50':>8}{'p95':>8}")
        (cold, *warm) = first_charts(url, 6)
        print(f"{'first chart of a service just started':34}{cold:8.0f}")
        print(line("first chart", warm))
        with fresh_page(url) as page:
            print(f"transferred: {page.evaluate(BYTES) / 1e3:.0f} kB")
            for preset in PRESETS:
                print(line(f"{preset}: change to chart", one_by_one(page, preset)))
            for preset in PRESETS:
                print(line(f"{preset}: while dragging", dragged(page, preset)))


if __name__ == "__main__":
    main()
