"""Lambda Feedback's legacy evaluation functions: the commands `eval`, `preview`, `healthcheck`, and the answers."""

from typing import Any, ClassVar, Literal

from pydantic import Field, JsonValue

from service.core.kinds import Model
from service.formulas.language.tokens import LONGEST_TEXT
from service.grading.answers import PreviewSpec, preview
from service.grading.formats.base import Format, as_html
from service.grading.formats.markup import json_text, line
from service.grading.results import Grading
from service.grading.spec import GradingSpec

LambdaCommand = Literal["eval", "preview", "healthcheck"]


class LambdaRequest(Model):
    """A response to be evaluated or shown."""

    response: JsonValue = None
    """What the student wrote."""
    answer: JsonValue = None
    """What is right, where `params` has no claim."""
    params: dict[str, JsonValue] = Field(default_factory=dict)
    """A `claim` of this service, or a `rubric`."""

    def grading_spec(self) -> GradingSpec:
        """What is to be graded; FlawedRubric where there is no claim in it."""
        return GradingSpec.from_platform(self.params, self.response, self.answer)


class LambdaAnswer(Model):
    """What a command found."""

    command: LambdaCommand
    """The command."""
    result: dict[str, JsonValue]
    """What it found."""

    @classmethod
    def preview_of(cls, request: LambdaRequest) -> "LambdaAnswer":
        """How a response is understood."""
        shown = preview(PreviewSpec(answer=str(request.response)[:LONGEST_TEXT], parameters=[]))
        found: dict[str, Any] = {"latex": shown.parsed_latex, "sympy": shown.parsed_plain, "feedback": shown.message}
        return cls(command="preview", result={"preview": found})

    @classmethod
    def healthy(cls) -> "LambdaAnswer":
        """That the service answers."""
        found: dict[str, Any] = {"tests_passed": True, "successes": [], "failures": [], "errors": []}
        return cls(command="healthcheck", result=found)


class LambdaFeedback(Format):
    """The answer to Lambda Feedback's legacy command `eval`; hidden checks count in `is_correct` alone.

    There is no word for undecided: it is not correct, and the feedback says that a person must look.
    """

    name: ClassVar[str] = "lambda_feedback"
    media_type: ClassVar[str] = "application/json"
    what: ClassVar[str] = "Lambda Feedback, legacy: the answer to the command eval, its feedback in HTML."

    def write(self, grading: Grading) -> str:
        """The command and its result."""
        seen = grading.visible
        result: dict[str, Any] = {
            "is_correct": grading.all_correct,
            "feedback": as_html(grading),
            "score": grading.fraction,
            "tags": [line(check.code) for check in seen],
        }
        # Lambda Feedback grades one response a call; of several checks, no one formula is "the response".
        if len(seen) == 1 and seen[0].parsed_latex:
            result["response_latex"] = line(seen[0].parsed_latex)
        return json_text({"command": "eval", "result": result})
