"""Gradings of a class: every item is an answer sheet; the files are what platforms read."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from typing import Any, ClassVar
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from service.charts.tables import csv_line
from service.core.context import REQUEST
from service.core.errors import BudgetExceeded, FlawedRubric, ResultNotFound, SpecError
from service.core.kinds import Model
from service.core.settings import Settings
from service.grading.batch import BatchRequest, BatchSpec, GradedSubmission, Submission
from service.grading.formats import FORMATS, FormatName
from service.grading.measures import evidence_json
from service.grading.rubrics import checked_plans, plans_of
from service.grading.spec import Rubric
from service.grading.tasks import gradings_of
from service.jobs.work.base import Accepted, JobContext, JobFiles, JobWork, Parent, PreparedJob
from service.simulation.estimate import Limits
from service.simulation.plan import Plan
from service.simulation.results import ItemError
from service.simulation.simulate import report_json
from service.store.assignments import AssignmentStore
from service.store.database import Database
from service.studies.evaluation import ChunkResult

_SECONDS_A_CLAIM = 1e-3
_TABLE = "results.csv"
_EXTENSIONS = {"application/json": ".json", "application/vnd.ims.lis.v1.score+json": ".json", "text/plain": ".txt"}
_LONGEST_NAME = 60
_STRANGE = re.compile(r"[^\w.-]+")
_PACKING = 1  # these files are much alike: more effort would save little


@dataclass(frozen=True)
class _Sheets:
    """A rubric and its evidence as JSON, and the submissions."""

    rubric: bytes
    evidence: bytes  # an object: reports by their digests
    submissions: list[Submission]


def _file(line: bytes, wanted: FormatName) -> bytes:
    """A result in the format `wanted`; ResultNotFound where the sheet has no grading."""
    graded = GradedSubmission.model_validate_json(line)
    if graded.error is not None:
        raise ResultNotFound(f"This sheet has no grading: {graded.error.detail}", index=graded.index)
    return _text(graded, wanted)


def _archive(request: bytes, lines: Iterable[bytes], wanted: FormatName) -> bytes:
    """A ZIP of a file for each sheet that has a grading, and of the table of all; equal lines make equal bytes.

    A file is called by the number of its sheet, and by what every system takes of its id.
    """
    packed = BytesIO()
    names = GradedSubmission.columns(BatchRequest.rubric_of(request))
    table = [csv_line(names)]
    with ZipFile(packed, "w", ZIP_DEFLATED, compresslevel=_PACKING) as files:
        for graded in map(GradedSubmission.model_validate_json, lines):  # one at a time: all are a gigabyte
            table.append(csv_line(graded.cells(len(names))))
            _add_graded(files, graded, wanted)
        _add(files, _TABLE, b"".join(table))
    return packed.getvalue()


def _json(model: Model) -> bytes:
    return model.model_dump_json().encode()


def _text(graded: GradedSubmission, wanted: FormatName) -> bytes:
    return b"" if graded.grading is None else FORMATS[wanted].write(graded.grading).encode()


def _file_name(graded: GradedSubmission, wanted: FormatName) -> str:
    """The number of the sheet, and letters of any language, digits, dots and dashes of its id."""
    name = _STRANGE.sub("_", unicodedata.normalize("NFC", graded.id))[:_LONGEST_NAME].strip("._")
    number, extension = f"{graded.index:05d}", _EXTENSIONS[FORMATS[wanted].media_type]
    return f"{number}_{name}{extension}" if name else f"{number}{extension}"


def _add_graded(files: ZipFile, graded: GradedSubmission, wanted: FormatName) -> None:
    if graded.error is None:
        _add(files, _file_name(graded, wanted), _text(graded, wanted))


def _add(files: ZipFile, name: str, content: bytes) -> None:
    files.writestr(ZipInfo(name), content, ZIP_DEFLATED, _PACKING)  # without a date, which would be that of the request


@contextmanager
def _without_reasons(batch: BatchRequest) -> Iterator[None]:
    """What is wrong with a rubric is not told to students: the sentence may have what is expected in it."""
    try:
        yield
    except (SpecError, BudgetExceeded):
        if batch.salt:
            raise FlawedRubric(
                "This assignment cannot be graded by; its owner is told why when it is put again."
            ) from None
        raise


class GradingsWork(JobWork):
    """What the rubric simulates is simulated once, before the first sheet is graded."""

    kind: ClassVar[str] = "gradings"
    result: ClassVar[type[Model]] = GradedSubmission
    files: ClassVar[JobFiles | None] = JobFiles(_file, _archive)

    def parent(self, name: str, database: Database) -> Parent:
        """The assignment of that name, and whether the caller may know all of it; AssignmentNotFound."""
        assignments, asked = AssignmentStore(database), REQUEST.get()  # None outside a request, where nobody is known
        owner = assignments.owner(name)
        return Parent(assignments.get(name, owner).text, owner, whole=asked is not None and asked.caller.teaches(owner))

    def resolve(self, request: BatchSpec, parent: Parent) -> BatchRequest:
        """The sheets with the rubric of `parent`, as the caller may know it."""
        rubric = Rubric.model_validate_json(parent.text)
        whole = BatchRequest(rubric=rubric, submissions=request.submissions, owner=parent.owner)
        return whole if parent.whole else whole.for_students()

    def accept(self, request: BatchRequest, settings: Settings) -> Accepted:
        """A job that grades a class; FlawedRubric, or BudgetExceeded where the rubric simulates too much."""
        with _without_reasons(request):
            checked_plans(request.rubric, Limits.of(settings))
        encoded = request.encoded()
        size = (len(request.submissions), _SECONDS_A_CLAIM * len(request.rubric.claims))
        return self._accepted(size, encoded, settings)

    async def prepare(self, request: bytes, context: JobContext) -> bytes | None:
        """The reports that the rubric's claims are judged by, which are kept for good."""
        batch = BatchRequest.model_validate_json(request)
        with _without_reasons(batch):
            plans = plans_of(batch.rubric)
        reports = {made.digest: await self._report(made, batch.owner, context) for made in plans}
        return b"{%s}" % b",".join(b'"%s":%s' % (digest.encode(), report) for digest, report in reports.items())

    def load(self, request: bytes, prepared: bytes | None) -> PreparedJob:
        batch = BatchRequest.model_validate_json(request)
        return PreparedJob(request, _Sheets(_json(batch.rubric), prepared or b"{}", batch.submissions))

    async def lines(self, job: PreparedJob, items: range, context: JobContext) -> ChunkResult:
        sheets: _Sheets = job.parts
        some = [_json(sheets.submissions[index]) for index in items]
        task = partial(gradings_of, sheets.rubric, sheets.evidence, items, some)
        return await context.pool.work(task, context.deadline_seconds)

    def failed(self, job: PreparedJob, index: int, error: ItemError) -> bytes:
        name = job.parts.submissions[index].id
        return _json(GradedSubmission(index=index, id=name, grading=None, error=error))

    def table(self, request: bytes) -> tuple[list[str], Callable[[bytes], list[Any]]]:
        names = GradedSubmission.columns(BatchRequest.rubric_of(request))
        return names, lambda line: GradedSubmission.model_validate_json(line).cells(len(names))

    async def _report(self, made: Plan, owner: str, context: JobContext) -> bytes:
        report = await context.cache.report(made.digest)
        if report is None:
            report = await context.pool.work(partial(report_json, made), context.deadline_seconds)
        digest, kept = made.digest, report
        if made.spec.include:
            digest, kept = await context.pool.work(partial(evidence_json, report), context.deadline_seconds)
        await context.cache.pin(digest, kept, owner)
        return report
