"""Jobs without notes of what the engine of jobs has: it is asked."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_COLUMNS = ("dispatched", "forgotten")


def upgrade() -> None:
    """Drop both columns and the index over them."""
    op.drop_index("jobs_to_dispatch", "jobs")
    for name in _COLUMNS:
        op.drop_column("jobs", name)


def downgrade() -> None:
    """Make them again: nothing is noted, so the engine is told of every open job once more, which changes nothing."""
    for name in _COLUMNS:
        op.add_column("jobs", sa.Column(name, sa.Boolean, nullable=False, server_default=sa.false()))
    op.create_index("jobs_to_dispatch", "jobs", [*_COLUMNS, "status"])
