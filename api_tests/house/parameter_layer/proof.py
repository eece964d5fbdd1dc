"""The layer with parameters of the file beside this one, in a copy of the repository that has it."""

import httpx
import pytest

from api_tests.house.asking import catalogued, documented, simulated
from api_tests.networks import Json

KIND = "layer_scale"
DENSE: Json = {"kind": "dense", "units": 16, "activation": {"kind": "tanh"}}

pytestmark = pytest.mark.anyio


def around(**fields: Json) -> Json:
    """A network with the layer between two dense ones."""
    return {"features": 16, "layers": [DENSE, {"kind": KIND, **fields}, DENSE, {"kind": "dense", "units": 1}]}


async def test_it_is_simulated_and_its_gain_is_that_of_its_parameters(client: httpx.AsyncClient) -> None:
    before, layer, *_ = (await simulated(client, around(), trials=20))["layers"]
    assert (layer["kind"], layer["path"], layer["parameters"]) == (KIND, "/network/layers/1", 16)
    assert before["log10_backward_gain"]["median"] == pytest.approx(-1.0)  # a tenth
    assert before["log10_gain"]["weights"]["median"] == pytest.approx(-1.0)
    assert before["log10_gain"]["derivative"] is None


async def test_its_parameters_may_be_given_and_have_to_fit(client: httpx.AsyncClient) -> None:
    given = around(gain={"kind": "explicit", "values": [100.0] * 16})
    before = (await simulated(client, given, trials=20))["layers"][0]
    assert before["log10_backward_gain"]["median"] == pytest.approx(2.0)
    short = around(gain={"kind": "explicit", "values": [100.0] * 15})
    refusal = await client.post("/v1/simulations", json={"network": short})
    assert refusal.status_code == 422
    assert refusal.json()["errors"][0]["pointer"] == "/network/layers/1/gain/values"


async def test_it_is_in_the_catalog(client: httpx.AsyncClient) -> None:
    _, gain = (await catalogued(client, "layers", KIND))["parameters"]
    assert (gain["name"], gain["value_type"], gain["required"]) == ("gain", "Initializer", False)


async def test_it_is_in_the_document(client: httpx.AsyncClient) -> None:
    assert "gain" in (await documented(client, "Layer", KIND))["properties"]
