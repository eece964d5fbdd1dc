"""Each claim at its boundaries: what is right up to where, what is said there, and what a rubric may ask."""

from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from api_tests.grading.judging import Json, answering, flaws, graded, judged
from api_tests.grading.networks_for_claims import NETWORK, Counting, gaining, saying, spread, variant
from api_tests.grading.test_change import CHANGE
from service.core.errors import FlawedRubric
from service.grading.batch import BatchSpec
from service.grading.claims.base import Judgement
from service.grading.measures import Measured
from service.grading.results import Method
from service.grading.rubrics import check_rubric, rubric_report
from service.grading.spec import GradingSpec, Rubric
from service.simulation.results import Interval
from service.simulation.vocabulary import Label, Tendency

FOUR: Json = {"kind": "ranking", "expected": [["a"], ["b"], ["c"], ["d"]]}
TIED: Json = {"kind": "ranking", "expected": [["a"], ["b"], ["c", "d"]]}


@given(st.permutations("abcd"), st.lists(st.booleans(), min_size=3, max_size=3))
def test_a_ranking_is_worth_its_pairs_whatever_is_tied(order: list[str], joined: list[bool]) -> None:
    groups = [[order[0]]]
    for item, together in zip(order[1:], joined, strict=True):
        if together:
            groups[-1].append(item)
        else:
            groups.append([item])
    place = {item: number for number, group in enumerate(groups) for item in group}
    ends = [(place[one], place[other]) for one, other in ("ab", "ac", "ad", "bc", "bd", "cd")]
    points = [1.0 if one < other else 0.5 if one == other else 0.0 for one, other in ends]
    check = judged({**FOUR, "points": 6.0}, groups)
    assert check.points == sum(points)
    counted = f"{points.count(1.0)} of 6 pairs are in the right order."
    assert check.message.startswith(f"Correct. {counted}" if check.status == "correct" else counted)
    of_tied = judged({**TIED, "points": 5.0}, groups)
    assert of_tied.points == sum(points[:5])  # of the two that are alike any order is right
    exact = judged({**TIED, "credit": "exact"}, groups).points
    assert exact == float(points[:5] == [1.0] * 5)


@pytest.mark.parametrize("top", [1, 2, 3])
@pytest.mark.parametrize("order", [*permutations("abcd")], ids="".join)
def test_the_first_few_are_right_in_any_order_and_no_others(top: int, order: tuple[str, ...]) -> None:
    claim = {**FOUR, "credit": "top", "top": top}
    assert judged(claim, list(order)).points == float(set(order[:top]) == set("abcd"[:top]))


@pytest.mark.parametrize(("answer", "points"), [
    ([["a", "b"], "c", "d"], 1.0), ([["a", "b", "c"], "d"], 0.0), (["a", ["b", "c", "d"]], 0.0),
    ([["a", "c"], "b", "d"], 0.0), (["b", "a", ["c", "d"]], 1.0),
])  # fmt: skip
def test_the_first_two_have_to_be_two(answer: Any, points: float) -> None:
    assert judged({**FOUR, "credit": "top", "top": 2}, answer).points == points


@pytest.mark.parametrize(("answer", "misplaced"), [(["b", "a", "c", "d"], "a belongs before b."), ("abcd", "")])
def test_what_is_misplaced_is_told_in_its_right_order(answer: Any, misplaced: str) -> None:
    assert judged(FOUR, list(answer)).message.endswith(misplaced or "6 of 6 pairs are in the right order.")
    networks = {"kind": "ranking", "of": {"b": variant(2), "a": variant(1)}}
    reports = {1: gaining(0.5, digest="one"), 2: gaining(0.9, digest="two")}
    assert judged(networks, ["b", "a"], Counting(reports)).message.endswith(" a belongs before b.")
    assert judged({**networks, "by": "exploding"}, ["a", "b"], Counting(reports)).message.endswith(
        " b belongs before a."
    )


