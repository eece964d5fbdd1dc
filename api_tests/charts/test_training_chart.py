"""The chart of a training: what it says to those who do not see it."""

import json

import pytest

from service.charts.chart import ChartFormat, Theme
from service.charts.training import draw_training
from service.studies.training import TrainingSpec
from service.studies.training_course import train


@pytest.mark.parametrize(("rates", "named"), [([0.001, 0.3, 1e90], 0.3), ([1e90, 1e80], 1e90)])
def test_a_chart_is_described_by_the_best_rate_or_the_first_where_all_diverge(rates: list[float], named: float) -> None:
    layers = [{"kind": "dense", "units": 8, "activation": {"kind": "tanh"}}, {"kind": "dense", "units": 1}]
    network = {"features": 2, "layers": layers}
    spec = TrainingSpec.model_validate(
        {"network": network, "data": {"targets": {"kind": "teacher"}}, "rates": rates, "trials": 2, "steps": 20}
    )
    lines = [one.model_dump_json().encode() for one in train(spec).rates]
    drawn = json.loads(draw_training(spec.model_dump_json().encode(), lines, Theme.LIGHT, ChartFormat.JSON))
    assert drawn["description"].startswith(f"Training. At the rate {named:g} it ")


def test_a_training_of_which_nothing_has_come_yet_has_a_chart_that_says_so() -> None:
    spec = TrainingSpec.model_validate({"network": {"features": 2, "layers": [{"kind": "dense", "units": 1}]}})
    drawn = json.loads(draw_training(spec.model_dump_json().encode(), [], Theme.LIGHT, ChartFormat.JSON))
    assert drawn["description"] == "No rate of this training is there yet."
