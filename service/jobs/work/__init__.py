"""What jobs do: one file a kind of job."""

from service.jobs.job import JobKind
from service.jobs.work.base import JobWork
from service.jobs.work.gradings import GradingsWork
from service.jobs.work.sweep import SweepWork

WORKS: dict[JobKind, JobWork] = {work.kind: work for work in (SweepWork(), GradingsWork())}
"""The kinds of jobs."""
