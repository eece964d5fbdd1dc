"""Gradings of a class: every item is an answer sheet."""

from dataclasses import dataclass
from functools import partial
from typing import Any

from service.core.kinds import Model
from service.grading.batch import BatchRequest, GradedSubmission, Submission
from service.grading.rubrics import plans_of
from service.grading.tasks import gradings_of
from service.jobs.job import JobKind
from service.jobs.work.base import JobWork, Means, Opened
from service.simulation.plan import Plan
from service.simulation.results import ItemError
from service.simulation.simulate import report_json
from service.studies.evaluation import ChunkResult


@dataclass(frozen=True)
class Sheets:
    """A rubric and its evidence as JSON, and the submissions."""

    rubric: bytes
    evidence: bytes  # an object: reports by their digests
    submissions: list[Submission]


class GradingsWork(JobWork):
    """What the rubric simulates is simulated once, before the first sheet is graded."""

    kind = JobKind.GRADINGS

    def opened(self, job: str, request: bytes, prepared: bytes | None) -> Opened:
        """With its rubric, its evidence and its sheets apart."""
        batch = BatchRequest.model_validate_json(request)
        return Opened(job, request, Sheets(_json(batch.rubric), prepared or b"{}", batch.submissions))

    async def prepare(self, request: bytes, means: Means) -> bytes | None:
        """The reports that the rubric's claims are judged by, which are kept for good."""
        plans = plans_of(BatchRequest.model_validate_json(request).rubric)
        reports = {made.spec.digest(): await self._report(made, means) for made in plans}
        return b"{%s}" % b",".join(b'"%s":%s' % (digest.encode(), report) for digest, report in reports.items())

    async def lines(self, opened: Opened, items: range, means: Means) -> ChunkResult:
        """The gradings of the sheets `items`."""
        sheets: Sheets = opened.parts
        some = [_json(sheets.submissions[index]) for index in items]
        task = partial(gradings_of, sheets.rubric, sheets.evidence, items, some)
        return await means.pool.work(task, means.deadline_seconds)

    def failed(self, opened: Opened, index: int, error: ItemError) -> bytes:
        """A sheet without a grading."""
        name = opened.parts.submissions[index].id
        return _json(GradedSubmission(index=index, id=name, grading=None, error=error))

    def header(self, request: bytes) -> list[str]:
        """The sheet, its score, and the points of every claim."""
        return GradedSubmission.columns(BatchRequest.rubric_of(request))

    def row(self, line: bytes, columns: int) -> list[Any]:
        """A grading."""
        return GradedSubmission.model_validate_json(line).cells(columns)

    async def _report(self, made: Plan, means: Means) -> bytes:
        digest = made.spec.digest()
        report = await means.keeping.report(digest)
        if report is None:
            report = await means.pool.work(partial(report_json, made), means.deadline_seconds)
        await means.keeping.pin(digest, report)
        return report


def _json(model: Model) -> bytes:
    return model.model_dump_json().encode()
