"""The layer that contains others of the file beside this one, in a copy of the repository that has it."""

from typing import Any

import httpx
import pytest

from api_tests.house.asking import catalogued, documented, simulated
from api_tests.networks import Json

KIND = "blend"
DENSE: Json = {"kind": "dense", "units": 16, "activation": {"kind": "tanh"}}

pytestmark = pytest.mark.anyio


def around(*layers: Json, **fields: Any) -> Json:
    """A network with the block, which contains `layers`, between two dense ones."""
    block = {"kind": KIND, "layers": list(layers), **fields}
    return {"features": 16, "layers": [DENSE, block, DENSE, {"kind": "dense", "units": 1}]}


async def test_it_is_simulated_and_what_is_inside_has_rows_of_its_own(client: httpx.AsyncClient) -> None:
    before, inside, block, *_ = (await simulated(client, around(DENSE, share=0.0), trials=20))["layers"]
    assert [one["path"].removeprefix("/network/layers") for one in (inside, block)] == ["/1/layers/0", "/1"]
    assert (inside["parameters"], block["parameters"]) == (272, 0)
    assert before["log10_backward_gain"]["median"] == pytest.approx(0.0)  # all goes around the layers
    assert before["log10_gain"]["skip"]["median"] == pytest.approx(0.0)
    assert inside["zero_trials"] == 20


async def test_it_may_be_in_other_blocks_and_in_itself(client: httpx.AsyncClient) -> None:
    inner = {
        "kind": "residual",
        "layers": [{"kind": KIND, "layers": [{"kind": "repeat", "times": 2, "layers": [DENSE]}]}],
    }
    layers = (await simulated(client, around(inner), trials=20))["layers"]
    assert [one["kind"] for one in layers] == ["dense", "dense", "dense", KIND, "residual", KIND, "dense", "dense"]
    assert all(one["log10_delta_norm"]["median"] is not None for one in layers)


async def test_what_does_not_fit_is_refused_at_its_place(client: httpx.AsyncClient) -> None:
    refusal = await client.post("/v1/simulations", json={"network": around({"kind": "dense", "units": 3})})
    assert refusal.status_code == 422
    assert refusal.json()["errors"][0]["pointer"] == "/network/layers/1/layers"


async def test_it_is_in_the_catalog(client: httpx.AsyncClient) -> None:
    _, layers, share = (await catalogued(client, "layers", KIND))["parameters"]
    assert (layers["name"], layers["required"]) == ("layers", True)
    assert (share["name"], share["minimum"], share["maximum"]) == ("share", 0.0, 1.0)


async def test_it_is_in_the_document(client: httpx.AsyncClient) -> None:
    schema = await documented(client, "Layer", KIND)
    assert schema["properties"]["layers"]["items"] == {"$ref": "#/components/schemas/Layer"}
