"""A real service with more to do than it can: deadlines, dying processes, full queues, probes, and its own end.

A test waits until its own service has come to something, for a minute if it must; none measures how long that takes.
"""

import json
import os
import re
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from api_tests.http.asking import Json, assert_problem, sent
from api_tests.http.lines import unfinished
from api_tests.networks import stack
from api_tests.processes.processes import (
    children,
    cpu_seconds,
    draws,
    eventually,
    exists,
    server_at,
    simulating,
    sleeps,
    workers,
)
from examples.running_service import running_service

QUICK: Json = {"network": stack(2, 4), "trials": 1}
SHORT: Json = {"network": stack(20, 64), "trials": 40}
ENDLESS: Json = {"network": stack(20, 512), "trials": 10_000}
PATIENCE = 60.0
LIMITS = {
    "workers": 2,
    "spare_workers": 0,  # whose start would look like work
    "sync_deadline_seconds": 2 * PATIENCE,  # which no test here waits for
    "sync_budget_flops": 1e18,
    "queue_limit": 1,
    "shutdown_seconds": 1,
    "cache_bytes": 0,  # an answer that is kept would keep no process busy
    "store_bytes": 0,
}


@pytest.fixture(scope="module")
def limited() -> Iterator[str]:
    """A service with two workers and room for one more simulation to wait."""
    with running_service(**LIMITS) as url:
        yield url


@pytest.fixture
def rested(limited: str) -> str:
    """That service with both processes at rest, whatever the last test did to them: a start would look like work."""

    def both_are_there() -> bool:
        with ThreadPoolExecutor() as pool:
            list(pool.map(asked, [limited] * 3, [SHORT | {"seed": seed} for seed in range(3)]))
        processes = simulating(server_at(limited))
        return len(processes) == 2 and all(map(sleeps, processes))

    assert eventually(both_are_there, PATIENCE)
    return limited


def asked(url: str, body: Json) -> httpx.Response:
    return httpx.post(f"{url}/v1/simulations", **sent(body), timeout=3 * PATIENCE)


def at_work(url: str, count: int, seconds: float = 0.1) -> set[int]:
    """The worker processes of the service at `url`, once `count` of them have worked so long from now; which they are.

    A process that starts works for some two seconds.
    """
    used = {process: cpu_seconds(process) for process in simulating(server_at(url))}

    def busy() -> set[int]:
        return {
            process for process in simulating(server_at(url)) if cpu_seconds(process) > used.get(process, 0.0) + seconds
        }

    assert eventually(lambda: len(busy()) >= count, PATIENCE), "nothing is at work"
    return busy()


def waiting(url: str) -> int:
    """How many simulations wait for a process of the service at `url`."""
    metrics = httpx.get(f"{url}/metrics", timeout=PATIENCE).text
    return int(float(re.findall(r"^gradient_verdict_waiting_simulations (.+)$", metrics, re.M)[0]))


def test_a_simulation_of_hours_is_answered_at_its_deadline_and_its_process_is_gone() -> None:
    with running_service(**{**LIMITS, "sync_deadline_seconds": 2}) as url:
        estimate = httpx.post(f"{url}/v1/estimates", **sent(ENDLESS), timeout=PATIENCE).json()
        assert estimate["floating_point_operations"] > 1.2e13  # ten minutes of a processor of 2024
        both = simulating(server_at(url))
        problem = assert_problem(asked(url, ENDLESS), 504, "deadline-exceeded")
        assert problem["facts"] == {"limit_seconds": 2.0}
        assert eventually(lambda: not all(map(exists, both)), PATIENCE)
        assert eventually(lambda: asked(url, QUICK).status_code == 200, PATIENCE)


def test_a_process_that_is_killed_at_work_is_a_500_and_the_next_request_is_answered(rested: str) -> None:
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(asked, rested, ENDLESS)
        (worker,) = at_work(rested, 1)
        os.kill(worker, signal.SIGKILL)
        assert_problem(answer.result(PATIENCE), 500, "worker-failed")
    assert asked(rested, QUICK).status_code == 200


def test_a_simulation_ends_with_its_process_when_its_client_leaves(rested: str) -> None:
    body = json.dumps(ENDLESS).encode()
    with unfinished(rested, "/v1/simulations", body, length=len(body)):
        (worker,) = at_work(rested, 1)
    assert eventually(lambda: not exists(worker), PATIENCE)  # the deadline would be twice as long
    assert asked(rested, QUICK).status_code == 200


def test_beside_long_work_short_work_is_answered_and_a_full_queue_is_a_429(rested: str) -> None:
    with ThreadPoolExecutor() as pool:
        endless = [pool.submit(asked, rested, {**ENDLESS, "seed": 1})]
        workers = at_work(rested, 1)
        endless += [pool.submit(asked, rested, {**ENDLESS, "seed": 2})]  # one process is left to short work
        assert eventually(lambda: waiting(rested) == 1, PATIENCE)
        for _ in range(20):
            assert httpx.get(f"{rested}/healthz/live", timeout=PATIENCE).status_code == 200
        refused = asked(rested, {**ENDLESS, "seed": 3})
        problem = assert_problem(refused, 429, "queue-full")
        assert int(refused.headers["retry-after"]) == problem["facts"]["retry_after_seconds"] >= 600
        assert (problem["facts"]["waiting"], problem["facts"]["limit"]) == (1, 1)
        assert asked(rested, QUICK).status_code == 200
        assert not any(answer.done() for answer in endless)
        for answer in endless:
            for worker in workers:
                os.kill(worker, signal.SIGKILL)
            assert answer.result(PATIENCE).status_code == 500
            workers = at_work(rested, 1, seconds=6) if answer is not endless[-1] else set()


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT], ids=lambda ending: ending.name)
def test_all_processes_end_with_their_server_and_who_still_waits_is_told(ending: signal.Signals) -> None:
    with running_service(**LIMITS, draw_at_start=True) as url, ThreadPoolExecutor() as pool:
        server = server_at(url)
        assert eventually(lambda: any(map(draws, workers(server))), PATIENCE)
        answer = pool.submit(asked, url, ENDLESS)
        busy, all_of_them = at_work(url, 1), children(server)
        assert len(all_of_them) >= 3
        assert busy < all_of_them
        os.kill(server, ending)
        if ending is not signal.SIGKILL:  # by which nobody can be told
            assert_problem(answer.result(PATIENCE), 503, "stopping")
        assert eventually(lambda: not exists(server), PATIENCE)
        assert eventually(lambda: not any(map(exists, all_of_them)), PATIENCE)
