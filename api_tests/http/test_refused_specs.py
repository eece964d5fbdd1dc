"""Specifications that are refused: the pointer of every fault is true, and nothing of the body comes back."""

import json
from typing import Any

import httpx
import pytest

from api_tests.http.asking import MARKER, SMALL, Json, assert_problem, resolve, sent, spec

pytestmark = pytest.mark.anyio

POSTS = ["/v1/simulations", "/v1/estimates"]


def dense(units: Any = 2, **fields: Any) -> Json:
    return {"kind": "dense", "units": units, **fields}


def layers(*entries: Any) -> Json:
    return spec({"features": 3, "layers": list(entries)})


def repeated(*entries: Any) -> Json:
    return {"kind": "repeat", "times": 2, "layers": list(entries)}


def text_with(number: str) -> str:
    """A specification whose input mean is written `number`."""
    return json.dumps(spec(data={"inputs": {"kind": "gaussian", "mean": "@"}})).replace('"@"', number)


def feature_text(number: str) -> str:
    """A specification whose number of features is written `number`."""
    return json.dumps(spec({**SMALL, "features": "@"})).replace('"@"', number)


MEAN, FEATURES = "/data/inputs/mean", "/network/features"

# name: (body, [(pointer, code)])
FAULTS: dict[str, tuple[Any, list[tuple[str, str]]]] = {
    "nothing": ("", [("", "missing")]),
    "an array": ([spec()], [("", "model-attributes-type")]),
    "null": ("null", [("", "null-not-allowed")]),
    "a string": (f'"{MARKER}"', [("", "model-attributes-type")]),
    "a number": ("7", [("", "model-attributes-type")]),
    "an empty object": ({}, [("", "missing")]),
    "NaN": (text_with("NaN"), [(MEAN, "finite-number")]),
    "Infinity": (text_with("Infinity"), [(MEAN, "finite-number")]),
    "-Infinity": (text_with("-Infinity"), [(MEAN, "finite-number")]),
    "1e400": (text_with("1e400"), [(MEAN, "finite-number")]),
    "5,000 digits": (text_with("9" * 5000), [(MEAN, "finite-number")]),
    "minus 5,000 digits": (text_with("-" + "9" * 5000), [(MEAN, "finite-number")]),
    "too large": (text_with("1e101"), [(MEAN, "less-than-equal")]),
    "NaN for an integer": (feature_text("NaN"), [(FEATURES, "int-type")]),
    "1e400 for an integer": (feature_text("1e400"), [(FEATURES, "int-type")]),
    "5,000 digits for an integer": (feature_text("1" * 5000), [(FEATURES, "int-type")]),
    "beyond 64 bits": (feature_text("18446744073709551616"), [(FEATURES, "less-than-equal")]),
    "text for a number": (text_with('"3"'), [(MEAN, "float-type")]),
    "true for a number": (text_with("true"), [(MEAN, "float-type")]),
    "null for a number": (text_with("null"), [(MEAN, "null-not-allowed")]),
    "text for an integer": (feature_text('"3"'), [(FEATURES, "int-type")]),
    "true for an integer": (feature_text("true"), [(FEATURES, "int-type")]),
    "3.5 for an integer": (feature_text("3.5"), [(FEATURES, "int-type")]),
    "half a surrogate pair as a kind": (spec(loss={"kind": "\ud800"}), [("/loss", "union-tag-invalid")]),
    "half a surrogate pair as a value": (spec(precision="\udfff" + MARKER), [("/precision", "string-unicode")]),
    "half a surrogate pair as a name": (spec(loss={"kind": "hinge", "\ud800": MARKER}), [("/loss", "string-unicode")]),
    "an unknown field": (spec(sead=MARKER), [("/sead", "extra-forbidden")]),
    "an unknown field with a slash": ({**spec(), "a/b~c": MARKER}, [("/a~1b~0c", "extra-forbidden")]),
    "an unknown field with an endless name": ({**spec(), MARKER * 30: 1}, [("", "extra-forbidden")]),
    "an unknown field of a number": (layers(dense(**{"0": MARKER})), [("/network/layers/0/0", "extra-forbidden")]),
    "a missing field": (layers({"kind": "dense"}), [("/network/layers/0", "missing")]),
    "a network of nothing": ({"network": {}}, [("/network", "missing")]),
    "two missing fields": (layers({"kind": "convolution"}), [("/network/layers/0", "missing")] * 2),
    "a missing kind": (layers({"units": 2}), [("/network/layers/0", "union-tag-not-found")]),
    "an unknown kind": (layers({"kind": MARKER}), [("/network/layers/0", "union-tag-invalid")]),
    "a kind that is a list": (layers({"kind": [MARKER]}), [("/network/layers/0", "union-tag-invalid")]),
    "a layer that is none": (layers(MARKER), [("/network/layers/0", "model-attributes-type")]),
    "no layers": (layers(), [("/network/layers", "too-short")]),
    "an unknown kind at depth": (
        layers(dense(), repeated(dense(), repeated(dense(activation={"kind": f"tahn{MARKER}"})))),
        [("/network/layers/1/layers/1/layers/0/activation", "union-tag-invalid")],
    ),
    "a bad number at depth": (
        layers(repeated(repeated(dense(weights={"kind": "normal", "std": -1})))),
        [("/network/layers/0/layers/0/layers/0/weights/std", "greater-than-equal")],
    ),
    "a bad field called like the layer's kind": (
        layers({"kind": "activation", "activation": MARKER}),
        [("/network/layers/0/activation", "model-attributes-type")],
    ),
    "a bad field inside one called like the layer's kind": (
        layers({"kind": "activation", "activation": {"kind": "elu", "alpha": MARKER}}),
        [("/network/layers/0/activation/alpha", "float-type")],
    ),
    "an unknown field beside one called like the layer's kind": (
        layers({"kind": "activation", "activation": {"kind": "tanh"}, "bias": MARKER}),
        [("/network/layers/0/bias", "extra-forbidden")],
    ),
    "an unknown field called like the kind it is in": (
        layers(dense(dense=MARKER), repeated(dense()) | {"repeat": 1}),
        [("/network/layers/0/dense", "extra-forbidden"), ("/network/layers/1/repeat", "extra-forbidden")],
    ),
    "crossed bands of vanishing": (
        spec(policy={"kind": "sgd", "vanishing_mild": -3, "vanishing_severe": -2}),
        [("/policy", "bands-crossed")],
    ),
    "crossed bands of exploding": (
        spec(policy={"kind": "adam", "exploding_mild": 3, "exploding_severe": 2}),
        [("/policy", "bands-crossed")],
    ),
    "another version of the bands": (
        spec(policy={"kind": "sgd", "version": 2}),
        [("/policy/version", "less-than-equal")],
    ),
    "true for a version": (spec(policy={"kind": "sgd", "version": True}), [("/policy/version", "int-type")]),
    "more rows than samples are allowed": (
        spec(data={"inputs": {"kind": "explicit", "values": [1] * 65537}}),
        [("/data/inputs/values", "too-long")],
    ),
    "one wrong number in a matrix": (
        layers(dense(weights={"kind": "explicit", "values": [[1, 2], [3, MARKER], [5, 6]]})),
        [("/network/layers/0/weights/values/1/1", "float-type")],
    ),
    "a number among rows": (
        layers(dense(weights={"kind": "explicit", "values": [[1, 2], 3, [5, 6]]})),
        [("/network/layers/0/weights/values/1", "list-type")],
    ),
    "a row among numbers": (
        layers(dense(bias={"kind": "explicit", "values": [1, [2]]})),
        [("/network/layers/0/bias/values/1", "float-type")],
    ),
    "no values": (
        layers(dense(bias={"kind": "explicit", "values": []})),
        [("/network/layers/0/bias/values", "too-short")],
    ),
    "an empty row": (
        layers(dense(bias={"kind": "explicit", "values": [[]]})),
        [("/network/layers/0/bias/values/0", "too-short")],
    ),
    "a stray kind called like a field of the body": (
        {"kind": "network", **spec({**SMALL, "features": MARKER})},
        [("/network/features", "int-type"), ("/kind", "extra-forbidden")],
    ),
    "a stray kind called like the faulty field": (
        spec({**SMALL, "kind": "features", "features": MARKER}),
        [("/network/features", "int-type"), ("/network/kind", "extra-forbidden")],
    ),
    "a stray kind on the way to the faulty field": (
        spec({"kind": "layers", "features": 3, "layers": [dense(MARKER)]}),
        [("/network/layers/0/units", "int-type"), ("/network/kind", "extra-forbidden")],
    ),
    "too many includes": (spec(include=["gradients"] * 9), [("/include", "too-long")]),
    "an unknown include": (spec(include=["gradients", MARKER]), [("/include/1", "enum")]),
}


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize(("body", "faults"), FAULTS.values(), ids=FAULTS)
async def test_a_fault_is_told_with_its_true_pointer_and_without_its_value(
    client: httpx.AsyncClient, path: str, body: Any, faults: list[tuple[str, str]]
) -> None:
    problem = assert_problem(await client.post(path, **sent(body)), 422, "invalid-request")
    assert [(error["pointer"], error["code"]) for error in problem["errors"]] == faults
    document = json.loads(body, parse_int=float) if isinstance(body, str) and body else body
    for pointer, _ in faults:
        resolve(pointer, document)
