"""What every store of reports can do, the store that keeps nothing, and the choice among them."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Protocol

from service.core.clock import now
from service.core.settings import Settings
from service.store.database import Database
from service.store.listing import Cursor, ReportPage
from service.store.reports import Made, PointStore, ReportStore
from service.store.retention import Retention
from service.store.space import Space


class Store(Protocol):
    """Where reports are kept by their digest."""

    @property
    def failures(self) -> int:
        """How many times it has failed or could not be asked."""

    def put(self, digest: str, report: bytes, pin: bool = False, owner: str | None = None) -> bool:
        """Keep a report, for good where it is pinned, as that of `owner` or of who asks now; whether it is kept."""

    def put_made(self, made: Sequence[Made]) -> list[bool]:
        """Keep reports that nobody pins, all or none of them; of each, whether it is kept."""

    def get(self, digest: str) -> bytes | None:
        """The report with that digest, if it is here."""

    def touch(self, digests: Collection[str]) -> None:
        """Note that those reports are used now."""

    def page(
        self, limit: int, after: Cursor | None = None, label: str | None = None, owner: str | None = None
    ) -> ReportPage:
        """At most `limit` reports, the newest first, of those behind `after` and with that label and that owner."""

    def retain(self) -> int:
        """Drop what need not be kept; how many reports that were."""

    def close(self) -> None:
        """Close what is held open."""


class NullStore:
    """The store that keeps nothing, where an operator wants none."""

    failures = 0

    def put(self, digest: str, report: bytes, pin: bool = False, owner: str | None = None) -> bool:
        """False: it is not kept."""
        return False

    def put_made(self, made: Sequence[Made]) -> list[bool]:
        """False for each: it is not kept."""
        return [False] * len(made)

    def get(self, digest: str) -> bytes | None:
        """None: no report is here."""
        return None

    def touch(self, digests: Collection[str]) -> None:
        """Do nothing, for no report is here."""

    def page(
        self, limit: int, after: Cursor | None = None, label: str | None = None, owner: str | None = None
    ) -> ReportPage:
        """The only page, which is empty."""
        return ReportPage(items=[], next_cursor=None)

    def retain(self) -> int:
        """0: there is nothing to drop."""
        return 0

    def close(self) -> None:
        """Do nothing, for nothing is open."""


def point_store(settings: Settings) -> PointStore | None:
    """The store of points that the settings ask for; None without any room."""
    if settings.store_bytes == 0:
        return None
    database, age = Database(settings.database_url), timedelta(days=settings.retention_days)
    return PointStore(database, now, Retention(database, age, Space.of(settings), now))


def report_store(settings: Settings) -> Store:
    """The store that the settings ask for, which is opened when it is first needed; a NullStore without any room."""
    if settings.store_bytes == 0:
        return NullStore()
    age = timedelta(days=settings.retention_days)
    return ReportStore(Database(settings.database_url), age, Space.of(settings))
