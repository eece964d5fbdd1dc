"""A rubric on its own → what is wrong with it, and what it simulates."""

from collections.abc import Sequence

from service.core.errors import FlawedRubric, SpecError
from service.core.kinds import Int64, Model, NonNegative
from service.grading.claims import Claim
from service.grading.claims.bound import BoundClaim
from service.grading.claims.expression import ExpressionClaim
from service.grading.spec import Rubric
from service.simulation.estimate import Limits, check_budgets
from service.simulation.plan import Plan, plan
from service.simulation.spec import Include, SimulationSpec

_MOST_SIMULATIONS, _MOST_LAYERS = 128, 20_000


class Flaw(Model):
    """What makes a claim contradictory or impossible to meet."""

    pointer: str
    """Where: an RFC 6901 pointer into the body that was sent."""
    detail: str
    """What is wrong with it."""


class RubricReport(Model):
    """What is wrong with a rubric, or doubtful, before the first answer."""

    valid: bool
    """Whether nothing is wrong with it."""
    flaws: list[Flaw]
    """What is, claim by claim."""
    claims: Int64
    """How many claims it has."""
    max_score: NonNegative
    """The most points that it can give."""
    simulations: Int64
    """How many different simulations a grading takes; 0 where something is wrong."""


def rubric_report(rubric: Rubric) -> RubricReport:
    """The report on `rubric`."""
    flaws = _flaws(rubric)
    simulations = 0 if flaws else len(plans_of(rubric))
    points = round(sum(claim.points for claim in rubric.claims), 6)
    return RubricReport(
        valid=not flaws, flaws=flaws, claims=len(rubric.claims), max_score=points, simulations=simulations
    )


def check_rubric(rubric: Rubric) -> None:
    """Raise FlawedRubric where it is too large, or at the first claim that contradicts itself or none could meet."""
    _check_size([spec for claim in rubric.claims for spec in claim.networks()])
    for number, claim in enumerate(rubric.claims):
        for pointer, sentence in _own_flaws(claim, rubric):
            raise FlawedRubric(sentence, pointer=f"/rubric/claims/{number}{pointer}")
    _check_size([spec for claim in rubric.claims for spec in claim.specs().values()])


def plans_of(rubric: Rubric) -> list[Plan]:
    """The simulations that its claims are judged by, each once; a SpecError with its pointer into the grading."""
    return list({made.digest: made for made in plans_by_spec(rubric).values()}.values())


def plans_by_spec(rubric: Rubric) -> dict[str, Plan]:
    """The same by the digests of the specifications as the claims have them; a network has many spellings.

    What a specification includes is left out, unless a claim looks at it: it would be kept for good with the rest.
    """
    asked: dict[str, tuple[SimulationSpec, str]] = {}
    needed: dict[str, set[Include]] = {}
    places = [(number, *item) for number, claim in enumerate(rubric.claims) for item in claim.specs().items()]
    for number, pointer, spec in places:
        digest = spec.digest()
        asked.setdefault(digest, (spec, f"/rubric/claims/{number}{pointer}"))
        needed.setdefault(digest, set()).update(rubric.claims[number].looks_at)
    return {
        digest: _planned(spec.model_copy(update={"include": sorted(needed[digest])}), pointer)
        for digest, (spec, pointer) in asked.items()
    }


def checked_plans(rubric: Rubric, limits: Limits) -> dict[str, Plan]:
    """`plans_by_spec` of a rubric that may be graded by; FlawedRubric, another SpecError, or BudgetExceeded."""
    check_rubric(rubric)
    found = plans_by_spec(rubric)
    check_budgets(list({made.digest: made for made in found.values()}.values()), limits)
    return found


def _flaws(rubric: Rubric) -> list[Flaw]:
    """That it is too large, before anything is made of it; else what is wrong with its claims one by one."""
    try:
        _check_size([spec for claim in rubric.claims for spec in claim.networks()])
        own = [_own_flaws(claim, rubric) for claim in rubric.claims]
        if not any(own):
            _check_size([spec for claim in rubric.claims for spec in claim.specs().values()])
    except FlawedRubric as error:
        return [Flaw(pointer="/rubric/claims", detail=error.sentence)]
    found = [known or _misfit(claim, rubric) for known, claim in zip(own, rubric.claims, strict=True)]
    return [
        Flaw(pointer=f"/rubric/claims/{number}{pointer}", detail=sentence)
        for number, flaws in enumerate(found)
        for pointer, sentence in flaws
    ]


def _misfit(claim: Claim, rubric: Rubric) -> list[tuple[str, str]]:
    """Why one of its networks does not fit together; nothing where all do."""
    try:
        plans_of(rubric.model_copy(update={"claims": [claim]}))
    except SpecError as error:
        inside = (error.pointer or "").removeprefix("/rubric/claims/0")
        return [(inside, error.sentence)]
    return []


def _check_size(specs: Sequence[SimulationSpec]) -> None:
    """Raise FlawedRubric where the networks of a rubric are more than one grading may simulate."""
    layers = sum(layer.depth() for spec in specs for layer in spec.network.layers)
    if len(specs) > _MOST_SIMULATIONS or layers > _MOST_LAYERS:
        raise FlawedRubric(
            f"The rubric has {len(specs)} networks with {layers} layers in all; at most {_MOST_SIMULATIONS} networks "
            f"and {_MOST_LAYERS} layers are graded at once.",
            pointer="/rubric/claims",
        )


def _own_flaws(claim: Claim, rubric: Rubric) -> list[tuple[str, str]]:
    """Its own flaws, and a reference to what is no formula."""
    source = claim.derivative_from if isinstance(claim, BoundClaim) else None
    formulas = {one.id for one in rubric.claims if isinstance(one, ExpressionClaim)}
    dangling = source is not None and source not in formulas
    return [*claim.flaws(), *([("/derivative_from", "There is no expression claim with this id.")] if dangling else [])]


def _planned(spec: SimulationSpec, pointer: str) -> Plan:
    try:
        return plan(spec)
    except SpecError as error:
        edited = pointer.endswith("/patch")  # what it points into was never sent
        error.pointer = pointer if edited else f"{pointer}{error.pointer or ''}"
        raise
