"""What a report says was simulated: defaults, digests, samples, trials."""

from typing import Any

import httpx
import pytest

from api_tests.http.asking import SMALL, Json, sent, spec, without_seconds
from api_tests.networks import stack

EVERY_DEFAULT: Json = {
    "network": SMALL,
    "loss": {"kind": "squared_error"},
    "data": {
        "samples": 64,
        "inputs": {"kind": "gaussian", "mean": 0.0, "std": 1},
        "targets": {"kind": "gaussian"},
    },
    "trials": 32,
    "seed": 0,
    "precision": "float64",
    "policy": {"kind": "sgd", "version": 1, "vanishing_mild": -1, "vanishing_severe": -2.5e0},
    "include": [],
}

OTHERS: dict[str, Json] = {
    "seed": {"seed": 1},
    "trials": {"trials": 31},
    "precision": {"precision": "float32"},
    "loss": {"loss": {"kind": "absolute_error"}},
    "policy": {"policy": {"kind": "sgd", "vanishing_mild": -1.5}},
    "samples": {"data": {"samples": 63}},
    "include": {"include": ["gradients"]},
}

NATURAL_TARGETS: dict[str, tuple[str, Json]] = {
    "squared_error": ("linear", {"kind": "gaussian", "mean": 0.0, "std": 1.0}),
    "mean_squared_error": ("linear", {"kind": "gaussian", "mean": 0.0, "std": 1.0}),
    "absolute_error": ("linear", {"kind": "gaussian", "mean": 0.0, "std": 1.0}),
    "huber": ("linear", {"kind": "gaussian", "mean": 0.0, "std": 1.0}),
    "hinge": ("linear", {"kind": "bernoulli", "p": 0.5, "low": -1.0, "high": 1.0}),
    "binary_cross_entropy": ("sigmoid", {"kind": "bernoulli", "p": 0.5, "low": 0.0, "high": 1.0}),
    "cross_entropy": ("softmax", {"kind": "one_hot", "classes": 3}),
}

EXPLICIT_ROWS: dict[str, tuple[Json, int]] = {
    "inputs": ({"inputs": {"kind": "explicit", "values": [[1, 2, 3]] * 5}}, 5),
    "targets": ({"targets": {"kind": "explicit", "values": [[1, 2]] * 7}}, 7),
    "neither": ({"targets": {"kind": "uniform"}}, 64),
    "said as well": ({"samples": 2, "inputs": {"kind": "explicit", "values": [[1, 2, 3]] * 2}}, 2),
}


def asked(url: str, body: Json) -> httpx.Response:
    answer = httpx.post(f"{url}/v1/simulations", **sent(body), timeout=60)
    assert answer.status_code == 200, answer.text
    return answer


def reported(url: str, body: Json) -> Json:
    found: Json = asked(url, body).json()
    return found


def test_spelling_out_every_default_changes_neither_digest_nor_numbers(service_url: str) -> None:
    left_out, spelled_out = (asked(service_url, body) for body in ({"network": SMALL}, EVERY_DEFAULT))
    assert without_seconds(left_out.content) == without_seconds(spelled_out.content)
    assert len(left_out.json()["digest"]) == 64


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
def test_another_question_has_another_digest(service_url: str, other: Json) -> None:
    digests = [reported(service_url, {"network": SMALL, **fields})["digest"] for fields in ({}, other)]
    assert digests[0] != digests[1]


def test_the_resolved_specification_is_answered_like_the_one_it_came_from(service_url: str) -> None:
    body = spec(stack(3, 4), loss={"kind": "hinge"}, include=["histograms", "gradients"], policy={"kind": "adam"})
    first = asked(service_url, body)
    second = asked(service_url, first.json()["spec"])
    assert without_seconds(first.content) == without_seconds(second.content)


@pytest.mark.parametrize("loss", NATURAL_TARGETS)
def test_targets_are_those_the_loss_is_meant_for(service_url: str, loss: str) -> None:
    activation, targets = NATURAL_TARGETS[loss]
    output = {"kind": "dense", "units": 3, "activation": {"kind": activation}}
    body = spec({"features": 2, "layers": [output]}, loss={"kind": loss})
    assert reported(service_url, body)["spec"]["data"]["targets"] == targets


@pytest.mark.parametrize(("data", "samples"), EXPLICIT_ROWS.values(), ids=EXPLICIT_ROWS)
def test_there_are_as_many_samples_as_explicit_rows(service_url: str, data: Json, samples: int) -> None:
    found = reported(service_url, spec(data=data, include=["gradients"]))
    assert found["spec"]["data"]["samples"] == samples
    assert len(found["gradients"][0]["delta"]) == samples


def given(values: Any) -> Json:
    return {"kind": "explicit", "values": values}


def test_one_trial_is_enough_where_everything_is_explicit(service_url: str) -> None:
    layers = [
        {"kind": "dense", "units": 2, "activation": {"kind": "tanh"}, "weights": given([[1, 2]])},
        {"kind": "dense", "units": 1, "weights": given([[1], [-1]]), "bias": given([0.5])},
    ]
    data = {"inputs": given([0.5, 1.0, 2.0]), "targets": given([[1], [2], [3]])}
    fixed = spec({"features": 1, "layers": layers}, data=data, trials=1000)
    random = spec({"features": 1, "layers": layers}, data={"inputs": given([0.5, 1.0, 2.0])}, trials=1000)
    assert reported(service_url, fixed)["layers"][0]["log10_delta_norm"]["count"] == 1
    assert reported(service_url, random)["layers"][0]["log10_delta_norm"]["count"] == 1000
    seeds = [reported(service_url, {**fixed, "seed": seed})["layers"] for seed in (0, 1)]
    assert seeds[0] == seeds[1]


ACTIVATIONS = ["tanh", "stanh", "relu", "sigmoid"]


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_an_activation_of_its_own_is_judged_like_one_inside_a_dense_layer(service_url: str, activation: str) -> None:
    inside, alone = [], []
    for seed in range(5):
        weights = {"kind": "explicit", "values": [[scattered(seed, i, j) for j in range(3)] for i in range(3)]}
        inside.append({"kind": "dense", "units": 3, "activation": {"kind": activation}, "weights": weights})
        alone.append({"kind": "dense", "units": 3, "weights": weights})
        alone.append({"kind": "activation", "activation": {"kind": activation}})
    output = {"kind": "dense", "units": 1, "weights": {"kind": "ones"}}
    verdicts = [
        reported(service_url, spec({"features": 3, "layers": [*hidden, output]}))["verdict"]
        for hidden in (inside, alone)
    ]
    assert verdicts[0]["label"] in ("vanishing", "exploding", "stable")
    assert verdicts[0].keys() == verdicts[1].keys()
    risks = [verdict.pop("failure_risk").pop("probability") for verdict in verdicts]
    assert risks[0] == pytest.approx(risks[1], rel=1e-9)
    for name in verdicts[0].keys() - {"reasons"}:
        assert verdicts[0][name] == nearly(verdicts[1][name]), name


def scattered(seed: int, row: int, column: int) -> float:
    """A number of order one that no two places share."""
    return ((7 * seed + 3 * row + 5 * column) % 11 - 5) / 4.0


def nearly(value: Any) -> Any:
    return pytest.approx(value, rel=1e-9, abs=1e-9) if isinstance(value, float | dict) else value
