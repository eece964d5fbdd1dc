"""What reports cost that are stored: reading one, listing a page, starting with all of them: `make bench-store`."""

import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from service.processes.system import single_blas_thread  # noqa: E402 - the root is on the path only now

single_blas_thread()

import httpx  # noqa: E402
import numpy as np  # noqa: E402 - NumPy comes after the thread limit

from benchmarks.shapes import Shape  # noqa: E402
from examples.running_service import running_service  # noqa: E402
from service.core.settings import Settings  # noqa: E402
from service.simulation.simulate import simulate  # noqa: E402
from service.simulation.spec import SimulationSpec  # noqa: E402
from service.store.listing import Cursor  # noqa: E402
from service.store.stores import Store, report_store  # noqa: E402

REPORTS, READINGS, PAGES, STARTS = 10_000, 2000, 200, 7
DIGESTS = [f"{number:064x}" for number in range(REPORTS)]
SHAPE = Shape("small", 32, 10, 32, 32)


def filled(store: Store) -> bytes:
    """The report that is put under every digest."""
    report = simulate(SimulationSpec.model_validate(SHAPE.spec("float64"))).model_dump_json().encode()
    for digest in DIGESTS:
        store.put(digest, report)
    return report


def milliseconds(work: Callable[[int], object], times: int) -> np.ndarray:
    """How long each of `times` calls takes."""
    found = []
    for number in range(times):
        started = perf_counter()
        work(number)
        found.append(1e3 * (perf_counter() - started))
    return np.array(found)


def show(name: str, found: np.ndarray) -> None:
    """One line."""
    p50, p99 = np.percentile(found, [50, 99])
    print(f"{name:44}{p50:10.2f}{p99:10.2f}")


def read(store: Store) -> None:
    """Reading and listing in this process, then over HTTP."""
    order = np.random.default_rng(0).integers(REPORTS, size=READINGS)
    show("read one, ms", milliseconds(lambda number: store.get(DIGESTS[order[number]]), READINGS))
    after = [Cursor(item.created_at, item.digest) for item in store.page(200).items]
    show("list 50, ms", milliseconds(lambda number: store.page(50, after[number % len(after)]), PAGES))


def read_over_http(url: str) -> None:
    """Reading and listing as a client sees it, from a service that keeps nothing in memory."""
    order = np.random.default_rng(1).integers(REPORTS, size=READINGS)
    with running_service(database_url=url, cache_bytes=0) as service, httpx.Client(base_url=service) as client:
        path = "/v1/simulations"
        show("read one over HTTP, ms", milliseconds(lambda n: client.get(f"{path}/{DIGESTS[order[n]]}"), READINGS))
        show("list 50 over HTTP, ms", milliseconds(lambda _: client.get(path), PAGES))


def started(url: str) -> float:
    """Milliseconds until a service over the database at `url` is ready."""
    began = perf_counter()
    with running_service(database_url=url, workers=1):
        return 1e3 * (perf_counter() - began)


def main() -> None:
    """Print one line for each measurement; an argument is the URL of an empty database to fill in place of a file."""
    given = next(iter(sys.argv[1:]), None)
    with tempfile.TemporaryDirectory() as folder:
        full, empty = (f"sqlite:///{folder}/{name}.sqlite3" for name in ("full", "empty"))
        store = report_store(Settings(database_url=given or full))
        report = filled(store)
        print(f"{REPORTS} reports of {len(report)} bytes{'p50':>16}{'p99':>10}")
        read(store)
        store.close()
        read_over_http(given or full)
        started(empty)  # makes it
        both = np.array([[started(empty), started(given or full)] for _ in range(STARTS)])
        show("start with an empty store, ms", both[:, 0])
        show("start with a full store, ms", both[:, 1])
        print(json.dumps({"ratio of the medians": round(float(np.divide(*np.median(both, axis=0)[::-1])), 3)}))


if __name__ == "__main__":
    main()
