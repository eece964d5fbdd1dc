"""Causes and flags number by number: on both sides of every threshold, by evidence and layers made by hand."""

from itertools import accumulate
from math import inf, log10, nan
from typing import Any

import pytest

from api_tests.simulation.by_hand import NO_SPREAD, evidence, facts, labelled, layer, spread, trials
from service.nn.activations import Activation
from service.nn.activations.expression import Expression
from service.nn.activations.piecewise import Relu
from service.nn.activations.smooth import Linear, Sigmoid, Tanh
from service.nn.policies import Sgd
from service.simulation.causes import find_cause, losses_of_inputs
from service.simulation.gradients import StoredGradients
from service.simulation.risk import find_flags, log10_update
from service.simulation.spec import Precision
from service.simulation.verdict import judge
from service.simulation.vocabulary import Cause, Flag, Label, Optimiser

JUST = 1e-9
SGD, ADAM = Optimiser
NOTHING = {"log10_weight_gradient_norm": NO_SPREAD, "log10_weight_gradient_rms": NO_SPREAD}
NO_WEIGHTS = {"log10_weight_norm": NO_SPREAD}


def cause(label: Label, ratio: float | None = 0.0, **fields: Any) -> Cause | None:
    return find_cause(labelled(label, ratio), evidence(**fields), [layer(1, boundary=True), layer(2)], facts())


@pytest.mark.parametrize(
    ("before", "after", "collapsed"),
    [
        (0.0, -1.3 - JUST, True),
        (0.0, -1.3, False),
        (-1.3, -2.3 - JUST, True),
        (-1.3 - JUST, -9.0, False),  # the inputs were one before
        (-0.5, -1.5, True),
        (-0.5, -1.5 + JUST, False),  # a decade less than the inputs' own
        (nan, -9.0, False),
    ],
)
def test_inputs_have_become_one_at_a_twentieth_and_a_tenth_of_what_they_were(
    before: float, after: float, collapsed: bool
) -> None:
    for name, found, flag in (
        ("angular_spread", Cause.INPUT_COLLAPSE, Flag.INPUT_COLLAPSE),
        ("token_spread", Cause.RANK_COLLAPSE, Flag.RANK_COLLAPSE),
    ):
        spreads = {name: (before, after)}
        assert cause(Label.STABLE, **spreads) is (found if collapsed else None)
        for label in Label:
            raised = find_flags(labelled(label), evidence(**spreads), [layer()], spread(0.0), facts())
            assert (flag in raised) == collapsed


@pytest.mark.parametrize(("noise", "hides"), [(None, False), (0.7 - JUST, False), (0.7, True)])
def test_masks_hide_the_inputs_where_they_move_the_last_hidden_layer_five_times_as_much(
    noise: float | None, hides: bool
) -> None:
    judged = labelled(Label.STABLE, mask_noise=noise)
    assert find_cause(judged, evidence(), [], facts()) is (Cause.MASK_NOISE if hides else None)
    assert (Flag.MASK_NOISE in find_flags(judged, evidence(), [layer()], spread(0.0), facts())) == hides


@pytest.mark.parametrize(("risk", "raised"), [(0.25, True), (0.25 - JUST, False)])
def test_nothing_is_said_to_be_lost_of_the_inputs_while_networks_like_it_learn(risk: float, raised: bool) -> None:
    shown = evidence(angular_spread=(0.0, -9.0), token_spread=(0.0, -9.0))
    judged = labelled(Label.STABLE, risk=risk, mask_noise=3.0)
    assert list(losses_of_inputs(judged, shown)) == (
        [Cause.RANK_COLLAPSE, Cause.MASK_NOISE, Cause.INPUT_COLLAPSE] if raised else []
    )
    assert find_cause(judged, shown, [], facts()) is (Cause.RANK_COLLAPSE if raised else None)


@pytest.mark.parametrize(
    ("backward", "forward", "together"),
    [
        (2.0, 1.0, True),
        (1.0, 0.6, True),
        (0.0, 0.0, False),
        (2.0, 1.0 - JUST, False),
        (2.0, 9.0, True),
        (2.0, -2.0, False),
        (2.0, None, False),
        (None, 2.0, False),
    ],
)
def test_an_explosion_is_one_of_gain_where_the_signal_moves_half_as_far(
    backward: float | None, forward: float | None, together: bool
) -> None:
    found = cause(Label.EXPLODING, ratio=backward, depth_ratio=backward, forward_ratio=forward)
    assert found is (Cause.GAIN if together else Cause.CHAOS)


