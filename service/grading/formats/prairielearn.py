"""PrairieLearn: the results of an external grader, and what a question's own server.py puts into its data."""

from typing import Any, ClassVar

from service.grading.formats.base import Format, message, points_summary, title, with_reading
from service.grading.formats.markup import escaped, json_text, line
from service.grading.results import Check, CheckStatus, Grading


class PrairieLearn(Format):
    """The results.json of an external grader; hidden checks count in the score alone.

    Where an answer cannot be read, and the rubric does not call that incorrect, the submission is not gradable, which
    takes no attempt. PrairieLearn escapes all these strings itself.
    """

    name: ClassVar[str] = "prairielearn"
    media_type: ClassVar[str] = "application/json"
    what: ClassVar[str] = "PrairieLearn's external graders: /grade/results/results.json."

    def write(self, grading: Grading) -> str:
        """results.json: the score in [0, 1] and one test for each visible check."""
        results = {
            "score": grading.fraction,
            "gradable": True,
            "message": points_summary(grading),
            "tests": [_test(check) for check in grading.visible],
        }
        errors = _format_errors(grading)
        unread = {"gradable": False, "message": "Nothing was counted.", "format_errors": errors} if errors else {}
        return json_text(results | unread)


class PrairieLearnServer(Format):
    """What `grade(data)` of a server.py puts into `data`; a hidden check has a score and a weight and says nothing.

    PrairieLearn's elements show format errors and feedback as HTML, so both are escaped here: a question of one's own
    shows them with three braces, `{{{feedback.d1}}}`. Its pages set maths with MathJax, and so how a formula was read
    is shown as a formula. As with PrairieLearn's own elements, one answer that cannot be read makes the submission
    invalid, which takes no attempt, unless the rubric calls it incorrect. There is no word for undecided: it scores 0,
    and the feedback says that a person must look, unless the check is hidden.
    """

    name: ClassVar[str] = "prairielearn_server"
    media_type: ClassVar[str] = "application/json"
    what: ClassVar[str] = (
        "PrairieLearn's server.py: score, partial_scores, format_errors and feedback, to update `data`."
    )

    def write(self, grading: Grading) -> str:
        """The four entries of `data` that grading sets."""
        seen = grading.visible
        return json_text(
            {
                "score": grading.fraction,
                "partial_scores": {check.id: _partial(check) for check in grading.checks},
                "format_errors": {check.id: escaped(_told(check)) for check in seen if _is_format_error(check)},
                "feedback": {check.id: with_reading(_told(check), check) for check in seen},
            }
        )


def _test(check: Check) -> dict[str, Any]:
    """The test of `check`; with points always, since one test without them switches all points off."""
    read = line(check.parsed_latex or "")
    return {
        "name": title(check),
        "points": check.points,
        "max_points": check.max_points,
        "message": _told(check),
        "output": f"Read as {read}" if read else "",
    }


def _format_errors(grading: Grading) -> list[str]:
    """Which answers cannot be read and why, or that none can; empty where the submission is graded."""
    found = [f"{title(check)}: {_told(check)}" for check in grading.visible if _is_format_error(check)]
    return found or (["No answer could be read."] if grading.unreadable else [])


def _is_format_error(check: Check) -> bool:
    """Whether it cannot be read, and the rubric does not call that incorrect."""
    return check.status is CheckStatus.INVALID and check.needs_review


def _told(check: Check) -> str:
    """Why; of what cannot be read no person has to look, for nothing is counted until it is written anew."""
    return message(check.model_copy(update={"needs_review": False})) if _is_format_error(check) else message(check)


def _partial(check: Check) -> dict[str, Any]:
    """The partial score of `check`, weighted by its points."""
    # PrairieLearn's type says int; it takes any number, and half points occur.
    weight = int(check.max_points) if check.max_points.is_integer() else check.max_points
    score = {"score": check.share, "weight": weight}
    return score if check.hidden else {**score, "feedback": with_reading(_told(check), check)}
