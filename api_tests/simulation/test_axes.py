"""By what a label is given: along depth or along time, and what a norm in front of the output layer undoes."""

from math import inf, log10, nan
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from api_tests.networks import Json, report
from api_tests.simulation.by_hand import NO_SPREAD, facts, judged, layer, spread, trials
from service.nn.policies import Adam, Policy, Sgd
from service.simulation.layer_results import TimeStatistics
from service.simulation.results import SimulationReport
from service.simulation.separation import Separation
from service.simulation.verdict import Case, judge
from service.simulation.vocabulary import Cause, JudgedAxis, Label, Severity

JUST = 1e-9
DEPTH, TIME = JudgedAxis
OUT: Json = {"kind": "dense", "units": 3}


def along(ratios: list[float], steps: int = 9) -> TimeStatistics:
    """What is said of a recurrent layer with these time ratios."""
    ratio = float(np.median(ratios))
    if not np.isfinite(ratio):
        return TimeStatistics(time_ratio=NO_SPREAD, memory_steps=None, log10_state_gradient=[0.0] * steps)
    memory = 2.5 * (steps - 1) / abs(ratio) if ratio else None
    return TimeStatistics(time_ratio=spread(ratio), memory_steps=memory, log10_state_gradient=[0.0] * steps)


def decided(ratios: list[float], times: dict[int, list[float]], policy: Policy | None = None, **fields: Any) -> Case:
    """On trials with these judged ratios, and these time ratios by the rows of recurrent layers."""
    time = {row: along(values) for row, values in times.items()}
    layers = [layer(number, boundary=number < 6, time=time.get(number - 1)) for number in range(1, 7)]
    known = {row: np.array(values) for row, values in times.items()}
    made = trials([0.0] * len(ratios), judged_ratio=ratios, time_ratios=known, **fields)
    return judge(made, layers, policy or Sgd(), facts())


@pytest.mark.parametrize(("policy", "mild", "severe"), [(Sgd(), -1.0, -2.5), (Adam(), -4.0, -7.0)], ids=["sgd", "adam"])
def test_what_vanishes_along_time_has_bands_of_its_own(policy: Policy, mild: float, severe: float) -> None:
    for ratio, expected in (
        (mild + JUST, (Label.STABLE, Severity.NONE, DEPTH)),
        (mild, (Label.VANISHING, Severity.MILD, TIME)),
        (severe + JUST, (Label.VANISHING, Severity.MILD, TIME)),
        (severe, (Label.VANISHING, Severity.SEVERE, TIME)),
        (-inf, (Label.VANISHING, Severity.SEVERE, TIME)),
        (nan, (Label.STABLE, Severity.NONE, DEPTH)),
    ):
        vote = decided([0.0], {1: [ratio]}, policy).vote
        assert (vote.label, vote.severity, vote.axis) == expected


@pytest.mark.parametrize(("policy", "mild", "severe"), [(Sgd(), 1.0, 2.5), (Adam(), 1.5, 3.0)], ids=["sgd", "adam"])
def test_what_explodes_along_time_has_the_bands_of_depth(policy: Policy, mild: float, severe: float) -> None:
    for ratio, expected in (
        (mild - JUST, (Label.STABLE, Severity.NONE, DEPTH)),
        (mild, (Label.EXPLODING, Severity.MILD, TIME)),
        (severe, (Label.EXPLODING, Severity.SEVERE, TIME)),
    ):
        vote = decided([0.0], {1: [ratio]}, policy).vote
        assert (vote.label, vote.severity, vote.axis) == expected


@pytest.mark.parametrize(
    ("depth", "time", "label", "severity", "axis"),
    [
        (-1.5, -1.5, Label.VANISHING, Severity.MILD, DEPTH),  # depth decides unless time is worse by a band
        (-1.5, -2.4, Label.VANISHING, Severity.MILD, DEPTH),
        (-1.5, -2.5, Label.VANISHING, Severity.SEVERE, TIME),
        (1.5, -2.5, Label.VANISHING, Severity.SEVERE, TIME),
        (2.5, -9.0, Label.EXPLODING, Severity.SEVERE, DEPTH),
        (1.5, -1.5, Label.EXPLODING, Severity.MILD, DEPTH),
        (-0.9, 1.0, Label.EXPLODING, Severity.MILD, TIME),
        (nan, -1.0, Label.VANISHING, Severity.MILD, TIME),
    ],
)
def test_time_decides_where_its_ratio_is_in_a_more_severe_band(
    depth: float, time: float, label: Label, severity: Severity, axis: JudgedAxis
) -> None:
    vote = decided([depth] * 3, {2: [time] * 3}).vote
    assert (vote.label, vote.severity, vote.axis) == (label, severity, axis)


