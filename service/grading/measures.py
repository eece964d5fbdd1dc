"""What simulations say of networks, for claims: a measure with its uncertainty, and the path of its report."""

from dataclasses import dataclass, field
from functools import lru_cache
from math import log10
from typing import Literal

from service.simulation.layer_results import Spread
from service.simulation.results import Interval, SimulationReport
from service.simulation.spec import SimulationSpec
from service.simulation.vocabulary import JudgedAxis

Measure = Literal["gain_per_layer", "depth_ratio", "judged_ratio", "end_to_end_ratio"]
COMPARED_BY: dict[Measure, str] = {
    "gain_per_layer": "the gain per layer, which is the tendency with more layers",
    "depth_ratio": "the depth ratio, which is the gradient at the depth as it is",
    "judged_ratio": "the judged ratio, which is what the label at the depth as it is goes by",
    "end_to_end_ratio": "the end-to-end ratio, which counts the output layer, too",
}
"""What a measure is about, for the feedback."""
_FINE = 0.02
"""Decades that are no difference."""


@dataclass(frozen=True)
class Measured:
    """Decades, rising with the gradient towards the input: between `low` and `high` for all that is known."""

    low: float
    median: float
    high: float

    @classmethod
    def of(cls, report: SimulationReport, by: Measure) -> "Measured | None":
        """The measure `by` of a network; None where it has none."""
        if by == "gain_per_layer":
            return _rate(report.verdict.gain_per_layer_interval, report.verdict.gain_per_layer.median)
        spread = judged_ratio(report) if by == "judged_ratio" else getattr(report.verdict, by)
        if spread.median is None or spread.std is None:
            return None
        error = 2.0 * spread.std / spread.count**0.5  # of a median, all but enough
        return cls(spread.median - error, spread.median, spread.median + error)

    def order(self, other: "Measured") -> int:
        """−1 where this is certainly smaller, 1 where it is larger, 0 where they cannot be distinguished."""
        if self.high < other.low and other.median - self.median > _FINE:
            return -1
        return 1 if self.low > other.high and self.median - other.median > _FINE else 0


def judged_ratio(report: SimulationReport) -> Spread:
    """What the label of a report goes by, in decades: its judged ratio, or its time ratio where that decides."""
    verdict = report.verdict
    along_time = verdict.time_ratio if verdict.axis is JudgedAxis.TIME else None
    return along_time or verdict.judged_ratio


def report_path(report: SimulationReport) -> str:
    """The path of `report` in this service, as it is kept for gradings."""
    return f"/v1/simulations/{_digest(_Included(report.digest, report.spec)) if report.spec.include else report.digest}"


def evidence(report: SimulationReport) -> SimulationReport:
    """`report` as it is kept for gradings: that of the same network without what is included beside statistics.

    What is included may be a hundred times as much, and follows from the specification.
    """
    if not report.spec.include:
        return report
    spec = _plain(report.spec)
    return report.model_copy(update={"spec": spec, "digest": spec.digest(), "gradients": None})


def evidence_json(report: bytes, _processes: int = 1) -> tuple[str, bytes]:
    """The digest and the text of `evidence`, of a report as JSON."""
    kept = evidence(SimulationReport.model_validate_json(report))
    return kept.digest, kept.model_dump_json().encode()


@dataclass(frozen=True)
class _Included:
    """A specification that includes something, and its digest, by which it is known."""

    digest: str
    spec: SimulationSpec = field(compare=False)


@lru_cache(maxsize=256)
def _digest(known: _Included) -> str:
    return _plain(known.spec).digest()


def _plain(spec: SimulationSpec) -> SimulationSpec:
    return spec.model_copy(update={"include": []})


def _rate(interval: Interval | None, median: float | None) -> Measured | None:
    if interval is None or median is None:
        return None
    return Measured(*(_decades(gain) for gain in (interval.low, median, interval.high)))


def _decades(gain: float) -> float:
    return log10(gain) if gain > 0.0 else -1e9
