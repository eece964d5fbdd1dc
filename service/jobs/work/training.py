"""Trainings that take longer: every item is a learning rate."""

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any, ClassVar

from service.core.kinds import Model
from service.core.settings import Settings
from service.jobs.work.base import Accepted, JobChart, JobContext, JobWork, PreparedJob
from service.simulation.estimate import OPERATIONS_PER_SECOND, Limits
from service.simulation.results import ItemError
from service.simulation.simulate import simulate
from service.studies.evaluation import ChunkResult
from service.studies.training import TrainedRate, TrainedVerdict, TrainingSpec
from service.studies.training_course import PlannedTraining, failed_rate, plan_training, trained_rates, verdict_of

_COLUMNS = ["index", "rate", "final_loss", "final_accuracy", "diverged_trials", "diverged_at", "sentence"]


class TrainingWork(JobWork):
    """The verdict is found once; each rate is trained by itself, and its result says how both agree."""

    kind: ClassVar[str] = "training"
    result: ClassVar[type[Model]] = TrainedRate
    chart: ClassVar[JobChart | None] = JobChart(
        "service.charts.training:draw_training",
        lambda request: range(len(TrainingSpec.model_validate_json(request).learning_rates())),
    )

    def accept(self, request: TrainingSpec, settings: Settings) -> Accepted:
        """A job that trains; SpecError, or BudgetExceeded where a single rate takes too long."""
        planned = plan_training(request)
        planned.check(Limits.of(settings, settings.job_patience), rates=1)
        size = (len(planned.descent.rates), planned.operations / OPERATIONS_PER_SECOND)
        return self._accepted(size, request.model_dump_json().encode(), settings, request.digest())

    async def prepare(self, request: bytes, context: JobContext) -> bytes | None:
        """The verdict on the untrained network."""
        return await context.pool.work(partial(_verdict, request), context.deadline_seconds)

    def load(self, request: bytes, prepared: bytes | None) -> PreparedJob:
        return PreparedJob(request, (_planned(request), prepared or b"{}"))

    async def lines(self, job: PreparedJob, items: range, context: JobContext) -> ChunkResult:
        task = partial(_rates, job.request, job.parts[1], items)
        return await context.pool.work(task, context.deadline_seconds)

    def failed(self, job: PreparedJob, index: int, error: ItemError) -> bytes:
        return failed_rate(job.parts[0], index, error).model_dump_json().encode()

    def table(self, request: bytes) -> tuple[list[str], Callable[[bytes], list[Any]]]:
        return [*_COLUMNS, "error_code", "error_detail"], _row


@lru_cache(4)
def _planned(request: bytes) -> PlannedTraining:
    return plan_training(TrainingSpec.model_validate_json(request))


def _verdict(request: bytes) -> bytes:
    report = simulate(TrainingSpec.model_validate_json(request).simulation())
    return verdict_of(report).model_dump_json().encode()


def _rates(request: bytes, verdict: bytes, items: range) -> ChunkResult:
    planned, said = _planned(request), TrainedVerdict.model_validate_json(verdict)
    found = ChunkResult()
    for index in items:
        outcome = found.attempt(partial(_rate, planned, said, index))
        one = failed_rate(planned, index, outcome) if isinstance(outcome, ItemError) else outcome
        found.lines.append(one.model_dump_json().encode())
        found.failed += isinstance(outcome, ItemError)
    return found


def _rate(planned: PlannedTraining, verdict: TrainedVerdict, index: int) -> TrainedRate:
    (found,) = trained_rates(planned, verdict, range(index, index + 1))
    return found


def _row(line: bytes) -> list[Any]:
    one = TrainedRate.model_validate_json(line)
    finals = [None if spread is None else spread.median for spread in (one.final_loss, one.final_accuracy)]
    error = [one.error.code, one.error.detail] if one.error else [None, None]
    return [one.index, one.rate, *finals, one.diverged_trials, one.diverged_at, one.sentence, *error]
