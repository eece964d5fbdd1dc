"""A rubric on its own → what is wrong with it."""

from service.core.errors import FlawedRubric, SpecError
from service.core.kinds import Int64, Model, NonNegative
from service.grading.claims import Claim
from service.grading.grade import check_size, flaws_of, plans_of
from service.grading.spec import Rubric


class Flaw(Model):
    """What makes a claim contradictory or impossible to meet."""

    pointer: str
    """Where: an RFC 6901 pointer into the rubric."""
    detail: str
    """What is wrong with it."""


class RubricReport(Model):
    """What is to be said of a rubric before anybody answers it."""

    valid: bool
    """Whether nothing is wrong with it."""
    flaws: list[Flaw]
    """What is, claim by claim."""
    claims: Int64
    """How many claims it has."""
    max_score: NonNegative
    """Points to be had."""
    simulations: Int64
    """How many different simulations a grading takes; 0 where something is wrong."""


def rubric_report(rubric: Rubric) -> RubricReport:
    """The report on `rubric`."""
    flaws = _size(rubric) or [
        Flaw(pointer=f"/claims/{number}{pointer}", detail=sentence)
        for number, claim in enumerate(rubric.claims)
        for pointer, sentence in _flaws(claim, rubric)
    ]
    simulations = 0 if flaws else len(plans_of(rubric))
    points = round(sum(claim.points for claim in rubric.claims), 6)
    return RubricReport(
        valid=not flaws, flaws=flaws, claims=len(rubric.claims), max_score=points, simulations=simulations
    )


def _size(rubric: Rubric) -> list[Flaw]:
    """That it is too large, where none of its claims is flawed."""
    if any(flaws_of(claim, rubric) for claim in rubric.claims):
        return []
    try:
        check_size(rubric)
    except FlawedRubric as error:
        return [Flaw(pointer="/claims", detail=error.sentence)]
    return []


def _flaws(claim: Claim, rubric: Rubric) -> list[tuple[str, str]]:
    found = flaws_of(claim, rubric)
    if found:
        return found
    try:
        plans_of(rubric.model_copy(update={"claims": [claim]}))
    except SpecError as error:
        inside = (error.pointer or "").removeprefix("/rubric/claims/0")
        return [(inside, error.sentence)]
    return []
