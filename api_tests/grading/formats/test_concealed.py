"""What stands in place of hidden checks: their points in sum, and the one status that hides no review."""

from itertools import product

import pytest

from api_tests.grading.formats.gradings import check, graded
from service.grading.formats.base import concealed, disclosed
from service.grading.results import CheckStatus


@pytest.mark.parametrize(("one", "other"), list(product(CheckStatus, CheckStatus)))
def test_of_hidden_checks_a_review_shows_before_a_failure_and_a_failure_before_success(
    one: CheckStatus, other: CheckStatus
) -> None:
    hidden = [check(status, id=f"d{number}", hidden=True) for number, status in enumerate((one, other))]
    found = concealed(hidden)
    both = {one, other}
    reviewed = bool({CheckStatus.UNDECIDED, CheckStatus.INVALID} & both)
    assert found.status == ("undecided" if reviewed else "correct" if both == {CheckStatus.CORRECT} else "incorrect")
    assert (found.points, found.max_points) == (hidden[0].points + hidden[1].points, 4.0)
    assert disclosed(graded([check(), *hidden])) == [check(), found]
    assert disclosed(graded([check()])) == [check()]
