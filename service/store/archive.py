"""Every report that is available: from memory, from the store, or simulated now."""

import logging
import re
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial

from anyio import sleep

from service.core.errors import ReportNotFound, StoreUnavailable
from service.grading.rubrics import checked_plans
from service.grading.spec import GradingSpec
from service.grading.tasks import grading_with_evidence
from service.processes.pool import ProcessPool, Threads
from service.simulation.estimate import Limits, check_budget, estimate
from service.simulation.plan import Plan, plan
from service.simulation.results import Estimate
from service.simulation.simulate import report_json
from service.simulation.spec import SimulationSpec
from service.store.listing import Cursor, ReportPage
from service.store.stores import Store
from service.studies.comparison import Comparison, ComparisonSpec, compared, plans_of
from service.studies.prescriptions.results import Prescriptions
from service.studies.prescriptions.search import prescribe

_TIDY_SECONDS = 600.0
_log = logging.getLogger("service.store")
_DIGEST = re.compile("[0-9a-f]{64}")
_BEYOND = "POST /v1/sweeps takes more, as a sweep of a single point."


class Cache:
    """The reports used last by their digests, up to `limit_bytes` of them; for one thread."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit = limit_bytes
        self._size = 0
        self._reports: OrderedDict[str, bytes] = OrderedDict()

    @property
    def size(self) -> int:
        """The size of all that is kept, in bytes."""
        return self._size

    def get(self, digest: str) -> bytes | None:
        """The report with that digest, if it is here."""
        report = self._reports.get(digest)
        if report is not None:
            self._reports.move_to_end(digest)
        return report

    def put(self, digest: str, report: bytes) -> bool:
        """Keep `report`, and drop the least recently used ones where there is no room for all; whether it is kept."""
        if len(report) > self._limit:
            return False
        self._size += len(report) - len(self._reports.pop(digest, b""))
        self._reports[digest] = report
        while self._size > self._limit:
            _, oldest = self._reports.popitem(last=False)
            self._size -= len(oldest)
        return True


class Provenance(StrEnum):
    """Where a report came from."""

    MEMORY = "memory"
    STORE = "store"
    SIMULATION = "simulation"


@dataclass(frozen=True)
class Answer:
    """A report as JSON, its origin, whether it is kept for later requests, and whether the store could be asked."""

    digest: str
    report: bytes
    source: Provenance
    kept: bool
    store_failed: bool = False


class Archive:
    """Asks the memory, which takes no time, then the store, in a thread, then the worker processes.

    What costs more than `limits` is not simulated.
    """

    def __init__(self, pool: ProcessPool, store: Store, limits: Limits, cache_bytes: int) -> None:
        self._pool = pool
        self._store = store
        self._limits = limits
        self._memory = Cache(cache_bytes)
        self._used: set[str] = set()  # whose use the store has not heard of
        self._owed: dict[str, bool] = {}  # what the store could not take, and whether it is to be pinned
        self._threads = Threads()

    @property
    def kept_bytes(self) -> int:
        """The size of the reports in memory."""
        return self._memory.size

    @property
    def store_failures(self) -> int:
        """How many times the store has failed or could not be asked."""
        return self._store.failures

    def estimate(self, spec: SimulationSpec) -> Estimate:
        """What `spec` would cost beside the limits; a SpecError where it does not fit together."""
        return estimate(plan(spec), self._limits)

    async def answer(self, spec: SimulationSpec) -> Answer:
        """The report on `spec`, from wherever it is; SpecError, BudgetExceeded, or what the pool's `run` raises.

        It is planned once, here. A store that fails costs a simulation, and no answer.
        """
        made = plan(spec)
        digest = made.digest
        kept = self._memory.get(digest)
        if kept is not None:
            self._used.add(digest)
            return Answer(digest, kept, Provenance.MEMORY, kept=True)
        try:
            stored = await self._stored(digest)
        except StoreUnavailable:
            stored = None
        if stored is not None:
            return Answer(digest, stored, Provenance.STORE, kept=True)
        return await self._simulated(made)

    async def report(self, digest: str) -> bytes:
        """The report with that digest as JSON; ReportNotFound where it is not kept, or StoreUnavailable."""
        kept = self._memory.get(digest)
        if kept is not None:
            self._used.add(digest)
        elif _DIGEST.fullmatch(digest):
            kept = await self._stored(digest)
        if kept is None:
            raise ReportNotFound
        return kept

    async def grade(self, spec: GradingSpec, wanted: str) -> str:
        """The grading of `spec` in the format `wanted`; FlawedRubric, and what `answer` raises.

        Its evidence is kept for good, where the store can.
        """
        plans = checked_plans(spec.rubric, self._limits)
        graded = await self._pool.run(partial(grading_with_evidence, spec, plans, wanted))
        for digest, report in graded.reports.items():
            self._memory.put(digest, report)
        try:
            await self._threads.run(self._store_all, graded.reports, True)
        except StoreUnavailable:
            self._owed |= dict.fromkeys(graded.reports, True)
        return graded.text

    async def compare(self, spec: ComparisonSpec) -> Comparison:
        """The comparison of networks, whose reports are kept; a SpecError, BudgetExceeded, or what `run` raises."""
        names, plans = [one.name for one in spec.networks], plans_of(spec, self._limits)
        found = await self._pool.run(partial(compared, names, plans))
        for digest, report in found.reports.items():
            self._memory.put(digest, report)
        try:
            await self._threads.run(self._store_all, found.reports)
        except StoreUnavailable:
            self._owed |= dict.fromkeys(found.reports, False)
        return found.comparison

    async def prescribe(self, spec: SimulationSpec) -> Prescriptions:
        """The changes that mend `spec`; SpecError, BudgetExceeded, or what `run` raises."""
        return await self._pool.run(partial(prescribe, spec, self._limits))

    async def page(self, limit: int, after: Cursor | None = None, label: str | None = None) -> ReportPage:
        """At most `limit` of the reports in the store, the newest first; StoreUnavailable."""
        return await self._threads.run(self._store.page, limit, after, label)

    async def tidy(self) -> None:
        """Open the store, make up leeway, and drop what need not be kept, again and again, until cancelled."""
        while True:
            with suppress(StoreUnavailable):  # the log has it
                await self.catch_up()
                dropped = await self._threads.run(self._store.retain)
                _log.log(logging.INFO if dropped else logging.DEBUG, "%d reports and points are dropped", dropped)
            await sleep(_TIDY_SECONDS)

    async def catch_up(self) -> None:
        """Store what could not be stored when it was made, as far as memory has it; note what has been used since."""
        remembered = {digest: self._memory.get(digest) for digest in self._owed}
        for digest, report in remembered.items():  # first: however long an outage is, what is owed fits into memory
            if report is None:
                del self._owed[digest]
        for digest, report in remembered.items():
            if report is not None:
                await self._threads.run(self._store.put, digest, report, self._owed[digest])
                del self._owed[digest]
        used, self._used = self._used, set()
        await self._threads.run(self._store.touch, used)

    async def close(self) -> None:
        """Close the connections of the store."""
        with suppress(StoreUnavailable):
            await self.catch_up()
        await self._threads.run(self._store.close)

    async def _stored(self, digest: str) -> bytes | None:
        stored = await self._threads.run(self._store.get, digest)
        if stored is not None:
            self._memory.put(digest, stored)
        return stored

    async def _simulated(self, made: Plan) -> Answer:
        check_budget(made, replace(self._limits, beyond=_BEYOND))
        digest, report = made.digest, await self._pool.run(partial(report_json, made))
        remembered = self._memory.put(digest, report)
        try:
            stored = await self._threads.run(self._store.put, digest, report)
        except StoreUnavailable:
            self._owed[digest] = False
            return Answer(digest, report, Provenance.SIMULATION, kept=remembered, store_failed=True)
        return Answer(digest, report, Provenance.SIMULATION, kept=remembered or stored)

    def _store_all(self, reports: dict[str, bytes], pin: bool = False) -> None:
        for digest, report in reports.items():
            self._store.put(digest, report, pin=pin)
