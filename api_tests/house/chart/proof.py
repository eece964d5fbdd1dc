"""The chart of the file beside this one, in a copy of the repository that has it."""

import subprocess
import sys
from collections.abc import AsyncIterator
from xml.etree import ElementTree

import httpx
import pytest

from api_tests.house.asking import simulated
from api_tests.networks import Json, stack

NAME, TITLE, TAB = "weight_norm", "Norm of the weights", "Weight norm"
WORDS_ALONE = f"""
import sys
from service.http.routes.catalog import get_catalog
assert "{NAME}" in [chart.name for chart in get_catalog().charts]
print([one for one in ("altair", "vl_convert") if one in sys.modules])
"""

pytestmark = pytest.mark.anyio


@pytest.fixture
async def client(service_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a running service, which ends the process that draws."""
    async with httpx.AsyncClient(base_url=service_url) as connected:
        yield connected


async def had(client: httpx.AsyncClient, report: Json, name: str, **query: str) -> httpx.Response:
    """What hangs below `report` under that name."""
    answer = await client.get(f"/v1/simulations/{report['digest']}/{name}", params=query, timeout=60)
    assert answer.status_code == 200, answer.text
    return answer


async def test_it_is_drawn_in_every_format(client: httpx.AsyncClient) -> None:
    report = await simulated(client, stack(3, 8), trials=4)
    made, picture, points = [await had(client, report, f"chart.{kind}", chart=NAME) for kind in ("json", "svg", "png")]
    measured = [layer["log10_weight_norm"]["median"] for layer in report["layers"]]
    assert [row["median"] for row in made.json()["datasets"]["layers"]] == measured
    assert made.json()["title"]["text"] == TITLE
    assert ElementTree.fromstring(picture.text).attrib["aria-label"].startswith(f"{TITLE}. ")
    assert points.content.startswith(b"\x89PNG")


async def test_the_report_page_shows_it_after_the_others(client: httpx.AsyncClient) -> None:
    page = await had(client, await simulated(client, stack(3, 8), trials=4), "report.html")
    titles = ["Gradient through the depth", "Where the gain comes from", "Signal through the depth", TITLE]
    places = [page.text.index(f'alt="{title}. ') for title in titles]
    assert places == sorted(places)


async def test_the_catalog_has_its_words_from_which_the_page_makes_its_tab(client: httpx.AsyncClient) -> None:
    charts = (await client.get("/v1/catalog", timeout=60)).json()["charts"]
    entry = next(chart for chart in charts if chart["name"] == NAME)
    assert (entry["title"], entry["tab"], entry["compares"]) == (TITLE, TAB, False)
    assert [chart["tab"] for chart in charts if chart["tab"]][-2:] == ["Weight gradient", TAB]


async def test_it_is_in_the_document(client: httpx.AsyncClient) -> None:
    chart = (await client.get("/openapi.json")).json()["components"]["schemas"]["ChartName"]
    assert chart["enum"].index("weight_gradient") + 1 == chart["enum"].index(NAME)
    assert f"`{NAME}`: {TITLE}" in chart["description"]


def test_its_words_are_read_where_nothing_is_drawn() -> None:
    done = subprocess.run([sys.executable, "-c", WORDS_ALONE], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"
