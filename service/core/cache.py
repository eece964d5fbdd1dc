"""Answers in memory, as many as there is room for."""

from collections import OrderedDict


class Cache:
    """The answers used last by their digests, up to `limit_bytes` of them; for one thread."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit = limit_bytes
        self._size = 0
        self._reports: OrderedDict[str, bytes] = OrderedDict()

    @property
    def size(self) -> int:
        """The size of all that is kept, in bytes."""
        return self._size

    def get(self, digest: str) -> bytes | None:
        """The report with that digest, if it is here."""
        report = self._reports.get(digest)
        if report is not None:
            self._reports.move_to_end(digest)
        return report

    def put(self, digest: str, report: bytes) -> bool:
        """Keep `report`, and drop the least recently used ones where there is no room for all; whether it is kept."""
        if len(report) > self._limit:
            return False
        self._size += len(report) - len(self._reports.pop(digest, b""))
        self._reports[digest] = report
        while self._size > self._limit:
            _, oldest = self._reports.popitem(last=False)
            self._size -= len(oldest)
        return True
