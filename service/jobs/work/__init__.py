"""What jobs do: a file for each kind of job, found by reading the folder."""

from enum import StrEnum
from typing import TYPE_CHECKING

from service.core.kinds import Model, discover, union_of
from service.jobs.work.base import JobWork

__all__ = ["WORKS", "JobKind", "JobResult", "JobWork"]

discover(__name__)

WORKS: dict[str, JobWork] = {work.kind: work() for work in sorted(JobWork.__subclasses__(), key=lambda work: work.kind)}
"""Every kind of job by its name, in the order of the names."""

if TYPE_CHECKING:
    JobKind = str
    JobResult = Model
else:
    JobKind = StrEnum("JobKind", {name.upper(): name for name in WORKS})
    JobKind.__doc__ = "What a job does."
    JobResult = union_of("JobResult", [work.result for work in WORKS.values()], "What came out of an item.")
