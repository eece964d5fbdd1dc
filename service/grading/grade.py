"""A rubric and answers → a grading."""

from collections.abc import Mapping
from typing import Any

from service.core.version import __version__
from service.grading.answers import Undecidable, Unreadable
from service.grading.claims import Claim
from service.grading.claims.base import Context, Judgement, Simulate
from service.grading.claims.expression import ExpressionClaim
from service.grading.results import Check, CheckStatus, Detail, Grading, GradingStatus
from service.grading.spec import GradingSpec
from service.simulation.results import SimulationReport
from service.simulation.spec import SimulationSpec

_POINT_DIGITS = 6
_FOR_REVIEW = {
    "review": (CheckStatus.UNDECIDED, CheckStatus.INVALID),
    "incorrect": (CheckStatus.UNDECIDED,),
}
"""What a person has to look at, by what the rubric says of unreadable answers."""


def grade(spec: GradingSpec, simulate: Simulate) -> Grading:
    """Every claim judged; each distinct simulation runs once."""
    formulas = {one.id: one.read for one in spec.rubric.claims if isinstance(one, ExpressionClaim)}
    context = Context(spec.answers, once(simulate), formulas)
    review = _FOR_REVIEW[spec.rubric.unreadable]
    checks = [_check(claim, spec.answers, context, review) for claim in spec.rubric.claims]
    score = round(sum(check.points for check in checks), _POINT_DIGITS)
    most = round(sum(check.max_points for check in checks), _POINT_DIGITS)
    return Grading(
        rubric=spec.rubric.id,
        score=score,
        max_score=most,
        fraction=min(1.0, score / most) if most else 1.0,
        status=GradingStatus.NEEDS_REVIEW if any(check.needs_review for check in checks) else GradingStatus.GRADED,
        checks=checks,
        service_version=__version__,
    )


class _Once:
    """What asks `simulate` for every specification once, and remembers what it answered."""

    def __init__(self, simulate: Simulate) -> None:
        self._simulate = simulate
        self._by_digest: dict[str, SimulationReport] = {}
        self._seen: dict[int, tuple[SimulationSpec, SimulationReport]] = {}  # by identity: a digest takes half a ms

    def __call__(self, spec: SimulationSpec) -> SimulationReport:
        seen = self._seen.get(id(spec))
        if seen is not None:
            return seen[1]
        digest = spec.digest()
        if digest not in self._by_digest:
            self._by_digest[digest] = self._simulate(spec)
        self._seen[id(spec)] = spec, self._by_digest[digest]
        return self._by_digest[digest]


def once(simulate: Simulate) -> Simulate:
    """`simulate`, which is asked for every specification once; what it answered is remembered."""
    return simulate if isinstance(simulate, _Once) else _Once(simulate)


def _check(claim: Claim, answers: Mapping[str, Any], context: Context, review: tuple[CheckStatus, ...]) -> Check:
    found = _judgement(claim, answers, context)
    told = claim.feedback is Detail.FULL
    return Check(
        id=claim.id,
        kind=claim.kind_name(),
        title=claim.title or claim.id,
        status=found.status,
        points=round(claim.points * found.fraction, _POINT_DIGITS),
        max_points=claim.points,
        code=found.code if told else found.status.value,
        message=found.message if told else "",
        parsed_latex=found.parsed_latex,
        method=found.method if told else None,
        counterexample=found.counterexample if told else None,
        position=found.position,
        needs_review=found.status in review,
        evidence=list(found.evidence) if told else [],
        hidden=claim.hidden,
    )


def _judgement(claim: Claim, answers: Mapping[str, Any], context: Context) -> Judgement:
    answer = answers.get(claim.id)
    if answer is None or (isinstance(answer, str) and not answer.strip()):
        return Judgement(CheckStatus.MISSING, "no_answer", "You gave no answer.")
    try:
        return claim.judge(answer, context)
    except Unreadable as error:
        return Judgement(CheckStatus.INVALID, "unreadable", error.sentence, position=error.position)
    except Undecidable as error:
        return Judgement.undecided(error.code, error.sentence)
