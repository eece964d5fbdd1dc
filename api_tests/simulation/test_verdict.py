"""Label, severity and rate number by number: on both sides of every threshold, by trials made by hand."""

from math import inf, nan, sqrt
from typing import Any

import pytest
from pydantic import ValidationError

from api_tests.simulation.by_hand import judged, trials
from service.nn.policies import Adam, Policy, Sgd
from service.simulation.vocabulary import Label, Severity, Tendency
from service.simulation.vote import judge_trial

JUST = 1e-9


@pytest.mark.parametrize(
    ("policy", "mild", "severe"),
    [(Sgd(), (-1.0, 1.0), (-2.5, 2.5)), (Adam(), (-2.5, 1.5), (-6.0, 3.0))],
    ids=["sgd", "adam"],
)
def test_a_band_begins_at_its_number(policy: Policy, mild: tuple[float, float], severe: tuple[float, float]) -> None:
    for side, label in enumerate([Label.VANISHING, Label.EXPLODING]):
        inwards = JUST if side == 0 else -JUST
        for ratio, expected in (
            (mild[side] + inwards, (Label.STABLE, Severity.NONE)),
            (mild[side], (label, Severity.MILD)),
            (severe[side] + inwards, (label, Severity.MILD)),
            (severe[side], (label, Severity.SEVERE)),
            (-inf if side == 0 else inf, (label, Severity.SEVERE)),
        ):
            assert judge_trial(ratio, dead=False, overflowed=False, policy=policy) == expected
    assert judge_trial(nan, dead=False, overflowed=False, policy=policy) == (Label.STABLE, Severity.NONE)


@pytest.mark.parametrize("policy", [Sgd, Adam])
def test_the_bands_of_a_policy_may_touch_and_may_not_cross(policy: type[Policy]) -> None:
    touching = {"vanishing_mild": -4.0, "vanishing_severe": -4.0, "exploding_mild": 4.0, "exploding_severe": 4.0}
    made = policy.model_validate(touching)
    for ratio, label in ((-4.0, Label.VANISHING), (4.0, Label.EXPLODING)):
        assert judge_trial(ratio, dead=False, overflowed=False, policy=made) == (label, Severity.SEVERE)
    for crossing in ({"vanishing_severe": -3.9}, {"exploding_severe": 3.9}):
        with pytest.raises(ValidationError, match="must not be"):
            policy.model_validate(touching | crossing)


def test_dead_comes_before_overflow_and_overflow_before_the_bands() -> None:
    assert judge_trial(-9.0, dead=True, overflowed=True, policy=Sgd()) == (Label.DEAD, Severity.SEVERE)
    assert judge_trial(-9.0, dead=False, overflowed=True, policy=Sgd()) == (Label.EXPLODING, Severity.SEVERE)


# The vote


@pytest.mark.parametrize(
    ("ratios", "label", "severity", "agreeing"),
    [
        ([0.0, 0.0, 1.0], Label.STABLE, Severity.NONE, [0, 1]),
        ([1.0 - JUST, 1.0, 1.0], Label.EXPLODING, Severity.MILD, [1, 2]),
        ([-1.0 + JUST, -1.0, -1.0], Label.VANISHING, Severity.MILD, [1, 2]),
        ([-1.1, 0.0, -1.2, 0.5, -1.3], Label.VANISHING, Severity.MILD, [0, 2, 4]),
        # the median of those that agree, not of all
        ([-1.1, -9.0, -2.6, 0.0, 0.0], Label.VANISHING, Severity.SEVERE, [0, 1, 2]),
        ([-9.0, -1.2, -1.1, 0.0, 0.0], Label.VANISHING, Severity.MILD, [0, 1, 2]),
        ([1.1, 2.6, 9.0, 0.0, 0.0], Label.EXPLODING, Severity.SEVERE, [0, 1, 2]),
        # a tie goes to the one that stands first in Label
        ([0.0, -2.0], Label.VANISHING, Severity.MILD, [1]),
        ([-2.0, 2.0], Label.EXPLODING, Severity.MILD, [1]),
        ([0.0, 2.0, 0.0, 2.0], Label.EXPLODING, Severity.MILD, [1, 3]),
        ([nan, nan, 2.0], Label.STABLE, Severity.NONE, [0, 1]),
    ],
)
def test_the_label_is_that_of_most_trials(
    ratios: list[float], label: Label, severity: Severity, agreeing: list[int]
) -> None:
    vote = judged(trials(ratios)).vote
    assert (vote.label, vote.severity, vote.agreeing.tolist()) == (label, severity, agreeing)
    assert vote.confidence == len(agreeing) / len(ratios)
    assert vote.trials == len(ratios)


