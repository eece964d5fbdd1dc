"""A task of a pool, from its arrival until it is answered."""

import asyncio
from collections.abc import Callable
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from functools import partial

import anyio

from service.core.errors import Refusal
from service.processes.queue import Ticket


@dataclass(eq=False)
class Call:
    """A task, from its arrival until it is answered."""

    ticket: Ticket
    request: bytes
    seconds: float  # it may take
    grace_seconds: float  # it may go on where its caller has left
    kind: str = ""  # of task, where its cost is learnt
    processes: int = 0  # it may use; 0 where it does not ask
    left: bool = False  # whether its caller has
    context: Context = field(default_factory=copy_context)  # of its caller, for what is logged of it
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)  # of the work
    granted: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    answer: asyncio.Future[bytes] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def leave(self) -> None:
        """Note that its caller has left."""
        self.left = True
        self.scope.deadline = min(self.scope.deadline, anyio.current_time() + self.grace_seconds)

    def begin(self) -> None:
        """Let the time run that it has."""
        self.scope.deadline = anyio.current_time() + self.seconds
        if self.left:
            self.leave()

    def refuse(self, refusal: Refusal) -> None:
        """Tell its caller, where that is still there."""
        told: asyncio.Future[None] | asyncio.Future[bytes] = self.answer if self.granted.done() else self.granted
        if not self.left and not told.done():
            told.set_exception(refusal)


def kind_of(task: Callable[[int], object]) -> str:
    """The name of the function that `task` calls."""
    function = task.func if isinstance(task, partial) else task
    return f"{function.__module__}.{getattr(function, '__qualname__', '')}"
