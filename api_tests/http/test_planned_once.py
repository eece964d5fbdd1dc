"""A request is planned once: what the parent has planned for the digest and the budget, a worker process simulates."""

import pickle
import sys
from collections.abc import Callable
from typing import TypeVar

import httpx
import pytest

from api_tests.http.asking import sent, spec
from api_tests.jobs.classes import RUBRIC, SHEETS
from service.charts.renderer import ChartRenderer
from service.core.settings import Settings
from service.http.app import build_app
from service.jobs.jobs import Jobs
from service.processes.pool import PoolLimits, ProcessPool
from service.simulation.estimate import Limits
from service.simulation.plan import Plan, plan
from service.simulation.spec import SimulationSpec
from service.store.archive import Archive
from service.store.database import Database
from service.store.stores import NullStore

pytestmark = pytest.mark.anyio

T = TypeVar("T")


class PoolHere(ProcessPool):
    """Runs in this process what a pool would run in another, from the same bytes."""

    async def run(
        self, task: Callable[[int], T], seconds: float | None = None, *, cost_seconds: float | None = None
    ) -> T:
        found: T = pickle.loads(pickle.dumps(task))(1)
        return found


@pytest.fixture
def planned(monkeypatch: pytest.MonkeyPatch) -> list[SimulationSpec]:
    """The specifications that are planned from now on, wherever in the service that is."""
    specs: list[SimulationSpec] = []

    def counted(spec: SimulationSpec) -> Plan:
        specs.append(spec)
        return plan(spec)

    for name, module in list(sys.modules.items()):
        if name.startswith("service.") and getattr(module, "plan", None) is plan:
            monkeypatch.setattr(module, "plan", counted)
    return specs


@pytest.fixture
def client_here() -> httpx.AsyncClient:
    """A client of an application that keeps no report, and does everything in this process."""
    settings = Settings()
    pool = PoolHere(PoolLimits.of(settings))
    archive = Archive(pool, NullStore(), Limits(1e12, 1 << 40), cache_bytes=0)
    jobs = Jobs(settings, Database(settings.database_url))
    app = build_app(settings, pool, archive, ChartRenderer(settings), jobs)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://service")


async def test_a_simulation_is_planned_once(client_here: httpx.AsyncClient, planned: list[SimulationSpec]) -> None:
    async with client_here as client:
        answer = await client.post("/v1/simulations", **sent(spec(seed=7)))
    assert answer.status_code == 200, answer.text
    assert [one.seed for one in planned] == [7]


async def test_every_network_of_a_grading_is_planned_once(
    client_here: httpx.AsyncClient, planned: list[SimulationSpec]
) -> None:
    async with client_here as client:
        answer = await client.post("/v1/gradings", **sent({"rubric": RUBRIC, "answers": SHEETS["ada"]}))
    assert answer.status_code == 200, answer.text
    assert answer.json()["fraction"] == 1.0
    digests = [one.digest() for one in planned]
    assert len(digests) == len(set(digests)) == 2
