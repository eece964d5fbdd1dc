"""The µEd API 0.1.0: `POST /evaluate` and `GET /evaluate/health`, and what is answered."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import ConfigDict, Field, JsonValue

from service.core.kinds import Double, Model
from service.grading.formats.base import Format, disclosed, message, title
from service.grading.formats.markup import json_text
from service.grading.results import Check, Grading
from service.grading.spec import GradingSpec

_VERSION = "0.1.0"
_PLACES = ("answers", "expression", "text", "answer", "value")
"""Where a submission of µEd has its content, by its type."""


class _Foreign(Model):
    """What others define: fields that mean nothing here are let pass."""

    model_config = ConfigDict(extra="ignore")


class EvaluateSubmission(_Foreign):
    """What a student handed in."""

    type: Literal["TEXT", "CODE", "MODEL", "MATH", "OTHER"] = "MATH"
    """What it is."""
    content: dict[str, JsonValue]
    """It itself: an `expression`, a `text`, or `answers` by the ids of a rubric."""


class EvaluateTask(_Foreign):
    """What the student was asked."""

    referenceSolution: dict[str, JsonValue] = Field(default_factory=dict)  # noqa: N815 - the field's own name
    """What is right: an `expression`, where no claim is named."""


class EvaluateConfiguration(_Foreign):
    """What the teacher set."""

    params: dict[str, JsonValue] = Field(default_factory=dict)
    """A `claim` of this service, or a `rubric`."""


class EvaluateRequest(_Foreign):
    """A submission to be evaluated."""

    submission: EvaluateSubmission
    """What a student handed in."""
    task: EvaluateTask = EvaluateTask()
    """What the student was asked."""
    configuration: EvaluateConfiguration = EvaluateConfiguration()
    """What the teacher set."""

    def grading_spec(self) -> GradingSpec:
        """What is to be graded; FlawedRubric where there is no claim in it."""
        content = self.submission.content
        answer = next((content[place] for place in _PLACES if place in content), None)
        return GradingSpec.from_platform(
            self.configuration.params, answer, self.task.referenceSolution.get("expression")
        )


class Criterion(_Foreign):
    """What was judged, and the points it is worth."""

    criterionId: str  # noqa: N815
    """The claim's id."""
    name: str
    """The claim's title."""
    gradeConfig: dict[str, Double]  # noqa: N815
    """The least, the most and the given points: `min`, `max`, `value`."""


class Feedback(_Foreign):
    """The feedback on one claim."""

    feedbackId: str  # noqa: N815
    """The claim's id."""
    title: str
    """The claim's title."""
    message: str
    """Why, for the student."""
    awardedPoints: Annotated[Double, Field(ge=0)]  # noqa: N815
    """Points given."""
    criterion: Criterion
    """What was judged."""


class EvaluateCapabilities(_Foreign):
    """What this service does of the µEd API."""

    supportsEvaluate: bool = True  # noqa: N815
    """Whether it evaluates."""
    supportsPreSubmissionFeedback: bool = False  # noqa: N815
    """Whether it says anything before a submission; `POST /v1/previews` does."""
    supportsFormativeFeedback: bool = True  # noqa: N815
    """Whether it says why."""
    supportsSummativeFeedback: bool = True  # noqa: N815
    """Whether it gives points."""
    supportsDataPolicy: Literal["SUPPORTED", "NOT_SUPPORTED", "PARTIAL"] = "NOT_SUPPORTED"  # noqa: N815
    """Whether it reads data policies; nothing of a submission is kept."""
    supportedAPIVersions: list[str] = Field(default_factory=lambda: [_VERSION])  # noqa: N815
    """The versions it speaks."""


class EvaluateHealth(_Foreign):
    """Whether evaluations are answered."""

    status: Literal["OK", "DEGRADED", "UNAVAILABLE"] = "OK"
    """How it is."""
    capabilities: EvaluateCapabilities = EvaluateCapabilities()
    """What it does."""


class MuEd(Format):
    """What `POST /evaluate` of the µEd API 0.1.0 answers: a list of feedback, in plain text.

    All hidden checks together are one feedback without reasons, so that the awarded points add up to the score.
    """

    name: ClassVar[str] = "mu_ed"
    media_type: ClassVar[str] = "application/json"
    what: ClassVar[str] = "µEd API 0.1.0: the list of Feedback that POST /evaluate answers."

    def write(self, grading: Grading) -> str:
        """One Feedback for each visible check, and one for all hidden ones."""
        return json_text([_feedback(check) for check in disclosed(grading)])


def _feedback(check: Check) -> dict[str, Any]:
    """The Feedback of `check`; µEd's schema takes no gradeConfig without all three numbers."""
    return {
        "feedbackId": check.id,
        "title": title(check),
        "message": message(check),
        "awardedPoints": check.points,
        "criterion": {
            "criterionId": check.id,
            "name": title(check),
            "gradeConfig": {"min": 0.0, "max": check.max_points, "value": check.points},
        },
    }
