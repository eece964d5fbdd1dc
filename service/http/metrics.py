"""What is counted for Prometheus: a table of what others count, and what is measured of every request.

Whatever has a number to tell has a line in `_table`. A name that ends in `_total` is a counter, and any other a gauge.
"""

import platform
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPMethod
from inspect import isawaitable
from operator import attrgetter
from typing import Any
from urllib.parse import parse_qsl

from anyio import create_task_group, move_on_after, to_thread
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    Info,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from service.charts.renderer import ChartRenderer
from service.core.context import RequestContext
from service.core.errors import StoreUnavailable
from service.core.version import ENGINE_VERSION, __version__
from service.jobs.jobs import Jobs
from service.processes.family import process_usage
from service.processes.pool import ProcessPool
from service.processes.workers import Counts
from service.store.archive import Archive

_PREFIX = "gradient_verdict_"
_LATENCIES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)  # seconds
_DATABASE_SECONDS = 0.2
_LONGEST_QUERY, _LONGEST_NAMES = 2000, 200
_METHODS = {method.value for method in HTTPMethod}
disable_created_metrics()  # type: ignore[no-untyped-call] # when each counter began, which nothing asks for, would be as many lines again
_Value = float | Mapping[Any, float]


@dataclass(frozen=True)
class _Metric:
    """A number, or one for each value of a label, that is read whenever Prometheus asks.

    One that is awaited comes from the database, and is absent where it does not answer at once.
    """

    name: str
    what: str
    read: Callable[[], _Value | Awaitable[_Value]]
    label: str = ""


@dataclass
class Live:
    """What the server does now."""

    requests: int = 0  # that are being answered, streams of events among them
    connections: Callable[[], Mapping[str, int]] = dict  # how many are open, by what they wait for


def _table(pool: ProcessPool, archive: Archive, renderer: ChartRenderer, jobs: Jobs, live: Live) -> list[_Metric]:
    """Everything that others count."""
    return [
        _Metric("http_running_requests", "Requests that are being answered.", lambda: live.requests),
        _Metric(
            "connections",
            "Connections, by what they wait for: client or service.",
            lambda: dict(live.connections()),
            "on",
        ),
        _Metric("busy_workers", "Worker processes that simulate now.", lambda: pool.busy),
        _Metric("spare_workers", "Worker processes that are loaded beyond these.", lambda: pool.spare),
        _Metric("worker_starts_total", "Worker processes that were started.", lambda: pool.counts.starts),
        _Metric("worker_ends_total", "Worker processes that ended, by reason.", lambda: _ends(pool.counts), "reason"),
        _Metric("waiting_drawings", "Drawings that wait for the process that draws.", lambda: renderer.waiting),
        _Metric("waiting_simulations", "Simulations that wait for a worker process.", lambda: pool.waiting),
        _Metric("kept_report_bytes", "Bytes of reports that are kept in memory.", lambda: archive.kept_bytes),
        _Metric(
            "store_failures_total", "Times the store failed or could not be asked.", lambda: archive.store_failures
        ),
        _Metric("stored_bytes", "Bytes in the store, compressed, by what they are.", jobs.stored_bytes, "kind"),
        _Metric("open_jobs", "Jobs that have not ended, by status.", jobs.under_way, "status"),
        _Metric("job_watchers", "Streams of events of jobs that are open.", lambda: jobs.watchers),
        _Metric("executors_alive", "Processes that work on jobs, and are heard of.", lambda: jobs.executors_alive),
        _Metric("executors_lost_total", "Processes that hung, and were given up.", lambda: jobs.executors_lost),
    ]


def _ends(counts: Counts) -> dict[str, int]:
    """How many processes ended for which reason."""
    return {"died": counts.deaths, "hung": counts.hangs, "deadline": counts.deadlines, "abandoned": counts.aborts}


@dataclass
class Exchange:
    """One request and its answer: what the server knows of them, and what was noted while it was answered."""

    scope: Mapping[str, Any]
    context: RequestContext
    status: int = 500
    received: int = 0  # bytes of the request's body, as far as they were read
    sent: int = 0  # bytes of the answer's body
    seconds: float = 0.0
    is_stream: bool = False  # of events, which lasts as long as there are any

    @property
    def route(self) -> str:
        """The template of the path, `none` where there is none."""
        return str(getattr(self.scope.get("route"), "path_format", "none"))

    @property
    def parameters(self) -> str:
        """The names of the query's parameters; their values may be secret, and stand nowhere."""
        query = self.scope["query_string"]
        if not query:
            return ""
        found = parse_qsl(query[:_LONGEST_QUERY].decode("latin-1"), keep_blank_values=True, errors="backslashreplace")
        return ",".join(name for name, _ in found)[:_LONGEST_NAMES]


