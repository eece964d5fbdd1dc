"""What a grading says, and the words it says it with."""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field, model_validator

from service.core.kinds import Double, Fraction, Int64, Model, NonNegative


class CheckStatus(StrEnum):
    """The outcome of one claim; `invalid` is an answer that cannot be read."""

    CORRECT = "correct"
    PARTIAL = "partial"
    INCORRECT = "incorrect"
    INVALID = "invalid"
    UNDECIDED = "undecided"
    MISSING = "missing"


class GradingStatus(StrEnum):
    """Whether a person has to look."""

    GRADED = "graded"
    NEEDS_REVIEW = "needs_review"


class Method(StrEnum):
    """How a claim was judged."""

    EXACT_IDENTITY = "exact_identity"
    CERTIFIED_INTERVAL = "certified_interval"
    NUMERIC = "numeric"
    SIMULATION = "simulation"
    LOOKUP = "lookup"


class Detail(StrEnum):
    """The judgement of one claim, as a student reads it."""

    FULL = "full"
    SCORE_ONLY = "score_only"


class Counterexample(Model):
    """A point at which the answer certainly has another value than expected."""

    z: Double
    """The point."""
    yours: Double | None
    """The answer's value there; null where it has none."""
    expected: Double | None
    """The value expected there; null where there is none."""


class Check(Model):
    """What was found of one claim."""

    id: str
    """The claim's id."""
    kind: str
    """The claim's kind."""
    title: str
    """The claim's title, its id where it has none."""
    status: CheckStatus
    """The outcome."""
    points: NonNegative
    """Points given."""
    max_points: NonNegative
    """The most points that it can get."""
    code: str
    """Why, for programs."""
    message: str
    """Why, for the student; plain text in one paragraph."""
    parsed_latex: str | None
    """How a formula was understood, as LaTeX; null where none was read."""
    method: Method | None
    """How it was judged; null where nothing was."""
    counterexample: Counterexample | None
    """Where an answer goes wrong, where that is a point."""
    position: Int64 | None
    """Where an answer cannot be read: characters from 1."""
    needs_review: bool
    """Whether a person has to look at it."""
    evidence: list[str]
    """Reports of the simulations that it was judged by, as paths of this service."""
    hidden: bool
    """Whether the student shall not see it."""

    @model_validator(mode="before")
    @classmethod
    def _of_an_older_version(cls, known: Any) -> Any:
        """A stored check without `needs_review`, which was then said of the undecided ones alone."""
        if isinstance(known, dict) and "needs_review" not in known:
            return {**known, "needs_review": known.get("status") == CheckStatus.UNDECIDED}
        return known

    @property
    def passed(self) -> bool:
        """Whether the claim is entirely correct."""
        return self.status is CheckStatus.CORRECT

    @property
    def share(self) -> float:
        """The share of the claim's points that is given, in [0, 1]; of no points, all where it is correct."""
        if self.max_points == 0:
            return float(self.passed)
        return min(1.0, self.points / self.max_points)


class Grading(Model):
    """All claims of a rubric, judged."""

    rubric: str
    """The rubric's id."""
    score: NonNegative
    """Points given, over all claims."""
    max_score: NonNegative
    """The most points that all claims can get."""
    fraction: Fraction
    """score / max_score; 1 where there are no points to get."""
    status: GradingStatus
    """Whether a person has to look at one of the claims."""
    checks: Annotated[list[Check], Field(max_length=64)]
    """The claims in the order of the rubric."""
    service_version: str
    """The version of the service that judged."""

    @property
    def visible(self) -> list[Check]:
        """The checks that the student may see."""
        return [check for check in self.checks if not check.hidden]

    @property
    def all_correct(self) -> bool:
        """Whether all points are given and no person has to look."""
        return self.fraction >= 1.0 and not self.needs_review

    @property
    def needs_review(self) -> bool:
        """Whether a person has to look."""
        return self.status is GradingStatus.NEEDS_REVIEW

    @property
    def unreadable(self) -> bool:
        """Whether no answer could be read, so that there is nothing to grade."""
        unread = {CheckStatus.INVALID, CheckStatus.MISSING}
        return bool(self.checks) and all(check.status in unread for check in self.checks)
