"""The measure `reach` of stored rubrics is called `end_to_end_ratio`."""

import json
import zlib

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_OLD, _NEW = "reach", "end_to_end_ratio"
_MEASURING = ("ranking", "change")
_ASSIGNMENTS = sa.table("assignments", sa.column("id", sa.String), sa.column("rubric", sa.LargeBinary))


def upgrade() -> None:
    """Call it by its new name."""
    _rename(_OLD, _NEW)


def downgrade() -> None:
    """Call it by its old name."""
    _rename(_NEW, _OLD)


def _rename(old: str, new: str) -> None:
    """Rename a measure in every rubric, one at a time; `updated_at` stays, for no new rubric was put."""
    connection = op.get_bind()
    for name in connection.execute(sa.select(_ASSIGNMENTS.c.id)).scalars().all():
        here = _ASSIGNMENTS.c.id == name
        packed = connection.execute(sa.select(_ASSIGNMENTS.c.rubric).where(here)).scalar_one()
        renamed = _renamed(packed, old, new)
        if renamed is not None:
            connection.execute(sa.update(_ASSIGNMENTS).where(here).values(rubric=renamed))


def _renamed(packed: bytes, old: str, new: str) -> bytes | None:
    """The compressed rubric with the measure renamed; None where it has none by that name, or cannot be read."""
    try:
        rubric = json.loads(zlib.decompress(packed))
    except (zlib.error, ValueError):
        return None  # what the disk has spoilt is no reason not to start
    claims = [one for one in rubric["claims"] if one["kind"] in _MEASURING and one.get("measure") == old]
    for claim in claims:
        claim["measure"] = new
    text = json.dumps(rubric, ensure_ascii=False, separators=(",", ":"))
    return zlib.compress(text.encode()) if claims else None
