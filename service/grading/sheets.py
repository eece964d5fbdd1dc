"""Answer sheets to one rubric → their gradings, a line of JSON each; what simulates is handed over."""

from collections.abc import Iterable
from functools import partial

from service.grading.batch import GradedSubmission, Submission
from service.grading.claims.base import Simulate
from service.grading.formats.markup import json_of
from service.grading.grade import grade
from service.grading.results import Grading
from service.grading.spec import GradingSpec, Rubric
from service.simulation.results import ItemError
from service.studies.evaluation import ChunkResult


def graded(rubric: Rubric, sheets: Iterable[tuple[int, bytes]], simulate: Simulate) -> ChunkResult:
    """The gradings of `sheets`, numbered submissions as JSON."""
    found = ChunkResult()
    for index, sheet in sheets:
        submission = Submission.model_validate_json(sheet)
        spec = GradingSpec(rubric=rubric, answers=submission.answers)
        outcome = found.attempt(partial(grade, spec, simulate))
        error = outcome if isinstance(outcome, ItemError) else None
        grading = outcome if isinstance(outcome, Grading) else None
        line = GradedSubmission(index=index, id=submission.id, grading=grading, error=error)
        found.lines.append(json_of(line).encode())
        found.failed += error is not None
    return found
