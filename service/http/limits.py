"""What a body may be: JSON, of a bounded length, read strictly before FastAPI sees it."""

from collections.abc import Callable, Coroutine
from email.message import Message
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from service.errors import Refusal
from service.settings import Settings
from service.strict_json import loads


class BodyTooLarge(Refusal):
    """The body is longer than is read."""

    code = "body-too-large"


class UnsupportedMediaType(Refusal):
    """The body is not declared to be JSON."""

    code = "unsupported-media-type"


class StrictRequest(Request):
    """A request whose body is read once, up to a limit, and parsed without JSON's ambiguities."""

    async def body(self) -> bytes:
        """The body; BodyTooLarge as soon as it is longer than the limit."""
        if not hasattr(self, "_body"):
            limit = _settings_of(self).body_bytes
            parts, length = [], 0
            async for part in self.stream():
                length += len(part)
                if length > limit:
                    raise BodyTooLarge(f"The body is longer than {limit} bytes, the longest that is read.", limit=limit)
                parts.append(part)
            self._body = b"".join(parts)
        return self._body

    async def json(self) -> Any:
        """The body's value; MalformedJson where it is none."""
        if not hasattr(self, "_json"):
            self._json = loads(await self.body())
        return self._json


class StrictRoute(APIRoute):
    """A route whose JSON body is checked before anything else; FastAPI would turn the refusal into a bare 400."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's handler behind a strict reading of the body."""
        handle = super().get_route_handler()

        async def strictly(request: Request) -> Response:
            strict = StrictRequest(request.scope, request.receive)
            if self.body_field is not None and await strict.body():
                _check_media_type(strict)
                await strict.json()
            return await handle(strict)

        return strictly


def _check_media_type(request: Request) -> None:
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
