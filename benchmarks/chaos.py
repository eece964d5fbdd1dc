"""Kill whatever works on jobs, again and again, and count what is lost: `make chaos` (RUNS=5 JOBS=30 ON=sqlite,…).

Thirty jobs of twenty-five chunks are posted to a service while executors and the service itself are killed by
SIGKILL at random moments, and an executor is stopped by SIGSTOP and goes on later; in one run more, PostgreSQL is
stopped for five seconds in the middle. In the end every job has to have every result once, byte for byte as an
undisturbed run has them.
"""

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from service.processes.system import single_blas_thread  # noqa: E402 - the root is on the path only now

single_blas_thread()

import httpx  # noqa: E402 - NumPy comes after the thread limit

from api_tests.store.postgres import Server, binary, free_port, running_postgres  # noqa: E402
from service.core.settings import Settings  # noqa: E402
from service.studies.evaluation import evaluate  # noqa: E402
from service.studies.sweep import Grid, SweepSpec  # noqa: E402

EXECUTORS, KILLS, CHUNKS, POINTS = 3, 8, 25, 50
SECONDS = 900.0
SILENT_SECONDS = 25.0
GIVEN_UP = 4  # the status of an executor that others have given up
LAYER = {"kind": "dense", "units": 8, "activation": {"kind": "stanh"}}
NETWORK = {
    "features": 4,
    "layers": [
        {"kind": "repeat", "times": 2, "layers": [LAYER]},
        {"kind": "dense", "units": 1, "activation": {"kind": "sigmoid"}},
    ],
}


def sweep(number: int) -> dict[str, Any]:
    """The sweep of a job: no two have a point in common."""
    axis = {"name": "weight_variance", "range": {"scale": "log", "start": 0.25, "stop": 4.0, "count": POINTS}}
    return {"base": {"network": NETWORK, "trials": 8, "seed": number}, "axes": [axis]}


def undisturbed(number: int) -> bytes:
    """The results of a job, worked out in this process."""
    spec = SweepSpec.model_validate(sweep(number))
    return b"\n".join(evaluate(Grid(spec), range(spec.total), {}).lines)


@dataclass
class Town:
    """A service, executors, and the database they share."""

    database_url: str
    port: int = field(default_factory=free_port)
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)
    stopped: list[subprocess.Popen[bytes]] = field(default_factory=list)
    stopped_at: float = 0.0

    def __post_init__(self) -> None:
        self.url = f"http://127.0.0.1:{self.port}"
        chunk_seconds = POINTS / CHUNKS * self._seconds_a_point()
        settings = Settings(
            database_url=self.database_url,
            port=self.port,
            job_workers=1,
            workers=1,
            job_niceness=0,
            job_chunk_seconds=chunk_seconds,
        )
        self._environment = os.environ | settings.variables()
        self.service = self._start("serve", "--no-worker")
        self.running = [self._start("worker") for _ in range(EXECUTORS)]

    def kill_service(self) -> None:
        """Kill the service, and start it again."""
        self.service.kill()
        self.service.wait()
        self.service = self._start("serve", "--no-worker")

    def kill_executor(self, number: int) -> None:
        """Kill an executor, and start another in its place."""
        self.running[number].kill()
        self.running[number].wait()
        self.running[number] = self._start("worker")

    def stop_executor(self, number: int) -> None:
        """Stop an executor, which does not end by that, and start another in its place."""
        self.running[number].send_signal(signal.SIGSTOP)
        self.stopped.append(self.running[number])
        self.stopped_at = time.monotonic()
        self.running[number] = self._start("worker")

    def ends_once_continued(self) -> bool:
        """Whether the executors that were stopped end by themselves once they go on: others have done their work.

        They go on when they have been silent for long enough to be given up, though all work is done before. One that
        had not begun when it was stopped was never heard, is given up by nobody, and begins now.
        """
        time.sleep(max(0.0, SILENT_SECONDS - (time.monotonic() - self.stopped_at)))
        for one in self.stopped:
            one.send_signal(signal.SIGCONT)
        return all(_end_of(one) in (GIVEN_UP, None) for one in self.stopped)

    def close(self) -> None:
        """End all."""
        for one in (self.service, *self.running, *self.stopped):
            one.kill()
            one.wait()

    def _seconds_a_point(self) -> float:
        from service.jobs.work.sweep import seconds_a_point  # noqa: PLC0415 - the estimate that chunks are cut by

        return 1.01 * seconds_a_point(Grid(SweepSpec.model_validate(sweep(0))))

    def _start(self, *command: str) -> subprocess.Popen[bytes]:
        silent = subprocess.DEVNULL
        whole = [sys.executable, "-m", "service", *command]
        return subprocess.Popen(whole, cwd=ROOT, env=self._environment, stdout=silent, stderr=silent)


def _end_of(process: subprocess.Popen[bytes]) -> int | None:
    """The status that it ends with; None where it goes on."""
    try:
        return process.wait(timeout=SILENT_SECONDS)
    except subprocess.TimeoutExpired:
        return None


