"""Lambda Feedback's commands, and their failures, as its own layers have them.

Read in lambda-feedback/BaseEvalutionFunctionLayer (handler.py, tools/commands.py, schemas/legacy) for the commands, the
cases and the shape of failures, and in lambda-feedback/shimmy (runtime/handler.go) for the statuses over HTTP.
"""

from typing import Any

import httpx
import pytest

from api_tests.http.asking import Json, sent
from service.grading.formats.lambda_feedback import LAMBDA_DOCS

pytestmark = pytest.mark.anyio

CLAIM: Json = {"kind": "expression", "derivative_of": {"kind": "stanh"}, "points": 2}
RIGHT, WRONG = "tanh(z) + z*sech(z)^2", "tanh(z) + z*sech(z)"


async def ran(client: httpx.AsyncClient, command: str | None, body: Any) -> httpx.Response:
    request = sent(body)
    if command is not None:
        request["headers"]["command"] = command
    return await client.post("/v1/adapters/lambda-feedback", **request)


def assert_failure(answer: httpx.Response, status: int, **thrown: Any) -> str:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert answer.json().keys() == {"error"}
    error: Json = answer.json()["error"]
    assert error.keys() == {"message", "error_thrown"}
    assert thrown.items() <= error["error_thrown"].items()
    return str(error["message"])


@pytest.mark.parametrize("command", [None, "eval", "grade", "EVAL"])
async def test_a_response_is_evaluated_under_every_name_of_the_command(
    client: httpx.AsyncClient, command: str | None
) -> None:
    answer = (await ran(client, command, {"response": "1/(2+2cosh(z))", "answer": "e^-z/(1+e^-z)^2"})).json()
    assert answer["command"] == "eval"
    assert answer["result"]["is_correct"] is True
    assert answer["result"]["response_latex"]


async def test_a_response_is_previewed_or_told_why_it_cannot_be(client: httpx.AsyncClient) -> None:
    read = (await ran(client, "preview", {"response": "sech^2 z", "params": {}})).json()
    assert read["result"]["preview"]["latex"] == r"\operatorname{sech}^{2} z"
    unread = (await ran(client, "preview", {"response": "z + tahn(z)"})).json()
    assert "tanh" in unread["result"]["preview"]["feedback"]


async def test_the_health_is_told(client: httpx.AsyncClient) -> None:
    answer = (await ran(client, "healthcheck", {})).json()
    told = {"tests_passed": True, "successes": [], "failures": [], "errors": []}
    assert answer == {"command": "healthcheck", "result": told}


@pytest.mark.parametrize("command", ["docs", "docs-dev", "docs-user"])
async def test_the_documentation_is_a_file(client: httpx.AsyncClient, command: str) -> None:
    answer = await ran(client, command, {})
    assert (answer.text, answer.headers["content-type"]) == (LAMBDA_DOCS, "application/octet-stream")


async def test_an_unknown_command_is_told_with_those_that_there_are(client: httpx.AsyncClient) -> None:
    message = assert_failure(await ran(client, "not a command", {}), 400, code="unknown-command")
    assert message.startswith("Unknown command 'not a command'.")
    assert "preview" in message


@pytest.mark.parametrize(
    ("command", "body", "status", "field"),
    [
        ("eval", {"answer": "z"}, 422, "response"),
        ("eval", {"response": None, "answer": "z"}, 422, "response"),
        ("preview", {"params": {}}, 422, "response"),
        ("eval", {"response": "z", "answer": "z", "extra": 1}, 422, "extra"),
        ("eval", {"response": "z", "answer": "z", "params": 3}, 422, "params"),
        ("eval", {"response": "z", "answer": None}, 422, None),
        ("eval", {"response": "z", "answer": "tahn(z)"}, 422, None),
        ("eval", "{}}}{{{[][] this is not json.", 400, None),
        ("eval", "", 422, None),
    ],
)
async def test_a_fault_is_an_error_with_its_field(
    client: httpx.AsyncClient, command: str, body: Any, status: int, field: str | None
) -> None:
    message = assert_failure(await ran(client, command, body), status, **({"field": field} if field else {}))
    assert message


CASES: list[Json] = [
    {"answer": "tahn(z)", "feedback": "cannot be read"},
    {"feedback": "no answer"},
    {"answer": "tanh(z) + z*(1/cosh(z))", "feedback": "Think of the square.", "mark": 0},
    {"answer": "tanh(z) + z*sech(z)", "feedback": "Too late."},
]


async def test_a_wrong_response_gets_the_feedback_of_the_first_case_that_it_is(client: httpx.AsyncClient) -> None:
    body = {"response": WRONG, "answer": None, "params": {"claim": CLAIM, "cases": CASES[1:]}}
    result = (await ran(client, "eval", body)).json()["result"]
    assert (result["feedback"], result["matched_case"], result["is_correct"]) == ("Think of the square.", 1, False)


@pytest.mark.parametrize(("mark", "correct"), [(1, True), (0, False), ("1", True), (None, False)])
async def test_a_case_may_count_as_correct(client: httpx.AsyncClient, mark: Any, correct: bool) -> None:
    cases = [{"answer": WRONG, "feedback": "Near.", "mark": mark}]
    body = {"response": WRONG, "answer": RIGHT, "params": {"cases": cases}}
    assert (await ran(client, "eval", body)).json()["result"]["is_correct"] is correct


@pytest.mark.parametrize("response", [RIGHT, "z"])
async def test_a_right_response_and_one_that_is_no_case_keep_their_feedback(
    client: httpx.AsyncClient, response: str
) -> None:
    result = (await ran(client, "eval", {"response": response, "answer": RIGHT, "params": {"cases": CASES[1:]}})).json()
    assert "matched_case" not in result["result"]
    assert result["result"]["feedback"].startswith("<div>")


async def test_a_case_that_cannot_be_read_is_passed_over(client: httpx.AsyncClient) -> None:
    body = {"response": WRONG, "answer": RIGHT, "params": {"cases": CASES}}
    result = (await ran(client, "eval", body)).json()["result"]
    assert result["matched_case"] == 2
