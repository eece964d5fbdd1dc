"""Every sentence of the judgement, whole, as a reader gets it."""

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api_tests.simulation.by_hand import evidence, facts, judged, spread, trials
from service.simulation.reasons import CAUSES, FLAGS, HEADLINES, explain, verdict_of
from service.simulation.results import Interval
from service.simulation.verdict import Decision, Rate, Vote
from service.simulation.vocabulary import Cause, Flag, Label, Severity, Tendency

LABELS = {
    Label.DEAD: Severity.SEVERE,
    Label.STABLE: Severity.NONE,
    Label.VANISHING: Severity.SEVERE,
    Label.EXPLODING: Severity.SEVERE,
}


def decision(
    label: Label = Label.STABLE, severity: Severity | None = None, agreeing: int = 10, hidden: int = 5, **shown: Any
) -> Decision:
    """Of ten trials of which so many agree, explained by the evidence `shown`."""
    vote = Vote(label, severity or LABELS[label], np.arange(agreeing), 0, 10)
    made = judged(trials([0.0] * 10))
    return replace(made, vote=vote, evidence=evidence(**shown), facts=facts(hidden=hidden))


@pytest.mark.parametrize(
    ("case", "sentence"),
    [
        (
            decision(Label.DEAD),
            "The gradient is dead: at the first hidden layer it is exactly zero in 10 of 10 trials.",
        ),
        (
            decision(Label.DEAD, agreeing=8, hidden=0),
            "The gradient is dead: at the first layer it is exactly zero in 8 of 10 trials.",
        ),
        (
            decision(Label.DEAD, silent=True),
            "The gradient is dead: at the first hidden layer it is exactly zero in 10 of 10 trials: "
            "the loss itself has no gradient.",
        ),
        (
            decision(Label.EXPLODING, overflowed=True, overflows=7),
            "The network explodes: on its way back, it leaves the range of its precision in 7 of 10 trials.",
        ),
        (
            decision(Label.EXPLODING, overflowed=True, overflows=10, overflow_layer=0.0),
            "The network explodes: in its inputs already, it leaves the range of its precision in 10 of 10 trials.",
        ),
        (
            decision(Label.EXPLODING, overflowed=True, overflows=9, overflow_layer=3.0, hidden=1),
            "The network explodes: on its way forward, typically at layer 3, it leaves the range of its precision "
            "in 9 of 10 trials.",
        ),
        (
            decision(hidden=0),
            "The gradient is stable: there is no hidden layer, and so no depth to vanish or explode in.",
        ),
        (
            decision(hidden=1),
            "The gradient is stable: there is one hidden layer, and so no depth to vanish or explode in.",
        ),
        (
            decision(depth_ratio=None, hidden=2),
            "The gradient is stable: there is no gradient to compare, and so no depth to vanish or explode in.",
        ),
        (
            decision(Label.VANISHING, Severity.MILD, depth_ratio=-2.0),
            "The gradient vanishes mildly: from the last of 5 hidden layers back to the first it changes by a factor "
            "of 0.01 (−2.00 decades, on average a factor of 0.316 per layer).",
        ),
        (
            decision(Label.VANISHING, depth_ratio=-400.4),
            "The gradient vanishes severely: from the last of 5 hidden layers back to the first it changes by a factor "
            "of 1e-400 (−400.40 decades, on average a factor of 7.94e-101 per layer).",
        ),
        (
            decision(Label.EXPLODING, Severity.MILD, depth_ratio=1.234, hidden=2),
            "The gradient explodes mildly: from the last of 2 hidden layers back to the first it changes by a factor "
            "of 17.1 (+1.23 decades, on average a factor of 17.1 per layer).",
        ),
        (
            decision(Label.EXPLODING, depth_ratio=299.9),
            "The gradient explodes severely: from the last of 5 hidden layers back to the first it changes by a factor "
            "of 7.94e+299 (+299.90 decades, on average a factor of 9.44e+74 per layer).",
        ),
        (
            decision(depth_ratio=-0.004),
            "The gradient is stable: from the last of 5 hidden layers back to the first it changes by a factor "
            "of 0.991 (+0.00 decades, on average a factor of 0.998 per layer).",
        ),
    ],
)
def test_the_first_sentence_can_be_read_alone(case: Decision, sentence: str) -> None:
    assert explain(case) == [sentence]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"shares": {"weights": 1.5}}, "Of these decades, +1.50 are the work of the weights."),
        # what is printed adds up to what is printed
        (
            {"shares": {"weights": -1.25, "derivative": 99.0}},
            "Of these decades, −1.25 are the work of the weights and −0.75 that of the activations' derivatives.",
        ),
        (
            {"shares": {"weights": 0.0, "derivative": 0.0, "normalisation": 1.0, "skip": 2.0, "other": 3.0}},
            "Of these decades, +0.00 are the work of the weights, −8.00 that of the activations' derivatives, "
            "+1.00 that of normalisation, +2.00 that of blocks in which signals meet and +3.00 that of other layers.",
        ),
        ({"shares": {}}, None),
        ({"shares": {"weights": 1.0}, "hidden": 1}, None),
        ({"shares": {"weights": 1.0}, "depth_ratio": None}, None),
    ],
)
def test_what_had_which_part_in_it_is_said(fields: dict[str, Any], sentence: str | None) -> None:
    said = explain(decision(Label.VANISHING, **{"depth_ratio": -2.0, **fields}))[1:]
    assert said == ([] if sentence is None else [sentence])


