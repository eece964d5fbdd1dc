"""The committed OpenAPI document is what the service says of itself, and it is fit for generators."""

import json
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import validate

from api_tests.cases import case
from openapi import write
from service.core.pointers import walk
from service.http.app import Application
from service.http.examples import PLATFORM_FAILURES
from service.http.failures import CODES
from service.http.openapi import served
from service.http.problems import STATUSES, Problem
from service.main import create_app, openapi_text
from service.simulation.results import SimulationReport

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = json.loads(openapi_text())
OPERATIONS = [(path, method) for path, methods in DOCUMENT["paths"].items() for method in methods]


def nodes() -> Iterator[tuple[str, dict[str, Any]]]:
    for pointer, node in walk(DOCUMENT["components"]["schemas"]):
        if isinstance(node, dict):
            yield pointer, node


def test_the_committed_document_is_the_served_one() -> None:
    assert (ROOT / "openapi" / "openapi.json").read_text(encoding="utf-8") == openapi_text()
    assert isinstance(create_app(), Application)


def test_the_document_is_valid() -> None:
    validate(DOCUMENT)


def test_every_operation_is_described() -> None:
    for path, method in OPERATIONS:
        with case(method, path):
            operation = DOCUMENT["paths"][path][method]
            assert operation["summary"]
            assert operation["description"]
            assert len(operation["tags"]) == 1
            assert operation["operationId"].count("_") >= 1
            answers = [answer for status, answer in operation["responses"].items() if status in ("200", "202", "204")]
            contents = [content for answer in answers for content in answer.get("content", {}).values()]
            assert any(content.get("example") for content in contents) or "204" in operation["responses"]
            failures = {status: found for status, found in failures_of(operation).items() if status not in (304, 412)}
            assert {500} < failures.keys() <= {int(status) for status in HTTPStatus}
            allowed = {"application/problem+json"}
            allowed |= {"application/json"} if operation["operationId"] in PLATFORM_FAILURES else set()
            assert all(set(found["content"]) <= allowed for found in failures.values())


def test_every_status_lists_its_codes_and_every_refusal_of_the_service_is_somewhere() -> None:
    listed: dict[int, set[str]] = {}
    for path, method in OPERATIONS:
        for status, found in failures_of(DOCUMENT["paths"][path][method]).items():
            with case(method, path, status):
                assert found[CODES] == [line.split("`")[1] for line in found["description"].splitlines()]
                for content in found["content"].values():
                    if content["schema"]["$ref"].endswith("/Problem"):
                        assert Problem.model_validate(content["example"]).code in found[CODES]
            listed.setdefault(status, set()).update(found[CODES])
    known = {(int(status), kind.code) for kind, status in STATUSES.items()}
    silent = {(408, "client-gone"), (422, "invalid-spec")}  # nobody is there to read it; only programs here raise it
    assert known - {(status, code) for status, codes in listed.items() for code in codes} == silent


def test_an_operation_lists_what_it_may_answer_and_nothing_else() -> None:
    answered = {
        DOCUMENT["paths"][path][method]["operationId"]: failures_of(DOCUMENT["paths"][path][method])
        for path, method in OPERATIONS
    }
    assert "report-not-found" in answered["get_simulation"][404][CODES]
    assert {"key-needed", "key-unknown"} == set(answered["get_simulation"][401][CODES])
    assert not {401, 403} & answered["get_version"].keys() - {403}
    assert not {400, 404, 409, 410, 413, 415, 504, 507} & answered["get_version"].keys() - {400}
    assert {"misplaced-axis", "budget-exceeded"} <= set(answered["create_sweep"][422][CODES])
    assert "misplaced-axis" not in answered["create_simulation"][422][CODES]
    assert answered["create_sweep"][409][CODES] == ["idempotency-conflict"]
    assert answered["get_simulation_chart"][410][CODES] == ["report-outdated"]
    assert 410 not in answered["get_simulation"]