def by_slope(rms: float | None, activation: Activation | None, **fields: Any) -> Cause | None:
    """Of a gradient that vanishes by the derivatives of such a layer, the only one before the last hidden layer."""
    way_back = [
        layer(1, derivative={"mean": 0.0, "rms": rms, "min": 0.0, "max": 1.0}, **fields),
        layer(2, boundary=True, derivative={"mean": 1.0, "rms": None, "min": 1.0, "max": 1.0}),
        layer(3, derivative={"mean": 0.0, "rms": 1e-9, "min": 0.0, "max": 0.0}),  # behind the last hidden layer
    ]
    known = {} if activation is None else {1: activation, 3: activation}
    shown = evidence(depth_ratio=-3.0, shares={"derivative": -3.0, "weights": 0.0})
    return find_cause(labelled(Label.VANISHING, -3.0), shown, way_back, facts(activations=known))


@pytest.mark.parametrize(
    ("rms", "activation", "expected"),
    [
        (0.125 - 1e-4, Sigmoid(), Cause.SATURATION),  # half of the best one, a quarter
        (0.125 + 1e-4, Sigmoid(), Cause.SMALL_SLOPE),
        (0.25, Sigmoid(), Cause.SMALL_SLOPE),
        (0.0, Sigmoid(), Cause.SATURATION),
        (0.5 - 1e-3, Tanh(), Cause.SATURATION),
        (0.5 + 1e-3, Tanh(), Cause.GAIN),
        (0.707, Relu(), Cause.GAIN),
        (0.353, Relu(), Cause.SATURATION),
        (1.0, Linear(), Cause.GAIN),
        (0.4999, Expression(formula="0.4999*z"), Cause.SMALL_SLOPE),
        (0.5001, Expression(formula="0.5001*z"), Cause.GAIN),
        (None, Tanh(), Cause.GAIN),
        (0.01, None, Cause.GAIN),
        (0.0, Expression(formula="where(z > 0, 1, 0)"), Cause.GAIN),
    ],
)
def test_an_activation_is_too_flat_below_half_of_its_best_slope_and_flat_everywhere_where_that_is_below_a_half(
    rms: float | None, activation: Activation | None, expected: Cause
) -> None:
    assert by_slope(rms, activation) is expected


def test_layers_up_to_the_last_hidden_one_tell_how_flat_they_are() -> None:
    steep, flat = ({"mean": 0.0, "rms": rms, "min": 0.0, "max": 1.0} for rms in (0.9, 0.1))
    way_back = [layer(1, boundary=True, derivative=steep), layer(2, derivative=flat), layer(3, boundary=True), layer(4)]
    shown = evidence(depth_ratio=-3.0, shares={"derivative": -3.0})
    known = facts(activations={1: Tanh(), 2: Tanh()})
    assert find_cause(labelled(Label.VANISHING, -3.0), shown, way_back, known) is Cause.SATURATION


def test_linear_layers_between_do_not_hide_how_flat_activations_are() -> None:
    one, flat = ({"mean": 0.0, "rms": rms, "min": 0.0, "max": 1.0} for rms in (1.0, 0.2))
    way_back = [layer(1, boundary=True, derivative=one), layer(2, derivative=flat), layer(3, boundary=True), layer(4)]
    shown = evidence(depth_ratio=-3.0, shares={"derivative": -3.0})
    for activation, expected in ((Sigmoid(), Cause.SMALL_SLOPE), (Tanh(), Cause.SATURATION)):
        known = facts(activations={1: Linear(), 2: activation, 3: Linear()})
        assert find_cause(labelled(Label.VANISHING, -3.0), shown, way_back, known) is expected


def test_layers_inside_blocks_do_not_tell_how_flat_the_others_are() -> None:
    assert by_slope(0.01, Sigmoid(), inside=True) is Cause.GAIN


