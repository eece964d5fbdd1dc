"""What every request meets: a name, a count, a line in the log, and a strict reading of its body.

`RequestMiddleware` names and counts every request, in `Traffic`. `StrictRoute` then reads JSON of a bounded length,
once and strictly, and works on it as long as its client is there.
"""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from email.message import Message as MimeMessage
from http import HTTPMethod
from time import perf_counter
from typing import Annotated, Any
from uuid import uuid4

from anyio import CancelScope, Event, fail_after, move_on_after, sleep
from fastapi import Depends, Request, Response
from fastapi.routing import APIRoute
from prometheus_client import CollectorRegistry, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.charts.renderer import ChartRenderer
from service.core.errors import Refusal, StoreUnavailable
from service.core.settings import Settings
from service.core.strict_json import loads
from service.jobs.jobs import Jobs
from service.jobs.trainings import Trainings
from service.processes.pool import ProcessPool
from service.store.archive import Archive

REQUEST_ID = "X-Request-ID"
_SAFE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_LATENCIES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)  # seconds
_DATABASE_SECONDS = 0.2
_POLL_SECONDS = 0.01
_METHODS = {method.value for method in HTTPMethod}
_log = logging.getLogger("service.access")


class BodyTooLarge(Refusal):
    """The body is longer than is read."""

    code = "body-too-large"


class UnsupportedMediaType(Refusal):
    """The body is not declared to be JSON."""

    code = "unsupported-media-type"


class BodyTooSlow(Refusal):
    """The body takes longer to arrive than is waited."""

    code = "body-too-slow"


class ClientGone(Refusal):
    """The client has left; what it asked for is not computed any further."""

    code = "client-gone"


class Stopping(Refusal):
    """The service is being stopped and has no time left for this request."""

    code = "stopping"


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
            self._traffic.running -= 1
            seconds = perf_counter() - started
            self._traffic.count(scope, status, seconds)
            path = scope["path"].encode("ascii", "backslashreplace").decode()[:200]
            _log.info("%s %r %d %.1f ms %s", scope["method"], path, status, 1e3 * seconds, name)


class StrictRequest(Request):
    """A request whose body is read once, up to a limit, and parsed without JSON's ambiguities."""

    async def body(self) -> bytes:
        """The body; BodyTooLarge, BodyTooSlow or ClientGone as soon as that is known."""
        if hasattr(self, "_body"):
            return self._body
        settings: Settings = self.app.state.services.settings
        try:
            with fail_after(settings.body_seconds):
                self._body = await self._read(settings.body_bytes)
        except TimeoutError:
            raise BodyTooSlow(f"The body did not arrive within {settings.body_seconds:g} seconds.") from None
        except ClientDisconnect:
            raise ClientGone("The client left before its request was read.") from None
        return self._body

    async def json(self) -> Any:
        """The body's value; MalformedJson where it is not JSON."""
        if not hasattr(self, "_json"):
            self._json = loads(await self.body())
        return self._json

    async def _read(self, limit: int) -> bytes:
        parts, length = [], 0
        async for part in self.stream():
            parts.append(part)
            length += len(part)
            if length > limit:
                raise BodyTooLarge(f"The body is longer than {limit} bytes, the longest that is read.", limit=limit)
        return b"".join(parts)


class StrictRoute(APIRoute):
    """A route whose JSON body is checked before anything else, and whose work ends when its client leaves.

    FastAPI would turn a refusal of the body into a bare 400, and go on computing for a client that has left.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's handler behind a strict reading of the body."""
        handle = super().get_route_handler()

        async def strictly(request: Request) -> Response:
            strict = StrictRequest(request.scope, request.receive)
            if await strict.body():
                check_media_type(strict)
                await strict.json()
            return await while_connected(strict, handle)

        return strictly


async def while_connected(request: Request, handle: Callable[[Request], Awaitable[Response]]) -> Response:
    """What `handle` answers; it is cancelled when the client leaves, and answered for when the service stops."""
    with CancelScope() as scope:
        watching = asyncio.create_task(_cancel_when_gone(request, scope))
        try:
            return await handle(request)
        except asyncio.CancelledError:
            _refuse_to_go_on(scope)
            raise
        finally:
            watching.cancel()
    raise ClientGone("The client left before its answer was ready.")


def _refuse_to_go_on(scope: CancelScope) -> None:
    """Raise Stopping where it was not the client's leaving that cancelled the work."""
    if not scope.cancel_called:
        raise Stopping("The service is being stopped; ask again in a moment.") from None


async def _cancel_when_gone(request: Request, scope: CancelScope) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
    scope.cancel()


_JSON_ONLY = "The body must be JSON; send it with `Content-Type: application/json`."


def check_media_type(request: Request, also: str = "application/json", sentence: str = _JSON_ONLY) -> None:
    """Refuse a body that is compressed on its way, or is declared neither JSON nor `also`: UnsupportedMediaType."""
    if request.headers.get("content-encoding", "identity") != "identity":
        raise UnsupportedMediaType("The body must not be compressed.")
    header = MimeMessage()
    header["content-type"] = request.headers.get("content-type", "text/plain")
    is_json = f"+{header.get_content_subtype()}".endswith("+json")
    if header.get_content_type() != also and not (header.get_content_maintype() == "application" and is_json):
        raise UnsupportedMediaType(sentence)


@dataclass(frozen=True)
class Services:
    """Everything that an application holds, as `app.state.services`."""

    settings: Settings
    pool: ProcessPool
    archive: Archive
    renderer: ChartRenderer
    jobs: Jobs
    trainings: Trainings
    traffic: Traffic


async def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


ServicesDep = Annotated[Services, Depends(_services)]
