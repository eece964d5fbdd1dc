"""What well-liked services do over HTTP, row by row: HEAD, 304, caching, compression, pages, conditions, Accept."""

import gzip
import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from api_tests.http.asking import Json, assert_problem, sent, spec
from api_tests.http.working import RUBRIC, SHEETS, Bench, bench_over, sweep

pytestmark = pytest.mark.anyio

GRADING: Json = {"rubric": RUBRIC, "answers": SHEETS["submissions"][0]["answers"]}
GRADESCOPE = "application/vnd.gradient-verdict.gradescope+json"


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with bench_over(f"sqlite:///{tmp_path}/jobs.sqlite3") as made:
        yield made


@pytest.fixture
async def report(client: httpx.AsyncClient) -> str:
    """Where a report is."""
    answer = await client.post("/v1/simulations", **sent(spec()))
    return str(answer.headers["location"])


READ = ["", "/layers.csv"]
DOCUMENTS = ["/v1/catalog", "/openapi.json", "/v1/version"]
OPEN_TO_ALL = [*DOCUMENTS, "/healthz/live", "/v1/simulations", "/v1/jobs", "/", "/docs"]


async def test_head_is_answered_wherever_get_is(client: httpx.AsyncClient, report: str) -> None:
    for path in [*OPEN_TO_ALL, *(report + part for part in READ), "/metrics"]:
        got = await client.get(path, headers={"Accept-Encoding": "identity"})
        head = await client.head(path, headers={"Accept-Encoding": "identity"})
        assert (head.status_code, head.content) == (got.status_code, b""), path
        assert got.status_code == 200
        differ = {name for name in got.headers if head.headers.get(name) != got.headers[name]}
        assert differ <= {"x-request-id"} | ({"content-length"} if path == "/metrics" else set()), path


async def test_head_of_what_is_not_there_and_of_what_is_only_posted(client: httpx.AsyncClient) -> None:
    assert (await client.head(f"/v1/simulations/{'0' * 64}")).status_code == 404
    posted = await client.head("/v1/estimates")
    assert (posted.status_code, posted.headers["allow"], posted.content) == (405, "POST", b"")


async def test_all_that_is_read_has_a_tag_and_is_not_sent_twice(client: httpx.AsyncClient, report: str) -> None:
    for path in [*DOCUMENTS, "/v1/jobs", *(report + part for part in READ)]:
        got = await client.get(path)
        again = await client.get(path, headers={"If-None-Match": got.headers["etag"]})
        assert (again.status_code, again.content) == (304, b""), path
        assert again.headers["etag"] == got.headers["etag"]
        assert again.headers["cache-control"] == got.headers["cache-control"]


async def test_a_report_is_kept_for_good_and_what_is_made_of_it_for_an_hour(
    client: httpx.AsyncClient, report: str
) -> None:
    policies = [(await client.get(report + part)).headers["cache-control"] for part in READ]
    assert policies == ["public, max-age=31536000, immutable", "public, max-age=3600"]
    assert (await client.get("/v1/jobs")).headers["cache-control"] == "no-cache"
    for probe in ("/healthz/live", "/metrics", f"/v1/simulations/{'0' * 64}"):
        assert (await client.get(probe)).headers["cache-control"] == "no-store"


