"""Executors in processes of their own, over a database, with a facade that gives them work."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import anyio

from api_tests.processes.processes import children, eventually
from service.core.payload import Payload
from service.core.settings import Settings
from service.jobs.job import OPEN, Job
from service.jobs.jobs import Jobs
from service.jobs.records import Requester
from service.jobs.results import JobResults
from service.store.database import Database
from service.studies.sweep import SweepSpec

ROOT = Path(__file__).resolve().parent.parent.parent.parent
COURSE: dict[str, Any] = {
    "network": {
        "features": 4,
        "layers": [
            {"kind": "repeat", "times": 2, "layers": [{"kind": "dense", "units": 8, "activation": {"kind": "stanh"}}]},
            {"kind": "dense", "units": 1, "activation": {"kind": "sigmoid"}},
        ],
    },
    "trials": 4,
}
ENDLESS: dict[str, Any] = {
    "network": {
        "features": 128,
        "layers": [
            {"kind": "repeat", "times": 50, "layers": [{"kind": "dense", "units": 256, "activation": {"kind": "tanh"}}]}
        ],
    },
    "trials": 2000,
}
"""A network that takes minutes."""


def sweep_of(count: int, base: dict[str, Any] | None = None, seed: int = 0) -> SweepSpec:
    """A sweep of so many points, different for every seed."""
    values = {"scale": "log", "start": 0.25, "stop": 4.0, "count": count}
    axes = [{"name": "weight_variance", "range": values}]
    return SweepSpec.model_validate({"base": {**(base or COURSE), "seed": seed}, "axes": axes})


@dataclass
class Workplace:
    """A database, executors that work on its jobs, and a facade that gives them some."""

    settings: Settings
    executors: list[subprocess.Popen[bytes]] = field(default_factory=list)
    logs: list[IO[bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.database = Database(self.settings.database_url, durable=True)
        self.jobs = Jobs(self.settings, self.database)

    def hire(self, count: int = 1) -> None:
        """Start more executors."""
        for _ in range(count):
            log = tempfile.TemporaryFile()  # noqa: SIM115 - closed with its executor
            command = [sys.executable, "-m", "service", "worker"]
            environment = os.environ | self.settings.variables()
            self.executors.append(subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log))
            self.logs.append(log)

    def kill(self, number: int = 0) -> None:
        """Kill an executor, and forget it."""
        executor = self.executors.pop(number)
        executor.kill()
        executor.wait()
        self.logs.pop(number).close()

    def said(self) -> str:
        """What the executors have logged."""
        for log in self.logs:
            log.seek(0)
        return "\n".join(log.read().decode(errors="replace") for log in self.logs)

    def processes(self) -> set[int]:
        """Those that compute."""
        return {child for executor in self.executors for child in children(executor.pid)}

    async def sweep(self, spec: SweepSpec, owner: str = "") -> str:
        """Give them a sweep; its id."""
        return (await self.jobs.accept("sweep", Payload.of(spec), Requester(owner))).id

    async def ended(self, job: str, seconds: float = 120.0) -> Job:
        """The job at its end; TimeoutError where that does not come."""
        with anyio.fail_after(seconds):
            async for found in self.jobs.watch(job):
                if found.status not in OPEN:
                    return found
        raise AssertionError("a watch ends with the job")

    async def begun(self, job: str, done: int = 1, seconds: float = 60.0) -> Job:
        """The job as soon as so many of its items are done."""
        with anyio.fail_after(seconds):
            async for found in self.jobs.watch(job):
                if found.progress.done >= done:
                    return found
        raise AssertionError("the job has ended before that")

    async def lines(self, job: str) -> list[bytes]:
        """All its results."""
        return JobResults(self.database).lines(job, 0, 100_000)[0]


@contextmanager
def workplace(database_url: str, executors: int = 1, **settings: Any) -> Iterator[Workplace]:
    """One with so many executors of one process each; nothing of it is left."""
    chosen = Settings(database_url=database_url, **({"job_workers": 1, "job_niceness": 0} | settings))
    place = Workplace(chosen)
    place.hire(executors)
    try:
        yield place
    finally:
        processes = place.processes()
        for executor in place.executors:
            executor.send_signal(signal.SIGTERM)
            executor.wait(timeout=60)
        place.database.close()
        assert eventually(lambda: not any(Path(f"/proc/{one}").exists() for one in processes), 60)
        for log in place.logs:
            log.close()
