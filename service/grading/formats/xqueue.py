"""Open edX's XQueue."""

from typing import ClassVar

from service.grading.formats.base import Format
from service.grading.formats.markup import json_text
from service.grading.formats.wording import all_correct, as_html
from service.grading.results import Grading


class XQueue(Format):
    """The reply of an external grader to XQueue: exactly three fields, the message one XML element.

    There is no word for undecided: it is not correct, and the message says that a person must look.
    """

    name: ClassVar[str] = "xqueue"
    media_type: ClassVar[str] = "application/json"
    what: ClassVar[str] = "Open edX XQueue: the external grader's reply, correct, score in [0, 1] and msg."

    def write(self, grading: Grading) -> str:
        """The reply."""
        return json_text({"correct": all_correct(grading), "score": grading.fraction, "msg": as_html(grading)})
