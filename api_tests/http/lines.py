"""Connections that do what no HTTP client does: stop in the middle of a request, or leave before the answer."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPResponse

import httpx

PATIENCE = 60.0


@contextmanager
def unfinished(
    url: str, path: str, beginning: bytes, length: int, headers: tuple[str, ...] = ()
) -> Iterator[socket.socket]:
    """A connection on which a POST of `length` bytes of JSON has begun with `beginning`, and nothing follows."""
    host, _, port = url.removeprefix("http://").partition(":")
    fixed = (f"Host: {host}", "Content-Type: application/json", f"Content-Length: {length}")
    head = "\r\n".join([f"POST {path} HTTP/1.1", *fixed, *headers, "\r\n"])
    with socket.create_connection((host, int(port)), timeout=PATIENCE) as line:
        line.sendall(head.encode() + beginning)
        yield line


def heard(line: socket.socket) -> httpx.Response:
    """What is answered on `line`."""
    answer = HTTPResponse(line, method="POST")
    answer.begin()
    return httpx.Response(answer.status, headers=answer.getheaders(), content=answer.read())
