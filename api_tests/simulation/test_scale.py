"""What depth does not show, number by number: closed forms, both sides of every limit, and laws of the first step."""

from math import log, sqrt
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api_tests.networks import Json, report, stack
from api_tests.simulation.healthy_and_broken import BROKEN, dense, large, times
from service.core.kinds import members
from service.nn.losses import Huber, Loss
from service.simulation import first_step as first_steps
from service.simulation.results import FirstStep, InitialScale, StepRate
from service.simulation.scale import ScaleEntry, killed_share, times_chance, unusual_inputs, wrong_entries
from service.simulation.simulate import simulate
from service.simulation.spec import SimulationSpec
from service.simulation.vocabulary import Optimiser

ONE: Json = {"kind": "constant", "value": 1.0}
ONE_HOT: Json = {"kind": "one_hot", "classes": 4}


def scale(network: Json, **fields: Any) -> InitialScale:
    return report(network, **{"trials": 4, **fields}).scale


def step(*rates: tuple[float, float | None, float | None], before: float | None = 0.0) -> FirstStep:
    """A first step of SGD by rate, loss ratio and share of dead units."""
    return FirstStep(
        optimiser=Optimiser.SGD,
        usual_rate=0.01,
        rates=[StepRate(rate=rate, loss_ratio=ratio, dead_fraction=dead) for rate, ratio, dead in rates],
        largest_stable_rate=None,
        dead_before=before,
        left_out=None,
    )


FINE = step((1e-4, 0.99, 0.0), (1e-2, 0.9, 0.0), (1.0, 2.0, 0.0))


def whole(**fields: Any) -> InitialScale:
    """A scale that nothing is wrong with but what is given."""
    right = {
        "initial_loss": 2.0,
        "chance_loss": 2.0,
        "output_saturation": 0.0,
        "first_layer_saturation": 0.0,
        "first_layer_rms": 1.0,
        "gradient_imbalance": 0.0,
        "input_rms": 1.0,
        "first_step": FINE,
        "sentences": [],
    }
    return InitialScale.model_validate({**right, **fields})


@pytest.mark.parametrize(
    ("fields", "entry"),
    [
        ({"initial_loss": 20.01}, ScaleEntry.INITIAL_LOSS),
        ({"initial_loss": 20.0}, None),
        ({"initial_loss": None}, None),
        ({"initial_loss": 1e9, "chance_loss": 0.0}, None),
        ({"initial_loss": 1e9, "chance_loss": None}, None),
        ({"output_saturation": 0.501}, ScaleEntry.OUTPUT_SATURATION),
        ({"output_saturation": 0.5}, None),
        ({"output_saturation": None}, None),
        ({"first_layer_saturation": 0.301}, ScaleEntry.FIRST_LAYER_SATURATION),
        ({"first_layer_saturation": 0.3}, None),
        ({"gradient_imbalance": 2.001}, ScaleEntry.GRADIENT_IMBALANCE),
        ({"gradient_imbalance": 2.0}, None),
        ({"first_step": step((1e-2, 0.9, 0.201))}, ScaleEntry.STEP_KILLS_UNITS),
        ({"first_step": step((1e-2, 0.9, 0.2))}, None),
        ({"first_step": step((1e-2, 0.9, 0.7), before=0.5)}, None),
        ({"first_step": step((1e-3, 0.9, 0.0), (1e-2, 0.9, 0.0), (0.1, 1.0, 1.0))}, None),
        ({"first_step": step((1e-2, 0.9, None), before=None)}, None),
        ({"first_step": step((1e-4, 1.0, 0.0), (1e-2, None, 0.0), (1.0, 9.0, 0.0))}, ScaleEntry.NO_USUAL_RATE),
        ({"first_step": step((3e-5, 0.5, 0.0), (1e-4, 1.0, 0.0))}, ScaleEntry.NO_USUAL_RATE),
        ({"first_step": step((3e-5, 0.5, 0.0), (1e-4, 0.999, 0.0))}, None),
        ({"first_step": step()}, None),
    ],
)
def test_an_entry_is_wrong_beyond_its_limit_and_not_at_it(fields: dict[str, Any], entry: ScaleEntry | None) -> None:
    assert wrong_entries(whole(**fields)) == ([] if entry is None else [entry])


