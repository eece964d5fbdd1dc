"""The laboratory's files as they are served."""

import re
from pathlib import Path

import httpx
import pytest

from api_tests.cases import case

pytestmark = pytest.mark.anyio

FILES = Path(__file__).resolve().parents[2] / "service" / "http" / "page"
NAMES = sorted(path.name for path in FILES.iterdir())
TYPES = {".css": "text/css", ".html": "text/html", ".js": "text/javascript", ".svg": "image/svg+xml"}


async def test_a_file_is_served_with_its_type_and_a_strict_policy(client: httpx.AsyncClient) -> None:
    for name in ("", *NAMES):
        with case(name):
            answer = await client.get(f"/page/{name}" if name else "/")
            assert answer.status_code == 200
            assert answer.headers["content-type"].startswith(TYPES[Path(name or "index.html").suffix])
            policy = answer.headers["content-security-policy"]
            assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; ")
            assert "unsafe" not in policy
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["referrer-policy"] == "no-referrer"
            assert answer.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("name", ["", "laboratory.js"])
async def test_a_file_that_the_browser_has_is_not_sent_again(client: httpx.AsyncClient, name: str) -> None:
    path = f"/page/{name}" if name else "/"
    first = await client.get(path, headers={"Accept-Encoding": "gzip"})
    assert first.headers["content-encoding"] == "gzip"
    again = await client.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]


@pytest.mark.parametrize("path", ["/page/nothing.js", "/page/../main.py", "/page/%2e%2e/main.py", "/page/.%00"])
async def test_nothing_but_the_files_is_served(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


async def test_the_page_is_no_operation(client: httpx.AsyncClient) -> None:
    paths = (await client.get("/openapi.json")).json()["paths"]
    assert not [path for path in paths if path == "/" or path.startswith("/page")]


def test_no_file_names_another_host_or_writes_markup() -> None:
    for name in NAMES:
        with case(name):
            text = (FILES / name).read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
            assert not re.findall(r"https?://|(?:inner|outer|Adjacent)HTML|document\.write|\beval\(|new Function", text)
            if name.endswith(".html"):
                assert not re.findall(r"\sstyle=|\son\w+=|<style|<script(?![^>]*\ssrc=)", text)


async def test_the_page_for_teachers_has_a_path_of_its_own(client: httpx.AsyncClient) -> None:
    answer = await client.get("/teach")
    assert answer.content == (await client.get("/page/teach.html")).content
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'")
    assert (await client.head("/teach")).status_code == 200


def imported(name: str, known: frozenset[str] = frozenset()) -> frozenset[str]:
    """A module with all that it loads, directly or not."""
    text = (FILES / name).read_text(encoding="utf-8")
    for one in re.findall(r'from "\./(\w+\.js)"', text):
        known = known if one in known else imported(one, known | {one})
    return known | {name}


@pytest.mark.parametrize(("page", "start"), [("index.html", "start.js"), ("teach.html", "teach.js")])
def test_a_page_preloads_every_module_that_it_loads(page: str, start: str) -> None:
    text = (FILES / page).read_text(encoding="utf-8")
    assert set(re.findall(r"/page/(\w+\.js)\"", text)) - {"vega.js"} == imported(start)


def test_every_module_is_loaded_by_some_page() -> None:
    assert imported("start.js") | imported("teach.js") == {name for name in NAMES if name.endswith(".js")}