def failures_of(operation: dict[str, Any]) -> dict[int, dict[str, Any]]:
    """What the document says of an operation's failures, by their statuses."""
    components = DOCUMENT["components"]["responses"]
    return {
        int(status): components[answer["$ref"].rpartition("/")[2]]
        for status, answer in operation["responses"].items()
        if "$ref" in answer
    }


def test_integers_have_bounds_that_64_bits_hold() -> None:
    for pointer, node in walk(DOCUMENT):
        if isinstance(node, dict) and node.get("type") == "integer":
            bounds = [bound for name, bound in node.items() if name in ("minimum", "maximum")]
            assert all(-(2**63) <= bound < 2**63 for bound in bounds), pointer
            assert "exclusiveMaximum" not in node, pointer


def test_a_constant_is_an_enumeration_of_one_too() -> None:
    for pointer, node in nodes():
        if isinstance(node.get("const"), str):
            assert node["enum"] == [node["const"]], pointer


def test_the_served_document_has_its_own_origin_and_the_committed_one_an_absolute_address() -> None:
    assert DOCUMENT["servers"][0]["url"] == "http://127.0.0.1:8000"
    text = json.dumps(DOCUMENT, ensure_ascii=False, separators=(",", ":")).encode()
    found = json.loads(served(text, 'https://verdict.example"/base'))
    assert found["servers"] == [
        {"url": 'https://verdict.example"/base', "description": "The server that this document came from."}
    ]
    assert {**found, "servers": []} == {**DOCUMENT, "servers": []}


def test_operations_have_names_of_their_own() -> None:
    names = [DOCUMENT["paths"][path][method]["operationId"] for path, method in OPERATIONS]
    assert len(set(names)) == len(names)
    assert "create_simulation" in names


def test_schemas_have_names_of_their_own() -> None:
    doubled = [name for name in DOCUMENT["components"]["schemas"] if "__" in name]  # FastAPI says where each is from
    assert not doubled


def test_every_number_has_a_format() -> None:
    bare = [at for at, node in nodes() if node.get("type") in ("integer", "number") and "format" not in node]
    assert not bare


def test_every_union_of_kinds_has_a_discriminator_and_a_name() -> None:
    unions = {pointer: node for pointer, node in nodes() if "oneOf" in node and pointer != "/Values"}
    assert {pointer.strip("/") for pointer in unions} == {
        "Activation",
        "Bias",
        "Claim",
        "Initializer",
        "InputShape",
        "Inputs",
        "JobResult",
        "Layer",
        "Loss",
        "Optimizer",
        "Policy",
        "Targets",
    }
    assert all(set(node["discriminator"]) == {"propertyName", "mapping"} for node in unions.values())


def test_a_kind_is_required_and_has_no_default() -> None:
    for pointer, node in nodes():
        if "kind" in node.get("properties", {}) and "const" in node["properties"]["kind"]:
            assert "kind" in node["required"], pointer
            assert "default" not in node["properties"]["kind"], pointer


def test_every_property_is_described() -> None:
    silent = [
        f"{pointer}/{name}"
        for pointer, node in nodes()
        for name, field in node.get("properties", {}).items()
        if name not in ("kind", "properties") and isinstance(field, dict) and not {"description", "$ref"} & set(field)
    ]
    assert not silent


@pytest.mark.parametrize("name", ["report", "reports", "estimate", "catalog", "health", "job", "results"])
def test_the_examples_are_what_the_service_answers(name: str) -> None:
    committed = json.loads((write.EXAMPLES / f"{name}.json").read_text(encoding="utf-8"))
    expected, found = dict(walk(write.answers()[name])), dict(walk(committed))
    assert found.keys() == expected.keys()
    for pointer, value in expected.items():
        if isinstance(value, float):
            assert found[pointer] == pytest.approx(value, rel=1e-3, abs=1e-12), pointer
        elif not isinstance(value, dict | list):
            assert found[pointer] == value, pointer


def test_the_example_report_is_a_report() -> None:
    SimulationReport.model_validate_json((write.EXAMPLES / "report.json").read_text(encoding="utf-8"))
