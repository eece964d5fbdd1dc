"""POST /v1/simulations: what a report has, and that the same question always gets the same answer."""

import json
import math
from typing import Any

import httpx
import numpy as np
import pytest

from api_tests.http.asking import Json, assert_problem, sent, spec, without_seconds
from examples.running_service import running_service
from service.core.pointers import walk
from service.core.settings import Settings
from service.simulation.results import SimulationReport

pytestmark = pytest.mark.anyio

PATH = "/v1/simulations"


def dense(units: int, activation: str | Json = "tanh", **fields: Any) -> Json:
    named = {"kind": activation} if isinstance(activation, str) else activation
    return {"kind": "dense", "units": units, "activation": named, **fields}


def network(features: int, *layers: Json) -> Json:
    return {"features": features, "layers": list(layers)}


def explicit(values: Any) -> Json:
    return {"kind": "explicit", "values": values}


BOTH = ["gradients", "histograms"]
EXTREME = {
    "stable": spec(include=BOTH),
    "forward overflow": spec(
        network(4, *[dense(4, "exu", weights={"kind": "normal", "std": 1e90})] * 6, dense(1, "linear")), include=BOTH
    ),
    "dead": spec(network(4, dense(4, "relu", bias={"kind": "constant", "value": -1e3}), dense(1)), include=BOTH),
    "zero weights": spec(network(4, *[dense(4, weights={"kind": "zeros"})] * 3), include=BOTH),
    "float32 underflow": spec(
        network(4, *[dense(4, weights={"kind": "normal", "std": 1e-30})] * 9, dense(1)),
        include=BOTH,
        precision="float32",
    ),
    "one layer": spec(network(1, dense(1)), include=BOTH),
    "activation alone": spec(network(2, {"kind": "activation", "activation": {"kind": "softmax"}}), include=BOTH),
    "data out of range": spec(data={"inputs": explicit([[1e308] * 3, [-1e308] * 3])}, include=BOTH),
}

SAME = {
    "small": spec(include=BOTH),
    "several chunks": spec(network(128, *[dense(128, "relu")] * 4, dense(10, "softmax")), trials=70, seed=2**62),
    "float32": spec(precision="float32", seed=5),
    "explicit": spec(network(2, dense(1, weights=explicit([[1.0], [2.0]]))), data={"inputs": explicit([[1, 2]])}),
}


def asked(url: str, body: Json) -> httpx.Response:
    return httpx.post(f"{url}{PATH}", **sent(body), timeout=60)


async def test_a_report_is_the_same_in_process_and_over_a_socket(client: httpx.AsyncClient, service_url: str) -> None:
    body = spec(include=BOTH)
    answers = [await client.post(PATH, **sent(body), timeout=60), asked(service_url, body)]
    for answer in answers:
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["x-request-id"]
        report = SimulationReport.model_validate_json(answer.content)
        assert answer.json().keys() == SimulationReport.model_fields.keys()
        assert [(layer.index, layer.path) for layer in report.layers] == [
            (1, "/network/layers/0"),
            (2, "/network/layers/1"),
        ]
        assert report.elapsed_seconds > 0.0
    assert without_seconds(answers[0].content) == without_seconds(answers[1].content)


@pytest.mark.parametrize("body", EXTREME.values(), ids=EXTREME)
def test_every_number_of_a_report_is_finite_or_null(service_url: str, body: Json) -> None:
    answer = asked(service_url, body)
    assert answer.status_code == 200, answer.text
    SimulationReport.model_validate_json(answer.content)

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    found = json.loads(answer.content, parse_constant=refuse)
    numbers = [value for _, value in walk(found) if isinstance(value, float)]
    assert numbers
    assert all(math.isfinite(number) for number in numbers)
    assert found["verdict"]["reasons"]
    assert len(found["layers"]) == len(body["network"]["layers"])


@pytest.mark.parametrize("body", SAME.values(), ids=SAME)
def test_the_same_request_twice_gets_the_same_bytes(service_url: str, body: Json) -> None:
    first, second = (asked(service_url, body) for _ in range(2))
    assert first.status_code == 200, first.text
    assert without_seconds(first.content) == without_seconds(second.content)


