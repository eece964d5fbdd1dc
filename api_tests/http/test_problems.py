"""Everything that fails is a problem: paths, methods, media types, bodies that are no JSON, and the service's own."""

import gzip
import json
from collections.abc import AsyncIterator, Callable, Iterator
from typing import TypeVar

import httpx
import pytest
from anyio import sleep_forever

from api_tests.http.asking import MARKER, Json, assert_problem, sent, spec
from api_tests.http.lines import heard, unfinished
from service.charts.renderer import ChartRenderer
from service.core.settings import Settings
from service.http.app import build_app
from service.jobs.jobs import Jobs
from service.main import create_app
from service.processes.pool import PoolLimits, ProcessPool
from service.simulation.estimate import Limits
from service.store.archive import Archive
from service.store.database import Database
from service.store.stores import NullStore

pytestmark = pytest.mark.anyio

T = TypeVar("T")
JSON = "application/json"
BODY_BYTES = Settings().body_bytes
CHUNK = 1 << 16
POSTS = ["/v1/simulations", "/v1/estimates"]
GETS = ["/v1/catalog", "/v1/version", "/healthz/live", "/healthz/ready", "/metrics", "/docs", "/openapi.json"]


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "OPTIONS"])
@pytest.mark.parametrize(
    "path", ["/v1", "/v2/simulations", "/v1/simulations/", "/v1/catalog/x", f"/{MARKER}", "/%ff%00"]
)
async def test_an_unknown_path_is_a_404(client: httpx.AsyncClient, method: str, path: str) -> None:
    problem = assert_problem(await client.request(method, path), 404, "not-found")
    assert problem["errors"] == []


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/", "GET, HEAD"),
        ("/v1/simulations", "GET, HEAD, POST"),
        ("/v1/estimates", "POST"),
        *((path, "GET, HEAD") for path in GETS),
    ],
)
async def test_an_unknown_method_is_a_405_that_lists_the_known_ones(
    client: httpx.AsyncClient, path: str, allowed: str
) -> None:
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"} - set(allowed.split(", ")):
        answer = await client.request(method, path)
        assert_problem(answer, 405, "method-not-allowed")
        assert answer.headers["allow"] == allowed


async def test_the_assets_of_the_documentation_allow_reading(client: httpx.AsyncClient) -> None:
    answer = await client.post("/docs/assets/swagger-ui.css")
    assert_problem(answer, 405, "method-not-allowed")
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD"}


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize(
    "media_type",
    [
        None,
        "text/plain",
        "text/json",
        "application/xml",
        "application/x-www-form-urlencoded",
        "application",
        "json",
        "multipart/form-data; boundary=x",
        "application/jsonp",
        "application/octet-stream",
        MARKER,
    ],
)
async def test_a_body_that_is_not_declared_to_be_json_is_a_415(
    client: httpx.AsyncClient, path: str, media_type: str | None
) -> None:
    headers = {} if media_type is None else {"Content-Type": media_type}
    answer = await client.post(path, content=json.dumps(spec()).encode(), headers=headers)
    assert_problem(answer, 415, "unsupported-media-type")


async def test_a_compressed_body_is_a_415(client: httpx.AsyncClient) -> None:
    headers = {"Content-Type": JSON, "Content-Encoding": "gzip"}
    answer = await client.post("/v1/estimates", content=gzip.compress(json.dumps(spec()).encode()), headers=headers)
    assert_problem(answer, 415, "unsupported-media-type")


@pytest.mark.parametrize(
    "media_type", [JSON, "application/json; charset=utf-8", "Application/JSON", "application/x+json"]
)
async def test_json_may_be_declared_in_several_ways(client: httpx.AsyncClient, media_type: str) -> None:
    content = json.dumps(spec()).encode()
    answer = await client.post("/v1/estimates", content=content, headers={"Content-Type": media_type})
    assert answer.status_code == 200, answer.text


