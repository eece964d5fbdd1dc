"""What another version of the engine has made: handed out as it is, and nothing is made of it."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from api_tests.http.asking import assert_problem, spec
from api_tests.http.working import Bench, bench_over
from api_tests.store.keeping import digest_of, report_of
from service.core.version import ENGINE_VERSION
from service.jobs.records import JobRecords
from service.jobs.results import JobResults
from service.simulation.plan import plan
from service.simulation.simulate import report_json
from service.simulation.spec import SimulationSpec
from service.store.reports import ReportStore
from service.store.schema import JOBS
from service.store.space import Space

pytestmark = pytest.mark.anyio

OLD = "1.1.0"
THOSE = f"made by engine {OLD}, and this service reads those of engine {ENGINE_VERSION};"
DERIVED = ["layers.csv", "gradients.npz", "report.html", "chart.json", "chart.svg", "chart.png"]
LINES = [b'{"kind":"sweep","index":%d,"error":null,"reach":-1.5}' % index for index in range(4)]
"""Results of a shape that no model of this version reads."""


def _outdate(bench: Bench, job: str) -> None:
    """Make that job one of the other version."""
    with bench.database.writing() as connection:
        connection.execute(update(JOBS).where(JOBS.c.id == job).values(engine_version=OLD))


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with bench_over(f"sqlite:///{tmp_path}/jobs.sqlite3") as made:
        reports = ReportStore(made.database, timedelta(days=1), Space(1 << 30))
        reports.put(digest_of(1), report_of(1))
        yield made


@pytest.mark.parametrize("name", [*DERIVED, f"chart.json?chart=comparison&with={digest_of(1)}"])
async def test_nothing_is_made_of_a_report_of_another_engine(bench: Bench, name: str) -> None:
    answer = await bench.client.get(f"/v1/simulations/{digest_of(1)}/{name}")
    problem = assert_problem(answer, 410, "report-outdated")
    assert problem["detail"] == f"This report was {THOSE} POST its specification to /v1/simulations again."


async def test_a_report_of_another_engine_is_handed_out_as_it_is(bench: Bench) -> None:
    answer = await bench.client.get(f"/v1/simulations/{digest_of(1)}")
    assert (answer.status_code, answer.content) == (200, report_of(1))


async def test_a_report_of_this_engine_is_compared_with_none_of_another(bench: Bench) -> None:
    current = plan(SimulationSpec.model_validate(spec()))
    ReportStore(bench.database, timedelta(days=1), Space(1 << 30)).put(current.digest, report_json(current))
    here = f"/v1/simulations/{current.digest}"
    assert (await bench.client.get(f"{here}/layers.csv")).status_code == 200
    answer = await bench.client.get(f"{here}/chart.json?chart=comparison&with={digest_of(1)}")
    assert_problem(answer, 410, "report-outdated")


@pytest.mark.parametrize("below", ["results.csv", "results.zip", "chart.json", "chart.svg", "chart.png"])
@pytest.mark.parametrize("done", [2, 4])
async def test_nothing_is_made_of_results_of_another_engine_which_stay_as_they_are(
    bench: Bench, below: str, done: int
) -> None:
    job = await bench.made()
    here = job["links"]["self"]
    JobRecords(bench.database).start(job["id"], None)
    JobResults(bench.database).keep(job["id"], 0, LINES[:done], 0)
    _outdate(bench, job["id"])
    problem = assert_problem(await bench.client.get(f"{here}/{below}"), 410, "results-outdated")
    assert problem["detail"] == (
        f"The results of this job were {THOSE} they are at /results as they were, and for others POST it again."
    )
    page = await bench.client.get(f"{here}/results")
    assert page.content.startswith(b'{"items":[%s],' % b",".join(LINES[:done]))
    assert (await bench.client.get(f"{here}/results/1")).content == LINES[1]
    assert (await bench.client.get(f"{here}/results/1?format=gradescope")).content == LINES[1], "as ever of a sweep"


async def test_no_file_is_made_of_gradings_of_another_engine(bench: Bench) -> None:
    job = await bench.class_made()
    here = job["links"]["self"]
    (line, *_) = bench.work(job, range(3))
    assert (await bench.client.get(f"{here}/results.zip")).status_code == 200
    _outdate(bench, job["id"])
    for below in ("results.csv", "results.zip", "results.zip?format=gradescope", "results/0?format=gradescope"):
        assert_problem(await bench.client.get(f"{here}/{below}"), 410, "results-outdated")
    assert (await bench.client.get(f"{here}/results/0")).content == line
