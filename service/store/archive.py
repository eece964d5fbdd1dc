"""Every report that is available: from memory, from the store, or simulated now."""

import logging
import re
from collections import OrderedDict
from collections.abc import Callable, Hashable
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from typing import Any, TypeVar

from anyio import sleep

from service.core.cache import Cache
from service.core.context import request_context
from service.core.errors import ReportNotFound, StoreUnavailable
from service.core.payload import Payload, Weighed
from service.grading.tasks import GradingTask, graded
from service.processes.flights import Flights, Threads, Together
from service.processes.pool import ProcessPool
from service.simulation.estimate import Limits, estimate
from service.simulation.plan import Plan
from service.simulation.simulate import report_json
from service.simulation.spec import SimulationSpec
from service.simulation.tasks import Prepared, estimate_json, planned_at_once, prepared, report_of
from service.store.listing import Cursor, ReportPage
from service.store.reports import Made
from service.store.stores import Store
from service.studies.comparison import ComparisonSpec
from service.studies.tasks import Founded, comparison, prescriptions
from service.theory.facts import ProfileSpec
from service.theory.profile import profile_of

_T = TypeVar("_T")

_TIDY_SECONDS = 600.0
_log = logging.getLogger("service.store")
_DIGEST = re.compile("[0-9a-f]{64}")
_MOST_TEXTS = 10_000
_PROFILE_SECONDS = 0.2
_BEYOND = "POST /v1/sweeps takes more, as a sweep of a single point."


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
    joined: bool = False  # another request had begun it


