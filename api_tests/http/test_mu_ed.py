"""The µEd API: its own requests get statuses of its own list, and failures are worded as it reads them.

The kinds of requests are those of the examples in the OpenAPI document of µEd 0.1.0 (lambda-feedback's base layer has
it as schemas/muEd/openapi-v0_1_0.yml), in other words.
"""

from typing import Any

import httpx
import pytest

from api_tests.http.asking import Json, sent

pytestmark = pytest.mark.anyio

STATUSES = {200, 400, 403, 406, 500, 501}
FAILURE = {"title", "message", "code", "trace", "details"}
CLAIM: Json = {"kind": "expression", "derivative_of": {"kind": "stanh"}, "points": 2}
RIGHT = "tanh(z) + z*sech(z)^2"


def handed_in(kind: str, written: str | None, **content: Any) -> Json:
    when = {"submittedAt": "2026-03-01T09:30:00Z", "version": 1}
    return {"submissionId": "s-1", "taskId": "t-1", "type": kind, "format": written, "content": content, **when}


LLM: Json = {"model": "any-model", "temperature": 0.2, "maxTokens": 800, "credentials": {"type": "JWT", "key": "k"}}
TASK: Json = {
    "taskId": "t-1",
    "title": "Explain inheritance",
    "content": {"text": "Define it, and give an example."},
    "learningObjectives": ["Explain it.", "Give an example."],
    "referenceSolution": {"text": "A class takes over what another one has.\n"},
    "context": {"constraints": "Three sentences.", "language": "en"},
}
CRITERIA: list[Json] = [
    {"criterionId": "c-1", "name": "Correctness", "context": "It is right.", "maxPoints": 10},
    {"criterionId": "c-2", "name": "Clarity", "context": "It is clear.", "maxPoints": 5},
]
USER: Json = {"userId": "u-1", "type": "LEARNER", "detailPreference": "DETAILED", "languagePreference": "en"}
MATHML = "<math xmlns='http://www.w3.org/1998/Math/MathML'><mrow><mi>a</mi><mo>=</mo><mi>b</mi></mrow></math>"
EXAMPLES: dict[str, tuple[Json, int]] = {
    "a text alone": ({"submission": handed_in("TEXT", "plain", text="What is it?"), "configuration": None}, 400),
    "a text before it is handed in": (
        {
            "submission": handed_in("TEXT", "plain", text="A short answer…"),
            "preSubmissionFeedback": {"enabled": True},
            "configuration": {"llm": LLM},
        },
        200,
    ),
    "a text with everything around it": (
        {
            "task": TASK,
            "submission": handed_in("TEXT", "plain", text="A class takes over another one.\n"),
            "user": USER,
            "criteria": CRITERIA,
            "preSubmissionFeedback": {"enabled": False},
            "configuration": {"llm": LLM, "enforceRubricStrictness": True},
        },
        400,
    ),
    "a program": ({"submission": handed_in("CODE", "python", code="def f(n):\n    return n\n")}, 501),
    "a program of two files": (
        {
            "submission": handed_in(
                "CODE", "java", files=[{"path": "A.java", "content": "class A {}"}], entryPoint="A.java"
            )
        },
        501,
    ),
    "a call of SymPy": (
        {"submission": handed_in("CODE", "sympy", expression="solve(x**2 - 4, x)", imports=["from sympy import *"])},
        400,
    ),
    "LaTeX": ({"submission": handed_in("MATH", "latex", expression=r"\int_0^\infty e^{-x^2} dx = 1")}, 400),
    "MathML": ({"submission": handed_in("MATH", "mathml", expression=MATHML)}, 501),
    "a diagram of classes": (
        {"submission": handed_in("MODEL", "uml", model="@startuml\n@enduml", notation="plantuml", diagramType="class")},
        501,
    ),
    "entities and relationships": (
        {"submission": handed_in("MODEL", "er", model={"entities": [], "relationships": []}, notation="json")},
        501,
    ),
    "a process": ({"submission": handed_in("MODEL", "bpmn", model="<definitions/>", notation="bpmn-xml")}, 501),
    "Markdown": ({"submission": handed_in("TEXT", "markdown", markdown="# It\n\n1. **One**")}, 400),
}


