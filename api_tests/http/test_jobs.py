"""Jobs over HTTP: listed, told of, cancelled, and read while they run."""

import csv
import json
from collections.abc import AsyncIterator
from io import BytesIO, StringIO
from pathlib import Path
from zipfile import ZipFile

import httpx
import pytest

from api_tests.cases import case
from api_tests.http.asking import Json, assert_problem
from api_tests.http.working import RUBRIC, SHEETS, Bench, bench_over, sweep
from service.grading.formats import FORMATS
from service.grading.grade import grade
from service.grading.spec import GradingSpec, Rubric
from service.http.responses import GradingResponse
from service.simulation.simulate import simulate

pytestmark = pytest.mark.anyio

PATH = "/v1/jobs"
UNKNOWN = "0" * 32
BELOW = [
    "",
    "/events",
    "/results",
    "/results/0",
    "/results.csv",
    "/results.zip",
    "/chart.json",
    "/chart.svg",
    "/chart.png",
]


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with bench_over(f"sqlite:///{tmp_path}/jobs.sqlite3") as made:
        yield made


def graded(wanted: str, answers: Json) -> str:
    """What `POST /v1/gradings` answers to `answers`."""
    return FORMATS[wanted].write(grade(GradingSpec(rubric=Rubric.model_validate(RUBRIC), answers=answers), simulate))


async def told(bench: Bench, path: str) -> Json:
    answer = await bench.client.get(path)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


async def test_nothing_hangs_below_an_unknown_job(client: httpx.AsyncClient) -> None:
    for job in (UNKNOWN, "0", "x" * 32, "%00", UNKNOWN.upper() + "A"):
        for below in BELOW:
            with case(job, below):
                assert_problem(await client.get(f"{PATH}/{job}{below}"), 404, "job-not-found")


async def test_jobs_are_listed_the_newest_first_page_by_page(bench: Bench) -> None:
    made = [(await bench.made())["id"] for _ in range(5)]
    listed, query = [], "?limit=2"
    while query:
        page = await told(bench, f"{PATH}{query}")
        listed += [job["id"] for job in page["items"]]
        query = f"?limit=2&cursor={page['next_cursor']}" if page["next_cursor"] else ""
    assert listed == made[::-1]


async def test_jobs_are_listed_by_status(bench: Bench) -> None:
    queued, running, cancelled = [await bench.made() for _ in range(3)]
    bench.work(running, range(1))
    await bench.client.delete(cancelled["links"]["self"])
    for status, job in (("queued", queued), ("running", running), ("cancelled", cancelled)):
        assert [one["id"] for one in (await told(bench, f"{PATH}?status={status}"))["items"]] == [job["id"]]
    assert (await told(bench, f"{PATH}?status=failed")) == {"items": [], "next_cursor": None}


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "cursor=x", "status=done"])
async def test_a_list_that_cannot_be_meant_is_refused(client: httpx.AsyncClient, query: str) -> None:
    assert_problem(await client.get(f"{PATH}?{query}"), 422, "invalid-request")


async def test_a_job_that_is_purged_is_told_once_more_and_gone(bench: Bench) -> None:
    job, ended = await bench.made(), await bench.made()
    bench.work(ended, range(4))
    for one, status in ((job, "cancelled"), (ended, "succeeded")):
        answer = await bench.client.delete(one["links"]["self"], params={"purge": "true"})
        assert (answer.status_code, answer.json()["status"]) == (200, status)
        for method in ("GET", "DELETE"):
            assert_problem(await bench.client.request(method, one["links"]["self"]), 404, "job-not-found")
    assert (await bench.client.get("/v1/jobs")).json()["items"] == []


async def test_a_job_that_is_cancelled_keeps_what_it_has_and_stays_so(bench: Bench) -> None:
    job = await bench.made()
    bench.work(job, range(2))
    ended = await bench.client.delete(job["links"]["self"])
    assert ended.status_code == 200, ended.text
    assert (ended.json()["status"], ended.json()["progress"]["done"]) == ("cancelled", 2)
    assert (
        (await bench.client.delete(job["links"]["self"])).json()
        == ended.json()
        == await told(bench, job["links"]["self"])
    )
    page = await told(bench, job["links"]["results"])
    assert ([item["index"] for item in page["items"]], page["next_cursor"]) == ([0, 1], None)
    assert_problem(await bench.client.delete(f"{PATH}/{UNKNOWN}"), 404, "job-not-found")


