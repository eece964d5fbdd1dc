"""Where right ends: every tolerance, share and limit of a claim is where it is said to be, on both sides of it."""

from typing import Any

import pytest

from api_tests.grading.judging import Json, answering, judged
from api_tests.grading.networks_for_claims import NETWORK, Counting, saying, spread, variant
from api_tests.grading.test_change import CHANGE, reaching
from api_tests.grading.test_gradient import GRADIENT, WEIGHTS, answer
from api_tests.networks import stack
from service.core.errors import BudgetExceeded, FlawedRubric
from service.grading.answers import Formula, Undecidable
from service.grading.rubrics import check_rubric, checked_plans
from service.grading.spec import Rubric
from service.simulation.estimate import Limits, cost
from service.simulation.plan import plan
from service.simulation.results import Interval
from service.simulation.simulate import simulate
from service.simulation.spec import SimulationSpec
from service.simulation.vocabulary import Label, Tendency

VERDICT: Json = {"kind": "verdict", "simulation": NETWORK}
EITHER, FORMER = {"ab", "ba"}, {"ab"}


def rubric(*claims: Json) -> Rubric:
    return Rubric.model_validate({"id": "r", "claims": [{"id": f"c{n}", **claim} for n, claim in enumerate(claims)]})


@pytest.mark.parametrize(("distance", "std", "right"), [
    (0.019, 0.0, EITHER), (0.021, 0.0, FORMER),  # 0.02 decades are no difference
    (1.0, 2.4, FORMER), (1.0, 2.5, EITHER), (1.0, 2.6, EITHER),  # 2 σ / √100 on either side
])  # fmt: skip
def test_two_networks_are_told_apart_by_more_than_their_uncertainty(distance: float, std: float, right: Any) -> None:
    reports = {1: saying(depth_ratio=spread(0.0, std=std)), 2: saying(depth_ratio=spread(distance, std=std))}
    claim = {"kind": "ranking", "of": {"a": variant(1), "b": variant(2)}, "measure": "depth_ratio", "credit": "exact"}
    for by, order in (("vanishing", "ab"), ("exploding", "ba")):
        found = {
            "".join(said) for said in ("ab", "ba") if judged({**claim, "by": by}, [*said], Counting(reports)).points
        }
        assert found == (right if right is EITHER else {order})


@pytest.mark.parametrize(("interval", "right"), [
    ((0.985, 1.005), {"stable", "vanishing"}), ((0.995, 1.015), {"stable", "exploding"}), ((0.992, 1.008), {"stable"}),
])  # fmt: skip
def test_a_rate_of_a_hundredth_is_none(interval: tuple[float, float], right: set[str]) -> None:
    low, high = interval
    said = saying(tendency=Tendency.STABLE, gain_per_layer_interval=Interval(low=low, high=high))
    claim = {**VERDICT, "judge_by": "tendency"}
    assert {label for label in Label if judged(claim, label, answering(said)).status == "correct"} == right


@pytest.mark.parametrize(("confidence", "ratio", "right"), [
    (0.6, (0.0, -1.0, 0.5), {"stable", "vanishing"}), (0.6, (0.0, -0.5, 1.0), {"stable", "exploding"}),
    (0.89, (0.0, -1.5, 0.5), {"stable", "vanishing"}), (0.91, (0.0, -1.5, 0.5), {"stable"}),
])  # fmt: skip
def test_a_band_that_a_tenth_of_the_trials_reaches_is_right_too(
    confidence: float, ratio: tuple[float, float, float], right: set[str]
) -> None:
    said = saying(label=Label.STABLE, confidence=confidence, judged_ratio=spread(*ratio))
    assert {label for label in Label if judged(VERDICT, label, answering(said)).status == "correct"} == right


@pytest.mark.parametrize(
    ("after", "right"), [(0.049, "equally"), (0.051, "more"), (-0.049, "equally"), (-0.051, "less")]
)
def test_a_change_begins_at_a_twentieth_of_a_decade(after: float, right: str) -> None:
    claim = {**CHANGE, "by": "exploding"}
    said = {
        word: judged(claim, word, answering(reaching(0.0), reaching(after))) for word in ("more", "less", "equally")
    }
    assert said[right].code == f"{right}_prone"


@pytest.mark.parametrize(("bound", "code"), [
    ("1", "tight"), ("1.00009", "tight"), ("1.00011", "valid_but_loose"), ("1.00019", "valid_but_loose"),
])  # fmt: skip
def test_a_bound_is_tight_to_a_ten_thousandth_of_the_best_one(bound: str, code: str) -> None:
    assert judged({"kind": "bound", "activation": {"kind": "tanh"}}, bound).code == code


