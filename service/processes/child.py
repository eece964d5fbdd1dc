"""What runs inside a worker process."""

import os
import resource
import signal
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import TypeVar

from service.grading.spec import GradingSpec
from service.processes.fork_map import die_with_parent
from service.processes.memory import keep_freed_memory
from service.simulation.results import SimulationReport
from service.simulation.spec import SimulationSpec
from service.theory.facts import ProfileSpec

T = TypeVar("T")

_armed = False


@dataclass(frozen=True)
class Graded:
    """A grading as a text, and the reports it is founded on as JSON, by their digests."""

    text: str
    reports: dict[str, bytes]


def arm(memory_bytes: int) -> int:
    """Bind this process to its parent's life and to its share of memory, and load the engine; its process number."""
    global _armed  # noqa: PLW0603 - the limits belong to the process
    if not _armed:
        for ending in (signal.SIGINT, signal.SIGTERM):  # to the whole group; the parent decides, and dies last
            signal.signal(ending, signal.SIG_IGN)
        die_with_parent()
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        limit = memory_bytes if hard == resource.RLIM_INFINITY else min(memory_bytes, hard)
        resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
        keep_freed_memory()
        import service.grading.formats  # noqa: PLC0415 - here, so that no deadline pays for it
        import service.grading.grade  # noqa: PLC0415
        import service.simulation.simulate  # noqa: PLC0415
        import service.theory.profile  # noqa: F401, PLC0415
        from service.theory.bounds import prove_built_ins  # noqa: PLC0415

        prove_built_ins()

        _armed = True
    return os.getpid()


def run(spec: SimulationSpec | ProfileSpec, memory_bytes: int, processes: int) -> bytes:
    """The answer to `spec` as JSON, made by at most so many processes.

    Armed first, for between two calls a process may have been replaced.
    """
    arm(memory_bytes)
    from service.simulation.simulate import simulate  # noqa: PLC0415
    from service.theory.profile import profile  # noqa: PLC0415 - loaded by `arm`

    with _Noted():
        answer = simulate(spec, processes) if isinstance(spec, SimulationSpec) else profile(spec)
        return answer.model_dump_json().encode()


def run_grading(spec: GradingSpec, wanted: str, memory_bytes: int, processes: int) -> Graded:
    """The grading of `spec` in the format `wanted`, and the reports it is founded on."""
    arm(memory_bytes)
    from service.grading.formats import FORMATS  # noqa: PLC0415 - loaded by `arm`
    from service.grading.grade import grade  # noqa: PLC0415
    from service.simulation.simulate import simulate  # noqa: PLC0415

    reports: dict[str, bytes] = {}

    def kept(asked: SimulationSpec) -> SimulationReport:
        report = simulate(asked, processes)
        reports[report.digest] = report.model_dump_json().encode()
        return report

    with _Noted():
        return Graded(FORMATS[wanted].write(grade(spec, kept)), reports)


def run_task(task: Callable[[], T], memory_bytes: int) -> T:
    """What `task` returns."""
    arm(memory_bytes)
    with _Noted():
        return task()


class _Noted:
    """Writes the traceback into an exception: only the exception itself travels to the parent."""

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            error.add_note("".join(traceback.format_exception(kind, error, trace)))
