"""A pool of worker processes, with a fair queue, a deadline and a memory limit.

Every pool owns its processes, for their limits differ. They are started by the thread of the event loop, since Linux
ends them with the thread that has started them; their answers are awaited without a thread, by tasks of the pool: a
caller may leave, and whether its work is finished is for the pool to say.
"""

import asyncio
import logging
import pickle
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from math import ceil, inf
from time import monotonic
from typing import Any, TypeVar

import anyio

from service.core.context import request_context
from service.core.errors import DeadlineExceeded, NotReady, QueueFull, Refusal, WorkerFailed, WorkerNotStarted
from service.core.logs import fields
from service.core.settings import Settings
from service.processes.process import Launched, Process, ProcessEnded, ProcessHangs, launch
from service.processes.queue import Call, FairQueue, Ticket, kind_of
from service.processes.workers import Counts, Workers

_T = TypeVar("_T")

_NEWEST_SHARE = 0.2
_UNKNOWN_SECONDS = 0.1
_GRACE_SECONDS, _SHORT_GRACE_SECONDS = 1.0, 10.0  # that work may go on whose caller has left; short work longer
_PENALTY_SECONDS = 1.0
"""What a share is charged for a process that had to be killed for it."""
_ATTEMPTS = 3
_NOT_STARTED = "No worker process could be started."
_log = logging.getLogger("service.processes")


@dataclass(frozen=True)
class PoolLimits:
    """How many processes a pool has, and what a task of `run` may take."""

    processes: int
    deadline_seconds: float
    queue: int  # so many tasks may wait for a process
    memory_bytes: int | None = None  # address space of each process
    spare: int = 0  # so many more are kept loaded, for those that have to be killed

    @classmethod
    def of(cls, settings: Settings, processes: int | None = None, spare: int = 0) -> "PoolLimits":
        """The limits of simulations; `processes` stands for the number of workers where it is given."""
        count, deadline = processes or settings.workers, settings.sync_deadline_seconds
        return cls(count, deadline, settings.queue_limit, settings.memory_bytes_per_worker, spare)