async def test_nothing_is_drawn_for_those_who_have_the_drawing(
    client: httpx.AsyncClient, report: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = client._transport.app  # type: ignore[attr-defined]
    drawn: list[str] = []

    async def chart(*_: object) -> bytes:
        drawn.append("chart")
        return b"<svg/>"

    async def page(*_: object) -> bytes:
        drawn.append("page")
        return b"<html>"

    monkeypatch.setattr(app.state.services.renderer, "chart", chart)
    monkeypatch.setattr(app.state.services.renderer, "page", page)
    tags = set()
    for path in ("/chart.svg", "/chart.png", "/chart.json", "/chart.svg?theme=dark", "/report.html"):
        got = await client.get(report + path)
        tags.add(got.headers["etag"])
        drawn.clear()
        again = await client.get(report + path, headers={"If-None-Match": got.headers["etag"]})
        assert (again.status_code, drawn) == (304, []), path
    assert len(tags) == 5


async def test_json_csv_html_and_problems_are_compressed(client: httpx.AsyncClient, report: str) -> None:
    for path in ("/openapi.json", "/v1/catalog", report, f"{report}/layers.csv", "/", "/metrics"):
        async with client.stream("GET", path, headers={"Accept-Encoding": "gzip"}) as answer:
            packed = b"".join([part async for part in answer.aiter_raw()])
        assert answer.headers["content-encoding"] == "gzip", path
        assert "accept-encoding" in answer.headers["vary"].lower()
        assert len(gzip.decompress(packed)) > 1.5 * len(packed)
    plain = await client.get(report, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers


async def test_a_posted_report_is_compressed_too(client: httpx.AsyncClient) -> None:
    request = sent(spec())
    answer = await client.post("/v1/simulations", content=request["content"], headers=request["headers"])
    assert answer.headers["content-encoding"] in {"zstd", "br", "gzip"}
    assert "etag" not in answer.headers


async def test_two_teachers_do_not_overwrite_each_other(bench: Bench) -> None:
    where, body, changed = "/v1/assignments/week_1", {"rubric": RUBRIC}, {"rubric": RUBRIC | {"title": "Week 1"}}

    async def put(content: Json, **condition: str) -> httpx.Response:
        request = sent(content)
        conditions = {name.replace("_", "-"): value for name, value in condition.items()}
        return await bench.client.put(where, content=request["content"], headers=request["headers"] | conditions)

    assert_problem(await put(body, If_Match="*"), 412, "precondition-failed")
    assert (await put(body, If_None_Match="*")).status_code == 200
    assert_problem(await put(changed, If_None_Match="*"), 412, "precondition-failed")
    seen = (await bench.client.get(where)).headers["etag"]
    assert (await put(changed, If_Match=seen)).status_code == 200
    for late in (seen, f"W/{seen}", '"x"'):
        assert_problem(await put(body, If_Match=late), 412, "precondition-failed")
        assert_problem(await bench.client.delete(where, headers={"If-Match": late}), 412, "precondition-failed")
    now = await bench.client.get(where, headers={"Accept-Encoding": "gzip"})
    assert now.json()["rubric"]["title"] == "Week 1"
    assert (await bench.client.delete(where, headers={"If-Match": now.headers["etag"]})).status_code == 204
    assert_problem(await bench.client.delete(where, headers={"If-Match": seen}), 404, "assignment-not-found")


async def test_pages_of_lists_are_linked(bench: Bench) -> None:
    job = await bench.made()
    await bench.made(sweep({"name": "width", "values": [2, 3]}))
    first = await bench.client.get("/v1/jobs?limit=1")
    assert first.links["first"]["url"] == "/v1/jobs?limit=1"
    second = await bench.client.get(first.links["next"]["url"])
    assert second.json()["items"][0]["id"] == job["id"] != first.json()["items"][0]["id"]
    assert second.links.keys() == {"first"}
    results = await bench.client.get(f"{job['links']['results']}?limit=1&over_gaps=true")
    assert results.links["first"]["url"] == f"{job['links']['results']}?limit=1&over_gaps=true"
    assert "cursor=0" in results.links["next"]["url"]
    about = (await bench.client.get("/v1/version")).links
    assert (about["service-desc"]["url"], about["service-doc"]["url"]) == ("/openapi.json", "/docs")


async def test_what_a_job_has_so_far_is_asked_for_again_and_named_after_it(bench: Bench) -> None:
    job = await bench.made()
    table = await bench.client.get(job["links"]["csv"])
    assert table.headers["content-disposition"] == f'attachment; filename="results-{job["id"][:8]}.csv"'
    assert table.headers["cache-control"] == "no-cache"
    known = {"If-None-Match": table.headers["etag"]}
    assert (await bench.client.get(job["links"]["csv"], headers=known)).status_code == 304
    bench.work(job, range(2))
    assert (await bench.client.get(job["links"]["csv"], headers=known)).status_code == 200
    page = await bench.client.get(job["links"]["self"])
    assert page.headers["cache-control"] == "no-cache"
    known = {"If-None-Match": page.headers["etag"]}
    bench.work(job, range(2, 4))
    assert (await bench.client.get(job["links"]["self"], headers=known)).status_code == 200


async def test_downloads_of_a_report_are_named_after_it(client: httpx.AsyncClient, report: str) -> None:
    answer = await client.get(f"{report}/layers.csv")
    digest = report.rpartition("/")[2]
    assert answer.headers["content-disposition"] == f'attachment; filename="layers-{digest[:8]}.csv"'


@pytest.mark.parametrize(("accept", "media_type"), [
    ("", "application/json"), ("*/*", "application/json"), ("application/json", "application/json"),
    (GRADESCOPE, GRADESCOPE), (f"{GRADESCOPE}, application/problem+json", GRADESCOPE),
    (f"application/json;q=0.5, {GRADESCOPE}", GRADESCOPE), (f"application/json, {GRADESCOPE}", "application/json"),
    ("application/*", "application/json"), (f"*/*;q=0.1, {GRADESCOPE.upper()};q=0.2", GRADESCOPE),
    ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "application/json"),
])  # fmt: skip
async def test_a_grading_has_the_media_type_that_is_accepted(
    client: httpx.AsyncClient, accept: str, media_type: str
) -> None:
    request = sent(GRADING)
    answer = await client.post(
        "/v1/gradings", content=request["content"], headers=request["headers"] | {"Accept": accept}
    )
    assert (answer.status_code, answer.headers["content-type"]) == (200, media_type)
    assert "Accept" in answer.headers["vary"].split(", ")
    assert ("tests" in answer.json()) == (media_type == GRADESCOPE)


@pytest.mark.parametrize("accept", ["text/html", "application/json;q=0", "image/*", "text/plain", "application/xml, x"])
async def test_what_cannot_be_answered_is_not_acceptable(client: httpx.AsyncClient, accept: str) -> None:
    request = sent(GRADING)
    headers = request["headers"] | {"Accept": accept}
    told = assert_problem(
        await client.post("/v1/gradings", content=request["content"], headers=headers), 406, "not-acceptable"
    )
    assert GRADESCOPE in told["detail"]
    assert "application/json" in told["detail"]
    answer = await client.post("/v1/gradings?format=gradescope", content=request["content"], headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (200, GRADESCOPE)  # the query decides


@pytest.mark.parametrize(("content_type", "status"), [
    ("application/json; charset=utf-8", 200), ('application/json; charset="UTF-8"', 200),
    ("application/json; profile=x", 200), ("application/json; charset=us-ascii", 200), ("application/json;", 200),
    ("application/json; charset=iso-8859-1", 415), ("application/json; charset=utf-16", 415),
    ("application/json, text/plain", 415), ("application/json; charset=", 415),
])  # fmt: skip
async def test_a_body_is_utf_8(client: httpx.AsyncClient, content_type: str, status: int) -> None:
    answer = await client.post("/v1/estimates", content=json.dumps(spec()), headers={"Content-Type": content_type})
    assert answer.status_code == status
    if "charset=iso" in content_type:
        assert "iso-8859-1" in assert_problem(answer, 415, "unsupported-media-type")["detail"]
