"""What a format is: a grading written as one platform reads it, in words that are alike on all of them."""

from abc import ABC, abstractmethod
from math import fsum
from typing import ClassVar

from service.grading.formats.markup import as_maths, escaped, line
from service.grading.results import Check, CheckStatus, Grading

REVIEW = "A person must look at this."
MATHJAX = ("\\(", "\\)")
"""What MathJax has around a formula in a line; with KaTeX in Markdown it is a dollar on both sides."""
_HIDDEN = "hidden-checks"
"""The id of all hidden checks together; no claim's id has a hyphen."""


class Format(ABC):
    """One platform's way to state a grading; the same grading gives the same text."""

    name: ClassVar[str]
    """Its public name."""
    media_type: ClassVar[str]
    """The media type of what it writes."""
    what: ClassVar[str]
    """What it is, in one sentence."""

    @abstractmethod
    def write(self, grading: Grading) -> str:
        """`grading` as the platform reads it."""


def disclosed(grading: Grading) -> list[Check]:
    """The checks that the student may see, and one in place of all others, so that the points add up to the score."""
    hidden = [check for check in grading.checks if check.hidden]
    return [*grading.visible, concealed(hidden)] if hidden else grading.visible


def concealed(checks: list[Check]) -> Check:
    """One check in place of hidden `checks`, which tells their points alone, and that a person must look at one."""
    undecided = any(check.needs_review for check in checks)
    all_passed = all(check.passed for check in checks)
    others = CheckStatus.CORRECT if all_passed else CheckStatus.INCORRECT
    return Check(
        id=_HIDDEN,
        kind=_HIDDEN,
        title="Hidden checks",
        status=CheckStatus.UNDECIDED if undecided else others,
        points=fsum(check.points for check in checks),
        max_points=fsum(check.max_points for check in checks),
        code=_HIDDEN,
        message="This is not shown.",
        parsed_latex=None,
        method=None,
        counterexample=None,
        position=None,
        needs_review=undecided,
        evidence=[],
        hidden=True,
    )


def title(check: Check) -> str:
    """The claim's title in one line, never empty."""
    return line(check.title) or check.id


def message(check: Check) -> str:
    """Why, for the student: one line, never empty; it says so where a person must look."""
    said = line(check.message) or f"{check.status.value.capitalize()}."
    return f"{said} {REVIEW}" if check.needs_review else said


def points_in_words(given: float, of: float) -> str:
    """Such as "0.5 of 2 points" and "0.5 of 1 point", to ten digits."""
    told = f"{of:.10g}"
    return f"{given:.10g} of {told} point{'' if told == '1' else 's'}"


def points_summary(grading: Grading) -> str:
    """The points over all checks, hidden ones too, in one line; it says so where a person must look."""
    said = f"{points_in_words(grading.score, grading.max_score)}."
    return f"{said} {REVIEW}" if grading.needs_review else said


def as_text(grading: Grading) -> str:
    """The summary, then a line for each visible check."""
    return "\n".join([points_summary(grading), *(statement(check) for check in grading.visible)])


def as_html(grading: Grading, maths: tuple[str, str] = MATHJAX) -> str:
    """The summary and the visible checks as one element, well-formed as XML too; formulas between `maths`."""
    items = "".join(f"<li>{with_reading(statement(check), check, maths)}</li>" for check in grading.visible)
    told = f"<ul>{items}</ul>" if items else ""
    return f"<div><p>{escaped(points_summary(grading))}</p>{told}</div>"


def with_reading(text: str, check: Check, maths: tuple[str, str] = MATHJAX) -> str:
    """`text`, in which nothing is maths, and how the formula of `check` was read, as maths; HTML."""
    read = as_maths(check.parsed_latex, maths)
    # MathJax passes over these classes, and Markdown over a dollar that is a reference.
    plain = f'<span class="tex2jax_ignore mathjax_ignore">{escaped(text).replace("$", "&#36;")}</span>'
    return f"{plain} Read as {read}" if read else plain


def statement(check: Check) -> str:
    """Title, points and message in one line."""
    return f"{title(check)} ({points_in_words(check.points, check.max_points)}): {message(check)}"
