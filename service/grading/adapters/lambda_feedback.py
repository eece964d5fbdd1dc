"""Lambda Feedback's legacy evaluation functions: the commands `eval`, `preview` and `healthcheck`."""

from typing import Any, Literal

from pydantic import Field, JsonValue

from service.core.kinds import Model
from service.formulas.language.tokens import LONGEST_TEXT
from service.grading.adapters.single import grading_spec
from service.grading.answers import PreviewSpec, preview
from service.grading.spec import GradingSpec

Command = Literal["eval", "preview", "healthcheck"]


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
        return grading_spec(self.params, self.response, self.answer)


class LambdaAnswer(Model):
    """What a command found."""

    command: Command
    """The command."""
    result: dict[str, JsonValue]
    """What it found."""


def previewed(request: LambdaRequest) -> LambdaAnswer:
    """How a response is understood."""
    shown = preview(PreviewSpec(answer=str(request.response)[:LONGEST_TEXT], parameters=[]))
    found: dict[str, Any] = {"latex": shown.parsed_latex, "sympy": shown.parsed_plain, "feedback": shown.message}
    return LambdaAnswer(command="preview", result={"preview": found})


def healthy() -> LambdaAnswer:
    """That the service answers."""
    found: dict[str, Any] = {"tests_passed": True, "successes": [], "failures": [], "errors": []}
    return LambdaAnswer(command="healthcheck", result=found)
