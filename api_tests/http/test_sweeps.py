"""Sweeps over HTTP: accepted at once, once by every key, and refused where they cannot be meant."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from api_tests.http.asking import MARKER, Json, assert_problem, resolve, sent, spec
from api_tests.http.working import WIDTH, Bench, bench_over, sweep
from api_tests.networks import stack
from service.simulation.plan import plan
from service.simulation.spec import SimulationSpec
from service.studies.sweep import Grid, SweepSpec

pytestmark = pytest.mark.anyio

PATH = "/v1/sweeps"


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with bench_over(f"sqlite:///{tmp_path}/jobs.sqlite3") as made:
        yield made


async def test_a_sweep_is_accepted_and_told_where_it_is(bench: Bench) -> None:
    answer = await bench.client.post(PATH, **sent(sweep()))
    assert answer.status_code == 202, answer.text
    job = answer.json()
    assert answer.headers["location"] == job["links"]["self"] == f"/v1/jobs/{job['id']}"
    assert (job["kind"], job["status"], job["errors"], job["fault"]) == ("sweep", "queued", [], None)
    assert job["progress"] == {"total": 4, "done": 0, "failed": 0}
    assert job["estimated_seconds"] > 0
    assert job["links"]["chart"].endswith("/chart.svg")
    assert (await bench.client.get(answer.headers["location"])).json() == job


async def test_the_same_key_and_the_same_sweep_are_the_same_job(bench: Bench) -> None:
    first = await bench.made(**{"Idempotency-Key": "mine"})
    same_written_otherwise = json.loads(json.dumps(sweep(combine="product"), indent=3))
    assert (await bench.made(same_written_otherwise, **{"Idempotency-Key": "mine"}))["id"] == first["id"]
    assert (await bench.made(**{"Idempotency-Key": "other"}))["id"] != first["id"]
    assert (await bench.made())["id"] != (await bench.made())["id"]


async def test_the_same_key_and_another_sweep_are_a_conflict(bench: Bench) -> None:
    await bench.made(**{"Idempotency-Key": "mine"})
    request = sent(sweep({**WIDTH, "values": [2]}))
    answer = await bench.client.post(PATH, **{**request, "headers": {**request["headers"], "Idempotency-Key": "mine"}})
    assert_problem(answer, 409, "idempotency-conflict")


@pytest.mark.parametrize("key", ["", " ", "a b", "é", "k" * 256])
async def test_a_key_that_is_no_key_is_refused(bench: Bench, key: str) -> None:
    request = sent(sweep())
    headers = {**request["headers"], "Idempotency-Key": key.encode()}
    assert_problem(await bench.client.post(PATH, content=request["content"], headers=headers), 422, "invalid-request")


FAULTS: list[tuple[Json, str, str]] = [
    (sweep({"name": "width", "range": {"start": 1, "stop": 2, "count": 1}}), "/axes/0/range/count", "invalid-request"),
    (sweep({"name": "width", "range": {"start": 1, "stop": "2", "count": 2}}), "/axes/0/range/stop", "invalid-request"),
    (
        sweep({"name": "width", "range": {"scale": "log", "start": 0, "stop": 2, "count": 2}}),
        "/axes/0/range",
        "invalid-request",
    ),
    (sweep({"name": "width"}), "/axes/0", "invalid-request"),
    (sweep({"name": "w w", "values": [1]}), "/axes/0/name", "invalid-request"),
    (sweep({"name": "w", "pointer": "network", "values": [1]}), "/axes/0/pointer", "invalid-request"),
    (sweep({"name": "width", "values": []}), "/axes/0", "invalid-request"),
    (sweep({**WIDTH, "colour": MARKER}), "/axes/0/colour", "invalid-request"),
    (sweep(combine=MARKER), "/combine", "invalid-request"),
    (sweep(WIDTH, WIDTH), "", "invalid-request"),
    (sweep(WIDTH, {"name": "depth", "values": [1]}, combine="zip"), "", "invalid-request"),
    (
        sweep(*({"name": f"a{n}", "range": {"start": 0, "stop": 1, "count": 400}} for n in (1, 2))),
        "",
        "invalid-request",
    ),
    ({**sweep(), "base": {"network": {"features": 0, "layers": []}}}, "/base/network/features", "invalid-request"),
    (
        {**sweep(), "base": spec({"features": 1, "layers": [{"kind": "dense", "units": 0}]})},
        "/base/network/layers/0/units",
        "invalid-request",
    ),
    (sweep({"name": "colour", "values": [1]}), "/axes/0/name", "misplaced-axis"),
    (sweep(WIDTH, {"name": "p", "pointer": "/network/colour", "values": [1]}), "/axes/1/pointer", "misplaced-axis"),
    (sweep(WIDTH, {"name": "input_std", "values": [1, -1]}), "/axes/1/values/1", "misplaced-axis"),
    (sweep(WIDTH, {"name": "p", "pointer": "/seed", "values": [0, "x"]}), "/axes/1/values/1", "misplaced-axis"),
]


@pytest.mark.parametrize(("body", "pointer", "code"), FAULTS)
async def test_what_is_no_sweep_is_refused_with_a_pointer_to_its_fault(
    client: httpx.AsyncClient, body: Json, pointer: str, code: str
) -> None:
    problem = assert_problem(await client.post(PATH, **sent(body)), 422, code)
    assert pointer in [error["pointer"] for error in problem["errors"]]
    for error in problem["errors"]:
        resolve(error["pointer"], body)


STRANGE = ["[]", "{}", "[null]", "true", '""', "1e308", "18446744073709551616", "1e400", "-1e400", '[{"a": 1e400}]']
HALVES = ['"\\ud800"', '{"\\udfff": 1}']


@pytest.mark.parametrize("value", [*STRANGE, *HALVES])
async def test_a_value_that_no_network_can_have_is_refused(client: httpx.AsyncClient, value: str) -> None:
    text = json.dumps(sweep({"name": "p", "pointer": "/data/inputs", "values": [{"kind": "gaussian"}, "@"]}))
    answer = await client.post(PATH, **sent(text.replace('"@"', value)))
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["pointer"].startswith("/axes/0/values/1")


@pytest.mark.parametrize("value", STRANGE[:7])
async def test_a_value_between_others_is_told_in_its_result(bench: Bench, value: str) -> None:
    text = json.dumps(
        sweep({"name": "p", "pointer": "/data/inputs", "values": [{"kind": "gaussian"}, "@", {"kind": "uniform"}]})
    )
    job = (await bench.client.post(PATH, **sent(text.replace('"@"', value)))).json()
    bench.work(job, range(3))
    told = (await bench.client.get(job["links"]["self"])).json()
    assert (told["status"], told["progress"]["failed"]) == ("succeeded", 1)
    assert [error["index"] for error in told["errors"]] == [1]


async def test_a_full_list_of_jobs_turns_others_away(tmp_path: Path) -> None:
    async with bench_over(f"sqlite:///{tmp_path}/jobs.sqlite3", job_limit=1) as bench:
        keyed = sent(sweep())
        keyed["headers"]["Idempotency-Key"] = "k"
        job, again = [(await bench.client.post(PATH, **keyed)).json() for _ in range(2)]
        assert job["id"] == again["id"], "the same request under the same key is the same job"
        answer = await bench.client.post(PATH, **sent(sweep()))
        assert_problem(answer, 429, "queue-full")
        assert int(answer.headers["retry-after"]) >= 1
        await bench.client.delete(job["links"]["self"])
        assert (await bench.client.post(PATH, **sent(sweep()))).status_code == 202


async def test_without_a_database_no_sweep_is_accepted(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    async with bench_over(f"sqlite:///{tmp_path}/file/jobs.sqlite3") as bench:
        assert_problem(await bench.client.post(PATH, **sent(sweep())), 503, "store-unavailable")


async def test_a_simulation_that_is_too_large_is_told_of_sweeps(client: httpx.AsyncClient) -> None:
    body = spec(stack(50, 512), trials=10_000)
    problem = assert_problem(await client.post("/v1/simulations", **sent(body)), 422, "budget-exceeded")
    assert "POST /v1/sweeps" in problem["detail"]
    single = {"base": body, "axes": [{"name": "seed", "pointer": "/seed", "values": [0]}]}
    assert (await client.post(PATH, **sent(single))).status_code == 202


async def test_presets_are_swept_and_a_sweep_of_something_else_keeps_the_preset_of_its_base(
    client: httpx.AsyncClient,
) -> None:
    network = {"features": 4, "layers": [{"kind": "dense", "units": 4}, {"kind": "dense", "units": 1}]}
    presets = {"name": "preset", "pointer": "/network/defaults", "values": [None, "keras", "pytorch"]}
    seeds = {"name": "seed", "pointer": "/seed", "values": [0]}
    for base, axis, expected in (
        (network, presets, [None, "keras", "pytorch"]),
        ({**network, "defaults": "siren"}, presets, [None, "keras", "pytorch"]),
        ({**network, "defaults": "siren"}, seeds, ["siren"]),
    ):
        body = SweepSpec.model_validate({"base": {"network": base, "trials": 2}, "axes": [axis]})
        grid = Grid(SweepSpec.model_validate_json(body.model_dump_json()))  # as it is kept
        for index, preset in enumerate(expected):
            alone = {"network": {**network, "defaults": preset}, "trials": 2}
            assert grid.digest(index) == plan(SimulationSpec.model_validate(alone)).digest
    accepted = await client.post(PATH, **sent({"base": {"network": network, "trials": 2}, "axes": [presets]}))
    assert accepted.status_code == 202, accepted.text
