"""Two to twelve networks, simulated with the same seeds and ranked; their differences are paired over trials."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from math import inf
from typing import Annotated

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from service.core.errors import Incompatible, SpecError
from service.core.kinds import Double, Int64, Model
from service.core.pointers import Edit, PatchError, patched
from service.nn.values import write_vectors
from service.simulation.estimate import Limits, check_budgets
from service.simulation.layer_results import Spread
from service.simulation.plan import Plan, plan
from service.simulation.results import Interval, SimulationReport
from service.simulation.simulate import simulate_together
from service.simulation.spec import SimulationSpec
from service.simulation.spreads import median_interval, spreads_of
from service.simulation.statistics import Decades
from service.simulation.vocabulary import Cause, Label, Severity
from service.studies.prescriptions.results import judging
from service.studies.sweep import plan_or_error

_MOST_NETWORKS = 12
_NO_DIFFERENCE = 0.02
"""Decades that are no difference, whatever the interval."""


class ComparedSpec(Model):
    """A network to compare: a specification of its own, or what is edited of the base."""

    name: Annotated[str, Field(min_length=1, max_length=60)]
    """What it is called in the answer."""
    spec: SimulationSpec | None = None
    """Its specification; its seed and its trials are those of the comparison."""
    patch: Annotated[list[Edit], Field(max_length=5000)] | None = None
    """Edits of the base (RFC 6902), such as those of a prescription; none at all leave it as it is."""

    @model_validator(mode="after")
    def _one_of_both(self) -> "ComparedSpec":
        if (self.spec is None) == (self.patch is None):
            raise PydanticCustomError("spec_or_patch", "a network that is compared has either a `spec` or a `patch`")
        return self


class ComparisonSpec(Model):
    """The networks, and how often each is simulated, with the same seeds."""

    base: SimulationSpec | None = None
    """What the patches edit, exactly as it is written here; null where every network has a `spec`."""
    networks: Annotated[list[ComparedSpec], Field(min_length=2, max_length=_MOST_NETWORKS)]
    """The networks."""
    trials: Annotated[Int64, Field(ge=1, le=100_000)] = 32
    """How often weights, inputs and targets are drawn, in place of what the specifications say."""
    seed: Annotated[Int64, Field(ge=0, lt=2**63)] = 0
    """The seed of all draws, likewise."""

    @model_validator(mode="after")
    def _consistent(self) -> "ComparisonSpec":
        names = [one.name for one in self.networks]
        if len(set(names)) < len(names):
            raise PydanticCustomError("name_twice", "two networks have the same name")
        if self.base is None and any(one.patch is not None for one in self.networks):
            raise PydanticCustomError("patch_without_base", "a `patch` edits the `base`, and there is none")
        return self


class ComparedNetwork(Model):
    """What is said of one of the networks."""

    name: str
    """Its name in the request."""
    rank: Annotated[Int64, Field(ge=1, le=_MOST_NETWORKS)]
    """Its place: 1 has the least risk, and of equal risks the smallest ratio in size."""
    label: Label
    """What most trials do."""
    severity: Severity
    """How far the median of those trials is outside the stable band."""
    cause: Cause | None
    """Why; null where there is nothing to explain."""
    ratio: Spread
    """The ratio that its label is judged by, in decades."""
    failure_risk: Double
    """The probability that training fails, with the optimiser of its policy."""
    digest: str
    """The digest of its report: `GET /v1/simulations/{digest}`."""


class RatioDifference(Model):
    """The ratio in depth of one network less that of another, trial by trial with the same draws."""

    of: str
    """The name of the one."""
    less: str
    """The name of the other."""
    difference: Spread
    """In decades, over the trials in which both have a ratio."""
    interval: Interval | None
    """The 95 % confidence interval of its median; null where no trial has one."""
    distinct: bool
    """Whether the interval is on one side of 0, and the median further from it than 0.02 decades."""


class Comparison(Model):
    """The networks, the best first, and how they differ."""

    networks: list[ComparedNetwork]
    """By rank."""
    differences: list[RatioDifference]
    """Of every two of them, those of the first with all others before the rest."""
    chart: str
    """The path of a chart with all of them, as SVG; `chart.json` and `chart.png` are beside it."""
    trials: Int64
    """How often each was simulated."""


@dataclass(frozen=True)
class Compared:
    """A comparison, and the reports that it rests on as JSON, by their digests."""

    comparison: Comparison
    reports: dict[str, bytes]


def plans_of(spec: ComparisonSpec, limits: Limits) -> list[Plan]:
    """The plans of all networks, with the same seed and trials.

    A SpecError points at the network at fault; BudgetExceeded where they cost more than `limits` together.
    """
    common = {"trials": spec.trials, "seed": spec.seed}
    plans = [_plan(spec, number) for number in range(len(spec.networks))]
    plans = [replace(made, spec=made.spec.model_copy(update=common)) for made in plans]
    check_budgets(plans, limits)
    return plans


def compared(names: Sequence[str], plans: Sequence[Plan], processes: int = 1) -> Compared:
    """The comparison of networks by their names."""
    found = sorted(simulate_together(plans, processes), key=lambda one: one[0])
    reports = {names[number]: report for number, report, _ in found}
    ratios = {names[number]: trials.judged_ratio for number, _, trials in found}
    ranked = sorted(reports, key=lambda name: _order(reports[name]))
    first, *others = (reports[name].digest for name in ranked)
    beside = "".join(f"&with={digest}" for digest in dict.fromkeys(others) if digest != first)
    comparison = Comparison(
        networks=[_network(name, rank, reports[name]) for rank, name in enumerate(ranked, 1)],
        differences=[_difference(one, other, ratios) for one, other in combinations(ranked, 2)],
        chart=f"/v1/simulations/{first}/chart.svg?chart=comparison{beside}",
        trials=max(made.spec.trials for made in plans),
    )
    return Compared(comparison, {one.digest: one.model_dump_json().encode() for one in reports.values()})


def _plan(spec: ComparisonSpec, number: int) -> Plan:
    """The plan of a network; a SpecError that points at it in the comparison."""
    one, at = spec.networks[number], f"/networks/{number}"
    if one.spec is not None:
        try:
            return plan(one.spec)
        except SpecError as error:
            error.pointer = f"{at}/spec{error.pointer or ''}"
            raise
    document = spec.base.model_dump(mode="json", exclude_unset=True) if spec.base else {}
    write_vectors(document, {edit.path: edit.value for edit in one.patch or []})
    try:
        made = plan_or_error(patched(document, one.patch or []))
    except PatchError as error:
        raise Incompatible(error.sentence, pointer=f"{at}/patch/{error.number}") from None
    if isinstance(made, Plan):
        return made
    sentence = f"With its patch this is no network that can be simulated, at {made.pointer or 'its root'}: "
    raise Incompatible(sentence + made.detail, pointer=f"{at}/patch")


def _order(report: SimulationReport) -> tuple[float, float]:
    """By risk, and of risks that are equal to two digits by the size of the ratio; none at all counts as 0."""
    ratio = judging(report.verdict).median
    size = inf if report.verdict.label is Label.DEAD else abs(ratio or 0.0)
    return round(report.verdict.failure_risk.probability, 2), size


def _network(name: str, rank: int, report: SimulationReport) -> ComparedNetwork:
    verdict = report.verdict
    return ComparedNetwork(
        name=name,
        rank=rank,
        label=verdict.label,
        severity=verdict.severity,
        cause=verdict.cause,
        ratio=judging(verdict),
        failure_risk=verdict.failure_risk.probability,
        digest=report.digest,
    )


def _difference(one: str, other: str, ratios: dict[str, Decades]) -> RatioDifference:
    """Trial by trial; a network in which nothing is random has one trial, which is compared with all of the other."""
    paired = ratios[one] - ratios[other]
    (difference,), interval = spreads_of(paired), median_interval(paired)
    ends = None if interval is None else Interval(low=interval[0], high=interval[1])
    apart = ends is not None and (ends.low > 0.0 or ends.high < 0.0)
    far = abs(difference.median or 0.0) > _NO_DIFFERENCE
    return RatioDifference(of=one, less=other, difference=difference, interval=ends, distinct=apart and far)