@pytest.mark.parametrize(("loss", "said"), [(6.0, False), (6.01, True)])
def test_three_times_chance_is_wrong_where_something_else_is_too(loss: float, said: bool) -> None:
    entries = wrong_entries(whole(initial_loss=loss, output_saturation=0.9))
    assert (ScaleEntry.INITIAL_LOSS in entries) == said
    assert wrong_entries(whole(initial_loss=loss)) == []


def test_entries_come_in_the_order_of_their_severity() -> None:
    bad = whole(
        initial_loss=100.0,
        output_saturation=1.0,
        first_layer_saturation=1.0,
        gradient_imbalance=3.0,
        first_step=step((1e-2, 2.0, 1.0)),
    )
    assert wrong_entries(bad) == list(ScaleEntry)


@pytest.mark.parametrize(("rms", "large_inputs"), [(3.0, False), (3.01, True), (0.01, False), (None, False)])
def test_inputs_are_unusual_above_three_standard_deviations(rms: float | None, large_inputs: bool) -> None:
    assert unusual_inputs(whole(input_rms=rms)) is large_inputs


def test_a_sentence_has_its_numbers_in_three_digits_and_inputs_are_named_last() -> None:
    found = scale(
        {"features": 4, "layers": [dense(8, "tanh"), dense(1)]},
        data={"inputs": {"kind": "gaussian", "mean": 1234.5, "std": 1.0}},
    )
    first, *_, last = found.sentences
    assert first.endswith(
        "% of the units of the first hidden layer are saturated: what enters its activation has a "
        f"root mean square of {float(f'{found.first_layer_rms:.3g}'):g}."
    )
    assert last == "The inputs have a root mean square of 1230, and standardised ones have 1: scale them."


# Losses ------------------------------------------------------------------------------------------------------------


def targets_of(loss: type[Loss]) -> Json:
    return {
        "cross_entropy": ONE_HOT,
        "cross_entropy_with_logits": ONE_HOT,
        "binary_cross_entropy": {"kind": "bernoulli", "p": 0.2},
        "binary_cross_entropy_with_logits": {"kind": "bernoulli", "p": 0.2},
        "hinge": {"kind": "bernoulli", "low": -1.0, "high": 1.0},
    }.get(loss.kind_name(), {"kind": "gaussian", "mean": 7.0, "std": 2.0})


EXPECTED = {
    "squared_error": 4 * 4.0,
    "mean_squared_error": 4.0,
    "absolute_error": 4 * 2.0 * sqrt(2.0 / np.pi),
    "huber": None,
    "binary_cross_entropy": 4 * log(2.0),
    "binary_cross_entropy_with_logits": 4 * log(2.0),
    "cross_entropy": log(4.0),
    "cross_entropy_with_logits": log(4.0),
    "hinge": 4.0,
}


@pytest.mark.parametrize("loss", members(Loss), ids=lambda loss: loss.kind_name())  # type: ignore[type-abstract]
def test_chance_is_that_of_a_network_that_knows_nothing(loss: type[Loss]) -> None:
    output = "softmax" if loss.kind_name() == "cross_entropy" else "sigmoid" if loss.probability else "linear"
    silent = {"features": 3, "layers": [dense(4, output, "zeros")]}
    asked = {"loss": {"kind": loss.kind_name()}, "data": {"samples": 512, "targets": targets_of(loss)}}
    found = scale(silent, **asked)
    expected = EXPECTED[loss.kind_name()]
    if expected is not None:
        assert found.chance_loss == pytest.approx(expected, rel=0.1)
    if found.chance_loss is not None and targets_of(loss)["kind"] != "gaussian":
        assert found.initial_loss == pytest.approx(found.chance_loss)  # half, or all alike, is what zeros say
    assert found.chance_loss


