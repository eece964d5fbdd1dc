"""Reports in a list: what is shown of each, and how a page continues where the one before has ended."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from json import JSONDecoder
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, Field
from sqlalchemy import Column, Select, tuple_

from service.core.kinds import Double, Int64, Model
from service.simulation.vocabulary import Label, Severity, Tendency

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class Cursor:
    """A place in a list, the newest first: behind the row that was made at that time and has that name."""

    PATTERN: ClassVar[str] = "^[0-9a-f]{14}-[0-9a-f]{32}([0-9a-f]{32})?$"
    """What cursors look like; every text that looks so is a place in the list."""

    created_at: datetime
    name: str  # a digest, or the id of a job

    @classmethod
    def read(cls, text: str | None) -> "Cursor | None":
        """The cursor that `write` wrote as `text`, which is of the form PATTERN; None for None, the first page."""
        if text is None:
            return None
        microseconds, _, name = text.partition("-")
        return cls(_EPOCH + timedelta(microseconds=int(microseconds, 16)), name)

    def write(self) -> str:
        """A text that is safe in a URL."""
        return f"{(self.created_at - _EPOCH) // _MICROSECOND:014x}-{self.name}"

    @classmethod
    def newest_first(cls, query: Select[Any], name: Column[Any], after: "Cursor | None") -> Select[Any]:
        """The rows of `query` behind `after`, the newest first; the column `name` orders those of one moment."""
        created_at = name.table.c.created_at
        ordered = query.order_by(created_at.desc(), name.desc())
        return (
            ordered if after is None else ordered.where(tuple_(after.created_at, after.name) > tuple_(created_at, name))
        )


_decode = JSONDecoder().raw_decode
_SMALL_BYTES = 256 << 10
"""Of a report that is read at once, within a few milliseconds."""


class _Ratio(BaseModel):
    median: float | None


class _Verdict(BaseModel):
    label: str
    severity: str
    tendency: str
    depth_ratio: _Ratio


class _Shown(BaseModel):
    """The fields of a report that a list shows; all others are passed over."""

    engine_version: str
    verdict: _Verdict
    layers: list[Any]


class ReportSummary(Model):
    """What a list shows of a report."""

    digest: str
    """SHA-256 of the canonical specification and the engine version: the report's name."""
    created_at: datetime
    """When it was made, in UTC."""
    last_used_at: datetime
    """When it was last asked for, in UTC, to the hour."""
    engine_version: str
    """The version of the numbers."""
    label: Label
    """What most trials do."""
    severity: Severity
    """How far the median of those trials is outside the stable band."""
    tendency: Tendency
    """What the network is prone to."""
    depth_ratio: Double | None
    """The median depth ratio, in decades; null where no trial has one."""
    layers: Int64
    """How many layers the network has after unrolling."""
    report_bytes: Int64
    """The size of the report as JSON."""
    pinned: bool
    """Whether it is the evidence of a grading, and so is never dropped."""

    @staticmethod
    def fields_in(report: bytes) -> dict[str, str | int | float | None]:
        """Those of these fields that `report`, which is JSON, tells by itself."""
        small = len(report) <= _SMALL_BYTES
        found = _Shown.model_validate_json(report) if small else _Shown.model_validate(_members(report))
        return {
            "engine_version": found.engine_version,
            "label": found.verdict.label,
            "severity": found.verdict.severity,
            "tendency": found.verdict.tendency,
            "depth_ratio": found.verdict.depth_ratio.median,
            "layers": len(found.layers),
        }


def _members(report: bytes) -> dict[str, Any]:
    """The members of an object in JSON, one after the other, and the items of its lists likewise.

    A report may have megabytes, and whatever reads JSON keeps all other threads waiting as long as one call takes.
    """
    text, found = report.decode(), dict[str, Any]()
    at = _after(text, text.index("{") + 1)
    while text[at] != "}":
        name, at = _decode(text, at)
        at = _after(text, _after(text, at) + 1)  # behind the colon
        found[name], at = _items(text, at) if text[at] == "[" else _decode(text, at)
        at = _next(text, at)
    return found


def _items(text: str, at: int) -> tuple[list[Any], int]:
    """The items of the list that begins at `at`, and where it ends."""
    items, at = [], _after(text, at + 1)
    while text[at] != "]":
        item, at = _decode(text, at)
        items.append(item)
        at = _next(text, at)
    return items, at + 1


def _next(text: str, at: int) -> int:
    """The place of the next member or item behind the one that ends at `at`, or of the closing bracket."""
    at = _after(text, at)
    return _after(text, at + 1) if text[at] == "," else at


def _after(text: str, at: int) -> int:
    """The first place from `at` on that is no white space."""
    while text[at] in " \t\r\n":
        at += 1
    return at


class ReportPage(Model):
    """Some of the reports that are kept, the newest first."""

    items: list[ReportSummary]
    """The reports of this page."""
    next_cursor: Annotated[str, Field(pattern=Cursor.PATTERN)] | None
    """Where the next page begins, for the parameter `cursor`; null at the end of the list."""
