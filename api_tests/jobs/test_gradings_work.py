"""A job of gradings: what the rubric simulates is simulated once, and the sheets come out as they do alone."""

import json
from hashlib import sha256
from typing import Any

import pytest

from api_tests.jobs.classes import SHEETS, Here, Kept, a_class, lines_of
from service.core.errors import WorkerFailed
from service.core.settings import Settings
from service.core.version import ENGINE_VERSION
from service.grading.rubrics import plans_of
from service.jobs.work.base import JobContext
from service.jobs.work.gradings import GradingsWork
from service.simulation.estimate import Limits
from service.simulation.results import SimulationReport
from service.studies.points import error_of

pytestmark = pytest.mark.anyio
WORK = GradingsWork()
REQUEST = a_class()


@pytest.fixture
def context() -> Any:
    return JobContext(Here(), Kept(), Limits(1e12, 1 << 40), 60.0)  # type: ignore[arg-type]


async def test_a_class_is_accepted_by_the_digest_of_its_sheets_its_rubric_and_the_engine() -> None:
    first, again = [WORK.accept(a_class(), Settings()) for _ in range(2)]
    assert first.digest == again.digest == sha256(f"{ENGINE_VERSION}\n".encode() + REQUEST.encoded()).hexdigest()
    assert first.digest != WORK.accept(a_class({**SHEETS, "one": {}}), Settings()).digest
    assert (first.kind, first.total, first.request) == ("gradings", len(SHEETS), REQUEST.encoded())
    assert first.id != again.id


async def test_every_network_is_simulated_once_and_kept_for_good(context: Any) -> None:
    prepared = await WORK.prepare(REQUEST.encoded(), context)
    digests = {made.digest for made in plans_of(REQUEST.rubric)}
    assert context.pool.tasks == ["report_json"] * 2
    assert set(context.cache.reports) == digests == set(json.loads(prepared or b""))
    for digest, report in context.cache.reports.items():
        assert SimulationReport.model_validate_json(report).digest == digest
    assert await WORK.prepare(REQUEST.encoded(), context) == prepared
    assert context.pool.tasks == ["report_json"] * 2, "what is kept is not simulated again"


async def test_chunks_are_graded_as_all_would_be_together_and_nothing_is_simulated(context: Any) -> None:
    encoded = REQUEST.encoded()
    loaded = WORK.load(encoded, await WORK.prepare(encoded, context))
    context.pool.tasks.clear()
    found = [await WORK.lines(loaded, items, context) for items in (range(2), range(2, 3), range(3, 5))]
    assert [line for part in found for line in part.lines] == lines_of(REQUEST).lines
    assert context.pool.tasks == ["gradings_of"] * 3
    assert [part.defects for part in found] == [[]] * 3
    gradings = [json.loads(line)["grading"] for part in found for line in part.lines]
    assert [one["score"] for one in gradings] == [5.0, 0.0, 1.0, 0.0, 0.0]
    assert gradings[0]["checks"][1]["evidence"] == gradings[0]["checks"][2]["evidence"] != []


async def test_a_sheet_without_a_grading_has_its_id(context: Any) -> None:
    loaded = WORK.load(REQUEST.encoded(), None)
    line = json.loads(WORK.failed(loaded, 3, error_of(WorkerFailed("It died."))))
    error = {"code": "worker-failed", "detail": "It died.", "pointer": None}
    assert line == {"kind": "grading", "index": 3, "id": "..", "grading": None, "error": error}


async def test_the_columns_of_the_table_follow_from_the_rubric() -> None:
    header, row = WORK.table(REQUEST.encoded())
    assert header[:6] == ["index", "id", "score", "max_score", "fraction", "status"]
    for line in lines_of(REQUEST).lines:
        assert len(row(line)) == len(header)
