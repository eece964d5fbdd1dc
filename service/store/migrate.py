"""The schema of a database, brought up or down; safely where several processes start at once."""

from importlib.resources import files
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, inspect, text

from service.store.engine import be_patient, writing
from service.store.failures import UnknownSchema
from service.store.schema import HEAD

if TYPE_CHECKING:
    from alembic.config import Config

_LOCK = 0x67726164
"""The number of PostgreSQL's lock that is taken by whoever changes the schema."""


def revision_of(connection: Connection) -> str | None:
    """The revision of the schema; None where there is none yet. It loads nothing of Alembic."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found


def upgrade(engine: Engine) -> None:
    """Bring the schema to its newest revision; one look where it is there already."""
    with engine.connect() as connection:
        current = revision_of(connection)
    if current != HEAD:
        _change(engine, "upgrade", "head")


def downgrade(engine: Engine, revision: str) -> None:
    """Bring the schema down to `revision`: a name, `base`, or `-1` for a step."""
    _change(engine, "downgrade", revision)


def configuration(connection: Connection) -> "Config":
    """Alembic's settings, for its commands on `connection`."""
    from alembic.config import Config  # noqa: PLC0415 - slow to load, and needed only where the schema changes

    config = Config()
    config.set_main_option("script_location", str(files("service.store") / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _change(engine: Engine, way: str, revision: str) -> None:
    from alembic import command  # noqa: PLC0415 - here, not under the lock
    from alembic.util import CommandError  # noqa: PLC0415

    with writing(engine).begin() as connection:  # all steps or none: in SQLite, too, tables belong to transactions
        _lock(connection)
        if way == "upgrade" and revision_of(connection) == HEAD:
            return  # whoever held the lock has done it for all that waited
        try:
            getattr(command, way)(configuration(connection), revision)
        except CommandError as error:
            raise UnknownSchema(str(error)) from None


def _lock(connection: Connection) -> None:
    """Wait for whoever changes the schema now; SQLite has done so at the beginning of the transaction."""
    if connection.dialect.name == "postgresql":
        be_patient(connection)
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
