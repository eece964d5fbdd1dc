"""PyLTI1p3 posts the score that the service writes, to a learning platform that keeps what it gets."""

import json
import shutil
from datetime import datetime
from pathlib import Path

import pytest

from api_tests.consumers.platform_packages import installed, ran
from api_tests.examples.course import COURSE, ROOT, SHEETS, graded

pytestmark = installed
EXAMPLES = ROOT / "examples"
POSTING = """
import json
from post_score import post_score
from pylti1p3.assignments_grades import AssignmentsGradesService

class Connector:
    def make_service_request(self, scopes, url, **request):
        return {"url": url, **request}

known = {"scope": ["https://purl.imsglobal.org/spec/lti-ags/scope/score"], "lineitem": "https://lms.example/items/7?x=1"}
answers = json.load(open("answers.json"))
print(json.dumps(post_score(AssignmentsGradesService(Connector(), known), "user-1", "rubric.json", answers)))
"""


@pytest.mark.parametrize("sheet", SHEETS)
def test_the_score_is_posted_as_the_standard_has_it(service_url: str, tmp_path: Path, sheet: str) -> None:
    for file in (EXAMPLES / "ags" / "post_score.py", EXAMPLES / "gradient_verdict.py", COURSE / "rubric.json"):
        shutil.copy(file, tmp_path)
    shutil.copy(COURSE / f"answers_{sheet}.json", tmp_path / "answers.json")
    (tmp_path / "service_url").write_text(service_url, encoding="utf-8")
    posted = json.loads(ran(tmp_path, "python", "-c", POSTING))
    assert posted["url"] == "https://lms.example/items/7/scores?x=1"
    assert posted["content_type"] == "application/vnd.ims.lis.v1.score+json"
    score, grading = json.loads(posted["data"]), graded()[sheet]
    assert (score["userId"], score["scoreGiven"], score["scoreMaximum"]) == ("user-1", grading.score, 38.0)
    assert score["gradingProgress"] == ("PendingManual" if grading.needs_review else "FullyGraded")
    assert score["activityProgress"] == "Completed"
    assert datetime.fromisoformat(score["timestamp"]).utcoffset() is not None
