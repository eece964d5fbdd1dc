"""The kinds of jobs by their names."""

from service.jobs.job import JobKind
from service.jobs.work.base import JobWork
from service.jobs.work.gradings import GradingsWork
from service.jobs.work.sweep import SweepWork

WORKS: dict[JobKind, JobWork] = {work.kind: work for work in (SweepWork(), GradingsWork())}
