"""An executor is alive as long as its process has its lock."""

import fcntl
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from api_tests.processes.processes import eventually
from service.jobs.liveness import Liveness, liveness_of
from service.store.engine import Address

HOLDER = """
import sys, time
from service.jobs.liveness import liveness_of
one = liveness_of(sys.argv[1], sys.argv[2])
one.hold()
print("held", flush=True)
time.sleep(600)
"""


Held = Callable[[str, str], Liveness]


@pytest.fixture
def liveness() -> Iterator[Held]:
    """The liveness of an executor in this process, let go afterwards."""
    made: list[Liveness] = []

    def of(url: str, name: str) -> Liveness:
        made.append(liveness_of(url, name))
        return made[-1]

    yield of
    for one in made:
        one.close()


def holder(url: str, name: str) -> subprocess.Popen[bytes]:
    """A process that holds the lock of the executor `name`."""
    process = subprocess.Popen([sys.executable, "-c", HOLDER, url, name], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"held\n"
    return process


def test_a_lock_goes_with_its_process_however_that_ends(database_url: str, liveness: Held) -> None:
    mine = liveness(database_url, "mine")
    mine.hold()
    other = holder(database_url, "other")
    assert mine.expired({"mine", "other", "never-was"}) == {"never-was"}
    other.send_signal(signal.SIGSTOP)
    assert mine.expired({"other"}) == set(), "a process that is stopped may go on"
    other.kill()
    other.wait()
    assert eventually(lambda: mine.expired({"other"}) == {"other"}, 60)
    assert other.stdout is not None
    other.stdout.close()
    mine.hold()
    assert liveness(database_url, "third").expired({"mine"}) == set()


def test_a_name_leads_nowhere_else(tmp_path: Path, liveness: Held) -> None:
    secret = tmp_path / "secret"
    secret.touch()
    mine = liveness(f"sqlite:///{tmp_path}/reports.sqlite3", "mine")
    mine.hold()
    mine.expired({"../secret"})
    assert secret.exists()


Before = Callable[[Callable[[], object]], None]


@pytest.fixture
def before_next_lock(monkeypatch: pytest.MonkeyPatch) -> Before:
    """What is given happens once, between the opening of the next file and its locking."""
    waiting: list[Callable[[], object]] = []

    def flock(file: int, how: int) -> None:
        if waiting:
            waiting.pop()()
        locked(file, how)

    locked = fcntl.flock
    monkeypatch.setattr(fcntl, "flock", flock)
    return waiting.append


def test_a_file_that_is_removed_before_it_is_locked_is_made_again(
    tmp_path: Path, liveness: Held, before_next_lock: Before
) -> None:
    mine, other = (liveness(f"sqlite:///{tmp_path}/reports.sqlite3", name) for name in ("mine", "other"))
    before_next_lock(lambda: other.expired({"mine"}))
    mine.hold()
    assert other.expired({"mine"}) == set()


def test_an_executor_that_looks_for_one_before_it_begins_again_takes_nothing_from_it(
    tmp_path: Path, liveness: Held, before_next_lock: Before
) -> None:
    mine, other, third = (
        liveness(f"sqlite:///{tmp_path}/reports.sqlite3", name) for name in ("mine", "other", "third")
    )
    mine.hold()
    mine.close()

    def begun_again() -> None:
        assert third.expired({"mine"}) == {"mine"}
        mine.hold()

    before_next_lock(begun_again)
    assert other.expired({"mine"}) == set()
    assert third.expired({"mine"}) == set()


def test_an_executor_whose_file_was_removed_makes_another(tmp_path: Path, liveness: Held) -> None:
    mine, other = (liveness(f"sqlite:///{tmp_path}/reports.sqlite3", name) for name in ("mine", "other"))
    mine.hold()
    shutil.rmtree(tmp_path / "reports.sqlite3.executors")
    assert other.expired({"mine"}) == {"mine"}
    mine.hold()
    assert other.expired({"mine"}) == set()


def test_a_lock_that_was_lost_with_its_connection_is_taken_again(
    request: pytest.FixtureRequest, liveness: Held
) -> None:
    url = request.getfixturevalue("postgres").database()
    mine, other = liveness(url, "mine"), liveness(url, "other")
    mine.hold()
    engine = create_engine(Address.of(url).url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        others = text("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'")
        connection.execute(others)
    engine.dispose()
    assert eventually(lambda: other.expired({"mine"}) == {"mine"}, 60)
    with pytest.raises(Exception, match=r"terminat|clos|connection"):
        mine.hold()
    mine.hold()
    assert other.expired({"mine"}) == set()
