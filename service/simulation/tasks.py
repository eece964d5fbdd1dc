"""What worker processes do with specifications that they are sent unread."""

from dataclasses import dataclass

from service.core.errors import BudgetExceeded
from service.core.payload import Payload
from service.simulation.estimate import Limits, check_budget, cost, estimate
from service.simulation.plan import Plan, plan
from service.simulation.simulate import report_json
from service.simulation.spec import SimulationSpec

_DEEPEST_AT_ONCE = 128
"""Layers that are planned within a few milliseconds."""


@dataclass(frozen=True)
class Prepared:
    """What is known of a simulation before it is begun."""

    digest: str
    seconds: float  # of one processor, by the estimate
    refusal: BudgetExceeded | None  # where it takes more than is answered at once

    @classmethod
    def of(cls, made: Plan, limits: Limits) -> "Prepared":
        """What is known of a planned one."""
        try:
            check_budget(made, limits)
        except BudgetExceeded as error:
            return cls(made.digest, cost(made).seconds, error)
        return cls(made.digest, cost(made).seconds, None)


def planned_at_once(payload: Payload[SimulationSpec]) -> Plan | None:
    """The plan of what was sent, where it is made within a few milliseconds; a SpecError, or what `read` raises."""
    if not payload.small:
        return None
    spec = payload.read()
    depth = sum(layer.depth() for layer in spec.network.layers)
    return plan(spec) if depth <= _DEEPEST_AT_ONCE else None


def prepared(payload: Payload[SimulationSpec], limits: Limits, _processes: int = 1) -> Prepared:
    """What is known of the simulation that was sent; a SpecError, or what `read` raises."""
    return Prepared.of(plan(payload.read()), limits)


def report_of(payload: Payload[SimulationSpec], processes: int = 1) -> bytes:
    """The report on the network that was sent, as JSON."""
    return report_json(plan(payload.read()), processes)


def estimate_json(payload: Payload[SimulationSpec], limits: Limits, _processes: int = 1) -> bytes:
    """What the simulation that was sent would cost, as JSON; a SpecError, or what `read` raises."""
    return estimate(plan(payload.read()), limits).model_dump_json().encode()
