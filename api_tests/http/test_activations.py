"""Profiles of activations over HTTP, and the bounds in the catalog."""

import httpx
import pytest

pytestmark = pytest.mark.anyio
PROFILE = "/v1/activations/profile"


async def test_a_formula_gets_its_derivative_bounds_and_critical_weights(client: httpx.AsyncClient) -> None:
    activation = {"kind": "expression", "formula": r"\tanh(b z)", "parameters": {"b": 2.0}}
    answer = await client.post(PROFILE, json={"activation": activation})
    profile = answer.json()
    assert answer.status_code == 200
    assert profile["activation"] == activation
    assert profile["formula"] == "tanh(b*z)"
    assert profile["derivative"] == "b*sech(b*z)^2"
    steepest = profile["bounds"]["abs_derivative"]["sup"]
    assert (steepest["low"], steepest["high"], steepest["decimal"]) == (2.0, 2.0, "2")
    assert steepest["places"] == [{"approach": "at", "z": 0.0, "until": None}]
    assert profile["critical_initialisations"][0]["weight_variance"] == pytest.approx(0.25)
    assert "saturates below z = −1.5 and above z = 1.5" in profile["summary"]


async def test_what_is_infinite_is_null_and_said_to_be_unbounded(client: httpx.AsyncClient) -> None:
    profile = (await client.post(PROFILE, json={"activation": {"kind": "stanh"}})).json()
    assert profile["bounds"]["value"]["sup"]["high"] is None
    assert profile["bounds"]["value"]["sup"]["unbounded"] is True
    assert profile["lipschitz"] == pytest.approx(1.199678640257734)
    assert profile["critical_initialisations"] == []
    assert profile["critical_reason"]


async def test_the_same_question_has_the_same_answer(client: httpx.AsyncClient) -> None:
    body = {"activation": {"kind": "mish"}, "bias_variance": 0.25}
    answers = [(await client.post(PROFILE, json=body)).content for _ in range(2)]
    assert answers[0] == answers[1]


@pytest.mark.parametrize(
    ("body", "pointer", "words"),
    [
        ({}, "", "`activation` is required"),
        ({"activation": {"kind": "tahn"}}, "/activation", "tanh"),
        ({"activation": {"kind": "expression", "formula": "tahn(z)"}}, "/activation/formula", "did you mean tanh?"),
        ({"activation": {"kind": "tanh"}, "interval": {"low": 1.0, "high": 1.0}}, "/interval", "low (1)"),
        ({"activation": {"kind": "tanh"}, "weight_variance": 0}, "/weight_variance", "above 0"),
        ({"activation": {"kind": "tanh"}, "bias_variance": -1}, "/bias_variance", "at least 0"),
        (
            {"activation": {"kind": "tanh"}, "pre_activation_variance": 1e13},
            "/pre_activation_variance",
            "at most 1e+12",
        ),
        ({"activation": {"kind": "tanh"}, "surprise": 1}, "/surprise", "no such field"),
    ],
)
async def test_a_bad_question_is_pointed_at(
    client: httpx.AsyncClient, body: dict[str, object], pointer: str, words: str
) -> None:
    answer = await client.post(PROFILE, json=body)
    problem = answer.json()
    assert answer.status_code == 422
    assert problem["errors"][0]["pointer"] == pointer
    assert words in problem["errors"][0]["detail"]


async def test_the_catalog_has_the_certified_bounds_of_every_built_in(client: httpx.AsyncClient) -> None:
    families = {family["family"]: family["kinds"] for family in (await client.get("/v1/catalog")).json()["families"]}
    for entry in families["activations"]:
        if entry["kind"] == "expression":
            assert entry["bounds"] is None
            continue
        for quantity in ("value", "derivative", "abs_derivative"):
            for end in ("inf", "sup"):
                assert entry["bounds"][quantity][end]["certified"], entry["kind"]
    bounds = {entry["kind"]: entry["bounds"] for entry in families["activations"]}
    assert bounds["exu"]["abs_derivative"]["sup"]["decimal"] == "1.7535"
    assert bounds["exu"]["abs_derivative"]["sup"]["attained"] is False
    assert bounds["a_relu"]["abs_derivative"]["inf"]["decimal"] == "0.1"
    assert all(entry["bounds"] is None for entry in families["initializers"])
