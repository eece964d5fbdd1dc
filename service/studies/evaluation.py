"""Points of a sweep → their results, a line of JSON each; what simulates is handed over."""

import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from pydantic import ValidationError

from service.core.errors import MisplacedAxis, Refusal
from service.core.validation import faults_of
from service.simulation.plan import Plan, plan
from service.simulation.results import ItemError, SimulationReport
from service.simulation.spec import SimulationSpec
from service.studies.point import Reduced, SweepPoint, reduced
from service.studies.sweep import Grid

SimulatePlan = Callable[[Plan], SimulationReport]
DEFECTS = (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)
"""What a defect of this service raises; one item has it, and the others are worked on. Want of memory is none."""


@dataclass
class Lines:
    """Results of items that follow one another."""

    lines: list[bytes] = field(default_factory=list)
    failed: int = 0
    points: dict[str, bytes] = field(default_factory=dict)  # new ones, reduced, by their digests
    defects: list[str] = field(default_factory=list)  # tracebacks, for the log

    def __add__(self, other: "Lines") -> "Lines":
        """These, and then `other`."""
        return Lines(
            self.lines + other.lines,
            self.failed + other.failed,
            self.points | other.points,
            self.defects + other.defects,
        )


def plan_of(grid: Grid, index: int) -> Plan | ItemError:
    """The plan of the point `index`, or why there is none."""
    document = None
    try:
        document = grid.specification(index)
        return plan(SimulationSpec.model_validate(document))
    except ValidationError as error:
        fault = faults_of(error.errors()[:1], document)[0]
        return ItemError(code=fault.code, detail=fault.detail, pointer=fault.pointer)
    except MisplacedAxis as refusal:  # which points into the sweep, and the point has no specification to point into
        return ItemError(code=refusal.code, detail=refusal.sentence, pointer=None)
    except Refusal as refusal:
        return error_of(refusal)


def error_of(refusal: Refusal) -> ItemError:
    """A refusal as the error of an item."""
    return ItemError(code=refusal.code, detail=refusal.sentence, pointer=refusal.pointer)


def defect() -> ItemError:
    """What is told of a defect of this service."""
    sentence = "The service has a defect that this item meets; the log has the details."
    return ItemError(code="internal-error", detail=sentence, pointer=None)


def digests(grid: Grid, indexes: Iterable[int]) -> list[str | None]:
    """The digests of the points; None where a specification is not valid."""
    plans = (plan_of(grid, index) for index in indexes)
    return [made.digest if isinstance(made, Plan) else None for made in plans]


def evaluate(grid: Grid, indexes: Iterable[int], known: Mapping[str, bytes], simulate: SimulatePlan) -> Lines:
    """The results of the points; those that are `known`, as JSON by their digests, are not simulated again."""
    found = Lines()
    for index in indexes:
        made = plan_of(grid, index)
        outcome = _outcome(made, known, simulate, found) if isinstance(made, Plan) else made
        point = point_of(grid, index, outcome)
        found.lines.append(point.model_dump_json().encode())
        found.failed += point.error is not None
    return found


def point_of(grid: Grid, index: int, outcome: Reduced | ItemError) -> SweepPoint:
    """The point `index` with what became of it."""
    nothing = {"digest": None, "verdict": None, "theory_depth_ratio": None}
    found = nothing if isinstance(outcome, ItemError) else dict(outcome)
    error = outcome if isinstance(outcome, ItemError) else None
    return SweepPoint(index=index, values=grid.values(index), error=error, **found)


def _outcome(made: Plan, known: Mapping[str, bytes], simulate: SimulatePlan, found: Lines) -> Reduced | ItemError:
    digest = made.digest
    there = _reduced(known.get(digest) or found.points.get(digest))
    if there is not None:
        return there
    try:
        outcome = reduced(simulate(made))
    except Refusal as refusal:
        return error_of(refusal)
    except DEFECTS:
        found.defects.append(traceback.format_exc())
        return defect()
    found.points[digest] = outcome.model_dump_json().encode()
    return outcome


def _reduced(point: bytes | None) -> Reduced | None:
    """A point that is kept; None where it is not, or in a form of another time."""
    try:
        return None if point is None else Reduced.model_validate_json(point)
    except ValidationError:
        return None
