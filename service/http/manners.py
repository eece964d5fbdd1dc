"""What every answer owes HTTP: HEAD wherever GET is, a tag and 304, what may be kept of it, and compression."""

from http import HTTPMethod

from anyio import CancelScope, to_thread
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.core.context import request_context
from service.http.deprecation import Deprecations
from service.http.encodings import PackedBodies, PackedStream, chosen, compressible
from service.http.tags import names, packed_tag, plain_tags, sent_tag, tag_of

_SMALLEST_BYTES = 500
"""What is shorter is not worth compressing."""
_LARGE_BYTES = 256 * 1024
"""What is longer gets its tag in a thread."""
_OK, _UNCHANGED, _FAILED = 200, 304, 400
_CONDITIONS = (b"if-none-match", b"if-match")
_OF_A_BODY = ("Content-Type", "Content-Length", "Content-Disposition", "Accept-Ranges")


class MannersMiddleware:
    """Answers HEAD by GET without a body; tags, compresses, and leaves out what a client has already."""

    def __init__(self, app: ASGIApp, deprecations: Deprecations) -> None:
        self._app = app
        self._deprecations = deprecations
        self._bodies = PackedBodies()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and what is answered to it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        asked = Headers(raw=scope["headers"])
        answer = _Answer(scope, send, asked, self._bodies, self._deprecations)
        if "if-none-match" in asked or "if-match" in asked:
            scope["headers"] = [_plain(*field) for field in scope["headers"]]
        method = scope["method"]
        scope.setdefault("state", {})["is_head"] = method == HTTPMethod.HEAD
        scope["method"] = HTTPMethod.GET.value if method == HTTPMethod.HEAD else method
        try:
            with answer.rest:
                await self._app(scope, receive, answer.send)
        finally:
            scope["method"] = method


def _plain(name: bytes, value: bytes) -> tuple[bytes, bytes]:
    return name, plain_tags(value.decode("latin-1")).encode("latin-1") if name in _CONDITIONS else value


class _Answer:
    """One answer, from its status to its last byte."""

    def __init__(self, scope: Scope, send: Send, asked: Headers, bodies: PackedBodies, old: Deprecations) -> None:
        self._scope = scope
        self._send = send
        self._asked = asked
        self._bodies = bodies
        self._deprecations = old
        self._is_head = scope["method"] == HTTPMethod.HEAD
        self._is_read = self._is_head or scope["method"] == HTTPMethod.GET
        self._start: Message | None = None
        self._stream: PackedStream | None = None
        self.rest = CancelScope()  # what is left to do after the head of an answer is sent

    async def send(self, message: Message) -> None:
        """Take what the application sends."""
        if message["type"] == "http.response.start":
            self._start = message
            if _of_events(message):  # whose first event may be long in coming
                await self._begin(message, b"", whole=False)
        elif self._start is not None:
            await self._begin(self._start, message.get("body", b""), whole=not message.get("more_body"))
        elif self._stream is not None:
            last = not message.get("more_body")
            await self._send({**message, "body": await self._stream.packed(message.get("body", b""), last)})
        elif not self.rest.cancel_called:
            await self._send(message)

    async def _begin(self, start: Message, body: bytes, whole: bool) -> None:
        """Send the head with its manners, and the first part of the body or all of it."""
        self._start = None
        headers = MutableHeaders(raw=start["headers"])
        await self._tagged(start, headers, body, whole)
        self._say_what_may_be_kept(start["status"], headers)
        self._deprecations.tell(self._scope, headers)
        if start["status"] == _OK and self._is_read and self._has(headers.get("etag")):
            start["status"] = _UNCHANGED
        if start["status"] == _UNCHANGED:
            self._leave_out_the_body(headers)
        elif coding := self._coding(headers, body, whole):
            body = await self._packed(coding, headers, body, whole)
        await self._send(start)
        if self._is_head or start["status"] == _UNCHANGED:
            await self._end(whole)
        else:
            await self._send({"type": "http.response.body", "body": body, "more_body": not whole})

    async def _tagged(self, start: Message, headers: MutableHeaders, body: bytes, whole: bool) -> None:
        """Give what is read a tag by its bytes, where it has none by what determines them."""
        kept = "no-store" not in headers.get("cache-control", "")
        if self._is_read and whole and start["status"] == _OK and kept and "etag" not in headers:
            large = len(body) > _LARGE_BYTES
            headers["ETag"] = await to_thread.run_sync(tag_of, body) if large else tag_of(body)

    def _say_what_may_be_kept(self, status: int, headers: MutableHeaders) -> None:
        """What says nothing of it is asked for again with its tag; what belongs to a key, no shared cache keeps."""
        if status >= _FAILED:
            headers.setdefault("Cache-Control", "no-store")
        elif self._is_read and status in (_OK, _UNCHANGED):
            headers.setdefault("Cache-Control", "no-cache")
            if request_context().caller.owner:
                headers["Cache-Control"] = _private(headers["Cache-Control"])
                _vary(headers, "Authorization")

    def _has(self, tag: str | None) -> bool:
        """Whether the client has what is tagged so."""
        return tag is not None and names(plain_tags(self._asked.get("if-none-match", "")), tag)

    def _leave_out_the_body(self, headers: MutableHeaders) -> None:
        if compressible(headers.get("content-type", "text/plain")):
            _vary(headers, "Accept-Encoding")
        for name in _OF_A_BODY:
            del headers[name]
        headers["ETag"] = sent_tag(self._asked.get("if-none-match", ""), headers.get("etag", ""))

    def _coding(self, headers: MutableHeaders, body: bytes, whole: bool) -> str | None:
        """By which coding the answer is compressed; None where it stays as it is."""
        short = whole and len(body) < _SMALLEST_BYTES
        bound = "content-encoding" in headers or "content-range" in headers
        if short or bound or not compressible(headers.get("content-type", "")):
            return None
        _vary(headers, "Accept-Encoding")
        return chosen(self._asked.get("accept-encoding", ""))

    async def _packed(self, coding: str, headers: MutableHeaders, body: bytes, whole: bool) -> bytes:
        """`body` by `coding`, said in `headers`; nothing is compressed for a HEAD."""
        headers["Content-Encoding"] = coding
        tag = headers.get("etag", "")
        if tag and not tag.startswith("W/"):
            headers["ETag"] = packed_tag(tag, coding)
        del headers["Content-Length"], headers["Accept-Ranges"]
        if self._is_head:
            return b""
        if not whole:
            self._stream = PackedStream(coding)
            return await self._stream.packed(body, last=False)
        name = f"{self._scope['path']} {headers['ETag']}" if "etag" in headers else ""
        packed = await self._bodies.packed(body, coding, name)
        headers["Content-Length"] = str(len(packed))
        return packed

    async def _end(self, whole: bool) -> None:
        """Send no body, and let nothing be made of what was still to come."""
        await self._send({"type": "http.response.body", "body": b""})
        if not whole:
            self.rest.cancel()


def _of_events(start: Message) -> bool:
    return Headers(raw=start["headers"]).get("content-type", "").startswith("text/event-stream")


def _private(policy: str) -> str:
    return policy if "private" in policy else f"private, {policy.replace('public, ', '')}"


def _vary(headers: MutableHeaders, name: str) -> None:
    if name.lower() not in headers.get("vary", "").lower():
        headers.add_vary_header(name)
