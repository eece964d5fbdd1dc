"""What a point of a sweep costs of one processor, part by part, and how long a service takes for ten thousand.

Two hidden layers of 8 stanh units on 4 features, a sigmoid output, 32 trials of 64 samples; every point another
variance of the weights and another deviation of the inputs. `python benchmarks/sweep_speed.py parts` needs no service,
`memory` watches a hundred thousand points of a tiny network.
"""

import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, perf_counter_ns, process_time, sleep

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from service.processes.system import keep_freed_memory, single_blas_thread  # noqa: E402 - the root is on the path only now

single_blas_thread()
keep_freed_memory()  # as in every process that simulates

import httpx  # noqa: E402 - NumPy comes after the thread limit

from api_tests.processes.processes import children, server_at  # noqa: E402
from benchmarks.jobs import COURSE, megabytes  # noqa: E402
from examples.running_service import running_service  # noqa: E402
from service.jobs.work.sweep import seconds_a_point  # noqa: E402
from service.simulation.measure import measure_together  # noqa: E402
from service.simulation.plan import Plan  # noqa: E402
from service.simulation.simulate import judged_together, theory_of  # noqa: E402
from service.studies.evaluation import ChunkResult, evaluate  # noqa: E402
from service.studies.sweep import Grid, SweepSpec  # noqa: E402

POINTS, SIDE, ROUNDS = 200, 100, 5
BAR_SECONDS, BAR_TIMES = 8.0, 1.5
ASKED, PAUSE_SECONDS = 60, 0.2
HIDDEN = {"kind": "dense", "units": 8, "activation": {"kind": "stanh"}}
OUTPUT = {"kind": "dense", "units": 1, "activation": {"kind": "sigmoid"}}
SWEEP = {
    "base": {"network": {"features": 4, "layers": [{"kind": "repeat", "times": 2, "layers": [HIDDEN]}, OUTPUT]}},
    "axes": [
        {"name": "weight_variance", "range": {"start": 0.25, "stop": 4, "count": SIDE}},
        {"name": "input_std", "range": {"start": 0.1, "stop": 3, "count": SIDE}},
    ],
}


def milliseconds(work: Callable[[list[int]], object], points: list[int]) -> float:
    """How much of a processor `work` takes for one of some points, at best."""
    found = []
    for _ in range(ROUNDS):
        started = process_time()
        work(points)
        found.append(process_time() - started)
    return 1e3 * min(found) / len(points)


def parts() -> None:
    """A line for each part of a point."""
    grid = Grid(SweepSpec.model_validate(SWEEP))
    points = list(range(0, len(grid), len(grid) // POINTS))
    plans = [made for made in (grid.plan(index) for index in points) if isinstance(made, Plan)]
    known, measured = evaluate(grid, points, {}), measure_together(plans)
    whole = milliseconds(lambda some: evaluate(grid, some, {}), points)
    print(f"a point, from its number to its line: {whole:6.2f} ms, {1e3 / whole:.0f} a second")
    steps: dict[str, Callable[[list[int]], object]] = {
        "  specification and plan": lambda some: [grid.plan(index) for index in some],
        "  the same, with its digest": lambda some: [grid.digest(index) for index in some],
        "  both passes, measured together": lambda _: measure_together(plans),
        "  judged together": lambda _: judged_together(plans, measured),
        "  theory": lambda _: [theory_of(made, None) for made in plans],
        "a point that is known": lambda some: _known(grid, some, known),
    }
    for name, work in steps.items():
        print(f"{name:38}{milliseconds(work, points):6.2f} ms")
    print(f"{'by the estimate':38}{1e3 * seconds_a_point(grid):6.2f} ms")


def ask(client: httpx.Client) -> float:
    """How many milliseconds an interactive simulation of the course's network takes."""
    started = perf_counter()
    client.post("/v1/simulations", json={**COURSE, "seed": perf_counter_ns()}).raise_for_status()
    return 1e3 * (perf_counter() - started)


def served() -> None:
    """Ten thousand points in a service that has just started, stored, while somebody asks for simulations."""
    with running_service() as url, httpx.Client(base_url=url, timeout=120, trust_env=False) as client:
        alone, beside = [ask(client) for _ in range(ASKED)][ASKED // 4 :], []
        started = perf_counter()
        job = client.post("/v1/sweeps", json=SWEEP).raise_for_status().json()["id"]
        while (found := client.get(f"/v1/jobs/{job}").json())["status"] in ("queued", "running"):
            beside.append(ask(client))
            sleep(PAUSE_SECONDS)
        seconds = perf_counter() - started
        together = statistics.median(beside) / statistics.median(alone)
    print(f"{found['progress']['done']} points: {seconds:.1f} s, the bar is {BAR_SECONDS:g} s")
    print(f"an interactive simulation meanwhile: {together:.2f} times p50 alone, the bar is {BAR_TIMES:g}")


def memory() -> None:
    """Megabytes of the service and of its executor while a hundred thousand points of a tiny network are worked on."""
    layers = [{"kind": "dense", "units": 2, "activation": {"kind": "tanh"}}, {"kind": "dense", "units": 1}]
    base = {"network": {"features": 2, "layers": layers}, "trials": 2, "data": {"samples": 2}}
    sweep = {"base": base, "axes": [{"name": "weight_variance", "range": {"start": 0.25, "stop": 4, "count": 100_000}}]}
    with running_service() as url, httpx.Client(base_url=url, timeout=120, trust_env=False) as client:
        job, server = client.post("/v1/sweeps", json=sweep).raise_for_status().json()["id"], server_at(url)
        share = 0
        while (found := client.get(f"/v1/jobs/{job}").json())["status"] in ("queued", "running"):
            if 10 * found["progress"]["done"] >= share * found["progress"]["total"]:
                executors = sum(megabytes(child) for child in children(server) if children(child))
                done, whole = found["progress"]["done"], megabytes(server)
                print(f"{done:7} points: {whole:.0f} MB in all, {executors:.0f} of them of the executor")
                share += 1
            sleep(PAUSE_SECONDS)


def _known(grid: Grid, points: list[int], known: ChunkResult) -> ChunkResult:
    return evaluate(grid, points, known.points)


if __name__ == "__main__":
    if sys.argv[1:] == ["memory"]:
        memory()
    else:
        parts()
    if not sys.argv[1:]:
        served()