class ProcessPool:
    """A fixed number of processes; tasks and what they return are pickled.

    `preload` names what every process loads when it starts: modules (`package.module`), and functions without
    arguments, which it calls (`package.module:function`). A caller that is cancelled leaves at once; its work is
    finished where it is short or not `cancellable`, and else its process is killed a second later. `died` is the
    sentence about a process that has died at work. Those that are `launched` already, with the same limits and preload,
    are its first.
    """

    def __init__(
        self,
        limits: PoolLimits,
        preload: Sequence[str] = (),
        cancellable: bool = True,
        died: str = "The process that simulated died; nothing else was lost.",
        launched: Sequence[Launched] = (),
    ) -> None:
        self._limits = limits
        first = iter(launched)
        self._cancellable = cancellable
        self._died = died
        cannot_start = partial(self._refuse_waiting, WorkerNotStarted(_NOT_STARTED))
        self._workers = Workers(
            lambda: next(first, None) or launch(limits.memory_bytes, preload), self._advance, cannot_start
        )
        self._queue = FairQueue(limits.processes, limits.queue)
        self._calls: dict[Ticket, Call] = {}
        self._learnt: dict[str, float] = {}  # the seconds that tasks take whose cost nobody tells
        self._ready = False

    async def start(self) -> None:
        """Start all processes, which load what is to be loaded; WorkerNotStarted. Without it, tasks start them."""
        self._workers.want(self._limits.processes)
        await self._workers.settled()
        if len(self._workers) < self._limits.processes:
            raise WorkerNotStarted(_NOT_STARTED)
        self._ready = True
        self._workers.want(self._limits.processes + self._limits.spare)
        self._workers.watch()

    async def end(self) -> None:
        """End all processes; WorkerFailed for all tasks. The next task starts another."""
        self._refuse_waiting(WorkerFailed(self._died))
        await self._workers.end()

    @property
    def busy(self) -> int:
        """How many processes are at work."""
        return self._queue.running

    @property
    def waiting(self) -> int:
        """How many tasks wait for a process."""
        return self._queue.waiting

    @property
    def spare(self) -> int:
        """How many processes are loaded beyond those that work at a time."""
        return max(0, len(self._workers) - self._limits.processes)

    @property
    def counts(self) -> Counts:
        """What has happened to processes since the pool was made."""
        return self._workers.counts

    def check_ready(self) -> None:
        """Raise NotReady before `start` has finished, and while there is no process that answers."""
        if not self._ready:
            raise NotReady("The worker processes are not started yet.")
        if not len(self._workers):
            raise NotReady("No worker process answers; others are being started.")

    async def run(
        self, task: Callable[[int], _T], seconds: float | None = None, *, cost_seconds: float | None = None
    ) -> _T:
        """The result of `task` in its turn; it has `seconds`, or else the deadline of the pool.

        It is called with the number of processes whose processors it may use, its own among them. It is expected to
        take `cost_seconds`, or else what such tasks have taken before. QueueFull, DeadlineExceeded, WorkerFailed, or
        what the task raises.
        """
        caller, kind = request_context().caller, "" if cost_seconds is not None else kind_of(task)
        expected = self._learnt.get(kind, _UNKNOWN_SECONDS) if cost_seconds is None else cost_seconds
        ticket = Ticket(caller.share, expected, monotonic(), caller.quotas.simulations_at_once)
        grace = (_SHORT_GRACE_SECONDS if ticket.is_short else _GRACE_SECONDS) if self._cancellable else inf
        call = Call(ticket, pickle.dumps(task), seconds or self._limits.deadline_seconds, grace, kind, processes=1)
        return self._result(await self._answered(call, self._limits.deadline_seconds))

    async def work(self, task: Callable[[], _T], seconds: float) -> _T:
        """The result of `task`; it waits for a process as long as it takes, then has `seconds`.

        DeadlineExceeded, WorkerFailed, or what the task raises.
        """
        ticket = Ticket("", _UNKNOWN_SECONDS, monotonic(), bounded=False)
        grace = _GRACE_SECONDS if self._cancellable else inf
        return self._result(await self._answered(Call(ticket, pickle.dumps(task), seconds, grace), inf))

    async def _answered(self, call: Call, patience: float) -> bytes:
        """The answer to `call`, with the times it has waited and taken noted in the context of the request."""
        context, arrived = request_context(), monotonic()
        self._calls[call.ticket] = call
        self._queue.put(call.ticket)
        self._workers.want(min(self._limits.processes, self.busy + self.waiting))
        self._advance()
        try:
            await self._turn(call, patience)
        finally:
            context.waited(monotonic() - arrived)
        begun = monotonic()
        try:
            return await asyncio.shield(call.answer)
        except asyncio.CancelledError:
            call.leave()
            raise
        finally:
            context.computed(monotonic() - begun)

    async def _turn(self, call: Call, patience: float) -> None:
        """Wait until `call` is being worked on, for `patience` seconds at most."""
        try:
            with anyio.fail_after(patience):
                await asyncio.shield(call.granted)
        except asyncio.CancelledError:
            call.leave()
            self._withdraw(call)
            raise
        except TimeoutError:
            if self._withdraw(call):
                raise self._no_turn(call.ticket) from None

    def _withdraw(self, call: Call) -> bool:
        """Take `call` out of the queue, unless it is being worked on; whether it was there."""
        if call.granted.done():
            return False
        self._queue.drop(call.ticket)
        del self._calls[call.ticket]
        return True

    def _advance(self) -> None:
        """Give the processes that are idle to those whose turn it is, and turn away those for whom there is no room."""
        while self._workers.has_idle() and (ticket := self._queue.next(self._workers.loaded)):
            call = self._calls[ticket]
            if call.processes:
                call.processes = 1 + self._limits.processes - self.busy
            call.granted.set_result(None)
            self._workers.spawn(self._serve(call, self._workers.take()), call.context)
        while surplus := self._queue.surplus():
            call = self._calls[surplus]
            self._withdraw(call)
            call.refuse(self._no_turn(surplus))

    async def _serve(self, call: Call, process: Process) -> None:
        """Have `call` answered by `process`, or by others where that one does not take it."""
        before, answered = monotonic(), False
        with call.scope:
            call.begin()
            try:
                call.answer.set_result(await self._answer(call, process))
                answered = True
            except WorkerFailed as failure:
                call.refuse(failure)
        if call.scope.cancelled_caught:
            self._count_killed(call)
            call.refuse(DeadlineExceeded(call.seconds))
        known = self._learnt.get(call.kind, _UNKNOWN_SECONDS)
        self._learnt[call.kind] = known + _NEWEST_SHARE * (monotonic() - before - known)
        self._calls.pop(call.ticket)
        self._queue.done(call.ticket, 0.0 if answered else _PENALTY_SECONDS)
        self._advance()

    async def _answer(self, call: Call, process: Process) -> bytes:
        """The answer to `call`; WorkerFailed where a process has died of it, or several do not take it."""
        found = await self._attempt(call, process)
        for _ in range(_ATTEMPTS - 1):
            if found is None:
                found = await self._attempt(call, await self._workers.next_free())
        if found is None:
            raise WorkerFailed(self._died)
        return found

    async def _attempt(self, call: Call, process: Process) -> bytes | None:
        """The answer of `process`; None where it has not taken the work, WorkerFailed where it has died of it."""
        try:
            return await process.answer(call.processes, call.request)
        except ProcessHangs:
            self.counts.hangs += 1
            _log.warning("a worker process takes no work; another one does it", extra=fields(pid=process.pid))
            self._workers.look()  # others may have been stopped with it
            return None
        except ProcessEnded:
            if not self._workers.has(process):  # the pool was ended
                raise WorkerFailed(self._died) from None
            self.counts.deaths += 1
            ended = fields(pid=process.pid, ended=await process.ending())
            _log.warning("a worker process has died at work; another one is started", extra=ended)
            if process.begun:
                raise WorkerFailed(self._died) from None
            return None
        finally:
            self._workers.give_back(process)

    def _count_killed(self, call: Call) -> None:
        """Count the process that was killed with `call`."""
        if call.left:
            self.counts.aborts += 1
            return
        self.counts.deadlines += 1
        _log.warning("a worker process was killed after %g s, the longest that work may take", call.seconds)

    def _no_turn(self, ticket: Ticket) -> Refusal:
        again = max(1, ceil(self._queue.wait_of(ticket.share, ticket.seconds)))
        full = QueueFull(self.waiting, self._limits.queue, again)
        return full if len(self._workers) else WorkerNotStarted(_NOT_STARTED)

    def _refuse_waiting(self, refusal: Refusal) -> None:
        for call in [one for one in self._calls.values() if not one.granted.done()]:
            self._withdraw(call)
            call.refuse(refusal)

    def _result(self, answer: bytes) -> Any:
        """What the task has returned, or raise what it raised."""
        result, error = pickle.loads(answer)
        if error is None:
            return result
        limit = self._limits.memory_bytes
        if isinstance(error, MemoryError) and limit is not None:
            sentence = f"The simulation ran out of the memory of its process, {limit} bytes."
            raise WorkerFailed(sentence, limit_bytes=limit)
        raise error
