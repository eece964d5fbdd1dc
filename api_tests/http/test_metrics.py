"""What is counted for Prometheus, without a server: of requests, of processes, and of what others count."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from anyio import CancelScope, fail_after, move_on_after, sleep_forever
from prometheus_client.parser import text_string_to_metric_families

from service.core.context import RequestContext
from service.core.errors import StoreUnavailable
from service.http import metrics as metrics_module
from service.http.metrics import Exchange, Metrics
from service.processes.family import process_usage
from service.processes.workers import Counts

pytestmark = pytest.mark.anyio

PATIENCE = 60.0
DURATION = "http_request_duration_seconds"


async def none() -> dict[str, int]:
    return {}


async def stored() -> dict[str, int]:
    return {"reports": 7, "evidence": 5}


async def never() -> dict[str, int]:
    await sleep_forever()
    raise AssertionError


def metrics(under_way: Any = none) -> Metrics:
    """The metrics of a service that does nothing."""
    pool, archive = (
        SimpleNamespace(busy=2, waiting=3, spare=1, counts=Counts(9, 8, 7, 6, 5, 4)),
        SimpleNamespace(kept_bytes=5, store_failures=7),
    )
    jobs = SimpleNamespace(under_way=under_way, stored_bytes=stored, watchers=11, executors_alive=1, executors_lost=4)
    return Metrics(pool, archive, SimpleNamespace(waiting=12), jobs)  # type: ignore[arg-type]


def exchange(method: str = "GET", route: str = "", noted: RequestContext | None = None, **seen: Any) -> Exchange:
    """A request that was answered."""
    scope = {"method": method} | ({"route": SimpleNamespace(path_format=route)} if route else {})
    return Exchange(scope, noted or RequestContext(), **seen)


async def values(counted: Metrics) -> dict[tuple[str, ...], float]:
    """Every sample of the metrics by its name and labels."""
    return {
        (sample.name.removeprefix("gradient_verdict_"), *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(await counted.text())
        for sample in family.samples
    }


async def test_metrics_tell_what_is_done_now_and_what_has_failed() -> None:
    async def under_way() -> dict[str, int]:
        return {"queued": 4, "running": 1}

    found = await values(metrics(under_way))
    named = {"busy_workers": 2, "waiting_simulations": 3, "kept_report_bytes": 5, "store_failures_total": 7}
    named |= {"job_watchers": 11, "executors_alive": 1, "executors_lost_total": 4}
    named |= {"spare_workers": 1, "worker_starts_total": 9, "waiting_drawings": 12}
    assert (found[("stored_bytes", "reports")], found[("stored_bytes", "evidence")]) == (7, 5)
    ends = {"died": 7, "hung": 6, "deadline": 5, "abandoned": 4}
    assert {name[1]: value for name, value in found.items() if name[0] == "worker_ends_total"} == ends
    assert {name: found[(name,)] for name in named} == named
    assert {name[1]: value for name, value in found.items() if name[0] == "open_jobs"} == {"queued": 4, "running": 1}


async def test_metrics_do_not_wait_for_a_database_and_tell_nothing_that_is_old() -> None:
    async def unavailable() -> dict[str, int]:
        raise StoreUnavailable("its disk is full")

    async def one() -> dict[str, int]:
        return {"queued": 1}

    counts = iter([one, never, one, unavailable])

    async def under_way() -> Any:
        return await next(counts)()

    counted = metrics(under_way)
    for _ in range(2):
        assert ("open_jobs", "queued") in await values(counted)
        with fail_after(PATIENCE):
            assert not [name for name in await values(counted) if name[0] == "open_jobs"]


async def test_metrics_wait_a_fifth_of_a_second_for_a_database(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []

    def noted(seconds: float) -> CancelScope:
        waits.append(seconds)
        return move_on_after(seconds)

    monkeypatch.setattr(metrics_module, "move_on_after", noted)
    await metrics().text()
    assert set(waits) == {0.2}


@pytest.mark.parametrize(("method", "told"), [("GET", "GET"), ("PATCH", "PATCH"), ("BREW", "other"), ("get", "other")])
async def test_a_request_is_counted_by_its_method_its_route_and_its_status(method: str, told: str) -> None:
    counted = metrics()
    counted.count(exchange(method, "/v1/{id}", status=201, seconds=0.003))
    counted.count(exchange(method, status=404, seconds=0.2))
    found = await values(counted)
    assert found[(f"{DURATION}_sum", told, "/v1/{id}", "201")] == 0.003
    assert found[(f"{DURATION}_count", told, "none", "404")] == 1
    asked = {told, "/v1/{id}", "201"}
    buckets = {
        next(label for label in labels if label not in asked): value
        for (sample, *labels), value in found.items()
        if sample == f"{DURATION}_bucket" and asked < set(labels)
    }
    edges = ["0.001", "0.003", "0.01", "0.03", "0.1", "0.3", "1.0", "3.0", "10.0", "30.0", "100.0", "+Inf"]
    assert list(buckets) == edges
    assert [edge for edge in edges if not buckets[edge]] == ["0.001"]


async def test_waiting_and_computing_are_counted_apart_for_what_needs_a_process() -> None:
    counted = metrics()
    counted.count(exchange("POST", "/v1/simulations", RequestContext(queue_seconds=2.0, compute_seconds=0.5)))
    counted.count(exchange("POST", "/v1/simulations"))
    found = await values(counted)
    assert found[("http_request_queue_seconds_sum", "/v1/simulations")] == 2.0
    assert found[("http_request_compute_seconds_sum", "/v1/simulations")] == 0.5
    assert found[("http_request_compute_seconds_count", "/v1/simulations")] == 1


async def test_what_is_noted_of_a_request_is_counted() -> None:
    counted = metrics()
    counted.count(exchange(noted=RequestContext(code="queue-full"), received=7, sent=11))
    counted.count(exchange(noted=RequestContext(cache="memory"), received=1, sent=2))
    found = await values(counted)
    assert found[("http_refusals_total", "queue-full")] == 1
    assert found[("answers_total", "memory")] == 1
    assert (found[("http_body_bytes_total", "received")], found[("http_body_bytes_total", "sent")]) == (8, 13)


async def test_how_long_a_stream_of_events_lasts_is_no_duration_of_a_request() -> None:
    counted = metrics()
    counted.count(exchange(route="/v1/jobs/{id}/events", seconds=500.0, is_stream=True))
    assert not [name for name in await values(counted) if name[0].startswith(DURATION)]


@contextmanager
def started(*arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process with `arguments` after its program, which waits."""
    wait = "import sys; print(flush=True); sys.stdin.read()"
    line = [sys.executable, "-c", wait, *arguments]
    with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        assert process.stdin is not None
        process.stdin.close()