@given(st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=20), st.floats(0.01, 100.0))
def test_no_constant_is_better_than_that_of_chance(values: list[float], delta: float) -> None:
    targets = np.array(values)[:, None]
    for loss in (Huber(delta=delta), *(kind() for kind in members(Loss) if kind.kind_name() in EXPECTED)):  # type: ignore[type-abstract]
        if loss.probability or "logits" in loss.kind or loss.kind == "hinge":
            continue
        tried = np.linspace(min(values), max(values), 50)
        others = [float(loss.value(np.full_like(targets, one), targets).mean()) for one in tried]
        assert loss.chance(targets) <= min(others) * (1 + 1e-9) + 1e-9


def test_targets_that_are_all_alike_have_no_chance_to_compare_with() -> None:
    data = {"targets": {"kind": "explicit", "values": [2.0, 2.0]}}
    found = scale({"features": 3, "layers": [dense(1)]}, data=data)
    assert found.chance_loss == 0.0
    assert times_chance(found) is None


def test_the_initial_loss_is_the_median_over_all_trials() -> None:
    data = {"inputs": {"kind": "explicit", "values": [[1.0]]}, "targets": {"kind": "explicit", "values": [0.0]}}
    asked = {"network": {"features": 1, "layers": [dense(1, weights=large(1.0))]}, "data": data, "trials": 101}
    found = simulate(SimulationSpec.model_validate(asked))
    median = found.layers[0].log10_forward_rms.median
    assert median is not None
    assert found.scale.initial_loss == pytest.approx(10.0 ** (2.0 * median))


# Saturation --------------------------------------------------------------------------------------------------------


def outputs(values: list[list[float]], activation: str, loss: str, **more: Any) -> float | None:
    """The saturated share of outputs whose pre-activations are these."""
    width = len(values[0])
    identity = {"kind": "explicit", "values": np.eye(width).tolist()}
    network = {"features": width, "layers": [dense(width, activation, identity)]}
    data = {"inputs": {"kind": "explicit", "values": values}, **more}
    return scale(network, loss={"kind": loss}, data=data).output_saturation


def logit(share: float) -> float:
    return log(share / (1.0 - share))


@pytest.mark.parametrize(("largest", "expected"), [(0.989, 0.0), (0.991, 0.5)])
def test_a_softmax_is_saturated_above_0_99(largest: float, expected: float) -> None:
    values = [[logit(largest), 0.0], [0.0, 0.0]]
    assert outputs(values, "softmax", "cross_entropy") == expected
    assert outputs(values, "linear", "cross_entropy_with_logits") == expected


def test_a_softmax_over_one_unit_is_certain_whatever_comes_in() -> None:
    assert outputs([[0.3], [-0.3]], "softmax", "cross_entropy") == 1.0


@pytest.mark.parametrize(("slope", "expected"), [(0.0101 / 4, 0.0), (0.0099 / 4, 1.0)])
def test_a_sigmoid_is_saturated_below_a_hundredth_of_its_largest_slope(slope: float, expected: float) -> None:
    share = 0.5 + sqrt(0.25 - slope)
    for values in ([[logit(share)]], [[-logit(share)]]):
        assert outputs(values, "sigmoid", "binary_cross_entropy") == expected
        assert outputs(values, "linear", "binary_cross_entropy_with_logits") == expected


def test_what_is_flat_on_one_side_at_any_scale_says_nothing_of_the_scale() -> None:
    for activation in ("relu", "elu", "gelu", "silu", "softplus"):
        found = scale({"features": 4, "layers": [dense(8, activation), dense(1, activation)]})
        assert found.first_layer_saturation is None
        assert found.output_saturation is None
    assert scale(stack(2, 8)).output_saturation == 0.0  # a linear output has no flat side


