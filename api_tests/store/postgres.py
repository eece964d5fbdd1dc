"""A PostgreSQL server of the tests' own, in a temporary folder, where it is installed."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text

from service.store.engine import Address

DEBIAN = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)
USER = "postgres"
_NUMBERS = count(1)
_END_OTHERS = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()"""
_SCHEMAS = r"SELECT nspname FROM pg_namespace WHERE nspname NOT LIKE 'pg\_%' AND nspname <> 'information_schema'"


def binary(name: str) -> Path | None:
    """A program of PostgreSQL's; None where it is not installed, or root has nobody to run it as."""
    places = [*DEBIAN, *(Path(found).parent for found in [shutil.which(name)] if found)]
    found = next((place / name for place in places if (place / name).exists()), None)
    return found if found and (os.geteuid() != 0 or USER in {one.pw_name for one in pwd.getpwall()}) else None


class Server:
    """A server that can be stopped and started again, always on the same port."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._as: dict[str, Any] = {"user": USER, "group": USER, "extra_groups": []} if os.geteuid() == 0 else {}
        self.port = free_port()
        self.url = f"postgresql://{USER}@127.0.0.1:{self.port}"
        self._emptied: list[str] = []

    def make(self) -> None:
        """Make its files; nobody but the tests can reach it, and what it holds may be lost."""
        folder = self._folder / "data"
        self._run("initdb", "-D", str(folder), "-U", USER, "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C")
        settings = f"listen_addresses='127.0.0.1'\nport={self.port}\nunix_socket_directories=''\nfsync=off\n"
        (folder / "postgresql.auto.conf").write_text(settings, encoding="utf-8")

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self._run("pg_ctl", "-D", str(self._folder / "data"), "-w", "-l", str(self._folder / "log"), "start")

    def stop(self) -> None:
        """Stop it, and every connection with it."""
        self._run("pg_ctl", "-D", str(self._folder / "data"), "-w", "-m", "immediate", "stop")

    def database(self) -> str:
        """The URL of a database that is empty: a new one, three hundred files, unless one was given back."""
        if self._emptied:
            return self._emptied.pop()
        name = f"store_{next(_NUMBERS)}"
        engine = create_engine(Address.of(f"{self.url}/postgres").url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        engine.dispose()
        return f"{self.url}/{name}"

    def give_back(self, url: str) -> None:
        """End the connections to a database that `database` has given, and empty it for the next one who asks."""
        engine = create_engine(Address.of(url).url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(_END_OTHERS))
            for schema in connection.execute(text(_SCHEMAS)).scalars().all():
                connection.execute(text(f'DROP SCHEMA "{schema}" CASCADE'))
            connection.execute(text("CREATE SCHEMA public"))
        engine.dispose()
        self._emptied.append(url)

    def _run(self, program: str, *arguments: str) -> None:
        found = binary(program)
        if found is None:
            raise FileNotFoundError(program)
        silent: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": "/"}
        subprocess.run([str(found), *arguments], check=True, timeout=60, **silent, **self._as)


@contextmanager
def running_postgres() -> Iterator[Server]:
    """A server that runs."""
    with tempfile.TemporaryDirectory(prefix="gradient-verdict-postgres-") as folder:
        if os.geteuid() == 0:
            shutil.chown(folder, USER, USER)
        server = Server(Path(folder))
        server.make()
        server.start()
        try:
            yield server
        finally:
            server.stop()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