def padded(length: int) -> bytes:
    """A specification of so many bytes."""
    text = json.dumps(spec()).encode()
    return text + b" " * (length - len(text))


@pytest.mark.parametrize("path", POSTS)
def test_a_body_may_be_as_long_as_the_limit_and_no_longer(service_url: str, path: str) -> None:
    assert httpx.post(f"{service_url}{path}", **sent(padded(BODY_BYTES)), timeout=60).status_code == 200
    problem = assert_problem(httpx.post(f"{service_url}{path}", **sent(padded(BODY_BYTES + 1))), 413, "body-too-large")
    assert problem["facts"] == {"limit": BODY_BYTES}


@pytest.mark.parametrize("path", POSTS)
def test_a_body_that_does_not_tell_its_length_is_measured_while_it_is_read(service_url: str, path: str) -> None:
    def chunks(count: int) -> Iterator[bytes]:
        yield padded(CHUNK)
        yield from (b" " * CHUNK for _ in range(count - 1))

    headers = {"Content-Type": JSON}
    exact = httpx.post(f"{service_url}{path}", content=chunks(BODY_BYTES // CHUNK), headers=headers, timeout=60)
    assert exact.request.headers["transfer-encoding"] == "chunked"
    assert exact.status_code == 200, exact.text
    longer = httpx.post(f"{service_url}{path}", content=chunks(BODY_BYTES // CHUNK + 1), headers=headers)
    assert_problem(longer, 413, "body-too-large")


@pytest.mark.parametrize("path", POSTS)
async def test_a_body_that_does_not_arrive_is_a_408(path: str) -> None:
    async def halted() -> AsyncIterator[bytes]:
        yield b'{"network": '
        await sleep_forever()

    transport = httpx.ASGITransport(create_app(Settings(body_seconds=0.05)))
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
        answer = await client.post(path, content=halted(), headers={"Content-Type": JSON})
    assert_problem(answer, 408, "body-too-slow")


def test_an_endless_body_is_refused_before_it_ends(service_url: str) -> None:
    with unfinished(service_url, POSTS[0], b" " * (BODY_BYTES + 1), length=1 << 40) as line:
        assert_problem(heard(line), 413, "body-too-large")


async def test_an_oversized_body_is_refused_whatever_it_claims_to_be(client: httpx.AsyncClient) -> None:
    content = b" " * (Settings().body_bytes + 1)
    for headers in ({"Content-Type": JSON}, {"Content-Type": "text/plain"}, {}):
        assert_problem(await client.post("/v1/estimates", content=content, headers=headers), 413, "body-too-large")


class DefectivePool(ProcessPool):
    """A pool of processes that has a bug."""

    async def run(self, task: Callable[[int], T]) -> T:
        """Fail as no pool should."""
        raise RuntimeError(f"the password is {MARKER}")

    def check_ready(self) -> None:
        """Fail as well."""
        raise KeyError(MARKER)


@pytest.mark.parametrize(("method", "path"), [("POST", "/v1/simulations"), ("GET", "/healthz/ready")])
async def test_a_defect_is_a_500_that_tells_nothing_of_itself(method: str, path: str) -> None:
    settings = Settings()
    pool, limits = DefectivePool(PoolLimits.of(settings)), Limits(1e12, 1 << 40)
    archive = Archive(pool, NullStore(), limits, settings.cache_bytes)
    jobs = Jobs(settings, Database(settings.database_url))
    app = build_app(settings, pool, archive, ChartRenderer(settings), jobs)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
        content: Json = sent(spec()) if method == "POST" else {}
        problem = assert_problem(await client.request(method, path, **content), 500, "internal-error")
    assert "Error" not in json.dumps(problem)
    assert problem["facts"] == {}


async def test_a_service_that_has_not_started_its_workers_is_not_ready(client: httpx.AsyncClient) -> None:
    assert_problem(await client.get("/healthz/ready"), 503, "not-ready")
    assert (await client.get("/healthz/live")).status_code == 200
