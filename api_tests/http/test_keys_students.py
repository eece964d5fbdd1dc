"""A student's key: it grades by an assignment, and shows nothing of what is hidden or expected there."""

import json
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import httpx
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from api_tests.http.asking import Json, assert_problem, sent
from api_tests.http.keyed import bearer, write_keys
from api_tests.http.working import Bench, bench_over, worked
from service.core.errors import FlawedRubric
from service.core.settings import Settings
from service.grading.batch import BatchRequest, GradedSubmission, Submission, grade_batch
from service.grading.formats import FORMATS
from service.grading.spec import Rubric
from service.jobs.work.gradings import GradingsWork
from service.simulation.simulate import simulate

pytestmark = pytest.mark.anyio

OWNERS = {
    "teacher": ["read", "grade", "teach"],
    "colleague": ["read", "grade", "teach"],
    "student": ["read", "grade"],
    "classmate": ["read", "grade"],
    "reader": ["read", "simulate"],
    "root": ["admin"],
}
HERE = "/v1/assignments/exam"


def layers(activation: str, count: int) -> Json:
    dense = {"kind": "dense", "units": 2, "activation": {"kind": activation}}
    return {"features": 2, "layers": [dense] * count}


NETWORK: Json = {"network": layers("tanh", 2), "trials": 2, "data": {"samples": 4}}
SECRET = "xyzzy"
"""What stands in everything that is hidden or expected."""
NUMBER = 8675.309
"""The same as a number: in a value, a factor, a bound."""
ADDRESS = "/v1/simulations/"
"""Where evidence is."""
FORMULA = f"{NUMBER}*{SECRET}*tanh(z)"


def claims_of(number: int, hidden: bool) -> list[Json]:
    """One claim of every kind; what a student may not know has the secret in it, and of hidden ones everything."""
    name = f"{SECRET if hidden else 'claim'}_{number}"
    common = {"title": SECRET if hidden else "What is it?", "hidden": hidden, "points": 1 + number}
    told: list[Json] = [
        {"kind": "expression", "expected": FORMULA, "parameters": {SECRET: 2}},
        {"kind": "number", "expected": NUMBER, "relative_tolerance": 1e-3},
        {"kind": "choice", "choices": ["yes", "no", SECRET], "expected": [SECRET]},
        {"kind": "text_keywords", "ideas": [[SECRET, f"{SECRET}ing"]]},
        {"kind": "bound", "activation": {"kind": "expression", "formula": f"{NUMBER}*tanh(z)"}, "side": "both"},
        {"kind": "ranking", "expected": [["b"], ["a", SECRET]]},
        {"kind": "ranking", "of": {"a": NETWORK, "b": {**NETWORK, "network": layers("relu", 1)}}},
        {"kind": "verdict", "simulation": NETWORK},
        {"kind": "change", "simulation": NETWORK, "patch": [{"op": "add", "path": "/seed", "value": 7}]},
        {"kind": "gradient", "simulation": NETWORK, "layer": 1},
    ]
    return [{**common, **claim, "id": f"{name}_{place}"} for place, claim in enumerate(told)]


ANSWERS: list[Any] = [
    "tanh(z)", "-(9350.618 + 8000)*tanh(z)", "(8600 + 75)*tanh(z)", "z +", 1.0, "-(8600 + 75.309)", "8600 + 75.3",
    "yes", ["yes", "no"], "no idea", "|f'(z)| <= 9000", "0 <= |f'(z)| <= 8600 + 75.4", "f'(z) <= ", ["a", "b"],
    ["b", "a"], ["b", "a", "c"], "vanishing", "exploding", "stable", "more", "less", "equally", [[1, 2], [3, 4]],
    [[0.0]], {"1": [[1]]}, [], {}, "", None, True, "f'(z) = 2*tanh(z)", "q*z", "\\frac{1}{",
]  # fmt: skip
"""Right, wrong and unreadable ones, none of which has a secret in it: how an answer was read is told."""


def texts_of(content: bytes) -> bytes:
    """What is in an answer, files in an archive unpacked."""
    if not content.startswith(b"PK"):
        return content
    with ZipFile(BytesIO(content)) as files:
        return b"".join(name.encode() + b" " + files.read(name) for name in files.namelist())


