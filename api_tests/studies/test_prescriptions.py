"""Prescriptions: what is proposed fits, is measured, and mends."""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api_tests.networks import Json, stack
from benchmarks.broken import broken
from service.core.errors import BudgetExceeded, Refusal
from service.core.pointers import patched
from service.core.settings import Settings
from service.simulation.estimate import Limits
from service.simulation.measure import measure
from service.simulation.plan import plan
from service.simulation.results import SimulationReport
from service.simulation.scale import ScaleEntry, wrong_entries
from service.simulation.simulate import diagnosed, simulate, simulate_plan
from service.simulation.spec import SimulationSpec
from service.simulation.vocabulary import Label
from service.studies.prescriptions.data import inputs
from service.studies.prescriptions.results import Condition, Prescription, Prescriptions, judging
from service.studies.prescriptions.search import RISK_WANTED, prescribe
from service.studies.prescriptions.subject import Remedy, Subject
from service.studies.prescriptions.weights import initializers

LIMITS = Limits.of(Settings())
CASES: list[Json] = json.loads((Path(__file__).parent / "../simulation/public_cases.json").read_text(encoding="utf-8"))


def prescribed(spec: Json, limits: Limits = LIMITS) -> Prescriptions:
    return prescribe(SimulationSpec.model_validate(spec), limits)


def said_by(report: SimulationReport) -> Condition:
    """What a report says in short."""
    verdict, stored = report.verdict, report.precision
    return Condition(
        label=verdict.label,
        severity=verdict.severity,
        ratio=judging(verdict).median,
        failure_risk=verdict.failure_risk.probability,
        initial_loss=report.scale.initial_loss,
        scale=wrong_entries(report.scale),
        loses_gradients=stored is not None and stored.underflow_share + stored.overflow_share > 0.05,
    )


def by_kind(found: Prescriptions, kind: Remedy) -> list[Prescription]:
    return [one for one in found.prescriptions if one.kind is kind]


def assert_consistent(spec: Json, found: Prescriptions) -> None:
    """Every patch fits what was sent and gives the specification beside it, which can be simulated."""
    for one in found.prescriptions:
        document = patched(deepcopy(spec), one.patch)
        changed = SimulationSpec.model_validate(document)
        assert plan(changed).digest == plan(one.spec).digest
        assert one.before == found.before


FIRST_SENTENCES = {
    "02": "he_uniform instead of variance_scaling: depth ratio −7.",
    "03": "std 0.045 instead of 0.01: depth ratio −5.",
    "04": "std 0.045 instead of 1: depth ratio +4.",
    "06": "he_uniform instead of uniform and biases of zeros: depth ratio +0.9",
    "07": "Inputs standardised, x = (x - 27.96) / 57.7: initial loss ",
    "08": "std 0.71 instead of 10: outputs no longer saturated, the first layer no longer saturated.",
    "10": "Inputs standardised, x = (x - 127.5) / 73.6; and ",
    "15": "Inputs standardised, x = (x - 50) / 28.87: depth ratio ",
    "18": "Inputs standardised, x = (x - x.mean(0)) / x.std(0): ",
}


@pytest.mark.parametrize("case", CASES, ids=[one["id"] for one in CASES])
def test_the_first_prescription_names_a_fix_of_every_public_case_and_mends_it(case: Json) -> None:
    found = prescribed(case["spec"])
    first, before = found.prescriptions[0], found.before
    assert before.failure_risk >= RISK_WANTED or before.scale
    assert first.after.failure_risk < RISK_WANTED
    assert not first.after.scale
    assert found.summary == first.sentence
    assert found.summary.startswith(FIRST_SENTENCES[case["id"]])
    assert_consistent(case["spec"], found)


def test_of_forty_broken_networks_the_first_prescription_mends_thirty_six() -> None:
    failed = []
    for name, spec in broken().items():
        found = prescribed(spec)
        assert_consistent(spec, found)
        was_broken = found.before.failure_risk >= RISK_WANTED or found.before.scale
        first = found.prescriptions[0].after if found.prescriptions else None
        if not was_broken or first is None or first.failure_risk >= RISK_WANTED:
            failed.append((name, found.before, first))
    assert len(failed) <= 4, failed


def test_what_is_fine_is_left_alone() -> None:
    found = prescribed({"network": stack(4, 32, "relu", "he_normal"), "trials": 8})
    assert found.prescriptions == []
    assert found.tried == 0
    assert found.summary.startswith("There is nothing to mend")


def test_numbers_are_those_of_a_simulation_with_as_many_trials() -> None:
    spec = {"network": stack(12, 32, "relu", {"kind": "normal", "std": 0.02}), "trials": 8}
    found = prescribed(spec)
    again = {"trials": found.trials}
    assert said_by(simulate(SimulationSpec.model_validate({**spec, **again}))) == found.before
    for one in found.prescriptions[:3]:
        assert said_by(simulate(one.spec.model_copy(update=again))) == one.after


