"""What may be asked to be graded."""

from typing import Annotated, Any, Literal

from pydantic import Field, JsonValue, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from service.core.errors import FlawedRubric
from service.core.kinds import Model
from service.grading.claims import AnyClaim
from service.grading.claims.base import CLAIM_ID

MOST_CLAIMS = 64
_ANSWER = "answer"
"""The id of a claim that a platform sends without one."""


class Rubric(Model):
    """What is asked, and how it is judged."""

    id: Annotated[str, Field(pattern=CLAIM_ID)]
    """Its name: letters, digits and underscores."""
    title: Annotated[str, Field(max_length=200)] = ""
    """What it is called."""
    unreadable: Literal["review", "incorrect"] = "review"
    """What an answer that cannot be read is: no points yet and a person looks, or simply no points."""
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


class RubricSpec(Model):
    """A rubric, where it is sent on its own."""

    rubric: Rubric
    """The rubric."""

    @model_validator(mode="before")
    @classmethod
    def _wrapped(cls, body: Any) -> Any:
        if isinstance(body, dict) and "claims" in body and "rubric" not in body:
            sentence = 'This is a rubric on its own; wrap it: {"rubric": {"id": …, "claims": […]}}.'
            raise PydanticCustomError("bare_rubric", "{sentence}", {"sentence": sentence})
        return body


class GradingSpec(RubricSpec):
    """A rubric, and a student's answers to it."""

    answers: Annotated[dict[str, JsonValue], Field(max_length=2 * MOST_CLAIMS)]
    """The answers by the ids of the claims: texts, numbers, lists or objects, as each claim wants them."""

    @classmethod
    def from_platform(cls, told: Any, answer: Any, reference: Any = None) -> "GradingSpec":
        """What a teacher told the platform, with the student's answer; FlawedRubric where that is no claim.

        `told` has a `rubric`, of which `answer` has the answers by their ids, or a `claim`, or neither: then the answer
        is a formula, and `reference` the expected one.
        """
        known = told if isinstance(told, dict) else {}
        if "rubric" in known:
            body = {"rubric": known["rubric"], "answers": answer if isinstance(answer, dict) else {}}
        else:
            claim = known.get("claim", {"kind": "expression", "expected": reference})
            named = {"id": _ANSWER, **claim} if isinstance(claim, dict) else claim
            name = named.get("id", _ANSWER) if isinstance(named, dict) else _ANSWER
            body = {"rubric": {"id": "external", "claims": [named]}, "answers": {name: answer}}
        try:
            return cls.model_validate(body)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            place = "/".join(map(str, first["loc"]))
            raise FlawedRubric(
                f"What the platform was told to grade cannot be read at {place}: {first['msg']}."
            ) from None
