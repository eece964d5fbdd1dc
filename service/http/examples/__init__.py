"""The examples of the OpenAPI document: real requests, and what the service answered to the first of them."""

import json
from importlib.resources import files
from typing import Any

from fastapi.openapi.models import Example

from service.core.version import ENGINE_VERSION, __version__


def _text(file: str) -> str:
    return (files(__name__) / file).read_bytes().decode()  # the ends of its lines are its own


def _read(name: str) -> Any:
    return json.loads(_text(f"{name}.json"))


def _requests(name: str) -> dict[str, Example]:
    return {key: Example(summary=entry["summary"], value=entry["value"]) for key, entry in _read(name).items()}


SPECIFICATIONS = _requests("specifications")
ACTIVATIONS = _requests("activations")
GRADINGS = _requests("gradings")
RUBRICS = {key: Example(summary=one["summary"], value=one["value"]["rubric"]) for key, one in _read("gradings").items()}
PREVIEWS = _requests("previews")
SWEEPS = _requests("sweeps")
BATCHES = _requests("batches")
EVALUATIONS = _requests("evaluations")
LAMBDAS = _requests("lambdas")
QUEUED = {
    "required": True,
    "content": {"text/plain": {"schema": {"type": "string", "description": "JSON"}, "example": _read("queued")}},
}

JSON = "application/json"
ANSWERS: dict[str, tuple[str, Any]] = {
    "create_simulation": (JSON, _read("report")),
    "list_simulations": (JSON, _read("reports")),
    "get_simulation": (JSON, _read("report")),
    "get_simulation_layers": ("text/csv", _text("layers.csv")),
    "get_simulation_chart": (JSON, _read("chart")),
    "get_simulation_chart_svg": ("image/svg+xml", '<svg role="img" aria-label="Gradient through the depth. …">…</svg>'),
    "get_simulation_chart_png": ("image/png", "the bytes of a picture"),
    "get_simulation_page": ("text/html", '<!doctype html><html lang="en">…</html>'),
    "get_simulation_gradients": ("application/octet-stream", "the bytes of a file for numpy.load"),
    "create_estimate": (JSON, _read("estimate")),
    "create_activation_profile": (JSON, _read("profile")),
    "create_grading": (JSON, _read("grading")),
    "validate_rubric": (JSON, _read("rubric")),
    "create_preview": (JSON, _read("preview")),
    "put_assignment": (JSON, _read("assignment")),
    "get_assignment": (JSON, _read("assignment")),
    "create_gradings": (JSON, _read("gradings_job")),
    "create_sweep": (JSON, _read("sweep_job")),
    "list_jobs": (JSON, _read("jobs")),
    "get_job": (JSON, _read("job")),
    "cancel_job": (JSON, _read("job")),
    "watch_job": ("text/event-stream", _text("events.txt")),
    "list_job_results": (JSON, _read("results")),
    "get_job_result": (JSON, _read("result")),
    "get_job_table": ("text/csv", _text("results.csv")),
    "get_job_bundle": ("application/zip", "the bytes of an archive"),
    "get_job_chart": (JSON, _read("sweep_chart")),
    "get_job_chart_svg": ("image/svg+xml", '<svg role="img" aria-label="Depth ratio. …">…</svg>'),
    "get_job_chart_png": ("image/png", "the bytes of a picture"),
    "evaluate_submission": (JSON, _read("evaluation")),
    "get_evaluate_health": (JSON, _read("evaluate_health")),
    "run_lambda_feedback": (JSON, _read("lambda")),
    "grade_queued_submission": (JSON, _read("reply")),
    "get_catalog": (JSON, _read("catalog")),
    "get_liveness": (JSON, _read("health")),
    "get_readiness": (JSON, _read("health")),
    "get_version": (JSON, {"version": __version__, "engine_version": ENGINE_VERSION}),
    "get_metrics": ("text/plain", _text("metrics.txt")),
    "get_document": (JSON, {"openapi": "3.1.0", "info": {"title": "Gradient Verdict"}, "paths": {}}),
}
"""By operation: the media type of an answer, and one."""
PROBLEMS: dict[str, Any] = _read("problems")
"""By class of statuses: a problem."""
