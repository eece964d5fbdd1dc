"""Open edX's XQueue, push: what an LMS hands to a passive grader, and the reply."""

import json
from typing import Any, ClassVar

from service.core.errors import FlawedRubric
from service.grading.formats.base import Format, as_html
from service.grading.formats.markup import json_text
from service.grading.results import Grading
from service.grading.spec import GradingSpec


class XQueue(Format):
    """The reply of an external grader to XQueue: exactly three fields, the message one XML element.

    There is no word for undecided: it is not correct, and the message says that a person must look.
    """

    name: ClassVar[str] = "xqueue"
    media_type: ClassVar[str] = "application/json"
    what: ClassVar[str] = "Open edX XQueue: the external grader's reply, correct, score in [0, 1] and msg."

    def write(self, grading: Grading) -> str:
        """A JSON object of the three fields."""
        return json_text({"correct": grading.all_correct, "score": grading.fraction, "msg": as_html(grading)})

    @staticmethod
    def read(text: bytes) -> GradingSpec:
        """What is to be graded of a body of XQueue; FlawedRubric where it is none.

        The body is JSON with `xqueue_body`, itself JSON in a string, of which `grader_payload` is JSON in a string
        again: a `claim` of this service, or a `rubric`, and then `student_response` has the answers in JSON.
        """
        body = _inside(_object(text, "the body"), "xqueue_body")
        told = _inside(body, "grader_payload")
        response = body.get("student_response", "")
        if "rubric" in told:
            return GradingSpec.from_platform(told, _object(str(response), "student_response"))
        return GradingSpec.from_platform(told, response, told.get("expected"))


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
