"""What a claim is: something an answer states, with the rule by which it is judged."""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar

from pydantic import Field

from service.core.kinds import Double, Kind, StrictBool
from service.grading.answers import Formula
from service.grading.results import CheckStatus, Counterexample, Detail, Method
from service.simulation.results import SimulationReport
from service.simulation.spec import Include, SimulationSpec

CLAIM_ID = "^[A-Za-z0-9_]{1,64}$"
"""Ids that every grading system takes: Autolab's parser breaks at a colon inside a name."""

Simulate = Callable[[SimulationSpec], SimulationReport]


@dataclass(frozen=True)
class Judgement:
    """What became of a claim, before it is worth points."""

    status: CheckStatus
    code: str
    message: str
    fraction: float = 0.0  # of the claim's points
    parsed_latex: str | None = None
    method: Method | None = None
    counterexample: Counterexample | None = None
    position: int | None = None
    evidence: tuple[str, ...] = ()

    @classmethod
    def correct(cls, code: str, message: str, method: Method, **more: Any) -> "Judgement":
        """All of the points."""
        return cls(CheckStatus.CORRECT, code, message, 1.0, method=method, **more)

    @classmethod
    def incorrect(cls, code: str, message: str, method: Method, **more: Any) -> "Judgement":
        """None of the points."""
        return cls(CheckStatus.INCORRECT, code, message, 0.0, method=method, **more)

    @classmethod
    def partial(cls, fraction: float, code: str, message: str, method: Method, **more: Any) -> "Judgement":
        """A part of the points, a fraction of 1; all of them make the answer correct, none incorrect."""
        if fraction >= 1.0:
            return cls.correct(code, message, method, **more)
        if fraction <= 0.0:
            return cls.incorrect(code, message, method, **more)
        return cls(CheckStatus.PARTIAL, code, message, fraction, method=method, **more)

    @classmethod
    def undecided(cls, code: str, message: str, method: Method | None = None, **more: Any) -> "Judgement":
        """No points, and a person must look."""
        return cls(CheckStatus.UNDECIDED, code, message, 0.0, method=method, **more)


@dataclass(frozen=True)
class Context:
    """What a claim may look at beside its own answer."""

    answers: Mapping[str, Any]
    simulate: Simulate
    formulas: Mapping[str, Callable[[Any], Formula]] = field(default_factory=dict)
    """How the answers to expression claims are read, by their ids."""


class Claim(Kind):
    """One part of a rubric."""

    looks_at: ClassVar[frozenset[Include]] = frozenset()
    """What it looks at in reports beside their statistics."""

    id: Annotated[str, Field(pattern=CLAIM_ID)]
    """Its name: letters, digits and underscores."""
    title: Annotated[str, Field(max_length=200)] = ""
    """What the student sees it called; its id where it is empty."""
    points: Annotated[Double, Field(ge=0, le=1e6)] = 1.0
    """The most points that it can get."""
    hidden: StrictBool = False
    """Whether the student shall not see it."""
    feedback: Detail = Detail.FULL
    """Whether the student reads why, or the points alone."""

    @abstractmethod
    def judge(self, answer: Any, context: Context) -> Judgement:
        """The judgement on `answer`, a value of JSON that is not null; Unreadable where it is no answer to this."""

    def specs(self) -> dict[str, SimulationSpec]:
        """The simulations it is judged by, by the pointers below the claim that they come from."""
        return {}

    def networks(self) -> list[SimulationSpec]:
        """As many specifications as `specs` has, none of them edited: what is counted before anything is made."""
        return list(self.specs().values())

    def flaws(self) -> list[tuple[str, str]]:
        """What makes it contradictory or impossible to meet: the pointer below the claim, and a sentence."""
        return []
