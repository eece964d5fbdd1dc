"""Trainings: answered at once where they are small, accepted as jobs where they are not."""

from functools import partial

from service.charts.chart import ChartFormat, Theme
from service.charts.renderer import ChartRenderer
from service.core.errors import BudgetExceeded
from service.core.settings import Settings
from service.jobs.job import Job
from service.jobs.jobs import Jobs
from service.jobs.records import Requester
from service.jobs.work.training import TrainingWork
from service.processes.pool import ProcessPool
from service.simulation.estimate import Limits
from service.store.archive import Cache
from service.studies.training import Training, TrainingSpec
from service.studies.training_course import plan_training, training_json

_CACHE_BYTES = 16 << 20
_DRAW = "service.charts.training:draw_training"


class Trainings:
    """Trains in the worker processes, and remembers the last trainings, so that a chart of one need not train again."""

    def __init__(self, settings: Settings, pool: ProcessPool, jobs: Jobs) -> None:
        self._limits = Limits.of(settings)
        self._pool = pool
        self._jobs = jobs
        self._memory = Cache(min(_CACHE_BYTES, settings.cache_bytes))

    async def answer(self, spec: TrainingSpec, requester: Requester) -> bytes | Job:
        """The training as JSON, or a job where it takes longer; SpecError, BudgetExceeded, or what either raises."""
        try:
            return await self.training(spec)
        except BudgetExceeded:
            return await self._jobs.accept(TrainingWork.kind, spec, requester)

    async def training(self, spec: TrainingSpec) -> bytes:
        """The training as JSON; SpecError, BudgetExceeded where it takes longer, or what the pool's `run` raises."""
        planned = plan_training(spec)
        planned.check(self._limits, rates=len(planned.descent.rates))
        digest = spec.digest()
        found = self._memory.get(digest)
        if found is None:
            found = await self._pool.run(partial(training_json, spec))
            self._memory.put(digest, found)
        return found

    async def chart(self, spec: TrainingSpec, renderer: ChartRenderer, theme: Theme, wanted: ChartFormat) -> bytes:
        """The chart of a training that is answered at once; raises what `training` and the renderer raise."""
        found = Training.model_validate_json(await self.training(spec))
        lines = [rate.model_dump_json().encode() for rate in found.rates]
        return await renderer.job(_DRAW, spec.model_dump_json().encode(), lines, theme, wanted)
