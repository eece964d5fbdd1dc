"""nbgrader."""

from typing import ClassVar

from service.grading.formats.base import Format
from service.grading.results import Grading


class NbGrader(Format):
    """The points as a Python float, the value of a test cell's last expression: `float(text)`.

    nbgrader gives full marks for anything that does not read as a number between 0 and the cell's points, so this is
    a number and nothing else, and undecided checks count 0. The cell's points must be the rubric's.
    """

    name: ClassVar[str] = "nbgrader"
    media_type: ClassVar[str] = "text/plain"
    what: ClassVar[str] = "nbgrader: the points alone, for the last expression of a test cell."

    def write(self, grading: Grading) -> str:
        """The points as Python writes a float."""
        # A sum of many points may round to above the sum of their maxima, and would then give full marks.
        return repr(float(min(grading.score, grading.max_score)))
