"""Rankings: by pairs, exactly, or the first few; against a stated order or the simulation's."""

from typing import Any

import pytest

from api_tests.grading.judging import Json, answering, flaws, judged
from api_tests.grading.networks_for_claims import Counting, gaining, saying, spread, variant

LISTED: Json = {"kind": "ranking", "expected": [["a"], ["b"], ["c", "d"]], "points": 5.0}

BY_PAIRS = [
    (["a", "b", ["c", "d"]], 5.0),
    (["a", "b", ["d", "c"]], 5.0),
    (["a", "b", "c", "d"], 5.0),
    (["b", "a", ["c", "d"]], 4.0),
    ([["a", "b"], "c", "d"], 4.5),
    ([["a", "b", "c", "d"]], 2.5),
    (["d", "c", "b", "a"], 0.0),
    (["c", "a", "b", "d"], 3.0),
]


@pytest.mark.parametrize(("answer", "points"), BY_PAIRS)
def test_every_pair_in_its_order_is_worth_its_share_and_a_tie_that_is_none_half(answer: Any, points: float) -> None:
    check = judged(LISTED, answer)
    assert (check.points, check.method) == (points, "lookup")
    assert check.status == ("correct" if points == 5.0 else "partial" if points else "incorrect")


@pytest.mark.parametrize(("answer", "points"), [(answer, 5.0 if points == 5.0 else 0.0) for answer, points in BY_PAIRS])
def test_exactly_means_all_or_nothing(answer: Any, points: float) -> None:
    assert judged({**LISTED, "credit": "exact"}, answer).points == points


TOP = [
    (1, ["a", "d", "c", "b"], True),
    (1, ["b", "a", "c", "d"], False),
    (2, ["b", "a", "d", "c"], True),
    (2, ["a", "c", "b", "d"], False),
    (3, ["c", "b", "a", "d"], True),
    (3, ["d", "c", "b", "a"], False),
]


@pytest.mark.parametrize(("top", "answer", "right"), TOP)
def test_of_the_first_few_only_who_they_are_counts(top: int, answer: Any, right: bool) -> None:
    assert judged({**LISTED, "credit": "top", "top": top}, answer).status == ("correct" if right else "incorrect")


NETWORKS: Json = {"kind": "ranking", "of": {"a": variant(1), "b": variant(2), "c": variant(3)}}
MEASURED = {1: gaining(0.5, digest="one"), 2: gaining(0.7, 0.1, "two"), 3: gaining(0.75, 0.1, "three")}


@pytest.mark.parametrize(("answer", "share"), [
    (["a", "b", "c"], 1.0), (["a", "c", "b"], 1.0), (["a", ["b", "c"]], 1.0), (["b", "a", "c"], 0.5),
    (["b", "c", "a"], 0.0), ([["a", "b", "c"]], 0.5),
])  # fmt: skip
def test_a_pair_that_the_simulation_cannot_tell_apart_is_right_either_way(answer: Any, share: float) -> None:
    check = judged(NETWORKS, answer, Counting(MEASURED))
    assert (check.points, check.method) == (share, "simulation")
    assert check.evidence == ["/v1/simulations/one", "/v1/simulations/two", "/v1/simulations/three"]


def test_most_prone_to_exploding_is_the_other_way_round() -> None:
    claim = {**NETWORKS, "by": "exploding"}
    assert judged(claim, ["c", "b", "a"], Counting(MEASURED)).status == "correct"
    assert judged(claim, ["a", "b", "c"], Counting(MEASURED)).points == 0.0


@pytest.mark.parametrize(("measure", "words"), [
    ("gain_per_layer", "the tendency with more layers"), ("depth_ratio", "the gradient at the depth as it is"),
])  # fmt: skip
def test_the_feedback_says_by_what_the_networks_are_compared(measure: str, words: str) -> None:
    reports = [gaining(seed, 0.1) for seed in (0.5, 0.7, 0.9)]
    check = judged({**NETWORKS, "measure": measure}, ["c", "b", "a"], answering(*reports))
    assert f"The networks are compared by the {measure.replace('_', ' ')}" in check.message
    assert words in check.message


@pytest.mark.parametrize("measure", ["depth_ratio", "judged_ratio", "end_to_end_ratio"])
def test_a_ranking_may_go_by_another_measure(measure: str) -> None:
    reports = {seed: saying(**{measure: spread(median, std=0.1)}) for seed, median in ((1, -3.0), (2, -2.0), (3, 1.0))}
    claim = {**NETWORKS, "measure": measure}
    assert judged(claim, ["a", "b", "c"], Counting(reports)).points == 1.0
    assert judged(claim, ["c", "b", "a"], Counting(reports)).points == 0.0


def test_networks_of_which_nothing_is_known_are_all_right_in_any_order() -> None:
    alike = [gaining(1.0)] * 3
    assert judged(NETWORKS, ["c", "a", "b"], answering(*alike)).status == "correct"


def test_a_network_without_a_rate_leaves_it_to_a_person() -> None:
    nothing = saying(gain_per_layer=spread(None), gain_per_layer_interval=None)
    check = judged(NETWORKS, ["a", "b", "c"], Counting({**MEASURED, 3: nothing}))
    assert (check.status, check.code) == ("undecided", "no_measure")


@pytest.mark.parametrize(
    "answer",
    [["a", "b"], ["a", "b", "c", "c"], ["a", "b", "c", "d", "e"], "abcd", {"a": 1}, [["a", ["b"]], "c", "d"], [{}]],
    ids=str,
)
def test_what_does_not_name_each_once_is_unreadable(answer: Any) -> None:
    assert judged(LISTED, answer).status == "invalid"


@pytest.mark.parametrize(
    ("expected", "answer"),
    [([["1"], ["2"]], [1, 2]), ([["True"], ["b"]], [True, "b"]), ([["None"], ["b"]], [None, "b"])],
)
def test_an_item_that_is_no_text_does_not_end_the_grading(expected: Any, answer: Any) -> None:
    assert judged({"kind": "ranking", "expected": expected}, answer).status in ("correct", "invalid")


FLAWED = [
    ({"kind": "ranking"}, ""),
    ({**NETWORKS, "expected": [["a"], ["b"], ["c"]]}, ""),
    ({"kind": "ranking", "expected": [["a"]]}, "/expected"),
    ({"kind": "ranking", "expected": [["a"], ["b", "a"]]}, "/expected"),
    ({"kind": "ranking", "of": {"a": variant(1)}}, "/of"),
]


@pytest.mark.parametrize(("claim", "pointer"), FLAWED)
def test_a_ranking_without_an_order_is_flawed(claim: Json, pointer: str) -> None:
    assert [found for found, _ in flaws(claim)] == [pointer]
    assert flaws(LISTED) == flaws(NETWORKS) == []
