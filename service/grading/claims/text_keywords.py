"""A text that has to speak of something; whether it says it well is for a person."""

import re
from typing import Annotated, Any, Literal

from pydantic import Field

from service.grading.answers import Unreadable
from service.grading.claims.base import Claim, Context, Judgement
from service.grading.results import Method

_Word = Annotated[str, Field(min_length=2, max_length=60)]
_LONGEST = 10_000


class TextKeywordsClaim(Claim):
    """A text in which every idea is named by one of its words; what is not found goes to a person, never to wrong."""

    kind: Literal["text_keywords"] = "text_keywords"
    ideas: Annotated[
        list[Annotated[list[_Word], Field(min_length=1, max_length=16)]], Field(min_length=1, max_length=16)
    ]
    """Of every idea the words that may name it, in any case."""

    def judge(self, answer: Any, context: Context) -> Judgement:
        """Correct where all ideas are found; undecided otherwise."""
        if not isinstance(answer, str):
            raise Unreadable("Answer in words.")
        if len(answer) > _LONGEST:
            raise Unreadable(f"A text has at most {_LONGEST} characters here; this one has {len(answer)}.")
        found = sum(any(_names(word, answer) for word in idea) for idea in self.ideas)
        if found == len(self.ideas):
            return Judgement.correct("all_ideas_named", "Correct. Your text names every idea.", Method.LOOKUP)
        sentence = f"Ideas recognised by their words: {found} of {len(self.ideas)}; a person reads your text."
        return Judgement.undecided("ideas_not_found", sentence, Method.LOOKUP)


def _names(word: str, text: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(word)}", text, re.IGNORECASE) is not None