class Archive:
    """Asks the memory, which takes no time, then the store, in a thread, then the worker processes.

    What costs more than `limits` is not simulated; what several ask for at one time is done once.
    """

    def __init__(self, pool: ProcessPool, store: Store, limits: Limits, cache_bytes: int) -> None:
        self._pool = pool
        self._flights = Flights(pool)
        self._store = store
        self._limits = limits
        self._memory = Cache(cache_bytes)
        self._digests: OrderedDict[str, str] = OrderedDict()  # of specifications, by the names of their texts
        self._used: set[str] = set()  # whose use the store has not heard of
        self._owed: dict[str, bool] = {}  # what the store could not take, and whether it is to be pinned
        self._threads = Threads()
        self._put = Together(self._threads, store.put_made)

    @property
    def kept_bytes(self) -> int:
        """The size of the reports in memory."""
        return self._memory.size

    @property
    def store_failures(self) -> int:
        """How many times the store has failed or could not be asked."""
        return self._store.failures

    async def estimate(self, payload: Payload[SimulationSpec]) -> bytes:
        """What a simulation would cost beside the limits, as JSON; a SpecError where it does not fit together."""
        made = planned_at_once(payload)
        if made is not None:
            return estimate(made, self._limits).model_dump_json().encode()
        work = partial(self._flights.opened, payload, partial(estimate_json, payload, self._limits))
        found, _ = await self._flights.join(("estimate", payload.name), work)
        return found

    def remembered(self, payload: Payload[SimulationSpec]) -> Answer | None:
        """The report on what was sent, if the same bytes were sent before and it is in memory; nothing is read."""
        return self._remembered(self._digests.get(payload.name))

    async def answer(self, payload: Payload[SimulationSpec]) -> Answer:
        """The report on what was sent, from wherever it is; SpecError, BudgetExceeded, or what the pool's `run` raises.

        A text that was sent before is not read again while its report is in memory; a small one is read and planned
        here, any other by a worker process. A store that fails costs a simulation, and no answer.
        """
        remembered = self.remembered(payload)
        if remembered is not None:
            return remembered
        made = planned_at_once(payload)
        digest = made.digest if made is not None else self._digests.get(payload.name)
        known: Prepared | None = None
        if digest is None:
            known = await self._prepared(payload)
            digest = known.digest
        self._note_digest(payload.name, digest)
        remembered = self._remembered(digest)
        if remembered is not None:
            return remembered
        work = partial(self._found, digest, payload, made or known)
        answer, joined = await self._flights.join(digest, work)
        request_context().digest = digest
        request_context().cache = "joined" if joined else answer.source.value
        return replace(answer, joined=joined)

    async def report(self, digest: str) -> bytes:
        """The report with that digest as JSON; ReportNotFound where it is not kept, or StoreUnavailable."""
        remembered = self._remembered(digest)
        if remembered is not None:
            return remembered.report
        kept = await self._stored(digest) if _DIGEST.fullmatch(digest) else None
        if kept is None:
            raise ReportNotFound
        request_context().digest, request_context().cache = digest, Provenance.STORE.value
        return kept

    async def grade(self, payload: Payload[Any], wanted: str, work: GradingTask = graded) -> bytes:
        """The grading of what was sent in the format `wanted`; FlawedRubric, and what `answer` raises.

        Its evidence is kept for good, where the store can.
        """
        return await self._founded((work, wanted), payload, partial(work, payload, self._limits, wanted), pin=True)

    async def compare(self, payload: Payload[ComparisonSpec]) -> bytes:
        """The comparison of networks as JSON; its reports are kept. SpecError, BudgetExceeded, or what `run` raises."""
        return await self._founded("comparison", payload, partial(comparison, payload, self._limits), pin=False)

    async def prescribe(self, payload: Payload[SimulationSpec]) -> bytes:
        """The changes that mend what was sent, as JSON; SpecError, BudgetExceeded, or what `run` raises."""
        work = partial(self._flights.run, payload, partial(prescriptions, payload, self._limits))
        found, _ = await self._flights.join(("prescriptions", payload.name), work)
        return found

    async def profile(self, payload: Payload[ProfileSpec]) -> bytes:
        """All that is known of the activation that was sent, as JSON; what `run` raises."""
        work = partial(self._pool.run, partial(profile_of, payload), cost_seconds=_PROFILE_SECONDS)
        found, _ = await self._flights.join(("profile", payload.name), work)
        return found

    async def opened(self, payload: Payload[Any], task: Callable[[int], _T]) -> _T:
        """What a worker process makes of what was sent, by a `task` that takes little more than to read it."""
        return await self._flights.opened(payload, task)

    async def page(
        self, limit: int, after: Cursor | None = None, label: str | None = None, owner: str | None = None
    ) -> ReportPage:
        """At most `limit` of the reports in the store, of that owner where one is given, the newest first.

        StoreUnavailable.
        """
        return await self._threads.run(self._store.page, limit, after, label, owner)

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
        await self._put.settled()
        with suppress(StoreUnavailable):
            await self.catch_up()
        await self._threads.run(self._store.close)

    async def _stored(self, digest: str) -> bytes | None:
        stored = await self._threads.run(self._store.get, digest)
        if stored is not None:
            self._memory.put(digest, stored)
        return stored

    async def _prepared(self, payload: Payload[SimulationSpec]) -> Prepared:
        limits = replace(self._limits, beyond=_BEYOND)
        work = partial(self._flights.opened, payload, partial(prepared, payload, limits))
        found, _ = await self._flights.join(("prepared", payload.name), work)
        return found

    async def _found(self, digest: str, payload: Payload[SimulationSpec], known: Plan | Prepared | None) -> Answer:
        """The report with that digest from the store, or simulated now, by what is `known` of it already."""
        try:
            stored = await self._stored(digest)
        except StoreUnavailable:
            stored = None
        if stored is not None:
            return Answer(digest, stored, Provenance.STORE, kept=True)
        task = partial(report_json, known) if isinstance(known, Plan) else partial(report_of, payload)
        if isinstance(known, Plan):
            known = Prepared.of(known, replace(self._limits, beyond=_BEYOND))
        known = known or await self._prepared(payload)
        if known.refusal is not None:
            raise known.refusal
        return await self._simulated(digest, task, known.seconds)

    async def _simulated(self, digest: str, task: Callable[[int], bytes], seconds: float) -> Answer:
        report = await self._pool.run(task, cost_seconds=seconds)
        remembered = self._memory.put(digest, report)
        try:
            stored = await self._put.ask(Made(digest, report, request_context().caller.owner))
        except StoreUnavailable:
            self._owed[digest] = False
            return Answer(digest, report, Provenance.SIMULATION, kept=remembered, store_failed=True)
        return Answer(digest, report, Provenance.SIMULATION, kept=remembered or stored)

    async def _founded(
        self, what: Hashable, payload: Payload[Any], task: Callable[[float, int], Founded | Weighed], *, pin: bool
    ) -> bytes:
        """What `task` finds, done once for all who ask `what` of it; the reports that it is founded on are kept."""

        async def work() -> bytes:
            found = await self._flights.run(payload, task)
            for digest, report in found.reports.items():
                self._memory.put(digest, report)
            try:
                await self._threads.run(self._store_all, found.reports, pin)
            except StoreUnavailable:
                self._owed |= dict.fromkeys(found.reports, pin)
            return found.text

        text, _ = await self._flights.join((what, payload.name), work)
        return text

    def _remembered(self, digest: str | None) -> Answer | None:
        """The report with that digest, if it is in memory; its use is noted."""
        kept = None if digest is None else self._memory.get(digest)
        if digest is None or kept is None:
            return None
        self._used.add(digest)
        context = request_context()
        context.digest, context.cache = digest, Provenance.MEMORY.value
        return Answer(digest, kept, Provenance.MEMORY, kept=True)

    def _note_digest(self, name: str, digest: str) -> None:
        """Remember what a text is the specification of; the oldest are forgotten."""
        self._digests[name] = digest
        if len(self._digests) > _MOST_TEXTS:
            self._digests.popitem(last=False)

    def _store_all(self, reports: dict[str, bytes], pin: bool = False) -> None:
        for digest, report in reports.items():
            self._store.put(digest, report, pin=pin)
