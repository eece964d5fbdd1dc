"""What is left of a store whose process was killed while it wrote."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from itertools import islice
from pathlib import Path

from api_tests.store.keeping import Clock, Keeping, digest_of, report_of

ROOT = Path(__file__).resolve().parent.parent.parent
ROUNDS, AT_ONCE = 4, 2


def killed_while_writing(url: str, first: int, reports: int) -> list[int]:
    """The numbers that two processes said they had put, when both were killed after so many."""
    commands = [
        [sys.executable, "-m", "api_tests.store.writer", url, str(first + 1000 * n), "0"] for n in range(AT_ONCE)
    ]
    writers = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for command in commands]
    said: list[str] = []
    for process in writers:
        said += islice(process.stdout or (), reports)
    for process in writers:
        process.kill()
    for process in writers:
        rest, _ = process.communicate(timeout=60)
        said += [line for line in rest.splitlines(keepends=True) if line.endswith("\n")]
    return [int(line) for line in said]


def test_processes_that_are_killed_lose_nothing_that_they_said_was_kept(tmp_path: Path) -> None:
    path = tmp_path / "reports.sqlite3"
    url = f"sqlite:///{path}"
    acknowledged: list[int] = []
    for round_ in range(ROUNDS):
        acknowledged += killed_while_writing(url, 10_000 * round_, reports=1 + 7 * round_)
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert len(acknowledged) >= 2 * sum(1 + 7 * round_ for round_ in range(ROUNDS))
    store = Keeping(url, Clock())
    assert all(store.get(digest_of(number)) == report_of(number, padding=3000) for number in acknowledged)
    store.close()
