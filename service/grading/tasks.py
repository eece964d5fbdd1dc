"""What worker processes do for gradings: one answer sheet while its student waits, or those of a class."""

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from math import inf
from typing import Any, Protocol

from service.core.errors import FlawedRubric
from service.core.payload import Payload, Weighed
from service.grading.answers import Preview, PreviewSpec, preview
from service.grading.batch import KeptRubric, grade_batch
from service.grading.claims.base import Simulate
from service.grading.formats import FORMATS
from service.grading.formats.lambda_feedback import LambdaAnswer, LambdaCase, LambdaRequest
from service.grading.formats.markup import json_of
from service.grading.formats.mu_ed_submission import EvaluateRequest
from service.grading.grade import grade, once
from service.grading.measures import evidence
from service.grading.packages import PackageFormat, package
from service.grading.proposals import activation_of, proposals_json
from service.grading.rubrics import check_rubric, checked_plans, plans_by_spec, rubric_report
from service.grading.spec import GradingSpec, Rubric, RubricSpec
from service.simulation.estimate import Limits, cost
from service.simulation.results import SimulationReport
from service.simulation.shape import shape_of
from service.simulation.simulate import simulate_together
from service.simulation.spec import SimulationSpec
from service.studies.evaluation import ChunkResult
from service.studies.tasks import Founded

_JOBS_AT_ONCE = 4


class GradingTask(Protocol):
    """Grades what was sent; the evidence is in what it finds."""

    def __call__(
        self, payload: Payload[Any], limits: Limits, wanted: str, most_seconds: float, processes: int = 1
    ) -> Founded | Weighed:
        """The answer in the format `wanted`, unless the simulations take more than `most_seconds`."""


def graded(
    payload: Payload[GradingSpec], limits: Limits, wanted: str, most_seconds: float, processes: int = 1
) -> Founded | Weighed:
    """The grading of what was sent in the format `wanted`; FlawedRubric, another SpecError, or BudgetExceeded."""
    return _graded(payload.read(), limits, wanted, most_seconds, processes)


def evaluated(
    payload: Payload[EvaluateRequest], limits: Limits, wanted: str, most_seconds: float, processes: int = 1
) -> Founded | Weighed:
    """The evaluation of a submission; how its formulas are read, where it is not handed in yet."""
    request = payload.read()
    if not request.is_before_submission:
        return _graded(request.grading_spec(), limits, wanted, most_seconds, processes)
    told = ",".join(feedback.model_dump_json(exclude_none=True) for feedback in request.previews())
    return Founded(f"[{told}]".encode(), {})


def commanded(
    payload: Payload[LambdaRequest], limits: Limits, wanted: str, most_seconds: float, processes: int = 1
) -> Founded | Weighed:
    """What Lambda Feedback's command `wanted` answers to what was sent; of `docs` nothing but that it is read."""
    request = payload.read()
    if wanted == "eval":
        return _evaluated(request, limits, most_seconds, processes)
    answer = request.preview() if wanted == "preview" else LambdaAnswer.healthy()
    return Founded(answer.model_dump_json().encode(), {})


def _evaluated(request: LambdaRequest, limits: Limits, most_seconds: float, processes: int) -> Founded | Weighed:
    """The answer to `eval`: where the response is not correct, the first of the cases that it is."""
    found = _graded(request.grading_spec(), limits, "lambda_feedback", most_seconds, processes)
    if isinstance(found, Weighed):
        return found
    answer = LambdaAnswer.model_validate_json(found.text)
    cases = [] if answer.result["is_correct"] else request.cases()
    case = next((case for case in cases if _is(case, limits, processes)), None)
    return found if case is None else replace(found, text=answer.matched(case).model_dump_json().encode())


def _is(case: LambdaCase, limits: Limits, processes: int) -> bool:
    """Whether the response is `case`; it is none that cannot be read."""
    try:
        found = _graded(case.spec, limits, "lambda_feedback", inf, processes)
    except FlawedRubric:
        return False
    return isinstance(found, Founded) and LambdaAnswer.model_validate_json(found.text).result["is_correct"] is True


def _graded(spec: GradingSpec, limits: Limits, wanted: str, most_seconds: float, processes: int) -> Founded | Weighed:
    plans = checked_plans(spec.rubric, limits)
    seconds = sum({made.digest: cost(made).seconds for made in plans.values()}.values())
    if seconds > most_seconds:
        return Weighed(seconds)
    found: dict[str, SimulationReport] = {}
    looked_at: dict[str, SimulationReport] = {}

    def simulate(asked: SimulationSpec) -> SimulationReport:
        made = plans[asked.digest()]
        if made.digest not in found:  # with those that are measured together with it, which may be asked for next
            alike = list({one.digest: one for one in plans.values() if shape_of(one) == shape_of(made)}.values())
            found.update((report.digest, report) for _, report, _ in simulate_together(alike, processes))
        return looked_at.setdefault(made.digest, found[made.digest])

    text = FORMATS[wanted].write(grade(spec, simulate)).encode()
    kept = map(evidence, looked_at.values())
    return Founded(text, {report.digest: report.model_dump_json().encode() for report in kept})


def checked_rubric(payload: Payload[RubricSpec], _processes: int = 1) -> bytes:
    """What is wrong with the rubric that was sent, as JSON."""
    return rubric_report(payload.read().rubric).model_dump_json().encode()


def kept_text(payload: Payload[RubricSpec], _processes: int = 1) -> bytes:
    """The rubric that was sent, checked, as JSON with U+FFFD for every lone surrogate; a SpecError."""
    rubric = payload.read().rubric
    check_rubric(rubric)
    plans_by_spec(rubric)
    return json_of(rubric).encode()


def assignment_json(kept: KeptRubric, _processes: int = 1) -> bytes:
    """The assignment as JSON."""
    return kept.read().model_dump_json().encode()


def packed(payload: Payload[RubricSpec], wanted: PackageFormat, address: str, _processes: int = 1) -> tuple[str, bytes]:
    """The id of the rubric that was sent, and its package for a platform as a ZIP; a SpecError."""
    rubric = payload.read().rubric
    check_rubric(rubric)
    plans_by_spec(rubric)
    return rubric.id, package(rubric, wanted, address)


def previewed(payload: Payload[PreviewSpec], _processes: int = 1) -> Preview:
    """How the formula that was sent is read."""
    return preview(payload.read())


def proposed(activation: str, parameters: str, _processes: int = 1) -> bytes:
    """The proposals for an activation by its kind or formula, as JSON; InvalidActivation."""
    return proposals_json(activation_of(activation, parameters))


def gradings_of(rubric: bytes, evidence: bytes, items: range, submissions: Sequence[bytes]) -> ChunkResult:
    """The gradings of `submissions`, whose numbers are `items`, by `rubric`; `evidence` has every report it needs."""
    return grade_batch(_rubric(rubric), zip(items, submissions, strict=True), _reports(rubric, evidence))


@lru_cache(_JOBS_AT_ONCE)
def _rubric(rubric: bytes) -> Rubric:
    return Rubric.model_validate_json(rubric)


@lru_cache(_JOBS_AT_ONCE)
def _reports(rubric: bytes, evidence: bytes) -> Simulate:
    """The evidence of the specifications as the claims have them."""
    found = {digest: SimulationReport.model_validate(report) for digest, report in json.loads(evidence).items()}
    reports = {spec: found[made.digest] for spec, made in plans_by_spec(_rubric(rubric)).items()}
    return once(lambda spec: reports[spec.digest()])
