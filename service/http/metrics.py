"""What is counted, for Prometheus: requests by route, their times, workers, jobs, kept reports, a failing store."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from http import HTTPMethod
from typing import Any

from anyio import move_on_after
from prometheus_client import CollectorRegistry, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from service.core.errors import StoreUnavailable
from service.jobs.jobs import Jobs
from service.processes.pool import ProcessPool
from service.store.archive import Archive

_SECONDS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
_LOOK_SECONDS = 0.2
_METHODS = {method.value for method in HTTPMethod}


class Metrics:
    """The metrics of one application, in a registry of its own."""

    def __init__(self, pool: ProcessPool, archive: Archive, jobs: Jobs) -> None:
        self._jobs = jobs
        self._registry = CollectorRegistry()
        self._requests = Histogram(
            "gradient_verdict_http_request_duration_seconds",
            "How long requests took, by method, route and status.",
            ["method", "route", "status"],
            buckets=_SECONDS,
            registry=self._registry,
        )
        for name, what, value in (
            ("busy_workers", "Worker processes that simulate now.", lambda: pool.busy),
            ("waiting_simulations", "Simulations that wait for a worker process.", lambda: pool.waiting),
            ("kept_report_bytes", "Bytes of reports that are kept in memory.", lambda: archive.kept_bytes),
        ):
            Gauge(f"gradient_verdict_{name}", what, registry=self._registry).set_function(value)
        what = "Jobs that have not ended, by status; none is told while the database cannot be asked."
        self._open_jobs = Gauge("gradient_verdict_open_jobs", what, ["status"], registry=self._registry)
        self._registry.register(_StoreFailures(lambda: archive.store_failures))

    def answered(self, scope: Mapping[str, Any], status: int, seconds: float) -> None:
        """Count the request that `scope` belongs to; whatever a client makes up has one label."""
        method = scope["method"] if scope["method"] in _METHODS else "other"
        route = getattr(scope.get("route"), "path_format", "none")
        self._requests.labels(method, route, status).observe(seconds)

    async def text(self) -> str:
        """All of it in Prometheus' text format."""
        self._open_jobs.clear()
        with suppress(StoreUnavailable), move_on_after(_LOOK_SECONDS):
            for status, count in (await self._jobs.under_way()).items():
                self._open_jobs.labels(status).set(count)
        return generate_latest(self._registry).decode()


class _StoreFailures(Collector):
    """A counter that the store keeps itself."""

    def __init__(self, count: Callable[[], int]) -> None:
        self._count = count

    def collect(self) -> Iterator[CounterMetricFamily]:
        what = "How many times the store of reports failed or could not be asked."
        yield CounterMetricFamily("gradient_verdict_store_failures", what, value=self._count())
