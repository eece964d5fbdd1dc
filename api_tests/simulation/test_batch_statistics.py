"""Batch normalisation takes its statistics over samples and positions: of one number there are none, of few noise."""

from typing import Any

import numpy as np
import pytest

from api_tests.networks import Json, report
from service.core.errors import Incompatible
from service.nn.layers.batch_norm import BatchNorm
from service.simulation.plan import plan
from service.simulation.spec import SimulationSpec
from service.simulation.vocabulary import Flag

NORM: Json = {"kind": "batch_norm"}
DENSE: Json = {"kind": "dense", "units": 4, "activation": {"kind": "relu"}}
OUTPUT: Json = {"kind": "dense", "units": 1}
SEQUENCE: Json = {"input": {"kind": "sequence", "steps": 3, "features": 4}}
IMAGE: Json = {"input": {"kind": "image", "height": 2, "width": 2, "channels": 3}}
BY_STEPS: Json = {"kind": "each_step", "layers": [DENSE, NORM]}


def planned(network: Json, samples: int) -> Any:
    return plan(SimulationSpec.model_validate({"network": network, "data": {"samples": samples}}))


@pytest.mark.parametrize(
    ("network", "pointer"),
    [
        ({"features": 4, "layers": [DENSE, NORM, OUTPUT]}, "/network/layers/1"),
        ({"features": 4, "layers": [{"kind": "residual", "layers": [NORM, DENSE]}]}, "/network/layers/0/layers/0"),
        (
            {**SEQUENCE, "layers": [NORM, {"kind": "recurrent", "units": 3}, NORM, OUTPUT]},
            "/network/layers/2",  # the first has three steps
        ),
        (
            {"input": {"kind": "sequence", "steps": 1, "features": 4}, "layers": [BY_STEPS, OUTPUT]},
            "/network/layers/0/layers/1",
        ),
    ],
)
def test_statistics_of_one_number_are_refused_where_they_stand_with_what_would_be_right(
    network: Json, pointer: str
) -> None:
    with pytest.raises(Incompatible) as refusal:
        planned(network, 1)
    assert refusal.value.pointer == pointer
    assert refusal.value.sentence == (
        "batch_norm takes mean and variance over samples and positions, and here that is one number, whose variance "
        'is 0. Give it several with data.samples, or take layer_norm or "mode": "inference" here.'
    )
    assert planned(network, 2).fewest_in_statistics == 2


@pytest.mark.parametrize(
    ("network", "samples", "fewest"),
    [
        ({"features": 4, "layers": [DENSE, NORM, OUTPUT]}, 7, 7),
        ({"features": 4, "layers": [DENSE, {**NORM, "mode": "inference"}, OUTPUT]}, 1, None),
        ({"features": 4, "layers": [DENSE, {"kind": "layer_norm"}, OUTPUT]}, 1, None),
        ({**SEQUENCE, "layers": [NORM, {"kind": "flatten"}, OUTPUT]}, 1, 3),
        ({**SEQUENCE, "layers": [NORM, {"kind": "flatten"}, NORM, OUTPUT]}, 2, 2),
        ({**SEQUENCE, "layers": [BY_STEPS, {"kind": "flatten"}, OUTPUT]}, 2, 6),
        ({**IMAGE, "layers": [NORM, {"kind": "flatten"}, OUTPUT]}, 1, 4),
        ({**IMAGE, "layers": [NORM, {"kind": "flatten"}, OUTPUT]}, 2, 8),
    ],
)
def test_a_batch_is_small_by_its_samples_and_positions_together(
    network: Json, samples: int, fewest: int | None
) -> None:
    assert planned(network, samples).fewest_in_statistics == fewest
    flags = report(network, data={"samples": samples}, trials=2).verdict.flags
    assert (Flag.SMALL_BATCH in flags) == (fewest is not None and fewest < 8)


@pytest.mark.parametrize("shape", [(6, 3), (6, 5, 3), (6, 2, 4, 3)])
def test_what_comes_out_has_mean_0_and_variance_1_over_samples_and_positions(shape: tuple[int, ...]) -> None:
    x = np.random.default_rng(1).normal(2.0, 5.0, (2, *shape))
    norm = BatchNorm.model_validate({"kind": "batch_norm", "gain": {"kind": "none"}, "shift": {"kind": "none"}})
    y, _ = norm.apply([], x)
    rows = y.reshape(2, -1, 3)
    np.testing.assert_allclose(rows.mean(axis=1), 0.0, atol=1e-12)
    np.testing.assert_allclose(rows.std(axis=1), 1.0, atol=1e-5)


def test_a_report_says_which_statistics_were_used() -> None:
    for mode in ("training", "inference"):
        made = report({"features": 4, "layers": [DENSE, {**NORM, "mode": mode}, OUTPUT]}, trials=1)
        assert made.spec.network.layers[1].model_dump(mode="json")["mode"] == mode
