"""The query of a request: what is wrong with it is told by the name of the parameter."""

import httpx
import pytest

from api_tests.http.asking import Json, assert_problem, sent, spec
from api_tests.http.working import RUBRIC, SHEETS

pytestmark = pytest.mark.anyio


def faults(problem: Json) -> dict[str, str]:
    """What is wrong, by parameter; nothing else is."""
    assert all(error["pointer"] == "" for error in problem["errors"])
    found = {error["parameter"]: error["code"] for error in problem["errors"]}
    assert len(found) == len(problem["errors"])
    return found


@pytest.mark.parametrize(("query", "found"), [
    ("limit=0&cursor=zzz", {"limit": "greater-than-equal", "cursor": "string-pattern-mismatch"}),
    ("label=x", {"label": "enum"}), ("limit=", {"limit": "int-parsing"}), ("limit=1e9", {"limit": "int-parsing"}),
    ("cursor=", {"cursor": "string-pattern-mismatch"}),
])  # fmt: skip
async def test_a_fault_names_its_parameter_once(client: httpx.AsyncClient, query: str, found: dict[str, str]) -> None:
    problem = assert_problem(await client.get(f"/v1/simulations?{query}"), 422, "invalid-request")
    assert faults(problem) == found
    counted = "one fault" if len(found) == 1 else f"{len(found)} faults"
    assert problem["detail"].startswith(f"The request has {counted}: ")
    assert not any("None" in error["detail"] for error in problem["errors"])


async def test_what_is_missing_and_a_header_are_named_too(client: httpx.AsyncClient) -> None:
    missing = assert_problem(await client.get("/v1/rubrics/proposals"), 422, "invalid-request")
    assert faults(missing) == {"activation": "missing"}
    assert "The parameter `activation` is required." in missing["detail"]
    request = sent({"base": spec(), "axes": [{"name": "width", "values": [2]}]})
    headers = request["headers"] | {"Idempotency-Key": "a b"}
    answer = await client.post("/v1/sweeps", content=request["content"], headers=headers)
    assert faults(assert_problem(answer, 422, "invalid-request")) == {"Idempotency-Key": "string-pattern-mismatch"}
    place = await client.get(f"/v1/jobs/{'0' * 32}/results/x")
    assert place.status_code == 404 or faults(place.json()) == {"index": "int-parsing"}


async def test_a_student_is_not_handed_the_hidden_checks_for_a_slip_in_the_query(client: httpx.AsyncClient) -> None:
    request = sent({"rubric": RUBRIC, "answers": SHEETS["submissions"][0]["answers"]})
    problem = assert_problem(await client.post("/v1/gradings?fromat=gradescope", **request), 422, "unknown-parameter")
    assert faults(problem) == {"fromat": "unknown-parameter"}
    assert problem["detail"] == "There is no such parameter here; did you mean `format`? Known are `format`."


@pytest.mark.parametrize(("query", "detail"), [
    ("limti=1", "There is no such parameter here; did you mean `limit`? Known are `cursor`, `limit`, `status`."),
    ("zzz", "There is no such parameter here. Known are `cursor`, `limit`, `status`."),
    ("=1", "There is no such parameter here. Known are `cursor`, `limit`, `status`."),
    ("Limit=1", "There is no such parameter here; did you mean `limit`? Known are `cursor`, `limit`, `status`."),
])  # fmt: skip
async def test_an_unknown_parameter_is_told_the_known_ones(client: httpx.AsyncClient, query: str, detail: str) -> None:
    problem = assert_problem(await client.get(f"/v1/jobs?{query}"), 422, "unknown-parameter")
    assert problem["detail"] == detail


async def test_a_name_that_is_long_is_cut_and_only_some_are_listed(client: httpx.AsyncClient) -> None:
    query = "&".join(f"{'x' * 200}{number}=1" for number in range(30))
    problem = assert_problem(await client.get(f"/v1/jobs?{query}"), 422, "unknown-parameter")
    assert len(problem["errors"]) == 20
    assert {len(error["parameter"]) for error in problem["errors"]} == {100}


async def test_a_parameter_that_takes_one_value_is_not_there_twice(client: httpx.AsyncClient) -> None:
    twice = assert_problem(await client.get("/v1/jobs?limit=1&limit=2&status=failed"), 422, "repeated-parameter")
    assert faults(twice) == {"limit": "repeated-parameter"}
    report = (await client.post("/v1/simulations", **sent(spec()))).headers["location"]
    several = await client.get(f"{report}/chart.json?chart=gradient&with={'0' * 64}&with={'1' * 64}")
    assert several.status_code in {200, 404}  # a list of reports, of which that chart draws none


async def test_every_operation_refuses_what_it_does_not_know(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    read = [(method, path) for path, one in document["paths"].items() for method in one if method in {"get", "delete"}]
    for method, place in read:
        path = place.replace("{id}", "0" * 32).replace("{digest}", "0" * 64).replace("{index}", "0")
        answer = await client.request(method.upper(), path, params={"surely_unknown": "1"})
        assert "no such parameter" in answer.text, place
        assert answer.status_code in {422, 503}, place  # the latter where another platform wants it
    assert len(read) > 20


async def test_a_platform_is_told_in_its_own_words(client: httpx.AsyncClient) -> None:
    answer = await client.get("/evaluate/health?x=1")
    assert answer.status_code != 200
    assert "no such parameter" in answer.text


@pytest.mark.parametrize("path", ["/?utm_source=mail", "/teach?x=1", "/docs?x=1"])
async def test_a_page_may_be_linked_with_anything(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 200


@pytest.mark.parametrize(("network", "at", "detail"), [
    ({"units": 3, "activation": None}, "activation", "null is not allowed; leave the field out."),
    ({"units": None}, "units", "null is not allowed. A whole number is required."),
    ({"units": 3, "weights": None}, "weights", "null is not allowed; leave the field out."),
])  # fmt: skip
async def test_null_is_no_value(client: httpx.AsyncClient, network: Json, at: str, detail: str) -> None:
    body = spec({"features": 3, "layers": [{"kind": "dense", **network}]})
    problem = assert_problem(await client.post("/v1/estimates", **sent(body)), 422, "invalid-request")
    (fault,) = problem["errors"]
    assert fault == {
        "pointer": f"/network/layers/0/{at}", "parameter": None, "code": "null-not-allowed", "detail": detail,
    }  # fmt: skip
