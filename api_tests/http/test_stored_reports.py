"""Reports that outlive the service: found again after a restart, listed, and missing in words when the store is."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from api_tests.http.asking import Json, assert_problem, sent, spec
from api_tests.networks import stack
from examples.running_service import running_service
from service.core.settings import Settings
from service.http.app import Application
from service.main import create_app
from service.simulation.vocabulary import Label

pytestmark = pytest.mark.anyio

PATH = "/v1/simulations"
HIT, STORED = "gradient-verdict; hit", "gradient-verdict; fwd=miss; stored"
LOST = "gradient-verdict; fwd=miss; detail=store-unavailable"
DEAD: Json = {
    "features": 2,
    "layers": [{"kind": "dense", "units": 3, "weights": {"kind": "zeros"}}, {"kind": "dense", "units": 1}],
}
EVIDENT: Json = {
    "rubric": {
        "id": "r",
        "title": "R",
        "claims": [{"id": "v", "kind": "verdict", "points": 1, "simulation": spec(), "judge_by": "label"}],
    },
    "answers": {"v": "stable"},
}


@asynccontextmanager
async def served(url: str, **settings: Any) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a new application over the database at `url`."""
    app: Application = create_app(Settings(database_url=url, workers=1, **settings))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as connected:
        yield connected
    await app.state.services.pool.end()
    await app.state.services.archive.close()


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/reports.sqlite3"


@pytest.fixture
def broken_url(tmp_path: Path) -> str:
    (tmp_path / "file").touch()
    return f"sqlite:///{tmp_path}/file/reports.sqlite3"


async def test_a_report_outlives_the_service(url: str) -> None:
    async with served(url) as first:
        made = await first.post(PATH, **sent(spec()))
        assert made.headers["cache-status"] == STORED
    async with served(url) as second:
        again = await second.get(made.headers["location"])
        assert again.content == made.content
        assert (await second.get(f"{made.headers['location']}/layers.csv")).status_code == 200
    async with served(url, cache_bytes=0) as third:
        for _ in range(2):
            found = await third.post(PATH, **sent(spec()))
            assert (found.content, found.headers["cache-status"]) == (made.content, HIT)
            assert found.headers["location"] == made.headers["location"]


async def test_evidence_of_a_grading_outlives_the_service_and_is_pinned(url: str) -> None:
    async with served(url) as first:
        graded = await first.post("/v1/gradings", **sent(EVIDENT))
        evidence = graded.json()["checks"][0]["evidence"][0]
    async with served(url, cache_bytes=0) as second:
        found = await second.get(evidence)
        assert found.status_code == 200
        listed = (await second.get(PATH)).json()["items"]
        assert [(item["digest"], item["pinned"]) for item in listed] == [(found.json()["digest"], True)]


async def test_the_list_has_what_the_reports_say(url: str) -> None:
    async with served(url) as client:
        made = [(await client.post(PATH, **sent(spec(network)))).json() for network in (spec()["network"], DEAD)]
        listed = (await client.get(PATH)).json()
    assert listed["next_cursor"] is None
    for item, report in zip(listed["items"], reversed(made), strict=True):
        verdict = report["verdict"]
        assert item["depth_ratio"] == verdict["depth_ratio"]["median"]
        assert item["layers"] == len(report["layers"])
        for name in ("label", "severity", "tendency"):
            assert item[name] == verdict[name]
        for name in ("digest", "engine_version"):
            assert item[name] == report[name]
        assert item["created_at"].endswith("Z")


async def test_pages_follow_one_another_by_their_cursors(url: str) -> None:
    async with served(url) as client:
        made = [(await client.post(PATH, **sent(spec(seed=seed)))).json()["digest"] for seed in range(5)]
        found, cursor = [], {}
        while cursor is not None:
            page = (await client.get(PATH, params={"limit": 2, **cursor})).json()
            found += [item["digest"] for item in page["items"]]
            cursor = None if page["next_cursor"] is None else {"cursor": page["next_cursor"]}
        assert found == made[::-1]


