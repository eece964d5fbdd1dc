"""What worker processes do with questions of several simulations, which they are sent unread."""

from dataclasses import dataclass

from service.core.payload import Payload, Weighed
from service.simulation.estimate import Limits, cost, seconds_of
from service.simulation.plan import plan
from service.simulation.spec import SimulationSpec
from service.studies.comparison import ComparisonSpec, compared, plans_of
from service.studies.prescriptions.search import prescribe
from service.studies.training import Training, TrainingSpec
from service.studies.training_course import plan_training, training_json

_SIMULATIONS_OF_PRESCRIPTIONS = 10
"""As often as the network itself: about as many changes are tried where none suffices."""


@dataclass(frozen=True)
class Founded:
    """An answer, and the reports it is founded on as JSON, by their digests."""

    text: bytes
    reports: dict[str, bytes]


def comparison(
    payload: Payload[ComparisonSpec], limits: Limits, most_seconds: float, processes: int = 1
) -> Founded | Weighed:
    """The comparison that was sent, unless it takes more than `most_seconds`; SpecError, BudgetExceeded."""
    spec = payload.read()
    plans = plans_of(spec, limits)
    seconds = sum(cost(made).seconds for made in plans)
    if seconds > most_seconds:
        return Weighed(seconds)
    found = compared([one.name for one in spec.networks], plans, processes)
    return Founded(found.comparison.model_dump_json().encode(), found.reports)


def prescriptions(
    payload: Payload[SimulationSpec], limits: Limits, most_seconds: float, processes: int = 1
) -> bytes | Weighed:
    """The prescriptions for what was sent, as JSON, unless they take longer; SpecError, BudgetExceeded."""
    spec = payload.read()
    operations = _SIMULATIONS_OF_PRESCRIPTIONS * cost(plan(spec)).floating_point_operations
    seconds = seconds_of(min(operations, limits.floating_point_operations))
    if seconds > most_seconds:
        return Weighed(seconds)
    return prescribe(spec, limits, processes).model_dump_json().encode()


def training(
    payload: Payload[TrainingSpec], limits: Limits, most_seconds: float, processes: int = 1
) -> bytes | Weighed:
    """The training that was sent, as JSON, unless it takes longer; SpecError, BudgetExceeded."""
    spec = payload.read()
    planned = plan_training(spec)
    rates = len(planned.descent.rates)
    planned.check(limits, rates)
    seconds = rates * seconds_of(planned.operations)
    return Weighed(seconds) if seconds > most_seconds else training_json(spec, processes)


def drawn_training(payload: Payload[TrainingSpec], found: bytes, _processes: int = 1) -> tuple[bytes, list[bytes]]:
    """The specification that was sent, and the rates of its training `found`, as JSON: what its chart is drawn from."""
    rates = Training.model_validate_json(found).rates
    return payload.read().model_dump_json().encode(), [rate.model_dump_json().encode() for rate in rates]