@pytest.mark.parametrize("begun", [False, True], ids=["before it began", "begun"])
@pytest.mark.parametrize("kind", ["sweep", "class"])
async def test_what_hangs_below_a_job_that_is_cancelled_is_told_or_refused_as_documented(
    bench: Bench, kind: str, begun: bool
) -> None:
    job = await (bench.made() if kind == "sweep" else bench.class_made())
    if begun:
        bench.work(job, range(1))
    await bench.client.delete(job["links"]["self"])
    document = await told(bench, "/openapi.json")
    paths, components = document["paths"], document["components"]["responses"]
    for below in BELOW:
        answer = await bench.client.get(f"{PATH}/{job['id']}{below}")
        listed = paths[f"{PATH}/{{id}}{below.replace('/0', '/{index}')}"]["get"]["responses"]
        with case(kind, below, answer.text):
            found = listed[str(answer.status_code)]
            if answer.status_code >= 400:
                said = components[found["$ref"].rpartition("/")[2]]["description"]
                assert f"`{answer.json()['code']}`" in said


async def test_results_are_read_in_pages_while_the_job_is_running(bench: Bench) -> None:
    job = await bench.made()
    here = job["links"]["results"]
    assert await told(bench, here) == {"items": [], "next_cursor": "0"}
    lines = bench.work(job, range(2))
    assert await told(bench, here) == {"items": list(map(json.loads, lines)), "next_cursor": "2"}
    lines += bench.work(job, range(2, 4))
    pages = [await told(bench, f"{here}?limit=3&cursor={cursor}") for cursor in (0, 3)]
    assert [page["next_cursor"] for page in pages] == ["3", None]
    assert [item for page in pages for item in page["items"]] == list(map(json.loads, lines))
    assert await told(bench, f"{here}?cursor=999999999") == {"items": [], "next_cursor": None}


async def test_results_behind_a_gap_wait_for_those_before_them(bench: Bench) -> None:
    job = await bench.made()
    (line,) = bench.work(job, range(3, 4))
    assert await told(bench, job["links"]["results"]) == {"items": [], "next_cursor": "0"}
    assert await told(bench, f"{job['links']['results']}/3") == json.loads(line)
    problem = assert_problem(await bench.client.get(f"{job['links']['results']}/0"), 404, "result-not-found")
    assert "not come to" in problem["detail"]
    problem = assert_problem(await bench.client.get(f"{job['links']['results']}/4"), 404, "result-not-found")
    assert problem["facts"] == {"index": 4, "total": 4}


@pytest.mark.parametrize(
    "query", ["?limit=0", "?limit=1001", "?cursor=-1", "?cursor=1e3", "/-1", "/x", "/100000", "/1?format=x"]
)
async def test_results_that_cannot_be_meant_are_refused(bench: Bench, query: str) -> None:
    job = await bench.made()
    assert_problem(await bench.client.get(f"{job['links']['results']}{query}"), 422, "invalid-request")


async def test_the_table_has_a_row_for_each_result_so_far(bench: Bench) -> None:
    job = await bench.made()
    bench.work(job, range(2))
    answer = await bench.client.get(job["links"]["csv"])
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == f'attachment; filename="results-{job["id"][:8]}.csv"'
    rows = list(csv.DictReader(StringIO(answer.text, newline="")))
    assert [(row["index"], row["width"], row["digest"]) for row in rows] == [
        (str(item["index"]), str(item["values"]["width"]), item["digest"])
        for item in (await told(bench, job["links"]["results"]))["items"]
    ]


async def test_a_class_is_graded_as_each_of_its_sheets_is(bench: Bench) -> None:
    job = await bench.class_made()
    assert (job["kind"], job["links"]["chart"]) == ("gradings", None)
    bench.work(job, range(3))
    items = (await told(bench, job["links"]["results"]))["items"]
    assert [(item["kind"], item["id"], item["error"]) for item in items] == [
        ("grading", name, None) for name in ("ada", "ben", "eve")
    ]
    for item, sheet in zip(items, SHEETS["submissions"], strict=True):
        assert item["grading"] == json.loads(graded("native", sheet["answers"]))


