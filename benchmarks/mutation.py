"""Plant one mutation after another into a copy of the repository, and see whether the tests named for it fail.

`make mutation` tries all of `benchmarks/mutations.toml`, `make mutation ONLY="theory store/failures"` those in files
whose names below `service/` begin so. A mutation is *killed* where its tests fail or take longer than their limit, and
*survives* where they pass: then no test says what the text that was replaced says. Before, every set of tests runs on
the copy as it is: one that fails there, or has no tests, judges nothing, and neither does a mutation whose old text is
not in its file exactly once. Such entries are *stale*, and have to be written anew.

The table has an array of tables for each room:

    [[theory]]
    file = "mean_field.py"          # in the room
    old = "gains.append(0.5 * "     # the text to be replaced, once in the file
    new = "gains.append(0.25 * "
    tests = ["theory"]              # below api_tests
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from queue import Queue
from time import perf_counter

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "benchmarks" / "mutations.toml"
LIMIT_SECONDS = 240.0
AT_ONCE = 2
_LEFT_BEHIND = shutil.ignore_patterns(".*", "__pycache__", "node_modules", "artefacts")
_PASSED, _FAILED, _INTERRUPTED = 0, 1, 2  # pytest's exit statuses; a module that cannot be imported interrupts it


class Fate(StrEnum):
    """What the tests have to say of a mutation."""

    KILLED = "killed"
    SURVIVED = "survived"
    STALE = "stale"


@dataclass(frozen=True)
class Mutation:
    """One text in a file of `service/` for another, and the tests that should notice."""

    file: str
    old: str
    new: str
    tests: tuple[str, ...]

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
        found = file.read_text(encoding="utf-8").count(self.old)
        missing = [test for test in self.tests if not (ROOT / "api_tests" / test).exists()]
        if found != 1:
            return f"the old text is in the file {found} times"
        return f"there are no tests {', '.join(missing)}" if missing else None

    def __str__(self) -> str:
        return f"{self.file}: {' '.join(self.old.split())} → {' '.join(self.new.split())}"


@dataclass(frozen=True)
class Copy:
    """A copy of the repository, in which one set of tests runs at a time."""

    root: Path

    @contextmanager
    def mutated(self, mutation: Mutation) -> Iterator[None]:
        """The copy with `mutation` in it."""
        file = self.root / mutation.path
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace(mutation.old, mutation.new), encoding="utf-8")
        try:
            yield
        finally:
            file.write_text(text, encoding="utf-8")

    def run(self, tests: tuple[str, ...]) -> int | None:
        """Pytest's exit status over `tests` up to the first that fails; None where they took too long."""
        line = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider"]
        line += [f"api_tests/{test}" for test in tests]
        with subprocess.Popen(
            line,
            cwd=self.root,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},  # of two mutations of one size within a second
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            try:
                return process.wait(LIMIT_SECONDS)
            except subprocess.TimeoutExpired:
                return None
            finally:
                _end(process.pid)


def _end(group: int) -> None:
    """End whatever the tests have started and not ended."""
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return


def mutations(beginnings: list[str]) -> list[Mutation]:
    """The mutations of the table in files that begin with one of `beginnings`; all of them where there is none."""
    rooms = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    found = [
        Mutation(f"{room}/{entry['file']}", entry["old"], entry["new"], tuple(entry["tests"]))
        for room, entries in rooms.items()
        for entry in entries
    ]
    return [one for one in found if one.file.startswith(tuple(beginnings or [""]))]


class Trial:
    """Mutations, tried in a few copies at once."""

    def __init__(self, folder: Path) -> None:
        self._copies: Queue[Copy] = Queue()
        for number in range(AT_ONCE):
            root = folder / str(number)
            shutil.copytree(ROOT, root, ignore=_LEFT_BEHIND)
            self._copies.put(Copy(root))

    def passing(self, chosen: list[Mutation]) -> set[tuple[str, ...]]:
        """The sets of tests that pass without any mutation."""
        sets = list(dict.fromkeys(one.tests for one in chosen))
        with ThreadPoolExecutor(AT_ONCE) as threads:
            return {
                tests for tests, status in zip(sets, threads.map(self._plain, sets), strict=True) if status == _PASSED
            }

    def fates(self, chosen: list[Mutation]) -> Iterator[tuple[Mutation, Fate]]:
        """What becomes of each, in their order; they are printed as they end."""
        with ThreadPoolExecutor(AT_ONCE) as threads:
            yield from zip(chosen, threads.map(self._fate, chosen), strict=True)

    def _plain(self, tests: tuple[str, ...]) -> int | None:
        copy, started = self._copies.get(), perf_counter()
        try:
            status = copy.run(tests)
        finally:
            self._copies.put(copy)
        print(
            f"{'pass' if status == _PASSED else 'FAIL':8}  {perf_counter() - started:4.0f} s  {', '.join(tests)}",
            flush=True,
        )
        return status

    def _fate(self, mutation: Mutation) -> Fate:
        copy, started = self._copies.get(), perf_counter()
        try:
            with copy.mutated(mutation):
                status = copy.run(mutation.tests)
        finally:
            self._copies.put(copy)
        known = {_PASSED: Fate.SURVIVED, _FAILED: Fate.KILLED, _INTERRUPTED: Fate.KILLED, None: Fate.KILLED}
        fate = known.get(status, Fate.STALE)
        print(f"{fate:8}  {perf_counter() - started:4.0f} s  {mutation}", flush=True)
        return fate


def main() -> int:
    """Try them, and print what became of each, the counts by room, and those that survive; 1 where any is stale."""
    chosen = mutations(sys.argv[1:])
    flaws = {one: flaw for one in chosen if (flaw := one.flaw)}
    with tempfile.TemporaryDirectory(prefix="mutation-") as folder:
        trial, sound = Trial(Path(folder)), [one for one in chosen if one not in flaws]
        passing = trial.passing(sound)
        flaws |= {one: f"{', '.join(one.tests)} fail without it" for one in sound if one.tests not in passing}
        found = dict(trial.fates([one for one in sound if one not in flaws]))
    for room in dict.fromkeys(one.file.partition("/")[0] for one in found):
        here = [fate for one, fate in found.items() if one.file.startswith(f"{room}/")]
        print(f"{room}: {here.count(Fate.KILLED)} of {len(here)} killed")
    _listed("survived", [str(one) for one, fate in found.items() if fate is Fate.SURVIVED])
    stale = [f"{one}: {flaw}" for one, flaw in flaws.items()]
    stale += [f"{one}: its tests did not run" for one, fate in found.items() if fate is Fate.STALE]
    _listed("stale", stale)
    return bool(stale)


def _listed(title: str, lines: list[str]) -> None:
    if lines:
        print(f"{title}:", *lines, sep="\n  ")


if __name__ == "__main__":
    sys.exit(main())
