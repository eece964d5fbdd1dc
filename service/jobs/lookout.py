"""One look at all jobs that are watched, for all that watch them: it costs the same for one watcher and for many."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import suppress
from contextvars import Context

from anyio import Event, create_task_group, sleep

from service.core.errors import JobNotFound, StoreUnavailable
from service.jobs.job import OPEN, Job
from service.processes.flights import Threads

_LOOK_SECONDS = 0.25

_Look = Callable[[Mapping[str, int]], Mapping[str, Job | None]]
"""Those of the jobs that have come further than to these events, by their ids; None for what is not kept."""


_UNSEEN = object()


class Lookout:
    """Looks at all watched jobs again and again while there are any; for one event loop."""

    def __init__(self, look: _Look) -> None:
        self._look = look
        self._threads = Threads()
        self._watchers: Counter[str] = Counter()
        self._seen: dict[str, Job | None] = {}
        self._news: dict[str, Event] = {}
        self._looking: asyncio.Task[None] | None = None

    @property
    def watchers(self) -> int:
        """How many watch a job."""
        return self._watchers.total()

    async def watch(self, job: str, after: int, stopping: Event) -> AsyncGenerator[Job]:
        """The job whenever it has come further than to the event `after`, until it has ended, or `stopping` is set.

        It pauses while the database fails; JobNotFound where the job is not kept.
        """
        self._begin(job)
        try:
            async for found in self._steps(job, after, stopping):
                yield found
        finally:
            self._end(job)

    async def _steps(self, job: str, after: int, stopping: Event) -> AsyncGenerator[Job]:
        """What `watch` yields, of a job that is watched already."""
        while not stopping.is_set():
            news = self._news[job]
            found = self._seen.get(job, _UNSEEN)
            if found is None:
                raise JobNotFound
            if isinstance(found, Job) and found.event > after:
                after = found.event
                yield found
            if isinstance(found, Job) and found.status not in OPEN:
                return
            if self._news[job] is news:
                await _either(news, stopping)

    def _begin(self, job: str) -> None:
        self._watchers[job] += 1
        self._news.setdefault(job, Event())
        if self._looking is None or self._looking.done():
            self._looking = asyncio.get_running_loop().create_task(self._run(), context=Context())  # nobody's request

    def _end(self, job: str) -> None:
        self._watchers[job] -= 1
        if not self._watchers[job]:
            del self._watchers[job], self._news[job]
            self._seen.pop(job, None)

    async def _run(self) -> None:
        while self._watchers:
            before = {job: -1 if (seen := self._seen.get(job)) is None else seen.event for job in self._watchers}
            with suppress(StoreUnavailable):
                self._tell(await self._threads.run(self._look, before))
            await sleep(_LOOK_SECONDS)

    def _tell(self, found: Mapping[str, Job | None]) -> None:
        for job in found.keys() & self._watchers.keys():
            self._seen[job] = found[job]
            self._news[job].set()
            self._news[job] = Event()


async def _either(one: Event, other: Event) -> None:
    """Wait until one of both is set."""
    async with create_task_group() as waiting:

        async def wait_for(event: Event) -> None:
            await event.wait()
            waiting.cancel_scope.cancel()

        waiting.start_soon(wait_for, one)
        waiting.start_soon(wait_for, other)
