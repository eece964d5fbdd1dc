"""Where bodies are read: large ones in worker processes and never in the loop, with the same problems as small ones."""

import json
import pickle
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
from anyio import create_task_group

from api_tests.http.asking import Json, assert_problem, sent, spec
from api_tests.http.working import RUBRIC, SHEETS, sweep
from service.charts.renderer import ChartRenderer
from service.core.payload import Payload
from service.core.settings import Settings
from service.grading.spec import RubricSpec
from service.grading.tasks import kept_text
from service.http.app import build_app
from service.jobs.jobs import Jobs
from service.processes.pool import PoolLimits, ProcessPool
from service.simulation.estimate import Limits
from service.simulation.simulate import simulate
from service.simulation.spec import SimulationSpec
from service.store import listing
from service.store.archive import Archive
from service.store.database import Database
from service.store.listing import ReportSummary
from service.store.stores import NullStore

pytestmark = pytest.mark.anyio

T = TypeVar("T")
PADDING = b" " * (17 << 10)
"""Makes a body large, and nothing else of it."""
DEEP: Json = {"kind": "repeat", "times": 1000, "layers": [{"kind": "dense", "units": 2}]}
GRADING: Json = {"rubric": RUBRIC, "answers": {"d": "tanh(z)", "n": 1.7535}}
TOLD: Json = {"claim": {"kind": "number", "expected": 2, "relative_tolerance": 0.01}}
BODIES: dict[str, Json] = {
    "POST /v1/simulations": spec(),
    "POST /v1/estimates": spec(),
    "POST /v1/prescriptions": spec(),
    "POST /v1/comparisons": {"networks": [{"name": "a", "spec": spec()}, {"name": "b", "spec": spec(seed=1)}]},
    "POST /v1/trainings": spec(steps=2, rates=[0.1]),
    "POST /v1/sweeps": sweep(),
    "POST /v1/activations/profile": {"activation": {"kind": "relu"}},
    "POST /v1/gradings": GRADING,
    "POST /v1/rubrics/validate": {"rubric": RUBRIC},
    "POST /v1/rubrics/package?format=gradescope": {"rubric": RUBRIC},
    "POST /v1/previews": {"answer": "tanh(z)"},
    "PUT /v1/assignments/sheet": {"rubric": RUBRIC},
    "POST /v1/assignments/sheet/gradings": SHEETS,
    "POST /evaluate": {
        "submission": {"type": "OTHER", "content": {"value": "2"}},
        "configuration": {"params": TOLD},
    },
    "POST /v1/adapters/lambda-feedback": {"response": "2", "params": TOLD},
    "POST /v1/adapters/xqueue": {
        "xqueue_body": json.dumps({"student_response": "2", "grader_payload": json.dumps(TOLD)})
    },
}
"""A body that is answered, by its operation; assignments come before what is graded by them."""
AT_ONCE = {"POST /v1/simulations", "POST /v1/estimates", "POST /v1/previews"}
"""What is read in the loop where it is small: it is asked for at every keystroke, or answered from memory."""
FAULTS: list[Any] = [
    [], "x", None, {}, {"network": 3}, {"netwrok": {}},
    {"rubric": {"claims": [{"kind": "verdict"}, {"kind": "numbr"}]}},
    spec({"features": 3, "layers": [{"kind": "dense", "units": 0}, {"kind": "dens"}, {"units": 3}]}),
    spec(seed="1", trials=0, learning_rate=3), {"activation": {"kind": "Tanh"}}, {"answer": 3, "parameters": "z"},
    {"submissions": [{"id": ""}] * 30}, {"base": spec(trials=-1), "axes": [{"name": "depth", "values": "x"}]},
]  # fmt: skip


class Worker(ProcessPool):
    """A pool that works in this process, from the bytes that another would have had, and says when it does."""

    def __init__(self) -> None:
        super().__init__(PoolLimits.of(Settings()))
        self.at_work = False

    async def run(
        self, task: Callable[[int], T], seconds: float | None = None, *, cost_seconds: float | None = None
    ) -> T:
        """What the task finds."""
        with self._work():
            found: T = pickle.loads(pickle.dumps(task))(1)
        return found

    @contextmanager
    def _work(self) -> Iterator[None]:
        self.at_work = True
        try:
            yield
        finally:
            self.at_work = False


@pytest.fixture
def worker() -> Worker:
    return Worker()


