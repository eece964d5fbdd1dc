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


def _requests(name: str) -> dict[str, Example]:
    return {key: Example(summary=entry["summary"], value=entry["value"]) for key, entry in _read(name).items()}


SPECIFICATIONS = _requests("specifications")
ACTIVATIONS = _requests("activations")
REPORT = _answer("report")
PROFILE = _answer("profile")
ESTIMATE = _answer("estimate")
CATALOG = _answer("catalog")
HEALTH = _answer("health")
