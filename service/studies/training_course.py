"""A training worked on: planned, its rates trained beside one another, and compared with the verdict."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from time import perf_counter

from service.core.errors import BudgetExceeded, Incompatible
from service.core.version import ENGINE_VERSION
from service.processes.fork_map import fork_map
from service.simulation.estimate import Limits, cost
from service.simulation.plan import Plan, plan
from service.simulation.results import ItemError, SimulationReport
from service.simulation.simulate import simulate
from service.simulation.spreads import spreads_of
from service.simulation.training import Course, Descent, by_rate, quantiles, share_of
from service.studies.training import Curve, TrainedRate, TrainedVerdict, Training, TrainingSpec, best_rate

_MOST_RECORDS = 101
_WORTH_A_HELPER = 1e8
"""Operations by the estimate: to wake a helper and to hear from it may take a millisecond."""
_HALF_WAY = 0.5
_NUMBERS = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]


@dataclass(frozen=True)
class PlannedTraining:
    """A training ready to be worked on, with nothing left open."""

    spec: TrainingSpec
    descent: Descent

    @property
    def plan(self) -> Plan:
        """The plan of its network."""
        return self.descent.plan

    @property
    def operations(self) -> float:
        """What a rate takes, as multiplications and additions of a matrix product, by the estimate."""
        share = min(1.0, (self.descent.batch_size or self.plan.samples) / self.plan.samples)
        recorded = len(self.descent.records) if share < 1.0 else 0
        return cost(self.plan).floating_point_operations * (share * self.descent.steps + recorded)

    def check(self, limits: Limits, rates: int) -> None:
        """Raise BudgetExceeded where so many rates take more than `limits`."""
        costs, asked = cost(self.plan), rates * self.operations
        if costs.bytes > limits.bytes:
            raise BudgetExceeded(
                f"The training needs about {costs.bytes / (1 << 30):.3g} GiB; a worker may use "
                f"{limits.bytes / (1 << 30):.3g} GiB. Take fewer samples or fewer units.",
                bytes=costs.bytes,
                bytes_limit=limits.bytes,
            )
        if asked > limits.floating_point_operations:
            steps = int(self.descent.steps * limits.floating_point_operations / asked)
            fitting = f"{steps} steps would fit" if steps else "Not even one step fits: make the network smaller"
            raise BudgetExceeded(
                f"A rate takes about {asked:.3g} operations for {self.spec.trials} trials; "
                f"{limits.floating_point_operations:.3g} are done for one. {fitting}.",
                floating_point_operations=asked,
                floating_point_operations_limit=limits.floating_point_operations,
            )


def plan_training(spec: TrainingSpec) -> PlannedTraining:
    """The training planned; a SpecError with the pointer of what does not fit."""
    if spec.precision.is_half:
        raise Incompatible(
            f"Networks are trained in float64 or float32, not in {spec.precision.value}: its loss scale and master "
            "weights are not simulated.",
            pointer="/precision",
        )
    made = plan(spec)
    if spec.batch_size is not None and spec.batch_size > made.samples:
        raise Incompatible(
            f"A step takes {spec.batch_size} samples, and there are {made.samples}; leave batch_size out, and every "
            "step takes all of them.",
            pointer="/batch_size",
            samples=made.samples,
        )
    every = -(-spec.steps // (_MOST_RECORDS - 1))
    records = sorted({*range(0, spec.steps, every), spec.steps})
    rates = spec.learning_rates()
    whole = TrainingSpec.model_construct(**{**dict(made.spec), "rates": rates})
    return PlannedTraining(whole, Descent(made, spec.optimizer, rates, spec.steps, spec.batch_size, records))


def train(spec: TrainingSpec, processes: int = 1) -> Training:
    """The training of `spec` and its verdict, the same for any number of processes; a SpecError."""
    started = perf_counter()
    planned = plan_training(spec)
    report = simulate(spec.simulation(), processes)
    verdict = verdict_of(report)
    found = trained_rates(planned, verdict, range(len(planned.descent.rates)), processes)
    best = best_rate(found)
    return Training(
        digest=spec.digest(),
        sentence=_sentence(found, best, verdict),
        verdict=verdict,
        best=None if best is None else best.index,
        learned=None if best is None else _learned(best, verdict),
        rates=found,
        spec=planned.spec,
        engine_version=ENGINE_VERSION,
        elapsed_seconds=perf_counter() - started,
    )


def training_json(spec: TrainingSpec, processes: int = 1) -> bytes:
    """The training as JSON: what a worker process is asked for."""
    return train(spec, processes).model_dump_json().encode()


def verdict_of(report: SimulationReport) -> TrainedVerdict:
    """What a training is compared with."""
    found = report.verdict
    return TrainedVerdict(
        digest=report.digest,
        label=found.label,
        severity=found.severity,
        depth_ratio=found.depth_ratio.median,
        failure_risk=found.failure_risk.probability,
        chance_loss=report.scale.chance_loss,
        initial_loss=report.scale.initial_loss,
    )


def trained_rates(
    planned: PlannedTraining, verdict: TrainedVerdict, rates: range, processes: int = 1
) -> list[TrainedRate]:
    """What comes of those of the rates."""
    chunks = planned.descent.chunks(rates)
    worth = int(planned.operations * len(rates) / _WORTH_A_HELPER)
    count = max(1, min(processes, worth, len(chunks)))
    shares = [chunks[number::count] for number in range(count)]
    work = partial(share_of, planned.descent)
    parts = fork_map(work, shares) if count > 1 else [work(shares[0])]
    done = [one for share, courses in zip(shares, parts, strict=True) for one in zip(share, courses, strict=True)]
    courses = by_rate(sorted(done, key=lambda one: (one[0][0].start, one[0][1].start)), rates)
    return [_trained_rate(planned, number, one, verdict) for number, one in zip(rates, courses, strict=True)]


def failed_rate(planned: PlannedTraining, number: int, error: ItemError) -> TrainedRate:
    """A rate of which nothing has come."""
    nothing = dict.fromkeys(name for name, field in TrainedRate.model_fields.items() if field.is_required())
    rate = planned.descent.rates[number]
    fixed = {"index": number, "rate": rate, "steps": [], "diverged_trials": 0, "sentence": error.detail, "error": error}
    return TrainedRate.model_validate({**nothing, **fixed})


def _trained_rate(planned: PlannedTraining, number: int, course: Course, verdict: TrainedVerdict) -> TrainedRate:
    final_loss, final_accuracy = spreads_of(course.loss[-1], course.accuracy[-1])
    chance = course.chance_accuracy
    found = TrainedRate(
        index=number,
        rate=planned.descent.rates[number],
        steps=list(planned.descent.records),
        loss=_curve(*quantiles(course.loss, lost=True)),
        accuracy=None if chance is None else _curve(*quantiles(course.accuracy)),
        depth_ratio=_curve(*quantiles(course.depth_ratio)),
        dead_fraction=_curve(*quantiles(course.dead_fraction)),
        final_loss=final_loss,
        final_accuracy=None if chance is None else final_accuracy,
        chance_accuracy=chance,
        diverged_trials=int((course.diverged >= 0).sum()),
        diverged_at=course.diverged_at,
        sentence="",
        error=None,
    )
    words = f"At the rate {found.rate:g} it {_reached(found, verdict)}; {_verdict(verdict)}."
    return found.model_copy(update={"sentence": words})


def _curve(median: list[float | None], p05: list[float | None], p95: list[float | None]) -> Curve:
    return Curve(median=median, p05=p05, p95=p95)


def _learned(best: TrainedRate, verdict: TrainedVerdict) -> bool | None:
    """Whether the best rate is half of the way from chance to all right, or to no loss; None without such a way."""
    accuracy = best.final_accuracy.median if best.final_accuracy is not None else None
    if best.chance_accuracy == 1.0:  # there is one class, and nothing to tell apart
        return None
    if accuracy is not None and best.chance_accuracy is not None:
        return accuracy - best.chance_accuracy >= _HALF_WAY * (1.0 - best.chance_accuracy)
    loss = best.loss.median[-1] if best.loss is not None else None
    if loss is None or not verdict.chance_loss:
        return None
    return loss <= _HALF_WAY * verdict.chance_loss


def _sentence(rates: Sequence[TrainedRate], best: TrainedRate | None, verdict: TrainedVerdict) -> str:
    """The verdict, and what came of it."""
    said, count = _verdict(verdict), len(rates)
    how = f"at {_NUMBERS[count]} rates" if count > 1 else f"at the rate {rates[0].rate:g}"
    if best is None:
        return f"{said.capitalize()}. Trained {how}, its loss is no finite number in the end."
    which = f"the best ({best.rate:g})" if count > 1 else "it"
    return f"{said.capitalize()}. Trained {how}, {which} {_reached(best, verdict)}{_compared(best, verdict)}."


def _verdict(verdict: TrainedVerdict) -> str:
    return f"verdict: {verdict.label.value}, risk {verdict.failure_risk:.2f}"


def _reached(one: TrainedRate, verdict: TrainedVerdict) -> str:
    accuracy = one.final_accuracy.median if one.final_accuracy is not None else None
    loss = one.loss.median[-1] if one.loss is not None else None
    if loss is None:
        return f"has a loss that is no finite number from step {one.diverged_at} on"
    if accuracy is not None and one.chance_accuracy is not None:
        return f"reaches {100.0 * accuracy:.3g} % where chance is {100.0 * one.chance_accuracy:.3g} %"
    if verdict.chance_loss:
        return f"brings the loss to {loss / verdict.chance_loss:.3g} of that of the best constant"
    return f"brings the loss to {loss:.3g}"


def _compared(best: TrainedRate, verdict: TrainedVerdict) -> str:
    """Whether that is what the risk says."""
    learned, risky = _learned(best, verdict), verdict.failure_risk >= _HALF_WAY
    if learned is None:
        return ""
    if learned != risky:
        return ", as the risk says"
    return ", in spite of the risk" if learned else ", in spite of the low risk"
