"""Requests for jobs, read and weighed: what worker processes do of it, or threads where there are none."""

from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Any, TypeVar

from service.core.payload import Payload
from service.core.settings import Settings
from service.jobs.work import WORKS
from service.jobs.work.base import Accepted, Parent
from service.processes.flights import Flights, Threads
from service.processes.pool import ProcessPool

_T = TypeVar("_T")


class Desk:
    """Where requests are read: in the processes of a pool, or in a thread without one."""

    def __init__(self, pool: ProcessPool | None) -> None:
        self._flights = None if pool is None else Flights(pool)
        self._threads = Threads()

    async def opened(self, payload: Payload[Any], task: Callable[[int], _T]) -> _T:
        """What `task` makes of `payload`; what it raises, or the pool's `run`."""
        if self._flights is None:
            return await self._threads.run(task, 1)
        return await self._flights.opened(payload, task)


def accepted_job(kind: str, payload: Payload[Any], parent: Parent, settings: Settings, _processes: int = 1) -> Accepted:
    """A job of that kind by what was sent to `parent`: all that costs time, and is lost where there is no room for it.

    What `read` raises, or the kind.
    """
    work = WORKS[kind]
    return work.accept(work.resolve(payload.read(), parent), settings)


def asked_digest(payload: Payload[Any], parent: str, _processes: int = 1) -> str:
    """A digest of what was sent, the same for every version of the service that reads it, and for every spelling."""
    return sha256(f"{parent}\n{payload.read().model_dump_json()}".encode()).hexdigest()


def drawn_items(kind: str, request: bytes, _processes: int = 1) -> Sequence[int]:
    """The numbers of the items that the chart of a job is drawn of, rising; none where its kind has no chart."""
    chart = WORKS[kind].chart
    return [] if chart is None else chart.items(request)
