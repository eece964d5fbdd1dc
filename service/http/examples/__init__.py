"""The examples of the OpenAPI document: real requests, and what the service answered to the first of them."""

import json
from importlib.resources import files
from typing import Any

from fastapi.openapi.models import Example

from service.core.version import ENGINE_VERSION, __version__


def _text(file: str) -> str:
    return (files(__name__) / file).read_bytes().decode()  # the ends of its lines are its own


def example(name: str) -> Any:
    """The value in the file of that name."""
    return json.loads(_text(f"{name}.json"))


def example_requests(name: str) -> dict[str, Example]:
    """The requests in the file of that name, as FastAPI takes them."""
    return {key: Example(summary=one["summary"], value=one["value"]) for key, one in example(name).items()}


_JSON = "application/json"
ANSWERS: dict[str, tuple[str, Any]] = {
    "create_simulation": (_JSON, example("report")),
    "create_import": (_JSON, example("imported")),
    "list_simulations": (_JSON, example("reports")),
    "get_simulation": (_JSON, example("report")),
    "get_simulation_layers": ("text/csv", _text("layers.csv")),
    "get_simulation_chart": (_JSON, example("chart")),
    "get_simulation_chart_svg": ("image/svg+xml", '<svg role="img" aria-label="Gradient through the depth. …">…</svg>'),
    "get_simulation_chart_png": ("image/png", "the bytes of a picture"),
    "get_simulation_page": ("text/html", '<!doctype html><html lang="en">…</html>'),
    "get_simulation_gradients": ("application/octet-stream", "the bytes of a file for numpy.load"),
    "create_prescriptions": (_JSON, example("mended")),
    "create_training": (_JSON, example("training")),
    "create_training_chart": (_JSON, example("training_chart")),
    "create_training_chart_svg": ("image/svg+xml", '<svg role="img" aria-label="Training. …">…</svg>'),
    "create_training_chart_png": ("image/png", "the bytes of a picture"),
    "create_comparison": (_JSON, example("compared")),
    "create_estimate": (_JSON, example("estimate")),
    "create_activation_profile": (_JSON, example("profile")),
    "create_grading": (_JSON, example("grading")),
    "validate_rubric": (_JSON, example("rubric")),
    "get_proposals": (_JSON, example("proposals")),
    "create_package": ("application/zip", "the bytes of an archive"),
    "create_preview": (_JSON, example("preview")),
    "put_assignment": (_JSON, example("assignment")),
    "get_assignment": (_JSON, example("assignment")),
    "create_gradings": (_JSON, example("gradings_job")),
    "create_sweep": (_JSON, example("sweep_job")),
    "list_jobs": (_JSON, example("jobs")),
    "get_job": (_JSON, example("job")),
    "cancel_job": (_JSON, example("job")),
    "watch_job": ("text/event-stream", _text("events.txt")),
    "list_job_results": (_JSON, example("results")),
    "get_job_result": (_JSON, example("result")),
    "get_job_table": ("text/csv", _text("results.csv")),
    "get_job_bundle": ("application/zip", "the bytes of an archive"),
    "get_job_chart": (_JSON, example("sweep_chart")),
    "get_job_chart_svg": ("image/svg+xml", '<svg role="img" aria-label="Depth ratio. …">…</svg>'),
    "get_job_chart_png": ("image/png", "the bytes of a picture"),
    "evaluate_submission": (_JSON, example("evaluation")),
    "get_evaluate_health": (_JSON, example("evaluate_health")),
    "run_lambda_feedback": (_JSON, example("lambda")),
    "grade_queued_submission": (_JSON, example("reply")),
    "get_catalog": (_JSON, example("catalog")),
    "get_liveness": (_JSON, example("health")),
    "get_readiness": (_JSON, example("health")),
    "get_version": (_JSON, {"version": __version__, "engine_version": ENGINE_VERSION}),
    "get_metrics": ("text/plain", _text("metrics.txt")),
    "get_document": (_JSON, {"openapi": "3.1.0", "info": {"title": "Gradient Verdict"}, "paths": {}}),
}
"""By operation: the media type of an answer, and one."""
_MU_ED_FAILURE = example("evaluate_failure")
PLATFORM_FAILURES = {
    "evaluate_submission": _MU_ED_FAILURE,
    "get_evaluate_health": _MU_ED_FAILURE,
    "run_lambda_feedback": example("lambda_failure"),
}
"""By operation: a failure that is worded for another platform."""
PROBLEMS: dict[str, Any] = example("problems")
"""By class of statuses: a problem."""
