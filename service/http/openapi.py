"""The OpenAPI document: FastAPI's, with what generators stumble over put right; and a stricter one for tests."""

import json
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from service.http.examples import ANSWERS
from service.http.failures import list_failures
from service.http.uploads import BINARY

_SUMMARY = "Whether a network's gradients vanish or explode, where, why, and with which numbers."

_DESCRIPTION = """
Send the specification of a network, and get its per-layer gradient statistics with a verdict: no training run, no
framework, no data of yours. Numbers called `log10_…` are in **decades**: −3 is a thousandth.

Everything that fails is an `application/problem+json` with pointers into the body that was sent.
""".strip()

_SERVER = {"url": "http://127.0.0.1:8000", "description": "Where the service listens unless it is told otherwise."}

_TAGS = [
    {"name": "simulations", "description": "A network in, a report with its verdict out."},
    {"name": "imports", "description": "A model of another program in, its specification out, and its report."},
    {
        "name": "studies",
        "description": "Several simulations of one question: how to mend a network, which of some is best.",
    },
    {"name": "estimates", "description": "What a simulation would cost."},
    {"name": "activations", "description": "A function in, its bounds, kinks and critical initialisations out."},
    {"name": "gradings", "description": "Answers of students in, every claim judged out; rubrics kept for classes."},
    {
        "name": "jobs",
        "description": "Work that takes longer: sweeps, how far they are, and what comes out of them.",
    },
    {"name": "catalog", "description": "What networks may be made of."},
    {
        "name": "operations",
        "description": "Probes, metrics and versions for those who run the service, and this document.",
    },
]


def document(app: FastAPI) -> dict[str, Any]:
    """The document of `app` for generators, OpenAPI 3.1, made once."""
    if app.openapi_schema is None:
        made = contract(app)
        made["openapi"] = "3.1.0"
        schemas = made["components"]["schemas"]
        schemas["Values"] = _matrix(schemas["Values"])
        _streams_as_text(made)
        _files_as_bytes(made)
        app.openapi_schema = made
    return app.openapi_schema


def served(text: bytes, origin: str) -> bytes:
    """The document as JSON `text` with `origin` as the server that it came from."""
    here = {"url": origin, "description": "The server that this document came from."}
    before, after = (json.dumps(one, separators=(",", ":")).encode() for one in (_SERVER, here))
    return text.replace(before, after, 1)


def contract(app: FastAPI) -> dict[str, Any]:
    """The document of `app` that says all that is accepted, OpenAPI 3.2, for tests of it."""
    made = get_openapi(
        title=app.title,
        version=app.version,
        openapi_version="3.2.0",
        summary=_SUMMARY,
        description=_DESCRIPTION,
        routes=app.routes,
        tags=_TAGS,
        servers=[_SERVER],
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        contact={"name": "Gradient Verdict"},
        separate_input_output_schemas=False,
    )
    made["security"] = []
    for operation in _operations(made):
        _scopes_in_words(operation)
    list_failures(made)
    _answers_as_written(made)
    cleaned: dict[str, Any] = _cleaned(made)
    return cleaned


def _operations(made: dict[str, Any]) -> list[dict[str, Any]]:
    return [operation for path in made["paths"].values() for operation in path.values()]


def _scopes_in_words(operation: dict[str, Any]) -> None:
    """Which scope a key needs, in the description: the schemes of HTTP have no scopes, as linters see it."""
    security = operation.setdefault("security", [])  # none where FastAPI says nothing of keys: public
    needed = [scopes for scheme in security for scopes in scheme.values() if scopes]
    for scopes in needed:
        words = " or ".join(f"`{scope}`" for scope in scopes)
        operation["description"] += f"\n\nWhere keys are asked for: one with the scope {words}."
    operation["security"] = [{name: [] for name in scheme} for scheme in security]


def _answers_as_written(made: dict[str, Any]) -> None:
    """Examples of answers with their nulls, which FastAPI would drop; nothing is the answer where something is gone."""
    for operation in _operations(made):
        answer = next(answer for status, answer in operation["responses"].items() if status.startswith("2"))
        if "content" in answer and operation["operationId"] in ANSWERS:
            media_type, example = ANSWERS[operation["operationId"]]
            answer["content"][media_type]["example"] = example


def _streams_as_text(made: dict[str, Any]) -> None:
    """Events as the text they are: only OpenAPI 3.2 has a word for the items of a stream."""
    contents = [answer.get("content", {}) for one in _operations(made) for answer in one["responses"].values()]
    for content in contents:
        if "itemSchema" in content.get("text/event-stream", {}):
            del content["text/event-stream"]["itemSchema"]
            content["text/event-stream"]["schema"] = {"type": "string"}


def _files_as_bytes(made: dict[str, Any]) -> None:
    """Files as bytes alone, JSON or not: of two kinds of bodies, some generators take the first and others the last.

    Its examples are the texts of such files.
    """
    bodies = [one["requestBody"]["content"] for one in _operations(made) if "requestBody" in one]
    for content in bodies:
        if BINARY in content and "application/json" in content:
            examples = content.pop("application/json")["examples"]
            texts = {name: {**one, "value": json.dumps(one["value"])} for name, one in examples.items()}
            content[BINARY]["examples"] = texts


def _matrix(vector_or_matrix: dict[str, Any]) -> dict[str, Any]:
    """The second of two shapes: a union of arrays, neither of them an object, does not compile in Java."""
    _, matrix = vector_or_matrix["oneOf"]
    return {**matrix, "description": "A matrix as a list of its rows; JSON may have a vector in its place."}


def _named_by_pattern(properties: dict[str, Any]) -> dict[str, Any]:
    """A map whose names follow a pattern: `patternProperties` alone would allow anything under other names."""
    ((pattern, schema),) = properties.items()
    return {"propertyNames": {"type": "string", "pattern": pattern}, "additionalProperties": schema}


def _cleaned(node: Any) -> Any:
    """Bounds of integers as the integers they are, not 4096.0; no objects as defaults, which Go and Java cannot build.

    What such a default is, its description says. A constant is an enumeration of one, too, for those who know no other;
    the largest integer is told itself, as the one above it is none of 64 bits.
    """
    if isinstance(node, dict):
        return _cleaned_object({key: _cleaned(value) for key, value in node.items()})
    return [_cleaned(item) for item in node] if isinstance(node, list) else node


def _cleaned_object(cleaned: dict[str, Any]) -> dict[str, Any]:
    if isinstance(cleaned.get("const"), str) and "type" in cleaned:
        cleaned.setdefault("enum", [cleaned["const"]])
    if "patternProperties" in cleaned:
        cleaned |= _named_by_pattern(cleaned.pop("patternProperties"))
    if "$ref" in cleaned and isinstance(cleaned.get("default"), dict):
        del cleaned["default"]
    if cleaned.get("type") == "integer":
        cleaned |= {key: int(value) for key, value in cleaned.items() if isinstance(value, float)}
        if "exclusiveMaximum" in cleaned:
            cleaned["maximum"] = cleaned.pop("exclusiveMaximum") - 1
    return cleaned
