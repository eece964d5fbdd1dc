"""Causes and flags number by number: on both sides of every threshold, by evidence and layers made by hand."""

from itertools import accumulate
from math import inf, log10, nan
from typing import Any

import pytest

from api_tests.simulation.by_hand import NO_SPREAD, evidence, facts, layer, spread, trials
from service.nn.policies import Sgd
from service.simulation.causes import find_cause
from service.simulation.gradients import StoredGradients
from service.simulation.spec import Precision
from service.simulation.spreads import log10_update
from service.simulation.verdict import find_flags, judge
from service.simulation.vocabulary import Cause, Flag, Label

JUST = 1e-9
NOTHING = {"log10_weight_gradient_norm": NO_SPREAD, "log10_weight_gradient_rms": NO_SPREAD}
NO_WEIGHTS = {"log10_weight_norm": NO_SPREAD}


def cause(label: Label, **fields: Any) -> Cause | None:
    return find_cause(label, evidence(**fields), [layer(1, boundary=True), layer(2)], facts())


@pytest.mark.parametrize(
    ("before", "after", "collapsed"),
    [(0.0, -1.3 - JUST, True), (0.0, -1.3, False), (-1.3, -1.4, True), (-1.3 - JUST, -1.4, False), (nan, -9.0, False)],
)
def test_inputs_have_become_one_at_a_twentieth_of_the_signal(before: float, after: float, collapsed: bool) -> None:
    spreads = {"angular_spread": (before, after)}
    assert cause(Label.STABLE, **spreads) is (Cause.INPUT_COLLAPSE if collapsed else None)
    for label in Label:
        raised = find_flags(label, evidence(**spreads), [layer()], spread(0.0), facts())
        assert (Flag.INPUT_COLLAPSE in raised) == (collapsed and label is Label.STABLE)


@pytest.mark.parametrize(
    ("backward", "forward", "together"),
    [
        (-2.0, -1.0, True),
        (-2.0, -1.0 + JUST, False),
        (-2.0, -9.0, True),
        (-2.0, 2.0, False),
        (2.0, 1.0, True),
        (2.0, 1.0 - JUST, False),
        (2.0, -2.0, False),
        (-2.0, None, False),
        (None, -2.0, False),
    ],
)
def test_gain_ends_where_the_signal_moves_half_as_far(
    backward: float | None, forward: float | None, together: bool
) -> None:
    for label, other in ((Label.VANISHING, Cause.SATURATION), (Label.EXPLODING, Cause.CHAOS)):
        found = cause(label, depth_ratio=backward, forward_ratio=forward)
        assert found is (Cause.GAIN if together else other)


@pytest.mark.parametrize(
    ("steps", "collapses"),
    [
        ([-0.25, -0.75], True),  # one decade exactly
        ([-0.25, -0.75 + JUST], False),
        ([-9.0], False),
        ([-1.0, -1.3 - JUST], True),
        ([-1.0, -1.3 + 1e-3], False),
        ([-1.0, -2.0, -2.0], False),
        ([9.0, -1.0, -2.0, -4.0, -8.0], True),  # the last four count
        ([-1.0, -1.0, -2.0, -4.0], False),
        ([1.0, 1.0, -4.0], False),  # a rise is no fall
        ([-1.0, -2.0, nan, 5.0], True),  # up to the first that is no number
        ([-1.0, -2.0, -inf, 5.0], True),
    ],
)
def test_a_collapse_takes_a_third_more_with_each_layer(steps: list[float], collapses: bool) -> None:
    signal = list(accumulate(steps, initial=0.0))
    found = cause(Label.VANISHING, signal=signal, depth_ratio=-2.0, forward_ratio=-2.0)
    assert found is (Cause.SIGNAL_COLLAPSE if collapses else Cause.GAIN)


def test_an_explosion_beyond_the_range_is_an_overflow_where_the_signal_leaves_it() -> None:
    moving = {"depth_ratio": 2.0, "forward_ratio": 2.0}
    assert cause(Label.EXPLODING, overflowed=True, overflow_layer=3.0, **moving) is Cause.FORWARD_OVERFLOW
    assert cause(Label.EXPLODING, overflowed=True, overflow_layer=0.0, **moving) is Cause.FORWARD_OVERFLOW
    assert cause(Label.EXPLODING, overflowed=True, **moving) is None
    assert cause(Label.EXPLODING, overflow_layer=3.0, **moving) is Cause.GAIN


