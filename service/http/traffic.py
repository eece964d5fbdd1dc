"""What every request meets first: a name, its context, what is counted of it, and a line in the log."""

import logging
import re
from collections.abc import Mapping
from time import perf_counter
from typing import Any
from uuid import uuid4

from anyio import Event, move_on_after, sleep
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.charts.renderer import ChartRenderer
from service.core.context import REQUEST, Caller, RequestContext
from service.core.logs import LOGGED_REQUEST, fields
from service.http.metrics import Exchange, Metrics
from service.http.traces import annotate, trace_id
from service.jobs.jobs import Jobs
from service.processes.pool import ProcessPool
from service.store.archive import Archive

REQUEST_ID = "X-Request-ID"
_SAFE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_POLL_SECONDS = 0.01
_LONGEST_PATH, _LONGEST_NAME = 200, 64
_FLOODS = {401, 403, 404, 408, 413, 429, 503}
"""Statuses that a flood of requests is answered with: of their lines, very many at once are left out."""
_log = logging.getLogger("service.access")


class Traffic:
    """How many requests are being answered, what is counted of them, and whether it is time to stop."""

    def __init__(self, pool: ProcessPool, archive: Archive, renderer: ChartRenderer, jobs: Jobs) -> None:
        self.stopping = Event()
        self._metrics = Metrics(pool, archive, renderer, jobs)
        self.live = self._metrics.live

    def count(self, exchange: Exchange) -> None:
        """Count the request, and log its line."""
        self._metrics.count(exchange)
        _write_line(exchange)

    async def metrics(self) -> str:
        """Everything counted, in Prometheus' text format."""
        return await self._metrics.text()

    async def end(self, seconds: float) -> None:
        """Wait until no request is being answered, for `seconds` at most."""
        with move_on_after(seconds):
            while self.live.requests:
                await sleep(_POLL_SECONDS)


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
        context = RequestContext(request_id=name, caller=Caller(address=address), trace_id=trace_id())
        exchange = Exchange(scope, context)
        before = REQUEST.set(context), LOGGED_REQUEST.set(name)
        started = perf_counter()
        live = self._traffic.live
        live.requests += 1
        try:
            await self._app(scope, _received(receive, exchange), _sent(send, exchange))
        finally:
            REQUEST.reset(before[0])
            LOGGED_REQUEST.reset(before[1])
            live.requests -= 1
            exchange.seconds = perf_counter() - started
            self._traffic.count(exchange)


def _received(receive: Receive, exchange: Exchange) -> Receive:
    """`receive`, with the bytes of the body counted."""

    async def counted() -> Message:
        message = await receive()
        exchange.received += len(message.get("body", b""))
        return message

    return counted


def _sent(send: Send, exchange: Exchange) -> Send:
    """`send`, with the request's name in the answer, and what is sent noted."""

    async def named(message: Message) -> None:
        if message["type"] == "http.response.start":
            exchange.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers[REQUEST_ID] = exchange.context.request_id
            exchange.is_stream = headers.get("content-type", "").startswith("text/event-stream")
            annotate(exchange)
        else:
            exchange.sent += len(message.get("body", b""))
        await send(message)

    return named


def _write_line(exchange: Exchange) -> None:
    """The line of a request that is answered: nothing in it is longer than some 200 characters."""
    scope, context = exchange.scope, exchange.context
    path = scope["path"].encode("ascii", "backslashreplace").decode()[:_LONGEST_PATH]
    milliseconds = round(1e3 * exchange.seconds, 1)
    sentence = {
        "method": scope["method"][:_LONGEST_NAME],
        "path": path,
        "status": exchange.status,
        "total_ms": milliseconds,
        "request_id": context.request_id,
    }
    beside = fields(
        bounded=f"status {exchange.status}" if exchange.status in _FLOODS else "",
        in_sentence=sentence,
        route=exchange.route,
        query=exchange.parameters,
        code=context.code,
        owner=context.caller.owner,
        address=context.caller.address[:_LONGEST_NAME],
        bytes_in=exchange.received,
        bytes_out=exchange.sent,
        queue_ms=_milliseconds(context.queue_seconds),
        compute_ms=_milliseconds(context.compute_seconds),
        cache=context.cache,
        digest=context.digest,
        trace_id=context.trace_id,
    )
    _log.info("%s %r %d %.1f ms %s", *sentence.values(), extra=beside)


def _milliseconds(seconds: float) -> float | None:
    """`seconds` in milliseconds, to a tenth; none where there were none."""
    return round(1e3 * seconds, 1) if seconds else None
