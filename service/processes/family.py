"""The processes of this service, by what they do: how many, their memory, their open files, as Linux tells them."""

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_MOST = 1024
_HELPS = {"worker": "helper", "job_worker": "helper", "helper": "helper"}
"""What a process does that such a one has started: it works with it on one simulation."""


@dataclass
class ProcessUsage:
    """What the processes of one kind take together."""

    processes: int = 0
    resident_bytes: int = 0  # shared pages count once for each process
    descriptors: int = 0


def process_usage() -> dict[str, ProcessUsage]:
    """What the processes of this service take, by kind; of the caller alone where the system tells nothing.

    `service` is the caller, a `worker` simulates, the `renderer` draws, the `executor` works on jobs with its
    `job_worker`s, and a `helper` works with one of these.
    """
    found = {kind: ProcessUsage() for kind in ("service", "worker", "renderer", "executor", "job_worker", "helper")}
    for process, kind in _family(Path(f"/proc/{os.getpid()}"), "service"):
        usage = found[kind]
        usage.processes += 1
        with suppress(OSError):  # it has ended, or the system has no such files
            usage.resident_bytes += int((process / "statm").read_text().split()[1]) * _PAGE_BYTES
            usage.descriptors += sum(1 for _ in (process / "fd").iterdir())
    return found


def _family(process: Path, kind: str) -> Iterator[tuple[Path, str]]:
    """A process and all that descend from it, `_MOST` at most, each with its kind."""
    waiting = [(process, kind)]
    for _ in range(_MOST):
        if not waiting:
            return
        process, kind = waiting.pop()
        yield process, kind
        waiting += [(child, _kind(child, kind)) for child in _children(process)]


def _children(process: Path) -> list[Path]:
    found: list[Path] = []
    with suppress(OSError):
        for thread in (process / "task").iterdir():
            found += [process.parent / number for number in (thread / "children").read_text().split()]
    return found


def _kind(process: Path, parent: str) -> str:
    """What a process does, by its command and by what its parent does."""
    if parent in _HELPS:
        return _HELPS[parent]
    command = b""
    with suppress(OSError):
        command = (process / "cmdline").read_bytes()
    if b"service.charts" in command:
        return "renderer"
    if b"service.processes.worker" in command:
        return "job_worker" if parent == "executor" else "worker"
    return "executor" if b"\0worker\0" in command else "helper"