@pytest.fixture
def read(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """For every payload that is read from now on, whether a worker read it."""
    found: list[bool] = []
    reading = Payload.read

    def noted(payload: Payload[Any]) -> Any:
        found.append(worker.at_work)
        return reading(payload)

    monkeypatch.setattr(Payload, "read", noted)
    return found


@pytest.fixture
async def client(worker: Worker, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    settings = Settings(database_url=f"sqlite:///{tmp_path}/all.sqlite3", bodies_bytes=1 << 20)
    archive = Archive(worker, NullStore(), Limits(1e12, 1 << 40), cache_bytes=1 << 20)
    jobs = Jobs(settings, Database(settings.database_url), worker)
    app = build_app(settings, worker, archive, ChartRenderer(settings), jobs)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://service") as client:
        yield client
    await jobs.close()


async def answered(client: httpx.AsyncClient, operation: str, body: bytes) -> httpx.Response:
    method, path = operation.split(" ")
    return await client.request(method, path, **sent(body))


async def test_every_operation_with_a_body_is_looked_at(client: httpx.AsyncClient) -> None:
    paths = (await client.get("/openapi.json")).json()["paths"]
    there = {
        f"{method.upper()} {path.replace('{id}', 'sheet')}"
        for path, methods in paths.items()
        for method, operation in methods.items()
        if "requestBody" in operation
    }
    known = {operation.split("?")[0] for operation in BODIES}
    assert there - known == {
        "POST /v1/imports/{source}",
        *(f"POST /v1/trainings/chart.{kind}" for kind in ("json", "svg", "png")),
    }


async def test_large_bodies_are_read_by_workers_alone(client: httpx.AsyncClient, read: list[bool]) -> None:
    for operation, body in BODIES.items():
        read.clear()
        answer = await answered(client, operation, json.dumps(body).encode() + PADDING)
        assert answer.status_code < 300, (operation, answer.text)
        assert read, operation
        assert all(read), operation


async def test_small_bodies_are_read_in_the_loop_where_it_takes_no_time(
    client: httpx.AsyncClient, read: list[bool]
) -> None:
    for operation, body in BODIES.items():
        read.clear()
        answer = await answered(client, operation, json.dumps(body).encode())
        assert answer.status_code < 300, (operation, answer.text)
        assert all(read) != (operation in AT_ONCE), operation


async def test_a_small_body_of_a_deep_network_is_planned_by_workers(
    client: httpx.AsyncClient, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned: list[bool] = []
    from service.simulation import tasks  # noqa: PLC0415

    plan = tasks.plan
    monkeypatch.setattr(tasks, "plan", lambda asked: planned.append(worker.at_work) or plan(asked))
    deep = spec({"features": 2, "layers": [DEEP]}, trials=1)
    for path in ("/v1/estimates", "/v1/simulations"):
        assert (await client.post(path, **sent(deep))).status_code == 200
    assert planned
    assert all(planned)


@pytest.mark.parametrize("operation", BODIES)
async def test_the_problems_of_large_bodies_are_those_of_small_ones(client: httpx.AsyncClient, operation: str) -> None:
    await answered(client, "PUT /v1/assignments/sheet", json.dumps({"rubric": RUBRIC}).encode())
    for fault in [json.dumps(one).encode() for one in FAULTS] + [b"{]", b'{"a":1,"a":2}', b"\xff"]:
        small, large = [await answered(client, operation, body) for body in (fault, fault + PADDING)]
        assert small.status_code == large.status_code >= 400
        told = [_without_name(answer.json()) for answer in (small, large)]
        assert told[0] == told[1], fault


def _without_name(problem: Any) -> Any:
    """A problem without the identifier of its request."""
    if isinstance(problem, dict):
        return {name: _without_name(value) for name, value in problem.items() if name != "request_id"}
    return problem


async def test_a_text_that_was_answered_before_is_not_read_again(client: httpx.AsyncClient, read: list[bool]) -> None:
    body = json.dumps(spec(seed=9)).encode() + PADDING
    first = await client.post("/v1/simulations", **sent(body))
    read.clear()
    again = await client.post("/v1/simulations", **sent(body))
    assert (first.status_code, again.content, read) == (200, first.content, [])
    assert again.headers["cache-status"] == "gradient-verdict; hit"


async def test_identical_requests_under_way_are_simulated_once(
    client: httpx.AsyncClient,
) -> None:
    for body in (json.dumps(spec(seed=10)).encode(), json.dumps(spec(seed=11)).encode() + PADDING):
        found: list[httpx.Response] = []

        async def ask(sent_body: bytes, answers: list[httpx.Response]) -> None:
            answers.append(await client.post("/v1/simulations", **sent(sent_body)))

        async with create_task_group() as asking:
            for _ in range(5):
                asking.start_soon(ask, body, found)
        assert len({answer.content for answer in found}) == 1
        said = sorted(answer.headers["cache-status"] for answer in found)
        assert said == ["gradient-verdict; fwd=miss; collapsed; stored"] * 4 + ["gradient-verdict; fwd=miss; stored"]


async def test_a_body_that_there_is_no_room_for_is_refused_and_a_small_one_is_not(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/estimates", **sent(json.dumps(spec()).encode() + b" " * (600 << 10)))
    assert_problem(answer, 503, "no-room")
    assert answer.headers["retry-after"] == "2"
    for length in (0, 500 << 10):
        answer = await client.post("/v1/estimates", **sent(json.dumps(spec()).encode() + b" " * length))
        assert answer.status_code == 200


def test_what_a_list_shows_of_a_large_report_is_that_of_a_small_one(monkeypatch: pytest.MonkeyPatch) -> None:
    made = simulate(SimulationSpec.model_validate(spec()))
    for text in (made.model_dump_json().encode(), made.model_dump_json(indent=1).encode()):
        at_once = ReportSummary.fields_in(text)
        monkeypatch.setattr(listing, "_SMALL_BYTES", 0)
        assert ReportSummary.fields_in(text) == at_once
        monkeypatch.undo()


def test_half_a_character_in_a_rubric_breaks_nothing() -> None:
    patch = [{"op": "remove", "path": "/seed", "value": "\ud800"}]
    change = {"id": "h", "kind": "change", "simulation": spec(), "patch": patch, "by": "vanishing"}
    rubric = RubricSpec.model_validate({"rubric": {"id": "course", "claims": [change]}})
    assert "\ufffd" in kept_text(Payload.of(rubric)).decode()