def test_the_cause_is_that_of_the_recurrent_layer_where_time_decides_and_that_of_the_depth_elsewhere() -> None:
    shares = {"normalisation": np.array([-3.0])}  # which would be the cause in depth; along time the weights are
    for ratio, time, expected in ((-1.5, -9.0, Cause.GAIN), (-3.0, -2.0, Cause.NORMALISATION)):
        assert decided([ratio], {1: [time]}, shares=shares).cause is expected


def test_what_is_dead_or_overflows_is_not_judged_along_time() -> None:
    dead = decided([nan] * 2, {1: [-9.0] * 2}, dead=[True] * 2).vote
    assert (dead.label, dead.axis) == (Label.DEAD, DEPTH)
    overflowed = decided([nan] * 2, {1: [-9.0] * 2}, overflowed=[True] * 2).vote
    assert (overflowed.label, overflowed.axis) == (Label.EXPLODING, DEPTH)


def test_trials_vote_each_along_its_own_axis_and_the_median_one_has_the_axis() -> None:
    vote = decided([0.0, -1.2, 0.0, 0.0], {1: [-3.0, 0.0, -2.6, 0.0]}).vote
    assert (vote.label, vote.agreeing.tolist(), vote.typical) == (Label.VANISHING, [0, 1, 2], 2)
    assert (vote.axis, vote.severity) == (TIME, Severity.SEVERE)
    mild = decided([-1.3, -1.2, 0.0, 0.0], {1: [0.0, 0.0, -2.6, 0.0]}).vote
    assert (mild.agreeing.tolist(), mild.typical, mild.axis, mild.severity) == ([0, 1, 2], 0, DEPTH, Severity.MILD)


@pytest.mark.parametrize(
    ("times", "worst"),
    [
        ({1: [-3.0], 3: [-2.0]}, 1),
        ({1: [-2.0], 3: [-3.0]}, 3),
        ({1: [-2.6], 3: [2.0]}, 1),  # the more severe band
        ({1: [-2.4], 3: [2.6]}, 3),
        ({1: [0.4], 3: [-0.6]}, 3),  # both in the stable band: the one farther out
        ({1: [0.0], 3: [0.5]}, 3),
        ({1: [-inf], 3: [-9.0]}, 1),
    ],
)
def test_of_several_recurrent_layers_the_worst_counts(times: dict[int, list[float]], worst: int) -> None:
    case = decided([0.0], times)
    ratio = times[worst][0]
    assert case.time_ratio is not None
    assert case.time_ratio.median == (ratio if np.isfinite(ratio) else None)
    beyond = not -1.0 < ratio < 1.0
    assert (case.along_steps.index if case.along_steps else None) == (worst + 1 if beyond else None)


def test_adam_forgets_a_worse_layer_by_its_own_bands() -> None:
    case = decided([0.0], {1: [-3.9], 3: [1.5]}, Adam())
    assert case.time_ratio is not None
    assert (case.time_ratio.median, case.vote.label, case.vote.axis) == (1.5, Label.EXPLODING, TIME)


def test_the_risk_is_that_of_what_decides() -> None:
    by_depth = decided([-0.9], {1: [0.3]}).failure_risk.probability
    by_time = decided([0.0], {1: [-3.0]}).failure_risk
    assert by_depth == judged(trials([-0.9])).failure_risk.probability
    assert by_time.probability == pytest.approx(1.0 / (1.0 + np.exp(-(2.3 * 3.0 + 0.13 * 9 - 6.75))))
    dead = judged(trials([nan] * 2, dead=[True] * 2)).failure_risk
    overflowed = judged(trials([nan] * 2, overflowed=[True] * 2)).failure_risk
    for certain in (dead, overflowed):
        assert certain.probability == pytest.approx(1.0 / (1.0 + np.exp(-12.0)))
        assert any("counts as 8 decades" in sentence for sentence in certain.rests_on)
    assert judged(trials([0.0]), Adam()).failure_risk.optimiser == "adam"


def test_under_adam_a_dead_gradient_counts_as_one_that_vanishes_and_an_overflow_as_one_that_explodes() -> None:
    dead = judged(trials([nan] * 2, dead=[True] * 2), Adam()).failure_risk.probability
    overflowed = judged(trials([nan] * 2, overflowed=[True] * 2), Adam()).failure_risk.probability
    assert dead == pytest.approx(1.0 / (1.0 + np.exp(-(0.62 * 8.0 + 0.07 * 5 - 4.9))))
    assert overflowed == pytest.approx(1.0 / (1.0 + np.exp(-(1.03 * 8.0 + 0.07 * 5 - 4.9))))


