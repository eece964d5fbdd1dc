"""What happens to a network's gradient, against the simulation."""

from typing import Any, Literal

from service.grading.answers import Unreadable
from service.grading.claims.base import Claim, Context, Judgement
from service.grading.measures import report_path
from service.grading.results import Method
from service.simulation.results import SimulationReport
from service.simulation.spec import SimulationSpec
from service.simulation.vocabulary import Label

_SLOW = 0.99
"""A factor per layer that is a rate worth the name, where an interval reaches it."""
_SURE = 0.9
"""The share of trials above which their label alone is right."""


class VerdictClaim(Claim):
    """vanishing, exploding, stable or dead; where the seed decides, either answer is right."""

    kind: Literal["verdict"] = "verdict"
    simulation: SimulationSpec
    """The network."""
    judge_by: Literal["label", "tendency"] = "label"
    """By what happens to it at its depth, or by what its rate per layer leads to with enough layers."""

    def specs(self) -> dict[str, SimulationSpec]:
        """The network whose verdict is asked for."""
        return {"/simulation": self.simulation}

    def judge(self, answer: Any, context: Context) -> Judgement:
        """Correct where the simulation says the same."""
        if not isinstance(answer, str) or answer.strip().lower() not in list(Label):
            raise Unreadable(f"One of these is expected here: {', '.join(Label)}.")
        said, report = answer.strip().lower(), context.simulate(self.simulation)
        found = str(report.verdict.label if self.judge_by == "label" else report.verdict.tendency)
        evidence, reason = (report_path(report),), self._reason(report)
        if said == found:
            return Judgement.correct(f"is_{found}", f"It is {found}. {reason}", Method.SIMULATION, evidence=evidence)
        if said in self._borderline(report):
            sentence = f"It is at the border: {found} just as well. {reason}"
            return Judgement.correct("borderline", sentence, Method.SIMULATION, evidence=evidence)
        return Judgement.incorrect(
            "other_verdict", f"It is {found}, not {said}. {reason}", Method.SIMULATION, evidence=evidence
        )

    def _reason(self, report: SimulationReport) -> str:
        """The first reason for its label; for its tendency the measured rate."""
        rate, interval = report.verdict.gain_per_layer.median, report.verdict.gain_per_layer_interval
        if self.judge_by == "label" or rate is None or interval is None:
            return report.verdict.reasons[0]
        return f"The gradient changes by a factor of {rate:.3g} per layer ({interval.low:.3g} to {interval.high:.3g})."

    def _borderline(self, report: SimulationReport) -> set[str]:
        """What the network is, too: by its label a band that trials reach, by its rate one that cannot be excluded."""
        verdict, policy = report.verdict, report.spec.policy
        if self.judge_by == "tendency":
            interval = verdict.gain_per_layer_interval
            if interval is None or not interval.low <= 1.0 <= interval.high:
                return set()
            possible = {"stable": True, "vanishing": interval.low < _SLOW, "exploding": interval.high > 1.0 / _SLOW}
            return {name for name, may_be in possible.items() if may_be}
        low, high = verdict.depth_ratio.p05, verdict.depth_ratio.p95
        if low is None or high is None or verdict.confidence > _SURE:
            return set()
        reached = {"vanishing": low <= policy.vanishing_mild, "exploding": high >= policy.exploding_mild}
        stable = low < policy.exploding_mild and high > policy.vanishing_mild
        return {name for name, does in {**reached, "stable": stable}.items() if does}
