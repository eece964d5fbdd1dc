"""Lambda Feedback's legacy evaluation functions: their commands, and what they answer."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from pydantic import Field, JsonValue

from service.core.errors import FlawedRubric, Refusal
from service.core.kinds import Model
from service.formulas.language.tokens import LONGEST_TEXT
from service.grading.answers import PreviewSpec, preview
from service.grading.formats.base import Format, as_html
from service.grading.formats.markup import json_text, line
from service.grading.results import Grading
from service.grading.spec import GradingSpec

_COMMANDS = {"eval": "eval", "grade": "eval", "preview": "preview", "healthcheck": "healthcheck"} | dict.fromkeys(
    ("docs", "docs-dev", "docs-user"), "docs"
)
"""The commands, with their older names."""
_MOST_CASES = 16
_KATEX = ("$", "$")

LAMBDA_DOCS = """# Gradient Verdict

`response` is a formula of z, plain or in LaTeX. It is compared with the formula in `answer`, or judged by `params`:

- `claim`: one claim of a rubric, such as `{"kind": "expression", "derivative_of": {"kind": "tanh"}}`
- `rubric`: a whole rubric; then `response` is an object of answers by the ids of its claims
- `cases`: wrong answers that are expected, each with its `answer` and `feedback`, and a `mark` of 1 where it counts

`preview` shows how a formula is read, as LaTeX, or says why it cannot be.
"""
"""What the commands docs, docs-dev and docs-user answer, in Markdown."""


class UnknownCommand(Refusal):
    """The header `command` is none of Lambda Feedback's commands."""

    code = "unknown-command"


@dataclass(frozen=True)
class LambdaCase:
    """A wrong answer that was foreseen: where it stands in the list, and the response as it is graded by it."""

    place: int
    feedback: JsonValue
    mark: bool | None
    spec: GradingSpec


class LambdaRequest(Model):
    """A response to be evaluated or shown."""

    response: JsonValue = None
    """What the student wrote; never null."""
    answer: JsonValue = None
    """What is right, where `params` has no claim."""
    params: dict[str, JsonValue] = Field(default_factory=dict)
    """A `claim` of this service, or a `rubric`; and `cases`."""

    def grading_spec(self) -> GradingSpec:
        """What is to be graded; FlawedRubric where there is no response or no claim in it."""
        return GradingSpec.from_platform(self.params, self._given(), self.answer)

    def preview(self) -> "LambdaAnswer":
        """How the response is understood; FlawedRubric where there is none."""
        shown = preview(PreviewSpec(answer=str(self._given())[:LONGEST_TEXT], parameters=[]))
        found = {"latex": shown.parsed_latex, "sympy": shown.parsed_plain, "feedback": shown.message}
        return LambdaAnswer(command="preview", result={"preview": found})

    def cases(self) -> list[LambdaCase]:
        """The cases that a response without full marks may be, each a formula with feedback; others are passed over."""
        told = self.params.get("cases")
        cases = enumerate(told[:_MOST_CASES] if isinstance(told, list) else [])
        claim = self.params.get("claim")
        known = {"parameters": claim["parameters"]} if isinstance(claim, dict) and "parameters" in claim else {}
        return [
            LambdaCase(
                place,
                case["feedback"],
                None if case.get("mark") is None else str(case["mark"]) in ("1", "1.0", "True"),
                GradingSpec.from_platform(
                    {"claim": {"kind": "expression", "expected": case["answer"], **known}}, self._given()
                ),
            )
            for place, case in cases
            if isinstance(case, dict) and isinstance(case.get("answer"), str) and "feedback" in case
        ]

    def _given(self) -> JsonValue:
        if self.response is None:
            raise FlawedRubric("There is no `response`: what the student wrote, and never null.", pointer="/response")
        return self.response


class LambdaAnswer(Model):
    """What a command found."""

    command: Literal["eval", "preview", "healthcheck"]
    """The command."""
    result: dict[str, JsonValue]
    """What it found."""

    @classmethod
    def healthy(cls) -> "LambdaAnswer":
        """That the service answers."""
        found: dict[str, Any] = {"tests_passed": True, "successes": [], "failures": [], "errors": []}
        return cls(command="healthcheck", result=found)

    def matched(self, case: LambdaCase) -> "LambdaAnswer":
        """The same with what the teacher says of `case`, which the response is."""
        counts = self.result["is_correct"] if case.mark is None else case.mark
        found = {"feedback": case.feedback, "matched_case": case.place, "is_correct": counts}
        return self.model_copy(update={"result": {**self.result, **found}})


class LambdaReason(Model):
    """Why a command found nothing."""

    message: str
    """What happened, in a sentence."""
    error_thrown: dict[str, JsonValue]
    """What this service says more: its own `code`, and the `field` that is at fault, where there is one."""


class LambdaFailure(Model):
    """A command that found nothing."""

    error: LambdaReason
    """Why."""


class LambdaFeedback(Format):
    """The answer to Lambda Feedback's legacy command `eval`; hidden checks count in `is_correct` alone.

    There is no word for undecided, nor for what cannot be read: it is not correct, and the feedback says that a person
    must look.
    """

    name: ClassVar[str] = "lambda_feedback"
    media_type: ClassVar[str] = "application/json"
    what: ClassVar[str] = "Lambda Feedback, legacy: the answer to the command eval, its feedback in HTML."

    def write(self, grading: Grading) -> str:
        """The command and its result."""
        seen = grading.visible
        result: dict[str, Any] = {
            "is_correct": grading.all_correct,
            "feedback": as_html(grading, _KATEX),
            "score": grading.fraction,
            "tags": [line(check.code) for check in seen],
        }
        # Lambda Feedback grades one response a call; of several checks, no one formula is "the response".
        if len(seen) == 1 and seen[0].parsed_latex:
            result["response_latex"] = line(seen[0].parsed_latex)
        return json_text({"command": "eval", "result": result})


def lambda_command(written: str) -> str:
    """The command of that name, whatever its case: `eval`, `preview`, `healthcheck` or `docs`; or UnknownCommand."""
    if written.lower() not in _COMMANDS:
        raise UnknownCommand(f"Unknown command '{line(written)[:40]}'. There are {', '.join(_COMMANDS)}.")
    return _COMMANDS[written.lower()]