@pytest.mark.parametrize(
    ("shares", "expected"),
    [
        ({"derivative": -1.0, "weights": -1.0 - JUST}, Cause.GAIN),
        ({"derivative": -1.0, "weights": -1.0 + JUST}, Cause.SMALL_SLOPE),
        ({"derivative": -1.0, "normalisation": -1.1}, Cause.NORMALISATION),
        ({"skip": -2.0, "derivative": -1.0}, Cause.GAIN),
        ({}, Cause.GAIN),
    ],
)
def test_a_gradient_vanishes_by_its_most_negative_account(shares: dict[Any, float], expected: Cause) -> None:
    way_back = [layer(1, boundary=True, derivative={"mean": 0.2, "rms": 0.2, "min": 0.0, "max": 0.25}), layer(2)]
    shown = evidence(depth_ratio=-2.0, shares=shares)
    found = find_cause(labelled(Label.VANISHING, -2.0), shown, way_back, facts(activations={1: Sigmoid()}))
    assert found is expected


def in_time(label: Label, kind: str, activation: Activation | None, rms: float | None, ratio: float) -> Cause | None:
    """Of a recurrent layer of eleven steps with that time ratio."""
    time = {
        "time_ratio": spread(ratio),
        "memory_steps": 2.5 / abs(ratio / 10.0) if ratio else None,
        "log10_state_gradient": [0.0] * 11,
    }
    slope = {"mean": 0.0, "rms": rms, "min": 0.0, "max": 1.0}
    one = layer(1, kind=kind, boundary=True, time=time, derivative=slope)
    known = {} if activation is None else {1: activation}
    return find_cause(labelled(label, ratio, recurrent=one), evidence(), [one, layer(2)], facts(activations=known))


@pytest.mark.parametrize(
    ("label", "kind", "activation", "rms", "ratio", "expected"),
    [
        (Label.VANISHING, "lstm", None, None, -9.0, Cause.GAIN),
        (Label.VANISHING, "rnn", Tanh(), 0.9, -9.0, Cause.GAIN),
        (Label.VANISHING, "rnn", Tanh(), 0.4, -7.0, Cause.SATURATION),  # −0.4 of −0.7 decades a step
        (Label.VANISHING, "rnn", Tanh(), 0.4, -8.0, Cause.GAIN),  # −0.4 of −0.8 and more
        (Label.VANISHING, "rnn", Tanh(), 0.1, -20.0, Cause.SATURATION),  # exactly half of them
        (Label.VANISHING, "rnn", Tanh(), None, -9.0, Cause.GAIN),
        (Label.VANISHING, "lstm", None, 0.1, -9.0, Cause.GAIN),
        (Label.VANISHING, "rnn", Sigmoid(), 0.2, -9.0, Cause.SMALL_SLOPE),
        (Label.EXPLODING, "rnn", Tanh(), 0.9, 9.0, Cause.CHAOS),
        (Label.EXPLODING, "rnn", Relu(), 0.7, 9.0, Cause.GAIN),
    ],
)
def test_the_cause_along_time_is_found_in_the_recurrent_layer(
    label: Label, kind: str, activation: Activation | None, rms: float | None, ratio: float, expected: Cause
) -> None:
    assert in_time(label, kind, activation, rms, ratio) is expected


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
        ([-8.0, -1.0, -2.0, -4.0, -8.0], True),
        ([-10.0, -13.0], True),  # three tenths more exactly
        ([0.5, 0.5, -4.0], False),
        ([1.0, 0.0, -4.0], False),
        ([-1.0, -1.0, -2.0, -4.0], False),
        ([1.0, 1.0, -4.0], False),  # a rise is no fall
        ([-1.0, -2.0, nan, 5.0], True),  # up to the first that is no number
        ([-1.0, -2.0, -inf, 5.0], True),
    ],
)
def test_a_collapse_takes_a_third_more_with_each_layer(steps: list[float], collapses: bool) -> None:
    signal = list(accumulate(steps, initial=16.0))  # what counts is the fall, not the height
    found = cause(Label.VANISHING, ratio=-2.0, signal=signal, depth_ratio=-2.0, forward_ratio=-2.0)
    assert found is (Cause.SIGNAL_COLLAPSE if collapses else Cause.GAIN)


