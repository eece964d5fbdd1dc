"""A small application behind the real server, on a real socket, in a thread of its own."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Thread
from time import monotonic, sleep
from typing import Any

import uvicorn
from fastapi import FastAPI, Request, Response

from service.core.settings import Settings
from service.http import browsers, problems
from service.http.browsers import GuardedAnswers
from service.http.protocol import server_config

WAIT_SECONDS = 60.0
"""How long something that is to happen may take, on a busy machine, too."""
LARGE = bytes(range(256)) * (8 << 12)  # 8 MiB
HOST = b"Host: localhost\r\n"


def small_app(settings: Settings) -> FastAPI:
    """An application of a few routes, with the middleware and the problems of the service."""
    app = FastAPI()
    app.state.told = []

    @app.get("/where")
    async def where(request: Request) -> dict[str, str]:
        return {
            "path": request.url.path,
            "query": request.url.query,
            "host": request.headers.get("host", ""),
            "client": request.client.host if request.client else "",
            "scheme": request.url.scheme,
        }

    @app.get("/large")
    async def large() -> Response:
        return Response(LARGE)

    @app.get("/picture")
    async def picture() -> Response:
        return Response("<svg/>", media_type="image/svg+xml")

    @app.get("/slow")
    async def slow() -> str:
        await asyncio.sleep(WAIT_SECONDS)
        return "at last"

    @app.post("/unread")
    async def unread() -> Response:
        return Response("no", status_code=413)

    _listening(app)
    problems.install(app)
    browsers.install(app, settings)
    return app


def _listening(app: FastAPI) -> None:
    """Add routes that read their bodies."""

    @app.post("/length")
    async def length(request: Request) -> int:
        return len(await request.body())

    @app.post("/told")
    async def told(request: Request) -> None:
        while (message := await request.receive())["type"] != "http.disconnect":
            app.state.told.append(message["type"])
        app.state.told.append(message["type"])


@contextmanager
def serving(app: FastAPI | None = None, **settings: Any) -> Iterator[int]:
    """The port of a server with these settings."""
    chosen = Settings(port=0, **settings)
    config = server_config(GuardedAnswers(app or small_app(chosen), chosen), chosen)
    server = uvicorn.Server(config)
    thread = Thread(target=server.run)
    thread.start()
    try:
        stop = monotonic() + WAIT_SECONDS
        while not server.started and monotonic() < stop:
            sleep(0.01)
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = server.force_exit = True
        thread.join(WAIT_SECONDS)


def connected(port: int) -> socket.socket:
    """A connection that waits a minute for whatever is to come."""
    return socket.create_connection(("127.0.0.1", port), timeout=WAIT_SECONDS)


def all_of(connection: socket.socket) -> bytes:
    """Everything that comes until the other side closes the connection."""
    parts = []
    with suppress(ConnectionResetError):
        while part := connection.recv(1 << 16):
            parts.append(part)
    return b"".join(parts)


def answered(port: int, request: bytes) -> bytes:
    """What is answered to these bytes before the connection is closed by the other side."""
    with connected(port) as connection:
        connection.sendall(request)
        return all_of(connection)


def one_answer(connection: socket.socket) -> bytes:
    """The next answer, whose length is said in its header; what there is where the connection is closed."""
    found = b""
    while b"\r\n\r\n" not in found and (part := connection.recv(1)):
        found += part
    header = found.lower()
    length = int(header.partition(b"content-length: ")[2].partition(b"\r\n")[0] or b"0")
    body = b""
    while len(body) < length and (part := connection.recv(length - len(body))):
        body += part
    return found + body
