"""What the proofs of all extensions ask of the service in the copy."""

from typing import Any

import httpx

from api_tests.networks import Json


async def simulated(client: httpx.AsyncClient, network: Json, **fields: Any) -> Json:
    """The report on `network`, made by a worker process."""
    answer = await client.post("/v1/simulations", json={"network": network, **fields}, timeout=60)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


async def graded(
    client: httpx.AsyncClient, claims: list[Json], answers: Json, wanted: str = "native"
) -> httpx.Response:
    """The grading of `answers` by `claims`, in the format that is `wanted`."""
    body = {"rubric": {"id": "rubric", "claims": claims}, "answers": answers}
    found = await client.post(f"/v1/gradings?format={wanted}", json=body, timeout=60)
    assert found.status_code == 200, found.text
    return found


async def catalogued(client: httpx.AsyncClient, family: str, kind: str) -> Json:
    """The catalog's entry for `kind`."""
    families = (await client.get("/v1/catalog", timeout=60)).json()["families"]
    (kinds,) = [one["kinds"] for one in families if one["family"] == family]
    (entry,) = [one for one in kinds if one["kind"] == kind]
    found: Json = entry
    return found


async def documented(client: httpx.AsyncClient, union: str, kind: str) -> Json:
    """The schema of `kind` in the OpenAPI document, where it is a choice of `union`."""
    schemas = (await client.get("/openapi.json")).json()["components"]["schemas"]
    name = schemas[union]["discriminator"]["mapping"][kind].rpartition("/")[2]
    assert {"$ref": f"#/components/schemas/{name}"} in schemas[union]["oneOf"]
    found: Json = schemas[name]
    return found
