"""What platforms get as an answer over HTTP, or in their own process, checked against their own rules."""

from xml.etree import ElementTree

import pytest
from hypothesis import given

from api_tests.grading.formats.gradings import HOSTILE, SECRET, Tags, check, graded, gradings, strict_json
from service.grading.formats import FORMATS
from service.grading.results import CheckStatus, Grading, GradingStatus

UNSET = "span [('class', 'tex2jax_ignore mathjax_ignore')]"
"""The one tag around what a student may have written: MathJax sets nothing inside it."""
PRINTABLE = ["</div><script>alert(1)</script>", "]]>", "a:b & \"c\" 'd' &amp; <e", "φ′(z) ≤ 1 \N{GRINNING FACE}"]


@given(gradings())
def test_xqueue_gets_three_fields_and_one_element(grading: Grading) -> None:
    reply = strict_json(FORMATS["xqueue"].write(grading))
    assert reply.keys() == {"correct", "score", "msg"}
    assert type(reply["correct"]) is bool
    assert 0 <= reply["score"] <= 1
    root = ElementTree.fromstring(reply["msg"])
    assert root.tag == "div"
    assert {element.tag for element in root.iter()} <= {"div", "p", "ul", "li", "span"}
    assert len(list(root.iter("li"))) == sum(not judged.hidden for judged in grading.checks)
    assert set(Tags(reply["msg"]).found) <= {"div", "p", "ul", "li", UNSET}


@pytest.mark.parametrize("text", PRINTABLE)
def test_xqueues_element_says_what_was_said(text: str) -> None:
    reply = strict_json(FORMATS["xqueue"].write(graded([check(title=text, message=text)])))
    (item,) = ElementTree.fromstring(reply["msg"]).iter("span")
    assert item.text == f"{text} (2 of 2 points): {text}"


CORRECT, WRONG, UNDECIDED = check(), check(CheckStatus.INCORRECT, id="d2"), check(CheckStatus.UNDECIDED, id="d3")
WORTHLESS = UNDECIDED.model_copy(update={"max_points": 0.0})


@pytest.mark.parametrize(
    ("grading", "correct"),
    [
        (graded([CORRECT]), True),
        (graded([CORRECT, WRONG]), False),
        (graded([CORRECT, WRONG.model_copy(update={"hidden": True})]), False),
        (graded([CORRECT, UNDECIDED]), False),
        (graded([CORRECT, WORTHLESS]), False),
    ],
)
def test_correct_means_all_points_and_nothing_left_to_look_at(grading: Grading, correct: bool) -> None:
    assert strict_json(FORMATS["xqueue"].write(grading))["correct"] is correct
    assert strict_json(FORMATS["lambda_feedback"].write(grading))["result"]["is_correct"] is correct


@given(gradings())
def test_lambda_feedback_gets_its_command_and_html_without_a_foreign_tag(grading: Grading) -> None:
    answer = strict_json(FORMATS["lambda_feedback"].write(grading))
    assert answer.keys() == {"command", "result"}
    assert answer["command"] == "eval"
    assert type(answer["result"]["is_correct"]) is bool
    assert set(Tags(answer["result"]["feedback"]).found) <= {"div", "p", "ul", "li", UNSET}
    assert answer["result"].keys() <= {"is_correct", "feedback", "score", "tags", "response_latex"}


@given(gradings())
def test_mu_ed_gets_feedback_whose_points_add_up(grading: Grading) -> None:
    told = strict_json(FORMATS["mu_ed"].write(grading))
    for feedback in told:
        required = {"feedbackId", "title", "message", "awardedPoints", "criterion"}
        assert feedback.keys() - {"responseLatex"} == required
        assert feedback["criterion"].keys() == {"criterionId", "name", "gradeConfig"}
        config = feedback["criterion"]["gradeConfig"]
        assert config.keys() == {"min", "max", "value"}
        assert config["min"] <= config["value"] == feedback["awardedPoints"] <= config["max"]
        assert feedback["title"]
        assert feedback["message"]
    assert len({feedback["feedbackId"] for feedback in told}) == len(told)
    assert sum(feedback["awardedPoints"] for feedback in told) == pytest.approx(grading.score)


@given(gradings())
def test_a_learning_platform_gets_a_score_short_of_whose_and_when(grading: Grading) -> None:
    score = strict_json(FORMATS["ags"].write(grading))
    assert score.keys() == {"scoreGiven", "scoreMaximum", "comment", "activityProgress", "gradingProgress"}
    assert score["scoreGiven"] >= 0
    assert score["scoreMaximum"] > 0
    assert score["scoreGiven"] / score["scoreMaximum"] == pytest.approx(grading.fraction)
    assert score["activityProgress"] == "Completed"
    pending = grading.status is GradingStatus.NEEDS_REVIEW
    assert score["gradingProgress"] == ("PendingManual" if pending else "FullyGraded")
    assert len(score["comment"].split("\n")) == 1 + sum(not judged.hidden for judged in grading.checks)


