"""The µEd API 0.1.0: what `POST /evaluate` and `GET /evaluate/health` answer."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import ConfigDict, Field, JsonValue

from service.core.errors import Refusal
from service.core.kinds import Double, Model
from service.core.version import __version__
from service.grading.formats.base import Format, disclosed, message, title
from service.grading.formats.markup import json_text, line
from service.grading.results import Check, Grading

VERSION = "0.1.0"
"""The version of the µEd API."""
ArtefactType = Literal["TEXT", "CODE", "MODEL", "MATH", "OTHER"]
MU_ED_FORMATS: Mapping[str, list[str]] = {
    "MATH": ["latex", "plain", "plain_text", "asciimath", "sympy"],
    "TEXT": ["plain", "plain_text", "markdown"],
    "CODE": ["sympy"],
    "OTHER": [],
}
"""The formats that are read, by the type of the submission; of OTHER, all."""


class UnservedVersion(Refusal):
    """The header X-Api-Version names a version of the µEd API that is not served."""

    code = "version-not-supported"

    def __init__(self, asked: str) -> None:
        super().__init__(
            f"The requested API version '{asked}' is not supported. Supported versions are: ['{VERSION}']."
        )


class Foreign(Model):
    """What others define: fields that mean nothing here are let pass."""

    model_config = ConfigDict(extra="ignore")


class Criterion(Foreign):
    """What was judged, and the points it is worth."""

    criterionId: str  # noqa: N815
    """The claim's id."""
    name: str
    """The claim's title."""
    gradeConfig: dict[str, Double]  # noqa: N815
    """The least, the most and the given points: `min`, `max`, `value`."""


class Feedback(Foreign):
    """The feedback on one claim, or on one formula that is not handed in yet."""

    feedbackId: str  # noqa: N815
    """The claim's id."""
    title: str
    """The claim's title."""
    message: str
    """Why, for the student."""
    awardedPoints: Annotated[Double, Field(ge=0)] | None = None  # noqa: N815
    """Points given; left out before the submission."""
    criterion: Criterion | None = None
    """What was judged; left out before the submission."""
    responseLatex: str | None = None  # noqa: N815
    """How a formula was understood, as LaTeX; left out where none was read."""
    preSubmissionFeedback: dict[str, JsonValue] | None = None  # noqa: N815
    """How it is read, before the submission: `latex` and `sympy`, or `feedback` where it cannot be read."""


class EvaluateFailure(Foreign):
    """Why there is no feedback: µEd's ErrorResponse."""

    title: str
    """The kind of failure in words."""
    message: str
    """What happened this time."""
    code: str
    """The kind of failure, for programs."""
    trace: str | None = None
    """Always null."""
    details: dict[str, JsonValue]
    """What this service says more: its own `code`, and the `field` that is at fault, where there is one."""


class ArtefactProfile(Foreign):
    """One type of submission that is read."""

    type: ArtefactType
    """The type."""
    supportedFormats: list[str]  # noqa: N815
    """Its formats; where there is none, all."""


class EvaluateCapabilities(Foreign):
    """What this service does of the µEd API."""

    supportsEvaluate: bool = True  # noqa: N815
    """Whether it evaluates."""
    supportsPreSubmissionFeedback: bool = True  # noqa: N815
    """Whether it says anything before a submission: how each formula is read."""
    supportsFormativeFeedback: bool = True  # noqa: N815
    """Whether it says why."""
    supportsSummativeFeedback: bool = True  # noqa: N815
    """Whether it gives points."""
    supportsDataPolicy: Literal["SUPPORTED", "NOT_SUPPORTED", "PARTIAL"] = "NOT_SUPPORTED"  # noqa: N815
    """Whether it reads data policies; nothing of a submission is kept."""
    supportedArtefactProfiles: list[ArtefactProfile] = Field(  # noqa: N815
        default_factory=lambda: [
            ArtefactProfile.model_validate({"type": kind, "supportedFormats": known})
            for kind, known in MU_ED_FORMATS.items()
        ]
    )
    """What submissions it reads."""
    supportedLanguages: list[str] = Field(default_factory=lambda: ["en"])  # noqa: N815
    """The languages it speaks."""
    supportedAPIVersions: list[str] = Field(default_factory=lambda: [VERSION])  # noqa: N815
    """The versions of the µEd API that it serves."""


class EvaluateHealth(Foreign):
    """Whether evaluations are answered."""

    status: Literal["OK", "DEGRADED", "UNAVAILABLE"] = "OK"
    """How it is."""
    version: str = __version__
    """The version of this service."""
    capabilities: EvaluateCapabilities = EvaluateCapabilities()
    """What it does."""


class MuEd(Format):
    """What `POST /evaluate` of the µEd API 0.1.0 answers: a list of feedback, in plain text.

    All hidden checks together are one feedback without reasons, so that the awarded points add up to the score.
    Messages are plain text; how a formula was read is LaTeX in a field of its own, `responseLatex`, as Lambda Feedback
    has it.
    """

    name: ClassVar[str] = "mu_ed"
    media_type: ClassVar[str] = "application/json"
    what: ClassVar[str] = "µEd API 0.1.0: the list of Feedback that POST /evaluate answers."

    def write(self, grading: Grading) -> str:
        """One Feedback for each visible check, and one for all hidden ones."""
        return json_text([_feedback(check) for check in disclosed(grading)])


def _feedback(check: Check) -> dict[str, Any]:
    """The Feedback of `check`; µEd's schema takes no gradeConfig without all three numbers."""
    feedback = {
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
    read = line(check.parsed_latex or "")
    return {**feedback, "responseLatex": read} if read else feedback
