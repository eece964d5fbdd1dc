"""A rubric and answers → a grading."""

from collections.abc import Sequence

from service.core.errors import FlawedRubric, SpecError
from service.core.version import __version__
from service.grading.claims import Claim
from service.grading.claims.base import Answers, Context, Judgement, Simulate, Undecidable, Unreadable, undecided
from service.grading.claims.bound import BoundClaim
from service.grading.claims.expression import ExpressionClaim
from service.grading.results import Check, Grading
from service.grading.spec import GradingSpec, Rubric
from service.grading.words import CheckStatus, Detail, GradingStatus
from service.simulation.estimate import Limits, check_budgets
from service.simulation.plan import Plan, plan
from service.simulation.results import SimulationReport
from service.simulation.spec import SimulationSpec

MOST_SIMULATIONS, MOST_LAYERS = 128, 20_000
_POINT_DIGITS = 6


def grade(spec: GradingSpec, simulate: Simulate) -> Grading:
    """Every claim judged; what is simulated twice is simulated once."""
    parameters = {one.id: one.names() for one in spec.rubric.claims if isinstance(one, ExpressionClaim)}
    context = Context(spec.answers, _once(simulate), parameters)
    checks = [_check(claim, spec.answers, context) for claim in spec.rubric.claims]
    score, most = (round(sum(points), _POINT_DIGITS) for points in _points(checks))
    review = any(check.status is CheckStatus.UNDECIDED for check in checks)
    return Grading(
        rubric=spec.rubric.id,
        score=score,
        max_score=most,
        fraction=min(1.0, score / most) if most else 1.0,
        status=GradingStatus.NEEDS_REVIEW if review else GradingStatus.GRADED,
        checks=checks,
        service_version=__version__,
    )


def check(rubric: Rubric) -> None:
    """Raise FlawedRubric at the first claim that contradicts itself or that nobody could meet."""
    for number, claim in enumerate(rubric.claims):
        for pointer, sentence in flaws_of(claim, rubric):
            raise FlawedRubric(sentence, pointer=f"/rubric/claims/{number}{pointer}")
    check_size(rubric)


def check_size(rubric: Rubric) -> None:
    """Raise FlawedRubric where its networks are more than one grading may simulate."""
    specs = [spec for claim in rubric.claims for spec in claim.specs().values()]
    layers = sum(layer.depth() for spec in specs for layer in spec.network.layers)
    if len(specs) > MOST_SIMULATIONS or layers > MOST_LAYERS:
        raise FlawedRubric(
            f"The rubric has {len(specs)} networks with {layers} layers in all; at most {MOST_SIMULATIONS} networks "
            f"and {MOST_LAYERS} layers are graded at once.",
            pointer="/rubric/claims",
        )


def flaws_of(claim: Claim, rubric: Rubric) -> list[tuple[str, str]]:
    """Its own flaws, and a reference to what is no formula."""
    source = claim.derivative_from if isinstance(claim, BoundClaim) else None
    formulas = {one.id for one in rubric.claims if isinstance(one, ExpressionClaim)}
    dangling = source is not None and source not in formulas
    return [*claim.flaws(), *([("/derivative_from", "There is no expression claim with this id.")] if dangling else [])]


def plans_of(rubric: Rubric) -> list[Plan]:
    """The simulations that its claims are judged by, each once; a SpecError with its pointer into the grading."""
    return list({made.digest: made for made in plans_by_spec(rubric).values()}.values())


def plans_by_spec(rubric: Rubric) -> dict[str, Plan]:
    """The same by the digests of the specifications as the claims have them; a network has many spellings."""
    found: dict[str, Plan] = {}
    places = [(number, *item) for number, claim in enumerate(rubric.claims) for item in claim.specs().items()]
    for number, pointer, spec in places:
        digest = spec.digest()
        if digest not in found:
            found[digest] = _planned(spec, f"/rubric/claims/{number}{pointer}")
    return found


def checked_plans(rubric: Rubric, limits: Limits) -> dict[str, Plan]:
    """`plans_by_spec` of a rubric that may be graded by; FlawedRubric, another SpecError, or BudgetExceeded."""
    check(rubric)
    found = plans_by_spec(rubric)
    check_budgets(list({made.digest: made for made in found.values()}.values()), limits)
    return found


def _planned(spec: SimulationSpec, pointer: str) -> Plan:
    try:
        return plan(spec)
    except SpecError as error:
        edited = pointer.endswith("/patch")  # what it points into was never sent
        error.pointer = pointer if edited else f"{pointer}{error.pointer or ''}"
        raise


def _points(checks: Sequence[Check]) -> tuple[list[float], list[float]]:
    return [check.points for check in checks], [check.max_points for check in checks]


def _once(simulate: Simulate) -> Simulate:
    known: dict[str, SimulationReport] = {}

    def simulated(spec: SimulationSpec) -> SimulationReport:
        digest = spec.digest()
        if digest not in known:
            known[digest] = simulate(spec)
        return known[digest]

    return simulated


def _check(claim: Claim, answers: Answers, context: Context) -> Check:
    found = _judgement(claim, answers, context)
    told = claim.feedback is Detail.FULL
    return Check(
        id=claim.id,
        kind=claim.name(),
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
        evidence=list(found.evidence) if told else [],
        hidden=claim.hidden,
    )


def _judgement(claim: Claim, answers: Answers, context: Context) -> Judgement:
    answer = answers.get(claim.id)
    if answer is None or answer == "":
        return Judgement(CheckStatus.MISSING, "no_answer", "There is no answer.")
    try:
        return claim.judge(answer, context)
    except Unreadable as error:
        return Judgement(CheckStatus.INVALID, "unreadable", error.sentence, position=error.position)
    except Undecidable as error:
        return undecided(error.code, error.sentence)