FLAT = "the activation is too flat where it works"
TAKEN = "the weights take more from what goes back than from what goes forward"


@pytest.mark.parametrize(
    ("cause", "fields", "sentence"),
    [
        (
            Cause.GAIN,
            {},
            "Signal and gradient change together: the scale of the weights is wrong for this activation.",
        ),
        (
            Cause.SATURATION,
            {"shares": {"weights": -0.5, "derivative": -1.5}},
            f"The signal does not fall with the gradient (−0.12 decades): {FLAT}.",
        ),
        (
            Cause.SATURATION,
            {"shares": {"weights": -1.5, "derivative": -0.5}},
            f"The signal does not fall with the gradient (−0.12 decades): {TAKEN}.",
        ),
        (
            Cause.SATURATION,
            {"shares": {"weights": -1.0, "derivative": -1.0}},
            f"The signal does not fall with the gradient (−0.12 decades): {TAKEN}.",
        ),
        (Cause.SATURATION, {"forward_ratio": None}, f"The signal does not fall with the gradient: {TAKEN}."),
        (
            Cause.CHAOS,
            {},
            "The signal does not grow with the gradient (−0.12 decades), but small differences between inputs do.",
        ),
        (
            Cause.CHAOS,
            {"forward_ratio": None},
            "The signal does not grow with the gradient, but small differences between inputs do.",
        ),
        (
            Cause.INPUT_COLLAPSE,
            {},
            "The gradient arrives, but all inputs have become one: there is little left to learn from.",
        ),
        (
            Cause.SIGNAL_COLLAPSE,
            {},
            "The signal itself collapses, each layer taking more of it than the one before.",
        ),
        (
            Cause.DEAD_UNITS,
            {},
            "Units are dead: on the flat side of their activation for every sample, they pass no gradient.",
        ),
        (Cause.ZERO_WEIGHTS, {}, "Weights of zero pass no gradient back."),
        (
            Cause.FORWARD_OVERFLOW,
            {},
            "The numbers leave the range of the precision before there is a gradient to measure.",
        ),
        (None, {}, None),
    ],
)
def test_the_cause_is_said(cause: Cause | None, fields: dict[str, Any], sentence: str | None) -> None:
    shown = {"depth_ratio": -2.0, "forward_ratio": -0.12, **fields}
    said = explain(replace(decision(Label.VANISHING, **shown), cause=cause))
    assert said[1 + bool(fields.get("shares")) :] == ([] if sentence is None else [sentence])


@pytest.mark.parametrize(
    ("tendency", "gain", "budget", "sentence"),
    [
        (
            Tendency.STABLE,
            1.0012345678,
            999.0,
            "Its rate, a factor of 1.00123 per layer, is too small to matter at any usual depth.",
        ),
        (
            Tendency.VANISHING,
            0.12345,
            2.7512,
            "At a factor of 0.123 per layer it is prone to vanish, severely so after 2.75 steps from layer to layer.",
        ),
        (
            Tendency.EXPLODING,
            12.345,
            2.2912,
            "At a factor of 12.3 per layer it is prone to explode, severely so after 2.29 steps from layer to layer.",
        ),
        (Tendency.VANISHING, 0.12345, None, None),
    ],
)
def test_the_rate_is_said_where_there_is_a_budget(
    tendency: Tendency, gain: float, budget: float | None, sentence: str | None
) -> None:
    case = replace(decision(), rate=Rate(tendency, budget, None), gain_per_layer=spread(gain))
    assert explain(case)[1:] == ([] if sentence is None else [sentence])


def test_that_the_seed_decides_is_said_where_it_does() -> None:
    said = "The seed decides: only 7 of 10 trials agree with this label, and it is their median that is described here."
    assert explain(decision(agreeing=7))[1:] == [said]
    assert explain(decision(agreeing=8))[1:] == []


USUAL = "1e-4 to 0.1 is usual."
SCALE = ", which has to do with scale, not with depth"