def assert_silent(content: bytes, where: str) -> None:
    told = texts_of(content)
    for marker in (SECRET.encode(), b"8675", b"17350", ADDRESS.encode()):
        assert marker not in told, f"{where}: {told[max(0, told.find(marker) - 200) : told.find(marker) + 80]!r}"


@st.composite
def gradings(draw: st.DrawFn) -> tuple[Json, dict[str, Any]]:
    """A rubric with some of all claims, some hidden, and answers of any kind, with none of the secret in them."""
    claims = claims_of(1, hidden=True) + claims_of(2, hidden=False)
    some = draw(st.lists(st.sampled_from(claims), min_size=1, max_size=6, unique_by=lambda claim: claim["id"]))
    formulas = [claim["id"] for claim in some if claim["kind"] == "expression"]
    if formulas and draw(st.booleans()):
        own = {"id": "own", "kind": "bound", "derivative_from": draw(st.sampled_from(formulas))}
        some = [*some, own]
    names = [claim["id"] for claim in some]
    answers = draw(st.dictionaries(st.sampled_from(names), st.sampled_from(ANSWERS)))
    return {"id": "exam", "title": SECRET, "claims": some}, answers


@hypothesis_settings(max_examples=60)
@given(gradings())
def test_nothing_hidden_or_expected_is_in_any_format_of_a_students_grading(
    drawn: tuple[Json, dict[str, Any]],
) -> None:
    rubric, answers = drawn
    mine = [Submission(id="me", answers=answers)]
    whole = BatchRequest(rubric=Rubric.model_validate(rubric), submissions=mine, owner="teacher")
    try:
        batch = whole.for_students()
    except FlawedRubric as error:
        assert_silent(error.sentence.encode(), "refusal")
        return
    sheet = batch.submissions[0].model_dump_json().encode()
    found = grade_batch(batch.rubric, [(0, sheet)], simulate)
    graded = GradedSubmission.model_validate_json(found.lines[0])
    assert graded.grading is not None, found.lines
    assert_silent(found.lines[0], "result")
    for name, one in FORMATS.items():
        assert_silent(one.write(graded.grading).encode(), name)
    names = GradedSubmission.columns(batch.rubric)
    assert_silent(json.dumps([names, graded.cells(len(names))]).encode(), "table")


def test_what_is_wrong_with_a_rubric_is_told_to_its_owner_alone() -> None:
    claim = {"id": "n", "kind": "number", "expected": 8.675309e-9, "decimals": 3}  # as an older version took it
    mine = [Submission(id="me", answers={})]
    whole = BatchRequest(rubric=Rubric.model_validate({"id": "r", "claims": [claim]}), submissions=mine)
    for batch, told in ((whole, True), (whole.for_students(), False)):
        with pytest.raises(FlawedRubric) as raised:
            GradingsWork().accept(batch, Settings())
        assert ("8.67531e-09" in raised.value.sentence) == told
        assert (raised.value.pointer is not None) == told


class Course:
    """A bench with an assignment that has claims of every kind, hidden and visible."""

    def __init__(self, bench: Bench, keys: dict[str, str]) -> None:
        self.bench = bench
        self.keys = keys

    async def ask(self, who: str, method: str, path: str, body: object = None) -> httpx.Response:
        request = {"headers": {}} if body is None else sent(body)
        headers = {**request["headers"], **bearer(self.keys[who])}
        return await self.bench.client.request(method, path, **{**request, "headers": headers})

    async def graded(self, who: str, answers: dict[str, Any]) -> Json:
        sheets = {"submissions": [{"id": "me", "answers": answers}, {"id": "empty", "answers": {}}]}
        answer = await self.ask(who, "POST", f"{HERE}/gradings", sheets)
        assert answer.status_code == 202, answer.text
        job: Json = answer.json()
        worked(self.bench.database, job["id"], range(2))
        return job


