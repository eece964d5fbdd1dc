"""Gradings of a job in the formats of platforms: one alone, and all of them in an archive."""

import csv
from collections.abc import Iterator
from io import BytesIO, StringIO
from pathlib import Path
from zipfile import ZipFile

import pytest

from api_tests.jobs.classes import a_class, lines_of
from api_tests.studies.sweeping import BASE, given
from service.core.errors import JobNotFound, ResultNotFound
from service.core.settings import Settings
from service.grading.batch import GradedSubmission
from service.grading.formats import FORMATS, FormatName
from service.grading.results import Grading
from service.jobs.jobs import Jobs
from service.jobs.records import JobRecords, Requester
from service.jobs.results import JobResults
from service.jobs.work.base import Accepted
from service.jobs.work.gradings import GradingsWork
from service.jobs.work.sweep import SweepWork
from service.simulation.results import ItemError
from service.store.database import Database
from service.studies.sweep import SweepSpec

REQUEST = a_class()
LINES = lines_of(REQUEST).lines
WORK = GradingsWork()
FILES = WORK.files
assert FILES is not None
ERROR = ItemError(code="worker-failed", detail="It died.", pointer=None)
FAILED = GradedSubmission(index=5, id="eve", grading=None, error=ERROR).model_dump_json().encode()
NATIVE = FormatName("native")


def grading_of(line: bytes) -> Grading:
    found = GradedSubmission.model_validate_json(line).grading
    assert found is not None
    return found


def files_of(packed: bytes) -> dict[str, bytes]:
    with ZipFile(BytesIO(packed)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.mark.parametrize("wanted", list(FORMATS))
def test_a_sheet_alone_and_in_the_archive_is_what_its_format_writes(wanted: str) -> None:
    name = FormatName(wanted)
    texts = [FORMATS[wanted].write(grading_of(line)).encode() for line in LINES]
    assert [FILES.file(line, name) for line in LINES] == texts
    files = files_of(FILES.archive(REQUEST.encoded(), LINES, name))
    assert list(files.values())[:-1] == texts
    assert {Path(file).suffix for file in list(files)[:-1]} == {
        ".txt" if FORMATS[wanted].media_type == "text/plain" else ".json"
    }


def test_files_are_called_by_number_and_by_what_every_system_takes_of_the_id() -> None:
    assert list(files_of(FILES.archive(REQUEST.encoded(), LINES, NATIVE))) == [
        "00000_ada.json",
        "00001_Zoë_.._木.json",
        "00002_cmd_C_calc_A1.json",
        "00003.json",
        f"00004_{'x' * 60}.json",
        "results.csv",
    ]


def test_the_archive_has_the_table_in_which_nothing_is_run() -> None:
    table = files_of(FILES.archive(REQUEST.encoded(), [*LINES, FAILED], NATIVE))["results.csv"].decode()
    names, *rows = csv.reader(StringIO(table, newline=""))
    assert names == WORK.table(REQUEST.encoded())[0]
    assert {len(cells) for cells in rows} == {len(names)}
    assert [cells[0] for cells in rows] == list("012345")
    assert rows[2][1] == "'=cmd|' /C calc'!A1"
    assert rows[5][-2:] == ["worker-failed", "It died."]


def test_the_same_gradings_make_the_same_archive() -> None:
    assert FILES.archive(REQUEST.encoded(), LINES, NATIVE) == FILES.archive(REQUEST.encoded(), list(LINES), NATIVE)


def test_a_sheet_without_a_grading_is_told_and_has_no_file() -> None:
    with pytest.raises(ResultNotFound, match="It died"):
        FILES.file(FAILED, NATIVE)
    files = files_of(FILES.archive(REQUEST.encoded(), [*LINES, FAILED], NATIVE))
    assert len(files) == 1 + len(LINES)


class Office:
    """Jobs that only the test works on."""

    def __init__(self, folder: Path) -> None:
        url = f"sqlite:///{folder}/reports.sqlite3"
        self.database = Database(url)
        self.jobs = Jobs(Settings(database_url=url, job_workers=0), self.database)

    def accept(self, kind: str, request: bytes, total: int) -> str:
        name = f"{len(JobRecords(self.database).page(9)):032x}"
        job = Accepted(name, kind, "0" * 64, "1", total, chunk=2, estimated_seconds=1.0, request=request)
        JobRecords(self.database).accept(job, Requester(), "")
        return name

    def keep(self, job: str, start: int, lines: list[bytes]) -> None:
        JobResults(self.database).keep(job, start, lines, 0)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path)
    yield made
    made.database.close()


@pytest.mark.anyio
async def test_gradings_can_be_had_as_platforms_read_them_while_the_job_runs(office: Office) -> None:
    gradings = FormatName("gradescope")
    job = office.accept(GradingsWork.kind, REQUEST.encoded(), 5)
    assert list(files_of(await office.jobs.results.archive(job, gradings))) == ["results.csv"]
    office.keep(job, 0, LINES[:2])
    assert await office.jobs.results.file(job, 1, gradings) == FILES.file(LINES[1], gradings)
    assert await office.jobs.results.file(job, 1, NATIVE) == FORMATS["native"].write(grading_of(LINES[1])).encode()
    assert await office.jobs.results.archive(job, gradings) == FILES.archive(REQUEST.encoded(), LINES[:2], gradings)
    table = b"".join([part async for part in await office.jobs.results.table(job)])
    assert table == files_of(await office.jobs.results.archive(job, gradings))["results.csv"]
    with pytest.raises(ResultNotFound, match="not come to this item"):
        await office.jobs.results.file(job, 2, gradings)
    with pytest.raises(ResultNotFound, match="no such item"):
        await office.jobs.results.file(job, 5, gradings)
    with pytest.raises(JobNotFound):
        await office.jobs.results.file("f" * 32, 0, gradings)


@pytest.mark.anyio
async def test_a_point_of_a_sweep_has_no_format_and_a_sweep_no_archive(office: Office) -> None:
    spec = SweepSpec.model_validate({"base": BASE, "axes": [given("depth", 1, 2)]})
    job = office.accept(SweepWork.kind, spec.model_dump_json().encode(), 2)
    office.keep(job, 0, [b'{"kind":"point"}', b'{"kind":"point","index":1}'])
    assert await office.jobs.results.file(job, 1, FormatName("gradescope")) == b'{"kind":"point","index":1}'
    with pytest.raises(ResultNotFound, match="table at results"):
        await office.jobs.results.archive(job, NATIVE)
