"""Lambda Feedback's evaluation functions."""

from typing import Any, ClassVar

from service.grading.formats.base import Format
from service.grading.formats.markup import json_text, line
from service.grading.formats.wording import all_correct, as_html, visible
from service.grading.results import Grading


class LambdaFeedback(Format):
    """The answer to Lambda Feedback's legacy command `eval`; hidden checks count in `is_correct` alone.

    There is no word for undecided: it is not correct, and the feedback says that a person must look.
    """

    name: ClassVar[str] = "lambda_feedback"
    media_type: ClassVar[str] = "application/json"
    what: ClassVar[str] = "Lambda Feedback, legacy: the answer to the command eval, its feedback in HTML."

    def write(self, grading: Grading) -> str:
        """The command and its result."""
        seen = visible(grading)
        result: dict[str, Any] = {
            "is_correct": all_correct(grading),
            "feedback": as_html(grading),
            "score": grading.fraction,
            "tags": [line(check.code) for check in seen],
        }
        # Lambda Feedback grades one response a call; of several checks, no one formula is "the response".
        if len(seen) == 1 and seen[0].parsed_latex:
            result["response_latex"] = line(seen[0].parsed_latex)
        return json_text({"command": "eval", "result": result})