RANKINGS = [
    ({"kind": "ranking", "expected": [["a"], ["b"]]}, []),
    ({"kind": "ranking", "of": {"a": variant(1), "b": variant(2)}}, []),
    ({**FOUR, "credit": "top", "top": 3}, []),
    ({**FOUR, "credit": "top", "top": 4}, [("/top", "Of 4 items fewer than that can be the first.")]),
    ({**FOUR, "credit": "pairs", "top": 4}, []),
    ({"kind": "ranking", "of": {"a": variant(1), "b": variant(2)}, "credit": "top", "top": 2},
     [("/top", "Of 2 items fewer than that can be the first.")]),
    ({"kind": "number", "expected": 0.0, "significant_figures": 2, "absolute_tolerance": 0.0}, []),
    ({"kind": "number", "expected": 1.0, "relative_tolerance": 0.0}, []),
    ({"kind": "number", "expected": 1.0, "absolute_tolerance": 0.0}, []),
    ({"kind": "number", "expected": 1.0, "significant_figures": 1}, []),
    ({"kind": "choice", "choices": ["a", "b"], "expected": ["a", "b"]}, []),
    ({"kind": "choice", "choices": ["a", "b"], "expected": ["a", "c", "d"]},
     [("/expected", "2 of the expected choices cannot be chosen.")]),
]  # fmt: skip


@pytest.mark.parametrize(("claim", "found"), RANKINGS)
def test_what_can_just_be_asked_has_no_flaw(claim: Json, found: Any) -> None:
    assert flaws(claim) == found


@pytest.mark.parametrize(("figures", "right", "wrong"), [
    (3, ["3.13659", "3.14659"], ["3.13658", "3.14660"]), (1, ["2.64159", "3.64159"], ["2.64158", "3.64160"]),
    (6, ["3.141585", "3.141595"], ["3.1415849", "3.1415951"]),
])  # fmt: skip
def test_a_figure_is_right_to_half_a_unit_of_the_last_one(figures: int, right: list[str], wrong: list[str]) -> None:
    claim = {"kind": "number", "expected": 3.14159, "significant_figures": figures}
    assert {judged(claim, one).status for one in right} == {"correct"}
    assert {judged(claim, one).status for one in wrong} == {"incorrect"}


@pytest.mark.parametrize(
    ("expected", "edge"), [(1000.0, "1005"), (0.01, "0.01005"), (999.0, "999.5"), (-10.0, "-10.05")]
)
def test_the_first_figure_of_a_power_of_ten_is_a_figure(expected: float, edge: str) -> None:
    claim = {"kind": "number", "expected": expected, "significant_figures": 3}
    assert judged(claim, edge).status == "correct"
    assert judged(claim, f"{edge}1").status == "incorrect"


def test_the_widest_of_several_tolerances_counts() -> None:
    claim = {"kind": "number", "expected": 100.0, "relative_tolerance": 0.02, "absolute_tolerance": 1.0}
    narrow = {**claim, "relative_tolerance": 0.005}
    figures = {**claim, "significant_figures": 1}  # to half of a hundred
    found = {name: [judged(one, answer).status == "correct" for answer in ("101", "102", "150", "151")]
             for name, one in (("wide", claim), ("narrow", narrow), ("figures", figures))}  # fmt: skip
    assert found == {
        "wide": [True, True, False, False],
        "narrow": [True, False, False, False],
        "figures": [True, True, True, False],
    }
    zero = {"kind": "number", "expected": 0.0, "significant_figures": 2, "absolute_tolerance": 0.5}
    assert [judged(zero, answer).status for answer in ("0.5", "0.51")] == ["correct", "incorrect"]


@pytest.mark.parametrize(("answer", "code"), [
    ("2.5", "within_tolerance"), ("1.5", "within_tolerance"), ("-2.5", "differs_by_sign"), ("-1.5", "differs_by_sign"),
    ("2.5000001", "outside_tolerance"), ("-2.5000001", "outside_tolerance"), ("0", "outside_tolerance"),
])  # fmt: skip
def test_a_number_and_its_opposite_are_measured_alike(answer: str, code: str) -> None:
    assert judged({"kind": "number", "expected": 2.0, "absolute_tolerance": 0.5}, answer).code == code


CHOICE: Json = {"kind": "choice", "choices": ["a", "b", "c", "d"], "expected": ["a", "b"]}


@pytest.mark.parametrize(("answer", "status", "code", "message"), [
    (["a", "b"], "correct", "right_choice", "Correct."),
    (["a"], "partial", "wrong_choice", "You chose 1 right answer and missed 1 more."),
    (["a", "b", "c"], "partial", "wrong_choice", "You chose 2 right answers and 1 wrong answer."),
    (["c", "d", "c"], "incorrect", "wrong_choice", "You chose 2 wrong answers and missed all 2 right ones."),
    (["a", "c", "d"], "incorrect", "wrong_choice", "You chose 1 right answer and 2 wrong answers and missed 1 more."),
])  # fmt: skip
def test_choices_are_told_how_many_are_right_and_wrong(answer: Any, status: str, code: str, message: str) -> None:
    check = judged({**CHOICE, "credit": "each"}, answer)
    assert (check.status, check.code, check.message) == (status, code, message)
    assert check.points >= 0.0
    of_all = judged(CHOICE, answer)
    assert (of_all.code, of_all.message, of_all.points) == (code, message, float(status == "correct"))


