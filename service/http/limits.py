"""What a request may be: JSON of a bounded length, read strictly, and worked on while somebody waits for it."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from email.message import Message
from typing import Any

from anyio import CancelScope, fail_after
from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect

from service.core.errors import Refusal
from service.core.settings import Settings
from service.core.strict_json import loads


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


class StrictRequest(Request):
    """A request whose body is read once, up to a limit, and parsed without JSON's ambiguities."""

    async def body(self) -> bytes:
        """The body; BodyTooLarge, BodyTooSlow or ClientGone as soon as that is known."""
        if hasattr(self, "_body"):
            return self._body
        settings = _settings_of(self)
        try:
            with fail_after(settings.body_seconds):
                self._body = await self._read(settings.body_bytes)
        except TimeoutError:
            raise BodyTooSlow(f"The body did not arrive within {settings.body_seconds:g} seconds.") from None
        except ClientDisconnect:
            raise ClientGone("The client left before its request was read.") from None
        return self._body

    async def json(self) -> Any:
        """The body's value; MalformedJson where it is none."""
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

    FastAPI would turn a refusal of the body into a bare 400, and compute for nobody.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's handler behind a strict reading of the body."""
        handle = super().get_route_handler()

        async def strictly(request: Request) -> Response:
            strict = StrictRequest(request.scope, request.receive)
            if await strict.body():
                _check_media_type(strict)
                await strict.json()
            return await _while_connected(strict, handle)

        return strictly


async def _while_connected(request: Request, handle: Callable[[Request], Awaitable[Response]]) -> Response:
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


def _check_media_type(request: Request) -> None:
    if request.headers.get("content-encoding", "identity") != "identity":
        raise UnsupportedMediaType("The body must not be compressed.")
    header = Message()
    header["content-type"] = request.headers.get("content-type", "text/plain")
    subtype = header.get_content_subtype()
    if header.get_content_maintype() != "application" or not (subtype == "json" or subtype.endswith("+json")):
        raise UnsupportedMediaType("The body must be JSON; send it with `Content-Type: application/json`.")


def _settings_of(request: Request) -> Settings:
    settings = request.app.state.settings
    if not isinstance(settings, Settings):
        raise TypeError("the application has no settings")
    return settings
