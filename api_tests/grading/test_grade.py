"""Rubrics and their sums: points, what is missing, hidden or not told, and what is simulated how often."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from api_tests.grading.judging import Json, graded, judged
from api_tests.grading.networks_for_claims import Counting, gaining, saying, spread, variant
from service.core.errors import FlawedRubric, SpecError
from service.grading.results import Check
from service.grading.rubrics import check_rubric, plans_of
from service.grading.spec import Rubric
from service.simulation.vocabulary import Label


def number(name: str, **fields: Any) -> Json:
    return {"id": name, "kind": "number", "expected": 1.0, "absolute_tolerance": 0.1, **fields}


MIXED: list[Json] = [
    {"id": "derivative", "kind": "expression", "derivative_of": {"kind": "stanh"}, "points": 3.0},
    {"id": "bound", "kind": "bound", "derivative_from": "derivative", "require": "tight", "points": 2.0},
    {"id": "choice", "kind": "choice", "choices": ["a", "b"], "expected": ["a"], "title": "Which?"},
    {"id": "text", "kind": "text_keywords", "ideas": [["vanish"]]},
    number("number", points=0.1),
    number("other", points=0.2),
]
ANSWERS: Json = {
    "derivative": "tanh(z) + z*sech(z)^2", "bound": 1.2, "choice": "a", "text": "Gradients vanish.", "number": 1,
    "other": "1", "nobody_asked": "for this",
}  # fmt: skip


def test_a_rubric_has_up_to_64_claims_and_their_points_add_up() -> None:
    claims = [number(f"claim_{count}", points=float(count)) for count in range(64)]
    grading = graded(claims, {f"claim_{count}": 1 if count % 2 else 2 for count in range(64)})
    assert (grading.score, grading.max_score) == (1024.0, 2016.0)
    assert grading.fraction == pytest.approx(1024 / 2016)
    assert [check.id for check in grading.checks] == [f"claim_{count}" for count in range(64)]


REFUSED = [
    ([number("a"), number("b"), number("a")], "same id"),
    ([number(f"claim_{count}") for count in range(65)], "at most 64"),
    ([], "at least 1"),
    ([number("a:b")], "pattern"),
    ([number("a" * 65)], "at most 64|pattern"),
    ([number("")], "pattern"),
    ([number("ä")], "pattern"),
    ([number("a\n")], "pattern"),
    ([number("a", points=-1.0)], "greater than or equal"),
    ([{"id": "a", "kind": "nothing"}], "tag"),
]


@pytest.mark.parametrize(("claims", "why"), REFUSED)
def test_a_rubric_that_no_grading_system_could_take_is_refused(claims: list[Json], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        Rubric.model_validate({"id": "rubric", "claims": claims})


def test_the_score_is_the_sum_of_the_points_without_the_dust_of_floats() -> None:
    grading = graded(MIXED, ANSWERS)
    assert [one.points for one in grading.checks] == [3.0, 1.0, 1.0, 1.0, 0.1, 0.2]
    assert (grading.score, grading.max_score) == (6.3, 7.3)
    assert grading.fraction == pytest.approx(6.3 / 7.3)
    assert grading.status == "graded"


def test_without_points_to_be_had_nothing_is_lost() -> None:
    assert graded([number("a", points=0.0)], {"a": 5}).fraction == 1.0


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1e6), st.booleans()), min_size=1, max_size=12))
def test_a_fraction_is_never_more_than_one_and_one_where_all_is_right(parts: list[tuple[float, bool]]) -> None:
    claims = [number(f"c{place}", points=points) for place, (points, _) in enumerate(parts)]
    grading = graded(claims, {f"c{place}": 1 if right else 2 for place, (_, right) in enumerate(parts)})
    assert 0.0 <= grading.fraction <= 1.0
    assert grading.score == pytest.approx(sum(points for points, right in parts if right), abs=1e-5)
    if all(right for _, right in parts):
        assert grading.score == pytest.approx(grading.max_score, abs=1e-5)


@pytest.mark.parametrize("answers", [{}, {"a": None}, {"a": ""}, {"b": 1}])
def test_an_answer_that_is_not_there_is_missing(answers: Json) -> None:
    grading = graded([number("a")], answers)
    found = grading.checks[0]
    assert (found.status, found.code, found.points, found.method) == ("missing", "no_answer", 0.0, None)
    assert grading.status == "graded"


def test_a_hidden_claim_is_judged_and_marked_as_hidden() -> None:
    shown, hidden = graded([number("a"), number("b", hidden=True)], {"a": 1, "b": 1}).checks
    assert (shown.hidden, hidden.hidden) == (False, True)
    assert shown.points == hidden.points == 1.0


def test_a_title_is_the_id_where_there_is_none() -> None:
    assert [one.title for one in graded(MIXED, ANSWERS).checks][:3] == ["derivative", "bound", "Which?"]


QUIET = [
    ({"id": "a", "kind": "expression", "derivative_of": {"kind": "relu"}}, "1"),
    ({"id": "a", "kind": "verdict", "simulation": variant(1)}, "stable"),
    (number("a"), 5),
]


@pytest.mark.parametrize(("claim", "answer"), QUIET)
def test_score_only_tells_the_points_and_nothing_of_the_reason(claim: Json, answer: Any) -> None:
    reports = {1: saying("one", label=Label.VANISHING, confidence=1.0)}
    told = graded([claim], {"a": answer}, Counting(reports)).checks[0]
    quiet = graded([{**claim, "feedback": "score_only"}], {"a": answer}, Counting(reports)).checks[0]
    assert told.message
    assert told.counterexample or told.evidence or claim["kind"] == "number"
    assert (quiet.message, quiet.counterexample, quiet.evidence) == ("", None, [])
    assert (quiet.status, quiet.points, quiet.max_points) == (told.status, told.points, told.max_points)


def test_the_same_grading_is_the_same_bytes_every_time() -> None:
    wrong = {**ANSWERS, "derivative": "tanh(z) + z*sech(z)^2 + 1e-9", "text": "?", "other": "9^9^9"}
    for answers in (ANSWERS, wrong):
        first, second = (graded(MIXED, answers).model_dump_json() for _ in range(2))
        assert first == second
        assert json.loads(first)["rubric"] == "rubric"
        assert graded(MIXED, dict(reversed(answers.items()))).model_dump_json() == first


def test_what_several_claims_are_judged_by_is_simulated_once() -> None:
    simulation = Counting({1: gaining(0.5, digest="one"), 2: gaining(0.7, digest="two")})
    claims: list[Json] = [
        {"id": "v1", "kind": "verdict", "simulation": variant(1)},
        {"id": "v2", "kind": "verdict", "simulation": variant(1), "judge_by": "tendency"},
        {"id": "r", "kind": "ranking", "of": {"a": variant(1), "b": variant(2)}},
        {"id": "c", "kind": "change", "simulation": variant(1), "measure": "gain_per_layer",
         "patch": [{"op": "replace", "path": "/seed", "value": 2}]},
    ]  # fmt: skip
    grading = graded(claims, {"v1": "stable", "v2": "vanishing", "r": ["a", "b"], "c": "less"}, simulation)
    assert sorted(simulation.asked) == [1, 2]
    assert all(one.evidence for one in grading.checks)


def test_nothing_is_simulated_for_answers_that_are_missing_or_unreadable() -> None:
    simulation = Counting({1: gaining(0.5)})
    claims = [{"id": name, "kind": "verdict", "simulation": variant(1)} for name in ("v", "w")]
    graded(claims, {"v": "perhaps"}, simulation)
    assert simulation.asked == []


def test_one_undecided_claim_sends_the_grading_to_a_person() -> None:
    grading = graded(MIXED, {**ANSWERS, "text": "I do not know."})
    assert grading.status == "needs_review"
    assert [one.status for one in grading.checks].count("undecided") == 1


def test_a_flaw_is_named_by_its_pointer_into_the_grading() -> None:
    flawed = [number("a"), {"id": "b", "kind": "bound", "derivative_from": "nobody"}]
    with pytest.raises(FlawedRubric) as refused:
        check_rubric(Rubric.model_validate({"id": "rubric", "claims": flawed}))
    assert refused.value.pointer == "/rubric/claims/1/derivative_from"
    check_rubric(Rubric.model_validate({"id": "rubric", "claims": MIXED}))


def test_every_simulation_is_planned_once_and_what_cannot_be_is_pointed_at() -> None:
    good = {"kind": "verdict", "simulation": variant(1)}
    claims = [{"id": "a", **good}, {"id": "b", **good}, {"id": "c", "kind": "verdict", "simulation": variant(2)}]
    plans = plans_of(Rubric.model_validate({"id": "rubric", "claims": claims}))
    assert [plan.spec.seed for plan in plans] == [1, 2]
    bad = {**variant(1), "data": {"inputs": {"kind": "explicit", "values": [[1.0, 2.0]]}}}
    with pytest.raises(SpecError) as refused:
        plans_of(Rubric.model_validate({"id": "r", "claims": [{"id": "a", "kind": "verdict", "simulation": bad}]}))
    assert refused.value.pointer == "/rubric/claims/0/simulation/data/inputs/values"


def test_a_measure_may_be_exactly_zero_and_still_be_ranked() -> None:
    dying = saying("dead", gain_per_layer=spread(0.0), gain_per_layer_interval=gaining(0.001, 0.001).verdict
                   .gain_per_layer_interval)  # fmt: skip
    claim = {"id": "r", "kind": "ranking", "of": {"a": variant(1), "b": variant(2)}}
    grading = graded([claim], {"r": ["a", "b"]}, Counting({1: dying, 2: gaining(0.9)}))
    assert grading.score == 1.0


@pytest.mark.parametrize("blank", ["", " ", "\n\t", "\u00a0", None])
def test_an_answer_of_blanks_is_none(blank: str | None) -> None:
    assert judged(number("a"), blank).status == "missing"


SHEETS = [
    ("review", {"a": "#", "b": "1"}, "needs_review", {"a"}),
    ("review", {"b": "1"}, "graded", set()),
    ("review", {"a": "2", "b": "1"}, "graded", set()),
    ("review", {"a": "1", "b": "#"}, "needs_review", {"b"}),
    ("incorrect", {"a": "#", "b": "#"}, "graded", set()),
    ("incorrect", {"a": "1", "b": "abs(sin(z))", "c": "relu(sin(z))*2/2"}, "needs_review", {"c"}),
]


@pytest.mark.parametrize(("unreadable", "answers", "status", "looked_at"), SHEETS)
def test_what_cannot_be_read_goes_to_a_person_unless_the_rubric_says_that_it_is_wrong(
    unreadable: str, answers: Json, status: str, looked_at: set[str]
) -> None:
    doubtful = {"id": "c", "kind": "expression", "expected": "max(sin(z), 0)"}
    grading = graded([number("a"), number("b"), doubtful], answers, unreadable=unreadable)
    assert grading.status == status
    assert {check.id for check in grading.checks if check.needs_review} == looked_at
    assert all(check.points == 0.0 for check in grading.checks if check.needs_review)


def test_a_check_that_was_stored_before_it_said_so_is_for_a_person_where_it_is_undecided() -> None:
    for status, needed in (("undecided", True), ("invalid", False), ("correct", False)):
        stored = judged(number("a"), "1").model_dump(exclude={"needs_review"}) | {"status": status}
        assert Check.model_validate(stored).needs_review is needed
