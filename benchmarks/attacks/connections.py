"""Attacks on connections: what is opened and not used, sent a byte at a time, or asked for and not read.

Every attack is `async def name(url, seconds)` and says in figures what it met. They need no key.
"""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from time import monotonic, perf_counter
from urllib.parse import urlsplit

_Pair = tuple[asyncio.StreamReader, asyncio.StreamWriter]
_IDLE = 300
_READERS = 120
_DRIPPERS = 50
_BODIES = 60


async def half_open(url: str, seconds: float) -> dict[str, float]:
    """Three hundred connections that send `GET / HT` and wait; beside them an honest request every half second."""
    async with _opened(url, _IDLE, b"GET / HT") as held:
        return await _meanwhile(url, seconds, held)


async def dripped_headers(url: str, seconds: float) -> dict[str, float]:
    """Fifty connections that send one header for ever, a byte a second."""
    async with _opened(url, _DRIPPERS, b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: ") as held:
        return await _meanwhile(url, seconds, held, b"x")


async def dripped_bodies(url: str, seconds: float) -> dict[str, float]:
    """Sixty connections that send the body of a simulation, a byte a second."""
    header = b"POST /v1/simulations HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    async with _opened(url, _BODIES, header + b"Content-Length: 4000000\r\n\r\n" + b" " * 200_000) as held:
        return await _meanwhile(url, seconds, held, b" ")


async def deaf_readers(url: str, seconds: float, path: str = "/page/vega.js") -> dict[str, float]:
    """A hundred and twenty connections that ask for much, ten times each, and read nothing."""
    request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode() * 10
    async with _opened(url, _READERS, request) as held:
        return await _meanwhile(url, seconds, held)


async def endless_answered_bodies(url: str, seconds: float) -> dict[str, float]:
    """Twenty connections that go on sending chunks after they were answered that there is nothing at their path."""
    header = b"POST /nothing HTTP/1.1\r\nHost: localhost\r\n"
    async with _opened(url, 20, header + b"Transfer-Encoding: chunked\r\n\r\n") as held:
        return await _meanwhile(url, seconds, held, b"400\r\n" + b" " * 1024 + b"\r\n")


async def crumbs(url: str, seconds: float) -> dict[str, float]:
    """Bodies in chunks of one byte, each of which costs as much as ten kilobytes."""
    stop, sent = monotonic() + seconds, 0
    header = b"POST /v1/simulations HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    figures: dict[str, float] = {}
    while monotonic() < stop:
        async with _opened(url, 4, header + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\n \r\n" * 50_000) as held:
            figures = await _meanwhile(url, min(2.0, seconds), held)
            sent += 4
    return {**figures, "bodies": sent}


ATTACKS: list[Callable[[str, float], Awaitable[dict[str, float]]]] = [
    half_open,
    dripped_headers,
    dripped_bodies,
    deaf_readers,
    endless_answered_bodies,
    crumbs,
]


@asynccontextmanager
async def _opened(url: str, count: int, first: bytes) -> AsyncIterator[list[_Pair]]:
    """So many connections that have sent `first`, as far as they are accepted."""
    held: list[_Pair] = []
    try:
        for _ in range(count):
            with suppress(OSError, TimeoutError):
                async with asyncio.timeout(5):
                    held.append(await asyncio.open_connection(*_place(url), limit=1024))
                held[-1][1].write(first)
        yield held
    finally:
        for _, writer in held:
            writer.transport.abort()


async def _meanwhile(url: str, seconds: float, held: list[_Pair], drip: bytes = b"") -> dict[str, float]:
    """How honest requests fare while `held` send `drip` every second, and how many of `held` are cut off."""
    stop = monotonic() + seconds
    waits, failures = [], 0
    while monotonic() < stop:
        began = perf_counter()
        try:
            async with asyncio.timeout(10):
                answered = await _asked(url)
        except (OSError, TimeoutError):
            answered = False
        waits.append(perf_counter() - began)
        failures += not answered
        for writer in [writer for _, writer in held if drip and not writer.transport.is_closing()]:
            with suppress(OSError):
                writer.write(drip)
        await asyncio.sleep(1 if drip else 0.5)
    waits.sort()
    return {
        "opened": len(held),
        "cut off": sum(_is_cut_off(*pair) for pair in held),
        "honest": len(waits),
        "honest failed": failures,
        "honest longest ms": 1e3 * waits[-1],
    }


def _is_cut_off(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """Whether the service has closed the connection, which one that does not read is not told otherwise."""
    gone = writer.transport.is_closing() or reader.at_eof()
    return gone or writer.get_extra_info("socket").getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) != 0


async def _asked(url: str) -> bool:
    """Whether a new connection is answered that the service lives."""
    reader, writer = await asyncio.open_connection(*_place(url))
    try:
        writer.write(b"GET /healthz/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        return (await reader.readline()).startswith(b"HTTP/1.1 200")
    finally:
        writer.close()


def _place(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "127.0.0.1", parts.port or 80


if __name__ == "__main__":
    import sys

    for attack in ATTACKS:
        print(attack.__name__, json.dumps(asyncio.run(attack(sys.argv[1], float(sys.argv[2])))))
