"""What every file must survive: it is imported or refused in no time, with little memory, and nothing else happens.

`python -m api_tests.imports.hostile <format> <count> <seed>` does it to so many mutations of sound files, in a process
of its own, and prints what was found as JSON. A process that is ended by the system has left the file that it was at.
"""

import encodings.cp437  # noqa: F401 - that of names in archives, which is loaded with the first that needs it
import gc
import json
import os
import random
import resource
import signal
import sys
import tempfile
import traceback
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from time import process_time
from typing import Any

from api_tests.imports.hostile_files import MADE
from api_tests.imports.hostile_seeds import FORMATS
from service.core.errors import Refusal
from service.core.pointers import walk
from service.imports.base import Options, Source
from service.imports.bounded import bounded_import

LONGEST_SECONDS = 1.0
"""Of the processor, for one file."""
MOST_BYTES = 200_000_000
"""Of memory beyond what the process has after it has read sound files."""
_ENDED_AFTER_SECONDS = 30.0
_STEM = "mutated.bin"
HARMFUL = (
    "exec", "compile", "import", "pickle.find_class", "marshal.", "os.", "subprocess.", "socket.", "ctypes.", "shutil.",
    "code.__new__", "function.__new__", "open", "urllib.", "webbrowser.", "tempfile.", "glob.", "builtins.input",
)  # fmt: skip
"""Beginnings of audit events that no reader has a reason for; a file that is opened by its own path aside."""


@dataclass
class Found:
    """What became of many files."""

    imported: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    defects: Counter[str] = field(default_factory=Counter)
    slow: dict[str, float] = field(default_factory=dict)
    slowest_seconds: float = 0.0
    happened: Counter[str] = field(default_factory=Counter)
    memory_bytes: int = 0

    @property
    def faults(self) -> list[str]:
        """All that must not be, in words."""
        found = [f"{count} times {name}" for name, count in {**self.defects, **self.happened}.items()]
        found += [f"{seconds:.2f} s for {name}" for name, seconds in self.slow.items()]
        return found + ([f"{self.memory_bytes} bytes of memory"] if self.memory_bytes > MOST_BYTES else [])


