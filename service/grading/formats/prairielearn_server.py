"""PrairieLearn's server.py."""

from typing import Any, ClassVar

from service.grading.formats.base import Format
from service.grading.formats.markup import escaped, json_text
from service.grading.formats.wording import message, share, visible
from service.grading.results import Check, CheckStatus, Grading


class PrairieLearnServer(Format):
    """What `grade(data)` of a server.py puts into `data`; a hidden check has a score and a weight and says nothing.

    PrairieLearn's elements show format errors and feedback as HTML, so both are escaped here: a question of one's own
    shows them with three braces, `{{{feedback.d1}}}`. As with PrairieLearn's own elements, one answer that cannot be
    read makes the submission invalid, which takes no attempt. There is no word for undecided: it scores 0, and the
    feedback says that a person must look, unless the check is hidden.
    """

    name: ClassVar[str] = "prairielearn_server"
    media_type: ClassVar[str] = "application/json"
    what: ClassVar[str] = (
        "PrairieLearn's server.py: score, partial_scores, format_errors and feedback, to update `data`."
    )

    def write(self, grading: Grading) -> str:
        """The four entries of `data` that grading sets."""
        seen = visible(grading)
        invalid = [check for check in seen if check.status is CheckStatus.INVALID]
        return json_text(
            {
                "score": grading.fraction,
                "partial_scores": {check.id: _partial(check) for check in grading.checks},
                "format_errors": {check.id: escaped(message(check)) for check in invalid},
                "feedback": {check.id: escaped(message(check)) for check in seen},
            }
        )


def _partial(check: Check) -> dict[str, Any]:
    """The partial score of `check`, weighted by its points."""
    # PrairieLearn's type says int; it takes any number, and half points occur.
    weight = int(check.max_points) if check.max_points.is_integer() else check.max_points
    score = {"score": share(check), "weight": weight}
    return score if check.hidden else {**score, "feedback": escaped(message(check))}