async def test_a_grading_is_had_in_the_format_of_every_platform(bench: Bench) -> None:
    job = await bench.class_made()
    bench.work(job, range(3))
    for wanted, format_ in FORMATS.items():
        alone = graded(wanted, SHEETS["submissions"][1]["answers"])
        found = await bench.client.get(f"{job['links']['results']}/1?format={wanted}")
        if wanted != "native":
            kind = found.headers["content-type"].partition(";")[0]
            assert (found.text, kind) == (alone, GradingResponse.media_types[wanted])
        bundle = await bench.client.get(f"{job['links']['self']}/results.zip?format={wanted}")
        assert bundle.headers["content-type"] == "application/zip"
        with ZipFile(BytesIO(bundle.content)) as archive:
            assert alone.encode() in [archive.read(name) for name in archive.namelist()], format_


async def test_a_sweep_has_one_format_and_no_files_for_students(bench: Bench) -> None:
    job = await bench.made()
    (line,) = bench.work(job, range(1))
    found = await bench.client.get(f"{job['links']['results']}/0?format=gradescope")
    assert (found.content, found.headers["content-type"]) == (line, "application/json")
    problem = assert_problem(await bench.client.get(f"{job['links']['self']}/results.zip"), 404, "result-not-found")
    assert problem["detail"] == "The results of a job of the kind sweep are a table at results.csv, and no ZIP."


@pytest.mark.parametrize("kind", ["json", "svg", "png"])
async def test_gradings_have_no_chart(bench: Bench, kind: str) -> None:
    job = await bench.class_made()
    problem = assert_problem(await bench.client.get(f"{job['links']['self']}/chart.{kind}"), 404, "chart-not-available")
    assert problem["detail"] == "Jobs of this kind have no chart; their results are a table at results.csv."


async def test_a_sweep_is_drawn_while_it_is_running_and_kept_once_it_has_ended(bench: Bench) -> None:
    job = await bench.made(
        sweep({"name": "weight_variance", "values": [0.5, 1, 2]}, {"name": "depth", "values": [2, 4]})
    )
    here = job["links"]["self"]
    bench.work(job, range(3))
    running = await bench.client.get(f"{here}/chart.svg", timeout=60)
    assert (running.status_code, running.headers["cache-control"]) == (200, "no-cache"), running.text
    bench.work(job, range(3, 6))
    types = {"json": "application/json", "svg": "image/svg+xml", "png": "image/png"}
    drawn = {kind: await bench.client.get(f"{here}/chart.{kind}?theme=dark", timeout=60) for kind in types}
    for kind, answer in drawn.items():
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"].partition(";")[0] == types[kind]
        assert answer.headers["cache-control"] == "public, max-age=3600"
    assert drawn["json"].json()["$schema"].startswith("https://vega.github.io/schema/vega-lite/")
    assert drawn["svg"].content != running.content
    assert drawn["png"].content.startswith(b"\x89PNG")


async def test_open_jobs_are_counted(bench: Bench) -> None:
    for _ in range(2):
        await bench.made()
    bench.work(await bench.made(), range(1))
    lines = (await bench.client.get("/metrics")).text.splitlines()
    assert 'gradient_verdict_open_jobs{status="queued"} 2.0' in lines
    assert 'gradient_verdict_open_jobs{status="running"} 1.0' in lines


async def test_what_is_counted_is_told_without_a_database(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    async with bench_over(f"sqlite:///{tmp_path}/file/jobs.sqlite3") as bench:
        answer = await bench.client.get("/metrics")
        assert answer.status_code == 200
        assert "gradient_verdict_busy_workers" in answer.text
        assert "gradient_verdict_open_jobs{" not in answer.text
        for path in (PATH, f"{PATH}/{UNKNOWN}", f"{PATH}/{UNKNOWN}/events"):
            assert_problem(await bench.client.get(path), 503, "store-unavailable")
