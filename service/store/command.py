"""The database as an operator changes it from the command line."""

import sys
from collections.abc import Callable

from sqlalchemy import Engine

from service.core.settings import Settings
from service.store.engine import engine_of, file_of, url_of
from service.store.failures import FAILURES, UnknownSchema, reason_of
from service.store.migrate import downgrade, revision_of, upgrade
from service.store.schema import HEAD

FAILED = 2


def change_database(way: str, revision: str = "") -> int:
    """Go `way` (upgrade, downgrade to `revision`, or current: nowhere), print the revision, return the exit status."""
    url = url_of(Settings().database_url)
    engine = engine_of(url)
    try:
        file = file_of(url)
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
        _WAYS[way](engine, revision)
        sys.stdout.write(f"{_current(engine)}\n")
    except UnknownSchema as error:
        sys.stderr.write(f"{error}\n")
        return FAILED
    except FAILURES as error:
        sys.stderr.write(f"The store of reports is not available: {reason_of(error)}.\n")
        return FAILED
    finally:
        engine.dispose()
    return 0


def _current(engine: Engine) -> str:
    with engine.connect() as connection:
        revision = revision_of(connection)
    return f"{revision} (newest)" if revision == HEAD else revision or "none"


_WAYS: dict[str, Callable[[Engine, str], None]] = {
    "upgrade": lambda engine, _: upgrade(engine),
    "downgrade": downgrade,
    "current": lambda _engine, _revision: None,
}