def reaching(median: float, std: float) -> Any:
    return saying(end_to_end_ratio=spread(median, std=std))


@pytest.mark.parametrize(("std", "also"), [(0.0, False), (0.24, False), (0.26, True)])  # 2 σ / √100 on either side
@pytest.mark.parametrize("by", ["vanishing", "exploding"])
def test_a_change_within_what_the_seed_makes_of_it_may_be_called_equal(std: float, also: bool, by: str) -> None:
    right = "more" if by == "exploding" else "less"
    checks = {
        word: judged({**CHANGE, "by": by}, word, answering(reaching(0.0, std), reaching(0.1, std)))
        for word in ("more", "less", "equally")
    }
    found = {word for word, check in checks.items() if check.status == "correct"}
    assert found == {right, *(["equally"] if also else [])}
    assert checks["equally"].code == ("borderline" if also else "other_change")
    assert checks[right].code == f"{right}_prone"
    assert f"goes from 0 to 0.1 decades: {right} prone to {by}." in checks[right].message
    assert ("The seed alone changes it by as much, so equal is right, too." in checks["equally"].message) is also


@pytest.mark.parametrize(
    ("after", "word"), [(0.05, "equally"), (-0.05, "equally"), (0.0501, "more"), (-0.0501, "less")]
)
def test_a_twentieth_of_a_decade_exactly_is_no_change(after: float, word: str) -> None:
    reports = reaching(0.0, 0.0), reaching(after, 0.0)
    assert judged({**CHANGE, "by": "exploding"}, word, answering(*reports)).code == f"{word}_prone"


def test_either_network_without_a_measure_leaves_a_change_to_a_person() -> None:
    nothing = saying(end_to_end_ratio=spread(None))
    for pair in ((nothing, reaching(0.0, 0.0)), (reaching(0.0, 0.0), nothing), (nothing, nothing)):
        assert judged(CHANGE, "more", answering(*pair)).code == "no_measure"


VERDICT: Json = {"kind": "verdict", "simulation": NETWORK}
LABELS = [  # confidence, (median, 5 %, 95 %) of the depth ratio, which words are right beside the label
    (0.9, (0.0, -1.0, 0.0), {"vanishing"}),
    (0.91, (0.0, -1.0, 0.0), set()),
    (0.5, (0.0, -0.999, 0.999), set()),
    (0.5, (0.0, 0.0, 1.0), {"exploding"}),
    (0.5, (0.0, -1.0, 1.0), {"vanishing", "exploding"}),
]


@pytest.mark.parametrize(("confidence", "ratio", "beside"), LABELS)
def test_a_label_has_company_from_the_edge_of_a_band_on(confidence: float, ratio: Any, beside: set[str]) -> None:
    said = saying(label=Label.STABLE, confidence=confidence, judged_ratio=spread(*ratio))
    checks = {label: judged(VERDICT, label, answering(said)) for label in Label}
    assert {label for label, check in checks.items() if check.code == "borderline"} == beside


@pytest.mark.parametrize(("label", "ratio", "stable"), [
    (Label.EXPLODING, (2.0, 1.0, 3.0), False), (Label.EXPLODING, (2.0, 0.999, 3.0), True),
    (Label.VANISHING, (-2.0, -3.0, -1.0), False), (Label.VANISHING, (-2.0, -3.0, -0.999), True),
])  # fmt: skip
def test_stable_is_right_only_where_trials_are_inside_its_band(label: Label, ratio: Any, stable: bool) -> None:
    said = saying(label=label, confidence=0.5, judged_ratio=spread(*ratio))
    assert (judged(VERDICT, "stable", answering(said)).status == "correct") is stable


def test_where_a_spread_is_not_known_the_label_stands_alone() -> None:
    for low, high in ((None, 0.0), (0.0, None)):
        ratio = spread(0.0).model_copy(update={"p05": low, "p95": high})
        said = saying(label=Label.STABLE, confidence=0.5, depth_ratio=ratio)
        found = {label for label in Label if judged(VERDICT, label, answering(said)).status == "correct"}
        assert found == {"stable"}


