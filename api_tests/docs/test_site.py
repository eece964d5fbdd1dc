"""The pages as a site: `make docs` builds them without a warning, and a browser needs no other host to show them."""

import re
import subprocess
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from api_tests.docs.pages import PAGES, ROOT
from api_tests.page.laboratory import chromium

SPHINX = ROOT / ".tools" / "docs" / "bin" / "sphinx-build"
LOADING = {"src", "srcset", "poster", "data", "action"}
FOLLOWED = {"a", "area"}
MENTIONED = {"www.w3.org", "clipboardjs.com", "snowballstem.org", "developer.mozilla.org", "codepen.io"}
"""Hosts that stand in style sheets and programs as names of namespaces, or in comments."""
SCREENS = {"wide": (1280, 800), "phone": (375, 700)}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the built pages."""
    if not SPHINX.exists():
        pytest.skip("the tools of the pages are not installed: make docs")
    folder = tmp_path_factory.mktemp("site")
    options = ["-q", "--fail-on-warning", "--keep-going", "--nitpicky", "--conf-dir", "docs"]
    command = [str(SPHINX), *options, ".", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


class Loaded(HTMLParser):
    """The addresses that a browser loads when it shows a page."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        loading = LOADING if tag in FOLLOWED else LOADING | {"href"}
        self.addresses += [value for name, value in attrs if value and name in loading]


def outside(address: str) -> bool:
    return re.match(r"\s*([a-z]+:)?//", address, re.IGNORECASE) is not None


def test_every_page_is_built(site: Path) -> None:
    built = {path.relative_to(site).with_suffix(".md").as_posix() for path in site.rglob("*.html")}
    assert {page.relative_to(ROOT).as_posix() for page in PAGES} <= built
    assert (site / "index.html").exists()


def test_no_page_loads_anything_from_another_host(site: Path) -> None:
    for page in site.rglob("*.html"):
        loaded = Loaded()
        loaded.feed(page.read_text(encoding="utf-8"))
        assert loaded.addresses or page.name == "index.html"
        assert [one for one in loaded.addresses if outside(one)] == [], page


def test_no_style_sheet_and_no_program_names_a_host_that_it_loads_from(site: Path) -> None:
    for path in [*site.rglob("*.css"), *site.rglob("*.js")]:
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".css":
            loaded = re.findall(r"url\(['\"]?([^)'\"]+)|@import\s+['\"]([^'\"]+)", text)
            assert [one for pair in loaded for one in pair if outside(one)] == [], path
        elif path.name != "searchindex.js":  # which has the words of the pages
            assert set(re.findall(r"https?://([\w.-]+)", text)) <= MENTIONED, path


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("screen", SCREENS)
def test_it_opens_from_a_folder_and_is_searched_without_a_network(
    site: Path, browser: Browser, screen: str, scheme: str
) -> None:
    width, height = SCREENS[screen]
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)  # type: ignore[arg-type]
    context.set_default_timeout(60_000)
    page, asked, faults = context.new_page(), [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto((site / "index.html").as_uri())
    page.wait_for_url("**/README.html")
    assert page.locator("h1").first.inner_text().startswith("Gradient Verdict")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.goto((site / "search.html").as_uri() + "?q=depth_budget")
    page.locator("#search-results li a[href*='docs/judging.html']").first.wait_for()
    context.close()
    assert [one for one in asked if not one.startswith(("file:", "data:"))] == []
    assert faults == []
