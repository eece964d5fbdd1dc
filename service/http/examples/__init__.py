"""The examples of the OpenAPI document: real requests, and what the service answered to the first of them."""

import json
from importlib.resources import files
from typing import Any

from fastapi.openapi.models import Example

Responses = dict[int | str, dict[str, Any]]


def _read(name: str) -> Any:
    return json.loads((files(__name__) / f"{name}.json").read_text(encoding="utf-8"))


def _answer(name: str) -> Responses:
    return {200: {"content": {"application/json": {"example": _read(name)}}}}


SPECIFICATIONS: dict[str, Example] = {
    name: Example(summary=entry["summary"], value=entry["value"]) for name, entry in _read("specifications").items()
}
REPORT = _answer("report")
ESTIMATE = _answer("estimate")
CATALOG = _answer("catalog")
HEALTH = _answer("health")
