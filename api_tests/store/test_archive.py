"""A report comes from memory, from the store, or from a simulation, and from the first of these that has it."""

from pathlib import Path
from typing import Any

import pytest

from api_tests.http.asking import spec as body
from api_tests.store.keeping import Clock, Keeping, digest_of, report_of
from service.core.errors import ReportNotFound, StoreUnavailable
from service.core.payload import Payload
from service.core.settings import Settings
from service.grading.spec import GradingSpec
from service.processes.pool import PoolLimits, ProcessPool
from service.simulation.estimate import Limits
from service.simulation.simulate import report_json
from service.simulation.spec import SimulationSpec
from service.store.archive import Archive, Provenance
from service.store.failures import CircuitBreaker
from service.store.stores import NullStore, Store
from service.studies.tasks import Founded

pytestmark = pytest.mark.anyio

SPEC = Payload.of(SimulationSpec.model_validate(body(seed=1)))
OTHER = Payload.of(SimulationSpec.model_validate(body(seed=2)))
RUBRIC = {
    "id": "r",
    "title": "R",
    "claims": [{"id": "n", "kind": "number", "points": 1, "expected": 1, "significant_figures": 3}],
}
GRADING = Payload.of(GradingSpec.model_validate({"rubric": RUBRIC, "answers": {"n": "1"}}))
EVIDENCE = {digest_of(number): report_of(number) for number in (1, 2)}
ROOM = 1 << 20
LIMITS = Limits(1e12, 1 << 40)


class Simulator(ProcessPool):
    """A pool that counts what it is asked, and needs no process."""

    def __init__(self) -> None:
        super().__init__(PoolLimits.of(Settings(workers=1)))
        self.simulated = 0

    async def run(self, task: Any, seconds: Any = None, *, cost_seconds: Any = None) -> Any:
        """A report that no other is the same as, or a grading with two reports as evidence."""
        if task.func is not report_json:
            return Founded(b"graded", EVIDENCE)
        self.simulated += 1
        return report_of(self.simulated)


def archive_over(store: Store, room: int = ROOM, pool: ProcessPool | None = None) -> Archive:
    return Archive(pool or Simulator(), store, LIMITS, room)


@pytest.fixture
def broken(tmp_path: Path) -> Keeping:
    """A store whose folder cannot be made."""
    (tmp_path / "file").touch()
    return Keeping(f"sqlite:///{tmp_path}/file/reports.sqlite3", Clock())


async def test_the_same_question_is_simulated_once(keeping: Keeping) -> None:
    pool = Simulator()
    archive = archive_over(keeping, pool=pool)
    answers = [await archive.answer(SPEC) for _ in range(3)]
    assert [answer.source for answer in answers] == [Provenance.SIMULATION, Provenance.MEMORY, Provenance.MEMORY]
    assert {answer.report for answer in answers} == {report_of(1)}
    assert all(answer.kept and not answer.store_failed for answer in answers)
    assert pool.simulated == 1


async def test_what_another_archive_has_stored_is_not_simulated_again(keeping: Keeping) -> None:
    pool = Simulator()
    made = await archive_over(keeping, pool=pool).answer(SPEC)
    later = archive_over(keeping, pool=pool)
    found = [await later.answer(SPEC) for _ in range(2)]
    assert [answer.source for answer in found] == [Provenance.STORE, Provenance.MEMORY]
    assert {answer.report for answer in found} == {made.report}
    assert await later.report(made.digest) == made.report
    assert pool.simulated == 1


async def test_a_report_has_its_digest_where_memory_has_no_room(keeping: Keeping) -> None:
    archive = archive_over(keeping, 0)
    made = await archive.answer(SPEC)
    assert made.kept
    assert await archive.report(made.digest) == made.report
    assert archive.kept_bytes == 0


async def test_what_is_in_memory_is_answered_without_a_thread_or_a_disk(keeping: Keeping) -> None:
    archive = archive_over(keeping)
    made = await archive.answer(SPEC)
    with pytest.raises(StopIteration) as at_once:
        archive.answer(SPEC).send(None)  # one that waits for a thread would give the loop something to wait for
    assert at_once.value.value.report == made.report


