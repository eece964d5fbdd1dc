"""A strict reading of the body: JSON of a bounded length, once, and work on it as long as its client is there."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from email.message import Message as MimeMessage
from typing import Annotated, Any

from anyio import CancelScope, fail_after
from fastapi import Depends, Request, Response
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope

from service.charts.renderer import ChartRenderer
from service.core.errors import Refusal
from service.core.settings import Settings
from service.http.room import Hold, Room
from service.http.scopes import scope_check
from service.http.traffic import Traffic
from service.jobs.jobs import Jobs
from service.jobs.trainings import Trainings
from service.processes.pool import ProcessPool
from service.store.archive import Archive


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
    """A request whose body is read once, up to a limit, as long as there is room for it."""

    def __init__(self, scope: Scope, receive: Receive, hold: Hold) -> None:
        super().__init__(scope, receive)
        self._hold = hold

    async def body(self) -> bytes:
        """The body; BodyTooLarge, BodyTooSlow, NoRoom or ClientGone as soon as that is known."""
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

    async def json(self) -> bytes:
        """The body as it was sent: a Payload reads it, where it is worked on."""
        return await self.body()

    async def _read(self, limit: int) -> bytes:
        parts, length = [], 0
        async for part in self.stream():
            parts.append(part)
            length += len(part)
            if length > limit:
                raise BodyTooLarge(f"The body is longer than {limit} bytes, the longest that is read.", limit=limit)
            self._hold.reach(length)
        return b"".join(parts)


class StrictRoute(APIRoute):
    """A route whose JSON body is checked before anything else, and whose work ends when its client leaves.

    FastAPI would turn a refusal of the body into a bare 400, and go on computing for a client that has left.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's handler behind a strict reading of the body."""
        handle, check_scope = super().get_route_handler(), scope_check(self)

        async def strictly(request: Request) -> Response:
            check_scope()
            services: Services = request.app.state.services
            with services.bodies.hold() as hold:
                strict = StrictRequest(request.scope, request.receive, hold)
                body = await strict.body()
                if body:
                    check_media_type(strict)
                known = None if request.scope["query_string"] else self.known(services, body)
                return await while_connected(strict, handle) if known is None else known

        return strictly

    def known(self, services: "Services", body: bytes) -> Response | None:
        """The answer to a request without a query, where it is known by the bytes of its body alone."""
        return None


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


_CHARSETS = {"utf-8", "utf8", "us-ascii"}
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
    charset = str(header.get_param("charset", "utf-8"))
    if charset.lower() not in _CHARSETS:
        raise UnsupportedMediaType(f"The body must be UTF-8, as JSON is; it says `charset={charset[:40]}`.")


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
    bodies: Room  # in memory
    files: Room  # on the disk


async def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


ServicesDep = Annotated[Services, Depends(_services)]
