"""Formulas in requests: understood over HTTP, refused at their own place."""

import httpx
import pytest

from api_tests.networks import stack

pytestmark = pytest.mark.anyio
AT = "/network/layers/0/layers/0/activation"


async def test_a_formula_of_the_request_is_simulated(client: httpx.AsyncClient) -> None:
    written = {"kind": "expression", "formula": r"\frac{z}{1+|z|}"}
    answers = [
        (await client.post("/v1/simulations", json={"network": stack(3, 8, activation)})).json()
        for activation in ("softsign", written)
    ]
    built_in, formula = (answer["verdict"]["depth_ratio"]["median"] for answer in answers)
    assert formula == pytest.approx(built_in, abs=1e-12)


@pytest.mark.parametrize(
    ("fields", "pointer", "words"),
    [
        ({"formula": "tahn(z)"}, f"{AT}/formula", "did you mean tanh?"),
        ({"formula": "z +"}, f"{AT}/formula", "missing at the end"),
        ({"formula": "b*z"}, f"{AT}/formula", "“b” at position 1 is not known"),
        ({"formula": "z" * 600}, f"{AT}/formula", "512"),
        ({"formula": "z", "parameters": {"b": "1"}}, f"{AT}/parameters/b", "number"),
        ({}, AT, "`formula` is required"),
    ],
)
async def test_a_bad_formula_is_pointed_at(
    client: httpx.AsyncClient, fields: dict[str, object], pointer: str, words: str
) -> None:
    answer = await client.post("/v1/estimates", json={"network": stack(2, 4, {"kind": "expression", **fields})})
    problem = answer.json()
    assert answer.status_code == 422
    assert problem["errors"][0]["pointer"] == pointer
    assert words in problem["errors"][0]["detail"]


async def test_the_catalog_writes_activations_in_latex(client: httpx.AsyncClient) -> None:
    families = {family["family"]: family["kinds"] for family in (await client.get("/v1/catalog")).json()["families"]}
    entries = {entry["kind"]: entry for entry in families["activations"]}
    assert entries["stanh"]["latex"] == r"z \tanh z"
    assert entries["stanh"]["derivative_latex"] == r"\tanh z + z \operatorname{sech}^{2} z"
    silent = {kind for kind, entry in entries.items() if entry["latex"] is None or entry["derivative_latex"] is None}
    assert silent == {"softmax", "expression"}
