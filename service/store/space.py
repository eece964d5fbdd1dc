"""How much a database may hold: what is kept on purpose has at most half, and what can be made again the rest."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from sqlalchemy import Connection, Table, func, select, true

from service.core.context import request_context
from service.core.errors import StoreFull
from service.core.settings import Settings
from service.store.schema import ASSIGNMENTS, JOBS, POINTS, REPORTS

_PAGES = ("page_count", "freelist_count", "page_size")
_EMPTY_BYTES = 1 << 20
"""What a file takes that has next to nothing in it, its tables and the ends of their pages, is not counted."""
_BESIDE = (".engine", ".engine-wal")
_EMPTY_ENGINE_BYTES = 8 << 20
"""What the file of the engine of jobs and its journal take for a few jobs."""
_WITHOUT_REPORTS = 2 << 30
"""The bound of a service that stores no reports, whose jobs and assignments are kept all the same."""


@dataclass(frozen=True)
class Space:
    """The bounds, in bytes as they are stored, compressed; 0 is none."""

    total_bytes: int = 0
    """Of everything."""
    owner_bytes: int = 0
    """Of what one owner has; those who have no keys are one owner without a bound of its own."""
    assignments: int = 0
    """How many of them one owner may have."""

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The bounds that `settings` have."""
        return cls(settings.store_bytes or _WITHOUT_REPORTS, settings.owner_bytes, settings.assignment_limit)

    def check(self, connection: Connection, owner: str, more: int) -> None:
        """Raise StoreFull where `more` bytes cannot be kept for `owner`; it counts in the transaction that writes.

        An owner who asks, and has a quota, has that instead of `owner_bytes`.
        """
        allowed = self._allowed(owner)
        if allowed is not None:
            _check(kept_bytes(connection, owner), more, allowed, "of its owner")
        self.check_all(connection, more)

    def check_all(self, connection: Connection, more: int) -> None:
        """Raise StoreFull where `more` bytes cannot be kept, whoever has them."""
        if self.total_bytes:
            _check(kept_bytes(connection), more, self.total_bytes // 2, "that is kept on purpose")

    def _allowed(self, owner: str) -> int | None:
        """The bytes that an owner may keep; None without a bound."""
        caller = request_context().caller
        if owner and caller.owner == owner and caller.quotas.stored_bytes is not None:
            return caller.quotas.stored_bytes
        return (self.owner_bytes or None) if owner else None

    def check_assignments(self, connection: Connection, owner: str) -> None:
        """Raise StoreFull where `owner` has as many assignments as allowed."""
        query = select(func.count()).select_from(ASSIGNMENTS).where(ASSIGNMENTS.c.owner == owner)
        count = connection.execute(query).scalar_one() if self.assignments else 0
        if self.assignments and count >= self.assignments:
            raise StoreFull(
                f"{count} assignments are kept, of {self.assignments} allowed; delete one that is not needed.",
                assignments=count,
                limit=self.assignments,
            )


WITHOUT_BOUND = Space()


def kept_bytes(connection: Connection, owner: str | None = None) -> int:
    """The bytes of evidence, assignments and jobs, results and all; those of `owner`, where one is given."""
    return sum(_bytes_of(connection, table, owner) for table in (REPORTS, ASSIGNMENTS, JOBS))


def bytes_by_kind(connection: Connection) -> dict[str, int]:
    """The bytes of everything that is stored, by what it is; read from indexes alone."""
    evidence = _bytes_of(connection, REPORTS, None)
    reports = int(connection.execute(select(func.coalesce(func.sum(REPORTS.c.stored_bytes), 0))).scalar_one())
    others = {"points": POINTS, "assignments": ASSIGNMENTS, "jobs": JOBS}
    found = {name: _bytes_of(connection, table, None) for name, table in others.items()}
    return {"reports": reports - evidence, "evidence": evidence, **found}


def overhead(connection: Connection, stored: int) -> tuple[float, int]:
    """How many bytes a file takes for each of those `stored` in it, and how many the file of the engine of jobs takes.

    (1, 0) of PostgreSQL, whose files are shared with other databases, and which reuses its space by itself.
    """
    if connection.dialect.name != "sqlite":
        return 1.0, 0
    pages, free, size = (connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in _PAGES)
    more = (pages - free) * size - _EMPTY_BYTES
    file = connection.exec_driver_sql("PRAGMA database_list").all()[0][2]
    beside = sum(_size_of(Path(f"{file}{suffix}")) for suffix in _BESIDE)
    return max(1.0, more / max(1, stored)), max(0, beside - _EMPTY_ENGINE_BYTES)


def _size_of(file: Path) -> int:
    with suppress(OSError):
        return file.stat().st_size
    return 0


def _bytes_of(connection: Connection, table: Table, owner: str | None) -> int:
    query = select(func.coalesce(func.sum(table.c.stored_bytes), 0))
    query = query.where(table.c.pinned.is_(True) if "pinned" in table.c else true())
    return int(connection.execute(query if owner is None else query.where(table.c.owner == owner)).scalar_one())


def _check(kept: int, more: int, allowed: int, what: str) -> None:
    if kept + more > allowed:
        raise StoreFull(
            f"The store has no room for {more} bytes more: all {what} is {kept} bytes, of {allowed} allowed. "
            "Jobs that have ended and assignments can be deleted.",
            kept_bytes=kept,
            more_bytes=more,
            limit_bytes=allowed,
        )
