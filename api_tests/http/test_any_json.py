"""Whatever JSON is sent: an estimate or a problem, never a crash, and pointers that mean something in the body."""

import json
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from api_tests.http.asking import Json, assert_problem, resolve, sent, spec
from api_tests.networks import stack
from service.core.pointers import walk
from service.core.strict_json import loads
from service.simulation.results import Estimate

pytestmark = pytest.mark.anyio

BOUNDED = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

WORDS = [
    "kind",
    "network",
    "layers",
    "features",
    "units",
    "dense",
    "repeat",
    "activation",
    "data",
    "explicit",
    "values",
]
SURROGATES = st.text(st.characters(categories=["Cs"]) | st.characters(), min_size=1, max_size=3)
TEXT = st.sampled_from(WORDS) | SURROGATES | st.text(max_size=8)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([10**400, -(10**4000), 2**63, 2**64, 0, 1, -1])
    | st.floats()
    | TEXT
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)

VALID: list[Json] = [
    spec(stack(2, 3, {"kind": "elu", "alpha": 1.5}, {"kind": "variance_scaling"}), seed=3, precision="float32"),
    spec(
        {
            "features": 2,
            "layers": [
                {"kind": "dense", "units": 2, "weights": {"kind": "explicit", "values": [[1, 2], [3, 4]]}},
                {"kind": "activation", "activation": {"kind": "leaky_relu", "negative_slope": 0.1}},
                {"kind": "dense", "units": 3, "activation": {"kind": "softmax"}, "bias": {"kind": "normal"}},
            ],
        },
        loss={"kind": "huber"},
        data={"inputs": {"kind": "explicit", "values": [[1, 2]]}, "targets": {"kind": "one_hot", "classes": 3}},
        policy={"kind": "adam", "exploding_mild": 2},
        include=["gradients"],
    ),
]


@st.composite
def mutated(draw: st.DrawFn) -> Any:
    """A valid specification with a few values replaced, removed or added."""
    document = json.loads(json.dumps(draw(st.sampled_from(VALID))))
    for _ in range(draw(st.integers(1, 3))):
        places = [(node, key) for _, node in walk(document) for key in _keys(node)]
        node, key = draw(st.sampled_from(places))
        change = draw(st.sampled_from(["replace", "replace", "remove", "add"]))
        if change == "replace":
            node[key] = draw(JSON)
        elif change == "add" and isinstance(node, dict):
            node[draw(TEXT)] = draw(JSON)
        elif isinstance(node, list) or len(node) > 1:
            del node[key]
    return document


def _keys(node: Any) -> list[Any]:
    return list(node) if isinstance(node, dict) else list(range(len(node))) if isinstance(node, list) else []


async def assert_estimate_or_problem(client: httpx.AsyncClient, text: str) -> None:
    answer = await client.post("/v1/estimates", **sent(text))
    event(f"status {answer.status_code}")
    if answer.status_code == 200:
        Estimate.model_validate_json(answer.content)
        return
    assert answer.status_code in (400, 422), answer.text
    problem = assert_problem(answer, answer.status_code, answer.json()["code"])
    assert problem["errors"] or answer.status_code == 400
    for error in problem["errors"]:
        resolve(error["pointer"], loads(text.encode()))


@BOUNDED
@given(body=JSON)
async def test_any_json_gets_an_estimate_or_a_problem(client: httpx.AsyncClient, body: Any) -> None:
    await assert_estimate_or_problem(client, json.dumps(body))


@BOUNDED
@given(body=mutated())
async def test_a_damaged_specification_gets_an_estimate_or_a_problem(client: httpx.AsyncClient, body: Any) -> None:
    await assert_estimate_or_problem(client, json.dumps(body))


@BOUNDED
@given(body=st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
async def test_any_bytes_get_a_problem(client: httpx.AsyncClient, body: bytes) -> None:
    answer = await client.post("/v1/estimates", **sent(body))
    assert answer.status_code in (400, 422), answer.text
    assert_problem(answer, answer.status_code, answer.json()["code"])