def test_a_restart_and_the_number_of_workers_change_nothing(service_url: str) -> None:
    with running_service(workers=Settings().workers + 1, job_workers=0) as restarted:
        for name, body in SAME.items():
            before, after = asked(service_url, body), asked(restarted, body)
            assert after.status_code == 200, after.text
            assert without_seconds(before.content) == without_seconds(after.content), name


def test_histograms_count_every_value_of_the_first_trial(service_url: str) -> None:
    layers = [dense(4), {"kind": "activation", "activation": {"kind": "relu"}}, dense(2)]
    found = asked(service_url, spec(network(3, *layers), include=["histograms"])).json()
    assert found["gradients"] is None
    for layer, weights in zip(found["layers"], (12, None, 8), strict=True):
        derivative, gradient = (layer["histograms"][name] for name in ("derivative", "log10_weight_gradient"))
        assert sum(derivative["counts"]) == 8 * layer["shape"][0]
        assert derivative["edges"] == sorted(derivative["edges"])
        assert len(derivative["edges"]) == len(derivative["counts"]) + 1
        assert (gradient and sum(gradient["counts"]) + gradient["zeros"]) == weights


def test_a_report_carries_100_000_numbers_of_gradients_and_no_more(service_url: str) -> None:
    """Of one layer of 100 units: a weight for each feature and a bias; delta and derivative of 8 samples."""
    largest = asked(service_url, spec(network(983, dense(100)), include=["gradients"], trials=1)).json()
    (factors,) = largest["gradients"]
    counted = [np.size(factors[name]) for name in ("delta", "derivative")]
    assert sum(counted) + sum(len(one["values"]) for one in factors["parameters"]) == 100_000
    answer = asked(service_url, spec(network(984, dense(100)), include=["gradients"], trials=1))
    problem = assert_problem(answer, 422, "gradients-too-large")
    assert problem["facts"] == {"numbers": 100_100, "limit": 100_000}


def test_gradients_are_those_whose_norms_the_statistics_report(service_url: str) -> None:
    layers = [dense(4), {"kind": "activation", "activation": {"kind": "sin"}}, dense(2)]
    found = asked(service_url, spec(network(3, *layers), include=["gradients"], trials=1)).json()
    assert [factors["path"] for factors in found["gradients"]] == [layer["path"] for layer in found["layers"]]
    for layer, factors, fan_in in zip(found["layers"], found["gradients"], (3, None, 4), strict=True):
        assert layer["histograms"] is None
        assert [len(factors[name]) for name in ("delta", "derivative")] == [8, 8]
        arrays = {one["name"]: np.reshape(one["values"], one["shape"]) for one in factors["parameters"]}
        if fan_in is None:
            assert arrays == {}
            continue
        assert {name: array.shape for name, array in arrays.items()} == {
            "weights": (fan_in, layer["shape"][0]),
            "bias": (layer["shape"][0],),
        }
        np.testing.assert_allclose(np.sum(factors["delta"], axis=0), arrays["bias"], rtol=1e-9)
        norm = math.sqrt(np.square(arrays["weights"]).sum())
        assert math.log10(norm) == pytest.approx(layer["log10_weight_gradient_norm"]["median"], abs=1e-12)


def test_nothing_is_reported_that_was_not_asked_for(service_url: str) -> None:
    found = asked(service_url, spec()).json()
    assert found["gradients"] is None
    assert [layer["histograms"] for layer in found["layers"]] == [None, None]


def test_histograms_of_values_that_hardly_differ_are_answered(service_url: str) -> None:
    nearly_constant = dense(4, "sigmoid", weights={"kind": "normal", "std": 1e-8})
    answer = asked(service_url, spec(network(4, nearly_constant, dense(1)), include=["histograms"]))
    assert answer.status_code == 200, answer.text


async def test_bytes_that_are_known_are_answered_at_once_and_what_is_wrong_beside_them_is_refused(
    client: httpx.AsyncClient,
) -> None:
    request = sent(spec(seed=20_260_721))
    made = await client.post(PATH, **request)
    again = await client.post(PATH, **request)
    assert again.content == made.content
    assert again.headers["cache-status"] == "gradient-verdict; hit"
    assert again.headers["location"] == made.headers["location"]
    assert_problem(await client.post(f"{PATH}?trails=3", **request), 422, "unknown-parameter")
    as_text = {**request, "headers": {**request["headers"], "Content-Type": "text/plain"}}
    assert_problem(await client.post(PATH, **as_text), 415, "unsupported-media-type")
