"""What graders in containers write for their platforms, checked against the platforms' own rules."""

import json
import re

import pytest
from hypothesis import given

from api_tests.grading.formats.gradings import SECRET, Tags, check, graded, gradings, strict_json, with_secrets
from service.grading.formats import FORMATS
from service.grading.results import CheckStatus, Grading

GRADESCOPE = {"score", "output", "output_format", "test_output_format", "test_name_format", "tests"}
GRADESCOPE_TEST = {
    *("score", "max_score", "status", "name", "name_format", "number", "output", "output_format", "tags"),
    *("visibility", "extra_data"),
}
CODERUNNER = {"fraction", "prologuehtml", "testresults", "epiloguehtml", "columnformats"}


@given(gradings())
def test_gradescope_knows_every_field(grading: Grading) -> None:
    results = strict_json(FORMATS["gradescope"].write(grading))
    assert results.keys() == GRADESCOPE
    assert results["score"] == grading.score
    for test, judged in zip(results["tests"], grading.checks, strict=True):
        assert test.keys() <= GRADESCOPE_TEST
        assert 0 <= test["score"] <= test["max_score"]
        assert test["output_format"] == test["name_format"] == "text"
        assert test["visibility"] == ("hidden" if judged.hidden else "visible")
        assert test["name"]
        assert test["extra_data"] == {"id": judged.id, "status": judged.status, "code": judged.code}


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (CheckStatus.CORRECT, {"status": "passed"}),
        (CheckStatus.PARTIAL, {}),
        (CheckStatus.INCORRECT, {"status": "failed"}),
        (CheckStatus.INVALID, {"tags": ["unreadable"]}),
        (CheckStatus.MISSING, {"status": "failed"}),
        (CheckStatus.UNDECIDED, {"tags": ["undecided"]}),
    ],
)
def test_gradescope_is_told_neither_passed_nor_failed_where_a_person_must_look(
    status: CheckStatus, told: dict[str, object]
) -> None:
    (test,) = strict_json(FORMATS["gradescope"].write(graded([check(status)])))["tests"]
    assert {name: test[name] for name in ("status", "tags") if name in test} == told


@given(gradings())
def test_gradescope_says_secrets_in_hidden_tests_alone(grading: Grading) -> None:
    results = strict_json(FORMATS["gradescope"].write(with_secrets(grading)))
    shown = {**results, "tests": [test for test in results["tests"] if test["visibility"] == "visible"]}
    assert SECRET not in json.dumps(shown)


@given(gradings())
def test_prairielearn_has_points_on_every_test(grading: Grading) -> None:
    results = strict_json(FORMATS["prairielearn"].write(grading))
    assert results.keys() - {"format_errors"} == {"score", "gradable", "message", "tests"}
    assert type(results["score"]) is float
    assert 0 <= results["score"] <= 1
    for test in results["tests"]:
        assert test.keys() == {"name", "points", "max_points", "message", "output"}
        assert 0 <= test["points"] <= test["max_points"]
    assert len(results["tests"]) == sum(not judged.hidden for judged in grading.checks)


@pytest.mark.parametrize(
    ("statuses", "gradable"),
    [
        ([CheckStatus.INVALID], False),
        ([CheckStatus.INVALID, CheckStatus.MISSING], False),
        ([CheckStatus.MISSING, CheckStatus.MISSING], False),
        ([CheckStatus.MISSING, CheckStatus.UNDECIDED], True),
        ([CheckStatus.CORRECT], True),
        ([], True),
    ],
)
@pytest.mark.parametrize("hidden", [False, True])
def test_prairielearn_takes_no_attempt_where_nothing_can_be_read(
    statuses: list[CheckStatus], gradable: bool, hidden: bool
) -> None:
    found = [check(status, id=f"d{number}", hidden=hidden) for number, status in enumerate(statuses)]
    results = strict_json(FORMATS["prairielearn"].write(graded(found)))
    assert results["gradable"] is gradable
    assert bool(results.get("format_errors")) is not gradable


def test_prairielearn_takes_no_attempt_where_an_answer_that_is_shown_cannot_be_read() -> None:
    def gradable(**fields: object) -> bool:
        found = [check(), check(CheckStatus.INVALID, id="d2", **fields)]
        return bool(strict_json(FORMATS["prairielearn"].write(graded(found)))["gradable"])

    assert not gradable()
    assert gradable(hidden=True)
    assert gradable(needs_review=False)


