"""Specifications that read well and do not fit together: explicit values, activations, losses, classes."""

from typing import Any

import httpx
import pytest

from api_tests.http.asking import Json, assert_problem, resolve, sent, spec

pytestmark = pytest.mark.anyio


def explicit(*rows: Any) -> Json:
    return {"kind": "explicit", "values": list(rows)}


def dense(units: int = 2, activation: str = "linear", **fields: Any) -> Json:
    return {"kind": "dense", "units": units, "activation": {"kind": activation}, **fields}


def network(*layers: Json, features: int = 3) -> Json:
    return {"features": features, "layers": list(layers)}


def repeated(*layers: Json) -> Json:
    return {"kind": "repeat", "times": 2, "layers": list(layers)}


PLAIN = network(dense())
SQUARE = explicit([1, 2, 3], [4, 5, 6], [7, 8, 9])

# name: (body, pointer, code)
MISFITS: dict[str, tuple[Json, str, str]] = {
    "weights transposed": (
        spec(network(dense(weights=explicit([1, 2, 3], [4, 5, 6])))),
        "/network/layers/0/weights/values",
        "shape-mismatch",
    ),
    "weights as a vector": (
        spec(network(dense(1, weights=explicit(1, 2, 3)))),
        "/network/layers/0/weights/values",
        "shape-mismatch",
    ),
    "weights that fit the first time only": (
        spec(network(repeated(dense(2, weights=explicit([1, 2], [3, 4], [5, 6]))))),
        "/network/layers/0/layers/0/weights/values",
        "shape-mismatch",
    ),
    "bias": (spec(network(dense(bias=explicit(1, 2, 3)))), "/network/layers/0/bias/values", "shape-mismatch"),
    "bias as a column": (
        spec(network(dense(3), repeated(dense(3, weights=SQUARE, bias=explicit([1], [2], [3]))))),
        "/network/layers/1/layers/0/bias/values",
        "shape-mismatch",
    ),
    "inputs too narrow": (
        spec(PLAIN, data={"inputs": explicit([1, 2])}),
        "/data/inputs/values",
        "shape-mismatch",
    ),
    "inputs as a vector": (
        spec(PLAIN, data={"inputs": explicit(1, 2, 3)}),
        "/data/inputs/values",
        "shape-mismatch",
    ),
    "fewer inputs than samples": (
        spec(PLAIN, data={"samples": 3, "inputs": explicit([1, 2, 3])}),
        "/data/inputs/values",
        "shape-mismatch",
    ),
    "targets too wide": (
        spec(PLAIN, data={"targets": explicit([1, 2, 3])}),
        "/data/targets/values",
        "shape-mismatch",
    ),
    "fewer targets than inputs": (
        spec(PLAIN, data={"inputs": explicit([1, 2, 3], [4, 5, 6]), "targets": explicit([1, 2])}),
        "/data/targets/values",
        "shape-mismatch",
    ),
    "softmax in a hidden layer": (
        spec(network(dense(), dense(3, "softmax"), dense())),
        "/network/layers/1/activation",
        "incompatible-choice",
    ),
    "softmax in a block": (
        spec(network(repeated(dense(3), dense(3, "softmax")))),
        "/network/layers/0/layers/1/activation",
        "incompatible-choice",
    ),
    "softmax alone in the middle": (
        spec(network({"kind": "activation", "activation": {"kind": "softmax"}}, dense())),
        "/network/layers/0/activation",
        "incompatible-choice",
    ),
    "binary cross-entropy of a linear output": (
        spec(PLAIN, loss={"kind": "binary_cross_entropy"}),
        "/network/layers/0/activation",
        "incompatible-choice",
    ),
    "cross-entropy of tanh": (
        spec(network(repeated(dense(2, "tanh"))), loss={"kind": "cross_entropy"}),
        "/network/layers/0/layers/0/activation",
        "incompatible-choice",
    ),
    "classes": (
        spec(PLAIN, data={"targets": {"kind": "one_hot", "classes": 3}}),
        "/data/targets/classes",
        "incompatible-choice",
    ),
}


@pytest.mark.parametrize("path", ["/v1/simulations", "/v1/estimates", "/v1/prescriptions", "/v1/trainings"])
@pytest.mark.parametrize(("body", "pointer", "code"), MISFITS.values(), ids=MISFITS)
async def test_what_does_not_fit_is_told_where_it_stands(
    client: httpx.AsyncClient, path: str, body: Json, pointer: str, code: str
) -> None:
    problem = assert_problem(await client.post(path, **sent(body)), 422, code)
    assert [(error["pointer"], error["code"]) for error in problem["errors"]] == [(pointer, code)]
    resolve(pointer, body)


async def test_an_output_activation_that_was_left_out_is_not_pointed_at(client: httpx.AsyncClient) -> None:
    body = spec(network({"kind": "dense", "units": 1}), loss={"kind": "binary_cross_entropy"})
    problem = assert_problem(await client.post("/v1/estimates", **sent(body)), 422, "incompatible-choice")
    resolve(problem["errors"][0]["pointer"], body)


RAGGED = {
    "inputs": (spec(PLAIN, data={"inputs": explicit([1, 2, 3], [1, 2])}), "/data/inputs/values"),
    "targets": (spec(PLAIN, data={"targets": explicit([1], [1, 2])}), "/data/targets/values"),
    "weights": (spec(network(dense(weights=explicit([1, 2], [1, 2], [1])))), "/network/layers/0/weights/values"),
    "bias": (spec(network(repeated(dense(bias=explicit([1], [2, 3]))))), "/network/layers/0/layers/0/bias/values"),
}


@pytest.mark.parametrize(("body", "pointer"), RAGGED.values(), ids=RAGGED)
async def test_a_ragged_matrix_is_refused_with_its_first_odd_row(
    client: httpx.AsyncClient, body: Json, pointer: str
) -> None:
    problem = assert_problem(await client.post("/v1/estimates", **sent(body)), 422, "invalid-request")
    assert [(error["pointer"], error["code"]) for error in problem["errors"]] == [(pointer, "ragged-matrix")]
    odd = next(index for index, row in enumerate(resolve(pointer, body)) if len(row) != len(resolve(pointer, body)[0]))
    assert f"row {odd} has" in problem["errors"][0]["detail"]


FITTING = {
    "a bias as a row": network(dense(bias=explicit([1, 2]))),
    "a bias as a vector": network(dense(bias=explicit(1, 2))),
    "softmax in the last block": network(dense(), {"kind": "repeat", "times": 1, "layers": [dense(3, "softmax")]}),
    "weights that fit every time": network(repeated(dense(3, weights=SQUARE))),
}


@pytest.mark.parametrize("fitting", FITTING.values(), ids=FITTING)
async def test_what_fits_is_accepted(client: httpx.AsyncClient, fitting: Json) -> None:
    answer = await client.post("/v1/estimates", **sent(spec(fitting)))
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("name", ["inputs", "targets"])
async def test_a_vector_will_do_where_there_is_one_feature(client: httpx.AsyncClient, name: str) -> None:
    body = spec(network(dense(1), features=1), data={name: explicit(1, 2, 3)})
    answer = await client.post("/v1/estimates", **sent(body))
    assert answer.status_code == 200, answer.text
