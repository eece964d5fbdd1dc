"""A statement that holds or does not."""

from typing import Any, Literal

from service.core.kinds import StrictBool
from service.grading.answers import Unreadable
from service.grading.claims.base import Claim, Context, Judgement
from service.grading.results import Method


class TruthClaim(Claim):
    """true or false."""

    kind: Literal["truth"] = "truth"
    expected: StrictBool
    """Whether the statement holds."""

    def judge(self, answer: Any, context: Context) -> Judgement:
        if not isinstance(answer, bool):
            raise Unreadable("true or false is expected here.")
        if answer is self.expected:
            return Judgement.correct("right_choice", "That is right.", Method.LOOKUP)
        return Judgement.incorrect("wrong_choice", "It is the other way round.", Method.LOOKUP)
