"""Reports by their digest."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the table and the orders it is read in."""
    op.create_table(
        "reports",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("engine_version", sa.String(32), nullable=False),
        sa.Column("label", sa.String(16), nullable=False),
        sa.Column("severity", sa.String(16), nullable=False),
        sa.Column("tendency", sa.String(16), nullable=False),
        sa.Column("depth_ratio", sa.Double),
        sa.Column("layers", sa.BigInteger, nullable=False),
        sa.Column("report_bytes", sa.BigInteger, nullable=False),
        sa.Column("stored_bytes", sa.BigInteger, nullable=False),
        sa.Column("pinned", sa.Boolean, nullable=False),
        sa.Column("report", sa.LargeBinary, nullable=False),
    )
    op.create_index("reports_by_age", "reports", ["created_at", "digest"])
    op.create_index("reports_by_label", "reports", ["label", "created_at", "digest"])
    op.create_index("reports_by_use", "reports", ["last_used_at", "digest", "pinned", "stored_bytes"])


def downgrade() -> None:
    """Drop the table, and every report with it."""
    op.drop_table("reports")
