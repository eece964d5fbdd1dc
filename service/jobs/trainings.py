"""Trainings: answered at once where they are small, accepted as jobs where they are not."""

from functools import partial

from service.charts.chart import ChartFormat, Theme
from service.charts.renderer import ChartRenderer
from service.core.cache import Cache
from service.core.errors import BudgetExceeded
from service.core.payload import Payload
from service.core.settings import Settings
from service.jobs.job import Job
from service.jobs.jobs import Jobs
from service.jobs.records import Requester
from service.jobs.work.training import TrainingWork
from service.processes.flights import Flights
from service.processes.pool import ProcessPool
from service.simulation.estimate import Limits
from service.studies.tasks import drawn_training, training
from service.studies.training import TrainingSpec

_CACHE_BYTES = 16 << 20
_DRAW = "service.charts.training:draw_training"


class Trainings:
    """Trains in the worker processes, and remembers the last trainings, so that a chart of one need not train again."""

    def __init__(self, settings: Settings, pool: ProcessPool, jobs: Jobs) -> None:
        self._limits = Limits.of(settings)
        self._flights = Flights(pool)
        self._jobs = jobs
        self._memory = Cache(min(_CACHE_BYTES, settings.cache_bytes))

    async def answer(self, payload: Payload[TrainingSpec], requester: Requester) -> bytes | Job:
        """The training as JSON, or a job where it takes longer; SpecError, BudgetExceeded, or what either raises."""
        try:
            return await self.training(payload)
        except BudgetExceeded:
            return await self._jobs.accept(TrainingWork.kind, payload, requester)

    async def training(self, payload: Payload[TrainingSpec]) -> bytes:
        """The training as JSON; SpecError, BudgetExceeded where it takes longer, or what the pool's `run` raises."""
        remembered = self._memory.get(payload.name)
        if remembered is not None:
            return remembered
        work = partial(self._flights.run, payload, partial(training, payload, self._limits))
        found, _ = await self._flights.join(payload.name, work)
        self._memory.put(payload.name, found)
        return found

    async def chart(
        self, payload: Payload[TrainingSpec], renderer: ChartRenderer, theme: Theme, wanted: ChartFormat
    ) -> bytes:
        """The chart of a training that is answered at once; raises what `training` and the renderer raise."""
        found = await self.training(payload)
        request, lines = await self._flights.opened(payload, partial(drawn_training, payload, found))
        return await renderer.job(_DRAW, request, lines, theme, wanted)
