"""Every example in the OpenAPI document is executed: requests are answered, and answers are what the service says."""

import csv
import json
from io import StringIO
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.core.pointers import walk
from service.http.examples import PLATFORM_FAILURES, PROBLEMS
from service.http.problems import Problem

Json = dict[str, Any]

DOCUMENT = json.loads((Path(__file__).resolve().parent.parent / "openapi" / "openapi.json").read_text(encoding="utf-8"))
OPERATIONS: dict[str, tuple[str, str, Json]] = {
    operation["operationId"]: (method, path, operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}
EXCERPTS = ["get_catalog", "get_document", "get_metrics", "get_job_chart", "create_training_chart"]
"""Their answers are too long to be shown whole."""
FILES = [
    *("get_simulation_chart_svg", "get_simulation_chart_png", "get_simulation_page", "get_simulation_gradients"),
    *("get_job_chart_svg", "get_job_chart_png", "get_job_bundle", "watch_job", "create_package"),
    *("create_training_chart_svg", "create_training_chart_png"),
]
"""Of their answers the example is a beginning, or a description."""
LISTS = ["list_simulations", "list_jobs"]
"""Of their answers the example has one item."""
LISTED_APART = {"created_at", "last_used_at", "report_bytes", "pinned"}
"""What two services do not say alike of the same report."""
OF_ITS_TIME = {"id", "created_at", "updated_at", "started_at", "ended_at", "estimated_seconds", "links"}
"""What is different of every job, and of every assignment."""
SILENT = ["delete_assignment"]
"""Their answers have no content."""
QUERIES = {
    "list_job_results": "?limit=1",
    "get_proposals": "?activation=stanh",
    "create_package": "?format=gradescope",
}
"""What the example of an answer was asked with."""
SECONDS = 120.0


def bodies_of(name: str) -> dict[str, Any]:
    """The example bodies of an operation, by their names."""
    body = OPERATIONS[name][2].get("requestBody", {"content": {"application/json": {"examples": {}}}})
    (content,) = body["content"].values()
    examples = content.get("examples", {"only": {"value": content.get("example")}})
    return {title: one["value"] for title, one in examples.items()}


def answer_of(name: str) -> tuple[int, Json]:
    """The status of an operation's answer, and what is said of it."""
    return next((int(status), one) for status, one in OPERATIONS[name][2]["responses"].items() if status[0] == "2")


def example_of(name: str) -> tuple[str, Any]:
    """The media type of an operation's answer, and the example of it."""
    answers = answer_of(name)[1]["content"]
    return next((media_type, content["example"]) for media_type, content in answers.items() if "example" in content)


def reported(name: str) -> Any:
    """The specification of a report that has what the operation answers with."""
    first = next(iter(bodies_of("create_simulation").values()))
    return {**first, "include": ["gradients"]} if name == "get_simulation_gradients" else first


def first_body(name: str) -> Any:
    """The first example of a body."""
    return next(iter(bodies_of(name).values()))


def done(url: str, name: str) -> str:
    """The id of a job that has ended: of the class where an operation needs gradings, else of the sweep."""
    making = "create_gradings" if name == "get_job_bundle" else "create_sweep"
    sent = {"json": first_body(making), "headers": {"Idempotency-Key": making}}  # once for all examples
    job = httpx.post(f"{url}{place(url, making)}", **sent, timeout=60).json()
    events = httpx.get(f"{url}{job['links']['events']}", timeout=SECONDS)  # which last as long as the job
    assert "event: end" in events.text
    return str(job["id"])


def place(url: str, name: str) -> str:
    """Where an operation is; what hangs there is made first."""
    path = OPERATIONS[name][1]
    if "{digest}" in path:
        made = httpx.post(f"{url}/v1/simulations", json=reported(name), timeout=60)
        return path.format(digest=made.json()["digest"])
    if path.startswith("/v1/assignments/{id}"):
        httpx.put(f"{url}/v1/assignments/sheet_2", json=first_body("put_assignment"))
        return path.format(id="sheet_2")
    found = path.format(id=done(url, name), index=0) if "{id}" in path else path
    return found + QUERIES.get(name, "")


def called(url: str, name: str, body: Any) -> httpx.Response:
    """The answer to an operation; what it needs is made first."""
    title = next((title for title, one in bodies_of(name).items() if one == body), "")
    method, path = OPERATIONS[name][0], place(url, name).replace("{source}", title)  # of models, whose they are
    if not isinstance(body, str):
        return httpx.request(method, f"{url}{path}", json=body, timeout=60)
    (media_type,) = OPERATIONS[name][2]["requestBody"]["content"]
    return httpx.request(method, f"{url}{path}", content=body, headers={"Content-Type": media_type}, timeout=60)


def timeless(answer: Any) -> Any:
    """An answer without what no two jobs, and no two assignments, have in common."""
    if not isinstance(answer, dict) or not {"progress", "updated_at"} & answer.keys():
        return answer
    return {name: value for name, value in answer.items() if name not in OF_ITS_TIME}


def assert_alike(found: Any, example: Any) -> None:
    """Whether two answers agree: fractions to the digits of the example, and not in the time that was taken."""
    one, other = dict(walk(timeless(found))), dict(walk(timeless(example)))
    assert one.keys() == other.keys()
    for pointer, value in other.items():
        if isinstance(value, float) and pointer != "/elapsed_seconds":
            assert one[pointer] == pytest.approx(value, rel=1e-3, abs=1e-12), pointer
        elif isinstance(value, str | int | bool | None):
            assert one[pointer] == value, pointer


@pytest.mark.parametrize(("name", "title"), [(name, title) for name in OPERATIONS for title in bodies_of(name)])
def test_every_example_of_a_request_is_answered(service_url: str, name: str, title: str) -> None:
    answer = called(service_url, name, bodies_of(name)[title])
    assert answer.status_code == answer_of(name)[0], answer.text


def kinds_of(union: str) -> list[tuple[str, Json]]:
    """The examples of all kinds of a union, by the names of their schemas."""
    schemas = DOCUMENT["components"]["schemas"]
    members = [one["$ref"].rpartition("/")[2] for one in schemas[union]["oneOf"]]
    return [(name, example) for name in members for example in schemas[name]["examples"]]


DENSE = {"kind": "dense", "units": 128}
VECTORS = {"features": 128, "layers": [DENSE]}
INPUTS = [
    {"kind": "features", "features": 128},
    {"kind": "sequence", "steps": 8, "features": 128},
    {"kind": "image", "height": 4, "width": 4, "channels": 128},
    {"kind": "features", "features": 16},
    {"kind": "tokens", "steps": 8, "vocabulary": 100},
]
PLACES: dict[str, Any] = {
    "Activation": lambda kind: [{"network": {"features": 2, "layers": [{**DENSE, "activation": kind}]}}],
    "Initializer": lambda kind: [{"network": {"features": 2, "layers": [{**DENSE, "units": 2, "weights": kind}]}}],
    "Bias": lambda kind: [{"network": {"features": 2, "layers": [{**DENSE, "units": 2, "bias": kind}]}}],
    "Layer": lambda kind: [{"network": {"input": shape, "layers": [kind]}} for shape in INPUTS],
    "InputShape": lambda kind: [
        {"network": {"input": kind, "layers": layers}} for layers in ([DENSE], [{"kind": "embedding", "units": 2}])
    ],
    "Loss": lambda kind: [
        {"network": {**VECTORS, "layers": [{**DENSE, "activation": {"kind": "sigmoid"}}]}, "loss": kind}
    ],
    "Inputs": lambda kind: [
        {"network": network, "data": {"inputs": kind}}
        for network in (
            {"features": 2, "layers": [DENSE]},
            {"input": INPUTS[-1], "layers": [{"kind": "embedding", "units": 2}]},
        )
    ],
    "Targets": lambda kind: [
        {"network": {"features": 2, "layers": [{**DENSE, "units": units}]}, "data": {"targets": kind}}
        for units in (2, 10)
    ],
    "Policy": lambda kind: [{"network": VECTORS, "policy": kind}],
}
"""Specifications of which at least one has room for a kind, by the union that it belongs to."""
CANNOT_BE = {
    ("Bias", "ExplicitInitializer"): "a matrix",
    ("Targets", "PerFeatureData"): "no",
    ("Targets", "TokenIndexData"): "no",
}


@pytest.mark.parametrize("union", PLACES)
def test_every_kind_has_an_example_that_is_accepted(service_url: str, union: str) -> None:
    for name, example in kinds_of(union):
        bodies = PLACES[union](example)
        found = [httpx.post(f"{service_url}/v1/estimates", json=body, timeout=60) for body in bodies]
        fits = any(answer.status_code == 200 for answer in found)
        assert fits or (union, name) in CANNOT_BE, (union, name, [answer.text for answer in found])
        assert all(answer.status_code in (200, 422) for answer in found)
        codes = {answer.json()["code"] for answer in found if answer.status_code == 422}
        assert "invalid-request" not in codes, (union, name)  # what does not fit reads well all the same


def test_every_union_of_what_a_simulation_is_made_of_is_tried() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    unions = {name for name, schema in schemas.items() if "discriminator" in schema}
    assert unions - set(PLACES) == {"Claim", "JobResult", "Optimizer"}


def test_every_operation_that_has_a_body_has_examples_of_it() -> None:
    for name, (_, _, operation) in OPERATIONS.items():
        assert ("requestBody" in operation) == bool(bodies_of(name)), name


@pytest.mark.parametrize("name", [name for name in OPERATIONS if name not in {*EXCERPTS, *FILES, *LISTS, *SILENT}])
def test_every_example_of_an_answer_is_what_the_service_answers(service_url: str, name: str) -> None:
    answer = called(service_url, name, next(iter(bodies_of(name).values()), None))
    media_type, example = example_of(name)
    assert answer.status_code == answer_of(name)[0], answer.text
    assert answer.headers["content-type"].partition(";")[0] == media_type
    if media_type == "text/csv":
        found, shown = (list(csv.DictReader(StringIO(text, newline=""))) for text in (answer.text, example))
        assert [row.keys() for row in found[: len(shown)]] == [row.keys() for row in shown]
        words = ("activation", "label", "digest")
        assert [[row.get(name) for name in words] for row in found[: len(shown)]] == [
            [row.get(name) for name in words] for row in shown
        ]
    else:
        assert_alike(answer.json(), example)


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_of_the_media_type_of_its_example(service_url: str, name: str) -> None:
    answer = called(service_url, name, next(iter(bodies_of(name).values()), None))
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].partition(";")[0] == example_of(name)[0]