def test_the_first_hidden_layer_is_seen_where_its_activation_stands_alone_and_behind_a_norm() -> None:
    saturated = [dense(16, weights=large(100.0)), {"kind": "activation", "activation": {"kind": "tanh"}}]
    found = scale({"features": 4, "layers": [*saturated, dense(1)]})
    inside = scale({"features": 4, "layers": [dense(16, "tanh", large(100.0)), dense(1)]})
    assert found.first_layer_rms == pytest.approx(inside.first_layer_rms)
    assert found.first_layer_saturation == pytest.approx(inside.first_layer_saturation)
    assert found.first_layer_saturation is not None
    assert found.first_layer_saturation > 0.9
    normed = scale({"features": 4, "layers": [saturated[0], {"kind": "layer_norm"}, saturated[1], dense(1)]})
    assert normed.first_layer_rms == pytest.approx(1.0, abs=0.01)
    assert normed.first_layer_saturation is not None
    assert normed.first_layer_saturation < 0.1


def test_a_network_without_hidden_layers_has_no_first_one_and_inputs_of_tokens_no_size() -> None:
    found = scale({"features": 4, "layers": [dense(1, "tanh")]})
    assert found.first_layer_rms is found.first_layer_saturation is found.gradient_imbalance is None
    tokens = {"input": {"kind": "tokens", "steps": 4, "vocabulary": 10}, "layers": [{"kind": "embedding", "units": 4}]}
    assert scale(tokens).input_rms is None


# Imbalance ---------------------------------------------------------------------------------------------------------


def test_what_depth_explains_is_no_imbalance_and_large_inputs_are_one() -> None:
    for network in (stack(12, 32, "sigmoid"), stack(12, 32, "tanh", large(0.02)), stack(12, 64, "tanh", large(0.3))):
        assert (scale(network).gradient_imbalance or 0.0) < 0.5
    raw = scale(stack(6, 32), data={"inputs": {"kind": "gaussian", "std": 1e-4}})
    assert raw.gradient_imbalance == pytest.approx(0.0, abs=0.5)  # the signal is as small in every layer
    sines = stack(4, 32, {"kind": "sin", "frequency": 30.0}, large(0.01))
    for size in (1e3, 1e4):
        found = scale(sines, data={"inputs": {"kind": "gaussian", "std": size}})
        assert found.gradient_imbalance == pytest.approx(np.log10(size), abs=0.7)


@pytest.mark.parametrize("widths", [(4, 400, 400, 4), (64, 8, 64, 8), (3, 3, 3, 3)])
def test_imbalance_is_of_gradients_per_weight_less_what_depth_explains_and_never_negative(
    widths: tuple[int, ...],
) -> None:
    hidden = [dense(units, "tanh", large(0.3)) for units in widths]
    for size in (1.0, 300.0):
        data = {"inputs": {"kind": "gaussian", "std": size}}
        found = report({"features": 16, "layers": [*hidden, dense(1)]}, trials=1, data=data)
        sizes = [one.log10_weight_gradient_rms.median or 0.0 for one in found.layers[:-1]]
        verdict = found.verdict
        explained = abs((verdict.depth_ratio.median or 0.0) - (verdict.forward_ratio.median or 0.0))
        expected = max(0.0, max(sizes) - min(sizes) - explained)
        assert found.scale.gradient_imbalance == pytest.approx(expected, abs=1e-9)


def test_large_inputs_are_an_imbalance_where_signal_and_gradient_change_together_too() -> None:
    sines = dense(32, {"kind": "sin", "frequency": 30.0}, large(0.01))
    network = {"features": 32, "layers": [sines, times(6, dense(32, "tanh", large(0.02))), dense(1)]}
    found = report(network, trials=4, data={"inputs": {"kind": "gaussian", "std": 1e4}})
    assert found.verdict.depth_ratio.median is not None
    assert found.verdict.depth_ratio.median < -4.0
    assert found.scale.gradient_imbalance == pytest.approx(4.0, abs=1.0)