def test_what_was_measured_of_some_trials_is_shown_and_what_was_not_is_null() -> None:
    first = np.array([0.25, nan, nan])
    apart = Separation(similarity_kept=first, log10_head_spread=-4.0 * first, mask_noise=2.0 * first)
    case = judged(trials([0.0] * 3, separation=apart), dense=False)
    assert case.input_similarity_kept is not None
    assert case.log10_head_spread is not None
    assert case.mask_noise is not None
    shown = case.input_similarity_kept, case.log10_head_spread, case.mask_noise
    assert [(one.median, one.count) for one in shown] == [(0.25, 1), (-1.0, 1), (0.5, 1)]
    odds = 0.52 * (0.13 * 5 + 8.0 * 0.5 - 6.75) - 7.7 * 0.25 + 0.89 + 1.77
    assert case.failure_risk.probability == pytest.approx(1.0 / (1.0 + np.exp(-odds)))
    nothing = judged(trials([0.0] * 3))
    assert nothing.input_similarity_kept is nothing.log10_head_spread is nothing.mask_noise is None


def test_the_risk_counts_how_far_samples_or_steps_have_come_together() -> None:
    def score(samples: float, steps: float) -> float:
        made = trials([0.0], angular_spread=[[0.0, samples]], token_spread=[[0.0, steps]])
        probability = judged(made).failure_risk.probability
        return float(np.log(probability / (1.0 - probability)) - 0.13 * 5 + 6.75)

    assert score(-1.0, nan) == pytest.approx(1.4)
    assert score(-1.0, -2.0) == pytest.approx(2.8)
    assert score(-3.0, -2.0) == pytest.approx(4.2)
    assert score(nan, nan) == pytest.approx(0.0)
    assert score(-inf, nan) == pytest.approx(1.4 * 6.0)


@pytest.mark.parametrize("policy", [Sgd, Adam])
def test_the_bands_of_time_may_touch_and_may_not_cross(policy: type[Policy]) -> None:
    assert policy.model_validate({"time_vanishing_mild": -5.0, "time_vanishing_severe": -5.0})
    with pytest.raises(ValidationError, match="time_vanishing_severe must not be above time_vanishing_mild"):
        policy.model_validate({"time_vanishing_mild": -5.0, "time_vanishing_severe": -4.9})


# Networks


def sequence(*layers: Json, **fields: Any) -> SimulationReport:
    shape = {"kind": "sequence", "steps": 11, "features": 6}
    return report({"input": shape, "layers": list(layers)}, **{"trials": 3, "data": {"samples": 4}, **fields})


def recurrence(gain: float, **fields: Any) -> Json:
    """A linear recurrence that turns what it remembers, and multiplies it by `gain`."""
    weights = {"kind": "orthogonal", "gain": gain}
    linear = {"kind": "recurrent", "cell": "rnn", "units": 6, "activation": {"kind": "linear"}}
    return linear | {"recurrent_weights": weights, "returns": "sequence", **fields}


def test_a_network_that_forgets_is_judged_along_its_steps() -> None:
    made = sequence(recurrence(10.0**-0.3), recurrence(1.0, returns="last"), OUT).verdict
    assert (made.label, made.severity, made.axis) == (Label.VANISHING, Severity.SEVERE, TIME)
    assert made.time_ratio is not None
    assert made.time_ratio.median == pytest.approx(-3.0)
    assert made.memory_steps == pytest.approx(2.5 / 0.3)
    kept = sequence(recurrence(1.0), recurrence(1.0, returns="last"), OUT).verdict
    assert (kept.axis, kept.memory_steps) == (DEPTH, None)
    assert report({"features": 3, "layers": [OUT]}).verdict.time_ratio is None


def test_adam_remembers_what_gradient_descent_forgets() -> None:
    layers = recurrence(10.0**-0.3, returns="last"), OUT
    assert sequence(*layers, policy={"kind": "adam"}).verdict.label is Label.STABLE
    assert sequence(*layers, policy={"kind": "adam", "time_vanishing_mild": -2.9}).verdict.label is Label.VANISHING


def shortcuts(*behind: Json, factor: float = 2.0) -> SimulationReport:
    """Twenty blocks that multiply what passes them, of which nothing else comes."""
    dead: Json = {"kind": "dense", "units": 16, "weights": {"kind": "zeros"}}
    block = {"kind": "residual", "shortcut": [{"kind": "scale", "factor": factor}], "layers": [dead]}
    repeated = {"kind": "repeat", "times": 21, "layers": [block]}
    return report({"features": 16, "layers": [repeated, *behind, OUT]}, trials=4)


