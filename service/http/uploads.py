"""Bodies that are files: streamed to the disk, bounded, and gone when their request is answered."""

from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import contextmanager
from errno import EDQUOT, ENOENT, ENOSPC, EROFS
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Annotated, Any

from anyio import current_time, move_on_after
from fastapi import Depends, Request, Response
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect

from service.core.settings import Settings
from service.http.requests import (
    BodyTooLarge,
    BodyTooSlow,
    ClientGone,
    Services,
    check_media_type,
    while_connected,
)
from service.http.room import Hold, NoRoom
from service.http.scopes import scope_check

BINARY = "application/octet-stream"
_HOW = (
    "The body must be the file itself, with nothing around it; send it as `application/octet-stream`, for instance by "
    "curl --data-binary @model.keras -H 'Content-Type: application/octet-stream'."
)


_NO_ROOM = {ENOSPC, EDQUOT, EROFS, ENOENT}  # the last where there is no folder that may be written to


class FileRoute(APIRoute):
    """A route whose body is a file, in a temporary folder until the answer is made or the client has left."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's handler, which finds the file at `request.state.file`."""
        handle, check_scope = super().get_route_handler(), scope_check(self)

        async def with_file(request: Request) -> Response:
            check_scope()
            check_media_type(request, BINARY, _HOW)
            services: Services = request.app.state.services
            with services.files.hold() as hold, _temporary_file() as file:
                await _receive(request, file, hold)
                request.state.file = Path(file.name)
                return await while_connected(request, handle)

        return with_file


@contextmanager
def _temporary_file() -> Iterator[IO[bytes]]:
    """A file that is gone afterwards; NoRoom where the disk is full, or nothing may be written."""
    try:
        with NamedTemporaryFile(prefix="gradient-verdict-") as file:
            yield file
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        raise NoRoom from error


async def _file(request: Request) -> Path:
    return Path(request.state.file)


FileDep = Annotated[Path, Depends(_file)]
"""Where the body of the request is, for as long as it is answered."""


async def _receive(request: Request, file: IO[bytes], hold: Hold) -> None:
    """Write the body to `file`; BodyTooLarge, BodyTooSlow, NoRoom or ClientGone as soon as that is known."""
    settings: Settings = request.app.state.services.settings
    began = current_time()
    with move_on_after(settings.body_seconds) as patience:
        async for length in _written(request, file, settings.import_bytes):
            hold.reach(length)
            patience.deadline = began + settings.body_seconds * (1 + length // settings.body_bytes)
    if patience.cancelled_caught:
        sentence = f"Only {file.tell()} bytes of the file arrived within {patience.deadline - began:g} seconds"
        raise BodyTooSlow(f"{sentence}, which is too slow.")
    file.flush()


async def _written(request: Request, file: IO[bytes], limit: int) -> AsyncIterator[int]:
    """How many bytes have been written, after each part of the body."""
    length = 0
    try:
        async for part in request.stream():
            length += len(part)
            _check_length(length, limit)
            file.write(part)
            yield length
    except ClientDisconnect:
        raise ClientGone("The client left before its request was read.") from None


def _check_length(length: int, limit: int) -> None:
    if length > limit:
        raise BodyTooLarge(f"The file is longer than {limit} bytes, the longest that is read.", limit=limit)
