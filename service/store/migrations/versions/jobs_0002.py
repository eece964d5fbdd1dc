"""Reduced points, assignments, jobs and their results."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables and the orders they are read in."""
    op.create_table(
        "points",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stored_bytes", sa.BigInteger, nullable=False),
        sa.Column("point", sa.LargeBinary, nullable=False),
    )
    op.create_index("points_by_use", "points", ["last_used_at", "digest", "stored_bytes"])
    op.create_table(
        "assignments",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rubric", sa.LargeBinary, nullable=False),
    )
    _make_jobs()
    for name, columns in (
        (
            "job_results",
            (
                sa.Column("count", sa.BigInteger, nullable=False),
                sa.Column("failed", sa.BigInteger, nullable=False),
                sa.Column("lines", sa.LargeBinary, nullable=False),
            ),
        ),
        ("job_attempts", (sa.Column("attempts", sa.BigInteger, nullable=False),)),
    ):
        op.create_table(
            name,
            sa.Column("job_id", sa.String(32), sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
            sa.Column("start", sa.BigInteger, primary_key=True, autoincrement=False),
            *columns,
        )


def _make_jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("idempotency_key", sa.String(255)),
        sa.Column("asked", sa.String(64), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("engine_version", sa.String(32), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True)),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("total", sa.BigInteger, nullable=False),
        sa.Column("chunk", sa.BigInteger, nullable=False),
        sa.Column("done", sa.BigInteger, nullable=False),
        sa.Column("failed", sa.BigInteger, nullable=False),
        sa.Column("estimated_seconds", sa.Double, nullable=False),
        sa.Column("dispatched", sa.Boolean, nullable=False),
        sa.Column("forgotten", sa.Boolean, nullable=False),
        sa.Column("fault", sa.String(500)),
        sa.Column("prepared", sa.LargeBinary),
        sa.Column("request", sa.LargeBinary, nullable=False),
        sa.UniqueConstraint("owner", "idempotency_key", name="jobs_by_key"),
    )
    op.create_index("jobs_by_age", "jobs", ["created_at", "id"])
    op.create_index("jobs_by_status", "jobs", ["status", "created_at", "id"])
    op.create_index("jobs_to_dispatch", "jobs", ["dispatched", "forgotten", "status"])


def downgrade() -> None:
    """Drop the tables, and every job with them."""
    for name in ("job_attempts", "job_results", "jobs", "assignments", "points"):
        op.drop_table(name)