@given(gradings())
def test_prairielearns_server_gets_weights_that_give_the_score(grading: Grading) -> None:
    data = strict_json(FORMATS["prairielearn_server"].write(grading))
    assert data.keys() == {"score", "partial_scores", "format_errors", "feedback"}
    assert data["partial_scores"].keys() == {judged.id for judged in grading.checks}
    weights = sum(part["weight"] for part in data["partial_scores"].values())
    weighted = sum(part["score"] * part["weight"] for part in data["partial_scores"].values())
    assert all(0 <= part["score"] <= 1 for part in data["partial_scores"].values())
    assert (weighted / weights if weights else 1.0) == pytest.approx(data["score"])


@given(gradings())
def test_prairielearns_server_shows_nothing_of_hidden_checks_and_no_tag(grading: Grading) -> None:
    data = strict_json(FORMATS["prairielearn_server"].write(grading))
    shown = {judged.id for judged in grading.checks if not judged.hidden}
    assert data["feedback"].keys() == shown
    assert {name for name, part in data["partial_scores"].items() if "feedback" in part} == shown
    unread = {judged.id for judged in grading.checks if judged.status is CheckStatus.INVALID and judged.needs_review}
    assert data["format_errors"].keys() == unread & shown
    assert not Tags(" ".join(data["format_errors"].values())).found
    assert set(Tags(" ".join(data["feedback"].values())).found) <= {UNSET}


def test_prairielearns_weights_are_whole_where_the_points_are() -> None:
    written = FORMATS["prairielearn_server"].write(graded([check(max_points=3.0), check(id="d2", max_points=2.5)]))
    weights = [part["weight"] for part in strict_json(written)["partial_scores"].values()]
    assert [(type(weight), weight) for weight in weights] == [(int, 3), (float, 2.5)]


@given(gradings())
def test_the_native_format_is_read_back_as_the_grading_it_was(grading: Grading) -> None:
    again = Grading.model_validate_json(FORMATS["native"].write(grading))
    for mine, yours in zip(again.checks, grading.checks, strict=True):
        assert mine.title == "".join("\ufffd" if 0xD7FF < ord(one) < 0xE000 else one for one in yours.title)
        assert (mine.points, mine.status, mine.hidden) == (yours.points, yours.status, yours.hidden)
    assert (again.score, again.fraction, again.status) == (grading.score, grading.fraction, grading.status)


@pytest.mark.parametrize("text", [text for text in HOSTILE if text.isprintable()])
def test_the_native_format_is_what_pydantic_writes(text: str) -> None:
    grading = graded([check(title=text, hidden=True, message=SECRET)])
    assert FORMATS["native"].write(grading) == grading.model_dump_json()
    assert SECRET in FORMATS["native"].write(grading)


READ = check(parsed_latex=r"\begin{cases} z & z > 0 \\ 0 & \text{otherwise} \end{cases}", message="$x$ and \\(y\\) <b>")


@pytest.mark.parametrize(("name", "maths"), [("xqueue", ("\\(", "\\)")), ("lambda_feedback", ("$", "$"))])
def test_only_what_was_read_is_maths_and_nothing_is_markup(name: str, maths: tuple[str, str]) -> None:
    answer = strict_json(FORMATS[name].write(graded([READ])))
    told = answer["msg"] if name == "xqueue" else answer["result"]["feedback"]
    (item,) = ElementTree.fromstring(told).iter("li")
    (plain,) = item
    assert item.text is None
    assert plain.attrib["class"].split() == ["tex2jax_ignore", "mathjax_ignore"]
    assert plain.text == "Derivative (2 of 2 points): $x$ and \\(y\\) <b>"
    assert plain.tail == f" Read as {maths[0]}{READ.parsed_latex}{maths[1]}"
    assert "$x" not in told  # as Markdown reads it


def test_prairielearns_feedback_shows_what_was_read_as_maths() -> None:
    feedback = strict_json(FORMATS["prairielearn_server"].write(graded([READ])))["feedback"]["d1"]
    plain, read = feedback.split("</span> Read as ")
    assert plain.endswith("&#36;x&#36; and \\(y\\) &lt;b&gt;")
    assert read == r"\(\begin{cases} z &amp; z &gt; 0 \\ 0 &amp; \text{otherwise} \end{cases}\)"


@pytest.mark.parametrize("latex", ["z \\) and \\(", "$", "\\[", "z $$", "", None, "\x00"])
@pytest.mark.parametrize("name", ["xqueue", "lambda_feedback", "prairielearn_server"])
def test_what_could_end_the_delimiters_is_no_maths(name: str, latex: str | None) -> None:
    assert "Read as" not in FORMATS[name].write(graded([check(parsed_latex=latex)]))


def test_mu_ed_gets_what_was_read_in_a_field_of_its_own() -> None:
    (feedback,) = strict_json(FORMATS["mu_ed"].write(graded([READ])))
    assert feedback["responseLatex"] == READ.parsed_latex
