"""What an edit changes: both networks, the same seeds."""

from typing import Any

import pytest

from api_tests.grading.judging import Json, answering, flaws, judged
from api_tests.grading.networks_for_claims import saying, spread
from api_tests.networks import blocks
from service.grading.claims.change import ChangeClaim
from service.simulation.plan import plan
from service.simulation.results import SimulationReport
from service.simulation.simulate import simulate
from service.simulation.spec import SimulationSpec

SIGMOID_OUTPUT: Json = {
    "network": {
        "features": 8,
        "layers": [
            {"kind": "repeat", "times": 3, "layers": [{"kind": "dense", "units": 8, "activation": {"kind": "tanh"}}]},
            {"kind": "dense", "units": 1, "activation": {"kind": "sigmoid"}},
        ],
    },
    "trials": 16,
}
LINEAR = {"op": "replace", "path": "/network/layers/1/activation", "value": {"kind": "linear"}}
CHANGE: Json = {"kind": "change", "simulation": SIGMOID_OUTPUT, "patch": [LINEAR]}


@pytest.mark.parametrize(("by", "right"), [("exploding", "more"), ("vanishing", "less")])
def test_a_linear_output_is_more_prone_to_exploding_than_a_sigmoid(by: str, right: str) -> None:
    words = ("more", "less", "equally")
    checks = {word: judged({**CHANGE, "by": by}, word, simulate) for word in words}
    assert {word for word, check in checks.items() if check.status == "correct"} == {right}
    assert checks[right].code == f"{right}_prone"
    assert len(set(checks[right].evidence)) == 2
    assert all(check.code == "other_change" for word, check in checks.items() if word != right)


@pytest.mark.parametrize(("by", "right"), [("exploding", "less"), ("vanishing", "more")])
def test_branches_that_a_patch_enlarges_are_more_prone_to_vanishing_behind_the_final_norm(by: str, right: str) -> None:
    scale = {"op": "replace", "path": "/network/layers/0/layers/0/branch_scale", "value": 16}
    dropped = {"op": "remove", "path": "/network/layers/0/layers/0/layers/0"}
    claim = {"kind": "change", "simulation": {"network": blocks(), "trials": 16}, "patch": [scale, dropped], "by": by}
    checks = {word: judged(claim, word, simulate) for word in ("more", "less", "equally")}
    assert {word for word, check in checks.items() if check.status == "correct"} == {right}
    assert checks[right].code == f"{right}_prone"
    misplaced = {**scale, "path": "/network/layers/0/layers/0/branches"}
    assert [pointer for pointer, _ in flaws({**claim, "patch": [misplaced]})] == ["/patch/0"]


def test_the_output_changes_nothing_of_what_happens_between_the_hidden_layers() -> None:
    assert judged({**CHANGE, "measure": "gain_per_layer"}, "equally", simulate).status == "correct"


def reaching(median: float) -> SimulationReport:
    return saying(end_to_end_ratio=spread(median))


@pytest.mark.parametrize(("by", "after", "right"), [
    ("exploding", 0.0, "equally"), ("exploding", 0.04, "equally"), ("exploding", 0.06, "more"),
    ("exploding", -0.06, "less"), ("vanishing", -0.06, "more"), ("vanishing", 0.06, "less"),
    ("vanishing", -0.04, "equally"),
])  # fmt: skip
def test_a_twentieth_of_a_decade_is_no_change(by: str, after: float, right: str) -> None:
    claim = {**CHANGE, "by": by}
    for word in ("more", "less", "equally"):
        check = judged(claim, word, answering(reaching(0.0), reaching(after)))
        assert (check.status == "correct") == (word == right)


def test_the_feedback_says_which_measure_was_asked_for() -> None:
    check = judged(CHANGE, "more", answering(reaching(0.0), reaching(1.0)))
    assert check.message.startswith(
        "Not more. The networks are compared by the end-to-end ratio, which counts the output layer, too."
    )


def test_a_network_without_a_measure_leaves_it_to_a_person() -> None:
    check = judged(CHANGE, "more", answering(reaching(0.0), saying(end_to_end_ratio=spread(None))))
    assert (check.status, check.code) == ("undecided", "no_measure")


@pytest.mark.parametrize(
    "answer",
    [
        "bigger",
        "not more",
        "no more",
        "more or less",
        "hardly less",
        "more prone to fading",
        1,
        True,
        ["more"],
        {"answer": "more"},
    ],
    ids=str,
)
def test_what_is_neither_more_nor_less_nor_equally_is_unreadable(answer: Any) -> None:
    assert judged(CHANGE, answer).status == "invalid"


FLAWED = [
    ([{"op": "replace", "path": "/network/layers/7", "value": {}}], "/patch/0"),
    ([{"op": "remove", "path": "/network/nothing"}], "/patch/0"),
    ([LINEAR, {"op": "replace", "path": "/network/layers/x", "value": {}}], "/patch/1"),
    ([LINEAR, {"op": "add", "path": "/network/layers/9", "value": {}}], "/patch/1"),
    ([{"op": "add", "path": "/seed/deeper", "value": 1}], "/patch/0"),
    ([{"op": "replace", "path": "/network/layers", "value": []}], "/patch"),
    ([{"op": "replace", "path": "/network/layers/1/activation", "value": {"kind": "nothing"}}], "/patch"),
    ([{"op": "remove", "path": "/network"}], "/patch"),
    ([{"op": "add", "path": "/unknown", "value": 1}], "/patch"),
]


@pytest.mark.parametrize(("patch", "pointer"), FLAWED)
def test_a_patch_that_does_not_fit_or_leads_to_no_network_is_flawed(patch: list[Json], pointer: str) -> None:
    assert [found for found, _ in flaws({**CHANGE, "patch": patch})] == [pointer]
    assert flaws(CHANGE) == []


def test_a_patch_of_the_preset_changes_all_that_it_fills_and_any_other_keeps_it() -> None:
    network = {"features": 4, "layers": [{"kind": "dense", "units": 4}], "defaults": "siren"}
    for patch, layers, preset in (
        ({"op": "replace", "path": "/network/defaults", "value": "keras"}, network["layers"], "keras"),
        ({"op": "replace", "path": "/network/layers/0/units", "value": 5}, [{"kind": "dense", "units": 5}], "siren"),
    ):
        claim = {"kind": "change", "id": "c", "simulation": {"network": network}, "patch": [patch]}
        kept = ChangeClaim.model_validate_json(ChangeClaim.model_validate(claim).model_dump_json())
        written = {"network": {**network, "layers": layers, "defaults": preset}}
        assert plan(kept.after()).digest == plan(SimulationSpec.model_validate(written)).digest


@pytest.mark.parametrize(
    "answer", ["More", " more. ", "it is more prone", "It's more prone to vanishing", "more vanishing"]
)
def test_a_change_may_be_said_in_a_few_words(answer: str) -> None:
    assert judged(CHANGE, answer, answering(reaching(0.0), reaching(-1.0))).code == "more_prone"