async def test_a_label_chooses_among_the_reports(url: str) -> None:
    async with served(url) as client:
        made = [(await client.post(PATH, **sent(spec(network)))).json() for network in (stack(2, 4), stack(40, 4))]
        assert len({report["verdict"]["label"] for report in made}) == 2
        for label in Label:
            items = (await client.get(PATH, params={"label": label})).json()["items"]
            with_it = [report["digest"] for report in made if report["verdict"]["label"] == label]
            assert [item["digest"] for item in items] == with_it


@pytest.mark.parametrize(
    "query",
    [
        {"limit": 0},
        {"limit": 201},
        {"limit": "many"},
        {"cursor": "x"},
        {"cursor": ""},
        {"cursor": f"{14 * '0'}-{63 * '0'}"},
        {"cursor": f"{14 * '0'}-{64 * '0'}\n"},
        {"cursor": f"{15 * 'f'}-{64 * '0'}"},
        {"label": "odd"},
    ],
)
async def test_a_page_that_there_cannot_be_is_refused(client: httpx.AsyncClient, query: dict[str, str | int]) -> None:
    assert_problem(await client.get(PATH, params=query), 422, "invalid-request")


@pytest.mark.parametrize("place", [14 * "0", 14 * "f"])
async def test_every_cursor_of_the_right_form_is_a_place(client: httpx.AsyncClient, place: str) -> None:
    answer = await client.get(PATH, params={"cursor": f"{place}-{64 * '0'}"})
    assert answer.status_code == 200, answer.text


async def test_a_broken_store_is_told_and_simulations_are_answered(broken_url: str) -> None:
    async with served(broken_url) as client:
        made = await client.post(PATH, **sent(spec()))
        assert (made.status_code, made.headers["cache-status"]) == (200, LOST)
        assert (await client.get(made.headers["location"])).content == made.content  # from memory
        assert (await client.post(PATH, **sent(spec()))).headers["cache-status"] == HIT
        assert (await client.post("/v1/gradings", **sent(EVIDENT))).status_code == 200
        for path in (PATH, f"{PATH}/{64 * '0'}", f"{PATH}/{64 * '0'}/layers.csv"):
            problem = assert_problem(await client.get(path), 503, "store-unavailable")
            assert "not reachable" in problem["detail"]
            assert "/file" not in problem["detail"]
        metrics = (await client.get("/metrics")).text
        failures = next(
            line for line in metrics.splitlines() if line.startswith("gradient_verdict_store_failures_total")
        )
        assert float(failures.split()[1]) >= 6


async def test_no_place_is_told_where_neither_memory_nor_the_store_has_the_report(broken_url: str) -> None:
    async with served(broken_url, cache_bytes=0) as client:
        made = await client.post(PATH, **sent(spec()))
        assert (made.status_code, made.headers["cache-status"]) == (200, LOST)
        assert "location" not in made.headers


def test_a_service_whose_store_is_broken_starts_and_answers() -> None:
    lost = "postgresql://nobody:secret@127.0.0.1:1/none"
    with running_service(database_url=lost, workers=1) as service:
        made = httpx.post(f"{service}{PATH}", **sent(spec()))
        assert (made.status_code, made.headers["cache-status"]) == (200, LOST)
        problem = assert_problem(httpx.get(f"{service}{PATH}"), 503, "store-unavailable")
        assert "secret" not in problem["detail"]


def test_a_real_service_finds_its_reports_after_a_restart_and_drops_what_is_too_old(url: str) -> None:
    with running_service(database_url=url, workers=1, job_workers=0) as service:
        made = httpx.post(f"{service}{PATH}", **sent(spec()))
    with running_service(database_url=url, workers=1, job_workers=0) as service:
        again = httpx.get(f"{service}{made.headers['location']}")
        assert (again.status_code, again.content) == (200, made.content)
    with running_service(database_url=url, workers=1, job_workers=0, retention_days=1e-9) as service:
        assert httpx.get(f"{service}{PATH}").json()["items"] == []
