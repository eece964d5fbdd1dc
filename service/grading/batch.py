"""Many answer sheets to one rubric → their gradings, a line of JSON each; what simulates is an argument."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from hashlib import blake2b
from operator import not_
from secrets import token_hex
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, JsonValue, model_validator
from pydantic_core import PydanticCustomError

from service.core.errors import FlawedRubric
from service.core.kinds import Advice, Int64, Model
from service.grading.claims.base import Simulate
from service.grading.formats.markup import json_of
from service.grading.grade import grade, once
from service.grading.results import Detail, Grading
from service.grading.spec import MOST_CLAIMS, GradingSpec, Rubric
from service.simulation.results import ItemError
from service.studies.evaluation import ChunkResult

MOST_SUBMISSIONS = 10_000
_SALT_BYTES = 16
_TOTALS = ("score", "max_score", "fraction", "status")


class Submission(Model):
    """The answers of one student."""

    id: Annotated[str, Field(min_length=1, max_length=200)]
    """Whose they are, in your own words: it comes back with the grading."""
    answers: Annotated[dict[str, JsonValue], Field(max_length=2 * MOST_CLAIMS)]
    """The answers by the ids of the claims, as for `POST /v1/gradings`."""


class BatchSpec(Model):
    """The answer sheets of a class."""

    misnamed: ClassVar[Mapping[str, Advice]] = {"sheets": {"submissions": [{"id": "ada", "answers": {"d": "tanh(z)"}}]}}

    submissions: Annotated[list[Submission], Field(min_length=1, max_length=MOST_SUBMISSIONS)]
    """One for each student."""

    @model_validator(mode="after")
    def _different(self) -> "BatchSpec":
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

    @staticmethod
    def columns(rubric: Rubric) -> list[str]:
        """The names of a table's columns: the sheet, its score, the points and the status of every claim, its error."""
        claims = [f"{claim.id}_{part}" for claim in rubric.claims for part in ("points", "status")]
        return ["index", "id", *_TOTALS, *claims, "error_code", "error_detail"]

    def cells(self, columns: int) -> list[Any]:
        """What it has in these columns, of which there are so many; null is an empty cell."""
        if self.grading is None:
            error = [self.error.code, self.error.detail] if self.error else [None, None]
            return [self.index, self.id, *[None] * (columns - 4), *error]
        totals = [getattr(self.grading, name) for name in _TOTALS]
        claims = [part for check in self.grading.checks for part in (check.points, check.status.value)]
        return [self.index, self.id, *totals, *claims, None, None]


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


@dataclass(frozen=True)
class KeptRubric:
    """A rubric as it is kept under a name, as JSON that is not read yet."""

    name: str
    text: bytes
    created_at: datetime
    updated_at: datetime

    @property
    def version(self) -> str:
        """A name for what is kept, and for when: another one after every change."""
        return blake2b(self.text, key=self.updated_at.isoformat().encode(), digest_size=16).hexdigest()

    def read(self) -> Assignment:
        """The assignment; what takes long where the rubric is large."""
        rubric = Rubric.model_validate_json(self.text)
        return Assignment(id=self.name, rubric=rubric, created_at=self.created_at, updated_at=self.updated_at)


class BatchRequest(BatchSpec):
    """A class's answer sheets with the rubric they are graded by, as a job has them."""

    rubric: Rubric
    """The rubric as it was when the job was accepted."""
    owner: Annotated[str, Field(exclude_if=not_)] = ""
    """Whose the evidence is: the owner of the assignment."""
    salt: Annotated[str, Field(exclude_if=not_)] = ""
    """What keeps the digest from telling a guess at the rubric from a wrong one."""

    def for_students(self) -> "BatchRequest":
        """The same, of which every result may be shown to students; FlawedRubric where nothing is left.

        Hidden claims are gone, and so are claims by the answers to them. Of the others the points are told, and how an
        answer was read, but neither what is right nor why.
        """
        visible = {claim.id for claim in self.rubric.claims if not claim.hidden}
        kept = [
            claim.model_copy(update={"feedback": Detail.SCORE_ONLY})
            for claim in self.rubric.claims
            if claim.id in visible and getattr(claim, "derivative_from", None) in {None, *visible}
        ]
        if not kept:
            raise FlawedRubric("This assignment has no claim whose grading is shown to students.")
        rubric = self.rubric.model_copy(update={"claims": kept})
        return self.model_copy(update={"rubric": rubric, "salt": token_hex(_SALT_BYTES)})

    def encoded(self) -> bytes:
        """All of it as JSON with every default written out, and U+FFFD for every lone surrogate in an answer."""
        return json_of(self).encode()

    @staticmethod
    def rubric_of(encoded: bytes) -> Rubric:
        """The rubric of a request that is `encoded`; the submissions are not validated."""
        return Rubric.model_validate(json.loads(encoded)["rubric"])


def grade_batch(rubric: Rubric, sheets: Iterable[tuple[int, bytes]], simulate: Simulate) -> ChunkResult:
    """The gradings of `sheets`, numbered submissions as JSON."""
    found, simulate = ChunkResult(), once(simulate)
    for index, sheet in sheets:
        submission = Submission.model_validate_json(sheet)
        spec = GradingSpec(rubric=rubric, answers=submission.answers)
        outcome = found.attempt(partial(grade, spec, simulate))
        error = outcome if isinstance(outcome, ItemError) else None
        grading = outcome if isinstance(outcome, Grading) else None
        line = GradedSubmission(index=index, id=submission.id, grading=grading, error=error)
        found.lines.append(json_of(line).encode())
        found.failed += error is not None
    return found