@pytest.mark.parametrize(("lowest", "underflowed"), [(-77.0 - JUST, True), (-77.0, False)])
def test_a_dead_gradient_behind_a_signal_near_the_smallest_numbers_is_a_collapse(
    lowest: float, underflowed: bool
) -> None:
    signal = [0.0, 0.25 * lowest, lowest, -inf]
    found = find_cause(Label.DEAD, evidence(signal=signal), [layer(dead_fraction=1.0)], facts())
    assert found is (Cause.SIGNAL_COLLAPSE if underflowed else Cause.DEAD_UNITS)


def test_a_signal_that_underflows_without_a_collapse_leaves_the_units_dead() -> None:
    signal = [0.0, -50.0, -100.0]
    assert find_cause(Label.DEAD, evidence(signal=signal), [layer(dead_fraction=1.0)], facts()) is Cause.DEAD_UNITS


ZERO = layer(2, **NO_WEIGHTS)


@pytest.mark.parametrize(
    ("silent", "way_back", "weighted", "expected"),
    [
        (True, [layer(1), ZERO], {1, 2}, None),
        (False, [layer(1, dead_fraction=1.0), ZERO], {1, 2}, Cause.ZERO_WEIGHTS),
        (False, [layer(1), ZERO], {1}, None),
        (False, [ZERO, layer(3)], {2, 3}, None),  # what is before the first hidden layer takes nothing from it
        (False, [layer(1, dead_fraction=0.01)], {1}, Cause.DEAD_UNITS),
        (False, [layer(1), layer(2, dead_fraction=0.01)], {1}, Cause.DEAD_UNITS),
        (False, [layer(1), layer(2, dead_fraction=None)], {1}, None),
        (False, [], {1}, None),
    ],
)
def test_the_causes_of_death_in_their_order(
    silent: bool, way_back: list[Any], weighted: set[int], expected: Cause | None
) -> None:
    found = find_cause(Label.DEAD, evidence(silent=silent), way_back, facts(weighted=frozenset(weighted)))
    assert found is expected


@pytest.mark.parametrize(("first_hidden", "expected"), [(1, Cause.DEAD_UNITS), (2, Cause.DEAD_UNITS), (3, None)])
def test_death_is_looked_for_from_the_first_hidden_layer_to_the_output(
    first_hidden: int, expected: Cause | None
) -> None:
    layers = [layer(1), layer(2, dead_fraction=0.5), layer(3), layer(4)]
    marked = [one.model_copy(update={"boundary": one.index == first_hidden}) for one in layers]
    assert judge(trials([-9.0], dead=[True]), marked, Sgd(), facts()).cause is expected


# Flags


def flags(*layers: Any, std: float | None = 0.0, label: Label = Label.STABLE, **fields: Any) -> list[Flag]:
    ratio = NO_SPREAD if std is None else spread(0.0, std=std)
    return find_flags(label, evidence(), list(layers) or [layer()], ratio, facts(**fields))


@pytest.mark.parametrize(
    ("sum_inverse_width", "std", "random", "raised"),
    [
        (1.5625, 0.25, True, True),  # 0.4·√1.5625 = 0.5, shown by half of it
        (1.5625 - 1e-6, 0.25, True, False),
        (1.5625, 0.25 - JUST, True, False),
        (6.25, 0.5, True, True),
        (6.25, 0.5 - JUST, True, False),
        (6.25, None, True, True),
        (6.25, 9.0, False, False),
    ],
)
def test_a_network_is_too_deep_for_its_width_where_it_wanders_half_a_decade_and_shows_it(
    sum_inverse_width: float, std: float | None, random: bool, raised: bool
) -> None:
    found = flags(std=std, sum_inverse_width=sum_inverse_width, random=random)
    assert found == ([Flag.TOO_DEEP_FOR_WIDTH] if raised else [])


