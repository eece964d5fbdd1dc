"""Along the steps of recurrent layers, where attentions look, and how far tokens are apart, against closed forms."""

from itertools import product
from math import lgamma, log, log10
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from api_tests.networks import Json, report
from service.simulation.layer_results import AttentionStatistics, TimeStatistics
from service.simulation.results import SimulationReport
from service.simulation.spreads import downsample_steps

Numbers = npt.NDArray[np.float64]
STEPS = 9
OUTPUT: Json = {"kind": "dense", "units": 2}
ZEROS: Json = {"kind": "zeros"}


def sequence(*layers: Json, steps: int = STEPS, features: int = 6, **fields: Any) -> SimulationReport:
    shape = {"kind": "sequence", "steps": steps, "features": features}
    return report({"input": shape, "layers": list(layers)}, **{"trials": 3, "data": {"samples": 4}, **fields})


def orthogonal(gain: float, **fields: Any) -> Json:
    """A linear recurrence that turns what it remembers, and multiplies it by `gain`."""
    return {
        "kind": "recurrent",
        "cell": "rnn",
        "units": 5,
        "activation": {"kind": "linear"},
        "recurrent_weights": {"kind": "orthogonal", "gain": gain},
        **fields,
    }


def time_of(made: SimulationReport) -> TimeStatistics:
    assert made.layers[0].time is not None
    return made.layers[0].time


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("gain", [0.5, 1.0, 3.0])
@pytest.mark.parametrize(
    "fields",
    [
        {"returns": returns, "direction": way}
        for returns, way in product(("last", "sequence"), ("forward", "backward", "both"))
    ],
)
def test_a_linear_recurrence_changes_the_gradient_by_its_gain_at_every_step(
    fields: Json, gain: float, precision: str
) -> None:
    found = time_of(sequence(orthogonal(gain, **fields), {"kind": "flatten"}, OUTPUT, precision=precision))
    near = 1e-12 if precision == "float64" else 1e-5
    assert found.time_ratio.median == pytest.approx((STEPS - 1) * log10(gain), abs=near)
    assert found.time_ratio.std == pytest.approx(0.0, abs=near)
    profile = found.log10_state_gradient
    assert len(profile) == STEPS
    steps = np.diff([size for size in profile if size is not None])
    np.testing.assert_allclose(steps, -log10(gain), atol=near)


def test_the_memory_is_two_and_a_half_decades_over_the_decades_of_a_step() -> None:
    for gain in (0.5, 3.0):
        found = time_of(sequence(orthogonal(gain), OUTPUT))
        assert found.memory_steps == pytest.approx(2.5 / abs(log10(gain)))
    assert time_of(sequence(orthogonal(1.0), OUTPUT)).memory_steps is None


@pytest.mark.parametrize("forget_bias", [-1.0, 0.0, 3.0])
def test_an_lstm_that_reads_nothing_keeps_what_its_forget_gate_lets_through(forget_bias: float) -> None:
    layer = {"kind": "recurrent", "cell": "lstm", "units": 5, "weights": ZEROS, "recurrent_weights": ZEROS}
    found = time_of(sequence({**layer, "forget_bias": forget_bias}, OUTPUT))
    kept = 1.0 / (1.0 + np.exp(-forget_bias))
    assert found.time_ratio.median == pytest.approx((STEPS - 1) * log10(kept), abs=1e-12)


@pytest.mark.parametrize("reset_after", [True, False])
def test_a_gru_that_reads_nothing_keeps_half_of_it(reset_after: bool) -> None:
    layer = {"kind": "recurrent", "cell": "gru", "units": 5, "weights": ZEROS, "recurrent_weights": ZEROS}
    found = time_of(sequence({**layer, "reset_after": reset_after}, OUTPUT))
    assert found.time_ratio.median == pytest.approx((STEPS - 1) * log10(0.5), abs=1e-12)