# The first step ----------------------------------------------------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(st.floats(-3.0, 5.5), st.integers(1, 4), st.integers(0, 2**31))
def test_the_largest_stable_rate_of_a_linear_layer_is_two_over_the_curvature_along_its_gradient(
    decades: float, features: int, seed: int
) -> None:
    size = 10.0**decades
    drawn = np.random.default_rng(seed).uniform(0.5, 1.5, (16, features)) * size
    data = {"inputs": {"kind": "explicit", "values": drawn.tolist()}}
    one = {"features": features, "layers": [dense(1)]}
    asked = {"network": one, "loss": {"kind": "mean_squared_error"}, "data": data, "seed": seed, "trials": 1}
    found = simulate(SimulationSpec.model_validate({**asked, "include": ["gradients"]}))
    assert found.gradients is not None
    gradient = np.concatenate([parameter.array.reshape(-1) for parameter in found.gradients[0].parameters])
    with_bias = np.hstack([drawn, np.ones((16, 1))])
    curvature = 2.0 * np.square(with_bias @ gradient).sum() / 16 / np.square(gradient).sum()
    resolution = 10.0**0.5 * 1.1
    stable = found.scale.first_step.largest_stable_rate
    assert stable is not None
    expected = min(2.0 / curvature, 1.0)
    assert expected / resolution <= stable <= expected * resolution


def test_rates_are_half_decades_from_1e_4_to_1_and_smaller_ones_follow_where_all_fail() -> None:
    usual = [10.0 ** (-4.0 + 0.5 * place) for place in range(9)]
    found = scale(stack(2, 8)).first_step
    assert [one.rate for one in found.rates] == pytest.approx(usual)
    data = {"inputs": {"kind": "gaussian", "mean": 2000.0}}
    raw = scale({"features": 3, "layers": [dense(1)]}, data=data).first_step
    assert [one.rate for one in raw.rates] == pytest.approx([*(1e-4 * one / 10**0.5 for one in usual), *usual])


def test_the_step_and_its_usual_rate_are_those_of_the_policys_optimiser() -> None:
    gradient_descent = scale(stack(2, 8)).first_step
    adam = scale(stack(2, 8), policy={"kind": "adam"}).first_step
    assert (gradient_descent.optimiser, gradient_descent.usual_rate) == (Optimiser.SGD, 0.01)
    assert (adam.optimiser, adam.usual_rate) == (Optimiser.ADAM, 0.001)
    assert [one.loss_ratio for one in adam.rates] != [one.loss_ratio for one in gradient_descent.rates]


@pytest.mark.parametrize("rate", [1e-3, 1e-2, 0.1])
def test_a_step_is_that_of_the_formula(rate: float) -> None:
    """w = 3, b = 0, x = y = 1: the loss is (w + b − 1)², both gradients are 4, and Adam moves both by the rate."""
    data = {"inputs": {"kind": "explicit", "values": [[1.0]]}, "targets": {"kind": "explicit", "values": [1.0]}}
    network = {"features": 1, "layers": [dense(1, weights={"kind": "constant", "value": 3.0})]}
    for policy, moved in (("sgd", 4.0 * rate), ("adam", rate)):
        found = scale(network, data=data, policy={"kind": policy}).first_step
        (ratio,) = (one.loss_ratio for one in found.rates if one.rate == pytest.approx(rate))
        assert ratio == pytest.approx((2.0 - 2.0 * moved) ** 2 / 4.0, rel=1e-6)


def test_a_step_that_takes_relu_below_zero_leaves_it_dead() -> None:
    """w = 1, b = 0 on x = 1 with a target far below: the larger rates take the unit below 0, where it stays."""
    data = {"inputs": {"kind": "explicit", "values": [[1.0]]}, "targets": {"kind": "explicit", "values": [-9.0]}}
    found = scale({"features": 1, "layers": [dense(1, "relu", ONE), dense(1, weights=ONE)]}, data=data).first_step
    assert found.dead_before == 0.0
    gradient = 2.0 * 10.0
    for one in found.rates:
        assert one.dead_fraction == float(1.0 - 2.0 * one.rate * gradient <= 0.0)


