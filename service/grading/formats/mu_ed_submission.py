"""The µEd API 0.1.0: what is handed in at `POST /evaluate`."""

from collections.abc import Iterable, Mapping

from pydantic import JsonValue

from service.core.errors import FlawedRubric, Refusal
from service.core.kinds import StrictBool
from service.formulas.language.tokens import LONGEST_TEXT
from service.grading.answers import PreviewSpec, preview
from service.grading.claims.expression import ExpressionClaim
from service.grading.formats.markup import line
from service.grading.formats.mu_ed import MU_ED_FORMATS, ArtefactType, Feedback, Foreign
from service.grading.spec import GradingSpec

_PLACES: Mapping[str, list[str]] = {
    "MATH": ["expression"],
    "TEXT": ["text", "markdown"],
    "CODE": ["code", "expression"],
    "OTHER": [],
}
"""Where a submission has its content, by its type; under `answers` and `value` every type may have it."""
_FIRST = "preview"
"""The id of the feedback on the one formula of a submission."""


class UnservedSubmission(Refusal):
    """A submission of a type, or in a format, that is not judged here."""

    code = "not-implemented"


class EvaluateSubmission(Foreign):
    """What a student handed in."""

    type: ArtefactType
    """What it is."""
    format: str | None = None
    """Its notation; null for any."""
    content: dict[str, JsonValue]
    """It itself: an `expression`, a `text`, or `answers` by the ids of a rubric."""

    def answer(self) -> JsonValue:
        """Its content; null where it has none in a place that its type may have it."""
        places = ["answers", *_PLACES.get(self.type, []), "value", "expression", "text", "answer"]
        return next((self.content[place] for place in places if self.content.get(place) is not None), None)


class EvaluateTask(Foreign):
    """What the student was asked."""

    referenceSolution: dict[str, JsonValue] | None = None  # noqa: N815 - the field's own name
    """What is right: an `expression`, where no claim is named."""


class EvaluateConfiguration(Foreign):
    """What the teacher set."""

    params: dict[str, JsonValue] | None = None
    """A `claim` of this service, or a `rubric`."""


class PreSubmission(Foreign):
    """Whether the student has not handed in yet."""

    enabled: StrictBool
    """Whether they have not: then nothing is graded, and the answer is told as it is read."""


class EvaluateRequest(Foreign):
    """A submission to be evaluated."""

    submission: EvaluateSubmission
    """What a student handed in, or is about to."""
    task: EvaluateTask | None = None
    """What the student was asked."""
    configuration: EvaluateConfiguration | None = None
    """What the teacher set."""
    preSubmissionFeedback: PreSubmission | None = None  # noqa: N815
    """Whether the student has not handed in yet; null where they have."""

    @property
    def is_before_submission(self) -> bool:
        """Whether nothing is to be graded yet."""
        return self.preSubmissionFeedback is not None and self.preSubmissionFeedback.enabled

    def grading_spec(self) -> GradingSpec:
        """What is to be graded; FlawedRubric where there is no claim in it, UnservedSubmission where nothing could."""
        answer = self._answer()
        told = self._told()
        reference = self._reference()
        if not told and reference is None:
            raise FlawedRubric(
                "There is nothing to grade by: put a `claim` or a `rubric` of this service into "
                "`configuration.params`, or the right formula into `task.referenceSolution.expression`.",
                pointer="/configuration/params",
            )
        return GradingSpec.from_platform(told, answer, reference)

    def previews(self) -> list[Feedback]:
        """How every formula of the submission is read; no points."""
        answer = self._answer()
        formulas: dict[str, tuple[str, list[str]]] = {}
        if self._told():
            spec = self.grading_spec()
            claims = [claim for claim in spec.rubric.claims if isinstance(claim, ExpressionClaim) and not claim.hidden]
            given = {claim.id: spec.answers.get(claim.id) for claim in claims}
            formulas = {
                claim.id: (text, list(claim.names())) for claim in claims if isinstance(text := given[claim.id], str)
            }
        elif self.submission.type in ("MATH", "CODE") and isinstance(answer, str):
            formulas = {_FIRST: (answer, [])}
        return [_previewed(name, *formula) for name, formula in formulas.items()] or [_NOTHING_TO_SAY]

    def _told(self) -> dict[str, JsonValue]:
        return (self.configuration.params if self.configuration else None) or {}

    def _reference(self) -> JsonValue:
        return ((self.task.referenceSolution if self.task else None) or {}).get("expression")

    def _answer(self) -> JsonValue:
        """The content; UnservedSubmission where its type or format is not read, FlawedRubric where there is none."""
        kind, written = self.submission.type, (self.submission.format or "").lower()
        if kind not in MU_ED_FORMATS:
            raise UnservedSubmission(f"The type {kind} is not judged here; {_known(MU_ED_FORMATS)} are.")
        if written and MU_ED_FORMATS[kind] and written not in MU_ED_FORMATS[kind]:
            raise UnservedSubmission(f"{kind} in this format is not read here; {_known(MU_ED_FORMATS[kind])} is.")
        answer = self.submission.answer()
        if answer is None:
            places = _known([*_PLACES[kind], "answers", "value"])
            raise FlawedRubric(
                f"The submission has no content: of the type {kind} it is under {places}.",
                pointer="/submission/content",
            )
        return answer


_NOTHING_TO_SAY = Feedback(
    feedbackId=_FIRST,
    title="Before you hand in",
    message="There is no formula in it that could be shown as it is read.",
)


def _previewed(name: str, text: str, parameters: list[str]) -> Feedback:
    """How the formula `text` is read, or why it cannot be."""
    shown = preview(PreviewSpec(answer=text[:LONGEST_TEXT], parameters=parameters))
    read: dict[str, JsonValue] = {"latex": shown.parsed_latex, "sympy": shown.parsed_plain, "feedback": shown.message}
    said = shown.message or f"It is read as {shown.parsed_plain}."
    known = {name: value for name, value in read.items() if value is not None}
    latex = shown.parsed_latex
    return Feedback(
        feedbackId=name,
        title="Before you hand in",
        message=line(said),
        responseLatex=latex,
        preSubmissionFeedback=known,
    )


def _known(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
