"""POST /v1/estimates: what a simulation would cost, told without simulating."""

import time

import httpx
import pytest

from api_tests.http.asking import Json, assert_problem, sent, spec
from api_tests.http.lines import heard, unfinished
from api_tests.networks import stack
from service.simulation.results import Estimate

pytestmark = pytest.mark.anyio

PATH = "/v1/estimates"
HUGE = {
    "network": {
        "features": 65536,
        "layers": [
            {"kind": "repeat", "times": 4999, "layers": [{"kind": "dense", "units": 65536}]},
            {"kind": "dense", "units": 1},
        ],
    },
    "data": {"samples": 65536},
    "trials": 100_000,
}


async def estimated(client: httpx.AsyncClient, body: Json) -> Estimate:
    answer = await client.post(PATH, **sent(body))
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    return Estimate.model_validate_json(answer.content)


async def test_an_estimate_unrolls_the_layers_and_counts_their_parameters(client: httpx.AsyncClient) -> None:
    found = await estimated(client, spec(stack(3, 5), trials=9))
    assert [layer.index for layer in found.layers] == [1, 2, 3, 4]
    assert [layer.path for layer in found.layers] == ["/network/layers/0/layers/0"] * 3 + ["/network/layers/1"]
    assert [layer.shape for layer in found.layers] == [[5], [5], [5], [1]]
    assert [layer.activation for layer in found.layers] == ["tanh", "tanh", "tanh", "linear"]
    assert [layer.parameters for layer in found.layers] == [30, 30, 30, 6]
    assert (found.parameters, found.trials) == (96, 9)
    assert found.within_budget


async def test_a_huge_network_is_estimated_at_once_and_found_too_large(client: httpx.AsyncClient) -> None:
    started = time.perf_counter()
    found = await estimated(client, HUGE)
    assert time.perf_counter() - started < 60.0  # a simulation would take days
    assert len(found.layers) == 5000
    assert found.parameters == 4999 * 65537 * 65536 + 65537
    assert not found.within_budget
    assert found.floating_point_operations > found.floating_point_operations_limit
    assert found.bytes > found.bytes_limit


@pytest.mark.parametrize("field", ["trials", "samples", "depth", "width"])
async def test_twice_as_much_work_costs_more(client: httpx.AsyncClient, field: str) -> None:
    sizes = {"trials": 8, "samples": 16, "depth": 4, "width": 8}
    costs = []
    for asked in (sizes, {**sizes, field: 2 * sizes[field]}):
        body = spec(stack(asked["depth"], asked["width"]), trials=asked["trials"], data={"samples": asked["samples"]})
        costs.append((await estimated(client, body)).floating_point_operations)
    assert costs[1] > costs[0]


async def test_only_what_is_random_is_tried_more_than_once(client: httpx.AsyncClient) -> None:
    explicit = {"kind": "explicit", "values": [[1.0]]}
    fixed = {"features": 1, "layers": [{"kind": "dense", "units": 1, "weights": explicit}]}
    data = {"inputs": explicit, "targets": explicit}
    assert (await estimated(client, spec(fixed, data=data, trials=50))).trials == 1
    assert (await estimated(client, spec(fixed, data={"inputs": explicit}, trials=50))).trials == 50


async def test_an_estimate_describes_the_layers_as_the_report_does(client: httpx.AsyncClient, service_url: str) -> None:
    body = spec(stack(3, 5))
    found = await estimated(client, body)
    layers = httpx.post(f"{service_url}/v1/simulations", **sent(body), timeout=60).json()["layers"]
    for shape, measured in zip(found.layers, layers, strict=True):
        described = shape.model_dump(mode="json")
        assert {name: measured[name] for name in described} == described


def test_the_body_of_a_client_that_offers_http_2_is_not_lost(service_url: str) -> None:
    upgrade = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA")
    body = sent(spec())["content"]
    with unfinished(service_url, PATH, body, length=len(body), headers=upgrade) as line:
        answer = heard(line)
    assert answer.status_code == 200, answer.text
    assert Estimate.model_validate_json(answer.content).within_budget


async def test_what_is_over_the_budget_is_estimated_and_refused_with_the_same_numbers(
    client: httpx.AsyncClient,
) -> None:
    found = await estimated(client, HUGE)
    problem = assert_problem(await client.post("/v1/simulations", **sent(HUGE)), 422, "budget-exceeded")
    assert problem["facts"] == {
        "floating_point_operations": found.floating_point_operations,
        "floating_point_operations_limit": found.floating_point_operations_limit,
        "bytes": found.bytes,
        "bytes_limit": found.bytes_limit,
    }


async def test_the_number_of_trials_that_would_fit_does_fit(client: httpx.AsyncClient) -> None:
    body = spec(stack(20, 512), trials=100_000)
    problem = assert_problem(await client.post("/v1/simulations", **sent(body)), 422, "budget-exceeded")
    fitting = int(problem["detail"].partition(" trials would fit")[0].rpartition(" ")[2])
    assert fitting > 0
    assert (await estimated(client, {**body, "trials": fitting})).within_budget
    assert not (await estimated(client, {**body, "trials": 2 * fitting})).within_budget
