"""Every sentence of the judgement, whole, as a reader gets it."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api_tests.simulation.by_hand import NO_SPREAD, evidence, facts, judged, layer, spread, trials
from service.nn.policies import Adam
from service.simulation.layer_results import LayerStatistics
from service.simulation.reasons import Context, explain
from service.simulation.results import FirstStep, InitialScale, Interval, Theory
from service.simulation.verdict import Case, Rate, Vote, verdict_of
from service.simulation.vocabulary import Cause, Flag, JudgedAxis, Label, Optimiser, Severity, Tendency
from service.simulation.wording import CAUSES, FLAGS, HEADLINES

LABELS = {
    Label.DEAD: Severity.SEVERE,
    Label.STABLE: Severity.NONE,
    Label.VANISHING: Severity.SEVERE,
    Label.EXPLODING: Severity.SEVERE,
}


NO_THEORY = Theory(depth_ratio=None, difference=None, log10_backward_gain=[], reason="None here.", time_ratio=None)
WHOLE = InitialScale(
    initial_loss=1.0,
    chance_loss=1.0,
    output_saturation=0.0,
    first_layer_saturation=0.0,
    first_layer_rms=1.0,
    gradient_imbalance=0.0,
    input_rms=1.0,
    first_step=FirstStep(
        optimiser=Optimiser.SGD, usual_rate=0.01, rates=[], largest_stable_rate=None, dead_before=None, left_out=None
    ),
    sentences=[],
)


def around(
    theory: Theory = NO_THEORY, features: int = 64, narrowest: int = 64, sentences: Sequence[str] = ()
) -> Context:
    scale = WHOLE.model_copy(update={"sentences": list(sentences)})
    return Context(theory, scale, features, narrowest)


def decision(
    label: Label = Label.STABLE,
    severity: Severity | None = None,
    agreeing: int = 10,
    hidden: int = 5,
    risk: float = 0.0,
    **shown: Any,
) -> Case:
    """Of ten trials of which so many agree, explained by the evidence `shown`."""
    vote = Vote(label, severity or LABELS[label], np.arange(agreeing), 0, 10)
    made = judged(trials([0.0] * 10))
    evident = evidence(**shown)
    ratios = {
        name: NO_SPREAD if (value := getattr(evident, name)) is None else spread(value)
        for name in ("depth_ratio", "forward_ratio")
    }
    rated = made.failure_risk.model_copy(update={"probability": risk})
    spreads = {**ratios, "judged_ratio": ratios["depth_ratio"]}
    return replace(made, vote=vote, evidence=evident, facts=facts(hidden=hidden), failure_risk=rated, **spreads)


RISK = "failed to learn with"


def said(case: Case, context: Context | None = None) -> list[str]:
    """All that is said but how likely it fails."""
    return [sentence for sentence in explain(case, context or around()) if RISK not in sentence]


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
            "of 0.01 (−2.00 decades).",
        ),
        (
            decision(Label.VANISHING, depth_ratio=-400.4),
            "The gradient vanishes severely: from the last of 5 hidden layers back to the first it changes by a factor "
            "of 1e-400 (−400.40 decades).",
        ),
        (
            decision(Label.EXPLODING, Severity.MILD, depth_ratio=1.234, hidden=2),
            "The gradient explodes mildly: from the last of 2 hidden layers back to the first it changes by a factor "
            "of 17.1 (+1.23 decades).",
        ),
        (
            decision(Label.EXPLODING, depth_ratio=299.9),
            "The gradient explodes severely: from the last of 5 hidden layers back to the first it changes by a factor "
            "of 7.94e+299 (+299.90 decades).",
        ),
        (
            decision(depth_ratio=-0.004),
            "The gradient is stable: from the last of 5 hidden layers back to the first it changes by a factor "
            "of 0.991 (−0.004 decades).",
        ),
    ],
)
def test_the_first_sentence_can_be_read_alone(case: Case, sentence: str) -> None:
    assert said(case) == [sentence]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"shares": {"weights": 1.5}}, "The weights account for +1.50 of these decades."),
        # what is printed adds up to what is printed
        (
            {"shares": {"weights": -1.25, "derivative": 99.0}},
            "The weights account for −1.25 of these decades and the activation's slope for −0.75.",
        ),
        (
            {"shares": {"weights": 0.0, "derivative": 0.0, "normalisation": 1.0, "skip": 2.0, "other": 3.0}},
            "The weights account for +0.00 of these decades, the activation's slope for −8.00, normalisation for "
            "+1.00, blocks in which signals meet for +2.00 and other layers for +3.00.",
        ),
        (
            {"depth_ratio": -0.5, "shares": {"normalisation": -0.25, "derivative": 0.0}},
            "Normalisation accounts for −0.250 of these decades and the activation's slope for −0.250.",
        ),
        ({"shares": {}}, None),
        ({"shares": {"weights": 1.0}, "hidden": 1}, None),
        ({"shares": {"weights": 1.0}, "depth_ratio": None}, None),
    ],
)
def test_what_had_which_part_in_it_is_said(fields: dict[str, Any], sentence: str | None) -> None:
    sentences = said(decision(Label.VANISHING, **{"depth_ratio": -2.0, **fields}))[1:]
    assert sentences == ([] if sentence is None else [sentence])


MOVES = " (the signal changes by −0.120 decades)"


@pytest.mark.parametrize(
    ("cause", "label", "fields", "sentence"),
    [
        (
            Cause.GAIN,
            Label.VANISHING,
            {"forward_ratio": -2.0},
            "Signal and gradient shrink together: the weights are too small for this activation.",
        ),
        (
            Cause.GAIN,
            Label.EXPLODING,
            {"depth_ratio": 2.0, "forward_ratio": 2.0},
            "Signal and gradient grow together: the weights are too large for this activation.",
        ),
        (
            Cause.GAIN,
            Label.VANISHING,
            {"shares": {"weights": -2.0}},
            f"The weights take from the gradient{MOVES}: they are too small for it to come through.",
        ),
        (
            Cause.GAIN,
            Label.VANISHING,
            {"shares": {"weights": -0.5, "derivative": -1.5}},
            f"The weights do not make up for what the activation's slope takes from the gradient{MOVES}: they are too "
            "small.",
        ),
        (
            Cause.GAIN,
            Label.VANISHING,
            {"forward_ratio": None},
            "The weights do not make up for what the activation's slope takes from the gradient: they are too small.",
        ),
        (
            Cause.SATURATION,
            Label.VANISHING,
            {},
            "The activation is too flat where it works: its steeper part is nearer to 0.",
        ),
        (
            Cause.SMALL_SLOPE,
            Label.VANISHING,
            {},
            "The activation is flat everywhere: even at its best its slope is small, and every layer loses.",
        ),
        (
            Cause.CHAOS,
            Label.EXPLODING,
            {},
            "The signal does not grow with the gradient (−0.120 decades), but small differences between inputs do.",
        ),
        (
            Cause.CHAOS,
            Label.EXPLODING,
            {"forward_ratio": None},
            "The signal does not grow with the gradient, but small differences between inputs do.",
        ),
        (
            Cause.INPUT_COLLAPSE,
            Label.STABLE,
            {"angular_spread": (0.0, -2.0)},
            "In the last hidden layer the directions of two inputs differ by 0.01, where 1 is distinct: the output "
            "layer sees nearly one input.",
        ),
        (
            Cause.RANK_COLLAPSE,
            Label.STABLE,
            {"token_spread": (0.0, -3.0)},
            "In the last hidden layer the directions of two steps of a sequence differ by 0.001, where 1 is distinct: "
            "its tokens are nearly one.",
        ),
        (
            Cause.MASK_NOISE,
            Label.STABLE,
            {},
            "Dropout's masks move the last hidden layer more than the inputs do.",
        ),
        (Cause.MASK_NOISE, Label.DEAD, {}, "Dropout leaves nothing of the signal, and nothing of its gradient."),
        (
            Cause.SIGNAL_COLLAPSE,
            Label.VANISHING,
            {},
            "The signal itself collapses, each layer taking more of it than the one before.",
        ),
        (
            Cause.DEAD_UNITS,
            Label.DEAD,
            {},
            "Units are dead: on the flat side of their activation for every sample, they pass no gradient.",
        ),
        (Cause.ZERO_WEIGHTS, Label.DEAD, {}, "Weights of zero pass no gradient back."),
        (
            Cause.UNDERFLOW,
            Label.DEAD,
            {},
            "The signal becomes smaller than the precision can hold, and is zero from there on.",
        ),
        (
            Cause.FORWARD_OVERFLOW,
            Label.EXPLODING,
            {},
            "The numbers leave the range of the precision before there is a gradient to measure.",
        ),
        (None, Label.VANISHING, {}, None),
    ],
)
def test_the_cause_is_said(cause: Cause | None, label: Label, fields: dict[str, Any], sentence: str | None) -> None:
    shown = {"depth_ratio": -2.0, "forward_ratio": -0.12, **fields}
    sentences = said(replace(decision(label, **shown), cause=cause))
    assert sentences[1 + bool(fields.get("shares")) :] == ([] if sentence is None else [sentence])


@pytest.mark.parametrize(
    ("cause", "risk", "but"),
    [
        (None, 0.4999, ""),
        (None, 0.5, " in depth, but networks like it mostly fail to learn"),
        (Cause.INPUT_COLLAPSE, 0.3, " in depth, but its inputs have become one"),
        (Cause.RANK_COLLAPSE, 0.3, " in depth, but the tokens of a sequence have become one"),
        (Cause.MASK_NOISE, 0.9, " in depth, but dropout's masks hide its inputs"),
    ],
)
def test_a_stable_network_that_will_fail_is_not_called_stable_without_a_but(
    cause: Cause | None, risk: float, but: str
) -> None:
    first = explain(replace(decision(depth_ratio=-0.5, risk=risk), cause=cause), around())[0]
    assert first.startswith(f"The gradient is stable{but}: from the last of 5 hidden layers")
    alone = explain(replace(decision(hidden=1, risk=risk), cause=cause), around())[0]
    assert alone.startswith(f"The gradient is stable{but}: there is one hidden layer")
    vanishing = explain(replace(decision(Label.VANISHING, depth_ratio=-5.0, risk=risk), cause=cause), around())[0]
    assert "but" not in vanishing


@pytest.mark.parametrize(
    ("risk", "share"),
    [
        (0.0, "fewer than 1 %"),
        (0.0099, "fewer than 1 %"),
        (0.01, "about 1 %"),
        (0.374, "about 37 %"),
        (0.99, "about 99 %"),
        (0.9901, "more than 99 %"),
    ],
)
def test_the_risk_is_said_and_never_as_certainty(risk: float, share: str) -> None:
    expected = (
        f"Of networks with such numbers, {share} failed to learn with gradient descent at the best of several rates."
    )
    assert expected in explain(decision(risk=risk), around())
    wrong = explain(decision(risk=risk), around(sentences=["The loss starts at 592."]))
    assert expected.replace("numbers,", "numbers whose scale is right,") in wrong
    adam = judged(trials([0.0]), Adam())
    assert "failed to learn with Adam at" in " ".join(explain(adam, around()))


def test_a_scale_that_is_wrong_comes_before_stable_and_behind_any_other_label() -> None:
    wrong = ["The loss starts at 592.", "The inputs saturate the first layer."]
    stable = explain(decision(), around(sentences=wrong))
    assert stable[:2] == wrong
    assert stable[2].startswith("The gradient is stable")
    vanishing = explain(decision(Label.VANISHING, depth_ratio=-5.0), around(sentences=wrong))
    assert vanishing[0].startswith("The gradient vanishes severely")
    assert vanishing[1:3] == wrong


@pytest.mark.parametrize(
    ("difference", "features", "narrowest", "why"),
    [
        (0.5, 4, 4, None),
        (0.5001, 31, 64, "the first layer adds up only 31 inputs, and theory takes their sum for normal"),
        (0.5001, 32, 31, "its narrowest hidden layer has 31 units, and theory is one of wide layers"),
        (-6.7, 32, 32, "theory is one of infinite width; at this one the ratio wanders by 0.04 decades by itself"),
    ],
)
def test_theory_is_said_where_it_is_off_by_more_than_half_a_decade_and_why(
    difference: float, features: int, narrowest: int, why: str | None
) -> None:
    theory = NO_THEORY.model_copy(update={"depth_ratio": -2.0, "difference": difference})
    sentences = said(decision(depth_ratio=-2.0 + difference), around(theory, features, narrowest))[1:]
    apart = (
        f"{-difference:+.2f}".replace("-", "−") if abs(difference) > 1.0 else f"{-difference:+.3f}".replace("-", "−")
    )
    expected = f"Mean field theory predicts −2.00 decades, {apart} from what was measured: {why}."
    assert sentences == ([] if why is None else [expected])


@pytest.mark.parametrize(("saturated", "told"), [(0.5, True), (0.4999, False), (None, False)])
def test_saturated_units_do_not_hide_that_a_gradient_explodes(saturated: float | None, told: bool) -> None:
    layers = [layer(number, boundary=True, saturated_fraction=saturated) for number in (1, 2, 3)]
    sentence = (
        "That 50 % of the hidden units are saturated does not help: the few that are not multiply the gradient by more "
        "than those lose."
    )
    exploding = replace(decision(Label.EXPLODING, depth_ratio=5.0), way_back=layers)
    assert (sentence in explain(exploding, around())) == told
    assert sentence not in explain(replace(decision(Label.VANISHING, depth_ratio=-5.0), way_back=layers), around())


def test_a_norm_in_front_of_the_output_is_said_to_undo_what_the_signal_grew_by() -> None:
    case = replace(decision(depth_ratio=6.2), judged_ratio=spread(0.1))
    assert said(case)[1] == (
        "A norm stands before the output layer and undoes what the signal grew by (+6.10 decades): judged is what is "
        "left, +0.100 decades."
    )


def recurrent(kind: str, ratio: float) -> LayerStatistics:
    time = {"time_ratio": spread(ratio), "memory_steps": 7.5, "log10_state_gradient": [0.0] * 101}
    return layer(1, kind=kind, boundary=True, time=time)


@pytest.mark.parametrize(
    ("kind", "label", "ratio", "sentences"),
    [
        (
            "lstm",
            Label.VANISHING,
            -33.0,
            [
                "The gradient vanishes severely along the steps of its sequences: from the last step of layer 1, a "
                "recurrent one, back to the first it changes by a factor of 1e-33 (−33.00 decades).",
                "It cannot use what lies more than 7.5 steps back.",
                "The gates of its recurrent layers let only a part of the gradient through (the signal changes by "
                "+0.000 decades): a larger forget bias, or fewer layers, would keep more.",
            ],
        ),
        (
            "rnn",
            Label.EXPLODING,
            33.0,
            [
                "The gradient explodes severely along the steps of its sequences: from the last step of layer 1, a "
                "recurrent one, back to the first it changes by a factor of 1e+33 (+33.00 decades).",
                "It changes severely within 7.5 steps.",
                "What is carried from step to step multiplies the gradient every time: its weights are too large.",
            ],
        ),
    ],
)
def test_where_time_decides_the_first_sentence_is_of_the_steps(
    kind: str, label: Label, ratio: float, sentences: list[str]
) -> None:
    one = recurrent(kind, ratio)
    case = replace(
        decision(label, depth_ratio=-0.1),
        axis=JudgedAxis.TIME,
        time_ratio=spread(ratio),
        along_steps=one,
        way_back=[one],
        cause=Cause.GAIN,
    )
    assert said(case) == sentences


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
            "With more layers it tends to vanish: by a factor of 0.123 per layer, severely from about 4 hidden "
            "layers on.",
        ),
        (
            Tendency.EXPLODING,
            12.345,
            2.2912,
            "With more layers it tends to explode: by a factor of 12.3 per layer, severely from about 4 hidden "
            "layers on.",
        ),
        (Tendency.VANISHING, 0.12345, None, None),
    ],
)
def test_the_rate_is_said_where_there_is_a_budget(
    tendency: Tendency, gain: float, budget: float | None, sentence: str | None
) -> None:
    case = replace(decision(), rate=Rate(tendency, budget, None), gain_per_layer=spread(gain))
    assert said(case)[1:] == ([] if sentence is None else [sentence])


def test_that_the_seed_decides_is_said_where_it_does() -> None:
    expected = "The seed decides: only 7 of 10 trials agree with this label; their median is −1.50 decades."
    assert said(decision(agreeing=7, depth_ratio=-1.5))[1:] == [expected]
    assert said(decision(agreeing=8))[1:] == []


USUAL = "1e-4 to 0.1 is usual."
SCALE = ", which has to do with scale, not with depth"


@pytest.mark.parametrize(
    ("flag", "label", "sentence"),
    [
        (
            Flag.INPUT_COLLAPSE,
            Label.STABLE,
            "In the last hidden layer the inputs point in one direction: what tells them apart is below a twentieth of "
            "the signal.",
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
            "A step of gradient descent at its usual rate of 0.01 would change the weights by 2e-05 of their size; "
            f"{USUAL}",
        ),
        (
            Flag.LARGE_UPDATE,
            Label.STABLE,
            "A step of gradient descent at its usual rate of 0.01 would change the weights by 2e-05 of their size; "
            f"{USUAL}",
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
    assert said(case)[1:] == [sentence]


def test_inputs_that_are_exactly_one_differ_by_nothing() -> None:
    same = replace(decision(risk=0.9), cause=Cause.INPUT_COLLAPSE)
    same = replace(same, evidence=replace(same.evidence, angular_spread=(0.0, float("-inf"))))
    assert any("the directions of two inputs differ by 0, where 1 is distinct" in one for one in said(same))


def test_an_update_of_no_size_is_nothing() -> None:
    sentence = said(replace(decision(), flags=[Flag.SMALL_UPDATE], log10_update=None))[1]
    assert "change the weights by nothing of their size" in sentence


def test_every_word_has_its_sentence_and_each_is_said_once() -> None:
    assert (set(CAUSES), set(FLAGS)) == (set(Cause), set(Flag))
    assert len(HEADLINES) == len(set(HEADLINES.values())) == 5
    case = replace(
        decision(Label.VANISHING, agreeing=7, depth_ratio=-2.0, shares={"weights": -2.0}),
        cause=Cause.GAIN,
        rate=Rate(Tendency.VANISHING, 2.0, (0.1, 0.2)),
        flags=list(Flag),
    )
    beginnings = [
        "The gradient vanishes",
        "The weights account",
        "The weights take",
        "With more layers",
        "Of networks",
        "The seed decides",
        "In the last hidden layer",
    ]
    sentences = explain(case, around())
    assert len(sentences) == 6 + len(Flag)
    assert [one[: len(start)] for one, start in zip(sentences, beginnings, strict=False)] == beginnings


def test_a_flag_that_is_the_cause_is_not_said_twice() -> None:
    case = replace(decision(risk=0.9), cause=Cause.INPUT_COLLAPSE, flags=[Flag.INPUT_COLLAPSE, Flag.SYMMETRIC_UNITS])
    assert [one for one in said(case) if "twentieth" in one] == []
    assert [one for one in said(case) if "Two units" in one]


def test_a_verdict_has_everything_that_was_decided() -> None:
    made = trials([-2.0, 0.0], forward_ratio=[0.5, 0.5], end_to_end_ratio=[0.25, 0.25], slopes=[0.1, 0.1])
    case = judged(made, random=False, sum_inverse_width=0.125, symmetric=True)
    verdict = verdict_of(case, explain(case, around()))
    wide = replace(case, rate=replace(case.rate, interval=(0.5, 2.0)))
    assert verdict_of(wide, []).gain_per_layer_interval == Interval(low=0.5, high=2.0)
    assert verdict_of(replace(case, rate=replace(case.rate, interval=None)), []).gain_per_layer_interval is None
    assert (verdict.label, verdict.severity) == (Label.VANISHING, Severity.MILD)
    assert (verdict.confidence, verdict.seed_dependent) == (0.5, True)
    assert [one.median for one in (verdict.depth_ratio, verdict.forward_ratio)] == [-1.0, 0.5]
    assert (verdict.end_to_end_ratio.median, verdict.gain_per_layer.median) == (0.25, 10.0**0.1)
    assert verdict.gain_per_layer_interval == Interval(low=10.0**0.1, high=10.0**0.1)
    assert verdict.depth_budget == pytest.approx(25.0)
    assert (verdict.sum_inverse_width, verdict.tendency) == (0.125, Tendency.EXPLODING)
    assert (verdict.cause, verdict.flags) == (Cause.GAIN, [Flag.SYMMETRIC_UNITS])
    assert verdict.reasons == explain(case, around())


def decades_said(case: Case) -> float:
    found = re.search(r"\(([+−][0-9.]+) decades", said(case)[0])
    assert found is not None
    return float(found[1].replace("−", "-"))


@given(st.lists(st.floats(-0.99, 0.99), min_size=1, max_size=8))
def test_what_is_said_of_a_network_is_the_median_of_its_trials_as_in_every_table(ratios: list[float]) -> None:
    case = judged(trials(ratios))
    assert decades_said(case) == pytest.approx(case.depth_ratio.median, abs=0.0005 + 1e-12)


@pytest.mark.parametrize("overflows", [0, 1, 3, 4, 5, 7, 8])
def test_overflowing_and_exploding_trials_are_an_explosion_in_every_sentence(overflows: int) -> None:
    overflowed = [number < overflows for number in range(8)]
    ratios = [float("nan") if one else 270.0 for one in overflowed]
    case = judged(trials(ratios, overflowed=overflowed, overflow_layer=[4.0] * 8))
    assert case.vote.label is Label.EXPLODING
    assert "explodes" in said(case)[0]
    assert ("leaves the range" in said(case)[0]) == (overflows >= 4)
