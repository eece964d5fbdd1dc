"""What happens to a network's gradient, against the simulation."""

from typing import Any, Literal

from service.grading.answers import word_of
from service.grading.claims.base import Claim, Context, Judgement
from service.grading.measures import judged_ratio, report_path
from service.grading.results import Method
from service.simulation.results import SimulationReport
from service.simulation.spec import SimulationSpec
from service.simulation.vocabulary import JudgedAxis, Label

_SLOW = 0.99
"""A factor per layer that is a rate worth the name, where an interval reaches it."""
_SURE = 0.9
"""The share of trials above which their label alone is right."""
_FORMS = {
    Label.DEAD.value: "dead|dies?",
    Label.EXPLODING.value: "explod(?:e|es|ed|ing)|explosions?",
    Label.VANISHING.value: "vanish(?:es|ed|ing)?",
    Label.STABLE.value: "stable",
}
_Sense = Literal["label", "tendency"]
_ASKED: dict[str, str] = {
    "label": "The question is about its depth as it is (the label).",
    "tendency": "The question is about more layers of the same kind (the tendency).",
    "either": "Both count: its depth as it is (the label), and more layers of the same kind (the tendency).",
}


class VerdictClaim(Claim):
    """vanishing, exploding, stable or dead; where the seed decides, either answer is right."""

    kind: Literal["verdict"] = "verdict"
    simulation: SimulationSpec
    """The network."""
    judge_by: Literal["label", "tendency", "either"] = "label"
    """By what happens to it at its depth, by what its rate leads to with more layers, or by either of the two."""

    def specs(self) -> dict[str, SimulationSpec]:
        """The network whose verdict is asked for."""
        return {"/simulation": self.simulation}

    def judge(self, answer: Any, context: Context) -> Judgement:
        """Correct where the simulation says the same."""
        said, report = word_of(answer, _FORMS), context.simulate(self.simulation)
        evidence, senses = (report_path(report),), self._senses(report)
        words = f"{_both(senses)} {self._reason(report)}"
        if said in senses.values():
            return Judgement.correct(f"is_{said}", f"Correct. {words}", Method.SIMULATION, evidence=evidence)
        if any(said in _borderline(report, sense) for sense in senses):
            sentence = f"Correct. It is at the border: {said} just as well. {words}"
            return Judgement.correct("borderline", sentence, Method.SIMULATION, evidence=evidence)
        sentence = f"Not {said}. {words} {_ASKED[self.judge_by]}"
        return Judgement.incorrect("other_verdict", sentence, Method.SIMULATION, evidence=evidence)

    def _senses(self, report: SimulationReport) -> dict[_Sense, str]:
        """The word that is right, by what it is judged by."""
        words: dict[_Sense, str] = {"label": report.verdict.label, "tendency": report.verdict.tendency}
        return {sense: word for sense, word in words.items() if self.judge_by in (sense, "either")}

    def _reason(self, report: SimulationReport) -> str:
        """The first reason for its label; for its tendency the measured rate."""
        rate, interval = report.verdict.gain_per_layer.median, report.verdict.gain_per_layer_interval
        if self.judge_by != "tendency" or rate is None or interval is None:
            return report.verdict.reasons[0]
        if rate == 0.0:
            return "The gradient reaches exactly 0 before the first layer."
        return f"The gradient changes by a factor of {rate:.3g} per layer ({interval.low:.3g} to {interval.high:.3g})."


def _both(senses: dict[_Sense, str]) -> str:
    """The right words with what they are about."""
    about: dict[_Sense, str] = {"label": "at its depth it is {}", "tendency": "with more layers it tends to be {}"}
    sentence = ", and ".join(about[sense].format(word) for sense, word in senses.items())
    return f"{sentence[:1].upper()}{sentence[1:]}."


def _borderline(report: SimulationReport, sense: _Sense) -> set[str]:
    """What the network is, too: by its label a band that trials reach, by its rate one that cannot be excluded."""
    verdict, policy = report.verdict, report.spec.policy
    if sense == "tendency":
        interval = verdict.gain_per_layer_interval
        if interval is None or not interval.low <= 1.0 <= interval.high:
            return set()
        possible = {"stable": True, "vanishing": interval.low < _SLOW, "exploding": interval.high > 1.0 / _SLOW}
        return {name for name, may_be in possible.items() if may_be}
    ratio = judged_ratio(report)
    low, high = ratio.p05, ratio.p95
    if low is None or high is None or verdict.confidence > _SURE:
        return set()
    along_time = verdict.axis is JudgedAxis.TIME
    vanishing = policy.time_vanishing_mild if along_time else policy.vanishing_mild
    reached = {"vanishing": low <= vanishing, "exploding": high >= policy.exploding_mild}
    stable = low < policy.exploding_mild and high > vanishing
    return {name for name, does in {**reached, "stable": stable}.items() if does}