def test_the_excerpts_are_taken_from_what_the_service_answers(service_url: str) -> None:
    bodies = (next(iter(bodies_of(name).values()), None) for name in EXCERPTS)
    answers = map(called, [service_url] * len(EXCERPTS), EXCERPTS, bodies)
    catalog, document, metrics, chart, training = answers
    family = example_of("get_catalog")[1]["families"][0]
    whole = catalog.json()["families"][0]
    assert_alike({**whole, "kinds": whole["kinds"][: len(family["kinds"])]}, family)
    charts = example_of("get_catalog")[1]["charts"]
    assert catalog.json()["charts"][: len(charts)] == charts
    assert document.json()["openapi"] == example_of("get_document")[1]["openapi"]
    shown = example_of("get_metrics")[1].splitlines()
    assert {line for line in shown if line.startswith("#")} <= set(metrics.text.splitlines())
    assert example_of("get_job_chart")[1].items() <= chart.json().items()
    assert example_of("create_training_chart")[1].items() <= training.json().items()


def test_the_list_of_reports_has_the_example_of_a_report_as_the_example_of_a_list_has(service_url: str) -> None:
    httpx.post(f"{service_url}/v1/simulations", json=next(iter(bodies_of("create_simulation").values())), timeout=60)
    (shown,) = example_of("list_simulations")[1]["items"]
    listed = httpx.get(f"{service_url}/v1/simulations", params={"limit": 200}).json()["items"]
    (found,) = (item for item in listed if item["digest"] == shown["digest"])
    assert found.keys() == shown.keys()
    assert_alike(*({key: item[key] for key in item.keys() - LISTED_APART} for item in (found, shown)))


