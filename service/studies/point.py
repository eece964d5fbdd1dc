"""A report, reduced to what a sweep keeps of it; and a point of a sweep in its results."""

from typing import Literal

from pydantic import JsonValue

from service.core.kinds import Double, Int64, Model
from service.simulation.results import Interval, ItemError, SimulationReport, Spread
from service.simulation.vocabulary import Cause, Label, Severity, Tendency


class PointVerdict(Model):
    """What a verdict says, without its sentences."""

    label: Label
    """What most trials do."""
    severity: Severity
    """How far the median of those trials is outside the stable band."""
    confidence: Double
    """The share of trials with that label."""
    seed_dependent: bool
    """Whether that share is below 0.8."""
    tendency: Tendency
    """What the network is prone to."""
    cause: Cause | None
    """Why; null where there is nothing to explain."""
    depth_ratio: Spread
    """Delta at the first hidden layer over delta at the last, in decades: what the label is decided by."""
    gain_per_layer: Spread
    """The factor delta changes by with every layer towards the input."""
    gain_per_layer_interval: Interval | None
    """The 95 % confidence interval of its median."""
    reach: Spread
    """Delta at the first hidden layer over the gradient of the prediction, in decades."""


class Reduced(Model):
    """What is kept of a report by its digest."""

    digest: str
    """The report's digest: POST the specification to /v1/simulations, and all of it is there."""
    verdict: PointVerdict
    """The judgement."""
    theory_depth_ratio: Double | None
    """The depth ratio that mean field theory predicts, in decades; null where it does not apply."""


class SweepPoint(Model):
    """One point of a sweep."""

    kind: Literal["point"] = "point"
    index: Int64
    """Its number, counted from 0; the last axis varies fastest."""
    values: dict[str, JsonValue]
    """The values of the axes by their names."""
    digest: str | None
    """The digest of its specification; null where that is not valid."""
    verdict: PointVerdict | None
    """The judgement; null where there is an error."""
    theory_depth_ratio: Double | None
    """The depth ratio that mean field theory predicts, in decades; null where it does not apply."""
    error: ItemError | None
    """Why there is no judgement."""


def reduced(report: SimulationReport) -> Reduced:
    """What a sweep keeps of `report`."""
    verdict = {name: getattr(report.verdict, name) for name in PointVerdict.model_fields}
    return Reduced(
        digest=report.digest,
        verdict=PointVerdict.model_construct(**verdict),
        theory_depth_ratio=report.theory.depth_ratio,
    )
