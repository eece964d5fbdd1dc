"""Hostile and honest traffic together: `make attack` (SECONDS=1800), and what becomes of the honest one.

A service with keys runs on loopback. For a while honest callers are alone, then everything in `benchmarks/attacks` goes
on beside them. Judged are: the p99 of the course's simulation beside its p99 alone, answers of 5xx that are none of
intent, memory and descriptors of every process over time, the bytes of the store, and whether every report and job
that was acknowledged is still there. `artefacts/attack.json` has all figures.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from itertools import count
from pathlib import Path
from secrets import token_urlsafe
from time import monotonic, perf_counter, sleep
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from service.processes.system import single_blas_thread  # noqa: E402 - the root is on the path only now

single_blas_thread()

import httpx  # noqa: E402 - NumPy comes after the thread limit

from api_tests.store.postgres import free_port  # noqa: E402
from benchmarks.attacks.honest import Honest, Ledger, missing  # noqa: E402
from benchmarks.attacks.watch import Watch, growth  # noqa: E402

ALONE_SHARE = 0.1
"""Of all seconds, those in which honest callers are alone; between half a minute and three."""
STORE_BYTES = 256 << 20
INTENDED = {"stopping", "not-ready", "no-room", "store-full", "store-unavailable", "too-many-connections"}
"""Codes of 503 and 507 that say what they mean; any other answer of 5xx is a fault."""
_SETTLED = 0.3  # of the attack: what a process needs at its beginning is no leak
_KEYS = {
    "honest": ["read", "simulate", "grade"],
    "teacher": ["read", "simulate", "grade", "teach"],
    "student": ["read", "grade"],
    "hostile": ["read", "simulate", "grade", "teach"],
    "crowd": ["read", "simulate", "grade"],
    "operator": ["admin"],
}


@contextmanager
def served(folder: Path, keys: dict[str, str]) -> Iterator[tuple[str, int]]:
    """The address and the process of a service with these keys, whose store lies in `folder`."""
    entries = [
        {"name": name, "sha256": sha256(key.encode()).hexdigest(), "scopes": _KEYS[name]} for name, key in keys.items()
    ]
    (folder / "keys.json").write_text(json.dumps({"keys": entries}))
    (folder / "keys.json").chmod(0o600)
    port = free_port()
    settings = {
        "PORT": port,
        "WORKERS": 2,
        "JOB_WORKERS": 1,
        "DATABASE_URL": f"sqlite:///{folder}/store.sqlite3",
        "STORE_BYTES": STORE_BYTES,
        "API_KEYS_FILE": folder / "keys.json",
    }
    environment = os.environ | {f"GRADIENT_VERDICT_{name}": str(value) for name, value in settings.items()}
    with (folder / "log").open("wb") as log:
        command = [sys.executable, "-m", "service", "serve"]
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_until_ready(url, process)
        yield url, process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)


def _wait_until_ready(url: str, process: subprocess.Popen[bytes]) -> None:
    stop = monotonic() + 120
    while monotonic() < stop and process.poll() is None:
        with suppress(httpx.TransportError):
            if httpx.get(f"{url}/healthz/ready", trust_env=False).is_success:
                return
        sleep(0.1)
    raise RuntimeError("the service did not start")


def percentile(values: list[float], share: float) -> float:
    """That quantile; not a number of nothing."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))] if values else float("nan")


def attacked(url: str, keys: dict[str, str], seconds: float) -> subprocess.Popen[bytes]:
    """The attackers, in a process that prints what they were answered."""
    command = [sys.executable, "-m", "benchmarks.attacks.run"]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    asked = json.dumps({"url": url, "keys": keys, "seconds": seconds}).encode()
    if process.stdin is not None:
        process.stdin.write(asked)
        process.stdin.close()
        process.stdin = None
    return process


