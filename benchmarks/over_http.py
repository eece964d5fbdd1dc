"""What HTTP adds to a simulation, how many are answered in a second, how soon the first: `make bench-http`."""

import asyncio
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from service.processes.system import single_blas_thread  # noqa: E402 - the root is on the path only now

single_blas_thread()

from benchmarks.shapes import Shape  # noqa: E402 - NumPy comes after the thread limit
from examples.running_service import running_service  # noqa: E402
from service.processes.system import keep_freed_memory  # noqa: E402
from service.simulation.simulate import simulate  # noqa: E402
from service.simulation.spec import SimulationSpec  # noqa: E402

HOMEWORK = Shape("homework", 32, 2, 2, 32).spec("float64")
DEEP = Shape("deep homework", 32, 20, 128, 32).spec("float64")
CONNECTIONS, SECONDS, ROUNDS = (16, 64), 3.0, 3
WORKERS = 2
SERVER = """
import sys, uvicorn
from fastapi import FastAPI, Response
app, report = FastAPI(), open(sys.argv[1], "rb").read()
app.post("/v1/simulations")(lambda: Response(report, media_type="application/json"))
app.get("/healthz/ready")(lambda: {})
uvicorn.run(app, port=int(sys.argv[2]), http="h11", access_log=False, log_level="error")
"""

_SEEDS = count(1)

Bodies = Callable[[], bytes]


def same() -> bytes:
    """A request that is always the same."""
    return json.dumps(HOMEWORK).encode()


def fresh() -> bytes:
    """A request that was never made before."""
    return json.dumps({**HOMEWORK, "seed": next(_SEEDS)}).encode()


def deep() -> bytes:
    """The same of twenty layers of 128 units."""
    return json.dumps({**DEEP, "seed": next(_SEEDS)}).encode()


async def connection(url: str, bodies: Bodies, stop: float) -> list[float]:
    """Seconds of every answer on one connection that is kept alive, until the clock says `stop`."""
    host, _, port = url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    seconds = []
    while perf_counter() < stop:
        body, started = bodies(), perf_counter()
        head = f"POST /v1/simulations HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
        writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        answer = (await reader.readuntil(b"\r\n\r\n")).lower()
        if b" 200 " not in answer.partition(b"\r\n")[0]:
            raise RuntimeError(answer.decode())
        await reader.readexactly(int(answer.partition(b"content-length:")[2].split()[0]))
        seconds.append(perf_counter() - started)
    writer.close()
    return seconds


async def load(url: str, bodies: Bodies, connections: int) -> list[float]:
    """Seconds of every answer on some connections at once."""
    stop = perf_counter() + SECONDS
    found = await asyncio.gather(*(connection(url, bodies, stop) for _ in range(connections)))
    return [one for seconds in found for one in seconds]


@contextmanager
def bare(report: Path) -> Iterator[str]:
    """A FastAPI endpoint that returns a stored report and does nothing else."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen([sys.executable, "-c", SERVER, str(report), str(port)])
    try:
        while process.poll() is None and socket.socket().connect_ex(("127.0.0.1", port)):
            os.sched_yield()
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def measured(ours: str, theirs: str) -> dict[str, float]:
    """Rounds of every kind of load in turn; the best of each."""
    found: dict[str, list[float]] = {}

    def keep(name: str, value: float) -> None:
        found.setdefault(name, []).append(value)

    for _ in range(ROUNDS):
        for name, one, times in (("homework", HOMEWORK, 50), ("20 x 128", DEEP, 4)):
            seconds = alone(one, times)
            keep(f"{name}, simulation alone, ms", 1e3 * seconds)
            keep(f"{name}, simulation alone: a second on {WORKERS}", -WORKERS / seconds)
        for name, url, bodies in (
            ("fresh", ours, fresh),
            ("fresh 20 x 128", ours, deep),
            ("same again", ours, same),
            ("bare endpoint", theirs, same),
        ):
            keep(f"{name}: round trip, ms", 1e3 * min(asyncio.run(load(url, bodies, 1))))
            for connections in CONNECTIONS:
                took = sorted(asyncio.run(load(url, bodies, connections)))
                keep(f"{name}, {connections} connections: a second", -len(took) / SECONDS)
                keep(f"{name}, {connections} connections: p99, ms", 1e3 * took[int(0.99 * len(took))])
    best = {name: abs(min(values)) for name, values in found.items()}
    return best | beside_the_bare_endpoint(best)


def beside_the_bare_endpoint(best: dict[str, float]) -> dict[str, float]:
    """What is answered in a second as a share of what the bare endpoint answers; a round trip beside its bound, ms."""
    shares = {
        f"{name}, {connections} connections: of the bare endpoint's": best[
            f"{name}, {connections} connections: a second"
        ]
        / best[f"bare endpoint, {connections} connections: a second"]
        for name in ("fresh", "same again")
        for connections in CONNECTIONS
    }
    bounds = {
        f"{name}: round trip at most, ms": 2.0 * best[f"{shape}, simulation alone, ms"] + 1.0
        for name, shape in (("fresh", "homework"), ("fresh 20 x 128", "20 x 128"))
    }
    return shares | bounds


def start_ups(rounds: int = ROUNDS) -> dict[str, float]:
    """Seconds from a command's start to the readiness of the service with its workers, and to a report; the best."""
    found: dict[str, list[float]] = {"serve: ready after, s": [], "simulate: answered after, s": []}
    command = [sys.executable, "-m", "service", "simulate", "-", "--json"]
    for _ in range(rounds):
        started = perf_counter()
        with running_service(workers=WORKERS):
            found["serve: ready after, s"].append(perf_counter() - started)
        started = perf_counter()
        subprocess.run(command, cwd=ROOT, input=same(), stdout=subprocess.DEVNULL, check=True)
        found["simulate: answered after, s"].append(perf_counter() - started)
    return {name: min(seconds) for name, seconds in found.items()}


def alone(spec: dict[str, Any], times: int) -> float:
    """Seconds of a simulation in this process."""
    known: Any = SimulationSpec.model_validate(spec)
    started = perf_counter()
    for _ in range(times):
        simulate(known)
    return (perf_counter() - started) / times


def main() -> None:
    """Print one line for each measurement."""
    keep_freed_memory()
    report = ROOT / "benchmarks" / ".report.json"
    report.write_text(simulate(SimulationSpec.model_validate(HOMEWORK)).model_dump_json(), encoding="utf-8")
    with TemporaryDirectory() as compiled:  # as it is for all who do not start the service for the first time
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = compiled
        found = start_ups()
    del os.environ["PYTHONPYCACHEPREFIX"]
    with running_service(workers=WORKERS) as ours, bare(report) as theirs:
        found |= measured(ours, theirs)
    for name, value in found.items():
        print(f"{name:56}{value:10.2f}")
    report.unlink()


if __name__ == "__main__":
    main()
