"""otter-grader's test file: one test case for each object of the format otter."""

import json
import sys

from gradient_verdict import graded
from otter.test_files import test_case

OK_FORMAT = False
name = "assignment"
points = None
all_or_nothing = False


def case_of(judged):
    """The test case of one object: all of its points, or none."""

    @test_case(name=judged["name"], points=judged["max_score"], success_message=judged["message"])
    def case():
        assert judged["passed"], judged["message"]

    return case


# The cases and their points depend on the answers, and otter asks for them when it reads this file: the notebook, whose
# variables are those of __main__, has been run by then.
answers = getattr(sys.modules["__main__"], "answers", {})
for number, judged in enumerate(json.loads(graded("otter", "rubric.json", answers))):
    globals()[f"case_{number}"] = case_of(judged)
