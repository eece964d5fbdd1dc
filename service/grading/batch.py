"""Many answer sheets to one rubric, and what becomes of each."""

import json
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Literal

from pydantic import Field, JsonValue, model_validator
from pydantic_core import PydanticCustomError

from service.core.kinds import Int64, Model
from service.core.version import ENGINE_VERSION
from service.grading.formats.markup import json_of
from service.grading.results import Grading
from service.grading.spec import MOST_CLAIMS, Rubric
from service.simulation.results import ItemError

MOST_SUBMISSIONS = 10_000


class Submission(Model):
    """One student's answers."""

    id: Annotated[str, Field(min_length=1, max_length=200)]
    """Whose they are, in your own words: it comes back with the grading."""
    answers: Annotated[dict[str, JsonValue], Field(max_length=2 * MOST_CLAIMS)]
    """The answers by the ids of the claims, as for `POST /v1/gradings`."""


class BatchSpec(Model):
    """The answer sheets of a class."""

    submissions: Annotated[list[Submission], Field(min_length=1, max_length=MOST_SUBMISSIONS)]
    """One for each student."""

    @model_validator(mode="after")
    def _different(self) -> "BatchSpec":
        if len({one.id for one in self.submissions}) == len(self.submissions):
            return self
        seen: dict[str, int] = {}
        for number, one in enumerate(self.submissions):
            first = seen.setdefault(one.id, number)
            if first != number:
                facts = {"number": number, "first": first}
                raise PydanticCustomError("id_twice", "submissions {first} and {number} have the same id", facts)
        return self


class GradedSubmission(Model):
    """One answer sheet, graded."""

    kind: Literal["grading"] = "grading"
    index: Int64
    """Its number, counted from 0 in the order they were sent."""
    id: str
    """Whose it is."""
    grading: Grading | None
    """What `POST /v1/gradings` answers to this sheet; null where there is an error."""
    error: ItemError | None
    """Why there is no grading."""


class Assignment(Model):
    """A rubric that is kept under a name."""

    id: str
    """The name."""
    rubric: Rubric
    """What is asked, and how it is judged."""
    created_at: datetime
    """When it was first put here, in UTC."""
    updated_at: datetime
    """When it was last put here, in UTC."""


class BatchRequest(BatchSpec):
    """A class's answer sheets with the rubric they are graded by, as a job has them."""

    rubric: Rubric
    """The rubric as it was when the job was accepted."""

    def encoded(self) -> bytes:
        """All of it as JSON with every default written out, and U+FFFD for every lone surrogate in an answer."""
        return json_of(self).encode()


def digest_of(encoded: bytes) -> str:
    """SHA-256 of a request that is encoded, and the engine version, in hexadecimal."""
    return sha256(f"{ENGINE_VERSION}\n".encode() + encoded).hexdigest()


def rubric_of(encoded: bytes) -> Rubric:
    """The rubric of a request that is encoded."""
    return Rubric.model_validate(json.loads(encoded)["rubric"])