def test_a_unit_on_a_falling_side_is_not_dead() -> None:
    data = {"inputs": {"kind": "explicit", "values": [[1.0]]}}
    falling = dense(1, {"kind": "expression", "formula": "max(0, -z)"}, {"kind": "constant", "value": -1.0})
    assert scale({"features": 1, "layers": [falling, dense(1)]}, data=data).first_step.rates[0].dead_fraction == 0.0


@pytest.mark.parametrize(
    ("ratios", "expected"),
    [
        ([1.0, 1.0, 0.9, 1.1], 0.01),
        ([1.0, 1.0, 1.0, 0.9], 0.1),
        ([0.9, 1.1, 0.9, 0.9], 1e-4),
        ([0.9, None, 0.9, 0.9], 1e-4),
        ([1.0, 1.0, 1.0, 1.0], None),
        ([1.1, 0.9, 0.9, 0.9], None),
    ],
)
def test_the_largest_stable_rate_is_that_up_to_which_the_loss_never_rises(
    ratios: list[float | None], expected: float | None
) -> None:
    rates = step(*((rate, ratio, 0.0) for rate, ratio in zip((1e-4, 1e-3, 1e-2, 0.1), ratios, strict=True))).rates
    assert first_steps._largest_stable(rates) == expected


def test_dead_outputs_are_no_hidden_units() -> None:
    dead = dense(3, "relu", bias={"kind": "constant", "value": -1e3})
    assert scale({"features": 4, "layers": [dense(3, "tanh"), dead]}).first_step.dead_before == 0.0


def test_dead_units_that_were_dead_before_are_not_killed() -> None:
    half = {"kind": "explicit", "values": [0.0, -100.0]}
    found = scale({"features": 4, "layers": [dense(2, "relu", bias=half), dense(1)]}).first_step
    assert found.dead_before == 0.5
    assert killed_share(found) == 0.0


@pytest.mark.parametrize("name", ["zeros", "biases of −10", "units alike", "an hour ago"])
def test_a_rate_so_small_that_nothing_moves_leaves_the_loss(name: str) -> None:
    found = simulate(SimulationSpec.model_validate({**BROKEN[name][1], "trials": 2})).scale.first_step
    assert found.rates[0].loss_ratio == pytest.approx(1.0, abs=0.2)
    assert [one.rate for one in found.rates] == sorted(one.rate for one in found.rates)


def test_a_network_without_a_gradient_is_not_tried_at_ever_smaller_rates() -> None:
    explicit = {"targets": {"kind": "explicit", "values": [0.0]}, "inputs": {"kind": "explicit", "values": [[1.0]]}}
    found = scale({"features": 1, "layers": [dense(1, "relu", {"kind": "constant", "value": -1.0})]}, data=explicit)
    assert len(found.first_step.rates) == 9
    assert found.first_step.largest_stable_rate is None


def test_the_first_step_is_the_same_in_every_precision_and_for_any_number_of_trials() -> None:
    def ratios(precision: str, trials: int) -> list[float | None]:
        found = scale(stack(3, 8), precision=precision, trials=trials).first_step
        return [one.loss_ratio for one in found.rates]

    expected = ratios("float64", 1)
    for other in (ratios("float32", 1), ratios("float64", 9), ratios("float32", 9)):
        assert other == pytest.approx(expected, rel=1e-5)


def test_rates_are_tried_in_groups_without_a_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    whole_at_once = scale(stack(3, 8)).first_step
    monkeypatch.setattr(first_steps, "_TOGETHER_BYTES", 1)
    alone = scale(stack(3, 8)).first_step
    assert [one.loss_ratio for one in alone.rates] == pytest.approx([one.loss_ratio for one in whole_at_once.rates])


def test_what_is_too_expensive_is_left_out_with_the_limit() -> None:
    wide = {"features": 1500, "layers": [times(4, dense(1500, "relu")), dense(1)]}
    found = scale(wide, trials=1, data={"samples": 64}).first_step
    assert found.rates == []
    assert found.left_out is not None
    assert "it is tried up to 4e+09" in found.left_out
    assert wrong_entries(whole(first_step=found)) == []
