"""Blocks in one another, up to the limit of nesting and beyond: answered whole, or refused with the limit."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from api_tests.http.asking import Json, assert_problem, sent

LIMIT = 192
DENSE: Json = {"kind": "dense", "units": 4}
SERIES: Json = {"kind": "sequence", "steps": 2, "features": 4}


def parallel(inner: Json) -> Json:
    return {"kind": "parallel", "merge": "add", "branches": [{"layers": [inner]}]}


def residual(inner: Json) -> Json:
    return {"kind": "residual", "layers": [inner], "branch_scale": 0.5}


def repeat(inner: Json) -> Json:
    return {"kind": "repeat", "times": 1, "layers": [inner]}


def mixed(inner: Json) -> Json:
    return parallel(residual(repeat(inner)))


def nested(block: Callable[[Json], Json], times: int, inner: Json = DENSE) -> Json:
    for _ in range(times):
        inner = block(inner)
    return inner


def spec(layer: Json, **network: Any) -> Json:
    shape = {} if "input" in network else {"features": 4}
    data = {"trials": 2, "data": {"samples": 3}, "include": ["gradients", "histograms"]}
    return {"network": {**shape, **network, "layers": [layer, DENSE]}, **data}


def levels(value: Any) -> int:
    """How deep lists and objects are in one another, however deep that is."""
    layer, depth = [value], -1
    while layer:
        inside = [one.values() if isinstance(one, dict) else one for one in layer if isinstance(one, dict | list)]
        layer, depth = [item for items in inside for item in items] or [0] * (len(inside) > 0), depth + 1
    return depth


ANSWERED: dict[str, Json] = {
    "40 parallel": spec(nested(parallel, 40)),
    "47 parallel": spec(nested(parallel, 47)),
    "60 residual": spec(nested(residual, 60)),
    "94 residual": spec(nested(residual, 94), defaults="pytorch"),
    "94 repeat": spec(nested(repeat, 94)),
    "23 of each": spec(nested(mixed, 23)),
    "on each step": spec({"kind": "each_step", "layers": [nested(mixed, 22)]}, input=SERIES),
    "each step of a residual": spec(nested(residual, 90, {"kind": "each_step", "layers": [DENSE]}), input=SERIES),
    "one level less": spec(nested(residual, 93), input={"kind": "features", "features": 4}),
}


@pytest.mark.parametrize("body", ANSWERED.values(), ids=ANSWERED)
def test_blocks_up_to_the_limit_are_answered_with_all_that_is_made_of_a_report(service_url: str, body: Json) -> None:
    assert levels(body) <= LIMIT
    estimate = httpx.post(f"{service_url}/v1/estimates", json=body, timeout=60)
    assert estimate.status_code == 200, estimate.text
    answer = httpx.post(f"{service_url}/v1/simulations", json=body, timeout=60)
    assert answer.status_code == 200, answer.text
    report = answer.json()
    assert len(report["layers"]) == len(estimate.json()["layers"])
    for file in ("", "/report.html", "/chart.json", "/chart.svg", "/layers.csv", "/gradients.npz"):
        found = httpx.get(f"{service_url}/v1/simulations/{report['digest']}{file}", timeout=60)
        assert found.status_code == 200, (file, found.text[:500])
    again = httpx.post(f"{service_url}/v1/simulations", json=report["spec"], timeout=60)
    if levels(report["spec"]) <= LIMIT:  # written out, weights are objects: the last layer has a level more
        assert again.json()["digest"] == report["digest"]
    else:
        assert_problem(again, 400, "malformed-json")


def test_the_two_deepest_of_these_are_at_the_limit() -> None:
    assert [levels(ANSWERED[name]) for name in ("47 parallel", "94 residual", "one level less")] == [192, 192, 190]


TOO_DEEP: dict[str, Json] = {
    "48 parallel": spec(nested(parallel, 48)),
    "95 residual": spec(nested(residual, 95)),
    "one level more": spec(nested(residual, 94, {**DENSE, "weights": {"kind": "he_normal"}})),
    "far more": spec(nested(parallel, 200)),
}


@pytest.mark.anyio
@pytest.mark.parametrize("path", ["/v1/simulations", "/v1/estimates"])
@pytest.mark.parametrize("body", TOO_DEEP.values(), ids=TOO_DEEP)
async def test_deeper_ones_are_refused_with_the_limit(client: httpx.AsyncClient, path: str, body: Json) -> None:
    assert levels(body) > LIMIT
    problem = assert_problem(await client.post(path, **sent(body)), 400, "malformed-json")
    assert problem["facts"] == {"limit": LIMIT}
    assert "192 levels" in problem["detail"]


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("block", "times", "step"), [(parallel, 46, "/branches/0/layers/0"), (residual, 93, "/layers/0")]
)
async def test_a_fault_at_the_bottom_is_told_with_its_pointer(
    client: httpx.AsyncClient, block: Callable[[Json], Json], times: int, step: str
) -> None:
    place = "/network/layers/0" + step * times
    for wrong, status, code, inside in (
        ({**DENSE, "units": 0}, 422, "greater-than-equal", "/units"),
        ({**DENSE, "activation": {"kind": "rleu"}}, 422, "union-tag-invalid", "/activation"),
        ({**DENSE, "dropout": 0.5}, 422, "extra-forbidden", "/dropout"),
        ({"kind": "attention"}, 422, "incompatible-choice", ""),
    ):
        answer = await client.post("/v1/estimates", **sent(spec(nested(block, times, wrong))))
        (fault,) = answer.json()["errors"]
        assert (answer.status_code, fault["pointer"], fault["code"]) == (status, place + inside, code)


def test_a_sweep_of_a_width_at_the_bottom_is_done(service_url: str) -> None:
    base = {name: value for name, value in spec(nested(parallel, 46)).items() if name != "include"}
    place = "/network/layers/0" + "/branches/0/layers/0" * 46 + "/units"
    body = {"base": base, "axes": [{"name": "units", "pointer": place, "values": [3, 4]}]}
    assert levels(body) == 189
    accepted = httpx.post(f"{service_url}/v1/sweeps", json=body, timeout=60)
    assert accepted.status_code == 202, accepted.text
    links = accepted.json()["links"]
    assert "event: end" in httpx.get(f"{service_url}{links['events']}", timeout=120).text
    results = httpx.get(f"{service_url}{links['results']}", timeout=60).json()["items"]
    assert [one["error"] for one in results] == [None, None]


def test_a_rubric_with_a_network_at_the_limit_is_graded_and_kept(service_url: str) -> None:
    simulation = {"network": {"features": 4, "layers": [nested(parallel, 46), DENSE]}, "trials": 2}
    claim = {"id": "v", "kind": "verdict", "title": "t", "points": 1, "simulation": simulation, "judge_by": "tendency"}
    rubric = {"id": "deep", "title": "t", "claims": [claim]}
    body = {"rubric": rubric, "answers": {"v": {"label": "stable"}}}
    assert levels(body) == LIMIT
    graded = httpx.post(f"{service_url}/v1/gradings", json=body, timeout=60)
    assert graded.status_code == 200, graded.text
    kept = httpx.put(f"{service_url}/v1/assignments/deep_rubric", json={"rubric": rubric}, timeout=60)
    assert kept.status_code in (200, 201), kept.text
    assert httpx.get(f"{service_url}/v1/assignments/deep_rubric", timeout=60).json()["rubric"]["id"] == "deep"


@pytest.mark.anyio
@pytest.mark.parametrize("depth", [1, 63, 64, 65, 150, 190, 191, 192, 193, 254, 256, 1000])
@pytest.mark.parametrize("path", ["/v1/simulations", "/v1/estimates", "/v1/sweeps", "/v1/gradings", "/v1/previews"])
async def test_no_depth_of_any_json_is_a_defect(client: httpx.AsyncClient, path: str, depth: int) -> None:
    texts = [
        "[" * depth + "]" * depth,
        '{"network":' * depth + "1" + "}" * depth,
        '{"kind":"residual","layers":[' * (depth // 2) + "]}" * (depth // 2),
        '{"base":{},"axes":[{"values":' + "[" * depth + "]" * depth + "}]}",
        json.dumps({"network": {"features": 4, "layers": []}}).replace("[]", "[" * depth + "]" * depth),
    ]
    for text in texts:
        answer = await client.post(path, **sent(text))
        assert answer.status_code in (400, 422), answer.text