async def evaluated(client: httpx.AsyncClient, body: Any, **header: str) -> httpx.Response:
    request = sent(body)
    answer = await client.post("/evaluate", **{**request, "headers": {**request["headers"], **header}})
    assert answer.status_code in STATUSES
    assert answer.headers["x-api-version"] == "0.1.0"
    assert answer.headers["content-type"] == "application/json"
    if answer.status_code != 200:
        assert answer.json().keys() == FAILURE
        assert answer.json()["title"]
    return answer


@pytest.mark.parametrize("name", EXAMPLES)
async def test_every_request_of_mu_ed_gets_a_status_of_mu_ed(client: httpx.AsyncClient, name: str) -> None:
    body, status = EXAMPLES[name]
    answer = await evaluated(client, body)
    assert answer.status_code == status, answer.text
    codes = {400: "VALIDATION_ERROR", 501: "NOT_IMPLEMENTED"}
    if status in codes:
        assert answer.json()["code"] == codes[status]


@pytest.mark.parametrize(
    ("name", "claim"),
    [
        ("LaTeX", CLAIM),
        ("a call of SymPy", CLAIM),
        ("a text alone", {"kind": "text_keywords", "ideas": [["what"]]}),
        ("Markdown", {"kind": "text_keywords", "ideas": [["one"]]}),
    ],
)
async def test_the_same_with_a_claim_is_judged(client: httpx.AsyncClient, name: str, claim: Json) -> None:
    body, _ = EXAMPLES[name]
    answer = await evaluated(client, {**body, "configuration": {"params": {"claim": claim}}})
    assert answer.status_code == 200, answer.text
    (feedback,) = answer.json()
    assert feedback["criterion"]["gradeConfig"]["max"] == claim.get("points", 1.0)


@pytest.mark.parametrize(("answer", "points"), [(RIGHT, 2.0), ("tanh(z) + z*sech(z)", 0.0)])
async def test_a_submission_gets_its_points(client: httpx.AsyncClient, answer: str, points: float) -> None:
    submission = {"type": "MATH", "format": "latex", "content": {"expression": answer}, "submissionId": "s1"}
    told = {"params": {"claim": CLAIM}, "vendorExtensions": {}}
    body = {"submission": submission, "task": TASK, "configuration": told, "user": {"role": "LEARNER"}}
    (feedback,) = (await evaluated(client, body)).json()
    assert feedback["awardedPoints"] == points
    assert feedback["criterion"]["gradeConfig"] == {"min": 0.0, "max": 2.0, "value": points}


@pytest.mark.parametrize("left_out", ["task", "configuration", "preSubmissionFeedback", "user", "criteria"])
async def test_what_is_optional_may_be_null(client: httpx.AsyncClient, left_out: str) -> None:
    reference = {"referenceSolution": {"expression": RIGHT}, "title": None}
    body = {
        "submission": {"type": "MATH", "content": {"expression": RIGHT}, "format": None, "taskId": None},
        "task": reference,
        "configuration": {"params": {"claim": CLAIM}},
        left_out: None,
    }
    (feedback,) = (await evaluated(client, body)).json()
    assert feedback["awardedPoints"] == feedback["criterion"]["gradeConfig"]["max"]
    assert feedback["responseLatex"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"task": TASK}, None),
        ({"submission": {"type": "MATH"}}, "submission"),
        ({"submission": {"type": "SONG", "content": {}}}, "submission.type"),
        (
            {"submission": {"type": "MATH", "content": {}}, "configuration": {"params": {"claim": CLAIM}}},
            "submission.content",
        ),
        ({"submission": {"type": "MATH", "content": {"expression": "z"}}}, "configuration.params"),
        ("{", None),
        ("", None),
        ([], None),
    ],
)
async def test_a_fault_of_the_request_is_a_400_that_names_the_field(
    client: httpx.AsyncClient, body: Any, field: str | None
) -> None:
    answer = await evaluated(client, body)
    assert answer.status_code == 400
    failure = answer.json()
    assert (failure["code"], failure["details"].get("field")) == ("VALIDATION_ERROR", field)
    assert failure["message"]


