"""How much one may ask for: requests a second and open streams, per owner, or per address where no key was sent."""

from collections import Counter
from math import ceil, floor
from time import monotonic

from fastapi import Request
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.core.context import Caller, request_context
from service.core.keys import is_loopback
from service.core.settings import Settings
from service.http.problems import refusal
from service.http.rates import RateLimited, Rates, StreamsExceeded, most_of

_STREAMS = "/events"
_FREE = ("/healthz/",)


class LimitsMiddleware:
    """Refuses what is too much of one caller, and says in the headers of every answer how much is left."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        open_to_all = bool(settings.api_keys_file) or not is_loopback(settings.host)
        self._rate = settings.requests_per_second if open_to_all or _is_set(settings, "requests_per_second") else 0.0
        self._streams = settings.open_streams if open_to_all or _is_set(settings, "open_streams") else 0
        self._rates = Rates()
        self._open: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] != "http" or scope["path"].startswith(_FREE):
            await self._app(scope, receive, send)
            return
        caller = request_context().caller
        rate = self._rate if caller.quotas.requests_per_second is None else caller.quotas.requests_per_second
        if not rate:
            await self._streamed(caller, scope, receive, send)
            return
        left = self._rates.take(caller.share, rate, monotonic())

        async def send_counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                _tell(MutableHeaders(scope=message), rate, left)
            await send(message)

        if left < 0:
            limited = RateLimited(rate, max(1, ceil(-left / rate)))
            await refusal(Request(scope, receive), limited)(scope, receive, send_counted)
            return
        await self._streamed(caller, scope, receive, send_counted)

    async def _streamed(self, caller: Caller, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; where it opens a stream, as long as the caller has few enough."""
        most = self._streams if caller.quotas.open_streams is None else caller.quotas.open_streams
        bounded = bool(most) or caller.quotas.open_streams is not None
        if not bounded or scope["method"] != "GET" or not scope["path"].endswith(_STREAMS):
            await self._app(scope, receive, send)
            return
        if self._open[caller.share] >= most:
            await refusal(Request(scope, receive), StreamsExceeded(most))(scope, receive, send)
            return
        self._open[caller.share] += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._open[caller.share] -= 1
            self._open += Counter()  # drops those that have none


def _tell(headers: MutableHeaders, rate: float, left: float) -> None:
    most = most_of(rate)
    headers["RateLimit-Limit"] = str(floor(most))
    headers["RateLimit-Remaining"] = str(max(0, floor(left)))
    headers["RateLimit-Reset"] = str(ceil((most - max(0.0, left)) / rate))
    headers["RateLimit-Policy"] = f"{floor(most)};w={ceil(most / rate)}"


def _is_set(settings: Settings, name: str) -> bool:
    """Whether an operator has said how much it is."""
    return name in settings.model_fields_set
