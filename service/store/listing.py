"""Reports in a list: what is shown of each, and how a page continues where the one before has ended."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import Field

from service.core.kinds import Double, Int64, Model
from service.simulation.vocabulary import Label, Severity, Tendency

CURSOR = "^[0-9a-f]{14}-[0-9a-f]{32}([0-9a-f]{32})?$"
"""What cursors look like; whatever looks so is a place in the list."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


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


class ReportPage(Model):
    """Some of the reports that are kept, the newest first."""

    items: list[ReportSummary]
    """The reports of this page."""
    next_cursor: Annotated[str, Field(pattern=CURSOR)] | None
    """Where the next page begins, for the parameter `cursor`; null at the end of the list."""


@dataclass(frozen=True)
class Cursor:
    """A place in the list: behind the report that was made at that time and has that digest."""

    created_at: datetime
    digest: str

    @classmethod
    def read(cls, text: str) -> "Cursor":
        """The cursor that `write` wrote as `text`, which is of the form CURSOR."""
        microseconds, _, digest = text.partition("-")
        return cls(_EPOCH + timedelta(microseconds=int(microseconds, 16)), digest)

    def write(self) -> str:
        """A text that is safe in a URL."""
        return f"{(self.created_at - _EPOCH) // _MICROSECOND:014x}-{self.digest}"
