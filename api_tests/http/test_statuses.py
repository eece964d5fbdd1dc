"""Every refusal has its status, its title and its facts; what is listed of many faults; and when to come again."""

import json
import logging
from collections.abc import Iterator
from http import HTTPMethod
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request

from api_tests.http.asking import MEMBERS
from service.core import errors, payload
from service.core.errors import Refusal
from service.core.validation import FieldError
from service.http import hosts, negotiation, problems, rates, reader, requests, room, scopes, tags
from service.imports import base

pytestmark = pytest.mark.anyio

STATUSES = {
    400: {"malformed-json", "malformed-request"},
    401: {"key-needed", "key-unknown"},
    403: {"scope-missing", "foreign-origin"},
    404: {
        "report-not-found", "gradients-not-included", "job-not-found", "result-not-found", "chart-not-available",
        "assignment-not-found",
    },
    408: {"body-too-slow", "client-gone", "headers-too-slow"},
    409: {"idempotency-conflict", "assignment-conflict"},
    410: {"report-outdated", "results-outdated"},
    406: {"not-acceptable"},
    412: {"precondition-failed"},
    413: {"body-too-large"},
    415: {"unsupported-media-type"},
    421: {"unknown-host"},
    422: {
        "invalid-spec", "depth-exceeded", "width-exceeded", "shape-mismatch", "incompatible-choice",
        "gradients-too-large", "flawed-rubric", "misplaced-axis", "budget-exceeded", "invalid-activation",
        "not-understood", "input-needed", "invalid-request",
    },
    429: {"queue-full", "quota-exceeded", "rate-limited"},
    431: {"headers-too-large"},
    500: {"worker-failed", "worker-not-started"},
    503: {"store-unavailable", "not-ready", "stopping", "no-room"},
    504: {"deadline-exceeded"},
    507: {"store-full"},
}  # fmt: skip


def kinds(base: type[Refusal] = Refusal) -> Iterator[type[Refusal]]:
    """Every refusal of the service, by its class."""
    for kind in base.__subclasses__():
        if kind.__module__ in {
            one.__name__
            for one in (errors, hosts, payload, reader, requests, room, scopes, base, rates, tags, negotiation)
        }:
            yield kind
        yield from kinds(kind)


