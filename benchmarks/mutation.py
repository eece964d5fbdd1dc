"""Plant one mutation after another into a copy of the repository, and see whether the tests named for it fail.

`make mutation` tries all of `benchmarks/mutations.toml`, `make mutation ONLY="theory store/failures"` those in files
whose names below `service/` begin so. `make mutation FILES="grading/inequality.py"` tries every single mutation of the
comparisons, constants, conditions and signs of these files, see `mutants.py`.

A mutation is *killed* where its tests fail or take longer than their limit, and *survives* where they pass: then no
test says what the text that was replaced says. One that changes nothing that anybody could see is *equivalent*: the
table says why. Before, every set of tests runs on the copy as it is: one that fails there judges nothing, and neither
does a mutation whose old text is not in its file exactly once. Such entries are *stale*, as is an equivalent one that
is killed, and have to be written anew.

The table has an array of tables for each room, and one of the files that are tried as a whole:

    [[theory]]
    file = "mean_field.py"          # in the room
    old = "gains.append(0.5 * "     # the text to be replaced, once in the file
    new = "gains.append(0.25 * "
    tests = ["theory"]              # below api_tests; and options of pytest
    equivalent = "reason"           # only where no test can notice it

    [[every]]
    file = "theory/mean_field.py"
    tests = ["theory"]
    equivalent = [["if len(stages) < 2:", "reason"]]  # by the line as the mutation leaves it, or by `old → new`
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from itertools import zip_longest
from pathlib import Path
from queue import Queue
from typing import Any

import pytest
from mutants import replacements, taken_up

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "benchmarks" / "mutations.toml"
LIMIT_SECONDS = 240.0
AT_ONCE = 2
_LEFT_BEHIND = shutil.ignore_patterns(".*", "__pycache__", "node_modules", "artefacts")
_PASSED, _FAILED, _INTERRUPTED = 0, 1, 2  # pytest's exit statuses; a module that cannot be imported interrupts it
_TOO_LONG, _UNSOUND, _ELSEWHERE = -1, 98, 99
_TALK = 3  # the file through which a process that has collected tests says how they ended
_PYTEST = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider"]


class Fate(StrEnum):
    """What the tests have to say of a mutation."""

    KILLED = "killed"
    SURVIVED = "survived"
    EQUIVALENT = "equivalent"
    STALE = "stale"


@dataclass(frozen=True)
class Mutation:
    """One text in a file of `service/` for another, and the tests that should notice."""

    file: str
    old: str
    new: str
    tests: tuple[str, ...]
    equivalent: str = ""
    at: int | None = None  # where the old text begins; None where it is in the file once

    @property
    def room(self) -> str:
        """The room that the file is in."""
        return self.file.partition("/")[0]

    @property
    def path(self) -> str:
        """The file below the root of the repository."""
        return f"service/{self.file}"

    @property
    def flaw(self) -> str | None:
        """Why it cannot be planted; None where it can."""
        file = ROOT / self.path
        if not file.is_file():
            return "there is no such file"
        found = 1 if self.at is not None else file.read_text(encoding="utf-8").count(self.old)
        paths = [test.partition("::")[0] for test in self.tests if not test.startswith("-")]
        missing = [path for path in paths if not (ROOT / "api_tests" / path).exists()]
        if found != 1:
            return f"the old text is in the file {found} times"
        return f"there are no tests {', '.join(missing)}" if missing else None

    def planted(self, text: str) -> str:
        """`text` with it in it."""
        at = text.index(self.old) if self.at is None else self.at
        return f"{text[:at]}{self.new}{text[at + len(self.old) :]}"

    def __str__(self) -> str:
        if self.at is None:
            return f"{self.file}: {' '.join(self.old.split())} → {' '.join(self.new.split())}"
        text = (ROOT / self.path).read_text(encoding="utf-8")
        return f"{self.file}:{text.count(chr(10), 0, self.at) + 1}: {self.old} → {self.new} in: {_line(self, text)}"


def _line(mutation: Mutation, text: str) -> str:
    """The line that `mutation` leaves, by which the table names it."""
    at, planted = mutation.at or 0, mutation.planted(text)
    return planted[planted.rfind("\n", 0, at) + 1 :].partition("\n")[0].strip()


@dataclass
class Copy:
    """A copy of the repository, in which one set of tests runs at a time."""

    root: Path
    _collected: tuple[str, ...] = ()
    _server: subprocess.Popen[str] | None = None
    _useful: bool = False  # whether the tests pass in such a process
    _sound: bool = False  # whether they pass at all

    @contextmanager
    def mutated(self, mutation: Mutation) -> Iterator[None]:
        """The copy with `mutation` in it."""
        file = self.root / mutation.path
        text = file.read_text(encoding="utf-8")
        file.write_text(mutation.planted(text), encoding="utf-8")
        try:
            yield
        finally:
            file.write_text(text, encoding="utf-8")

    def run(self, tests: tuple[str, ...]) -> int:
        """Pytest's exit status over `tests` up to the first that fails; _TOO_LONG where they took too long."""
        with subprocess.Popen([*_PYTEST, *_named(tests)], start_new_session=True, **self._place()) as process:
            try:
                return process.wait(LIMIT_SECONDS)
            except subprocess.TimeoutExpired:
                return _TOO_LONG
            finally:
                _end(process.pid)

    def run_mutated(self, mutation: Mutation) -> int:
        """The same with `mutation`: in a child of a process that has collected the tests, where that can be."""
        text = (self.root / mutation.path).read_text(encoding="utf-8")
        if self._collected != mutation.tests:
            self.end()
            line = [sys.executable, __file__, "--serve", *_named(mutation.tests)]
            self._server = subprocess.Popen(line, stdin=subprocess.PIPE, text=True, **self._place(subprocess.PIPE))
            self._collected = mutation.tests
            self._useful = self._served(mutation.path, text, text) == _PASSED
            self._sound = self._useful or self.run(mutation.tests) == _PASSED
        if not self._sound:
            return _UNSOUND
        with self.mutated(mutation):
            status = self._served(mutation.path, text, mutation.planted(text)) if self._useful else _ELSEWHERE
            return self.run(mutation.tests) if status == _ELSEWHERE else status

    def _served(self, path: str, before: str, after: str) -> int:
        """What the process says that has collected the tests; _ELSEWHERE where it has ended."""
        if self._server is None or self._server.stdin is None or self._server.stdout is None:
            return _ELSEWHERE
        with suppress(BrokenPipeError):
            self._server.stdin.write(json.dumps([path, before, after]) + "\n")
            self._server.stdin.flush()
        return int(self._server.stdout.readline() or _ELSEWHERE)

    def end(self) -> None:
        """End the process that has collected tests."""
        if self._server is not None:
            with suppress(BrokenPipeError):
                self._server.communicate()
            self._server, self._collected = None, ()

    def _place(self, output: int = subprocess.DEVNULL) -> dict[str, Any]:
        """Without byte code: that of one mutation could be taken for that of the next."""
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(self.root)}
        return {"cwd": self.root, "env": environment, "stdout": output, "stderr": subprocess.DEVNULL}


