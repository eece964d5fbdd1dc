"""What is decided of networks without a report is what their reports say, whatever they are judged together with."""

from typing import Any

import numpy as np
import pytest

from api_tests.networks import Json, blocks, stack
from api_tests.simulation.random_trees import printed, tree
from service.nn.policies import Adam
from service.simulation.measure import measure
from service.simulation.plan import Plan, plan
from service.simulation.results import Verdict
from service.simulation.simulate import judged, judged_together, simulate_plan
from service.simulation.spec import SimulationSpec
from service.simulation.verdict import Decision
from service.studies.evaluation import reduced
from service.studies.points import PointVerdict, Reduced

TREES, AT_ONCE = 120, 20
SIZES = 1e-9, 0.3, 1.0, 4.0, 1e60
SAME = [name for name in Decision.__dataclass_fields__ if name in Verdict.model_fields]
"""What a decision calls by the names of a verdict."""


def with_size(made: Plan, size: float, **fields: Any) -> Plan:
    """The plan with inputs N(0, size²), and other fields of the specification as given."""
    spec = made.spec
    inputs = {"kind": "gaussian", "std": size}
    if spec.network.shape and spec.inputs().kind == "gaussian":
        data = spec.data.model_copy(update={"inputs": type(spec.inputs()).model_validate(inputs)})
        fields["data"] = data
    return plan(spec.model_copy(update=fields))


def assert_as_reported(made: Plan, decided: Decision, about: str = "") -> None:
    """Every field that both have is the same."""
    said = simulate_plan(made).verdict
    for name in SAME:
        assert getattr(decided, name) == getattr(said, name), f"{name}: {about}"
    point = Reduced.of(made.digest, decided, None).verdict
    for name in PointVerdict.model_fields:
        assert getattr(point, name) == getattr(said, name), f"{name}: {about}"


@pytest.mark.parametrize("first", range(0, TREES, AT_ONCE))
def test_any_network_is_judged_as_its_report_says(first: int) -> None:
    for seed in range(first, first + AT_ONCE):
        spec = tree(seed, trials=3 + seed % 5, policy={"kind": ("sgd", "adam")[seed % 2]})
        made = with_size(plan(spec), SIZES[seed % len(SIZES)])
        assert_as_reported(made, judged(made, measure(made)), printed(made.spec))


@pytest.mark.parametrize("first", range(0, TREES, AT_ONCE))
def test_what_is_decided_of_a_network_does_not_depend_on_what_is_judged_with_it(first: int) -> None:
    for seed in range(first, first + AT_ONCE):
        made = plan(tree(seed, trials=1 + seed % 7))
        plans = [with_size(made, size, seed=number) for number, size in enumerate(SIZES)]
        assert len({one.trials for one in plans}) == 1
        together = judged_together(plans, [measure(one) for one in plans])
        alone = [judged(one, measure(one)) for one in plans]
        for one, other in zip(together, alone, strict=True):
            assert written(one) == written(other), printed(made.spec)


def written(decided: Decision) -> str:
    """All of a decision, in which NaN is NaN, digit by digit."""
    with np.printoptions(precision=17, threshold=10**6):
        return repr(vars(decided))


NETWORKS: list[Json] = [
    stack(6, 8, "tanh", {"kind": "normal", "std": 0.05}),
    stack(6, 8, "relu", "zeros"),
    stack(30, 4, "sigmoid"),
    stack(4, 6, "exponential", {"kind": "normal", "std": 40.0}),
    stack(12, 8, "relu", {"kind": "normal", "std": 2.0}),
    blocks(),
    {"features": 3, "layers": [{"kind": "dense", "units": 1}]},
    {"features": 1, "layers": [{"kind": "dense", "units": 1}] * 3},
    {
        "input": {"kind": "sequence", "steps": 12, "features": 3},
        "layers": [
            {"kind": "recurrent", "cell": "rnn", "units": 6, "direction": "both", "returns": "sequence"},
            {"kind": "recurrent", "cell": "lstm", "units": 6},
            {"kind": "dense", "units": 1},
        ],
    },
]


@pytest.mark.parametrize("number", range(len(NETWORKS)))
def test_every_label_and_cause_is_the_same_without_a_report(number: int) -> None:
    specs = [
        SimulationSpec.model_validate({"network": NETWORKS[number], "trials": 7, "seed": seed, **fields})
        for seed, fields in enumerate([{}, {"policy": {"kind": "adam"}}, {"data": {"samples": 3}}])
    ]
    for spec in specs:
        made = plan(spec)
        assert_as_reported(made, judged(made, measure(made)))
        (point,) = reduced([made])
        assert point.theory_depth_ratio == simulate_plan(made).theory.depth_ratio


def test_policies_may_differ_between_networks_that_are_judged_together() -> None:
    spec = SimulationSpec.model_validate({"network": stack(8, 16, "tanh", {"kind": "normal", "std": 0.17})})
    plans = [plan(spec), plan(spec.model_copy(update={"policy": Adam()}))]
    found = judged_together(plans, [measure(made) for made in plans])
    for made, decided in zip(plans, found, strict=True):
        assert_as_reported(made, decided)
    assert found[0].vote.label is not found[1].vote.label