def test_prairielearn_shows_how_a_formula_was_read() -> None:
    results = strict_json(FORMATS["prairielearn"].write(graded([check(parsed_latex=r"\tanh z")])))
    assert results["tests"][0]["output"] == r"Read as \tanh z"


@given(gradings())
def test_coderunner_knows_every_field_and_every_column(grading: Grading) -> None:
    results = strict_json(FORMATS["coderunner"].write(grading))
    assert results.keys() == CODERUNNER
    assert 0 <= results["fraction"] <= 1
    headers, *rows = results["testresults"]
    assert len(results["columnformats"]) == len(set(headers) - {"iscorrect", "ishidden"})
    assert set(results["columnformats"]) == {"%s"}
    assert [bool(row[headers.index("ishidden")]) for row in rows] == [judged.hidden for judged in grading.checks]
    assert all(len(row) == len(headers) and 0 <= row[headers.index("iscorrect")] <= 1 for row in rows)


@given(gradings())
def test_coderunner_says_secrets_in_hidden_rows_alone(grading: Grading) -> None:
    results = strict_json(FORMATS["coderunner"].write(with_secrets(grading)))
    hidden = results["testresults"][0].index("ishidden")
    seen = [row for row in results["testresults"] if row[hidden] in ("ishidden", 0)]
    assert SECRET not in json.dumps({**results, "testresults": seen})


@given(gradings())
def test_coderunner_gets_html_without_a_foreign_tag(grading: Grading) -> None:
    results = strict_json(FORMATS["coderunner"].write(grading))
    assert set(Tags(results["prologuehtml"] + results["epiloguehtml"]).found) == {"p"}


def test_coderunner_shows_half_of_the_points_as_partly_right() -> None:
    results = strict_json(FORMATS["coderunner"].write(graded([check(CheckStatus.PARTIAL)])))
    assert results["testresults"][1] == [0.5, "Derivative", "1 of 2 points", "As expected.", 0]


@given(gradings())
def test_nbgrader_reads_a_float_between_nothing_and_the_cells_points(grading: Grading) -> None:
    text = FORMATS["nbgrader"].write(grading)
    assert text == repr(float(text))
    assert 0 <= float(text) <= grading.max_score


def test_nbgrader_gets_no_more_than_the_cells_points_where_their_sum_is_rounded_up() -> None:
    rounded = graded([check(max_points=0.3, points=0.3)]).model_copy(update={"score": 0.1 + 0.2})
    assert FORMATS["nbgrader"].write(rounded) == "0.3"


def test_nbgrader_counts_nothing_for_what_is_undecided() -> None:
    assert FORMATS["nbgrader"].write(graded([check(CheckStatus.UNDECIDED)])) == "0.0"


@given(gradings())
def test_otter_gets_scores_that_add_up(grading: Grading) -> None:
    cases = strict_json(FORMATS["otter"].write(grading))
    for case in cases:
        assert case.keys() == {"name", "passed", "score", "max_score", "message"}
        assert type(case["passed"]) is bool
        assert case["message"]
    assert len({case["name"] for case in cases}) == len(cases)
    assert sum(case["score"] for case in cases) == pytest.approx(grading.score)
    assert sum(case["max_score"] for case in cases) == pytest.approx(grading.max_score)


@given(gradings())
def test_submitty_gets_a_score_a_message_and_a_known_status(grading: Grading) -> None:
    results = strict_json(FORMATS["submitty"].write(grading))
    assert results.keys() == {"status", "data"}
    assert results["status"] == "success"
    assert results["data"].keys() == {"score", "message", "status"}
    assert 0 <= results["data"]["score"] <= 1
    assert results["data"]["status"] in {"information", "failure", "warning", "success"}
    assert len(results["data"]["message"].split("\n")) == 1 + sum(not judged.hidden for judged in grading.checks)


