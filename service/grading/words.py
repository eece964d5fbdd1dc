"""The words of a grading."""

from enum import StrEnum


class CheckStatus(StrEnum):
    """What became of one claim."""

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
    """What a student is told of a claim."""

    FULL = "full"
    SCORE_ONLY = "score_only"