def test_three_pairs_that_are_misplaced_are_named() -> None:
    check = judged({"kind": "ranking", "expected": [["a"], ["b"], ["c"], ["d"]]}, ["d", "c", "b", "a"])
    assert check.message.count("belongs before") == 3


@pytest.mark.parametrize(("off", "status"), [(0.9e-3, "correct"), (1.1e-3, "incorrect")])
def test_an_entry_may_be_off_by_a_thousandth_of_the_largest(off: float, status: str) -> None:
    given = WEIGHTS[2].copy()
    given[1, 0] += off * abs(given).max()
    assert judged(GRADIENT, answer(WEIGHTS, layer_2=given), simulate).status == status


def test_a_gradient_of_zeros_is_matched_by_zeros_alone() -> None:
    silent = {"kind": "dense", "units": 2, "weights": {"kind": "zeros"}}
    claim = {"kind": "gradient", "layer": 1, "simulation": {"network": {"features": 2, "layers": [silent] * 2}}}
    assert judged(claim, [[0, 0], [0, 0]], simulate).status == "correct"
    assert judged(claim, [[0, 0], [0, 1e-300]], simulate).status == "incorrect"


@pytest.mark.parametrize(("entries", "status"), [(65_536, "incorrect"), (65_537, "invalid")])
def test_a_matrix_has_65536_entries_at_most(entries: int, status: str) -> None:
    assert judged({**GRADIENT, "layer": 1}, [[0.0] * entries], simulate).status == status


def test_a_factor_that_is_a_fraction_is_told_by_its_denominator() -> None:
    assert judged({"kind": "expression", "expected": "z^2"}, "1000/3001 z^2").code == "constant_factor"


def effort(text: str) -> int | str:
    """How many parts a formula has, or the code of why it is not judged."""
    formula = Formula.of(text, {})
    try:
        formula.check_effort()
    except Undecidable as refusal:
        return refusal.code
    return formula.closed.count()


def test_a_formula_of_150_parts_or_12_cases_is_judged_and_no_larger_one() -> None:
    found = [effort("+".join(f"sin({n} z)" for n in range(2, last))) for last in range(3, 50)]
    judged_ones = [one for one in found if isinstance(one, int)]
    step = judged_ones[-1] - judged_ones[-2]
    assert 150 - step < judged_ones[-1] <= 150
    assert set(found[len(judged_ones) :]) == {"too_costly"}
    assert effort("+".join(f"abs(z-{n})" for n in range(12))) != "too_costly"
    assert effort("+".join(f"abs(z-{n})" for n in range(13))) == "too_costly"


@pytest.mark.parametrize("domain", [{"low": 0.0, "high": 1.0}, {"low": -1.0, "high": 0.0}])
def test_a_kink_at_the_end_of_the_domain_counts(domain: Json) -> None:
    claim = {"kind": "expression", "expected": "where(z > 0, 1, 0)", "at_kinks": "require", "domain": domain}
    assert judged(claim, "where(z >= 0, 1, 0)").code == "at_kink"


def test_a_rubric_has_128_networks_at_most() -> None:
    changes = [CHANGE] * 63
    check_rubric(rubric(*changes, {"kind": "ranking", "of": {"a": variant(1), "b": variant(2)}}))
    ranking = {"kind": "ranking", "of": {"a": variant(1), "b": variant(2), "c": variant(3)}}
    with pytest.raises(FlawedRubric, match="129 networks"):
        check_rubric(rubric(*changes, ranking))


def test_a_rubric_has_20000_layers_at_most() -> None:
    deep = {"kind": "verdict", "simulation": {"network": stack(4999, 1)}}
    check_rubric(rubric(*[deep] * 4))
    with pytest.raises(FlawedRubric, match="20001 layers"):
        check_rubric(rubric(*[deep] * 4, {"kind": "verdict", "simulation": {"network": {
            "features": 1, "layers": [{"kind": "dense", "units": 1}]}}}))  # fmt: skip


def test_the_networks_of_a_rubric_fit_into_the_budget_of_one_simulation_together() -> None:
    asked = rubric(*({"kind": "verdict", "simulation": variant(seed)} for seed in (1, 2)))
    each = cost(plan(SimulationSpec.model_validate(variant(1)))).floating_point_operations
    assert len(checked_plans(asked, Limits(2.0 * each, 1 << 40))) == 2
    with pytest.raises(BudgetExceeded) as refused:
        checked_plans(asked, Limits(1.99 * each, 1 << 40))
    assert refused.value.facts == {
        "floating_point_operations": 2.0 * each,
        "floating_point_operations_limit": 1.99 * each,
    }