async def test_a_rubric_that_cannot_be_read_is_a_400(client: httpx.AsyncClient) -> None:
    submission = {"type": "MATH", "content": {"expression": "z"}}
    body = {"submission": submission, "configuration": {"params": {"claim": {"kind": "song"}}}}
    assert (await evaluated(client, body)).status_code == 400


@pytest.mark.parametrize(("asked", "status"), [("0.1.0", 200), ("", 200), ("0.0", 406), ("1", 406)])
async def test_an_unserved_version_is_refused_with_those_that_are_served(
    client: httpx.AsyncClient, asked: str, status: int
) -> None:
    body = {
        "submission": {"type": "MATH", "content": {"expression": RIGHT}},
        "configuration": {"params": {"claim": CLAIM}},
    }
    header = {"X-Api-Version": asked, "X-Request-Id": "trace-7"}
    health = await client.get("/evaluate/health", headers=header)
    for answer in (await evaluated(client, body, **header), health):
        assert answer.status_code == status or (answer is health and answer.status_code == 503)
        assert answer.headers["x-api-version"] == "0.1.0"
        assert answer.headers["x-request-id"] == "trace-7"
        if status == 406:
            assert answer.json()["code"] == "VERSION_NOT_SUPPORTED"
            told = {"requestedVersion": asked, "supportedVersions": ["0.1.0"]}
            assert told.items() <= answer.json()["details"].items()


async def test_before_the_submission_a_formula_is_told_as_it_is_read_and_nothing_is_graded(
    client: httpx.AsyncClient,
) -> None:
    def body(answer: str) -> Json:
        submission = {"type": "MATH", "content": {"expression": answer}}
        told = {"params": {"claim": {**CLAIM, "id": "d1"}}}
        return {"submission": submission, "preSubmissionFeedback": {"enabled": True}, "configuration": told}

    (read,) = (await evaluated(client, body("sech^2 z"))).json()
    assert read["responseLatex"] == read["preSubmissionFeedback"]["latex"] == r"\operatorname{sech}^{2} z"
    assert not {"awardedPoints", "criterion"} & read.keys()
    (unread,) = (await evaluated(client, body("z + tahn(z)"))).json()
    assert "tanh" in unread["message"] == unread["preSubmissionFeedback"]["feedback"]
    (alone,) = (await evaluated(client, {**body("2z"), "configuration": None})).json()
    assert alone["feedbackId"] == "preview"


async def test_before_the_submission_hidden_claims_stay_hidden(client: httpx.AsyncClient) -> None:
    claims = [{**CLAIM, "id": "a"}, {**CLAIM, "id": "b", "hidden": True}]
    body = {
        "submission": {"type": "OTHER", "content": {"answers": {"a": "z", "b": "z"}}},
        "configuration": {"params": {"rubric": {"id": "r", "claims": claims}}},
        "preSubmissionFeedback": {"enabled": True},
    }
    assert [feedback["feedbackId"] for feedback in (await evaluated(client, body)).json()] == ["a"]


async def test_health_tells_what_is_read(client: httpx.AsyncClient) -> None:
    health = (await client.get("/evaluate/health")).json()
    if "capabilities" not in health:  # before the workers have started
        assert health["code"] == "SERVICE_UNAVAILABLE"
        return
    profiles = {one["type"]: one["supportedFormats"] for one in health["capabilities"]["supportedArtefactProfiles"]}
    assert "latex" in profiles["MATH"]
    assert "mathml" not in profiles["MATH"]
    assert "MODEL" not in profiles
    assert health["capabilities"]["supportsPreSubmissionFeedback"] is True
