"""Open edX's XQueue, push: what an LMS hands to a passive grader."""

import json
from typing import Any

from service.core.errors import FlawedRubric
from service.grading.adapters.single import grading_spec
from service.grading.spec import GradingSpec


def grading_spec_of(text: bytes) -> GradingSpec:
    """What is to be graded of a body of XQueue; FlawedRubric where it is none.

    The body is JSON with `xqueue_body`, itself JSON in a string, of which `grader_payload` is JSON in a string again:
    a `claim` of this service, or a `rubric`, and then `student_response` has the answers in JSON.
    """
    body = _inside(_object(text, "the body"), "xqueue_body")
    told = _inside(body, "grader_payload")
    response = body.get("student_response", "")
    if "rubric" in told:
        return grading_spec(told, _object(str(response), "student_response"))
    return grading_spec(told, response, told.get("expected"))


def _inside(outer: dict[str, Any], name: str) -> dict[str, Any]:
    return _object(str(outer.get(name, "")), name)


def _object(text: str | bytes, name: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise FlawedRubric(f"A JSON object is expected as {name}.")
    return found
