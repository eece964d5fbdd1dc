"""A contestant in a process of its own: nobody's threads, caches or memory are in anybody else's way."""

import ctypes
import re
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from time import perf_counter
from typing import Any, TypeVar

from benchmarks.contestants.norms import Norms
from benchmarks.shapes import Layers, Shape

_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")
_RESET_PEAK = "5"
_TRIES = 3

T = TypeVar("T")


@dataclass(frozen=True)
class Run:
    """One run: its answer, and how long it took."""

    norms: Norms
    seconds: float


class Contestant:
    """The module `benchmarks.contestants.<name>` at work in a process that ends with this one."""

    def __init__(self, name: str, processors: int) -> None:
        self.name = name
        context = get_context("spawn")
        self._pipe, theirs = context.Pipe()
        context.Process(target=_serve, args=(name, processors, theirs), daemon=True).start()
        self.missing: str | None = self._pipe.recv()

    def prepare(self, shape: Shape | Layers, precision: str) -> float:
        """Make ready, compiling included; the seconds it took."""
        return self._answer(("prepare", shape, precision))

    def run(self) -> Run:
        """One run of what was made ready last."""
        return self._answer(("run",))

    def weigh(self) -> int:
        """The memory that one more run takes beyond that of the loaded libraries, in bytes."""
        return self._answer(("weigh",))

    def _answer(self, question: Any) -> Any:
        self._pipe.send(question)
        return self._pipe.recv()


def _serve(name: str, processors: int, pipe: Connection) -> None:
    try:
        module = import_module(f"benchmarks.contestants.{name}")
    except ModuleNotFoundError as error:
        pipe.send(str(error.name))
        return
    pipe.send(None)
    at_rest, run = _status("VmRSS"), _nothing
    with suppress(EOFError):
        while True:
            match pipe.recv():
                case ("prepare", shape, precision):
                    run, seconds = _timed(partial(module.prepare, shape, precision))
                    _choose_threads(run, processors)
                    pipe.send(seconds)
                case ("run",):
                    pipe.send(Run(*_timed(run)))
                case ("weigh",):
                    pipe.send(_peak(run) - at_rest)


def _choose_threads(run: Callable[[], Norms], processors: int) -> None:
    """Let PyTorch have one thread or one for each processor, whichever is faster: on small tensors it is one."""
    torch = sys.modules.get("torch")
    if torch is None:
        return
    seconds = {}
    for threads in (1, processors):
        torch.set_num_threads(threads)
        seconds[threads] = min(_timed(run)[1] for _ in range(_TRIES))
    torch.set_num_threads(min(seconds, key=seconds.__getitem__))


def _timed(call: Callable[[], T]) -> tuple[T, float]:
    started = perf_counter()
    result = call()
    return result, perf_counter() - started


def _peak(run: Callable[[], Norms]) -> int:
    """The largest memory during `run`, in bytes."""
    if _CLEAR.exists():
        ctypes.CDLL(None).malloc_trim(0)
        _CLEAR.write_text(_RESET_PEAK, encoding="ascii")
    run()
    return _status("VmHWM")


def _status(field: str) -> int:
    """Bytes of a line of /proc/self/status; 0 where there is none."""
    found = re.search(rf"{field}:\s+(\d+) kB", _STATUS.read_text(encoding="ascii")) if _STATUS.exists() else None
    return int(found[1]) << 10 if found else 0


def _nothing() -> Norms:
    raise RuntimeError("nothing was made ready")