def test_the_list_of_jobs_has_a_job_as_the_example_of_a_list_has(service_url: str) -> None:
    job = done(service_url, "get_job")
    (shown,) = example_of("list_jobs")[1]["items"]
    (found,) = (one for one in called(service_url, "list_jobs", None).json()["items"] if one["id"] == job)
    assert_alike(found, shown)


def test_the_links_of_a_job_lead_to_it(service_url: str) -> None:
    job = done(service_url, "get_job")
    for name in ("create_sweep", "create_gradings"):
        for link in answer_of(name)[1]["links"].values():
            method, path, _ = OPERATIONS[link["operationId"]]
            assert link["parameters"] == {"id": "$response.body#/id"}
            assert httpx.request(method, f"{service_url}{path.format(id=job)}").status_code == 200


def test_the_links_of_a_report_lead_to_it(service_url: str) -> None:
    links = OPERATIONS["create_simulation"][2]["responses"]["200"]["links"]
    made = httpx.post(f"{service_url}/v1/simulations", json=next(iter(bodies_of("create_simulation").values())))
    for link in links.values():
        method, path, _ = OPERATIONS[link["operationId"]]
        assert link["parameters"] == {"digest": "$response.body#/digest"}
        assert httpx.request(method, f"{service_url}{path.format(digest=made.json()['digest'])}").status_code == 200


def test_the_examples_of_problems_are_problems(service_url: str) -> None:
    components = DOCUMENT["components"]["responses"]
    for name, (_, _, operation) in OPERATIONS.items():
        for answer in operation["responses"].values():
            content = components[answer["$ref"].rpartition("/")[2]]["content"] if "$ref" in answer else {}
            if "application/json" in content:
                assert content["application/json"]["example"] == PLATFORM_FAILURES[name]
    assert components["GatewayTimeout"]["content"]["application/problem+json"]["example"] == PROBLEMS["5XX"]
    Problem.model_validate(PROBLEMS["5XX"])
    hidden = {"kind": "dense", "units": 0, "activation": {"kind": "sigmoyd"}}
    body = {"network": {"features": 4, "layers": [{"kind": "repeat", "times": 4, "layers": [hidden]}]}}
    headers = {"X-Request-ID": PROBLEMS["4XX"]["request_id"]}
    answer = httpx.post(f"{service_url}/v1/simulations", json=body, headers=headers)
    assert answer.json() == PROBLEMS["4XX"]


def test_the_examples_of_failures_on_other_platforms_are_their_own(service_url: str) -> None:
    named = {"X-Request-ID": "example-1"}
    empty = {"submission": {"type": "MATH", "content": {}}}
    answer = httpx.post(f"{service_url}/evaluate", json=empty, headers=named)
    assert answer.json() == PLATFORM_FAILURES["evaluate_submission"]
    path = OPERATIONS["run_lambda_feedback"][1]
    answer = httpx.post(f"{service_url}{path}", json={}, headers={**named, "command": "run"})
    assert answer.json() == PLATFORM_FAILURES["run_lambda_feedback"]