def test_dead_and_overflowed_trials_vote_as_what_they_are() -> None:
    dead = judged(trials([-9.0, -9.0, 2.0, 2.0], dead=[True, True, False, False], overflowed=[True] * 4)).vote
    assert (dead.label, dead.severity, dead.confidence) == (Label.DEAD, Severity.SEVERE, 0.5)
    overflowed = judged(trials([nan, nan, 0.0, 0.0], overflowed=[True, True, False, False])).vote
    assert (overflowed.label, overflowed.severity, overflowed.confidence) == (Label.EXPLODING, Severity.SEVERE, 0.5)
    together = judged(trials([nan, 2.0, 0.0], overflowed=[True, False, False])).vote
    assert (together.label, together.agreeing.tolist()) == (Label.EXPLODING, [0, 1])


@pytest.mark.parametrize(("stable", "exploding", "dependent"), [(8, 2, False), (4, 1, False), (79, 21, True)])
def test_the_seed_decides_where_less_than_eighty_percent_agree(stable: int, exploding: int, dependent: bool) -> None:
    assert judged(trials([0.0] * stable + [2.0] * exploding)).vote.seed_dependent is dependent


@pytest.mark.parametrize(
    ("ratios", "typical"),
    [
        ([0.3, 0.1, 0.2], 0.2),
        ([0.1, 0.3], 0.3),
        ([-0.1, -0.3], -0.3),
        ([-0.3, 0.1], -0.3),
        ([0.3, -0.1], 0.3),
        ([0.1, 0.2, 0.4, 0.8], 0.4),
        ([-0.1, -0.2, -0.4, -0.8], -0.4),
        ([-0.4, nan, -0.2], -0.4),  # unknown ones come last, on whichever side of zero the others are
        ([0.4, nan, 0.2], 0.4),
    ],
)
def test_the_typical_trial_is_the_median_one_and_of_two_the_farther_one_from_zero(
    ratios: list[float], typical: float
) -> None:
    case = judged(trials(ratios))
    assert ratios[case.vote.typical] == typical
    assert case.evidence.depth_ratio == typical


def test_what_is_shown_is_that_of_the_trials_that_agree_with_an_upper_median() -> None:
    made = trials(
        [2.0, 3.0, 1.5, 4.0, 0.0],
        forward_ratio=[1.0, 2.0, 3.0, 4.0, 99.0],
        shares={"weights": trials([5.0, 6.0, 7.0, 8.0, 9.0]).depth_ratio},
        signal=[[0.0, 1.0], [1.0, nan], [2.0, -inf], [3.0, 2.0], [99.0, 99.0]],
        angular_spread=[[0.0, -4.0], [0.0, -3.0], [0.0, -2.0], [nan, -1.0], [99.0, 99.0]],
        overflowed=[False, True, False, True, False],
        overflow_layer=[nan, 3.0, nan, 4.0, 1.0],
    )
    shown = judged(made).evidence
    assert (shown.depth_ratio, shown.shares) == (3.0, {"weights": 6.0})
    assert (shown.forward_ratio, shown.signal) == (3.0, [2.0, 1.0])
    assert shown.angular_spread == (0.0, -2.0)
    assert (shown.overflowed, shown.overflow_layer, shown.overflows) == (True, 4.0, 2)


def test_shares_are_shown_only_where_all_of_them_are_known() -> None:
    shares = {"weights": trials([nan]).depth_ratio, "derivative": trials([1.0]).depth_ratio}
    assert judged(trials([2.0], shares=shares)).evidence.shares == {}


