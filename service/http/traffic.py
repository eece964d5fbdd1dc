"""What every request meets first: a name, its context, a count for Prometheus, and a line in the log."""

import logging
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from http import HTTPMethod
from time import perf_counter
from typing import Any
from uuid import uuid4

from anyio import Event, move_on_after, sleep
from prometheus_client import CollectorRegistry, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.core.context import REQUEST, Caller, RequestContext
from service.core.errors import StoreUnavailable
from service.jobs.jobs import Jobs
from service.processes.pool import ProcessPool
from service.store.archive import Archive

REQUEST_ID = "X-Request-ID"
_SAFE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_LATENCIES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)  # seconds
_DATABASE_SECONDS = 0.2
_POLL_SECONDS = 0.01
_METHODS = {method.value for method in HTTPMethod}
_log = logging.getLogger("service.access")


class Traffic:
    """How many requests are being answered, what is counted for Prometheus, and whether it is time to stop."""

    def __init__(self, pool: ProcessPool, archive: Archive, jobs: Jobs) -> None:
        self.running = 0
        self.stopping = Event()
        self._jobs = jobs
        self._registry = CollectorRegistry()
        self._requests = Histogram(
            "gradient_verdict_http_request_duration_seconds",
            "How long requests took, by method, route and status.",
            ["method", "route", "status"],
            buckets=_LATENCIES,
            registry=self._registry,
        )
        for name, what, value in (
            ("busy_workers", "Worker processes that simulate now.", lambda: pool.busy),
            ("waiting_simulations", "Simulations that wait for a worker process.", lambda: pool.waiting),
            ("kept_report_bytes", "Bytes of reports that are kept in memory.", lambda: archive.kept_bytes),
        ):
            Gauge(f"gradient_verdict_{name}", what, registry=self._registry).set_function(value)
        what = "Jobs that have not ended, by status; absent while the database does not answer."
        self._open_jobs = Gauge("gradient_verdict_open_jobs", what, ["status"], registry=self._registry)
        self._registry.register(_StoreFailures(lambda: archive.store_failures))

    def count(self, scope: Mapping[str, Any], status: int, seconds: float) -> None:
        """Count the answered request that `scope` belongs to; methods that no client has to know have one label."""
        method = scope["method"] if scope["method"] in _METHODS else "other"
        route = getattr(scope.get("route"), "path_format", "none")
        self._requests.labels(method, route, status).observe(seconds)

    async def metrics(self) -> str:
        """Everything counted, in Prometheus' text format."""
        self._open_jobs.clear()
        with suppress(StoreUnavailable), move_on_after(_DATABASE_SECONDS):
            for status, count in (await self._jobs.under_way()).items():
                self._open_jobs.labels(status).set(count)
        return generate_latest(self._registry).decode()

    async def end(self, seconds: float) -> None:
        """Wait until no request is being answered, for `seconds` at most."""
        with move_on_after(seconds):
            while self.running:
                await sleep(_POLL_SECONDS)


class _StoreFailures(Collector):
    """A counter that the store keeps itself."""

    def __init__(self, count: Callable[[], int]) -> None:
        self._count = count

    def collect(self) -> Iterator[CounterMetricFamily]:
        what = "How many times the store of reports failed or could not be asked."
        yield CounterMetricFamily("gradient_verdict_store_failures", what, value=self._count())


def request_id_of(scope: Mapping[str, Any]) -> str:
    """The name of the request that `scope` belongs to, as in the header X-Request-ID of its answer."""
    return str(scope.get("state", {}).get("request_id", "")) or uuid4().hex


class RequestMiddleware:
    """Takes the caller's name for a request where it is harmless, invents one otherwise; counts it and logs a line."""

    def __init__(self, app: ASGIApp, traffic: Traffic) -> None:
        self._app = app
        self._traffic = traffic

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, named."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(REQUEST_ID, "")
        name = given if _SAFE_ID.fullmatch(given) else uuid4().hex
        scope.setdefault("state", {})["request_id"] = name
        address = scope["client"][0] if scope.get("client") else ""
        context = RequestContext(request_id=name, caller=Caller(address=address))
        before = REQUEST.set(context)
        started, status = perf_counter(), 500

        async def send_named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[REQUEST_ID] = name
            await send(message)

        self._traffic.running += 1
        try:
            await self._app(scope, receive, send_named)
        finally:
            REQUEST.reset(before)
            self._traffic.running -= 1
            seconds = perf_counter() - started
            self._traffic.count(scope, status, seconds)
            path = scope["path"].encode("ascii", "backslashreplace").decode()[:200]
            _log.info("%s %r %d %.1f ms %s", scope["method"], path, status, 1e3 * seconds, name)
