"""The schema of a database, brought up or down: by the service itself, or by an operator from the command line."""

import sys
from collections.abc import Callable
from importlib.resources import files
from typing import TYPE_CHECKING, ClassVar

from sqlalchemy import Connection, Engine, inspect, text

from service.core.settings import Settings
from service.store.engine import Address, write_transaction
from service.store.failures import FAILURES, Reason, UnknownSchema

if TYPE_CHECKING:
    from alembic.config import Config

_LOCK = 0x67726164  # the number of PostgreSQL's lock that a process takes to change the schema
_FAILED = 2


class Schema:
    """The schema of the database behind an engine; it is safe where several processes change it at once."""

    NEWEST: ClassVar[str] = "0005"
    """The newest revision of the migrations."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def revision(self) -> str | None:
        """The revision; None where there is no schema yet. It loads nothing of Alembic."""
        with self._engine.connect() as connection:
            return _revision_of(connection)

    def upgrade(self) -> None:
        """Bring it to its newest revision; one look where it is there already."""
        if self.revision() != self.NEWEST:
            self._change("upgrade", "head")

    def downgrade(self, revision: str) -> None:
        """Bring it down to `revision`: a name, `base`, or `-1` for a step; UnknownSchema where there is no such."""
        self._change("downgrade", revision)

    def _change(self, action: str, revision: str) -> None:
        from alembic import command  # noqa: PLC0415 - here, not under the lock
        from alembic.util import CommandError  # noqa: PLC0415

        with write_transaction(self._engine, patient=True) as connection:  # all steps or none, in SQLite, too
            _lock(connection)
            if action == "upgrade" and _revision_of(connection) == self.NEWEST:
                return  # the process that held the lock has done it for all that waited
            try:
                getattr(command, action)(_configuration(connection), revision)
            except CommandError as error:
                raise UnknownSchema(str(error)) from None


def change_database(action: str, revision: str = "") -> int:
    """Do `action` (upgrade, downgrade to `revision`, or current: nothing) and print the revision; the exit status."""
    address = Address.of(Settings().database_url)
    engine = address.engine()
    schema = Schema(engine)
    try:
        if address.file is not None:
            address.file.parent.mkdir(parents=True, exist_ok=True)
        _ACTIONS[action](schema, revision)
        current = schema.revision()
        sys.stdout.write(f"{current} (newest)\n" if current == Schema.NEWEST else f"{current or 'none'}\n")
    except UnknownSchema as error:
        sys.stderr.write(f"{error}\n")
        return _FAILED
    except FAILURES as error:
        sys.stderr.write(f"The store of reports is not available: {Reason.of(error)}.\n")
        return _FAILED
    finally:
        engine.dispose()
    return 0


_ACTIONS: dict[str, Callable[[Schema, str], None]] = {
    "upgrade": lambda schema, _: schema.upgrade(),
    "downgrade": Schema.downgrade,
    "current": lambda _schema, _revision: None,
}


def _revision_of(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found


def _configuration(connection: Connection) -> "Config":
    """Alembic's settings, for its commands on `connection`."""
    from alembic.config import Config  # noqa: PLC0415 - slow to load, and needed only where the schema changes

    config = Config()
    config.set_main_option("script_location", str(files("service.store") / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _lock(connection: Connection) -> None:
    """Wait for the process that changes the schema now; SQLite has done so at the beginning of the transaction."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