def measured(seconds: float) -> dict[str, Any]:
    """Everything that was seen in so many seconds."""
    keys = {name: f"gv_{token_urlsafe(32)}" for name in _KEYS}
    alone = min(180.0, max(30.0, ALONE_SHARE * seconds))
    ledger, seeds = Ledger(), count(1)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        with served(folder, keys) as (url, pid):
            watch = Watch(pid, folder, url)
            threads = watch.start()
            asyncio.run(Honest(url, keys, ledger, seeds).work(monotonic() + alone))
            began = monotonic()
            attackers = attacked(url, keys, seconds - alone)
            asyncio.run(Honest(url, keys, ledger, seeds).work(began + seconds - alone))
            ended = monotonic()
            told, _ = attackers.communicate(timeout=300)
            lost = asyncio.run(missing(url, keys, ledger))
            watch.stopped.set()
            for thread in threads:
                thread.join(timeout=90)
        log_bytes = (folder / "log").stat().st_size
        (ROOT / "artefacts").mkdir(exist_ok=True)
        (ROOT / "artefacts" / "attack.log").write_bytes((folder / "log").read_bytes()[-(1 << 20) :])
    return {
        "alone": _latencies(ledger, watch, 0.0, began),
        "attacked": _latencies(ledger, watch, began, ended),
        "honest": dict(sorted(ledger.answers.items())),
        "hostile": json.loads(told or b"{}"),
        "growth": _growths([one for one in watch.samples if began + _SETTLED * (ended - began) < one["at"] < ended]),
        "store_mb": max(one["store: MB"] for one in watch.samples),
        "promised": {"reports": len(ledger.reports), "jobs": len(ledger.jobs)},
        "lost": lost,
        "log_mb": log_bytes / 2**20,
    }


def _latencies(ledger: Ledger, watch: Watch, since: float, until: float) -> dict[str, dict[str, float]]:
    live = [seconds for began, seconds in watch.alive if since <= began < until]
    rows = {what: ledger.took(what, since, until) for what in sorted(ledger.seconds)} | {"live": live}
    return {
        what: {"count": len(took), "p50": percentile(took, 0.5), "p99": percentile(took, 0.99), "max": max(took)}
        for what, took in rows.items()
        if took
    }


def _growths(samples: list[dict[str, float]]) -> dict[str, tuple[float, float, float]]:
    names = sorted({name for one in samples for name in one} - {"at"})
    return {name: growth(samples, name) for name in names}


def faults(found: dict[str, Any]) -> list[str]:
    """What is not as it should be."""
    told = []
    slower = found["attacked"]["course"]["p99"] / found["alone"]["course"]["p99"]
    if slower > 3:
        told.append(f"the course's simulation has {slower:.1f} times its p99 alone; 3 at most")
    for side in ("honest", "hostile"):
        told += [f"{side}: {answer}, {times} times" for answer, times in found[side].items() if _is_fault(answer)]
    for name, (mean, grown, error) in found["growth"].items():
        is_bounded = not name.startswith("store") and not name.endswith("processes")
        if is_bounded and grown > max(3 * error, 0.1 * mean):
            told.append(f"{name} grew by {grown:.1f} ± {error:.1f}, of {mean:.1f}")
    if found["store_mb"] > 1.25 * STORE_BYTES / 2**20:
        told.append(f"the store has {found['store_mb']:.0f} MB; {STORE_BYTES / 2**20:.0f} are allowed")
    told += [f"{lost} {what} are lost" for what, lost in found["lost"].items() if lost]
    return told


def _is_fault(answer: str) -> bool:
    what, _, told = answer.partition(": ")
    status, _, code = told.partition(" ")
    by_intent = status in ("503", "507") and code in INTENDED
    return what == "BREACH" or " failed" in what or (status.startswith("5") and len(status) == 3 and not by_intent)


def main() -> None:
    """Attack a service for some seconds, and print what came of it; the status is 1 where there are faults."""
    seconds = float(dict(one.split("=") for one in sys.argv[1:]).get("SECONDS", 1800))
    began = perf_counter()
    found = measured(seconds)
    (ROOT / "artefacts" / "attack.json").write_text(json.dumps(found, indent=2))
    for phase in ("alone", "attacked"):
        for what, row in found[phase].items():
            print(f"{phase:10}{what:12}" + "".join(f"{name} {value:10.4g}  " for name, value in row.items()))
    for name, (mean, grown, error) in found["growth"].items():
        print(f"{name:28}{mean:10.1f}{grown:+10.1f} ± {error:.1f}")
    for side in ("honest", "hostile"):
        for answer, times in found[side].items():
            print(f"{side:10}{times:8d}  {answer}")
    sizes = f"store {found['store_mb']:.0f} MB, log {found['log_mb']:.1f} MB"
    print(f"promised {found['promised']}, lost {found['lost']}, {sizes}")
    told = faults(found)
    print("\n".join(told) or f"no fault in {perf_counter() - began:.0f} s")
    sys.exit(bool(told))


if __name__ == "__main__":
    main()