@pytest.fixture
async def course(tmp_path: Path) -> AsyncIterator[Course]:
    keys = write_keys(tmp_path / "keys.json", OWNERS)
    url, file = f"sqlite:///{tmp_path}/jobs.sqlite3", str(tmp_path / "keys.json")
    async with bench_over(url, api_keys_file=file) as bench:
        made = Course(bench, keys)
        rubric = {"id": "exam", "title": SECRET, "claims": claims_of(1, hidden=True) + claims_of(2, hidden=False)}
        put = await made.ask("teacher", "PUT", HERE, {"rubric": rubric})
        assert put.status_code == 200, put.text
        yield made


WRONG: Json = {f"claim_2_{place}": answer for place, answer in enumerate(
    ["tanh(z)", 1.0, "yes", "no idea", "0 <= |f'(z)| <= 9000", ["a", "b", "c"], ["b", "a"], "exploding", "more", [[1]]]
)}  # fmt: skip


async def test_nothing_that_a_student_can_ask_tells_what_is_hidden_or_expected(course: Course) -> None:
    job = await course.graded("student", WRONG)
    here = job["links"]["self"]
    paths = ["", "/results", "/results/0", "/results/1", "/results/2", "/results.csv", "/results.zip", "/chart.svg"]
    paths += [f"/results{kind}?format={name}" for name in FORMATS for kind in ("/0", ".zip")]
    for path in paths:
        answer = await course.ask("student", "GET", here + path)
        assert answer.status_code in (200, 404), path
        assert_silent(answer.content, path)
    for path in ("/v1/jobs", "/v1/simulations"):
        assert_silent((await course.ask("student", "GET", path)).content, path)
    for method in ("GET", "PUT", "DELETE"):
        answer = await course.ask("student", method, HERE, {"rubric": {"id": "r", "claims": []}})
        assert_silent(assert_problem(answer, 403, "scope-missing")["detail"].encode(), method)
    assert_problem(await course.ask("classmate", "GET", here), 404, "job-not-found")


async def test_a_student_is_told_the_points_and_how_each_answer_was_read(course: Course) -> None:
    job = await course.graded("student", {**WRONG, "claim_2_1": 8675.309})
    grading = (await course.ask("student", "GET", f"{job['links']['self']}/results/0")).json()["grading"]
    checks = {check["id"]: check for check in grading["checks"]}
    assert list(checks) == [f"claim_2_{place}" for place in range(10)]
    assert (checks["claim_2_1"]["status"], checks["claim_2_1"]["points"]) == ("correct", 3)
    assert (checks["claim_2_0"]["status"], checks["claim_2_0"]["parsed_latex"]) == ("incorrect", "\\tanh z")
    assert grading["max_score"] == sum(check["max_points"] for check in grading["checks"]) == 30


async def test_the_owner_of_the_assignment_sees_all_and_a_colleague_what_students_see(course: Course) -> None:
    for who, count in (("teacher", 20), ("root", 20), ("colleague", 10)):
        job = await course.graded(who, WRONG)
        checks = (await course.ask(who, "GET", f"{job['links']['self']}/results/0")).json()["grading"]["checks"]
        assert len(checks) == count, who
        assert any(check["message"] for check in checks) == (count == 20), who


async def test_the_digest_of_a_students_job_is_no_test_of_a_guess_at_the_rubric(course: Course) -> None:
    first, second = await course.graded("student", WRONG), await course.graded("student", WRONG)
    assert first["digest"] != second["digest"]
    mine, again = await course.graded("teacher", WRONG), await course.graded("teacher", WRONG)
    assert mine["digest"] == again["digest"]


async def test_an_assignment_of_hidden_claims_alone_is_graded_for_its_owner_only(course: Course) -> None:
    rubric = {"id": "exam", "claims": claims_of(1, hidden=True)}
    assert (await course.ask("teacher", "PUT", HERE, {"rubric": rubric})).status_code == 200
    sheets = {"submissions": [{"id": "me", "answers": {}}]}
    answer = await course.ask("student", "POST", f"{HERE}/gradings", sheets)
    assert_silent(assert_problem(answer, 422, "flawed-rubric")["detail"].encode(), "refusal")
    assert (await course.ask("teacher", "POST", f"{HERE}/gradings", sheets)).status_code == 202
    assert (await course.ask("reader", "POST", f"{HERE}/gradings", sheets)).status_code == 403