class Metrics:
    """Everything counted, for one application."""

    def __init__(self, pool: ProcessPool, archive: Archive, renderer: ChartRenderer, jobs: Jobs) -> None:
        self.live = Live()
        self._registry = CollectorRegistry()
        self._read = _Read(_table(pool, archive, renderer, jobs, self.live))
        self._registry.register(self._read)
        self._registry.register(_Family())
        ProcessCollector(registry=self._registry)
        built = Info(f"{_PREFIX}build", "The versions of what runs.", registry=self._registry)
        built.info({"version": __version__, "engine": ENGINE_VERSION, "python": platform.python_version()})
        three = ("method", "route", "status")
        self._duration = self._seconds("duration", "How long requests took, without streams of events.", *three)
        self._queue = self._seconds("queue", "How long requests waited for a process, where they needed one.")
        self._compute = self._seconds("compute", "How long processes worked on requests, where they needed one.")
        self._refusals = self._counter("http_refusals", "Requests refused or failed, by the problem's code.", "code")
        self._answers = self._counter("answers", "Reports answered, by where they came from.", "source")
        self._bytes = self._counter("http_body_bytes", "Bytes of bodies that were received and sent.", "direction")

    def count(self, exchange: Exchange) -> None:
        """Count a request that is answered; methods that no client has to know have one label."""
        route, context = exchange.route, exchange.context
        method = exchange.scope["method"] if exchange.scope["method"] in _METHODS else "other"
        if not exchange.is_stream:
            self._duration.labels(method, route, exchange.status).observe(exchange.seconds)
        if context.queue_seconds or context.compute_seconds:
            self._queue.labels(route).observe(context.queue_seconds)
            self._compute.labels(route).observe(context.compute_seconds)
        if context.code:
            self._refusals.labels(context.code).inc()
        if context.cache:
            self._answers.labels(context.cache).inc()
        self._bytes.labels("received").inc(exchange.received)
        self._bytes.labels("sent").inc(exchange.sent)

    async def text(self) -> str:
        """Everything counted, in Prometheus' text format; it is written in a thread, for that takes milliseconds."""
        await self._read.look()
        return (await to_thread.run_sync(generate_latest, self._registry)).decode()

    def _seconds(self, name: str, what: str, *labels: str) -> Histogram:
        full = f"{_PREFIX}http_request_{name}_seconds"
        return Histogram(full, what, labels or ("route",), buckets=_LATENCIES, registry=self._registry)

    def _counter(self, name: str, what: str, label: str) -> Counter:
        return Counter(f"{_PREFIX}{name}", what, [label], registry=self._registry)


class _Read(Collector):
    """What others count, as it was at the last look."""

    def __init__(self, table: list[_Metric]) -> None:
        self._table = table
        self._values: dict[str, _Value] = {}

    async def look(self) -> None:
        """Read all that others count once more."""
        found: dict[str, _Value] = {}
        async with create_task_group() as asking:
            for metric in self._table:
                asking.start_soon(_look, metric, found)
        self._values = found

    def collect(self) -> Iterator[Metric]:
        """All of it in families."""
        values = self._values
        for metric in self._table:
            if metric.name in values:
                yield _family(metric, values[metric.name])


async def _look(metric: _Metric, found: dict[str, _Value]) -> None:
    value = metric.read()
    if not isawaitable(value):
        found[metric.name] = value
        return
    with suppress(StoreUnavailable), move_on_after(_DATABASE_SECONDS):
        found[metric.name] = await value


class _Family(Collector):
    """The processes of the service."""

    def collect(self) -> Iterator[Metric]:
        """Their number, memory and open files, by what they do."""
        usage = process_usage()
        for name, what, read in (
            ("processes", "Processes of the service, by what they do.", attrgetter("processes")),
            ("processes_resident_bytes", "Resident memory of these processes.", attrgetter("resident_bytes")),
            ("processes_open_files", "Open file descriptors of these processes.", attrgetter("descriptors")),
        ):
            metric = _Metric(name, what, dict, "kind")
            yield _family(metric, {kind: read(one) for kind, one in usage.items()})


def _family(metric: _Metric, value: _Value) -> Metric:
    """The family of a counter or a gauge, by its name."""
    name, kind = _PREFIX + metric.name, "counter" if metric.name.endswith("_total") else "gauge"
    family = Metric(name.removesuffix("_total"), metric.what, kind)
    for label, number in (value if isinstance(value, Mapping) else {"": value}).items():
        family.add_sample(name, {metric.label: str(label)} if metric.label else {}, number)
    return family
