"""Compressed answers: which coding a client takes (RFC 9110, 12.5.3), and bodies and streams packed by it."""

import zlib
from collections import OrderedDict
from functools import lru_cache
from typing import Protocol

import brotli  # type: ignore[import-untyped]
from anyio import to_thread
from zstandard import ZstdCompressor

CODINGS = ("zstd", "br", "gzip")
"""The codings that are spoken, the one first that the service likes best."""

_ZSTD_LEVEL = 3
_BROTLI_QUALITY = 4
_GZIP_LEVEL = 4
_GZIP_FRAME = 31  # zlib's word for a window of 32 KiB with gzip's header, which has no time in it
_LARGE_BYTES = 64 * 1024
"""What is longer is packed in a thread, so that others are answered meanwhile."""


class _Packer(Protocol):
    def compress(self, data: bytes, /) -> bytes: ...
    def flush(self) -> bytes: ...


class _Brotli:
    """Brotli with the words of the other two."""

    def __init__(self) -> None:
        made = brotli.Compressor(quality=_BROTLI_QUALITY)
        self.compress, self.flush = made.process, made.finish


def _packer(coding: str) -> _Packer:
    if coding == "zstd":
        return ZstdCompressor(level=_ZSTD_LEVEL).compressobj()
    return _Brotli() if coding == "br" else zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, _GZIP_FRAME)


@lru_cache(maxsize=256)
def chosen(accepted: str) -> str | None:
    """The coding for a client whose `Accept-Encoding` is that: what it likes best, then what the service does."""
    wishes = dict(map(_wish, accepted.lower().split(",")))
    others = wishes.get("*", 0.0)
    best = max(CODINGS, key=lambda coding: wishes.get(coding, others))
    liking = wishes.get(best, others)
    return best if liking > 0 and liking >= wishes.get("identity", 0.0) else None


def _wish(one: str) -> tuple[str, float]:
    name, *parameters = (part.strip() for part in one.split(";"))
    weight = next((part.partition("=")[2] for part in parameters if part.startswith("q=")), "1")
    return name, float(weight) if weight.replace(".", "", 1).isdecimal() else 0.0


class PackedStream:
    """A body that comes in parts, compressed as it goes by."""

    def __init__(self, coding: str) -> None:
        self._packer = _packer(coding)

    async def packed(self, part: bytes, last: bool) -> bytes:
        """What can be sent once `part` has come; all that is left with the last."""
        if len(part) > _LARGE_BYTES:
            return await to_thread.run_sync(self._pack, part, last)
        return self._pack(part, last)

    def _pack(self, part: bytes, last: bool) -> bytes:
        return self._packer.compress(part) + (self._packer.flush() if last else b"")


class PackedBodies:
    """Bodies as they are when compressed; those that were asked for last are kept, up to some bytes."""

    def __init__(self, most_bytes: int = 8 * 2**20) -> None:
        self._most = most_bytes
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._bytes = 0

    async def packed(self, body: bytes, coding: str, name: str = "") -> bytes:
        """`body` by `coding`; `name` is that of the packed body, empty for one that is not asked for again."""
        if name in self._kept:
            self._kept.move_to_end(name)
            return self._kept[name]
        made = await PackedStream(coding).packed(body, last=True)
        if name:
            self._keep(name, made)
        return made

    def _keep(self, name: str, made: bytes) -> None:
        self._bytes += len(made) - len(self._kept.pop(name, b""))
        self._kept[name] = made
        while self._bytes > self._most:
            _, dropped = self._kept.popitem(last=False)
            self._bytes -= len(dropped)


@lru_cache(maxsize=256)
def compressible(media_type: str) -> bool:
    """Whether answers of that Content-Type become smaller; streams of events are left alone, as are packed things."""
    kind = media_type.partition(";")[0].strip().lower()
    return kind != "text/event-stream" and (kind.startswith("text/") or kind.endswith(_TEXTS))


_TEXTS = ("/json", "+json", "/xml", "+xml", "/javascript")
