"""The request that is being answered: who asks, and what is noted on the way for the log, the metrics and the queue.

It is a context variable, so that whoever waits for a processor need not be handed it through every call: tasks and
threads inherit it. Outside a request, as in an executor of jobs, there is one that belongs to the service itself.
"""

from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import StrEnum
from time import time
from typing import Annotated

from pydantic import Field

from service.core.kinds import Int64, Model, Positive

ANONYMOUS = "anonymous"
"""The owner of what callers without a key make, where some have one."""
KEY_NAME = "^[A-Za-z][A-Za-z0-9._-]{0,63}$"
"""What keys are called: no name looks like an address."""


class Scope(StrEnum):
    """What a key allows."""

    READ = "read"
    """Reports, jobs and results of one's own; the catalog."""
    SIMULATE = "simulate"
    """Simulations, studies, imports, profiles, sweeps, and what they would cost."""
    GRADE = "grade"
    """Gradings by an assignment, or by a rubric that is sent along."""
    TEACH = "teach"
    """Assignments and rubrics: what is expected, and what is hidden from students."""
    ADMIN = "admin"
    """Everything of everybody, and what is counted."""


class Quotas(Model):
    """How much a key may ask for, where that differs from the settings."""

    requests_per_second: Positive | None = None
    """Requests in a second."""
    simulations_at_once: Annotated[Int64, Field(ge=1)] | None = None
    """Simulations that wait or run."""
    queued_operations: Positive | None = None
    """Floating-point operations of all that waits or runs, by the estimate."""
    stored_bytes: Annotated[Int64, Field(ge=0)] | None = None
    """Bytes of assignments, evidence, jobs and results, compressed."""
    open_streams: Annotated[Int64, Field(ge=0)] | None = None
    """Streams of events that are open."""


_NO_QUOTAS = Quotas()


@dataclass(frozen=True)
class Caller:
    """Who asks: `owner` is the name of the key, empty where there are no keys; `address` is that of the client."""

    owner: str = ""
    scopes: frozenset[Scope] = frozenset(Scope)
    address: str = ""
    quotas: Quotas = _NO_QUOTAS

    @property
    def has_key(self) -> bool:
        """Whether a key says who it is."""
        return self.owner not in ("", ANONYMOUS)

    @property
    def share(self) -> str:
        """Whose turn it is: that of the owner, or of the address where no key was sent."""
        return self.owner if self.has_key else self.address

    @property
    def sees(self) -> str | None:
        """The owner of all that is shown; None where that of everybody is, as to an `admin`, and without keys."""
        return None if self.may(Scope.ADMIN) else self.owner

    def teaches(self, owner: str) -> bool:
        """Whether it may see everything of an assignment of that owner; students may not."""
        return self.may(Scope.ADMIN) or (self.may(Scope.TEACH) and self.owner == owner)

    def may(self, scope: Scope) -> bool:
        """Whether that is allowed; an `admin` may do everything."""
        return scope in self.scopes or Scope.ADMIN in self.scopes


@dataclass
class RequestContext:
    """What is known of a request while it is answered."""

    request_id: str = ""
    caller: Caller = field(default_factory=Caller)
    code: str = ""  # of the problem it is answered with
    queue_seconds: float = 0.0  # it has waited for a process
    compute_seconds: float = 0.0  # a process has worked on it
    cache: str = ""  # where its answer came from: memory, store, joined (another request's), simulation
    digest: str = ""  # of the report it is about
    trace_id: str = ""  # of the trace it is a part of: 32 hexadecimal digits
    phases: list[tuple[str, float, float]] = field(default_factory=list)  # `queue` or `compute`, its end, its seconds

    def waited(self, seconds: float) -> None:
        """Note that it has waited for a process, until now."""
        self.queue_seconds += seconds
        self.phases.append(("queue", time(), seconds))

    def computed(self, seconds: float) -> None:
        """Note that a process has worked on it, until now."""
        self.compute_seconds += seconds
        self.phases.append(("compute", time(), seconds))


REQUEST: ContextVar[RequestContext | None] = ContextVar("request", default=None)
"""The request that this task or thread works on."""


def request_context() -> RequestContext:
    """The context of the request that is answered here; one that is forgotten outside a request."""
    return REQUEST.get() or RequestContext()
