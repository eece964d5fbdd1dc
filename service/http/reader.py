"""The bytes of a connection → requests; what is no request of HTTP/1.1, or could be read as two, is a fault."""

import re

import h11

from service.core.errors import Refusal

_HEADER_BYTES = 16 << 10
_FEW_CHUNKS, _CHUNK_BYTES = 1000, 64  # each takes as long to be read as ten kilobytes
_TOO_LARGE = 431  # as h11 hints
_ABSOLUTE = re.compile(rb"https?://([^/?#]*)([^#]*)", re.IGNORECASE)


class MalformedRequest(Refusal):
    """The bytes are not a request of HTTP/1.1, or one that can be read in two ways."""

    code = "malformed-request"


class HeadersTooLarge(Refusal):
    """The header of the request is longer than is read."""

    code = "headers-too-large"


class HeadersTooSlow(Refusal):
    """The header of the request takes longer to arrive than is waited."""

    code = "headers-too-slow"


class RequestReader(h11.Connection):
    """What a client sends; `fault` is why it is not read any further."""

    def __init__(self) -> None:
        super().__init__(h11.SERVER, _HEADER_BYTES)
        self.fault: Refusal | None = None
        self._chunks = self._bytes = 0

    def next_event(self) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        """The next event as h11 has it; NEED_DATA for ever once there is a fault."""
        if self.fault is not None:
            return h11.NEED_DATA
        try:
            event = super().next_event()
        except h11.RemoteProtocolError as error:
            self.fault = _fault(error)
            return h11.NEED_DATA
        if isinstance(event, h11.Request):
            self._chunks = self._bytes = 0
            return self._checked(event)
        if isinstance(event, h11.Data):
            self._count(len(event.data))
        return event

    def _checked(self, request: h11.Request) -> h11.Request | type[h11.NEED_DATA]:
        names = {name for name, _ in request.headers}
        if b"transfer-encoding" in names and (b"content-length" in names or request.http_version < b"1.1"):
            sentence = "The length of the body is said in two ways; leave out Content-Length or Transfer-Encoding."
            self.fault = MalformedRequest(sentence)
            return h11.NEED_DATA
        return request if request.target[:1] == b"/" else _in_origin_form(request)

    def _count(self, length: int) -> None:
        self._chunks += 1
        self._bytes += length
        if self._chunks > _FEW_CHUNKS and self._bytes < _CHUNK_BYTES * self._chunks:
            sentence = f"The body comes in chunks of less than {_CHUNK_BYTES} bytes each; send larger ones."
            self.fault = MalformedRequest(sentence, chunks=self._chunks, bytes=self._bytes)


def _fault(error: h11.RemoteProtocolError) -> Refusal:
    if error.error_status_hint == _TOO_LARGE:
        return HeadersTooLarge(f"The header of the request is longer than {_HEADER_BYTES} bytes.", limit=_HEADER_BYTES)
    reason = str(error).partition(": bytearray")[0].rstrip(".")
    return MalformedRequest(f"This is no request of HTTP/1.1: {reason}.")


def _in_origin_form(request: h11.Request) -> h11.Request:
    """`GET http://host/path` as `GET /path` of that host (RFC 9112, 3.2.2); what has another form stays as it is."""
    absolute = _ABSOLUTE.fullmatch(request.target)
    if absolute is None:
        return request
    authority, path = absolute.groups()
    headers = [(b"host", authority), *((name, value) for name, value in request.headers if name != b"host")]
    target = path if path.startswith(b"/") else b"/" + path
    return h11.Request(method=request.method, headers=headers, target=target, http_version=request.http_version)