RATES = [
    ((1.0, 1.2), {"exploding", "stable"}),
    ((1.0, 1.0), {"stable"}),
    ((0.8, 1.0), {"vanishing", "stable"}),
    ((1.0001, 1.2), set()),
    ((0.8, 0.9999), set()),
    ((0.99, 1.01), {"stable"}),
    ((0.989, 1.0), {"vanishing", "stable"}),
    ((1.0, 1.0102), {"exploding", "stable"}),
    ((1.0, 1.0 / 0.99), {"stable"}),
]


@pytest.mark.parametrize(("interval", "possible"), RATES)
@pytest.mark.parametrize("tendency", Tendency)
def test_a_tendency_is_a_matter_of_the_seed_where_its_interval_has_no_change_in_it(
    interval: tuple[float, float], possible: set[str], tendency: Tendency
) -> None:
    said = saying(tendency=tendency, gain_per_layer_interval=Interval(low=interval[0], high=interval[1]))
    claim = {**VERDICT, "judge_by": "tendency"}
    found = {label for label in Label if judged(claim, label, answering(said)).status == "correct"}
    assert found == possible | {tendency}


@pytest.mark.parametrize(("interval", "rate", "of_rate"), [
    (Interval(low=0.7, high=0.9), 0.8, True), (None, 0.8, False), (Interval(low=0.7, high=0.9), None, False),
])  # fmt: skip
@pytest.mark.parametrize("judge_by", ["label", "tendency"])
def test_a_tendency_is_explained_by_its_rate_and_a_label_by_its_reason(
    interval: Any, rate: float | None, of_rate: bool, judge_by: str
) -> None:
    said = saying(gain_per_layer_interval=interval, gain_per_layer=spread(rate))
    message = judged({**VERDICT, "judge_by": judge_by}, "dead", answering(said)).message
    by_rate = "changes by a factor of 0.8 per layer (0.7 to 0.9)" in message
    assert by_rate is (of_rate and judge_by == "tendency")
    assert (said.verdict.reasons[0] in message) is not by_rate


@given(*[st.tuples(st.floats(-5, 5), st.floats(0, 2), st.integers(1, 400))] * 2)
def test_one_of_two_measures_is_smaller_where_the_other_is_larger(one: Any, other: Any) -> None:
    def measured(median: float, std: float, count: int) -> Measured:
        ratio = spread(median, std=std).model_copy(update={"count": count})
        found = Measured.of(saying(depth_ratio=ratio), "depth_ratio")
        assert found is not None
        return found

    first, second = measured(*one), measured(*other)
    distance, error = other[0] - one[0], sum(2.0 * std / count**0.5 for _, std, count in (one, other))
    if abs(abs(distance) - error) > 1e-9 and abs(abs(distance) - 0.02) > 1e-9:
        apart = abs(distance) > max(error, 0.02)
        assert first.order(second) == ((1 if distance < 0 else -1) if apart else 0)
    assert first.order(second) == -second.order(first)


def measured_by_rate(median: float | None, interval: Any) -> Measured | None:
    return Measured.of(saying(gain_per_layer=spread(median), gain_per_layer_interval=interval), "gain_per_layer")


def test_two_hundredths_of_a_decade_exactly_are_no_difference() -> None:
    near, far = (Measured(median, median, median) for median in (0.02, 0.0201))
    zero = Measured(0.0, 0.0, 0.0)
    assert (zero.order(near), near.order(zero)) == (0, 0)
    assert (zero.order(far), far.order(zero)) == (-1, 1)


def test_a_gain_of_zero_is_below_every_other() -> None:
    none, least = (measured_by_rate(gain, Interval(low=gain, high=gain)) for gain in (0.0, 1e-300))
    assert none is not None
    assert least is not None
    assert (none.order(least), least.order(none)) == (-1, 1)


def test_a_measure_of_which_a_part_is_missing_is_none() -> None:
    assert measured_by_rate(0.5, None) is None
    assert measured_by_rate(None, Interval(low=0.5, high=0.5)) is None
    for part in ("median", "std"):
        ratio = spread(0.0, std=0.1).model_copy(update={part: None})
        assert Measured.of(saying(depth_ratio=ratio), "depth_ratio") is None


def test_score_only_tells_neither_code_nor_method() -> None:
    for answer, status, code in ((1, "correct", "within_tolerance"), (5, "incorrect", "outside_tolerance")):
        quiet, told = (
            graded([number("a", feedback=feedback)], {"a": answer}).checks[0] for feedback in ("score_only", "full")
        )
        assert (quiet.status, quiet.code, quiet.method, quiet.message) == (status, status, None, "")
        assert (told.status, told.code, told.method) == (status, code, "numeric")