@pytest.mark.parametrize(
    ("flag", "label", "sentence"),
    [
        (
            Flag.INPUT_COLLAPSE,
            Label.STABLE,
            "What tells the samples apart is below a twentieth of the signal in the last hidden layer.",
        ),
        (
            Flag.TOO_DEEP_FOR_WIDTH,
            Label.STABLE,
            "The network is too deep for its width: at random weights like these the depth ratio wanders by about "
            "0.51 decades from seed to seed.",
        ),
        (Flag.TINY_GRADIENT, Label.STABLE, f"Some weights get gradients below 1e-7{SCALE}."),
        (Flag.TINY_GRADIENT, Label.VANISHING, "Some weights get gradients below 1e-7."),
        (Flag.HUGE_GRADIENT, Label.STABLE, f"Some weights get gradients above 1e6{SCALE}."),
        (Flag.HUGE_GRADIENT, Label.DEAD, "Some weights get gradients above 1e6."),
        (
            Flag.SMALL_UPDATE,
            Label.STABLE,
            f"A step of gradient descent at a rate of 0.01 would change the weights by 2e-05 of their size; {USUAL}",
        ),
        (
            Flag.LARGE_UPDATE,
            Label.STABLE,
            f"A step of gradient descent at a rate of 0.01 would change the weights by 2e-05 of their size; {USUAL}",
        ),
        (
            Flag.PRECISION_UNDERFLOW,
            Label.STABLE,
            "Some numbers are below the smallest normal one of the precision and lose their digits.",
        ),
        (
            Flag.SYMMETRIC_UNITS,
            Label.STABLE,
            "Two units of a hidden layer start as the same unit, with the same weights coming in and going out, "
            "and gradient descent never tells them apart.",
        ),
        (
            Flag.SMALL_BATCH,
            Label.STABLE,
            "A batch_norm takes mean and variance over 5 numbers: below 8 they are mostly noise, and the gradient "
            "changes by that alone.",
        ),
    ],
)
def test_a_flag_is_said(flag: Flag, label: Label, sentence: str) -> None:
    case = replace(
        decision(label), flags=[flag], facts=facts(sum_inverse_width=1.6, fewest_in_statistics=5), log10_update=-4.7
    )
    assert explain(case)[1:] == [sentence]


def test_an_update_of_no_size_is_nothing() -> None:
    said = explain(replace(decision(), flags=[Flag.SMALL_UPDATE], log10_update=None))[1]
    assert "change the weights by nothing of their size" in said


def test_every_word_has_its_sentence_and_each_is_said_once() -> None:
    assert (set(CAUSES), set(FLAGS)) == (set(Cause), set(Flag))
    assert len(HEADLINES) == len(set(HEADLINES.values())) == 5
    case = replace(
        decision(Label.VANISHING, agreeing=7, depth_ratio=-2.0, shares={"weights": -2.0}),
        cause=Cause.GAIN,
        rate=Rate(Tendency.VANISHING, 2.0, (0.1, 0.2)),
        flags=list(Flag),
    )
    beginnings = ["The gradient vanishes", "Of these", "Signal and", "At a factor", "The seed decides", "What tells"]
    said = explain(case)
    assert len(said) == 5 + len(Flag)
    assert [one[: len(start)] for one, start in zip(said, beginnings, strict=False)] == beginnings


def test_a_verdict_has_everything_that_was_decided() -> None:
    made = trials([-2.0, 0.0], forward_ratio=[0.5, 0.5], end_to_end_ratio=[0.25, 0.25], slopes=[0.1, 0.1])
    case = judged(made, random=False, sum_inverse_width=0.125, symmetric=True)
    verdict = verdict_of(case)
    assert (verdict.label, verdict.severity) == (Label.VANISHING, Severity.MILD)
    assert (verdict.confidence, verdict.seed_dependent) == (0.5, True)
    assert [one.median for one in (verdict.depth_ratio, verdict.forward_ratio)] == [-1.0, 0.5]
    assert (verdict.end_to_end_ratio.median, verdict.gain_per_layer.median) == (0.25, 10.0**0.1)
    assert verdict.gain_per_layer_interval == Interval(low=10.0**0.1, high=10.0**0.1)
    assert verdict.depth_budget == pytest.approx(25.0)
    assert (verdict.sum_inverse_width, verdict.tendency) == (0.125, Tendency.EXPLODING)
    assert (verdict.cause, verdict.flags) == (Cause.SATURATION, [Flag.SYMMETRIC_UNITS])
    assert verdict.reasons == explain(case)


def decades_said(case: Decision) -> float:
    found = re.search(r"\(([+−][0-9.]+) decades", explain(case)[0])
    assert found is not None
    return float(found[1].replace("−", "-"))


@given(st.lists(st.floats(-0.99, 0.99), min_size=1, max_size=8))
def test_what_is_said_of_a_stable_network_is_on_the_side_of_its_median_and_no_less(ratios: list[float]) -> None:
    said, median = decades_said(judged(trials(ratios))), float(np.median(ratios))
    assert said * median >= 0.0
    assert abs(said) >= abs(median) - 0.005 - 1e-12  # which is what it is rounded to


@pytest.mark.parametrize("overflows", [0, 1, 3, 4, 5, 7, 8])
def test_overflowing_and_exploding_trials_are_an_explosion_in_every_sentence(overflows: int) -> None:
    overflowed = [number < overflows for number in range(8)]
    ratios = [float("nan") if one else 270.0 for one in overflowed]
    case = judged(trials(ratios, overflowed=overflowed, overflow_layer=[4.0] * 8))
    assert case.vote.label is Label.EXPLODING
    assert "explodes" in explain(case)[0]
    assert ("leaves the range" in explain(case)[0]) == (overflows >= 4)