@pytest.mark.parametrize(
    ("gain", "sentence"),
    [
        (
            0.1,
            "The gradient vanishes severely along the steps of its sequences: from the last step of layer 1, a "
            "recurrent one, back to the first it changes by a factor of 1e-08 (−8.00 decades).",
        ),
        (
            10.0,
            "The gradient explodes severely along the steps of its sequences: from the last step of layer 1, a "
            "recurrent one, back to the first it changes by a factor of 1e+08 (+8.00 decades).",
        ),
        (1.0, "The gradient is stable: there is one hidden layer, and so no depth to vanish or explode in."),
    ],
)
def test_a_gradient_that_is_lost_along_the_steps_is_said_though_there_is_no_depth(gain: float, sentence: str) -> None:
    report = sequence(orthogonal(gain), OUTPUT)
    assert next(one for one in report.verdict.reasons if one not in report.scale.sentences) == sentence


def test_the_steps_beyond_the_bands_of_the_policy_most_of_all_are_told_of() -> None:
    layers = [orthogonal(gain, returns="sequence") for gain in (0.7, 0.5)]
    told = [
        [one for one in sequence(*layers, OUTPUT, policy={"kind": policy}).verdict.reasons if "along the steps" in one]
        for policy in ("sgd", "adam")
    ]
    assert [["layer 2" in one for one in said] for said in told] == [[True], []]


def test_a_huge_gradient_along_the_steps_is_not_put_down_to_scale() -> None:
    verdict = sequence(orthogonal(30.0), OUTPUT).verdict
    assert "Some weights get gradients above 1e6." in verdict.reasons


def test_a_recurrence_that_passes_nothing_back_has_no_ratio_and_no_memory() -> None:
    found = time_of(sequence(orthogonal(0.0), OUTPUT))
    assert (found.time_ratio.count, found.memory_steps) == (0, None)
    assert found.log10_state_gradient[:-1] == [None] * (STEPS - 1)
    silent = time_of(sequence(orthogonal(1.0), {**OUTPUT, "weights": ZEROS}))
    assert silent.time_ratio.count == 0
    assert silent.log10_state_gradient == [None] * STEPS


def test_one_step_has_no_time_and_other_layers_have_none() -> None:
    made = sequence(orthogonal(0.5), OUTPUT, steps=1)
    assert [layer.time for layer in made.layers] == [None, None]


def test_a_long_profile_has_two_hundred_steps_with_both_ends() -> None:
    found = time_of(sequence(orthogonal(1.5), OUTPUT, steps=503, trials=1))
    assert found.time_ratio.median == pytest.approx(502 * log10(1.5), abs=1e-9)
    assert len(found.log10_state_gradient) == 200
    first, last = found.log10_state_gradient[0], found.log10_state_gradient[-1]
    assert first is not None
    assert last is not None
    assert first - last == pytest.approx(found.time_ratio.median)
    chosen = downsample_steps(503)
    assert (chosen[0], chosen[-1]) == (0, 502)
    assert set(np.diff(chosen)) == {2, 3}


def attention(**fields: Any) -> Json:
    return {"kind": "attention", "heads": 1, "key_units": 6, **fields}


def looked(made: SimulationReport) -> AttentionStatistics:
    assert made.layers[0].attention is not None
    return made.layers[0].attention


def test_queries_of_zero_look_at_all_steps_alike_or_at_all_so_far() -> None:
    everywhere = looked(sequence(attention(weights=ZEROS), {"kind": "flatten"}, OUTPUT))
    assert everywhere.entropy.median == pytest.approx(log(STEPS), abs=1e-12)
    so_far = looked(sequence(attention(weights=ZEROS, causal=True), {"kind": "flatten"}, OUTPUT))
    assert so_far.entropy.median == pytest.approx(lgamma(STEPS + 1) / STEPS, abs=1e-12)  # the mean of ln 1, …, ln T
    assert everywhere.softmax_share.count == 0  # nothing comes back by either way


def test_one_step_is_looked_at_alone_and_values_are_the_only_way() -> None:
    found = looked(sequence(attention(), {"kind": "flatten"}, OUTPUT, steps=1))
    assert found.entropy.median == 0.0
    assert found.softmax_share.median == 0.0


def test_large_scores_look_at_one_step() -> None:
    found = looked(sequence(attention(weights={"kind": "identity"}), {"kind": "flatten"}, OUTPUT, data=data(100.0)))
    assert found.entropy.median == pytest.approx(0.0, abs=1e-6)