class _Server:
    """A plugin of pytest that runs the tests it has collected once for every mutation that it reads, in a child."""

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Say the exit status of each, _ELSEWHERE of one that a running process cannot take up."""
        for line in sys.stdin:
            child = os.fork()
            if not child:
                os.setsid()
                os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
                status = _ELSEWHERE  # where the module cannot even be loaded
                try:
                    status = self._tried(session, *json.loads(line))
                finally:
                    os._exit(status)
            os.write(_TALK, f"{_status_of(child)}\n".encode())
        return True

    def _tried(self, session: pytest.Session, path: str, before: str, after: str) -> int:
        if not taken_up(path, before, after):
            return _ELSEWHERE
        for item, following in zip_longest(session.items, session.items[1:]):
            session.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if session.testsfailed:
                return _FAILED
        return _PASSED


def _serve(tests: list[str]) -> None:
    os.dup2(1, _TALK, inheritable=False)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 1)
    pytest.main(["-x", "-q", "-s", "-p", "no:cacheprovider", *tests], plugins=[_Server()])


def _status_of(child: int) -> int:
    """The exit status of `child`, all that it has started ended with it; _TOO_LONG where its time is over."""
    ends = time.monotonic() + LIMIT_SECONDS
    found, status = os.waitpid(child, os.WNOHANG)
    while not found and time.monotonic() < ends:
        time.sleep(0.02)
        found, status = os.waitpid(child, os.WNOHANG)
    _end(child)
    if not found:
        os.waitpid(child, 0)
        return _TOO_LONG
    return os.waitstatus_to_exitcode(status)


def _named(tests: tuple[str, ...]) -> list[str]:
    return [test if test.startswith("-") else f"api_tests/{test}" for test in tests]


def _end(group: int) -> None:
    """End whatever the tests have started and not ended."""
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


def mutations(beginnings: list[str]) -> list[Mutation]:
    """The mutations of the table in files that begin with one of `beginnings`; all of them where there is none."""
    rooms = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    found = [
        Mutation(
            f"{room}/{entry['file']}", entry["old"], entry["new"], tuple(entry["tests"]), entry.get("equivalent", "")
        )
        for room, entries in rooms.items()
        for entry in entries
        if room != "every"
    ]
    return [one for one in found if one.file.startswith(tuple(beginnings or [""]))]


def every(file: str) -> list[Mutation]:
    """Every single mutation of `file`, with the tests that the table names for it, or for its own entries."""
    known = [one for one in tomllib.loads(TABLE.read_text(encoding="utf-8"))["every"] if one["file"] == file]
    named = [test for one in known for test in one["tests"]] or [
        test for one in mutations([file]) for test in one.tests
    ]
    reasons = {line: reason for one in known for line, reason in one.get("equivalent", [])}
    text, tests = (ROOT / "service" / file).read_text(encoding="utf-8"), tuple(dict.fromkeys(named))
    found: list[Mutation] = []
    used: set[str] = set()
    for at, old, new in replacements(text):
        one = Mutation(file, old, new, tests, at=at)
        names = f"{old} → {new}", _line(one, text)
        reason = next((reasons[name] for name in names if name in reasons), "")
        used.update(names)
        found.append(Mutation(file, old, new, tests, reason, at))
    for name in reasons.keys() - used:
        print(f"there is no such mutation of {file}: {name}")
    return found


class Trial:
    """Mutations, tried in a few copies at once."""

    def __init__(self, folder: Path) -> None:
        self._copies: Queue[Copy] = Queue()
        for number in range(AT_ONCE):
            root = folder / str(number)
            shutil.copytree(ROOT, root, ignore=_LEFT_BEHIND)
            self._copies.put(Copy(root))

    def fates(self, chosen: list[Mutation]) -> Iterator[tuple[Mutation, Fate]]:
        """What becomes of each, in their order; they are printed as they end."""
        with ThreadPoolExecutor(AT_ONCE) as threads:
            yield from zip(chosen, threads.map(self._fate, chosen), strict=True)

    def end(self) -> None:
        """End all that runs tests."""
        while not self._copies.empty():
            self._copies.get().end()

    def _fate(self, mutation: Mutation) -> Fate:
        copy, started = self._copies.get(), time.perf_counter()
        try:
            status = copy.run_mutated(mutation)
        finally:
            self._copies.put(copy)
        fate = _fate_of(status, bool(mutation.equivalent))
        print(f"{fate:10}  {time.perf_counter() - started:4.0f} s  {mutation}", flush=True)
        return fate


def _fate_of(status: int, equivalent: bool) -> Fate:
    if status == _PASSED:
        return Fate.EQUIVALENT if equivalent else Fate.SURVIVED
    return Fate.KILLED if status in (_FAILED, _INTERRUPTED, _TOO_LONG) and not equivalent else Fate.STALE


def main() -> int:
    """Try them, and print the fate of each, the counts by room, and those that survive; 1 where any is stale."""
    parser = argparse.ArgumentParser()
    parser.add_argument("beginnings", nargs="*")
    parser.add_argument("--every", action="append", default=[], metavar="FILE")
    asked = parser.parse_args()
    chosen = [one for file in asked.every for one in every(file)] or mutations(asked.beginnings)
    flaws = {one: flaw for one in chosen if (flaw := one.flaw)}
    with tempfile.TemporaryDirectory(prefix="mutation-") as folder:
        trial, sound = Trial(Path(folder)), [one for one in chosen if one not in flaws]
        found = dict(trial.fates(sorted(sound, key=lambda one: (one.room, one.tests))))
        trial.end()
    for room in dict.fromkeys(one.room for one in found):
        here = [fate for one, fate in found.items() if one.room == room]
        print(f"{room}: {here.count(Fate.KILLED)} of {len(here)} killed, {here.count(Fate.EQUIVALENT)} equivalent")
    _listed("equivalent", [f"{one}: {one.equivalent}" for one, fate in found.items() if fate is Fate.EQUIVALENT])
    _listed("survived", [str(one) for one, fate in found.items() if fate is Fate.SURVIVED])
    stale = [f"{one}: {flaw}" for one, flaw in flaws.items()]
    stale += [
        f"{one}: its tests fail without it, or with it though it is equivalent"
        for one, fate in found.items()
        if fate is Fate.STALE
    ]
    _listed("stale", stale)
    return bool(stale)


def _listed(title: str, lines: list[str]) -> None:
    if lines:
        print(f"{title}:", *lines, sep="\n  ")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        _serve(sys.argv[2:])
    else:
        sys.exit(main())
