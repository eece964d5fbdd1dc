"""Measure jobs: a sweep of ten thousand points, one executor against two, and what others notice: `make bench-jobs`."""

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import anyio  # noqa: E402 - the root is on the path only now
import httpx  # noqa: E402

from api_tests.jobs.executors.working import Workplace, workplace  # noqa: E402
from api_tests.processes.processes import children, cpu_seconds, server_at  # noqa: E402
from api_tests.store.postgres import binary, running_postgres  # noqa: E402
from examples.running_service import running_service  # noqa: E402
from service.studies.sweep import SweepSpec  # noqa: E402

LAYER = {"kind": "dense", "units": 8, "activation": {"kind": "stanh"}}
OUTPUT = {"kind": "dense", "units": 1, "activation": {"kind": "sigmoid"}}
COURSE = {"network": {"features": 4, "layers": [{"kind": "repeat", "times": 2, "layers": [LAYER]}, OUTPUT]}}
WIDE = {"kind": "dense", "units": 256, "activation": {"kind": "tanh"}}
HEAVY = {"network": {"features": 256, "layers": [{"kind": "repeat", "times": 50, "layers": [WIDE]}]}, "trials": 1}
ASKED = 60


def axis(name: str, count: int, **ends: float) -> dict[str, Any]:
    """A logarithmic axis."""
    return {"name": name, "range": {"scale": "log", "count": count, **ends}}


def course_sweep(side: int, seed: int = 0) -> dict[str, Any]:
    """side × side points of the course's network."""
    axes = [axis("weight_variance", side, start=0.25, stop=4.0), axis("input_std", side, start=0.1, stop=10.0)]
    return {"base": {**COURSE, "seed": seed}, "axes": axes}


def ended(client: httpx.Client, job: str) -> dict[str, Any]:
    """The job at its end."""
    while True:
        found: dict[str, Any] = client.get(f"/v1/jobs/{job}").json()
        if found["status"] not in ("queued", "running"):
            return found
        time.sleep(0.1)


def megabytes(process: int) -> float:
    """The memory that `process` and its children have in use."""
    found = 0
    for one in (process, *children(process)):
        for line in Path(f"/proc/{one}/status").read_text(encoding="utf-8").splitlines():
            found += int(line.split()[1]) if line.startswith("VmRSS:") else 0
    return found / 1024