@pytest.mark.parametrize("family", ["convolution", "recurrent", "residual"])
@pytest.mark.parametrize("precision", ["float64", "float32", "float16"])
def test_what_is_said_in_short_is_what_the_report_says(family: str, precision: str) -> None:
    spec = next(spec for (own, _), spec in broken().items() if own == family)
    made = plan(SimulationSpec.model_validate({**spec, "precision": precision}))
    assert Condition.of(*diagnosed(made, measure(made))) == said_by(simulate_plan(made))


def test_prescriptions_are_ranked_by_what_is_left_and_then_by_how_little_changes() -> None:
    found = prescribed({"network": stack(12, 32, "relu", {"kind": "normal", "std": 0.02}), "trials": 8})
    mended = [one.after.failure_risk < RISK_WANTED and not one.after.scale for one in found.prescriptions]
    assert mended == sorted(mended, reverse=True)
    assert found.prescriptions[0].kind is Remedy.INITIALIZER
    assert all(one.after.failure_risk < found.before.failure_risk for one in found.prescriptions)


def test_weights_that_stay_as_they_are_are_not_said_to_change() -> None:
    layers: list[Json] = [{"kind": "dense", "units": 9, "activation": {"kind": "softplus"}} for _ in range(6)]
    layers[0] |= {"weights": {"kind": "lecun_normal"}}
    layers += [{"kind": "dense", "units": 1}]
    subject = Subject.of(SimulationSpec.model_validate({"network": {"features": 9, "layers": layers}}))
    for change in initializers(subject):
        said, _, before = change.words.partition(" instead of ")
        assert said != before
        written = [(subject.says(edit.path), edit.value) for edit in change.edits]
        assert all(old != new for old, new in written)


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([[100, -100]], None),
        ([[100, -100], [100, -100]], None),
        ([[100, 5], [-100, 5]], "x = (x - x.mean(0)) / (x.std(0) + 1e-8)"),
        ([[100, 5], [-100, -5]], "x = (x - x.mean(0)) / x.std(0)"),
    ],
)
def test_nothing_is_divided_by_the_spread_of_a_column_that_has_none(rows: list[list[float]], code: str | None) -> None:
    data = {"inputs": {"kind": "explicit", "values": rows}}
    subject = Subject.of(SimulationSpec.model_validate({"network": stack(2, 2), "data": data}))
    assert [change.pytorch for change in inputs(subject)] == ([code] if code else [])


def test_a_budget_leaves_changes_out_and_says_how_many() -> None:
    spec = {"network": stack(12, 64, "relu", {"kind": "normal", "std": 0.02}), "trials": 8}
    whole = prescribed(spec)
    scarce = prescribed(spec, Limits(2.5e9, LIMITS.bytes))
    assert whole.left_out == 0
    assert scarce.left_out > 0
    assert scarce.tried < whole.tried
    assert scarce.trials <= whole.trials
    with pytest.raises(BudgetExceeded):
        prescribed(spec, Limits(1e6, LIMITS.bytes))


REMEDIES: list[tuple[Json, Remedy, str]] = [
    (
        {
            "network": {
                "input": {"kind": "sequence", "steps": 40, "features": 8},
                "layers": [
                    {"kind": "recurrent", "cell": "lstm", "units": 16, "forget_bias": -2.0},
                    {"kind": "dense", "units": 1},
                ],
            }
        },
        Remedy.FORGET_BIAS,
        "/network/layers/0/forget_bias",
    ),
    (
        {
            "network": {
                "features": 32,
                "layers": [
                    {
                        "kind": "repeat",
                        "times": 12,
                        "layers": [
                            {
                                "kind": "dense",
                                "units": 32,
                                "activation": {"kind": "relu"},
                                "weights": {"kind": "he_normal"},
                            },
                            {"kind": "dropout", "rate": 0.5},
                        ],
                    },
                    {"kind": "dense", "units": 1},
                ],
            }
        },
        Remedy.DROPOUT,
        "/network/layers/0/layers/1/rate",
    ),
    (
        {
            "network": {
                "features": 16,
                "layers": [
                    {
                        "kind": "repeat",
                        "times": 24,
                        "layers": [
                            {
                                "kind": "residual",
                                "layers": [{"kind": "dense", "units": 16, "weights": {"kind": "he_normal"}}],
                            }
                        ],
                    },
                    {"kind": "dense", "units": 1},
                ],
            }
        },
        Remedy.BRANCH_SCALE,
        "/network/layers/0/layers/0/branch_scale",
    ),
]


@pytest.mark.parametrize(("spec", "kind", "path"), REMEDIES, ids=[kind.value for _, kind, _ in REMEDIES])
def test_a_remedy_is_proposed_where_it_belongs(spec: Json, kind: Remedy, path: str) -> None:
    found = prescribed({**spec, "trials": 4, "data": {"samples": 16}})
    (one, *_) = by_kind(found, kind)
    assert [edit.path for edit in one.patch] == [path]
    assert_consistent({**spec, "trials": 4, "data": {"samples": 16}}, found)