class Client:
    """One that does not take no for an answer: what it posts has a key, and is posted until it is accepted."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=url, timeout=10, trust_env=False)

    def ask(self, method: str, path: str, **what: Any) -> httpx.Response:
        """The answer, as soon as there is one that is no failure of the service."""
        stop = time.monotonic() + SECONDS
        while time.monotonic() < stop:
            try:
                answer = self._http.request(method, path, **what)
            except httpx.TransportError:
                time.sleep(0.1)
                continue
            if answer.is_success:
                return answer
            if answer.status_code < 500 and answer.status_code != 429:
                raise RuntimeError(f"{method} {path}: {answer.status_code} {answer.text}")
            time.sleep(0.2)
        raise TimeoutError(path)

    def close(self) -> None:
        """Let go of the connection."""
        self._http.close()


def posted(client: Client, jobs: int) -> list[str]:
    """The ids of so many jobs, accepted."""
    return [
        client.ask("POST", "/v1/sweeps", json=sweep(number), headers={"Idempotency-Key": f"job-{number}"}).json()["id"]
        for number in range(jobs)
    ]


def results(client: Client, job: str) -> list[dict[str, Any]]:
    """All results of a job, page by page."""
    found: list[dict[str, Any]] = []
    cursor: str | None = "0"
    while cursor is not None:
        page = client.ask("GET", f"/v1/jobs/{job}/results", params={"cursor": cursor, "limit": 1000}).json()
        found += page["items"]
        cursor = page["next_cursor"]
    return found


def disturb(town: Town, client: Client, ids: list[str], chance: random.Random) -> None:
    """Kill executors and the service at random moments of the work."""
    victims = ["executor"] * KILLS + ["service", "stopped"]
    chance.shuffle(victims)
    items = len(ids) * POINTS
    marks = sorted(chance.uniform(0.02, 0.9) * items for _ in victims)
    for mark, victim in zip(marks, victims, strict=True):
        _wait_until(client, ids, mark)
        if victim == "service":
            town.kill_service()
        elif victim == "stopped":
            town.stop_executor(chance.randrange(EXECUTORS))
        else:
            town.kill_executor(chance.randrange(EXECUTORS))


def _wait_until(client: Client, ids: list[str], done: float) -> None:
    stop = time.monotonic() + SECONDS
    while _done(client, ids) < done:
        if time.monotonic() > stop:
            raise TimeoutError("the jobs do not go on")
        time.sleep(0.1)


def _done(client: Client, ids: list[str]) -> int:
    found = {item["id"]: item["progress"]["done"] for item in _all_jobs(client)}
    return sum(found[one] for one in ids)


def _all_jobs(client: Client) -> Iterator[dict[str, Any]]:
    cursor: str | None = None
    while True:
        where = {"limit": 200} | ({"cursor": cursor} if cursor else {})
        page = client.ask("GET", "/v1/jobs", params=where).json()
        yield from page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return


def verdict(client: Client, ids: list[str], expected: list[bytes]) -> Counter[str]:
    """What became of the jobs: how many points are lost, doubled, or other than they should be."""
    found: Counter[str] = Counter()
    for job, wanted in zip(ids, expected, strict=True):
        told = client.ask("GET", f"/v1/jobs/{job}").json()
        items = results(client, job)
        numbers = Counter(item["index"] for item in items)
        whole = [json.loads(line) for line in wanted.split(b"\n")]
        counted = {"total": POINTS, "done": POINTS, "failed": 0}
        found["jobs"] += told["status"] == "succeeded" and told["progress"] == counted
        found["lost"] += len(whole) - len(numbers)
        found["doubled"] += sum(numbers.values()) - len(numbers)
        found["other"] += sum(one != two for one, two in zip(items, whole, strict=False))
        text = b",".join(wanted.split(b"\n"))
        page = client.ask("GET", f"/v1/jobs/{job}/results", params={"limit": 1000}).content
        found["same_bytes"] += page == b'{"items":[%s],"next_cursor":null}' % text
    return found


def run(database_url: str, seed: int, expected: list[bytes], server: Server | None = None) -> bool:
    """One run; with `server`, that is stopped for five seconds in the middle instead of anything being killed."""
    started = time.monotonic()
    town = Town(database_url)
    client = Client(town.url)
    try:
        ids = posted(client, len(expected))
        if server is None:
            disturb(town, client, ids, random.Random(seed))
        else:
            _wait_until(client, ids, 0.4 * len(ids) * POINTS)
            server.stop()
            time.sleep(5)
            server.start()
        _wait_until(client, ids, len(ids) * POINTS)
        ended = town.ends_once_continued()
        found = verdict(client, ids, expected)
    finally:
        client.close()
        town.close()
    good = ended and found == Counter(jobs=len(ids), same_bytes=len(ids))
    what = "server stopped for 5 s" if server else f"{KILLS} executors and the service killed, one stopped"
    told = ", ".join(f"{name} {found[name]}" for name in ("jobs", "same_bytes", "lost", "doubled", "other"))
    print(f"{'ok  ' if good else 'FAIL'} {what}: {told}; {time.monotonic() - started:.0f} s", flush=True)
    return good


@contextmanager
def databases(kind: str) -> Iterator[tuple[Server | None, Any]]:
    """Whatever makes new databases of that kind."""
    if kind == "sqlite":
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            yield None, lambda number: f"sqlite:///{folder}/{number}.sqlite3"
    else:
        with running_postgres() as server:
            yield server, lambda _: server.database()


def main(runs: int, jobs: int, kinds: list[str]) -> int:
    """Run all, print a line each, and return how many were not good."""
    print(f"{jobs} jobs of {CHUNKS} chunks, {EXECUTORS} executors of one process each", flush=True)
    expected = [undisturbed(number) for number in range(jobs)]
    bad = 0
    for kind in kinds:
        if kind == "postgresql" and binary("initdb") is None:
            print("PostgreSQL is not installed", flush=True)
            continue
        with databases(kind) as (server, new):
            print(kind, flush=True)
            bad += sum(not run(new(number), number, expected) for number in range(runs))
            bad += server is not None and not run(new(runs), 0, expected, server)
    return bad


if __name__ == "__main__":
    arguments = dict(one.split("=", 1) for one in sys.argv[1:])
    chosen = arguments.get("ON", "sqlite,postgresql").split(",")
    sys.exit(main(int(arguments.get("RUNS", "5")), int(arguments.get("JOBS", "30")), chosen) > 0)
