"""A network under several seeds: every item is a seed."""

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from service.core.kinds import Double, Int64, Model
from service.core.settings import Settings
from service.jobs.work.base import Accepted, JobContext, JobWork, PreparedJob
from service.simulation.estimate import Limits, check_budget, cost
from service.simulation.plan import plan
from service.simulation.results import ItemError, SimulationReport
from service.simulation.simulate import simulate_plan
from service.simulation.spec import SimulationSpec
from service.simulation.vocabulary import Label
from service.studies.evaluation import ChunkResult

_OPERATIONS_PER_SECOND = 2e10
_COLUMNS = ["index", "seed", "label", "depth_ratio", "error_code", "error_detail"]


class RepeatSpec(Model):
    """A network, and how often it is judged."""

    base: SimulationSpec
    """The specification; its seed is that of the first item."""
    times: Annotated[Int64, Field(ge=1, le=1000)]
    """How many seeds there are."""


class Repetition(Model):
    """What was found under one seed."""

    kind: Literal["repetition"] = "repetition"
    index: Int64
    """Its number, counted from 0."""
    seed: Int64
    """The seed of all draws."""
    label: Label | None
    """What most trials do; null where there is an error."""
    depth_ratio: Double | None
    """The median of the depth ratio in decades; null where there is none."""
    error: ItemError | None
    """Why there is no label."""


class RepeatWork(JobWork):
    """Every seed is simulated; nothing is looked up."""

    kind: ClassVar[str] = "repeat"
    result: ClassVar[type[Model]] = Repetition

    def accept(self, request: RepeatSpec, settings: Settings) -> Accepted:
        """A job that repeats; SpecError where the specification is no network."""
        seconds = cost(plan(request.base)).floating_point_operations / _OPERATIONS_PER_SECOND
        return self._accepted((request.times, seconds), request.model_dump_json().encode(), settings)

    def load(self, request: bytes, prepared: bytes | None) -> PreparedJob:
        return PreparedJob(request, RepeatSpec.model_validate_json(request).base.seed)

    async def lines(self, job: PreparedJob, items: range, context: JobContext) -> ChunkResult:
        task = partial(_repetitions, job.request, items, context.limits)
        return await context.pool.work(task, context.deadline_seconds)

    def failed(self, job: PreparedJob, index: int, error: ItemError) -> bytes:
        return _line(index, job.parts + index, error)

    def table(self, request: bytes) -> tuple[list[str], Callable[[bytes], list[Any]]]:
        return _COLUMNS, _row


@lru_cache(4)
def _spec(request: bytes) -> RepeatSpec:
    return RepeatSpec.model_validate_json(request)


def _repetitions(request: bytes, items: range, limits: Limits) -> ChunkResult:
    found, base = ChunkResult(), _spec(request).base
    for index in items:
        outcome = found.attempt(partial(_simulated, base, base.seed + index, limits))
        found.lines.append(_line(index, base.seed + index, outcome))
        found.failed += isinstance(outcome, ItemError)
    return found


def _simulated(base: SimulationSpec, seed: int, limits: Limits) -> SimulationReport:
    made = plan(base.model_copy(update={"seed": seed}))
    check_budget(made, limits)
    return simulate_plan(made)


def _row(line: bytes) -> list[Any]:
    one = Repetition.model_validate_json(line)
    error = [one.error.code, one.error.detail] if one.error else [None, None]
    return [one.index, one.seed, one.label, one.depth_ratio, *error]


def _line(index: int, seed: int, outcome: SimulationReport | ItemError) -> bytes:
    found: dict[str, Any] = {"label": None, "depth_ratio": None, "error": None}
    if isinstance(outcome, ItemError):
        found["error"] = outcome
    else:
        found |= {"label": outcome.verdict.label, "depth_ratio": outcome.verdict.depth_ratio.median}
    return Repetition(index=index, seed=seed, **found).model_dump_json().encode()
