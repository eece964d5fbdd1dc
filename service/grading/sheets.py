"""Answer sheets to one rubric → their gradings, a line of JSON each; what simulates is handed over."""

import traceback
from collections.abc import Iterable

from service.core.errors import Refusal
from service.grading.batch import GradedSubmission, Submission
from service.grading.claims.base import Simulate
from service.grading.formats.markup import json_of
from service.grading.grade import grade
from service.grading.results import Grading
from service.grading.spec import GradingSpec, Rubric
from service.simulation.results import ItemError
from service.studies.evaluation import DEFECTS, Lines, defect, error_of


def graded(rubric: Rubric, sheets: Iterable[tuple[int, bytes]], simulate: Simulate) -> Lines:
    """The gradings of `sheets`, numbered submissions as JSON."""
    found = Lines()
    for index, sheet in sheets:
        submission = Submission.model_validate_json(sheet)
        outcome = _outcome(GradingSpec(rubric=rubric, answers=submission.answers), simulate, found)
        error = outcome if isinstance(outcome, ItemError) else None
        grading = outcome if isinstance(outcome, Grading) else None
        line = GradedSubmission(index=index, id=submission.id, grading=grading, error=error)
        found.lines.append(json_of(line).encode())
        found.failed += error is not None
    return found


def _outcome(spec: GradingSpec, simulate: Simulate, found: Lines) -> Grading | ItemError:
    try:
        return grade(spec, simulate)
    except Refusal as refusal:
        return error_of(refusal)
    except DEFECTS:
        found.defects.append(traceback.format_exc())
        return defect()
