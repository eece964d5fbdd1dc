"""POST /v1/prescriptions and POST /v1/comparisons."""

import httpx
import pytest

from api_tests.http.asking import assert_problem, sent, spec
from api_tests.networks import stack
from service.studies.comparison import Comparison
from service.studies.prescriptions.results import Prescriptions

pytestmark = pytest.mark.anyio

SMALL_WEIGHTS = spec(stack(12, 32, "relu", {"kind": "normal", "std": 0.02}))


async def test_a_network_with_small_weights_is_mended_by_larger_ones(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/prescriptions", **sent(SMALL_WEIGHTS))
    assert answer.status_code == 200, answer.text
    found = Prescriptions.model_validate_json(answer.content)
    first = found.prescriptions[0]
    assert first.kind == "initializer"
    assert first.sentence == found.summary
    assert first.before == found.before
    assert first.after.failure_risk < 0.1 < first.before.failure_risk


async def test_a_specification_that_does_not_fit_is_refused_with_its_pointer(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/prescriptions", **sent(spec(loss={"kind": "cross_entropy"})))
    problem = assert_problem(answer, 422, "incompatible-choice")
    assert problem["errors"][0]["pointer"] == "/network/layers/1"


async def test_a_network_that_costs_too_much_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/prescriptions", **sent(spec(stack(4000, 4096), trials=1)))
    assert_problem(answer, 422, "budget-exceeded")


def test_the_reports_of_a_comparison_are_kept_and_drawn_in_one_chart(service_url: str) -> None:
    weights = {"op": "add", "path": "/network/layers/0/layers/0/weights", "value": {"kind": "he_normal"}}
    networks = [{"name": "as it is", "patch": []}, {"name": "he", "patch": [weights]}]
    body = {"base": SMALL_WEIGHTS, "networks": networks, "trials": 4}
    answer = httpx.post(f"{service_url}/v1/comparisons", json=body, timeout=60)
    assert answer.status_code == 200, answer.text
    found = Comparison.model_validate_json(answer.content)
    assert [one.name for one in found.networks] == ["he", "as it is"]
    for one in found.networks:
        kept = httpx.get(f"{service_url}/v1/simulations/{one.digest}", timeout=60)
        assert kept.status_code == 200
        assert kept.json()["verdict"]["label"] == one.label
    drawn = httpx.get(f"{service_url}{found.chart}", timeout=60)
    assert drawn.status_code == 200, drawn.text
    assert drawn.headers["content-type"] == "image/svg+xml"


async def test_a_patch_that_does_not_fit_is_refused_with_its_pointer(client: httpx.AsyncClient) -> None:
    patch = [{"op": "remove", "path": "/network/nothing"}]
    body = {"base": SMALL_WEIGHTS, "networks": [{"name": "a", "patch": []}, {"name": "b", "patch": patch}]}
    problem = assert_problem(await client.post("/v1/comparisons", **sent(body)), 422, "incompatible-choice")
    assert problem["errors"][0]["pointer"] == "/networks/1/patch/0"
