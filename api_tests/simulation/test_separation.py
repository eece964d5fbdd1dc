"""How far inputs stay apart, against a few lines of NumPy: their similarity, the spread at the head, noise of masks."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from api_tests.networks import Json, report
from service.core.settings import Settings
from service.simulation.descent import remasked
from service.simulation.drawing import draw
from service.simulation.estimate import cost
from service.simulation.plan import plan
from service.simulation.separation import log10_spread, mask_noise, similarity_kept
from service.simulation.simulate import simulate
from service.simulation.spec import SimulationSpec

Numbers = npt.NDArray[np.float64]
LINEAR: Json = {"kind": "linear"}
OUT: Json = {"kind": "dense", "units": 3}


def network(*layers: Json, features: int = 20) -> Json:
    return {"features": features, "layers": list(layers)}


def dense(units: int = 24, activation: str = "tanh", **fields: Any) -> Json:
    return {"kind": "dense", "units": units, "activation": {"kind": activation}, **fields}


def centred_kernel_alignment(x: Numbers, h: Numbers) -> float:
    """By its definition with the centring matrix (Kornblith et al. 2019)."""
    centring = np.eye(len(x)) - 1.0 / len(x)
    k, l = centring @ x @ x.T @ centring, centring @ h @ h.T @ centring  # noqa: E741 - the paper's letters
    return float(np.trace(k @ l) / np.sqrt(np.trace(k @ k) * np.trace(l @ l)))


@pytest.mark.parametrize("scale", [1.0, 1e-200, 1e200])
def test_similarity_is_linear_cka_of_any_size(scale: float) -> None:
    rng = np.random.default_rng(1)
    x, h = rng.normal(size=(64, 5)) + 3.0, rng.normal(size=(64, 7))
    h[:, :5] += x
    assert similarity_kept(x * scale, h) == pytest.approx(centred_kernel_alignment(x, h), rel=1e-12)
    assert similarity_kept(x, h * scale) == pytest.approx(centred_kernel_alignment(x, h), rel=1e-12)


def test_what_only_turns_scales_and_moves_inputs_keeps_all_of_their_similarity() -> None:
    rng = np.random.default_rng(2)
    x = rng.normal(size=(64, 6))
    turned = np.linalg.qr(rng.normal(size=(6, 6)))[0]
    assert similarity_kept(x, 7.0 * x @ turned + 5.0) == pytest.approx(1.0, rel=1e-12)


def test_inputs_that_have_become_one_keep_nothing_and_those_that_overflow_are_unknown() -> None:
    rng = np.random.default_rng(3)
    x = rng.normal(size=(64, 6))
    for spread, kept in ((2e-8, True), (0.5e-8, False), (0.0, False)):
        assert (similarity_kept(x, 1.0 + spread * x / np.sqrt(np.mean((x - x.mean(0)) ** 2))) > 0.5) == kept
    assert similarity_kept(x, np.zeros((64, 4))) == 0.0
    assert np.isnan(similarity_kept(x, np.full((64, 4), np.inf)))
    assert np.isnan(similarity_kept(np.ones((64, 6)), x))


def test_the_spread_at_the_head_is_that_about_the_mean_relative_to_the_size() -> None:
    h = np.random.default_rng(4).normal(size=(64, 9)) + 5.0
    for scale in (1.0, 1e-300, 1e300):
        expected = np.log10(np.sqrt(np.mean((h - h.mean(axis=0)) ** 2)) / np.sqrt(np.mean(h**2)))
        assert log10_spread(h * scale) == pytest.approx(expected, rel=1e-12)
    assert log10_spread(np.ones((64, 3))) == -np.inf
    assert np.isnan(log10_spread(np.zeros((64, 3))))


@pytest.mark.parametrize("scale", [1.0, 1e-200, 1e200])
def test_the_noise_of_masks_is_their_variance_over_that_of_inputs(scale: float) -> None:
    rng = np.random.default_rng(5)
    signals = rng.normal(size=(1, 32, 5)) + 0.5 * rng.normal(size=(8, 32, 5))
    by_input = np.var(signals.mean(axis=0), axis=0).sum()
    by_mask = np.mean([np.var(signals[:, i], axis=0, ddof=1).sum() for i in range(32)])
    expected = -0.5 * np.log10((by_input - by_mask / 8) / by_mask)
    assert mask_noise(signals * scale) == pytest.approx(expected, rel=1e-10)
    assert -0.5 < expected < 0.0


def test_the_noise_of_masks_is_cut_on_both_sides() -> None:
    rng = np.random.default_rng(6)
    inputs, masks = rng.normal(size=(1, 32, 5)), rng.normal(size=(8, 32, 5))
    assert mask_noise(inputs + 1e-2 * masks) == pytest.approx(-2.0, abs=0.05)
    assert mask_noise(inputs + 1e-3 * masks) == -2.0
    assert mask_noise(np.repeat(inputs, 8, axis=0)) == -2.0
    same = np.repeat(masks[:, :1], 32, axis=1)
    assert mask_noise(same) == 3.0
    assert np.isnan(mask_noise(np.zeros((8, 32, 5))))
    assert np.isnan(mask_noise(masks[:, :1]))
    assert np.isnan(mask_noise(np.full((8, 4, 2), np.inf)))


def kept(made: Json, **fields: Any) -> tuple[list[float], Any]:
    """What a report says of the similarity kept, and the report."""
    found = report(made, **fields)
    spread = found.verdict.input_similarity_kept
    assert spread is not None
    return [spread.median or 0.0, spread.count], found


def test_a_report_compares_the_batch_with_what_enters_the_output_layer() -> None:
    spec = SimulationSpec.model_validate({"network": network(dense(), dense(), OUT), "trials": 3})
    made = plan(spec)
    drawn = draw(made, range(1))
    weights = [one.arrays for one in drawn.chain.nodes]
    h = drawn.inputs[0]
    for arrays in weights[:2]:
        h = np.tanh(h @ arrays[0][0] + (arrays[1][0] if len(arrays) > 1 else 0.0))
    verdict = simulate(spec).verdict
    assert verdict.input_similarity_kept is not None
    assert verdict.log10_head_spread is not None
    assert verdict.input_similarity_kept.count == verdict.log10_head_spread.count == 1
    assert verdict.input_similarity_kept.median == pytest.approx(centred_kernel_alignment(drawn.inputs[0], h))
    assert verdict.log10_head_spread.median == pytest.approx(log10_spread(h))
    assert verdict.mask_noise is None


@pytest.mark.parametrize("samples", [4, 63, 64, 65, 200])
def test_it_is_64_inputs_that_are_compared_whatever_the_batch(samples: int) -> None:
    """A chaotic network keeps nothing, and what is left is what 64 independent pairs of vectors have in common."""
    rng = np.random.default_rng(8)

    def by_chance(count: int) -> float:
        pairs = [(rng.normal(size=(count, 20)), rng.normal(size=(count, 24))) for _ in range(40)]
        return float(np.mean([centred_kernel_alignment(*pair) for pair in pairs]))

    chaos = [dense(weights={"kind": "normal", "std": 3.0})] * 6
    (value, _), _ = kept(network(*chaos, OUT), data={"samples": samples}, trials=64)
    assert value == pytest.approx(by_chance(64), abs=0.05)
    assert by_chance(32) > by_chance(64) + 0.1 > by_chance(128) + 0.2
    (turned, _), _ = kept(network(dense(20, "linear", weights={"kind": "orthogonal"}), OUT), data={"samples": samples})
    assert turned == pytest.approx(1.0, rel=1e-9)


@pytest.mark.parametrize(("trials", "measured"), [(1, 1), (8, 1), (9, 2), (32, 4), (64, 8), (200, 8)])
def test_an_eighth_of_the_trials_are_compared_and_eight_at_most(trials: int, measured: int) -> None:
    (_, count), _ = kept(network(dense(4), OUT, features=3), trials=trials)
    assert count == measured


def test_the_number_of_processes_does_not_change_what_is_measured() -> None:
    drop = {"kind": "dropout", "rate": 0.3}
    made = network(dense(256), drop, dense(256), drop, OUT)
    spec = SimulationSpec.model_validate({"network": made, "trials": 64, "data": {"samples": 48}})
    one, several = (simulate(spec, processes).verdict for processes in (1, 3))
    assert one == several
    assert one.mask_noise is not None
    assert one.mask_noise.count == 4


def test_given_inputs_are_compared_where_they_are_64_at_least() -> None:
    values = np.random.default_rng(7).normal(size=(80, 4)).tolist()
    found = report(
        network(dense(6), OUT, features=4), data={"inputs": {"kind": "explicit", "values": values}}, trials=2
    )
    assert found.verdict.input_similarity_kept is not None
    given = {"inputs": {"kind": "explicit", "values": values[:63]}}
    few = report(network(dense(6), OUT, features=4), data=given, trials=2).verdict
    assert few.input_similarity_kept is few.log10_head_spread is None


def test_what_would_take_longer_than_half_of_all_else_is_left_out() -> None:
    wide = network(*[dense(4000)] * 3, OUT, features=4000)
    few = plan(SimulationSpec.model_validate({"network": wide, "trials": 1, "data": {"samples": 1}}))
    assert cost(few).passes.similar_trials == 0
    many = plan(SimulationSpec.model_validate({"network": wide, "trials": 32, "data": {"samples": 4}}))
    assert cost(many).passes.similar_trials == 4
    small = plan(SimulationSpec.model_validate({"network": network(dense(), OUT), "trials": 1, "data": {"samples": 1}}))
    assert cost(small).passes.similar_trials == 1
    assert cost(few).floating_point_operations < Settings().sync_budget_flops


def test_dropout_is_off_where_similarities_are_compared() -> None:
    drop = {"kind": "dropout", "rate": 0.5}
    turn = dense(20, "linear", weights={"kind": "orthogonal"})
    (with_masks, _), _ = kept(network(turn, drop, turn, drop, OUT))
    assert with_masks == pytest.approx(1.0, rel=1e-9)
    assert report(network(turn, OUT)).verdict.mask_noise is None
    assert report(network(turn, turn, drop, OUT)).verdict.mask_noise is not None


def test_a_report_draws_eight_masks_for_every_sample_of_the_batch() -> None:
    layers = dense(), {"kind": "dropout", "rate": 0.5}, OUT
    spec = SimulationSpec.model_validate({"network": network(*layers), "trials": 1, "data": {"samples": 12}})
    made = plan(spec)
    drawn = draw(made, range(1))
    masks = [remasked(drawn, made, range(1), step).chain.nodes[1].arrays[0][0] for step in range(1, 9)]
    assert {mask.shape for mask in masks} == {(12, 24)}
    weights, bias = (array[0] for array in drawn.chain.nodes[0].arrays)
    signals = np.tanh(drawn.inputs[0] @ weights + bias) * np.stack(masks)
    by_input = np.var(signals.mean(axis=0), axis=0).sum()
    by_mask = np.var(signals, axis=0, ddof=1).sum(axis=1).mean()
    noise = simulate(spec).verdict.mask_noise
    assert noise is not None
    assert noise.median == pytest.approx(-0.5 * np.log10((by_input - by_mask / 8) / by_mask), rel=1e-9)


@pytest.mark.parametrize("rate", [0.1, 0.5])
def test_masks_behind_a_linear_layer_make_the_noise_they_must(rate: float) -> None:
    """Of h = m·x/(1 − p) with x from N(0, 1): over inputs its mean has the variance 1, over masks p/(1 − p)."""
    turn = dense(400, "linear", weights={"kind": "orthogonal"})
    verdict = report(network(turn, {"kind": "dropout", "rate": rate}, OUT, features=400), trials=16).verdict
    assert verdict.mask_noise is not None
    assert verdict.mask_noise.median == pytest.approx(-0.5 * np.log10((1.0 - rate) / rate), abs=0.01)


def test_masks_of_a_deep_network_hide_its_inputs() -> None:
    block = [dense(64, "relu", weights={"kind": "he_normal"}), {"kind": "dropout", "rate": 0.3}]
    deep = report(network({"kind": "repeat", "times": 16, "layers": block}, OUT)).verdict
    assert deep.mask_noise is not None
    assert deep.mask_noise.median is not None
    assert 0.8 < deep.mask_noise.median < 1.3  # it trains to nothing: 1.0 where it was measured for the definition
    without = report(network({"kind": "repeat", "times": 16, "layers": block[:1]}, OUT)).verdict
    assert deep.failure_risk.probability > 0.9
    assert without.failure_risk.probability < 0.1


SEQUENCE: Json = {"kind": "sequence", "steps": 5, "features": 3}


def test_the_head_of_a_sequence_is_its_last_state_or_the_mean_of_its_steps() -> None:
    """A recurrence without a memory, whose last state shows the last step alone; a layer on every step shows all."""
    no_memory = {"kind": "recurrent", "cell": "rnn", "units": 3, "activation": LINEAR, "returns": "sequence"}
    no_memory |= {"weights": {"kind": "orthogonal"}, "recurrent_weights": {"kind": "zeros"}}
    each = dense(3, "linear", weights={"kind": "orthogonal"})
    for direction, step in (("forward", -1), ("backward", 0)):
        spec = {"network": {"input": SEQUENCE, "layers": [no_memory | {"direction": direction}, OUT]}, "trials": 1}
        made = SimulationSpec.model_validate(spec)
        x = draw(plan(made), range(1)).inputs[0].reshape(64, 5, 3)
        expected = centred_kernel_alignment(x.reshape(64, -1), x[:, step])
        found = simulate(made).verdict.input_similarity_kept
        assert found is not None
        assert found.median == pytest.approx(expected, rel=1e-9)
    made = SimulationSpec.model_validate({"network": {"input": SEQUENCE, "layers": [each, OUT]}, "trials": 1})
    x = draw(plan(made), range(1)).inputs[0].reshape(64, 5, 3)
    found = simulate(made).verdict.input_similarity_kept
    assert found is not None
    assert found.median == pytest.approx(centred_kernel_alignment(x.reshape(64, -1), x.mean(axis=1)), rel=1e-9)


def test_behind_an_embedding_its_vectors_are_what_is_compared() -> None:
    tokens = {"input": {"kind": "tokens", "steps": 4, "vocabulary": 50}}
    layers = [{"kind": "embedding", "units": 6}, {"kind": "flatten"}, OUT]
    (value, _), _ = kept({**tokens, "layers": layers}, trials=1)
    assert value == pytest.approx(1.0, rel=1e-9)


def test_a_norm_in_front_of_the_output_layer_belongs_to_the_head() -> None:
    alone = network(dense(), {"kind": "residual", "layers": [dense()]}, OUT)
    normed = network(dense(), {"kind": "residual", "layers": [dense()]}, {"kind": "layer_norm"}, OUT)
    (without, _), _ = kept(alone)
    (with_norm, _), found = kept(normed)
    assert without != with_norm
    shift = {"kind": "layer_norm", "gain": {"kind": "zeros"}, "shift": {"kind": "ones"}}
    collapsed = report(network(dense(), {"kind": "residual", "layers": [dense()]}, shift, OUT)).verdict
    assert collapsed.input_similarity_kept is not None
    assert collapsed.input_similarity_kept.median == 0.0
    assert collapsed.log10_head_spread is None
    assert found.verdict.failure_risk.probability < collapsed.failure_risk.probability
