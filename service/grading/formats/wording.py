"""What a grading says in words and shares, alike on all platforms."""

from math import fsum

from service.grading.formats.markup import escaped, line
from service.grading.results import Check, CheckStatus, Grading, GradingStatus

REVIEW = "A person must look at this."
HIDDEN = "hidden-checks"
"""The id of all hidden checks together; no claim's id has a hyphen."""
HIDDEN_TITLE = "Hidden checks"
_UNREADABLE = {CheckStatus.INVALID, CheckStatus.MISSING}


def visible(grading: Grading) -> list[Check]:
    """The checks that the student may see."""
    return [check for check in grading.checks if not check.hidden]


def hidden(grading: Grading) -> list[Check]:
    """The checks that the student must not see."""
    return [check for check in grading.checks if check.hidden]


def points_of(checks: list[Check]) -> tuple[float, float]:
    """Points given and points to be had, over `checks`."""
    return fsum(check.points for check in checks), fsum(check.max_points for check in checks)


def passed(check: Check) -> bool:
    """Whether the claim is entirely correct."""
    return check.status is CheckStatus.CORRECT


def all_correct(grading: Grading) -> bool:
    """Whether all points are given and nobody has to look."""
    return grading.fraction >= 1.0 and grading.status is GradingStatus.GRADED


def needs_review(grading: Grading) -> bool:
    """Whether a person has to look."""
    return grading.status is GradingStatus.NEEDS_REVIEW


def unreadable(grading: Grading) -> bool:
    """Whether no answer could be read, so that there is nothing to grade."""
    return bool(grading.checks) and all(check.status in _UNREADABLE for check in grading.checks)


def share(check: Check) -> float:
    """The share of the claim's points that is given, in [0, 1]; of no points, all where it is correct."""
    if check.max_points == 0:
        return float(passed(check))
    return min(1.0, check.points / check.max_points)


def title(check: Check) -> str:
    """The claim's title in one line, never empty."""
    return line(check.title) or check.id


def message(check: Check) -> str:
    """Why, for the student: one line, never empty; it says so where a person must look."""
    said = line(check.message) or f"{check.status.value.capitalize()}."
    return f"{said} {REVIEW}" if check.status is CheckStatus.UNDECIDED else said


def untold(checks: list[Check]) -> str:
    """What is told in place of the messages of hidden `checks`; it says so where a person must look."""
    said = "This is not shown."
    return f"{said} {REVIEW}" if any(check.status is CheckStatus.UNDECIDED for check in checks) else said


def points_in_words(given: float, of: float) -> str:
    """Such as "0.5 of 2 points", to ten digits."""
    return f"{given:.10g} of {of:.10g} points"


def statement(check: Check) -> str:
    """Title, points and message in one line."""
    return f"{title(check)} ({points_in_words(check.points, check.max_points)}): {message(check)}"


def summary(grading: Grading) -> str:
    """The points over all checks, hidden ones too, in one line; it says so where a person must look."""
    said = f"{points_in_words(grading.score, grading.max_score)}."
    return f"{said} {REVIEW}" if needs_review(grading) else said


def as_text(grading: Grading) -> str:
    """The summary, then a line for each visible check."""
    return "\n".join([summary(grading), *(statement(check) for check in visible(grading))])


def as_html(grading: Grading) -> str:
    """The summary and the visible checks as one element, well-formed as XML too."""
    items = "".join(f"<li>{escaped(statement(check))}</li>" for check in visible(grading))
    told = f"<ul>{items}</ul>" if items else ""
    return f"<div><p>{escaped(summary(grading))}</p>{told}</div>"