def test_a_final_norm_undoes_what_the_signal_grew_by() -> None:
    without, normed = shortcuts().verdict, shortcuts({"kind": "layer_norm"}).verdict
    for verdict in (without, normed):
        assert verdict.depth_ratio.median == pytest.approx(20 * log10(2.0))
        assert verdict.forward_ratio.median == pytest.approx(20 * log10(2.0))
    assert (without.label, without.judged_ratio) == (Label.EXPLODING, without.depth_ratio)
    assert normed.label is Label.STABLE
    assert normed.judged_ratio.median == pytest.approx(0.0, abs=1e-9)


def test_a_norm_that_is_no_final_one_undoes_nothing() -> None:
    block = {"kind": "residual", "layers": [{"kind": "dense", "units": 16}, {"kind": "layer_norm"}]}
    leaf = [{"kind": "dense", "units": 16}, {"kind": "layer_norm"}]
    for layers in ([block] * 4, leaf * 4, [{"kind": "layer_norm"}, *[block] * 3]):
        verdict = report({"features": 16, "layers": [*layers, OUT]}, trials=4).verdict
        assert verdict.judged_ratio == verdict.depth_ratio


def test_followers_between_the_last_block_and_the_final_norm_change_nothing_of_it() -> None:
    relu = {"kind": "activation", "activation": {"kind": "relu"}}
    verdict = shortcuts({"kind": "batch_norm"}, relu, {"kind": "dropout", "rate": 0.1}).verdict
    assert verdict.judged_ratio.median == pytest.approx(0.0, abs=1e-9)


# Branches


@pytest.mark.parametrize("factor", [1.0, 0.001, -0.5])
def test_the_share_of_a_branch_is_its_output_over_the_stream(factor: float) -> None:
    turn = {"kind": "dense", "units": 16, "activation": {"kind": "linear"}, "weights": {"kind": "orthogonal"}}
    block = {"kind": "residual", "layers": [turn], "branch_scale": factor}
    made = report({"features": 16, "layers": [block, OUT]}, trials=4)
    (share,) = [one.branch_share for one in made.layers if one.branch_share is not None]
    assert share.log10_output.median == pytest.approx(log10(abs(factor)), abs=1e-9)
    scaled = {"kind": "residual", "layers": [turn], "shortcut": [{"kind": "scale", "factor": 4.0}]}
    made = report({"features": 16, "layers": [block, scaled, OUT]}, trials=4)
    assert made.layers[-2].branch_share is not None
    assert made.layers[-2].branch_share.log10_output.median == pytest.approx(-log10(4.0), abs=1e-9)


def test_the_gradient_of_a_branch_is_that_of_all_its_weights_over_that_of_the_sum() -> None:
    inner = {"kind": "dense", "units": 16, "activation": {"kind": "tanh"}}
    nested = {"kind": "residual", "layers": [inner, inner]}
    made = report({"features": 16, "layers": [{"kind": "residual", "layers": [inner, nested]}, OUT]}, trials=1)
    rows = {one.path: one for one in made.layers}
    outer = rows["/network/layers/0"]
    assert outer.branch_share is not None
    weights = [one.log10_weight_gradient_norm.median for one in made.layers if one.kind == "dense"][:-1]
    assert len(weights) == 3
    whole = 0.5 * log10(sum(100.0**one for one in weights if one is not None))
    assert outer.log10_delta_norm.median is not None
    expected = whole - outer.log10_delta_norm.median
    assert outer.branch_share.log10_weight_gradient.median == pytest.approx(expected, abs=1e-9)


def test_a_dead_branch_shows_in_its_share_alone() -> None:
    dead: Json = {"kind": "dense", "units": 16, "weights": {"kind": "zeros"}, "activation": {"kind": "relu"}}
    block = {"kind": "residual", "layers": [dead, {"kind": "dense", "units": 16}]}
    made = report({"features": 16, "layers": [*[block] * 3, OUT]}, trials=4)
    assert made.verdict.label is Label.STABLE
    shares = [one.branch_share for one in made.layers if one.branch_share is not None]
    assert [share.log10_output for share in shares] == [NO_SPREAD] * 3
    assert all(one.branch_share is None for one in made.layers if one.kind != "residual")
    scaled_away = {"kind": "residual", "layers": [{"kind": "dense", "units": 16}], "branch_scale": 0.0}
    (share,) = [
        one.branch_share
        for one in report({"features": 16, "layers": [scaled_away, OUT]}, trials=2).layers
        if one.branch_share is not None
    ]
    assert (share.log10_output, share.log10_weight_gradient) == (NO_SPREAD, NO_SPREAD)
