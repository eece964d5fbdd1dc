"""Gradings of a job as platforms read them: one alone, or all of them in an archive, a file for each student."""

import re
import unicodedata
from collections.abc import Iterable
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from service.charts.tables import csv_line
from service.core.errors import ResultNotFound
from service.grading.batch import BatchRequest, GradedSubmission
from service.grading.formats import FORMATS, FormatName

TABLE = "results.csv"
EXTENSIONS = {"application/json": ".json", "application/vnd.ims.lis.v1.score+json": ".json", "text/plain": ".txt"}
"""What the files of a media type are called."""

_LONGEST_NAME = 60
_STRANGE = re.compile(r"[^\w.-]+")
_PACKING = 1  # these files are much alike: more effort would save little


def written(line: bytes, wanted: FormatName) -> bytes:
    """A result of a job of gradings in the format `wanted`; ResultNotFound where the sheet has no grading."""
    graded = GradedSubmission.model_validate_json(line)
    if graded.error is not None:
        raise ResultNotFound(f"This sheet has no grading: {graded.error.detail}", index=graded.index)
    return _text(graded, wanted)


def bundle(request: bytes, lines: Iterable[bytes], wanted: FormatName) -> bytes:
    """A ZIP of a file for each sheet that has a grading, and of the table of all; the same lines make the same bytes.

    `request` is that of the job. A file is called by the number of its sheet and by what of its id every system takes.
    """
    packed = BytesIO()
    names = GradedSubmission.columns(BatchRequest.rubric_of(request))
    table = [csv_line(names)]
    with ZipFile(packed, "w", ZIP_DEFLATED, compresslevel=_PACKING) as archive:
        for graded in map(GradedSubmission.model_validate_json, lines):  # one at a time: all are a gigabyte
            table.append(csv_line(graded.cells(len(names))))
            _add_graded(archive, graded, wanted)
        _add(archive, TABLE, b"".join(table))
    return packed.getvalue()


def file_name(graded: GradedSubmission, wanted: FormatName) -> str:
    """What the file of a sheet is called: letters of any language, digits, dots and dashes."""
    name = _STRANGE.sub("_", unicodedata.normalize("NFC", graded.id))[:_LONGEST_NAME].strip("._")
    number = f"{graded.index:05d}"
    return f"{number}_{name}{_extension(wanted)}" if name else f"{number}{_extension(wanted)}"


def _text(graded: GradedSubmission, wanted: FormatName) -> bytes:
    return b"" if graded.grading is None else FORMATS[wanted].write(graded.grading).encode()


def _extension(wanted: FormatName) -> str:
    return EXTENSIONS[FORMATS[wanted].media_type]


def _add_graded(archive: ZipFile, graded: GradedSubmission, wanted: FormatName) -> None:
    if graded.error is None:
        _add(archive, file_name(graded, wanted), _text(graded, wanted))


def _add(archive: ZipFile, name: str, content: bytes) -> None:
    archive.writestr(ZipInfo(name), content, ZIP_DEFLATED, _PACKING)  # of no date: it would be that of the asking
