"""A real service with more to do than it can: deadlines, dying processes, full queues, probes, and its own end."""

import json
import os
import signal
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from api_tests.http.asking import Json, assert_problem, sent
from api_tests.http.lines import unfinished
from api_tests.networks import stack
from api_tests.processes.processes import children, cpu_seconds, eventually, exists, server_at, simulating
from examples.running_service import running_service

QUICK: Json = {"network": stack(2, 4), "trials": 1}
SHORT: Json = {"network": stack(20, 64), "trials": 40}
ENDLESS: Json = {"network": stack(20, 512), "trials": 10_000}
PATIENCE = 60.0
LIMITS = {
    "workers": 2,
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
    """That service with a process at rest, whatever the last test did to them: starting one would look like work."""
    assert asked(limited, QUICK).status_code == 200
    return limited


@pytest.fixture(scope="module")
def short_of_time() -> Iterator[str]:
    """A service with two seconds for each simulation."""
    with running_service(**{**LIMITS, "sync_deadline_seconds": 2}) as url:
        yield url


@pytest.fixture
def hurried(short_of_time: str) -> str:
    """That service with a process at rest."""
    assert asked(short_of_time, QUICK).status_code == 200
    return short_of_time


def asked(url: str, body: Json) -> httpx.Response:
    return httpx.post(f"{url}/v1/simulations", **sent(body), timeout=3 * PATIENCE)


def at_work(url: str, count: int) -> set[int]:
    """The worker processes of the service at `url`, once `count` of them are busy; which those are."""
    used = {process: cpu_seconds(process) for process in simulating(server_at(url))}

    def busy() -> set[int]:
        return {
            process for process in simulating(server_at(url)) if cpu_seconds(process) > used.get(process, 0.0) + 0.1
        }

    assert eventually(lambda: len(busy()) >= count, PATIENCE), "nothing is at work"
    return busy()


def test_a_simulation_of_hours_is_answered_at_its_deadline_and_its_process_is_gone(hurried: str) -> None:
    estimate = httpx.post(f"{hurried}/v1/estimates", **sent(ENDLESS)).json()
    assert estimate["floating_point_operations"] > 1.2e13  # ten minutes of a processor of 2024
    with ThreadPoolExecutor() as pool:
        began = time.perf_counter()
        answer = pool.submit(asked, hurried, ENDLESS)
        (worker,) = at_work(hurried, 1)
        problem = assert_problem(answer.result(PATIENCE), 504, "deadline-exceeded")
        assert 2.0 <= time.perf_counter() - began < PATIENCE
    assert problem["facts"] == {"limit_seconds": 2.0}
    assert eventually(lambda: not exists(worker), PATIENCE)
    assert asked(hurried, QUICK).status_code == 200


def test_a_process_that_is_killed_at_work_is_a_500_and_the_next_request_is_answered(rested: str) -> None:
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(asked, rested, ENDLESS)
        (worker,) = at_work(rested, 1)
        os.kill(worker, signal.SIGKILL)
        assert_problem(answer.result(PATIENCE), 500, "worker-failed")
    assert asked(rested, QUICK).status_code == 200


def test_an_interrupt_from_the_keyboard_is_the_business_of_the_server_alone(hurried: str) -> None:
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(asked, hurried, ENDLESS)
        (worker,) = at_work(hurried, 1)
        os.kill(worker, signal.SIGINT)
        assert_problem(answer.result(PATIENCE), 504, "deadline-exceeded")


def test_a_simulation_ends_with_its_process_when_its_client_leaves(rested: str) -> None:
    body = json.dumps(ENDLESS).encode()
    with unfinished(rested, "/v1/simulations", body, length=len(body)):
        (worker,) = at_work(rested, 1)
    assert eventually(lambda: not exists(worker), PATIENCE)  # the deadline would be twice as long
    assert asked(rested, QUICK).status_code == 200


def test_a_full_queue_is_a_429_that_tells_when_to_come_back(rested: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(asked, [rested] * 8, [SHORT] * 8))
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    for answer in refused:
        problem = assert_problem(answer, 429, "queue-full")
        assert int(answer.headers["retry-after"]) == problem["facts"]["retry_after_seconds"] >= 1
        assert problem["facts"]["limit"] == 1
    assert {answer.status_code for answer in answers} == {200, 429}
    assert len(answers) - len(refused) >= 3


def test_the_service_is_alive_while_all_its_processes_are_at_work(rested: str) -> None:
    with ThreadPoolExecutor() as pool:
        answers = [pool.submit(asked, rested, ENDLESS) for _ in range(2)]
        workers = at_work(rested, 2)
        assert len(workers) == 2
        seconds: list[float] = []
        for _ in range(20):
            began = time.perf_counter()
            assert httpx.get(f"{rested}/healthz/live", timeout=5).status_code == 200
            seconds.append(time.perf_counter() - began)
        assert statistics.median(seconds) < 1.0
        assert not any(answer.done() for answer in answers)
        for worker in workers:
            os.kill(worker, signal.SIGKILL)
        assert [answer.result(PATIENCE).status_code for answer in answers] == [500, 500]


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM], ids=lambda ending: ending.name)
def test_worker_processes_end_with_their_server(ending: signal.Signals) -> None:
    with running_service(**LIMITS) as url, ThreadPoolExecutor() as pool:
        server = server_at(url)
        pool.submit(asked, url, ENDLESS)
        busy, both = at_work(url, 1), children(server)
        assert busy < both
        os.kill(server, ending)
        assert eventually(lambda: not exists(server), PATIENCE)
        assert eventually(lambda: not any(map(exists, both)), PATIENCE)


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT], ids=lambda ending: ending.name)
def test_who_still_waits_when_the_service_stops_is_told(ending: signal.Signals) -> None:
    with running_service(**LIMITS) as url, ThreadPoolExecutor() as pool:
        answer = pool.submit(asked, url, ENDLESS)
        at_work(url, 1)
        os.kill(server_at(url), ending)
        assert_problem(answer.result(PATIENCE), 503, "stopping")
