"""A file read with bounded memory, for a process that reads what strangers send."""

import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from service.core.payload import Payload
from service.imports.base import Fault, Imported, NotUnderstood, Options, Source
from service.imports.sources import imported
from service.simulation.estimate import Limits
from service.simulation.spec import SimulationSpec

MEMORY_BYTES = 512 << 20
"""What reading a file may take beyond what its process has already."""
_STATISTICS = Path("/proc/self/statm")


def bounded_import(source: Source, file: Path, options: Options, limits: Limits | None = None) -> Imported:
    """What `imported` makes of the file; NotUnderstood, too, where it takes more memory or nests too deeply."""
    try:
        with _bounded_memory():
            return imported(source, file, options, limits)
    except MemoryError:
        sentence = f"Reading this file takes more than {MEMORY_BYTES >> 20} MiB of memory, the most that it may take."
    except RecursionError:
        sentence = "This file nests deeper than is read."
    raise limit_reached(sentence)


def limit_reached(sentence: str) -> NotUnderstood:
    """The refusal of a file that takes more than it may."""
    return NotUnderstood(f"Nothing was imported. {sentence}", [Fault("", sentence)])


def import_json(
    source: Source, file: Path, options: Options, limits: Limits, _processes: int = 1
) -> tuple[bytes, Payload[SimulationSpec]]:
    """What `bounded_import` makes of the file as JSON, and its specification: what a worker process is asked for."""
    found = bounded_import(source, file, options, limits)
    return found.model_dump_json(exclude_none=True).encode(), Payload.of(found.specification)


@contextmanager
def _bounded_memory() -> Iterator[None]:
    """So much address space and no more, where the system tells how much there is in use."""
    before, hard = resource.getrlimit(resource.RLIMIT_AS)
    if sys.platform != "linux":
        yield
        return
    pages = int(_STATISTICS.read_text(encoding="ascii").split()[0])
    wanted = pages * resource.getpagesize() + MEMORY_BYTES
    limits = [one for one in (before, hard) if one != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_AS, (min([wanted, *limits]), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (before, hard))
