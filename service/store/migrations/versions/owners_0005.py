"""Owners and sizes of all that is kept, and the executors that are alive."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_OWNED, _SIZED = ("reports", "assignments"), ("assignments", "jobs")
_INDEXES = {
    "reports_by_owner": ("reports", ["owner", "created_at", "digest"]),
    "reports_by_pin": ("reports", ["pinned", "owner", "stored_bytes"]),
    "assignments_by_owner": ("assignments", ["owner", "stored_bytes"]),
    "jobs_by_owner": ("jobs", ["owner", "created_at", "id", "stored_bytes"]),
}
_SIZES = (
    "UPDATE assignments SET stored_bytes = length(rubric)",
    "UPDATE jobs SET stored_bytes = length(request) + coalesce(length(prepared), 0)"
    " + coalesce((SELECT sum(length(lines)) FROM job_results WHERE job_id = jobs.id), 0)",
)


def upgrade() -> None:
    """What was kept before has no owner: a service without keys finds it, and an administrator."""
    for table in _OWNED:
        op.add_column(table, sa.Column("owner", sa.String(64), nullable=False, server_default=""))
    for table in _SIZED:
        op.add_column(table, sa.Column("stored_bytes", sa.BigInteger, nullable=False, server_default="0"))
    for statement in _SIZES:
        op.execute(statement)
    for name, (table, columns) in _INDEXES.items():
        op.create_index(name, table, columns)
    op.create_table(
        "executors",
        sa.Column("name", sa.String(128), primary_key=True),
        sa.Column("host", sa.String(255), nullable=False),
        sa.Column("pid", sa.BigInteger, nullable=False),
        sa.Column("beats", sa.BigInteger, nullable=False),
        sa.Column("heard_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lost", sa.Boolean, nullable=False),
    )


def downgrade() -> None:
    """Drop them: everything is everybody's again."""
    op.drop_table("executors")
    for name, (table, _) in _INDEXES.items():
        op.drop_index(name, table)
    for table in _SIZED:
        op.drop_column(table, "stored_bytes")
    for table in _OWNED:
        op.drop_column(table, "owner")
