"""What keeps the pages of others from using a visitor's browser against this service, and what its own pages may do.

A request is refused where it is for a name that is not this service's (so that no foreign name can be pointed at it),
and where a page of another origin wants to change something. Every answer says what a browser may do with it.
"""

from collections.abc import Mapping

from fastapi import FastAPI, Request
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.core.settings import Settings, listed
from service.http.hosts import Names
from service.http.problems import refusal
from service.http.protocol import FAULT

_Headers = list[tuple[bytes, bytes]]

_NOT_MODIFIED = 304
_EVERYWHERE: _Headers = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=(), payment=(), usb=()"),
]
_POLICY = b"content-security-policy"
_DRAWING = b"default-src 'none'; style-src 'unsafe-inline'; sandbox"
_OWN = (b"cross-origin-resource-policy", b"same-origin")
_ANYWHERE = (b"cross-origin-resource-policy", b"cross-origin")
_DATA: _Headers = [
    *_EVERYWHERE,
    _OWN,
    (b"x-frame-options", b"DENY"),
    (_POLICY, b"default-src 'none'; frame-ancestors 'none'"),
]
_EXPOSED = (
    *("Location", "Retry-After", "X-Request-ID", "Cache-Status", "ETag", "Link", "Content-Disposition"),
    *("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset", "RateLimit-Policy"),
    *("Deprecation", "Sunset", "WWW-Authenticate"),
)
_PREFLIGHT_SECONDS = 7200


def install(app: FastAPI, settings: Settings) -> None:
    """Put both around `app`: what keeps foreign pages out, and what lets those in that a setting names."""
    if origins := listed(settings.cors_origins):
        app.add_middleware(
            CORSMiddleware,
            allow_origins=origins,
            allow_methods=["*"],
            allow_headers=["*"],
            allow_credentials="*" not in origins,  # keys that a browser asked for itself: an EventSource has no headers
            allow_private_network="*" not in origins,
            expose_headers=_EXPOSED,
            max_age=_PREFLIGHT_SECONDS,
        )
    app.add_middleware(_BrowserMiddleware, settings=settings)


class _BrowserMiddleware:
    """Refuses what browsers would do for the pages of others, and what the protocol has found at fault."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._names = Names(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] == "http":
            fault = scope.get(FAULT) or self._names.fault(scope["method"], dict(scope["headers"]))
            if fault is not None:
                await refusal(Request(scope), fault)(scope, receive, send)
                return
        await self._app(scope, receive, send)


class GuardedAnswers:
    """An application, all of whose answers say what a browser may do with them."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        origins = sorted(one.encode() for one in listed(settings.cors_origins))
        self._ancestors = b"frame-ancestors " + b" ".join([b"'self'", *origins])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the application does."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", ()))
                message["headers"] = headers + self._added(dict(headers), message["status"], scope["headers"])
            await send(message)

        await self._app(scope, receive, send_guarded)

    def _added(self, known: Mapping[bytes, bytes], status: int, asked: _Headers) -> _Headers:
        """What is said beside the headers `known`.

        Pictures, and pages without a script, may be shown in any page, as long as they are answered to everybody. What
        is answered to a key is for the pages of this service, and of the origins that a setting names.
        """
        if status == _NOT_MODIFIED:  # what is kept has its headers
            return [one for one in _EVERYWHERE if one[0] not in known]
        policy = known.get(_POLICY)
        is_picture = known.get(b"content-type", b"").startswith(b"image/")
        if not (is_picture if policy is None else b"frame-ancestors" not in policy):
            return [one for one in _DATA if one[0] not in known]
        drawing = [(_POLICY, _DRAWING)] if policy is None else []
        # Two policies hold together.
        whose = [_OWN, (_POLICY, self._ancestors)] if b"authorization" in dict(asked) else [_ANYWHERE]
        return [*_EVERYWHERE, *drawing, *whose]
