"""Gradings over HTTP: the routes of this service and those of platforms, offline the same bytes."""

import json
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from zipfile import ZipFile

import httpx
import pytest

from api_tests.http.asking import Json, assert_problem, resolve, sent
from service.cli.grade import grade_files
from service.grading.formats import FORMATS

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).resolve().parents[2]
COURSE = ROOT / "examples" / "course"
RUBRIC: Json = json.loads((COURSE / "rubric.json").read_text(encoding="utf-8"))
ANSWERS: Json = json.loads((COURSE / "answers_with_slips.json").read_text(encoding="utf-8"))
EXCERPT: Json = {**RUBRIC, "claims": RUBRIC["claims"][:8]}
SOME: Json = {claim["id"]: ANSWERS[claim["id"]] for claim in EXCERPT["claims"] if claim["id"] in ANSWERS}
DERIVATIVE: Json = {"kind": "expression", "derivative_of": {"kind": "stanh"}, "points": 2}
WIDE: Json = {"kind": "repeat", "times": 200, "layers": [{"kind": "dense", "units": 512}]}
RIGHT, WRONG = "tanh(z) + z*sech(z)^2", "tanh(z) + z*sech(z)"


def body(*claims: Json, **answers: Any) -> Json:
    return {"rubric": {"id": "r", "claims": list(claims)}, "answers": answers}


async def test_the_course_is_graded_with_its_evidence_at_hand(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/gradings", **sent({"rubric": RUBRIC, "answers": ANSWERS}), timeout=60)
    grading = answer.json()
    assert (grading["score"], grading["max_score"]) == (20.5, 38.0)
    evidence = {path for one in grading["checks"] for path in one["evidence"]}
    assert evidence
    for path in evidence:
        assert (await client.get(path)).json()["digest"] == path.rpartition("/")[2]


@pytest.mark.parametrize("name", FORMATS)
async def test_every_format_is_the_same_over_http_and_offline(
    client: httpx.AsyncClient, capsysbinary: pytest.CaptureFixture[bytes], tmp_path: Path, name: str
) -> None:
    answer = await client.post(f"/v1/gradings?format={name}", **sent({"rubric": EXCERPT, "answers": SOME}), timeout=60)
    assert answer.status_code == 200, answer.text
    (tmp_path / "rubric.json").write_text(json.dumps(EXCERPT), encoding="utf-8")
    (tmp_path / "answers.json").write_text(json.dumps(SOME), encoding="utf-8")
    assert grade_files(tmp_path / "rubric.json", [tmp_path / "answers.json"], name) == 0
    assert answer.content.removesuffix(b"\n") + b"\n" == capsysbinary.readouterr().out


async def test_a_process_of_its_own_grades_the_same(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/gradings?format=otter", **sent({"rubric": RUBRIC, "answers": ANSWERS}), timeout=60)
    files = [str(COURSE / "rubric.json"), str(COURSE / "answers_with_slips.json")]
    line = [sys.executable, "-m", "service", "grade", *files, "--format", "otter"]
    offline = subprocess.run(line, cwd=ROOT, capture_output=True, timeout=60, check=True)
    assert answer.content.removesuffix(b"\n") + b"\n" == offline.stdout


async def test_an_unknown_format_is_refused(client: httpx.AsyncClient) -> None:
    assert_problem(await client.post("/v1/gradings?format=moodle", **sent(body(DERIVATIVE))), 422, "invalid-request")


@pytest.mark.parametrize(
    ("claims", "pointer"),
    [
        ([{"id": "a", "kind": "expression"}], "/rubric/claims/0"),
        ([{"id": "a", "kind": "expression", "expected": "tahn(z)"}], "/rubric/claims/0/expected"),
        ([{"id": "a", "kind": "number", "expected": 1}], "/rubric/claims/0"),
        ([{"id": "a", "kind": "bound", "derivative_from": "b"}], "/rubric/claims/0/derivative_from"),
        (
            [{"id": "a", "kind": "choice", "choices": ["x", "y"], "expected": ["z"]}],
            "/rubric/claims/0/expected",
        ),
        (
            [
                {
                    "id": "v",
                    "kind": "verdict",
                    "simulation": {
                        "network": {
                            "features": 2,
                            "layers": [
                                {"kind": "dense", "units": 2, "activation": {"kind": "softmax"}},
                                {"kind": "dense", "units": 1},
                            ],
                        }
                    },
                }
            ],
            "/rubric/claims/0/simulation/network/layers/0/activation",
        ),
    ],
)
async def test_a_flawed_rubric_is_refused_where_it_is_flawed(
    client: httpx.AsyncClient, claims: list[Json], pointer: str
) -> None:
    request = body(*claims)
    answer = await client.post("/v1/gradings", **sent(request))
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["pointer"] == pointer
    if not pointer.endswith("derivative_from"):
        resolve(pointer, request)
    report = (await client.post("/v1/rubrics/validate", **sent({"rubric": request["rubric"]}))).json()
    assert not report["valid"]
    assert report["flaws"][0]["pointer"] == pointer


async def test_a_grading_that_costs_too_much_is_refused_before_it_begins(client: httpx.AsyncClient) -> None:
    network = {
        "features": 512,
        "layers": [{"kind": "repeat", "times": 200, "layers": [{"kind": "dense", "units": 512}]}],
    }
    claim = {"id": "v", "kind": "verdict", "simulation": {"network": network, "trials": 5000}}
    assert_problem(await client.post("/v1/gradings", **sent(body(claim, v="stable"))), 422, "budget-exceeded")


async def test_a_sound_rubric_is_told_what_it_takes(client: httpx.AsyncClient) -> None:
    report = (await client.post("/v1/rubrics/validate", **sent({"rubric": RUBRIC}))).json()
    assert report == {"valid": True, "flaws": [], "claims": 28, "max_score": 38.0, "simulations": 8}


async def test_a_preview_shows_how_a_formula_is_understood(client: httpx.AsyncClient) -> None:
    shown = (await client.post("/v1/previews", **sent({"answer": r"\frac{4ze^{2z}}{(e^{2z}+1)^2}"}))).json()
    assert shown["parsed_latex"] == r"\frac{4 z e^{2 z}}{\left(e^{2 z} + 1\right)^{2}}"
    slip = (await client.post("/v1/previews", **sent({"answer": "z + tahn(z)"}))).json()
    assert (slip["position"], slip["parsed_latex"]) == (5, None)
    assert "tanh" in slip["message"]


def queued(payload: Any, response: str) -> str:
    inner = {"student_info": "{}", "grader_payload": json.dumps(payload), "student_response": response}
    return json.dumps({"xqueue_body": json.dumps(inner), "xqueue_files": ""})


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "application/json", None])
async def test_xqueue_pushes_a_text_of_any_type(client: httpx.AsyncClient, content_type: str | None) -> None:
    headers = {"Content-Type": content_type} if content_type else {}
    text = queued({"claim": DERIVATIVE}, RIGHT)
    reply = (await client.post("/v1/adapters/xqueue", content=text.encode(), headers=headers)).json()
    assert (reply["correct"], reply["score"]) == (True, 1.0)
    assert ElementTree.fromstring(reply["msg"]).tag == "div"


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"xqueue_body": "{"}', queued({"claim": {"kind": "nothing"}}, "z")])
async def test_what_is_no_body_of_xqueue_is_refused(client: httpx.AsyncClient, text: str) -> None:
    assert_problem(await client.post("/v1/adapters/xqueue", content=text.encode()), 422, "flawed-rubric")


