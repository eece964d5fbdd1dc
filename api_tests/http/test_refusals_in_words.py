"""What a refusal says beside its pointers: hints, numbers, limits, and no more of them than somebody reads."""

import json
from time import thread_time

import httpx
import pytest

from api_tests.http.asking import SMALL, assert_problem, sent, spec
from api_tests.networks import stack

pytestmark = pytest.mark.anyio

MOST_FAULTS = 20


@pytest.mark.parametrize("number", ["3", "3.0", "3e0", "30E-1", "0.3e1"])
async def test_an_integer_may_be_written_in_several_ways(client: httpx.AsyncClient, number: str) -> None:
    text = json.dumps(spec({**SMALL, "features": "@"})).replace('"@"', number)
    answer = await client.post("/v1/estimates", **sent(text))
    assert answer.status_code == 200, answer.text
    assert answer.json()["layers"][0]["parameters"] == 16


async def test_a_misspelt_kind_is_answered_with_the_closest_one_and_all_known_ones(client: httpx.AsyncClient) -> None:
    body = spec({"features": 3, "layers": [{"kind": "dense", "units": 1, "activation": {"kind": "TahnH"}}]})
    problem = assert_problem(await client.post("/v1/estimates", **sent(body)), 422, "invalid-request")
    assert "Did you mean tanh?" in problem["errors"][0]["detail"]
    assert "softsign" in problem["errors"][0]["detail"]
    assert "TahnH" not in json.dumps(problem)


ONE_HUNDRED = {"kind": "repeat", "times": 100, "layers": [{"kind": "dense", "units": 2}]}
DEEP = {"features": 2, "layers": [{"kind": "repeat", "times": 51, "layers": [ONE_HUNDRED]}]}


async def test_a_network_that_is_too_deep_is_told_how_deep_it_is(client: httpx.AsyncClient) -> None:
    problem = assert_problem(await client.post("/v1/estimates", **sent(spec(DEEP))), 422, "depth-exceeded")
    assert problem["facts"] == {"depth": 5100, "limit": 5000}
    assert [error["pointer"] for error in problem["errors"]] == ["/network/layers"]


async def test_gradients_that_would_fill_a_report_are_refused_where_they_are_asked_for(
    client: httpx.AsyncClient,
) -> None:
    body = spec(stack(3, 300), include=["histograms", "gradients"])
    problem = assert_problem(await client.post("/v1/estimates", **sent(body)), 422, "gradients-too-large")
    assert [error["pointer"] for error in problem["errors"]] == ["/include/1"]
    assert problem["facts"]["numbers"] > problem["facts"]["limit"] == 100_000
    assert (await client.post("/v1/estimates", **sent({**body, "include": ["histograms"]}))).status_code == 200


async def test_a_budget_that_is_exceeded_is_told_with_the_estimate_and_the_limit(client: httpx.AsyncClient) -> None:
    body = spec(stack(50, 512), trials=10_000)
    problem = assert_problem(await client.post("/v1/simulations", **sent(body)), 422, "budget-exceeded")
    facts = problem["facts"]
    assert facts["floating_point_operations"] > facts["floating_point_operations_limit"] > 0
    assert facts["bytes_limit"] > 0
    assert "/v1/estimates" in problem["detail"]


async def test_many_faults_are_counted_and_the_first_few_listed(client: httpx.AsyncClient) -> None:
    body = {**spec(), **{f"unknown_{number}": number for number in range(300)}}
    problem = assert_problem(await client.post("/v1/estimates", **sent(body)), 422, "invalid-request")
    assert [error["pointer"] for error in problem["errors"]] == [f"/unknown_{n}" for n in range(MOST_FAULTS)]
    assert "300 faults" in problem["detail"]


async def test_a_body_of_nothing_but_faults_holds_up_nobody(client: httpx.AsyncClient) -> None:
    row = f"[{','.join(['true'] * 1000)}]"
    text = json.dumps(spec(data={"inputs": {"kind": "explicit", "values": "@"}})).replace(
        '"@"', f"[{','.join([row] * 400)}]"
    )
    began = thread_time()  # of the thread that answers all requests; other programs do not count
    assert_problem(await client.post("/v1/estimates", **sent(text)), 422, "invalid-request")
    assert thread_time() - began < 1.0
