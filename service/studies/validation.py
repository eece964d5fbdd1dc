"""Some points of a sweep, planned before anything is computed: an axis that fits nowhere is refused at once."""

from service.core.errors import MisplacedAxis
from service.simulation.plan import Plan
from service.simulation.results import ItemError
from service.studies.sweep import Grid, plan_or_error


def plan_corner(grid: Grid, index: int) -> Plan:
    """The plan of the point `index`; MisplacedAxis, pointing at the value at fault, where there is none."""
    made = plan_or_error(grid.specification(index))
    if isinstance(made, Plan):
        return made
    raise MisplacedAxis(
        f"The point {index} is no network that can be simulated, at {made.pointer or 'its root'}: {made.detail}",
        pointer=_pointer_of_culprit(grid, index, made),
        index=index,
    )


def plan_sample(grid: Grid, index: int) -> Plan | None:
    """The plan of the point `index`, if there is one; a single point that is wrong says so in its result."""
    made = grid.plan(index)
    return made if isinstance(made, Plan) else None


def _pointer_of_culprit(grid: Grid, index: int, fault: ItemError) -> str:
    """The place of `fault` in the sweep: in the base, or the first value that spoils it alone, or all axes."""
    if plan_or_error(grid.base()) == fault:
        return f"/base{fault.pointer or ''}"
    spoiling = (number for number in range(len(grid.spec.axes)) if _spoils(grid, index, number))
    return next((grid.pointer(index, number) for number in spoiling), "/axes")


def _spoils(grid: Grid, index: int, number: int) -> bool:
    """Whether the base cannot be simulated with that axis alone as at the point `index`."""
    try:
        return isinstance(plan_or_error(grid.varied_alone(index, number)), ItemError)
    except MisplacedAxis:
        return True