def test_an_explosion_beyond_the_range_is_an_overflow_where_the_signal_leaves_it() -> None:
    moving = {"ratio": 2.0, "depth_ratio": 2.0, "forward_ratio": 2.0}
    assert cause(Label.EXPLODING, overflowed=True, overflow_layer=3.0, **moving) is Cause.FORWARD_OVERFLOW
    assert cause(Label.EXPLODING, overflowed=True, overflow_layer=0.0, **moving) is Cause.FORWARD_OVERFLOW
    assert cause(Label.EXPLODING, overflowed=True, **moving) is None
    assert cause(Label.EXPLODING, overflow_layer=3.0, **moving) is Cause.GAIN


@pytest.mark.parametrize(("lowest", "underflowed"), [(-77.0 - JUST, True), (-77.0, False)])
def test_a_dead_gradient_behind_a_signal_near_the_smallest_numbers_is_a_collapse(
    lowest: float, underflowed: bool
) -> None:
    signal = [0.0, 0.25 * lowest, lowest, -inf]
    found = find_cause(labelled(Label.DEAD), evidence(signal=signal), [layer(dead_fraction=1.0)], facts())
    assert found is (Cause.SIGNAL_COLLAPSE if underflowed else Cause.DEAD_UNITS)


def test_a_signal_that_sinks_below_the_precision_at_one_rate_underflows() -> None:
    way_back = [layer(dead_fraction=1.0)]
    for signal, expected in (([0.0, -50.0, -100.0], Cause.UNDERFLOW), ([0.0, -30.0, -60.0], Cause.DEAD_UNITS)):
        assert find_cause(labelled(Label.DEAD), evidence(signal=signal), way_back, facts()) is expected


def test_dropout_that_leaves_nothing_is_what_a_gradient_dies_of() -> None:
    nothing = layer(2, kind="dropout", log10_forward_rms=NO_SPREAD)
    assert find_cause(labelled(Label.DEAD), evidence(), [layer(), nothing], facts()) is Cause.MASK_NOISE
    some = layer(2, kind="dropout")
    assert find_cause(labelled(Label.DEAD), evidence(), [layer(), some], facts()) is None


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
    found = find_cause(labelled(Label.DEAD), evidence(silent=silent), way_back, facts(weighted=frozenset(weighted)))
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
    return find_flags(labelled(label), evidence(), list(layers) or [layer()], ratio, facts(**fields))


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
        ({"non_finite_trials": 10}, []),  # of ten that have a gradient, none of nothing
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


def sized(gradient: float, weights: float, log10_root_of_count: float = 0.0) -> Any:
    return layer(
        log10_weight_gradient_norm=spread(gradient),
        log10_weight_gradient_rms=spread(gradient - log10_root_of_count),
        log10_weight_norm=spread(weights),
    )


def test_an_update_is_that_of_all_weights_at_a_rate_of_a_hundredth() -> None:
    assert log10_update([sized(1.0, 0.5)], SGD) == -1.5
    assert log10_update([sized(0.0, 0.0), sized(0.0, -50.0)], SGD) == pytest.approx(-2.0 + 0.5 * log10(2.0))
    assert log10_update([sized(log10(3.0), 0.0), sized(log10(4.0), -50.0)], SGD) == pytest.approx(-2.0 + log10(5.0))
    assert log10_update([sized(900.0, 600.0), sized(-900.0, -600.0)], SGD) == pytest.approx(298.0)
    assert log10_update([layer(**NO_WEIGHTS)], SGD) is None
    assert log10_update([layer(**NOTHING)], SGD) is None
    assert log10_update([layer(**NOTHING, **NO_WEIGHTS), sized(1.0, 0.5)], SGD) == -1.5


def test_an_update_of_adam_is_its_rate_in_every_weight_that_has_a_gradient() -> None:
    ten_weights = sized(-30.0, 1.0, 0.5 * log10(10.0))
    assert log10_update([ten_weights], ADAM) == pytest.approx(-3.0 + 0.5 - 1.0)
    assert log10_update([ten_weights, ten_weights], ADAM) == pytest.approx(-3.0 + 0.5 - 1.0)
    assert log10_update([ten_weights, layer(**NOTHING, log10_weight_norm=spread(-50.0))], ADAM) == pytest.approx(-3.5)
    assert log10_update([layer(**NOTHING)], ADAM) is None
