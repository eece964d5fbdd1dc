"""Trainings: what is recorded along the steps, what counts as the best, and how it is compared with the verdict."""

from typing import Any

import numpy as np
import pytest

from api_tests.networks import Json
from service.core.errors import BudgetExceeded, Incompatible
from service.simulation.estimate import Limits
from service.simulation.simulate import simulate
from service.simulation.training import quantiles
from service.studies.training import Training, TrainingSpec
from service.studies.training_course import plan_training, train

CROSS_ENTROPY: Json = {"kind": "cross_entropy_with_logits"}
BLOBS: Json = {"inputs": {"kind": "blobs"}, "samples": 60}


def stack(depth: int, activation: str = "tanh", outputs: int = 3, **fields: Any) -> Json:
    layer = {"kind": "dense", "units": 12, "activation": {"kind": activation}, **fields}
    layers = [{"kind": "repeat", "times": depth, "layers": [layer]}, {"kind": "dense", "units": outputs}]
    return {"features": 6, "layers": layers}


def trained(processes: int = 1, **fields: Any) -> Training:
    body = {"network": stack(2), "loss": CROSS_ENTROPY, "data": BLOBS, "trials": 3, "steps": 40, **fields}
    return train(TrainingSpec.model_validate(body), processes)


def untimed(training: Training) -> Json:
    return training.model_dump(exclude={"elapsed_seconds"})


@pytest.mark.parametrize(
    "data", [BLOBS, {"inputs": {"kind": "spirals"}, "samples": 60}, {"targets": {"kind": "teacher"}}]
)
def test_a_healthy_network_learns_what_can_be_learned(data: Json) -> None:
    found = trained(data=data, optimizer={"kind": "adam"}, rates=[0.003, 0.03], steps=150)
    assert found.learned
    assert found.verdict.failure_risk < 0.1
    assert found.sentence.startswith("Verdict: stable, risk 0.0")
    assert "as the risk says" in found.sentence
    assert found.best is not None
    curve = found.rates[found.best].loss
    assert curve is not None
    assert curve.median[0] is not None
    assert curve.median[-1] is not None
    assert curve.median[-1] < 0.5 * curve.median[0]


def test_a_network_whose_gradient_vanishes_stays_at_chance_as_its_risk_says() -> None:
    found = trained(network=stack(24, "sigmoid"), rates=[0.01, 0.1, 1.0])
    assert found.verdict.label == "vanishing"
    assert found.verdict.failure_risk > 0.9
    assert found.learned is False
    assert "where chance is 33.3 %, as the risk says" in found.sentence


def test_what_is_recorded_begins_with_the_untrained_network_and_ends_with_the_trained_one() -> None:
    found = trained(steps=250, rates=[0.1])
    (rate,) = found.rates
    assert (rate.steps[0], rate.steps[-1]) == (0, 250)
    assert len(rate.steps) <= 101
    report = simulate(found.spec.simulation().model_copy(update={"trials": 3}))
    for curve, expected in ((rate.depth_ratio, report.verdict.depth_ratio), (rate.loss, None)):
        assert curve is not None
        assert len(curve.median) == len(curve.p05) == len(curve.p95) == len(rate.steps)
        if expected is not None:
            assert curve.median[0] == pytest.approx(expected.median, abs=1e-9)
    assert rate.loss is not None
    assert rate.final_loss is not None
    assert rate.loss.median[-1] == rate.final_loss.median


def test_the_trials_and_the_rates_of_a_training_do_not_depend_on_how_many_processes_there_are() -> None:
    wide = {"network": stack(3, units=64), "trials": 4, "rates": [0.01, 0.1], "data": {**BLOBS, "samples": 200}}
    assert untimed(trained(**wide, steps=10)) == untimed(trained(3, **wide, steps=10))


def test_a_rate_is_trained_alike_whatever_is_trained_beside_it() -> None:
    alone, beside = trained(rates=[0.1]), trained(rates=[0.001, 0.1, 3.0])
    assert alone.rates[0].loss == beside.rates[1].loss


def test_a_loss_that_is_no_number_is_an_outcome() -> None:
    found = trained(network=stack(6, "relu"), loss={"kind": "squared_error"}, rates=[1e-4, 1e6], data={"samples": 20})
    calm, wild = found.rates
    assert (calm.diverged_trials, calm.diverged_at) == (0, None)
    assert wild.diverged_trials == 3
    assert wild.diverged_at is not None
    assert wild.loss is not None
    assert wild.loss.median[-1] is None
    assert f"no finite number from step {wild.diverged_at} on" in wild.sentence
    assert found.best == 0
    lost = trained(network=stack(6, "relu"), loss={"kind": "squared_error"}, rates=[1e6], data={"samples": 20})
    assert (lost.best, lost.learned) == (None, None)
    assert lost.sentence.endswith("its loss is no finite number in the end.")


