"""No store: the shape that every store has, and the one that keeps nothing, where an operator wants none."""

from collections.abc import Collection, Mapping
from typing import Protocol

from service.store.listing import Cursor, ReportPage


class Store(Protocol):
    """Where reports are kept by their digest."""

    @property
    def failures(self) -> int:
        """How many times it has failed or could not be asked."""

    def put(self, digest: str, report: bytes, pin: bool = False) -> bool:
        """Keep a report; whether it is kept."""

    def get(self, digest: str) -> bytes | None:
        """The report with that digest, if it is here."""

    def touch(self, digests: Collection[str]) -> None:
        """Note that those reports are used now."""

    def page(self, limit: int, after: Cursor | None = None, label: str | None = None) -> ReportPage:
        """Some of what is kept, the newest first."""

    def retain(self) -> int:
        """Drop what need not be kept; how many reports that were."""

    def close(self) -> None:
        """Let go of what is held open."""


class Points(Protocol):
    """Where the points of sweeps are kept by their digest."""

    def put(self, points: Mapping[str, bytes]) -> None:
        """Keep points."""

    def get(self, digests: Collection[str]) -> dict[str, bytes]:
        """Those of the points that are here."""


class NoPoints:
    """Keeps no points."""

    def put(self, points: Mapping[str, bytes]) -> None:
        """Nothing is kept."""

    def get(self, digests: Collection[str]) -> dict[str, bytes]:
        """Nothing is here."""
        return {}


class NoStore:
    """Keeps nothing."""

    failures = 0

    def put(self, digest: str, report: bytes, pin: bool = False) -> bool:
        """Nothing is kept."""
        return False

    def get(self, digest: str) -> bytes | None:
        """Nothing is here."""
        return None

    def touch(self, digests: Collection[str]) -> None:
        """Nothing is noted."""

    def page(self, limit: int, after: Cursor | None = None, label: str | None = None) -> ReportPage:
        """An empty page."""
        return ReportPage(items=[], next_cursor=None)

    def retain(self) -> int:
        """Nothing is dropped."""
        return 0

    def close(self) -> None:
        """Nothing is open."""
