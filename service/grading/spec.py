"""What may be asked to be graded."""

from typing import Annotated

from pydantic import Field, JsonValue, model_validator
from pydantic_core import PydanticCustomError

from service.core.kinds import Model
from service.grading.claims import AnyClaim
from service.grading.claims.base import ID

MOST_CLAIMS = 64


class Rubric(Model):
    """What is asked, and how it is judged."""

    id: Annotated[str, Field(pattern=ID)]
    """Its name: letters, digits and underscores."""
    title: Annotated[str, Field(max_length=200)] = ""
    """What it is called."""
    claims: Annotated[list[AnyClaim], Field(min_length=1, max_length=MOST_CLAIMS)]
    """Its parts, each with an id of its own."""

    @model_validator(mode="after")
    def _different(self) -> "Rubric":
        ids = [claim.id for claim in self.claims]
        twice = next((number for number, one in enumerate(ids) if one in ids[:number]), None)
        if twice is not None:
            facts = {"number": twice, "first": ids.index(ids[twice])}
            raise PydanticCustomError("id_twice", "claims {first} and {number} have the same id", facts)
        return self


class GradingSpec(Model):
    """A rubric, and a student's answers to it."""

    rubric: Rubric
    """The rubric."""
    answers: Annotated[dict[str, JsonValue], Field(max_length=2 * MOST_CLAIMS)]
    """The answers by the ids of the claims: texts, numbers, lists or objects, as each claim wants them."""