def number(name: str, **fields: Any) -> Json:
    return {"id": name, "kind": "number", "expected": 1.0, "absolute_tolerance": 0.1, **fields}


@pytest.mark.parametrize(("points", "given_points"), [(1e-6, 1e-6), (1e-7, 0.0), (1.23456789, 1.234568)])
def test_points_are_given_in_millionths(points: float, given_points: float) -> None:
    grading = graded([number("a", points=points)], {"a": 1})
    assert (grading.checks[0].points, grading.score) == (given_points, given_points)
    assert grading.max_score == given_points
    assert rubric_report(Rubric.model_validate({"id": "r", "claims": [number("a", points=points)]})).max_score == (
        given_points
    )


@pytest.mark.parametrize(("fraction", "status"), [
    (-0.5, "incorrect"), (0.0, "incorrect"), (1e-9, "partial"), (1 - 1e-9, "partial"), (1.0, "correct"),
    (2.0, "correct"),
])  # fmt: skip
def test_a_part_of_the_points_is_neither_none_nor_all(fraction: float, status: str) -> None:
    found = Judgement.partial(fraction, "code", "Why.", Method.LOOKUP)
    assert found.status == status
    assert found.fraction == min(1.0, max(0.0, fraction))


@pytest.mark.parametrize(
    ("ids", "words"), [(["a", "b", "a", "b"], "claims 0 and 2 "), (["a", "b", "b"], "claims 1 and 2 ")]
)
def test_claims_with_one_id_are_told_by_their_numbers(ids: list[str], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Rubric.model_validate({"id": "r", "claims": [number(one) for one in ids]})


@pytest.mark.parametrize(
    ("ids", "words"), [(["a", "b", "a", "b"], "submissions 0 and 2 "), (["a", "b", "b"], "submissions 1 and 2 ")]
)
def test_sheets_with_one_id_are_told_by_their_numbers(ids: list[str], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        BatchSpec.model_validate({"submissions": [{"id": one, "answers": {}} for one in ids]})


def test_a_rubric_that_is_flawed_takes_no_simulation_and_a_sound_one_each_network_once() -> None:
    sound: list[Json] = [
        {"id": name, "kind": "verdict", "simulation": variant(seed)} for name, seed in (("a", 1), ("b", 1), ("c", 2))
    ]
    found = rubric_report(Rubric.model_validate({"id": "r", "claims": sound}))
    assert (found.valid, found.claims, found.simulations, found.max_score) == (True, 3, 2, 3.0)
    flawed = rubric_report(Rubric.model_validate({"id": "r", "claims": [*sound, {"id": "d", "kind": "bound"}]}))
    assert (flawed.valid, flawed.claims, flawed.simulations) == (False, 4, 0)
    assert [flaw.pointer for flaw in flawed.flaws] == ["/rubric/claims/3"]


def test_the_size_of_a_rubric_is_counted_before_its_flaws_are_looked_for() -> None:
    many: list[Json] = [
        {"id": f"c{count}", "kind": "ranking", "of": {f"n{seed}": variant(seed) for seed in range(16)}}
        for count in range(9)
    ]
    large = Rubric.model_validate({"id": "r", "claims": many})
    assert [flaw.pointer for flaw in rubric_report(large).flaws] == ["/rubric/claims"]
    assert "144 networks with" in rubric_report(large).flaws[0].detail
    with pytest.raises(FlawedRubric) as raised:
        check_rubric(large)
    assert raised.value.pointer == "/rubric/claims"
    both = Rubric.model_validate({"id": "r", "claims": [*many, {"id": "b", "kind": "bound"}]})
    assert [flaw.pointer for flaw in rubric_report(both).flaws] == ["/rubric/claims"]


@pytest.mark.parametrize(("told", "answer", "place"), [
    ({"claim": {"kind": "nothing"}}, "z", "rubric/claims/0"), ({"claim": 5}, "z", "rubric/claims/0"),
    ({"rubric": {"id": "r", "claims": []}}, {}, "rubric/claims"), ({"rubric": {}}, {}, "rubric/id"),
])  # fmt: skip
def test_what_a_platform_tells_amiss_is_named_by_its_place(told: Any, answer: Any, place: str) -> None:
    with pytest.raises(FlawedRubric, match=f"cannot be read at {place}: "):
        GradingSpec.from_platform(told, answer)