async def asked(app: FastAPI, method: str = "GET", **more: Any) -> httpx.Response:
    """What `app` answers at its root."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
        return await client.request(method, "/", **more)


async def refused(error: Exception) -> httpx.Response:
    """The answer of an application in which everything fails with `error`."""
    app = FastAPI()
    problems.install(app)

    @app.get("/")
    async def fail(_: Request) -> None:
        raise error

    return await asked(app)


def made(kind: type[Refusal], pointer: str | None = None, **facts: Any) -> Refusal:
    """A refusal of that kind without its own words, which are tested where they are made."""
    error = kind.__new__(kind)
    if isinstance(error, base.NotUnderstood):
        error.faults = ()
    if isinstance(error, payload.InvalidBody):
        error.faults = [FieldError(pointer=pointer or "", code=kind.code, detail="Because.")]
    Refusal.__init__(error, "Because.", pointer=pointer, **facts)
    return error


async def test_every_refusal_has_a_status() -> None:
    assert {kind.code for kind in kinds()} <= {code for codes in STATUSES.values() for code in codes}


@pytest.mark.parametrize("kind", list(kinds()), ids=lambda kind: kind.code)
async def test_a_refusal_is_a_problem_with_its_status(kind: type[Refusal]) -> None:
    error = made(kind, "/here", limit=3, share=0.5, name="a word", shape=[1, 2])
    waits = issubclass(kind, errors.QueueFull | errors.QuotaExceeded | rates.RateLimited)
    if waits:
        error.retry_after_seconds = 7  # type: ignore[attr-defined]
    answer = await refused(error)
    problem = answer.json()
    assert problem.keys() == MEMBERS
    assert kind.code in STATUSES[answer.status_code]
    assert (problem["status"], problem["code"]) == (answer.status_code, kind.code)
    assert problem["title"] == kind.code.replace("-", " ").capitalize()
    assert problem["type"] == f"urn:gradient-verdict:problem:{kind.code}"
    assert problem["detail"] == "Because."
    assert problem["facts"] == {"limit": 3.0, "share": 0.5}
    assert problem["errors"] == [{"pointer": "/here", "parameter": None, "code": kind.code, "detail": "Because."}]
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-request-id"] == problem["request_id"]
    assert answer.headers.get("retry-after") == ("7" if waits else {room.NoRoom: "2"}.get(kind))


@pytest.mark.parametrize(("pointer", "pointers"), [(None, []), ("", [""]), ("/\ud800", ["/\ud800"])])
async def test_a_refusal_points_where_it_has_a_place_even_at_the_whole(
    pointer: str | None, pointers: list[str]
) -> None:
    answer = await refused(made(errors.SpecError, pointer))
    assert [error["pointer"] for error in answer.json()["errors"]] == pointers
    assert answer.content.isascii()


@pytest.mark.parametrize("count", [1, 2, 20, 21, 300])
async def test_of_a_model_that_is_not_understood_every_place_is_told_up_to_twenty(count: int) -> None:
    faults = [base.Fault(f"/config/layers/{number}", f"The layer {number} is strange.") for number in range(count)]
    answer = await refused(base.NotUnderstood.of(faults))
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["facts"]) == (422, "not-understood", {"places": count})
    told = [(error["pointer"], error["code"], error["detail"]) for error in problem["errors"]]
    assert told == [(fault.pointer, "not-understood", fault.sentence) for fault in faults[:20]]
    assert all(fault.sentence in problem["detail"] for fault in faults[:12])


@pytest.mark.parametrize("count", [1, 2, 19, 20, 21, 300])
async def test_of_many_faults_twenty_are_listed_and_all_are_counted(count: int) -> None:
    app = FastAPI()
    problems.install(app)

    @app.post("/")
    async def take(_: list[int]) -> None:
        return None

    problem = (await asked(app, "POST", json=["x"] * count)).json()
    assert [error["pointer"] for error in problem["errors"]] == [f"/{number}" for number in range(min(count, 20))]
    counted = "one fault" if count == 1 else f"{count} faults"
    shown = " (the first 20 are listed)" if count > 20 else ""
    assert problem["detail"] == f"The request has {counted}{shown}: {problem['errors'][0]['detail']}"
    assert (problem["status"], problem["code"], problem["facts"]) == (422, "invalid-request", {})


@pytest.mark.parametrize(("status", "detail"), [
    (404, "There is nothing at this path; /docs lists what there is."),
    (405, "This path does not know that method; the Allow header lists those it knows."),
    (403, "Forbidden."),
])  # fmt: skip
async def test_a_failure_of_the_framework_is_told_in_words(status: int, detail: str) -> None:
    answer = await refused(HTTPException(status))
    assert (answer.status_code, answer.json()["detail"]) == (status, detail)
    assert answer.json()["code"].replace("-", " ") == answer.json()["title"].lower()
    assert answer.headers.get("allow") == ("GET, HEAD" if status == 405 else None)


async def test_a_method_that_is_not_known_is_answered_with_all_that_are() -> None:
    app = FastAPI()
    problems.install(app)
    for method in (HTTPMethod.PUT, HTTPMethod.DELETE, HTTPMethod.GET):
        app.add_api_route("/", lambda: None, methods=[method])
    answer = await asked(app, "PATCH")
    assert (answer.status_code, answer.headers["allow"]) == (405, "DELETE, GET, HEAD, PUT")


async def test_a_defect_is_in_the_log_and_not_in_the_answer(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR, "service")
    answer = await refused(KeyError("a secret"))
    assert (answer.status_code, answer.json()["code"]) == (500, "internal-error")
    assert "a secret" not in json.dumps(answer.json())
    (record,) = [record for record in caplog.records if record.name == "service"]
    assert answer.json()["request_id"] in record.message or answer.json()["request_id"]
    assert record.exc_info is not None