def test_a_loss_scale_is_proposed_where_float16_loses_gradients() -> None:
    network = stack(4, 16, "tanh")
    network["layers"][-1]["weights"] = {"kind": "normal", "std": 1e-6}
    spec = {"network": network, "precision": "float16", "trials": 4}
    found = prescribed(spec)
    assert found.before.loses_gradients
    first = found.prescriptions[0]
    assert first.kind is Remedy.LOSS_SCALE
    assert [edit.path for edit in first.patch] == ["/loss_scale"]
    assert not first.after.loses_gradients
    assert "16 bits hold the gradients" in first.sentence
    assert_consistent(spec, found)


def test_a_smaller_learning_rate_is_proposed_without_an_edit() -> None:
    """One step at 0.01 from weights U(0, 1) kills every ReLU; one at 0.0001 does not."""
    case = next(one for one in CASES if one["id"] == "06")
    (one,) = by_kind(prescribed(case["spec"]), Remedy.LEARNING_RATE)
    assert one.patch == []
    assert ScaleEntry.STEP_KILLS_UNITS not in one.after.scale
    assert one.lines is not None
    assert one.lines.pytorch.startswith("torch.optim.SGD(")


def test_a_first_layer_of_another_width_stays_in_front_of_the_shortcuts() -> None:
    relu = {"kind": "dense", "units": 16, "activation": {"kind": "relu"}, "weights": {"kind": "normal", "std": 0.05}}
    network = {
        "features": 40,
        "layers": [{"kind": "repeat", "times": 12, "layers": [relu]}, {"kind": "dense", "units": 1}],
    }
    found = prescribed({"network": network, "trials": 4})
    for one in by_kind(found, Remedy.RESIDUAL):
        layers = one.spec.model_dump(mode="json")["network"]["layers"]
        assert [layer["kind"] for layer in layers] == ["dense", "repeat", "dense"]
        assert layers[1]["times"] == 11


def test_a_dead_network_is_never_fine() -> None:
    found = prescribed({"network": stack(6, 16, "relu", "zeros"), "trials": 4})
    assert found.before.label is Label.DEAD
    assert found.prescriptions[0].after.label is not Label.DEAD


@st.composite
def layers(draw: st.DrawFn, depth: int = 2) -> Json:
    """A layer of any family that keeps the shape (4, 6), with weights of any size."""
    weights = {"weights": {"kind": "normal", "std": draw(st.sampled_from([0.01, 0.3, 3.0]))}}
    activation = {"activation": {"kind": draw(st.sampled_from(["relu", "tanh", "sigmoid", "linear"]))}}
    leaves = [
        {"kind": "dense", "units": 6, **activation, **weights},
        {"kind": "convolution", "filters": 6, "size": [3], "padding": "same", **activation, **weights},
        {"kind": "recurrent", "cell": draw(st.sampled_from(["rnn", "lstm", "gru"])), "units": 6, "returns": "sequence"},
        {"kind": "attention", "heads": 2, **weights},
        {"kind": "transformer_block", "heads": 2, "mlp_units": 8, "norm_first": draw(st.booleans())},
        {"kind": "layer_norm"},
        {"kind": "dropout", "rate": 0.4},
        {"kind": "activation", "activation": {"kind": "sigmoid"}},
    ]
    if depth == 0:
        return draw(st.sampled_from(leaves))
    inner = st.lists(layers(depth - 1), min_size=1, max_size=2)
    blocks = [
        {"kind": "repeat", "times": draw(st.integers(1, 5)), "layers": draw(inner)},
        {"kind": "residual", "layers": draw(inner)},
        {"kind": "parallel", "merge": "add", "branches": [{"layers": draw(inner)}, {"layers": draw(inner)}]},
    ]
    return draw(st.sampled_from([*leaves, *blocks]))


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(layers(), min_size=1, max_size=4),
    st.sampled_from([None, "pytorch", "keras"]),
    st.sampled_from([1.0, 200.0]),
)
def test_every_patch_of_a_random_tree_gives_a_specification_that_can_be_simulated(
    inside: list[Any], defaults: str | None, std: float
) -> None:
    network: Json = {
        "input": {"kind": "sequence", "steps": 4, "features": 6},
        "layers": [*inside, {"kind": "flatten"}, {"kind": "dense", "units": 3, "activation": {"kind": "softmax"}}],
    }
    network |= {"defaults": defaults} if defaults else {}
    spec = {
        "network": network,
        "loss": {"kind": "cross_entropy"},
        "data": {"samples": 4, "inputs": {"kind": "gaussian", "std": std}},
        "trials": 1,
    }
    try:
        plan(SimulationSpec.model_validate(spec))
    except Refusal:
        return
    assert_consistent(spec, prescribed(spec))
