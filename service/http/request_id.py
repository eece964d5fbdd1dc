"""A name for every request, in the answer, in problems and in the log."""

import logging
import re
from collections.abc import Mapping
from time import perf_counter
from typing import Any
from uuid import uuid4

from anyio import Event, move_on_after, sleep
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.http.metrics import Metrics

HEADER = "X-Request-ID"
_GLANCE_SECONDS = 0.01
_SAFE = re.compile(r"[A-Za-z0-9._-]{1,64}")
_log = logging.getLogger("service.access")


def request_id_of(scope: Mapping[str, Any]) -> str:
    """The name of the request that `scope` belongs to."""
    return str(scope.get("state", {}).get("request_id", "")) or uuid4().hex


class Traffic:
    """How many requests are being answered, what is counted of those that were, and whether it is time to stop."""

    def __init__(self, metrics: Metrics) -> None:
        self.running = 0
        self.metrics = metrics
        self.stopping = Event()

    async def end(self, seconds: float) -> None:
        """Wait until there are none, for `seconds` at most."""
        with move_on_after(seconds):
            while self.running:
                await sleep(_GLANCE_SECONDS)


class RequestId:
    """Takes the caller's name for a request where it is harmless, invents one otherwise, and logs one line."""

    def __init__(self, app: ASGIApp, traffic: Traffic) -> None:
        self._app = app
        self._traffic = traffic

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, named."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(HEADER, "")
        name = given if _SAFE.fullmatch(given) else uuid4().hex
        scope.setdefault("state", {})["request_id"] = name
        started, status = perf_counter(), 500

        async def send_named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[HEADER] = name
            await send(message)

        self._traffic.running += 1
        try:
            await self._app(scope, receive, send_named)
        finally:
            self._traffic.running -= 1
            seconds = perf_counter() - started
            self._traffic.metrics.answered(scope, status, seconds)
            path = scope["path"].encode("ascii", "backslashreplace").decode()[:200]
            _log.info("%s %r %d %.1f ms %s", scope["method"], path, status, 1e3 * seconds, name)
