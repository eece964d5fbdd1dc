"""The tables; the migrations lead to them, and a test compares both."""

from datetime import UTC, datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Double,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    func,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator


class _Utc(TypeDecorator[datetime]):
    """An instant, in UTC; SQLite keeps it as a text that sorts as it does."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """The value as it is written, in UTC."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """The value as it is read, in UTC: SQLite forgets the zone, PostgreSQL gives it in its session's."""
        if value is None:
            return None
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


METADATA = MetaData()

REPORTS = Table(
    "reports",
    METADATA,
    Column("digest", String(64), primary_key=True),
    Column("created_at", _Utc, nullable=False),
    Column("last_used_at", _Utc, nullable=False),
    Column("engine_version", String(32), nullable=False),
    Column("label", String(16), nullable=False),
    Column("severity", String(16), nullable=False),
    Column("tendency", String(16), nullable=False),
    Column("depth_ratio", Double),
    Column("layers", BigInteger, nullable=False),
    Column("report_bytes", BigInteger, nullable=False),
    Column("stored_bytes", BigInteger, nullable=False),
    Column("pinned", Boolean, nullable=False),
    Column("report", LargeBinary, nullable=False),  # those before it are read without any of its pages
    Column("owner", String(64), nullable=False),
    Index("reports_by_age", "created_at", "digest"),
    Index("reports_by_label", "label", "created_at", "digest"),
    Index("reports_by_use", "last_used_at", "digest", "pinned", "stored_bytes"),  # all that retention asks for
    Index("reports_by_owner", "owner", "created_at", "digest"),
    Index("reports_by_pin", "pinned", "owner", "stored_bytes"),  # all that a bound on evidence asks for
)
"""A report in a row, compressed, with what a list of reports shows of it."""

POINTS = Table(
    "points",
    METADATA,
    Column("digest", String(64), primary_key=True),
    Column("last_used_at", _Utc, nullable=False),
    Column("stored_bytes", BigInteger, nullable=False),
    Column("point", LargeBinary, nullable=False),
    Index("points_by_use", "last_used_at", "digest", "stored_bytes"),
)
"""What sweeps keep of reports: one reduced to its verdict in a row, compressed."""

ASSIGNMENTS = Table(
    "assignments",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("created_at", _Utc, nullable=False),
    Column("updated_at", _Utc, nullable=False),
    Column("rubric", LargeBinary, nullable=False),
    Column("owner", String(64), nullable=False),
    Column("stored_bytes", BigInteger, nullable=False),
    Index("assignments_by_owner", "owner", "stored_bytes"),
)
"""Rubrics by the name of their assignment, compressed."""

JOBS = Table(
    "jobs",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("status", String(16), nullable=False),
    Column("owner", String(64), nullable=False),
    Column("idempotency_key", String(255)),
    Column("asked", String(64), nullable=False),  # a digest of all that was sent, for the key
    Column("digest", String(64), nullable=False),
    Column("engine_version", String(32), nullable=False),
    Column("created_at", _Utc, nullable=False),
    Column("started_at", _Utc),
    Column("ended_at", _Utc),
    Column("total", BigInteger, nullable=False),
    Column("chunk", BigInteger, nullable=False),  # items that are worked on together
    Column("done", BigInteger, nullable=False),
    Column("failed", BigInteger, nullable=False),
    Column("estimated_seconds", Double, nullable=False),
    Column("fault", String(500)),
    Column("prepared", LargeBinary),
    Column("request", LargeBinary, nullable=False),
    Column("stored_bytes", BigInteger, nullable=False),  # of the request, of what is prepared, and of all results
    UniqueConstraint("owner", "idempotency_key", name="jobs_by_key"),
    Index("jobs_by_age", "created_at", "id"),
    Index("jobs_by_status", "status", "created_at", "id"),
    Index("jobs_by_owner", "owner", "created_at", "id", "stored_bytes"),
)
"""Accepted work; the request, and what is worked out once for all its items, are compressed."""

PREPARED_BYTES = func.coalesce(func.length(JOBS.c.prepared), 0)
"""How much of a job's bytes is what is worked out once for all its items: it is dropped when the job ends."""

RESULTS = Table(
    "job_results",
    METADATA,
    Column("job_id", String(32), ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("start", BigInteger, primary_key=True, autoincrement=False),
    Column("count", BigInteger, nullable=False),
    Column("failed", BigInteger, nullable=False),
    Column("lines", LargeBinary, nullable=False),
)
"""What came out: the items of a chunk in a row, a line of JSON each, compressed."""

ATTEMPTS = Table(
    "job_attempts",
    METADATA,
    Column("job_id", String(32), ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("start", BigInteger, primary_key=True, autoincrement=False),
    Column("attempts", BigInteger, nullable=False),
)
"""How often a chunk was begun: more than once where the executor that worked on it was gone."""

EXECUTORS = Table(
    "executors",
    METADATA,
    Column("name", String(128), primary_key=True),
    Column("host", String(255), nullable=False),
    Column("pid", BigInteger, nullable=False),
    Column("beats", BigInteger, nullable=False),  # it is compared with itself: no two clocks are
    Column("heard_at", _Utc, nullable=False),  # by its own clock, for people
    Column("lost", Boolean, nullable=False),
)
"""The processes that work on jobs: each counts on while it lives; one that does not is lost, and must end."""
