"""The OpenAPI document: FastAPI's, with what generators stumble over put right."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from service.http.problems import MEDIA_TYPE

SUMMARY = "Whether a network's gradients vanish or explode, where, why, and with which numbers."

DESCRIPTION = """
Send the specification of a network, and get its per-layer gradient statistics with a verdict: no training run, no
framework, no data of yours. Numbers called `log10_…` are in **decades**: −3 is a thousandth.

Everything that fails is an `application/problem+json` with pointers into the body that was sent.
""".strip()

TAGS = [
    {"name": "simulations", "description": "A network in, a report with its verdict out."},
    {"name": "estimates", "description": "What a simulation would cost."},
    {"name": "activations", "description": "A function in, its bounds, kinks and critical initialisations out."},
    {"name": "catalog", "description": "What networks may be made of."},
    {"name": "operations", "description": "Probes for whoever runs the service."},
]


def document(app: FastAPI) -> dict[str, Any]:
    """The document of `app`, made once."""
    if app.openapi_schema is None:
        made = get_openapi(
            title=app.title,
            version=app.version,
            summary=SUMMARY,
            description=DESCRIPTION,
            routes=app.routes,
            tags=TAGS,
            servers=[{"url": "/", "description": "The server this document came from."}],
            license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
            contact={"name": "Gradient Verdict"},
            separate_input_output_schemas=False,
        )
        made["security"] = []
        _problems_as_problems(made)
        app.openapi_schema = _whole_numbers(made)
    return app.openapi_schema


def _problems_as_problems(made: dict[str, Any]) -> None:
    """Errors have their own media type; FastAPI gives them that of the route."""
    operations = [operation for path in made["paths"].values() for operation in path.values()]
    failures = [operation["responses"][status] for operation in operations for status in ("4XX", "5XX")]
    for failure in failures:
        failure["content"] = {MEDIA_TYPE: failure["content"]["application/json"]}


def _whole_numbers(node: Any) -> Any:
    """Bounds such as 4096.0 as the integers they are, where the schema's type is integer."""
    if isinstance(node, dict):
        cleaned = {key: _whole_numbers(value) for key, value in node.items()}
        if cleaned.get("type") == "integer":
            bounds = {key: int(value) for key, value in cleaned.items() if isinstance(value, float)}
            return cleaned | bounds
        return cleaned
    if isinstance(node, list):
        return [_whole_numbers(item) for item in node]
    return node