@pytest.mark.parametrize(
    ("status", "colour"),
    [
        (CheckStatus.CORRECT, "success"),
        (CheckStatus.PARTIAL, "warning"),
        (CheckStatus.UNDECIDED, "warning"),
        (CheckStatus.INCORRECT, "failure"),
    ],
)
def test_submitty_colours_what_is_not_all_right(status: CheckStatus, colour: str) -> None:
    assert strict_json(FORMATS["submitty"].write(graded([check(status)])))["data"]["status"] == colour


@given(gradings())
def test_autolabs_quoting_of_words_leaves_both_lines_as_they_were(grading: Grading) -> None:
    feedback, scores = FORMATS["autolab"].write(grading).split("\n")
    for one in (feedback, scores):
        assert strict_json(re.sub(r"([a-zA-Z0-9]+):", r'"\1":', one)) == strict_json(one)
    assert strict_json(scores) == {"scores": {judged.id: judged.points for judged in grading.checks}}


@given(gradings())
def test_autolab_gets_semantic_feedback_on_what_may_be_seen(grading: Grading) -> None:
    feedback = strict_json(FORMATS["autolab"].write(grading).split("\n")[0])
    assert feedback.keys() == {"_presentation", "stages", *feedback["stages"]}
    assert feedback["_presentation"] == "semantic"
    tests = feedback[feedback["stages"][0]]
    assert tests.keys() == {judged.id for judged in grading.checks if not judged.hidden}
    assert all(test.keys() == {"passed", "hint"} and type(test["passed"]) is bool for test in tests.values())


@given(gradings())
def test_artemis_gets_a_message_with_every_failure(grading: Grading) -> None:
    files = strict_json(FORMATS["artemis"].write(grading))
    assert list(files) == [f"{judged.id}.json" for judged in grading.checks]
    for held, judged in zip(files.values(), grading.checks, strict=True):
        assert held.keys() == {"name", "successful", "message"}
        assert held["name"] == judged.id
        assert held["successful"] is (judged.status is CheckStatus.CORRECT)
        assert held["successful"] or held["message"].strip()


@pytest.mark.parametrize(
    ("points", "cases"),
    [
        (2.0, [("d1", True, 2.0)]),
        (1.5, [("d1-given", True, 1.5), ("d1", False, 0.5)]),
        (0.0, [("d1", False, 2.0)]),
    ],
)
def test_otters_cases_have_all_of_their_points_or_none(points: float, cases: list[tuple[str, bool, float]]) -> None:
    written = strict_json(FORMATS["otter"].write(graded([check(CheckStatus.PARTIAL, points=points)])))
    assert [(case["name"], case["passed"], case["max_score"]) for case in written] == cases


@given(gradings())
def test_following_otters_format_gives_the_score(grading: Grading) -> None:
    cases = strict_json(FORMATS["otter"].write(grading))
    assert sum(case["max_score"] for case in cases if case["passed"]) == pytest.approx(grading.score)
    assert all(case["score"] == (case["max_score"] if case["passed"] else 0) for case in cases)


def test_an_answer_that_the_rubric_calls_incorrect_fails_on_every_platform() -> None:
    grading = graded([check(), check(CheckStatus.INVALID, id="d2", needs_review=False)])
    _, test = strict_json(FORMATS["gradescope"].write(grading))["tests"]
    assert (test["status"], test["tags"]) == ("failed", ["unreadable"])
    results = strict_json(FORMATS["prairielearn"].write(grading))
    assert results["gradable"] is True
    assert "format_errors" not in results
    assert strict_json(FORMATS["prairielearn_server"].write(grading))["format_errors"] == {}
    assert strict_json(FORMATS["ags"].write(grading))["gradingProgress"] == "FullyGraded"


def test_prairielearn_asks_no_person_to_look_at_a_format_error() -> None:
    grading = graded([check(), check(CheckStatus.INVALID, id="d2", needs_review=True, message="“²” is …")])
    results = strict_json(FORMATS["prairielearn"].write(grading))
    assert results["format_errors"] == ["Derivative: “²” is …"]
    assert "person" not in json.dumps([results, strict_json(FORMATS["prairielearn_server"].write(grading))])


@pytest.mark.parametrize("name", ["artemis", "autolab"])
def test_a_part_of_the_points_is_told_where_there_is_no_word_for_it(name: str) -> None:
    assert "1 of 2 points" in FORMATS[name].write(graded([check(CheckStatus.PARTIAL)]))