async def test_evidence_is_pinned(keeping: Keeping) -> None:
    archive = archive_over(keeping)
    await archive.answer(SPEC)
    assert await archive.grade(GRADING, "native") == b"graded"
    assert {item.digest for item in (await archive.page(10)).items if item.pinned} == set(EVIDENCE)
    keeping.clock.forward(days=1000)
    assert keeping.retain() == 1
    assert [keeping.get(digest) for digest in EVIDENCE] == list(EVIDENCE.values())


@pytest.mark.parametrize("digest", ["x", "", "0" * 63, "A" * 64, "\0" * 64, "\ud800", "0" * 64])
async def test_what_is_no_digest_is_not_found(keeping: Keeping, digest: str) -> None:
    with pytest.raises(ReportNotFound):
        await archive_over(keeping).report(digest)
    assert keeping.failures == 0


async def test_a_store_that_is_broken_keeps_nobody_from_an_answer(broken: Keeping) -> None:
    archive = archive_over(broken)
    made, again = [await archive.answer(SPEC) for _ in range(2)]
    assert (made.source, made.kept, made.store_failed) == (Provenance.SIMULATION, True, True)
    assert again.source is Provenance.MEMORY
    assert await archive.report(made.digest) == made.report
    assert await archive.grade(GRADING, "native") == b"graded"
    assert [await archive.report(digest) for digest in EVIDENCE] == list(EVIDENCE.values())
    assert archive.store_failures > 0


async def test_what_only_a_broken_store_may_have_is_not_said_to_be_missing(broken: Keeping) -> None:
    archive = archive_over(broken, 0)
    made = await archive.answer(SPEC)
    assert (made.kept, made.store_failed) == (False, True)
    for asked in (archive.report(made.digest), archive.page(5)):
        with pytest.raises(StoreUnavailable):
            await asked


async def test_a_store_that_comes_back_is_used(broken: Keeping, tmp_path: Path) -> None:
    archive = archive_over(broken, 0)
    await archive.answer(SPEC)
    (tmp_path / "file").unlink()
    broken.stopwatch.seconds += 60
    assert not (await archive.answer(OTHER)).store_failed
    assert (await archive.answer(OTHER)).source is Provenance.STORE
    await archive.close()


async def test_without_a_store_only_memory_keeps_reports() -> None:
    for room, kept in ((ROOM, True), (0, False)):
        archive = archive_over(NullStore(), room)
        made = await archive.answer(SPEC)
        assert (made.kept, made.store_failed) == (kept, False)
        assert (await archive.page(5)).items == []


async def test_a_report_that_is_asked_for_from_memory_is_in_use(keeping: Keeping) -> None:
    archive = archive_over(keeping)
    first, _ = await archive.answer(SPEC), await archive.answer(OTHER)
    keeping.clock.forward(days=80)
    for _ in range(2):
        assert (await archive.answer(SPEC)).source is Provenance.MEMORY
    await archive.catch_up()
    keeping.clock.forward(days=20)
    assert keeping.retain() == 1
    assert [item.digest for item in keeping.page(2).items] == [first.digest]


async def test_what_was_made_while_the_store_had_failed_is_stored_when_it_is_back(
    broken: Keeping, tmp_path: Path
) -> None:
    archive = archive_over(broken)
    made = await archive.answer(SPEC)
    await archive.grade(GRADING, "native")
    assert made.store_failed
    (tmp_path / "file").unlink()
    broken.stopwatch.seconds += CircuitBreaker.RETRY_SECONDS
    await archive.catch_up()
    stored = {item.digest: item.pinned for item in broken.page(10).items}
    assert stored == {made.digest: False, **dict.fromkeys(EVIDENCE, True)}
    await archive.close()


async def test_a_store_that_is_still_broken_is_owed_what_it_was_owed(broken: Keeping, tmp_path: Path) -> None:
    archive = archive_over(broken)
    made = await archive.answer(SPEC)
    with pytest.raises(StoreUnavailable):
        await archive.catch_up()
    (tmp_path / "file").unlink()
    broken.stopwatch.seconds += CircuitBreaker.RETRY_SECONDS
    await archive.catch_up()
    assert broken.get(made.digest) == made.report
    await archive.close()