@pytest.mark.parametrize(
    ("fields", "raised"),
    [
        ({"log10_weight_gradient_rms": spread(-7.0)}, []),
        ({"log10_weight_gradient_rms": spread(-7.0 - JUST)}, [Flag.TINY_GRADIENT]),
        ({"log10_weight_gradient_rms": spread(6.0)}, []),
        ({"log10_weight_gradient_rms": spread(6.0 + JUST)}, [Flag.HUGE_GRADIENT]),
        ({**NOTHING}, [Flag.TINY_GRADIENT]),
        ({**NOTHING, "non_finite_trials": 1}, []),
        ({**NOTHING, "index": 9}, []),  # it has no weights
        ({"log10_weight_gradient_norm": spread(-2.0)}, []),
        ({"log10_weight_gradient_norm": spread(-2.0 - JUST)}, [Flag.SMALL_UPDATE]),
        ({"log10_weight_gradient_norm": spread(1.0)}, []),
        ({"log10_weight_gradient_norm": spread(1.0 + JUST)}, [Flag.LARGE_UPDATE]),
        ({"log10_weight_norm": spread(2.0 + JUST)}, [Flag.SMALL_UPDATE]),
        ({"log10_forward_rms": spread(0.0, p05=-308.0)}, []),
        ({"log10_forward_rms": spread(0.0, p05=-308.1)}, [Flag.PRECISION_UNDERFLOW]),
        ({"log10_weight_gradient_rms": spread(0.0, p05=-308.0)}, []),
        ({"log10_weight_gradient_rms": spread(0.0, p05=-308.1)}, [Flag.PRECISION_UNDERFLOW]),
        ({"log10_delta_norm": spread(-999.0)}, []),
    ],
)
def test_a_flag_is_raised_beyond_its_number(fields: dict[str, Any], raised: list[Flag]) -> None:
    others = [layer(number) for number in (1, 3)] if "log10_weight_gradient_rms" in fields else []
    assert flags(layer(**{"index": 2, **fields}), *others) == raised


def test_flags_stand_in_the_order_of_their_definition() -> None:
    wild = layer(log10_weight_gradient_rms=spread(7.0, p05=-400.0), log10_weight_gradient_norm=spread(9.0))
    found = flags(wild, layer(2, **NOTHING), std=1.0, sum_inverse_width=9.0, symmetric=True, fewest_in_statistics=7)
    assert found == [
        Flag.TOO_DEEP_FOR_WIDTH,
        Flag.TINY_GRADIENT,
        Flag.HUGE_GRADIENT,
        Flag.LARGE_UPDATE,
        Flag.PRECISION_UNDERFLOW,
        Flag.SYMMETRIC_UNITS,
        Flag.SMALL_BATCH,
    ]


@pytest.mark.parametrize(("numbers", "small"), [(None, False), (2, True), (7, True), (8, False), (500, False)])
def test_statistics_over_fewer_than_eight_numbers_are_of_a_small_batch(numbers: int | None, small: bool) -> None:
    assert flags(layer(), fewest_in_statistics=numbers) == ([Flag.SMALL_BATCH] if small else [])


@pytest.mark.parametrize(
    ("underflow", "overflow", "raised"),
    [(0.0499, 0.0, False), (0.05, 0.0, True), (0.0, 0.05, True), (0.03, 0.02, True)],
)
def test_a_twentieth_of_the_gradients_entries_is_too_much_to_lose(
    underflow: float, overflow: float, raised: bool
) -> None:
    lost = StoredGradients(
        format=Precision.FLOAT16,
        loss_scale=1.0,
        underflow_share=underflow,
        overflow_share=overflow,
        saving_loss_scale=None,
    )
    tiny = layer(log10_weight_gradient_rms=spread(0.0, p05=-308.1))  # which the loss scale may lift
    assert flags(tiny, precision=lost) == ([Flag.PRECISION_UNDERFLOW] if raised else [])
    assert Flag.PRECISION_UNDERFLOW in flags(layer(log10_forward_rms=spread(0.0, p05=-308.1)), precision=lost)


def sized(gradient: float, weights: float) -> Any:
    return layer(log10_weight_gradient_norm=spread(gradient), log10_weight_norm=spread(weights))


def test_an_update_is_that_of_all_weights_at_a_rate_of_a_hundredth() -> None:
    assert log10_update([sized(1.0, 0.5)]) == -1.5
    assert log10_update([sized(0.0, 0.0), sized(0.0, -50.0)]) == pytest.approx(-2.0 + 0.5 * log10(2.0))
    assert log10_update([sized(log10(3.0), 0.0), sized(log10(4.0), -50.0)]) == pytest.approx(-2.0 + log10(5.0))
    assert log10_update([sized(900.0, 600.0), sized(-900.0, -600.0)]) == pytest.approx(298.0)
    assert log10_update([layer(**NO_WEIGHTS)]) is None
    assert log10_update([layer(**NOTHING)]) is None
    assert log10_update([layer(**NOTHING, **NO_WEIGHTS), sized(1.0, 0.5)]) == -1.5