@pytest.mark.skipif(not os.path.exists("/proc/self/task"), reason="the system does not tell of its processes")
async def test_every_process_is_counted_by_what_it_does_with_its_memory_and_its_files() -> None:
    before = process_usage()
    commands = [
        ("service.processes.worker", "7", "0", "service.grading.tasks"),
        ("service.processes.worker", "8", "0", "service.charts.report_page"),
        ("-m", "service", "worker", "--with-parent"),
    ]
    with started(*commands[0]), started(*commands[1]), started(*commands[2]):
        found, told = process_usage(), await values(metrics())
    for kind in ("worker", "renderer", "executor"):
        assert found[kind].processes == before[kind].processes + 1
        assert found[kind].resident_bytes > before[kind].resident_bytes + (1 << 20)
        assert found[kind].descriptors >= before[kind].descriptors + 3
        assert told[("processes", kind)] == found[kind].processes
    assert found["service"].processes == 1


async def test_what_is_open_is_told_as_long_as_it_is() -> None:
    counted = metrics()
    counted.live.requests = 3
    counted.live.connections = lambda: {"client": 7, "service": 2}
    found = await values(counted)
    assert found[("http_running_requests",)] == 3
    assert (found[("connections", "client")], found[("connections", "service")]) == (7, 2)


async def test_what_runs_is_told_with_its_versions() -> None:
    assert any(name[0] == "build_info" for name in await values(metrics()))