def data(scale: float = 1.0, samples: int = 2) -> Json:
    values = scale * np.random.default_rng(5).normal(size=(samples, STEPS * 6))
    targets = np.random.default_rng(6).normal(size=(samples, STEPS * 6))
    return (
        {
            "inputs": {"kind": "explicit", "values": values.tolist()},
            "targets": {"kind": "explicit", "values": targets.tolist()},
        }
        if scale == 1.0
        else {"inputs": {"kind": "explicit", "values": values.tolist()}}
    )


def test_the_share_of_the_softmax_is_that_of_finite_differences_with_the_values_held() -> None:
    given = data()
    layer = attention(weights={"kind": "identity"}, output_weights={"kind": "identity"}, bias={"kind": "none"})
    found = looked(sequence(layer, {"kind": "flatten"}, data=given))
    x = np.array(given["inputs"]["values"]).reshape(-1, STEPS, 6)
    targets = np.array(given["targets"]["values"]).reshape(x.shape)

    def loss(looking: Numbers, values: Numbers) -> float:
        scores = looking @ looking.swapaxes(1, 2) / np.sqrt(6.0)
        rows = np.exp(scores - scores.max(axis=-1, keepdims=True))
        return float(np.square(rows / rows.sum(axis=-1, keepdims=True) @ values - targets).sum())

    def squared(which: int) -> float:
        total = 0.0
        for place in np.ndindex(x.shape):
            ends = []
            for sign in (1, -1):
                both = [x.copy(), x.copy()]
                both[which][place] += sign * 1e-6
                ends.append(loss(*both))
            total += ((ends[0] - ends[1]) / 2e-6) ** 2
        return total

    by_softmax, by_values = squared(0), squared(1)
    assert found.softmax_share.median == pytest.approx(by_softmax / (by_softmax + by_values), rel=1e-6)


def spread_by_hand(steps: Numbers) -> float:
    """½·log10 of the mean over samples of how far the directions of their steps are from their mean, squared."""
    directions = steps / np.linalg.norm(steps, axis=-1, keepdims=True)
    apart = directions - directions.mean(axis=1, keepdims=True)
    return float(0.5 * np.log10(np.square(apart).sum(axis=-1).mean(axis=1).mean()))


def test_the_spread_of_tokens_is_over_the_steps_of_each_sample() -> None:
    given = data()
    layer = {"kind": "scale", "factor": 3.0}
    made = sequence(layer, {"kind": "flatten"}, OUTPUT, data={"inputs": given["inputs"]})
    x = np.array(given["inputs"]["values"]).reshape(-1, STEPS, 6)
    found = made.layers[0].log10_token_spread
    assert found is not None
    assert found.median == pytest.approx(spread_by_hand(x), abs=1e-12)
    assert [layer.log10_token_spread for layer in made.layers[1:]] == [None, None]


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_tokens_of_one_direction_have_no_logarithm_and_a_step_of_zeros_is_left_out(precision: str) -> None:
    steps = np.outer([1.0, 2.0, 0.5, 0.0, 3.0, 1.0, 1.0, 1.0, 7.0], [0.3, -1.0, 2.0, 0.1, 0.7, -0.2])
    inputs = {"kind": "explicit", "values": [steps.ravel().tolist(), (-steps).ravel().tolist()]}
    scale = {"kind": "scale", "factor": 1.5}
    made = sequence(scale, {"kind": "flatten"}, OUTPUT, data={"inputs": inputs}, precision=precision)
    found = made.layers[0].log10_token_spread
    assert found is not None
    assert (found.count, found.median) == (0, None)
    assert made.layers[0].log10_angular_spread.median == pytest.approx(0.0, abs=1e-6)  # samples are apart, tokens not


def test_one_step_has_no_spread_of_tokens() -> None:
    made = sequence({"kind": "scale", "factor": 2.0}, {"kind": "flatten"}, OUTPUT, steps=1)
    assert made.layers[0].log10_token_spread is None


def test_weights_that_differ_between_trials_are_measured_beside_those_that_do_not() -> None:
    made = sequence(attention(weights={"kind": "constant", "value": 0.5}), {"kind": "flatten"}, OUTPUT)
    norm = made.layers[0].log10_weight_norm
    assert norm.count == 3
    assert norm.std is not None
    assert norm.std > 0.0
