"""What is found out of a specification that is to be mended."""

from typing import Annotated

from pydantic import Field

from service.core.kinds import Double, Int64, Model
from service.core.pointers import Edit
from service.simulation.gradients import StoredGradients
from service.simulation.layer_results import Spread
from service.simulation.results import InitialScale, Verdict
from service.simulation.scale import ScaleEntry, wrong_entries
from service.simulation.spec import SimulationSpec
from service.simulation.verdict import Decision
from service.simulation.vocabulary import JudgedAxis, Label, Severity
from service.studies.prescriptions.subject import Remedy

_MOST_LOST = 0.05
"""The share of the entries of weights' gradients that a format of 16 bits may lose: none of 150 networks that lost less
was any worse for it."""


def judging(verdict: Verdict | Decision) -> Spread:
    """The ratio that a label goes by: along time where it is judged there, else in depth."""
    along_time = verdict.time_ratio if verdict.axis is JudgedAxis.TIME else None
    return along_time or verdict.judged_ratio


class Condition(Model):
    """What a report says in short."""

    label: Label
    """What most trials do."""
    severity: Severity
    """How far the median of those trials is outside the stable band."""
    ratio: Double | None
    """The median of the ratio by which it is judged, in decades; null without a hidden layer."""
    failure_risk: Double
    """The probability that training fails, with the optimiser of the policy."""
    initial_loss: Double | None
    """The mean loss before training; null where it is not finite."""
    scale: list[ScaleEntry]
    """What is wrong with the scale before the first step."""
    loses_gradients: bool
    """Whether a format of 16 bits stores too many gradients as 0 or as infinite."""

    @classmethod
    def of(cls, decided: Decision, scale: InitialScale, stored: StoredGradients | None) -> "Condition":
        """What is kept of a network by what is decided of it, its scale, and what 16 bits lose."""
        return cls(
            label=decided.vote.label,
            severity=decided.vote.severity,
            ratio=judging(decided).median,
            failure_risk=decided.failure_risk.probability,
            initial_loss=scale.initial_loss,
            scale=wrong_entries(scale),
            loses_gradients=stored is not None and stored.underflow_share + stored.overflow_share > _MOST_LOST,
        )


class Lines(Model):
    """What to write in two frameworks."""

    pytorch: str
    """In PyTorch."""
    keras: str
    """In Keras."""


class Prescription(Model):
    """A change of the specification, simulated with the same seeds as the specification itself."""

    sentence: str
    """The change, and what it does, with the numbers measured."""
    kind: Remedy
    """What is changed."""
    patch: Annotated[list[Edit], Field(max_length=5000)]
    """The change as a JSON Patch (RFC 6902) of the specification that was sent; empty where training changes alone."""
    spec: SimulationSpec
    """The specification after the change."""
    before: Condition
    """Without the change."""
    after: Condition
    """With it."""
    lines: Lines | None
    """What to write in PyTorch and Keras; null where no line does it."""


class Prescriptions(Model):
    """How a network may be mended: the changes that were tried, the best first."""

    summary: str
    """What the best of them does, or that there is nothing to mend, as a sentence."""
    before: Condition
    """The network as it is."""
    prescriptions: list[Prescription]
    """Those that leave less risk or fewer faults of scale: by what is left, then by how little changes."""
    trials: Int64
    """How many trials each of them was simulated with, the network as it is too."""
    tried: Int64
    """How many changes were simulated."""
    left_out: Int64
    """How many more would have taken longer than is answered at once."""
