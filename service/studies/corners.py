"""The corners of a sweep, looked at before anything is computed: an axis that fits nowhere is told at once."""

from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from service.core.errors import MisplacedAxis, Refusal
from service.core.validation import faults_of
from service.simulation.plan import Plan, plan
from service.simulation.spec import SimulationSpec
from service.studies.evaluation import plan_of
from service.studies.sweep import Grid


def corner(grid: Grid, index: int) -> Plan:
    """The plan of the point `index`; MisplacedAxis, pointing at the value at fault, where there is none."""
    made = _plan_or_fault(grid.specification(index))
    if isinstance(made, Plan):
        return made
    raise MisplacedAxis(
        f"The point {index} is no network that can be simulated, at {made.inside or 'its root'}: {made.detail}",
        pointer=_blamed(grid, index, made),
        index=index,
    )


def inner(grid: Grid, index: int) -> Plan | None:
    """The plan of the point `index`, if there is one; what is wrong with a single point is told in its result."""
    made = plan_of(grid, index)
    return made if isinstance(made, Plan) else None


@dataclass(frozen=True)
class _Fault:
    """What keeps a specification from being simulated, and where in it."""

    detail: str
    inside: str


def _plan_or_fault(document: Any) -> Plan | _Fault:
    try:
        return plan(SimulationSpec.model_validate(document))
    except ValidationError as error:
        fault = faults_of(error.errors()[:1], document)[0]
        return _Fault(fault.detail, fault.pointer)
    except Refusal as refusal:
        return _Fault(refusal.sentence, refusal.pointer or "")


def _blamed(grid: Grid, index: int, fault: _Fault) -> str:
    """The place of `fault` in the sweep: in the base, or the first value that spoils it alone, or all axes."""
    if _plan_or_fault(grid.base()) == fault:
        return f"/base{fault.inside}"
    spoiling = (number for number in range(len(grid.spec.axes)) if _spoils(grid, index, number))
    return next((grid.pointer(index, number) for number in spoiling), "/axes")


def _spoils(grid: Grid, index: int, number: int) -> bool:
    """Whether the base cannot be simulated with that axis alone as at the point `index`."""
    try:
        return isinstance(_plan_or_fault(grid.varied_alone(index, number)), _Fault)
    except MisplacedAxis:
        return True