async def test_proposals_are_a_rubric_that_grades_their_solutions_to_all_points(client: httpx.AsyncClient) -> None:
    found = (await client.get("/v1/rubrics/proposals?activation=z*atan(z)", timeout=60)).json()
    report = (await client.post("/v1/rubrics/validate", **sent({"rubric": found["rubric"]}))).json()
    assert (report["valid"], report["flaws"]) == (True, [])
    request = {"rubric": found["rubric"], "answers": found["solutions"]}
    grading = (await client.post("/v1/gradings", **sent(request), timeout=60)).json()
    assert (grading["fraction"], grading["status"]) == (1.0, "graded")


async def test_proposals_for_what_is_no_activation_are_refused(client: httpx.AsyncClient) -> None:
    problem = assert_problem(await client.get("/v1/rubrics/proposals?activation=z*tahn(z)"), 422, "invalid-activation")
    assert "tanh" in problem["detail"]
    assert_problem(await client.get("/v1/rubrics/proposals"), 422, "invalid-request")


async def test_a_rubric_is_packed_with_the_address_that_the_platform_needs(client: httpx.AsyncClient) -> None:
    for query, address in (
        ("", "http://service"),
        ("&service_url=", "http://service"),
        ("&service_url=https://a.example:8443/g", "https://a.example:8443/g"),
    ):
        answer = await client.post(f"/v1/rubrics/package?format=gradescope{query}", **sent({"rubric": EXCERPT}))
        assert answer.headers["content-type"] == "application/zip"
        assert answer.headers["content-disposition"] == f'attachment; filename="{EXCERPT["id"]}_gradescope.zip"'
        with ZipFile(BytesIO(answer.content)) as archive:
            assert archive.read("service_url").decode().strip() == address
            assert json.loads(archive.read("rubric.json")) == EXCERPT
    flawed = {"rubric": {"id": "r", "claims": [{"id": "a", "kind": "number"}]}}
    refused = await client.post("/v1/rubrics/package?format=gradescope", **sent(flawed))
    assert_problem(refused, 422, "invalid-request")
