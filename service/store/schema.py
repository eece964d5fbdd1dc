"""The tables; the migrations lead to them, and a test compares both."""

from datetime import UTC, datetime

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Double, Index, LargeBinary, MetaData, String, Table
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

HEAD = "0001"
"""The newest revision of the migrations."""


class Utc(TypeDecorator[datetime]):
    """An instant, in UTC; SQLite keeps it as a text that sorts as it does."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """What is written."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """What is read: SQLite forgets the zone, PostgreSQL gives it in its session's."""
        if value is None:
            return None
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


METADATA = MetaData()

REPORTS = Table(
    "reports",
    METADATA,
    Column("digest", String(64), primary_key=True),
    Column("created_at", Utc, nullable=False),
    Column("last_used_at", Utc, nullable=False),
    Column("engine_version", String(32), nullable=False),
    Column("label", String(16), nullable=False),
    Column("severity", String(16), nullable=False),
    Column("tendency", String(16), nullable=False),
    Column("depth_ratio", Double),
    Column("layers", BigInteger, nullable=False),
    Column("report_bytes", BigInteger, nullable=False),
    Column("stored_bytes", BigInteger, nullable=False),
    Column("pinned", Boolean, nullable=False),
    Column("report", LargeBinary, nullable=False),  # the last: whoever reads the others reads none of its pages
    Index("reports_by_age", "created_at", "digest"),
    Index("reports_by_label", "label", "created_at", "digest"),
    Index("reports_by_use", "last_used_at", "digest", "pinned", "stored_bytes"),  # all that retention asks for
)
"""A report in a row, compressed, with what a list of reports shows of it."""
