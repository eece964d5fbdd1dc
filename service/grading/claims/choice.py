"""One or more of some choices."""

from typing import Annotated, Any, Literal

from pydantic import Field

from service.grading.answers import Unreadable
from service.grading.claims.base import Claim, Context, Judgement
from service.grading.results import Method

_Word = Annotated[str, Field(min_length=1, max_length=200)]


class ChoiceClaim(Claim):
    """What is ticked, and what should be."""

    kind: Literal["choice"] = "choice"
    choices: Annotated[list[_Word], Field(min_length=2, max_length=64)]
    """What there is to choose from."""
    expected: Annotated[list[_Word], Field(min_length=1, max_length=64)]
    """What is right."""
    credit: Literal["all", "each"] = "all"
    """Whether all must be right, or each right choice counts, less each wrong one."""

    def flaws(self) -> list[tuple[str, str]]:
        """What is expected and cannot be chosen; what stands twice."""
        strange = [word for word in self.expected if word not in self.choices]
        if strange:
            return [("/expected", f"{len(strange)} of the expected choices cannot be chosen.")]
        if len(set(self.choices)) < len(self.choices) or len(set(self.expected)) < len(self.expected):
            return [("/choices", "A choice stands twice.")]
        return []

    def judge(self, answer: Any, context: Context) -> Judgement:
        """Correct where the same is ticked."""
        ticked = [answer] if isinstance(answer, str) else answer
        if not isinstance(ticked, list) or not all(isinstance(one, str) and one in self.choices for one in ticked):
            raise Unreadable(f"Choose one or more of these: {', '.join(self.choices)}.")
        hits = len(set(ticked) & set(self.expected))
        misses = len(set(ticked) - set(self.expected))
        complete = hits == len(self.expected) and misses == 0
        share = float(complete) if self.credit == "all" else (hits - misses) / len(self.expected)
        code = "right_choice" if complete else "wrong_choice"
        message = "Correct." if complete else _told(hits, misses, len(self.expected) - hits)
        return Judgement.partial(share, code, message, Method.LOOKUP)


def _told(hits: int, wrong: int, missed: int) -> str:
    """What was chosen, in words."""
    chosen = [_counted(number, kind) for number, kind in ((hits, "right"), (wrong, "wrong")) if number]
    ticked = f"You chose {' and '.join(chosen)}" if chosen else "You chose nothing"
    others = "the right one" if missed == 1 and not hits else f"{missed} more" if hits else f"all {missed} right ones"
    return f"{ticked} and missed {others}." if missed else f"{ticked}."


def _counted(number: int, kind: str) -> str:
    return f"{number} {kind} answer{'' if number == 1 else 's'}"
