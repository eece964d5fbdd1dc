"""Verdicts as answers: what the simulation says, and either word where the seed decides."""

from typing import Any

import pytest

from api_tests.grading.judging import Json, answering, judged
from api_tests.grading.networks_for_claims import NETWORK, saying, spread
from service.simulation.results import Interval
from service.simulation.simulate import simulate
from service.simulation.spec import SimulationSpec
from service.simulation.vocabulary import JudgedAxis, Label, Tendency

VERDICT: Json = {"kind": "verdict", "simulation": NETWORK}
VANISHING = {"label": Label.VANISHING, "confidence": 1.0, "judged_ratio": spread(-3.0, -3.5, -2.5)}


@pytest.mark.parametrize(("answer", "code"), [
    ("vanishing", "is_vanishing"), (" Vanishing ", "is_vanishing"), ("VANISHING", "is_vanishing"),
    ("stable", "other_verdict"), ("exploding", "other_verdict"), ("dead", "other_verdict"),
])  # fmt: skip
def test_a_label_is_right_where_the_simulation_gives_it(answer: str, code: str) -> None:
    report = saying("abc", **VANISHING)
    check = judged(VERDICT, answer, answering(report))
    assert (check.code, check.method) == (code, "simulation")
    assert check.status == ("correct" if code.startswith("is_") else "incorrect")
    assert check.evidence == ["/v1/simulations/abc"]
    assert report.verdict.reasons[0] in check.message


BORDERLINE = [
    (0.6, (-1.2, -1.5, -0.5), {"vanishing", "stable"}),
    (0.89, (-1.2, -1.5, -0.5), {"vanishing", "stable"}),
    (0.95, (-1.2, -1.5, -0.5), {"vanishing"}),
    (0.6, (-1.2, -1.5, 1.5), {"vanishing", "stable", "exploding"}),
    (0.6, (-2.0, -3.0, -1.5), {"vanishing"}),
]


@pytest.mark.parametrize(("confidence", "ratio", "right"), BORDERLINE)
def test_either_word_is_right_where_the_seed_decides(
    confidence: float, ratio: tuple[float, float, float], right: set[str]
) -> None:
    said = {"label": Label.VANISHING, "confidence": confidence, "judged_ratio": spread(*ratio)}
    checks = {label: judged(VERDICT, label, answering(saying(**said))) for label in Label}
    assert {label for label, check in checks.items() if check.status == "correct"} == right
    assert all(checks[word].code == "borderline" for word in right - {"vanishing"})


def test_where_the_steps_of_time_decide_the_border_is_that_of_time() -> None:
    ratios = {"judged_ratio": spread(0.0), "time_ratio": spread(-1.2, -1.5, -0.5), "axis": JudgedAxis.TIME}
    report = saying(label=Label.VANISHING, confidence=0.6, **ratios)
    assert judged(VERDICT, "stable", answering(report)).code == "borderline"
    unsure = saying(label=Label.VANISHING, confidence=0.6, **{**ratios, "time_ratio": spread(-3.0)})
    assert judged(VERDICT, "stable", answering(unsure)).code == "other_verdict"


TENDENCIES = [
    (Tendency.VANISHING, Interval(low=0.7, high=0.9), {"vanishing"}),
    (Tendency.VANISHING, Interval(low=0.9, high=1.01), {"vanishing", "stable"}),
    (Tendency.EXPLODING, Interval(low=1.1, high=1.2), {"exploding"}),
    (Tendency.EXPLODING, None, {"exploding"}),
]


@pytest.mark.parametrize(("tendency", "interval", "right"), TENDENCIES)
def test_the_tendency_is_what_the_rate_leads_to_whatever_the_label(
    tendency: Tendency, interval: Interval | None, right: set[str]
) -> None:
    said = {"label": Label.STABLE, "tendency": tendency, "gain_per_layer_interval": interval}
    claim = {**VERDICT, "judge_by": "tendency"}
    found = {label for label in Label if judged(claim, label, answering(saying(**said))).status == "correct"}
    assert found == right


def test_either_word_of_the_laboratory_is_right_where_both_count() -> None:
    said = {"label": Label.DEAD, "tendency": Tendency.VANISHING, "gain_per_layer_interval": Interval(low=0.0, high=0.0)}
    claim = {**VERDICT, "judge_by": "either"}
    checks = {label: judged(claim, label, answering(saying(**said))) for label in Label}
    assert {label for label, check in checks.items() if check.status == "correct"} == {"dead", "vanishing"}
    assert "At its depth it is dead, and with more layers it tends to be vanishing." in checks[Label.STABLE].message


@pytest.mark.parametrize(("judge_by", "words"), [
    ("label", "about its depth as it is (the label)"), ("either", "Both count"),
    ("tendency", "about more layers of the same kind (the tendency)"),
])  # fmt: skip
def test_the_feedback_says_whether_the_label_or_the_tendency_was_asked_for(judge_by: str, words: str) -> None:
    check = judged({**VERDICT, "judge_by": judge_by}, "dead", answering(saying(**VANISHING)))
    assert (check.code, words in check.message) == ("other_verdict", True)


def test_a_gradient_that_dies_on_its_way_has_no_factor_in_the_feedback() -> None:
    rate = {"gain_per_layer": spread(0.0), "gain_per_layer_interval": Interval(low=0.0, high=0.0)}
    said = {"label": Label.DEAD, "tendency": Tendency.VANISHING, **rate}
    check = judged({**VERDICT, "judge_by": "tendency"}, "vanishing", answering(saying(**said)))
    assert "The gradient reaches exactly 0 before the first layer." in check.message


@pytest.mark.parametrize(
    "answer",
    [
        "fading",
        "not vanishing",
        "vanishing or exploding",
        "hardly stable",
        "unstable",
        "vanishing?",
        1,
        True,
        ["vanishing"],
        {"label": "vanishing"},
    ],
    ids=str,
)
def test_what_is_no_verdict_is_unreadable_and_nothing_is_simulated_for_it(answer: Any) -> None:
    check = judged(VERDICT, answer)
    assert (check.status, check.evidence) == ("invalid", [])


def test_the_report_of_a_real_network_is_linked_by_its_digest() -> None:
    check = judged(VERDICT, "exploding", simulate)
    digest = simulate(SimulationSpec.model_validate(NETWORK)).digest
    assert check.evidence == [f"/v1/simulations/{digest}"]
    assert check.status == "incorrect"


@pytest.mark.parametrize(
    "answer", ["it vanishes", "The gradient is vanishing.", "vanish", "VANISHING!", "tends to vanish"]
)
def test_a_verdict_may_be_said_in_a_few_words(answer: str) -> None:
    said = saying(label=Label.VANISHING)
    assert judged(VERDICT, answer, answering(said)).status == "correct"


def test_an_answer_that_says_two_verdicts_is_told_so() -> None:
    message = judged(VERDICT, "vanishing, then exploding").message
    assert message == "“then” is not understood here. Write one of these words: dead, exploding, vanishing, stable."
    assert judged(VERDICT, "vanishing exploding").message.startswith("This says exploding and vanishing. Write one")