def whole_sweep(client: httpx.Client, server: int, side: int) -> None:
    """How long a large sweep takes, and what memory it takes on its way."""
    started, used = time.perf_counter(), []
    job = client.post("/v1/sweeps", json=course_sweep(side)).json()["id"]
    while (found := client.get(f"/v1/jobs/{job}").json())["status"] in ("queued", "running"):
        workers = [child for child in children(server) if children(child)]
        used.append(sum(megabytes(one) for one in workers))
        time.sleep(0.5)
    seconds = time.perf_counter() - started
    half = used[len(used) // 2 :]
    print(f"{side * side} points of the course's network: {seconds:.1f} s, {found['status']}, {found['progress']}")
    print(f"memory in use: {half[0]:.0f} MB in the middle, {max(half):.0f} at most, {half[-1]:.0f} at the end")
    started = time.perf_counter()
    again = client.post("/v1/sweeps", json=course_sweep(side)).json()["id"]
    ended(client, again)
    print(f"the same again, every point known: {time.perf_counter() - started:.1f} s")


def accepting(client: httpx.Client) -> None:
    """How long it takes to accept 5,000 items."""
    values = [0.25 + number / 1000 for number in range(5000)]
    listed = {"base": COURSE, "axes": [{"name": "weight_variance", "values": values}]}
    claim = {"id": "n", "kind": "number", "points": 1, "expected": 1.7535, "relative_tolerance": 0.01}
    client.put("/v1/assignments/a", json={"rubric": {"id": "r", "title": "R", "claims": [claim]}}).raise_for_status()
    sheets = [{"id": f"s{number}", "answers": {"n": str(number)}} for number in range(5000)]
    for what, path, body in (
        ("a sweep of 5,000 points, listed", "/v1/sweeps", listed),
        ("a sweep of 100,000 points, by ranges", "/v1/sweeps", course_sweep(316)),
        ("5,000 answer sheets", "/v1/assignments/a/gradings", {"submissions": sheets}),
    ):
        text, times = json.dumps(body).encode(), []
        for _ in range(5):
            started = time.perf_counter()
            job = client.post(path, content=text, headers={"Content-Type": "application/json"}).raise_for_status()
            times.append(1e3 * (time.perf_counter() - started))
            client.delete(f"/v1/jobs/{job.json()['id']}")
        print(f"202 for {what}: {statistics.median(times):.0f} ms (largest {max(times):.0f})")


def asking(client: httpx.Client) -> float:
    """The median time of an interactive simulation of the course's network, in milliseconds."""
    times = []
    for _ in range(ASKED):
        body = {**COURSE, "seed": time.perf_counter_ns()}
        started = time.perf_counter()
        client.post("/v1/simulations", json=body).raise_for_status()
        times.append(1e3 * (time.perf_counter() - started))
        time.sleep(0.02)
    return statistics.median(times)


def beside(client: httpx.Client, server: int) -> None:
    """What a sweep does to those who ask for something else, and how soon its processors are free."""
    asking(client)
    alone = asking(client)
    job = client.post("/v1/sweeps", json=course_sweep(200, seed=1)).json()["id"]
    while client.get(f"/v1/jobs/{job}").json()["progress"]["done"] == 0:
        time.sleep(0.1)
    together = asking(client)
    print(f"an interactive simulation: p50 {alone:.1f} ms, beside a sweep {together:.1f} ms: {together / alone:.2f} ×")
    (worker,) = [child for child in children(server) if children(child)]
    computing = children(worker)
    client.delete(f"/v1/jobs/{job}")
    started = time.perf_counter()
    while _busy(computing):
        time.sleep(0.05)
    print(f"cancelled: the processors are free after {time.perf_counter() - started:.2f} s")


def _busy(processes: set[int]) -> bool:
    before = {one: cpu_seconds(one) for one in processes}
    time.sleep(0.2)
    return any(cpu_seconds(one) - used > 0.05 for one, used in before.items())


def speed_up(new: Callable[[], str]) -> None:
    """Two executors of one process each against one, on points of about a tenth of a second."""
    took = {}
    for executors in (1, 2):
        with workplace(new(), executors, job_niceness=0) as place:
            took[executors] = _heavy(place)
    print(f"one executor {took[1]:.1f} s, two {took[2]:.1f} s: {took[1] / took[2]:.2f} ×")


def _heavy(place: Workplace) -> float:
    async def run(spec: SweepSpec) -> float:
        await place.ended(await place.sweep(_warm()))
        started = time.perf_counter()
        await place.ended(await place.sweep(spec), 300)
        return time.perf_counter() - started

    while len(place.processes()) < len(place.executors):
        time.sleep(0.1)
    time.sleep(2)
    axes = [axis("weight_variance", 150, start=0.25, stop=4.0)]
    return anyio.run(run, SweepSpec.model_validate({"base": HEAVY, "axes": axes}))


def _warm() -> SweepSpec:
    return SweepSpec.model_validate({"base": COURSE, "axes": [axis("weight_variance", 4, start=0.5, stop=2.0)]})


def main(side: int) -> None:
    """Print it all."""
    with running_service() as url, httpx.Client(base_url=url, timeout=120, trust_env=False) as client:
        server = server_at(url)
        whole_sweep(client, server, side)
        beside(client, server)
        accepting(client)
    with tempfile.TemporaryDirectory() as folder:
        names = iter(range(99))
        print("SQLite: ", end="")
        speed_up(lambda: f"sqlite:///{folder}/{next(names)}.sqlite3")
    if binary("initdb"):
        with running_postgres() as database:
            print("PostgreSQL: ", end="")
            speed_up(database.database)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