class Watch:
    """Notes what Python audits while a file is read; for the life of the process, for a hook cannot be taken back."""

    def __init__(self) -> None:
        self.file: str | None = None
        self.happened: Counter[str] = Counter()
        sys.addaudithook(self._note)

    def _note(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.file is None or not event.startswith(HARMFUL):
            return
        if event == "open" and str(arguments[0]) in (self.file, "/proc/self/statm"):
            return
        shown = f"{event} {arguments[0]!r}" if arguments else event
        self.happened[shown[:200]] += 1

    @contextmanager
    def of(self, file: Path) -> Iterator[None]:
        """Watch over what is done to this file."""
        self.file = str(file)
        try:
            yield
        finally:
            self.file = None


def survive(source: str, file: Path, found: Found, watch: Watch, name: str) -> None:
    """Read the file as the service does, and keep what came of it."""
    began = process_time()
    try:
        with watch.of(file):
            answer = bounded_import(Source(source), file, Options())
            answer.model_dump_json()
        found.imported += 1
    except Refusal as refusal:
        found.refused[refusal.code] += 1
        json.dumps(refusal.sentence)
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        place = traceback.extract_tb(error.__traceback__)[-1]
        own = [one for one in traceback.extract_tb(error.__traceback__) if "/service/" in one.filename] or [place]
        where = f"{Path(own[-1].filename).name}:{own[-1].lineno}"
        found.defects[f"{type(error).__name__} at {where}: {str(error)[:120]}"] += 1
        keep = file.with_name(f"{source}-{type(error).__name__}-{own[-1].lineno}.bin")
        keep.write_bytes(file.read_bytes())
    took = process_time() - began
    found.slowest_seconds = max(found.slowest_seconds, took)
    if took > LONGEST_SECONDS:
        found.slow[name] = took


_NUMBERS = (0, -1, 1, 2, 3, 7, 10**12, 10**30, -(10**12), 0.5, -0.5, 1e308, -1e-308, 2**31, 2**63, 65_536)
_WORDS = (
    "", "relu", "softmax", "Lambda", "TFOpLambda", "Dense", "Conv2D", "LSTM", "Bidirectional", "TimeDistributed", "Add",
    "Concatenate", "Functional", "Sequential", "channels_first", "same", "causal", "__class__", "__import__('os')",
    "os.system", "\ud800", "\0", "é" * 40, "x" * 5_000, "/etc/passwd", "../../x", "gelu", "none", "None", "1e999",
)  # fmt: skip


_BYTES = (b"\xff", b"\0", b"[" * 500, b'{"a":' * 500, b"9" * 30, b'"', b"null", b"\xff\xff\xff\x7f")
_NAMES = ("CLASS_NAME", "class_name", "config", "kind", "__class__", "layers", "x")


class Mutator:
    """Makes files from sound ones: of their bytes, and of the JSON in them."""

    def __init__(self, seeds: list[bytes], rng: random.Random) -> None:
        self._seeds = seeds
        self._rng = rng

    def mutant(self) -> bytes:
        """One of the seeds after a few changes."""
        data = self._rng.choice(self._seeds)
        change = self._of_json if self._rng.random() < 0.7 else self._of_bytes
        for _ in range(self._rng.choice((1, 1, 1, 2, 2, 3, 6))):
            data = change(data)
        return data

    def _of_bytes(self, data: bytes) -> bytes:
        rng = self._rng
        start = rng.randint(0, len(data))
        stop = min(len(data), start + rng.choice((1, 1, 2, 4, 8, 64, 1024)))
        part, other = data[start:stop], rng.choice(self._seeds)
        at = rng.randint(0, len(other))
        new: Callable[[], bytes] = rng.choice((
            lambda: b"",
            lambda: rng.randbytes(len(part)),
            lambda: rng.randbytes(rng.choice((1, 4, 300))),
            lambda: part * rng.choice((2, 3, 50)),
            lambda: other[at : at + rng.choice((4, 64, 2048))],
            lambda: bytes(byte ^ (1 << rng.randrange(8)) for byte in part),
            lambda: rng.choice(_BYTES),
        ))  # fmt: skip
        if rng.random() < 0.05:
            return data[:start]
        return data[:start] + new() + data[stop:]

    def _of_json(self, data: bytes) -> bytes:
        """With one place of its JSON changed, wherever that is in the file; of bytes where it has none."""
        if data.startswith(b"PK"):
            return self._of_archive(data)
        start, stop = data.find(b"{"), data.rfind(b"}") + 1
        text = data[start:stop]
        changed = self._document(text) if 0 <= start < stop else None
        return self._of_bytes(data) if changed is None else data[:start] + changed + data[stop:]

    def _of_archive(self, data: bytes) -> bytes:
        try:
            with zipfile.ZipFile(BytesIO(data)) as archive:
                members = [(one, archive.read(one)) for one in archive.namelist()]
        except (zipfile.BadZipFile, ValueError, KeyError, OSError, NotImplementedError, EOFError, RuntimeError):
            return self._of_bytes(data)
        documents = [place for place, (name, _) in enumerate(members) if name.endswith(".json")]
        if not documents:
            return self._of_bytes(data)
        place = max(documents, key=lambda at: len(members[at][1]) * self._rng.random())
        name, text = members[place]
        changed = self._document(text) or self._of_bytes(text)
        members[place] = (self._rng.choice((name, name, name, name, "model.json", "config.json")), changed)
        if self._rng.random() < 0.1:
            members.insert(self._rng.randint(0, len(members)), self._rng.choice(members))
        kept = BytesIO()
        with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as archive:
            for each, content in members:
                info = zipfile.ZipInfo(each)
                info.compress_type = self._rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
                archive.writestr(info, content)
        return kept.getvalue()

    def _document(self, text: bytes) -> bytes | None:
        try:
            document = json.loads(text)
        except (ValueError, RecursionError):
            return None
        places = [(pointer, node) for pointer, node in walk(document) if isinstance(node, dict | list) and node]
        if not places:
            return None
        _, node = self._rng.choice(places)
        self._change(node, [one for _, one in places])
        try:
            return json.dumps(document).encode()
        except (ValueError, RecursionError):
            return None

    def _change(self, node: Any, others: list[Any]) -> None:
        """Change one member of an object or a list: its value, its name, or whether it is there."""
        rng = self._rng
        key = rng.choice(list(node) if isinstance(node, dict) else range(len(node)))
        what = rng.randrange(10)
        if what < 5:
            node[key] = self._value(others)
        elif what == 5:
            del node[key]
        elif what == 6 and isinstance(node, dict):
            node[rng.choice((str(key).upper(), "class_name", "config", "kind", "__class__", "layers", "x"))] = node.pop(
                key
            )
        elif what == 7 and isinstance(node, list):
            node[:] = node * rng.choice((2, 3, 40 if len(node) < 50 else 2))
        elif isinstance(node, list):
            node.insert(rng.randint(0, len(node)), self._value(others))
        else:
            node[rng.choice(("x", "name", "units", "activation", "dtype", "call", "function"))] = self._value(others)

    def _value(self, others: list[Any]) -> Any:
        rng = self._rng
        return rng.choice((
            lambda: rng.choice(_NUMBERS),
            lambda: rng.choice(_NUMBERS),
            lambda: rng.choice(_WORDS),
            lambda: rng.choice((None, True, False, [], {}, [[]], [None], {"class_name": "Dense", "config": {}})),
            lambda: [rng.choice(_NUMBERS) for _ in range(rng.choice((1, 2, 3, 5)))],
            lambda: json.loads(json.dumps(rng.choice(others))),
        ))()  # fmt: skip


def endured(name: str, count: int, seed: int, folder: Path) -> Found:
    """What becomes of so many mutations of the files of a format."""
    source, make = FORMATS[name]
    seeds, found, watch = make(), Found(), Watch()
    file = folder / _STEM
    for sound in [*seeds, *seeds]:  # so that all is loaded that is loaded but once
        file.write_bytes(sound)
        survive(source, file, Found(), watch, name)
    watch.happened.clear()
    mutator = Mutator(seeds, random.Random(f"{name} {seed}"))
    gc.collect()
    before = _peak_of_memory()
    for number in range(count):
        file.write_bytes(mutator.mutant())
        signal.setitimer(signal.ITIMER_VIRTUAL, _ENDED_AFTER_SECONDS)
        survive(source, file, found, watch, f"{name} {number}")
    signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    found.happened = watch.happened
    found.memory_bytes = _peak_of_memory() - before
    return found


def attacked(source: str, folder: Path) -> dict[str, Found]:
    """What becomes of each file that was made to do harm, by its name."""
    sound, harmful = _written_elsewhere(source, folder)
    watch, found = Watch(), dict[str, Found]()
    for file in sound:
        survive(source, file, Found(), watch, "")
    for name, file in harmful.items():
        watch.happened.clear()
        one = found[name] = Found()
        gc.collect()
        before = _peak_of_memory()
        survive(source, file, one, watch, name)
        one.happened = Counter(watch.happened)
        one.memory_bytes = _peak_of_memory() - before
    return found


def _written_elsewhere(source: str, folder: Path) -> tuple[list[Path], dict[str, Path]]:
    """Files of a source, sound ones and harmful ones by name, by a process that keeps the memory this takes."""
    names = folder / "names.json"
    process = os.fork()
    if process == 0:
        seeds = [one for reader, make in FORMATS.values() if reader == source for one in make()]
        for number, content in enumerate(seeds):
            (folder / f"sound-{number}.bin").write_bytes(content)
        made = [name for name, content in MADE[source]() if (folder / f"{name}.bin").write_bytes(content) >= 0]
        names.write_text(json.dumps([len(seeds), made]), encoding="utf-8")
        os._exit(0)
    os.waitpid(process, 0)
    count, made = json.loads(names.read_text(encoding="utf-8"))
    return [folder / f"sound-{number}.bin" for number in range(count)], {name: folder / f"{name}.bin" for name in made}


def _peak_of_memory() -> int:
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main(name: str, *more: str) -> None:
    """Print what was found as JSON: of mutations of a format (count, seed, folder), or of attacks on a source."""
    with tempfile.TemporaryDirectory() as own:
        if more:
            found = {name: endured(name, int(more[0]), int(more[1]), Path(more[2] if more[2:] else own))}
        else:
            found = attacked(name, Path(own))
    sys.stdout.write(json.dumps({each: {**vars(one), "faults": one.faults} for each, one in found.items()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
