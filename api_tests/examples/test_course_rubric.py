"""The course's assignment as it is handed out: its rubric, three answer sheets, and what carries them to platforms."""

import subprocess
import sys

import numpy as np
import pytest

from api_tests.examples.course import ROOT, Json, checks_of, graded, read, spec_of
from service.grading.claims.gradient import GradientClaim
from service.grading.grade import grade
from service.grading.results import Grading
from service.grading.rubrics import check_rubric, plans_of
from service.grading.spec import GradingSpec
from service.simulation.simulate import simulate
from service.simulation.spec import SimulationSpec


@pytest.fixture(name="gradings")
def all_gradings() -> dict[str, Grading]:
    return graded()


# the rubric and the sheets


def test_the_rubric_has_every_kind_of_claim_and_contradicts_itself_nowhere() -> None:
    rubric = spec_of("right").rubric
    check_rubric(rubric)
    assert len(plans_of(rubric)) == 8  # three networks of two layers, three deep ones, a linear output, given weights
    assert {claim.kind_name() for claim in rubric.claims} == {
        "expression", "bound", "number", "gradient", "verdict", "ranking", "change", "choice", "text_keywords",
    }  # fmt: skip
    assert all(claim.title for claim in rubric.claims)


@pytest.mark.parametrize("sheet", ["right", "from_bounds", "with_slips"])
def test_every_sheet_answers_every_part_and_nothing_else(sheet: str) -> None:
    assert list(read(f"answers_{sheet}")) == [claim["id"] for claim in read("rubric")["claims"]]


@pytest.mark.parametrize(
    ("sheet", "score", "status"),
    [("right", 38.0, "graded"), ("from_bounds", 23.0, "needs_review"), ("with_slips", 20.5, "needs_review")],
)
def test_each_sheet_has_its_score(gradings: dict[str, Grading], sheet: str, score: float, status: str) -> None:
    grading = gradings[sheet]
    assert (grading.score, grading.max_score, grading.status) == (score, 38.0, status)


def test_the_right_sheet_is_right_in_every_part(gradings: dict[str, Grading]) -> None:
    assert {one.status for one in gradings["right"].checks} == {"correct"}


def test_from_the_bounds_alone_formulas_are_right_and_verdicts_wrong(gradings: dict[str, Grading]) -> None:
    lost = {one.id: (one.points, one.code) for one in gradings["from_bounds"].checks if one.status != "correct"}
    assert lost == {
        "e3": (0.0, "outside_tolerance"),
        "d_two": (0.0, "other_verdict"),
        "e_two": (0.0, "other_verdict"),
        "f_two": (0.0, "other_verdict"),
        "d_deep": (0.0, "other_verdict"),
        "f_deep": (0.0, "other_verdict"),
        "g_two": (1.0, "order_pairs"),
        "g_deep": (0.0, "order_pairs"),
        "h2": (0.0, "other_change"),
        "c1": (0.0, "wrong_choice"),
        "w1": (0.0, "ideas_not_found"),
    }


@pytest.mark.parametrize("part", ["d_two", "e_two", "f_two", "d_deep", "e_deep", "f_deep"])
def test_the_words_that_the_laboratory_shows_of_a_network_earn_its_points(part: str) -> None:
    claim = next(one for one in read("rubric")["claims"] if one["id"] == part)
    verdict = simulate(SimulationSpec.model_validate(claim["simulation"])).verdict
    now, with_more_layers = verdict.label, verdict.tendency
    words = {now} if "“With more layers”" not in claim["title"] else {now, with_more_layers}
    for word in words:
        spec = GradingSpec.model_validate({"rubric": read("rubric"), "answers": {part: word}})
        assert checks_of(grade(spec, simulate))[part].points == 1.0


def test_every_slip_is_called_by_its_name(gradings: dict[str, Grading]) -> None:
    lost = {one.id: (one.points, one.code) for one in gradings["with_slips"].checks if one.status != "correct"}
    assert lost == {
        "d1": (1.0, "square_missing"),
        "d2": (0.0, "unreadable"),
        "d4": (0.0, "invalid_bound"),
        "e2": (0.5, "attained"),
        "f1": (0.0, "one_branch_wrong"),
        "o1": (0.5, "differs_by_sign"),
        "f_deep": (0.0, "other_verdict"),
        "b1": (0.0, "wrong_choice"),
        "b2": (0.0, "factor_two"),
        "b4": (0.0, "transposed"),
        "b5": (0.0, "differs_by_sign"),
        "g_two": (2.0, "order_pairs"),
        "g_deep": (2.5, "order_pairs"),
        "h1": (0.0, "other_change"),
        "c1": (1.0, "wrong_choice"),
        "w1": (0.0, "no_answer"),
    }


