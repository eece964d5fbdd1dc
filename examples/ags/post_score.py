"""The score of one student, posted to the learning platform with PyLTI1p3."""

import json
from datetime import datetime, timezone
from typing import Any

from gradient_verdict import graded
from pylti1p3.grade import Grade


def post_score(service: Any, user: str, rubric: str, answers: dict[str, Any]) -> Any:
    """What the platform answers; `user` is the `sub` of the launch, `service` its AssignmentsGradesService."""
    score = json.loads(graded("ags", rubric, answers))
    grade = (
        Grade()
        .set_user_id(user)
        .set_timestamp(datetime.now(timezone.utc).isoformat(timespec="milliseconds"))  # noqa: UP017 - older Pythons
        .set_score_given(score["scoreGiven"])
        .set_score_maximum(score["scoreMaximum"])
        .set_comment(score["comment"])
        .set_activity_progress(score["activityProgress"])
        .set_grading_progress(score["gradingProgress"])
    )
    return service.put_grade(grade)
