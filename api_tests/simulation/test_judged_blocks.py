"""What is judged of networks with blocks and norms: causes by the account that did it, and sentences that fit."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from api_tests.networks import Json, report
from api_tests.simulation.by_hand import NO_SPREAD, evidence, facts, labelled, layer, spread
from api_tests.simulation.test_reasons import decision, said
from service.nn.layers.base import OPERATIONS_PER_OUTPUT
from service.nn.scaled import Scaled
from service.simulation import estimate
from service.simulation.causes import find_cause, largest_account
from service.simulation.estimate import Regime, cost
from service.simulation.plan import plan
from service.simulation.risk import find_flags
from service.simulation.spec import SimulationSpec
from service.simulation.verdict import Rate
from service.simulation.vocabulary import Cause, Flag, Label, Tendency

NOTHING: dict[str, Any] = {"log10_weight_norm": NO_SPREAD, "log10_weight_gradient_norm": NO_SPREAD}
NO_GRADIENT: dict[str, Any] = {"log10_weight_gradient_norm": NO_SPREAD, "log10_weight_gradient_rms": NO_SPREAD}
DENSE: Json = {"kind": "dense", "units": 4, "activation": {"kind": "tanh"}}


@pytest.mark.parametrize(
    ("label", "shares", "expected"),
    [
        (Label.VANISHING, {"weights": -1.0, "derivative": -2.0}, "derivative"),
        (Label.VANISHING, {"weights": 1.0, "skip": -4.0}, "skip"),
        (Label.EXPLODING, {"weights": 2.0, "normalisation": 1.9, "skip": -0.9}, "weights"),
        (Label.EXPLODING, {"skip": -1.0}, None),
        (Label.EXPLODING, {"skip": 0.5}, "skip"),
        (Label.VANISHING, {"skip": 1.0}, None),
        (Label.VANISHING, {"skip": 0.0}, None),
        (Label.EXPLODING, {"skip": 0.0}, None),
        (Label.VANISHING, {}, None),
    ],
)
def test_the_account_that_did_it_is_the_largest_in_the_direction_of_the_label(
    label: Label, shares: dict[Any, float], expected: str | None
) -> None:
    assert largest_account(label, evidence(shares=shares)) == expected


@pytest.mark.parametrize(
    ("shares", "expected"),
    [
        ({"weights": 3.0}, Cause.CHAOS),
        ({"skip": 3.0}, Cause.CHAOS),
        ({"normalisation": 2.0, "weights": 1.0}, Cause.NORMALISATION),
    ],
)
def test_where_the_signal_does_not_grow_with_it_the_account_tells_the_cause(
    shares: dict[Any, float], expected: Cause
) -> None:
    judged = labelled(Label.EXPLODING, 3.0)
    assert find_cause(judged, evidence(depth_ratio=3.0, shares=shares), [], facts()) is expected
    following = evidence(depth_ratio=3.0, forward_ratio=3.0, shares=shares)
    assert find_cause(judged, following, [], facts()) is Cause.GAIN


@pytest.mark.parametrize(
    ("way_back", "expected"),
    [
        ([layer(1), layer(2, inside=True, **NOTHING), layer(3, dead_fraction=1.0)], Cause.DEAD_UNITS),
        ([layer(1), layer(2, inside=True, dead_fraction=1.0), layer(3, **NOTHING)], Cause.ZERO_WEIGHTS),
        ([layer(1), layer(2, inside=True, **NOTHING), layer(3)], Cause.ZERO_WEIGHTS),
        ([layer(1), layer(2, inside=True, dead_fraction=1.0), layer(3)], Cause.DEAD_UNITS),
        ([layer(1), layer(2, inside=True), layer(3)], None),
    ],
)
def test_death_is_looked_for_outside_of_blocks_first(way_back: list[Any], expected: Cause | None) -> None:
    assert find_cause(labelled(Label.DEAD), evidence(), way_back, facts()) is expected


@pytest.mark.parametrize(("inside", "raised"), [(False, [Flag.TINY_GRADIENT]), (True, [])])
def test_a_gradient_of_exactly_zero_inside_a_block_may_wait_for_others(inside: bool, raised: list[Flag]) -> None:
    layers = [layer(1), layer(2, inside=inside, **NO_GRADIENT)]
    assert find_flags(labelled(Label.STABLE), evidence(), layers, spread(0.0), facts()) == raised


@pytest.mark.parametrize(
    ("label", "cause", "fields", "sentence"),
    [
        (
            Label.EXPLODING,
            Cause.GAIN,
            {"depth_ratio": 3.0, "forward_ratio": 3.0, "shares": {"skip": 3.0}},
            "Signal and gradient grow together: where the branches of a block meet, more comes out than went in.",
        ),
        (
            Label.VANISHING,
            Cause.GAIN,
            {"depth_ratio": -3.0, "forward_ratio": -3.0, "shares": {"skip": -3.0}},
            "Signal and gradient shrink together: where the branches of a block meet, less comes out than went in.",
        ),
        (
            Label.EXPLODING,
            Cause.NORMALISATION,
            {"depth_ratio": 3.0, "forward_ratio": 0.5, "shares": {"normalisation": 3.0}},
            "It is normalisation that multiplies the gradient, whose signal it keeps at one size.",
        ),
        (
            Label.VANISHING,
            Cause.NORMALISATION,
            {"depth_ratio": -3.0, "forward_ratio": 0.0, "shares": {"normalisation": -3.0}},
            "It is normalisation that takes from the gradient, whose signal it keeps at one size.",
        ),
    ],
)
def test_the_cause_is_said_of_what_did_it(label: Label, cause: Cause, fields: dict[str, Any], sentence: str) -> None:
    assert sentence in said(replace(decision(label, **fields), cause=cause))


def test_of_an_overflow_that_a_block_survives_nothing_is_said_that_contradicts_it() -> None:
    fields: dict[str, Any] = {"depth_ratio": -1.0, "shares": {"skip": -1.0}}
    vanishing = Rate(Tendency.VANISHING, 44.0, (0.8, 0.9))
    survivor = decision(Label.EXPLODING, overflowed=True, overflows=9, overflow_layer=3.0, **fields)
    survived, plain = (said(replace(one, rate=vanishing)) for one in (survivor, decision(**fields)))
    assert [one for one in plain if "of these decades" in one]
    assert [one for one in plain if "With more layers" in one]
    assert not [one for one in survived if "of these decades" in one or "With more layers" in one]


def test_theory_takes_the_variance_of_a_bias_by_the_fan_that_it_is_drawn_with() -> None:
    hidden = {"kind": "dense", "units": 128, "activation": {"kind": "tanh"}}
    theories = []
    for bias in ({"kind": "he_normal"}, {"kind": "normal", "std": float(np.sqrt(2.0 / 128))}):
        layers = [{"kind": "repeat", "times": 6, "layers": [{**hidden, "bias": bias}]}, {"kind": "dense", "units": 1}]
        theories.append(report({"features": 128, "layers": layers}, trials=1).theory.depth_ratio)
    assert theories[0] == pytest.approx(theories[1], abs=1e-12)


@pytest.mark.parametrize("precision", [np.float32, np.float64])
def test_what_is_too_small_beside_another_gradient_is_nothing_and_not_more_than_it_was(precision: type) -> None:
    one, other = np.array([[[1.0, 0.0]]], precision), np.array([[[0.0, 1.0]]], precision)
    zero, far = np.zeros((1, 1, 1), np.int64), np.full((1, 1, 1), -5000)
    total = Scaled.of(one, zero) + Scaled.of(other, far)
    assert total.values.ravel().tolist() == [1.0, 0.0]


@pytest.mark.parametrize("merge", ["add", "multiply", "maximum"])
def test_branches_are_paid_for_even_where_they_are_empty(merge: str) -> None:
    def operations(count: int) -> float:
        block = {"kind": "parallel", "merge": merge, "branches": [{}] * count}
        spec = {"network": {"features": 64, "layers": [block, DENSE]}, "trials": 1, "data": {"samples": 100}}
        return cost(plan(SimulationSpec.model_validate(spec))).floating_point_operations

    assert operations(100) - operations(1) >= 99 * 64 * 100 * OPERATIONS_PER_OUTPUT


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("along_trials", [False, True])
def test_chunks_do_not_change_a_byte_of_a_tree(
    along_trials: bool, precision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    norm = {"kind": "layer_norm", "gain": {"kind": "normal"}}
    skip = {"kind": "residual", "layers": [norm, DENSE], "branch_scale": 0.5}
    gate = {"kind": "parallel", "merge": "multiply", "branches": [{"layers": [DENSE]}, {}, {"layers": [norm]}]}
    network = {"features": 4, "layers": [DENSE, skip, gate, {"kind": "dense", "units": 1}]}
    found = set()
    for together in (4, 17, 40):
        monkeypatch.setattr(estimate, "regime", lambda *_, together=together: Regime(together, along_trials))
        made = report(network, trials=40, precision=precision, data={"samples": 7}, include=["gradients"])
        found.add(made.model_copy(update={"elapsed_seconds": 0.0}).model_dump_json())
    assert len(found) == 1