# The rate


@pytest.mark.parametrize(
    ("slope", "tendency"),
    [
        (0.0025 + JUST, Tendency.EXPLODING),
        (0.0025 - JUST, Tendency.STABLE),
        (-0.0025 + JUST, Tendency.STABLE),
        (-0.0025 - JUST, Tendency.VANISHING),
        (1.0, Tendency.EXPLODING),
        (-2.0, Tendency.VANISHING),
    ],
)
@pytest.mark.parametrize(("policy", "severe"), [(Sgd(), (2.5, 2.5)), (Adam(), (6.0, 3.0))], ids=["sgd", "adam"])
def test_a_tendency_begins_where_a_thousand_layers_would_be_severe(
    slope: float, tendency: Tendency, policy: Policy, severe: tuple[float, float]
) -> None:
    rate = judged(trials([0.0] * 7, [slope] * 7), policy).rate
    assert rate.tendency is tendency
    assert rate.depth_budget == pytest.approx(severe[slope > 0.0] / abs(slope))
    assert rate.interval == pytest.approx((10.0**slope, 10.0**slope))


@pytest.mark.parametrize(
    ("slopes", "tendency"),
    [
        ([0.0] * 6, Tendency.STABLE),
        ([-0.2, *[0.1] * 9, 0.3], Tendency.EXPLODING),
        ([-0.2, 0.0, *[0.1] * 4], Tendency.STABLE),  # of six trials the interval is from the first to the last
        ([-0.1, -0.1, -0.1, -0.1, -0.1, 0.0], Tendency.STABLE),
    ],
)
def test_an_interval_that_contains_one_claims_nothing(slopes: list[float], tendency: Tendency) -> None:
    rate = judged(trials([0.0] * len(slopes), slopes)).rate
    assert rate.tendency is tendency
    assert (rate.depth_budget is None) == (tendency is Tendency.STABLE)


@pytest.mark.parametrize(("slopes", "widened"), [([0.1] * 5, True), ([0.1] * 6, False), ([0.1] * 5 + [nan], True)])
def test_below_six_trials_the_interval_is_what_theory_says_of_the_width(slopes: list[float], widened: bool) -> None:
    half = 1.96 * 0.4 * sqrt(0.09) / (5 - 1) / sqrt(5) if widened else 0.0
    made = trials([0.0] * len(slopes), slopes)
    assert judged(made, sum_inverse_width=0.09).rate.interval == pytest.approx((10 ** (0.1 - half), 10 ** (0.1 + half)))
    assert judged(made, sum_inverse_width=0.09, random=False).rate.interval == pytest.approx((10**0.1, 10**0.1))


def test_an_interval_that_is_too_short_is_widened_at_both_ends() -> None:
    half = 1.96 * 0.4 * sqrt(0.09) / (5 - 1) / sqrt(3)
    interval = judged(trials([0.0] * 3, [0.1, 0.3, 0.2]), sum_inverse_width=0.09).rate.interval
    assert interval == pytest.approx((10 ** (0.1 - half), 10 ** (0.3 + half)))


def test_where_the_gradient_dies_in_most_trials_there_is_no_budget() -> None:
    rate = judged(trials([-inf] * 7, [-inf] * 7)).rate
    assert (rate.tendency, rate.depth_budget, rate.interval) == (Tendency.VANISHING, None, (0.0, 0.0))


@pytest.mark.parametrize(
    ("fields", "tendency"),
    [
        ({}, Tendency.STABLE),
        ({"dead": [True] * 3}, Tendency.VANISHING),
        ({"overflowed": [True] * 3}, Tendency.EXPLODING),
    ],
)
def test_without_a_rate_the_tendency_is_that_of_what_took_it_away(fields: dict[str, Any], tendency: Tendency) -> None:
    rate = judged(trials([nan] * 3, **fields)).rate
    assert (rate.tendency, rate.depth_budget, rate.interval) == (tendency, None, None)
    assert judged(trials([-9.0] * 3, [nan] * 3)).rate.tendency is Tendency.STABLE
