"""The corners of a sweep, looked at before anything is computed: an axis that fits nowhere is told at once."""

from pydantic import ValidationError

from service.errors import MisplacedAxis, Refusal
from service.faults.faults import faults_of
from service.simulation.plan import Plan, plan
from service.spec import SimulationSpec
from service.studies.evaluation import plan_of
from service.studies.sweep import Grid


def corner(grid: Grid, index: int) -> Plan:
    """The plan of the point `index`; MisplacedAxis, pointing at the axis at fault, where there is none."""
    document = grid.specification(index)
    try:
        return plan(SimulationSpec.model_validate(document))
    except ValidationError as error:
        fault = faults_of(error.errors()[:1], document)[0]
        detail, inside = fault.detail, fault.pointer
    except Refusal as refusal:
        detail, inside = refusal.sentence, refusal.pointer or ""
    raise MisplacedAxis(
        f"The point {index} is no network that can be simulated, at {inside or 'its root'}: {detail}",
        pointer=_blamed(grid, index),
        index=index,
    )


def inner(grid: Grid, index: int) -> Plan | None:
    """The plan of the point `index`, if there is one; what is wrong with a single point is told in its result."""
    made = plan_of(grid, index)
    return made if isinstance(made, Plan) else None


def _blamed(grid: Grid, index: int) -> str:
    """The first axis whose value spoils the base by itself; all of them where none does."""
    for number in range(len(grid.spec.axes)):
        try:
            plan(SimulationSpec.model_validate(grid.varied_alone(index, number)))
        except (ValidationError, Refusal):
            return f"/axes/{number}"
    return "/axes"