def test_a_trial_that_diverges_leaves_the_median_of_the_others() -> None:
    losses = np.array([[0.5, np.nan, 0.25], [np.nan, np.inf, 1.0]])
    assert quantiles(losses, lost=True)[0] == [0.5, None]


def test_where_all_are_of_one_class_nothing_is_learned() -> None:
    rows = {"kind": "explicit", "values": [[0, 1], [1, 0], [1, 1]]}
    same = {"kind": "explicit", "values": [[1, 0], [1, 0], [1, 0]]}
    network = {"features": 2, "layers": [{"kind": "dense", "units": 2}]}
    found = trained(network=network, data={"inputs": rows, "targets": same}, rates=[0.1])
    assert found.rates[0].chance_accuracy == 1.0
    assert found.learned is None
    assert "the risk" not in found.sentence


def test_targets_that_are_no_classes_have_no_accuracy() -> None:
    found = trained(network=stack(2, outputs=1), loss={"kind": "squared_error"}, data={"samples": 20}, rates=[0.01])
    assert found.rates[0].accuracy is None
    assert found.rates[0].chance_accuracy is None
    assert "brings the loss to" in found.sentence


def test_rows_that_are_sent_are_learned() -> None:
    """Exclusive or, of which 75 % can be had without a hidden layer."""
    rows = {
        "inputs": {"kind": "explicit", "values": [[0, 0], [0, 1], [1, 0], [1, 1]]},
        "targets": {"kind": "explicit", "values": [[0], [1], [1], [0]]},
    }
    hidden = {"kind": "dense", "units": 8, "activation": {"kind": "tanh"}}
    last = {"kind": "dense", "units": 1, "activation": {"kind": "sigmoid"}}
    found = trained(
        network={"features": 2, "layers": [hidden, last]},
        loss={"kind": "binary_cross_entropy"},
        data=rows,
        optimizer={"kind": "adam"},
        rates=[0.1],
        steps=200,
    )
    assert found.rates[0].final_accuracy is not None
    assert found.rates[0].final_accuracy.median == 1.0
    assert found.rates[0].chance_accuracy == 0.5


def test_minibatches_go_through_all_samples_in_every_epoch() -> None:
    planned = plan_training(
        TrainingSpec.model_validate({"network": stack(2), "data": {"samples": 12}, "batch_size": 4, "trials": 2})
    )
    from service.simulation.drawing import draw  # noqa: PLC0415

    network = draw(planned.plan, range(2))
    for epoch in (0, 1):
        steps = [planned.descent.batch_of(network, range(2), 3 * epoch + place).inputs for place in range(3)]
        seen = np.concatenate(steps, axis=1)
        for trial in range(2):
            assert sorted(map(tuple, seen[trial])) == sorted(map(tuple, network.inputs[trial]))


def test_the_policy_of_the_verdict_is_that_of_the_optimiser_unless_one_is_named() -> None:
    body = {"network": stack(2), "optimizer": {"kind": "adam"}}
    assert TrainingSpec.model_validate(body).simulation().policy.kind_name() == "adam"
    named = TrainingSpec.model_validate({**body, "policy": {"kind": "sgd"}})
    assert named.simulation().policy.kind_name() == "sgd"
    assert TrainingSpec.model_validate(body).simulation().trials == 32


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [({"precision": "float16"}, "/precision"), ({"batch_size": 100}, "/batch_size")],
)
def test_what_cannot_be_trained_is_refused_with_its_place(fields: Json, pointer: str) -> None:
    with pytest.raises(Incompatible) as refusal:
        trained(**fields)
    assert refusal.value.pointer == pointer


def test_what_takes_too_long_is_refused_with_the_steps_that_would_fit() -> None:
    planned = plan_training(TrainingSpec.model_validate({"network": stack(2), "steps": 100}))
    planned.check(Limits(planned.operations, 1 << 40), rates=1)
    with pytest.raises(BudgetExceeded, match=r"(49|50) steps would fit"):
        planned.check(Limits(planned.operations / 2.0, 1 << 40), rates=1)