def test_a_bound_is_carried_forward_from_a_wrong_derivative(gradings: dict[str, Grading]) -> None:
    found = checks_of(gradings["with_slips"])
    assert (found["f1"].points, found["f2"].points) == (0.0, 1.0)
    assert "your own derivative" in found["f2"].message


def test_a_misspelt_function_is_found_at_its_place_and_put_right(gradings: dict[str, Grading]) -> None:
    found = checks_of(gradings["with_slips"])["d2"]
    assert read("answers_with_slips")["d2"][found.position - 1 :].startswith("tahn")
    assert "tanh" in found.message


# the gradient on given weights, without this service's arithmetic


def mean_loss(network: Json, weights: list[np.ndarray], shifts: list[np.ndarray]) -> float:
    """The mean of (p − y)² over the samples; a shift (samples, units) is added to each layer's z."""
    h = np.array(network["data"]["inputs"]["values"])
    for layer, weight, shift in zip(network["network"]["layers"], weights, shifts, strict=True):
        z = h @ weight + np.array(layer["bias"]["values"]) + shift
        h = {"stanh": z * np.tanh(z), "sigmoid": 1 / (1 + np.exp(-z))}[layer["activation"]["kind"]]
    return float(np.mean(np.sum((h - np.array(network["data"]["targets"]["values"])) ** 2, axis=-1)))


def differences(network: Json, layer: int, of_weights: bool) -> np.ndarray:
    """∂(mean loss)/∂W or /∂z of one layer, from central differences."""
    layers = network["network"]["layers"]
    weights = [np.array(one["weights"]["values"]) for one in layers]
    shifts = [np.zeros((len(network["data"]["inputs"]["values"]), one["units"])) for one in layers]
    moved, step = (weights if of_weights else shifts)[layer], 1e-5
    found = np.empty_like(moved)
    for place in np.ndindex(moved.shape):
        kept, ends = moved[place], []
        for sign in (1, -1):
            moved[place] = kept + sign * step
            ends.append(mean_loss(network, weights, shifts))
        moved[place] = kept
        found[place] = (ends[0] - ends[1]) / (2 * step)
    return found


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("quantity", ["weights", "delta"])
def test_gradients_on_given_weights_agree_with_finite_differences(number: int, quantity: str) -> None:
    parts = {one["id"]: one for one in read("rubric")["claims"]}
    network, answers = parts["b5"]["simulation"], read("answers_right")
    assert all(parts[name]["simulation"] == network for name in ("b2", "b3", "b4"))
    claim = GradientClaim.model_validate(parts["b5"])
    expected = differences(network, number - 1, quantity == "weights")
    simulated = (simulate(claim.specs()["/simulation"]).gradients or [])[number - 1]
    of_weights = {parts[name]["layer"]: answers[name] for name in ("b2", "b3", "b4")}
    answer = of_weights[number] if quantity == "weights" else answers["b5"][str(number)]
    found = simulated.delta if quantity == "delta" else simulated.parameters[0].array
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9)
    np.testing.assert_allclose(answer, expected, rtol=0, atol=1e-4 * np.abs(expected).max())


def test_the_demonstration_prints_every_sheet_and_its_score() -> None:
    ended = subprocess.run(
        [sys.executable, "examples/demo_grading.py"], cwd=ROOT, capture_output=True, timeout=60, check=False
    )
    assert (ended.returncode, ended.stderr) == (0, b"")
    printed = ended.stdout.decode()
    last = printed.partition("All answer sheets")[2].splitlines()
    rows = [[cell.strip() for cell in line.split("│")[1:3]] for line in last if "│ answers_" in line]
    assert rows == [
        ["answers_right", "38 of 38"],
        ["answers_from_bounds", "23 of 38"],
        ["answers_with_slips", "20.5 of 38"],
    ]
    assert [score in printed for score in ("\n38 of 38 points", "\n23 of 38 points", "\n20.5 of 38 points")] == [
        True
    ] * 3
