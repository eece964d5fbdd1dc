"""What an edit of a network changes, by both networks under the same seeds."""

from typing import Annotated, Any, Literal

from pydantic import Field, PrivateAttr, ValidationError

from service.core.errors import SpecError
from service.core.pointers import Edit, PatchError, patched
from service.grading.answers import word_of
from service.grading.claims.base import Claim, Context, Judgement
from service.grading.measures import COMPARED_BY, Measure, Measured, report_path
from service.grading.results import Method
from service.simulation.spec import SimulationSpec

_WORDS = {"more": 1, "less": -1, "equally": 0}
_FORMS = {"more": "more", "less": "less", "equally": "equal(?:ly)?|same"}
_NO_CHANGE = 0.05
"""Decades that are no change: the seeds are the same, so what is left is the edit's."""


class ChangeClaim(Claim):
    """more, less or equally prone, once the network is edited: another output, activation or initialiser."""

    kind: Literal["change"] = "change"
    simulation: SimulationSpec
    """The network before."""
    patch: Annotated[list[Edit], Field(min_length=1, max_length=32)]
    """The edit of the specification, as JSON Patch (RFC 6902): add, remove, replace."""
    by: Literal["vanishing", "exploding"] = "vanishing"
    """What it is more or less prone to."""
    measure: Measure = "end_to_end_ratio"
    """What the simulation is asked; `end_to_end_ratio` counts the output's derivative, too."""

    _after: SimulationSpec | None = PrivateAttr(None)

    def flaws(self) -> list[tuple[str, str]]:
        """A patch that does not fit, or leads to no network."""
        try:
            self.after()
        except PatchError as error:
            return [(f"/patch/{error.number}", error.sentence)]
        except (ValidationError, SpecError):
            return [("/patch", "What the patch makes of the specification is none that can be simulated.")]
        return []

    def after(self) -> SimulationSpec:
        """The network after the edit, made once."""
        if self._after is None:
            before = self.simulation.written_out({edit.path: edit.value for edit in self.patch})
            self._after = SimulationSpec.model_validate(patched(before, self.patch))
        return self._after

    def specs(self) -> dict[str, SimulationSpec]:
        """The network before the edit, and the one after it."""
        return {"/simulation": self.simulation, "/patch": self.after()}

    def networks(self) -> list[SimulationSpec]:
        """The network twice: an edit changes little of its size."""
        return [self.simulation, self.simulation]

    def judge(self, answer: Any, context: Context) -> Judgement:
        """Correct where the measure moves as was said."""
        said = word_of(answer, _FORMS, beside=self.by)
        reports = [context.simulate(spec) for spec in self.specs().values()]
        before, after = (Measured.of(report, self.measure) for report in reports)
        evidence = tuple(report_path(report) for report in reports)
        if before is None or after is None:
            sentence = "One of the two networks has no value to be compared."
            return Judgement.undecided("no_measure", sentence, Method.SIMULATION, evidence=evidence)
        moved = (after.median - before.median) * (-1 if self.by == "vanishing" else 1)
        found = next(word for word, sign in _WORDS.items() if sign == (moved > _NO_CHANGE) - (moved < -_NO_CHANGE))
        decades = f"It goes from {before.median:.3g} to {after.median:.3g} decades: {found} prone to {self.by}."
        message = f"The networks are compared by {COMPARED_BY[self.measure]}. {decades}"
        if said == found:
            return Judgement.correct(f"{found}_prone", f"Correct. {message}", Method.SIMULATION, evidence=evidence)
        if said == "equally" and before.order(after) == 0:
            sentence = f"Correct. {message} The seed alone changes it by as much, so equal is right, too."
            return Judgement.correct("borderline", sentence, Method.SIMULATION, evidence=evidence)
        return Judgement.incorrect("other_change", f"Not {said}. {message}", Method.SIMULATION, evidence=evidence)
