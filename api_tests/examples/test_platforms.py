"""Every folder for a platform carries the course's sheets to a real service, and its answer is what is read there.

What the platforms read is written here from their own sources, named beside each; those that are Python packages run
in `api_tests/consumers`.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest

from api_tests.examples.course import COURSE, ROOT, SHEETS, Json, graded, read
from service.grading.formats import FORMATS
from service.grading.results import Grading

EXAMPLES = ROOT / "examples"
FOLDERS = {"prairielearn": "prairielearn_external", "prairielearn_server": "prairielearn"}
"""Where a folder has another name than its format."""
every_sheet = pytest.mark.parametrize("sheet", SHEETS)


def prepared(tmp_path: Path, name: str, url: str, client: str = ".") -> Path:
    """The folder of that name as its README has it made: the client, the course's rubric and the address in it."""
    home = tmp_path / name
    shutil.copytree(EXAMPLES / name, home)
    shutil.copy(EXAMPLES / "gradient_verdict.py", home / client)
    if not (home / client / "rubric.json").exists():
        shutil.copy(COURSE / "rubric.json", home / client)
    (home / client / "service_url").write_text(f"{url}\n", encoding="utf-8")
    return home


def ran(home: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """A program of a folder, done; nothing but Python's own library is there, and no address in its environment."""
    environment = {"PATH": os.environ["PATH"], "no_proxy": "*"}
    return subprocess.run(
        [sys.executable if word == "python3" else word for word in command],
        cwd=home,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def sheet_in(home: Path, sheet: str, name: str = "answers.json") -> Path:
    return Path(shutil.copy(COURSE / f"answers_{sheet}.json", home / name))


def test_every_format_has_a_folder_that_says_how_it_is_used() -> None:
    for name in FORMATS:
        folder = EXAMPLES / FOLDERS.get(name, name)
        assert (folder / "README.md").read_text(encoding="utf-8").startswith("# "), name


@every_sheet
def test_the_client_prints_what_the_service_answers(service_url: str, tmp_path: Path, sheet: str) -> None:
    home = prepared(tmp_path, "native", service_url)
    done = ran(home, "python3", "gradient_verdict.py", "native", "rubric.json", str(sheet_in(home, sheet)))
    assert (done.returncode, done.stderr) == (0, "")
    assert Grading.model_validate_json(done.stdout) == graded()[sheet]


@pytest.mark.parametrize(
    ("url", "rubric", "sentence"),
    [
        ("http://127.0.0.1:1", None, "cannot be reached"),
        ("ftp://nowhere", None, "has to say where the grading service is"),
        (None, '{"id": "r", "claims": []}', "refused this (status 422)"),
        (None, "{", ""),
    ],
)
def test_the_client_says_why_nothing_was_graded(
    service_url: str, tmp_path: Path, url: str | None, rubric: str | None, sentence: str
) -> None:
    home = prepared(tmp_path, "native", url or service_url)
    if rubric is not None:
        (home / "rubric.json").write_text(rubric, encoding="utf-8")
    done = ran(home, "python3", "gradient_verdict.py", "native", "rubric.json", str(sheet_in(home, "right")))
    assert (done.returncode, done.stdout) == (1, "")
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


@every_sheet
def test_autolab_reads_the_scores_in_the_last_line(service_url: str, tmp_path: Path, sheet: str) -> None:
    home = prepared(tmp_path, "autolab", service_url)
    sheet_in(home, sheet)
    packed = ["gradient_verdict.py", "rubric.json", "service_url"]
    assert ran(home, "tar", "cf", "autograde.tar", *packed).returncode == 0
    for name in packed:
        (home / name).unlink()
    done = ran(home, "make", "-s", "-f", "autograde-Makefile")
    assert done.returncode == 0, done.stderr
    # app/controllers/assessment/autograde.rb of autolab/Autolab: quotation marks come around any `word:` first.
    feedback, scores = (
        json.loads(re.sub(r"([a-zA-Z0-9]+):", r'"\1":', line)) for line in done.stdout.rstrip("\n").split("\n")[-2:]
    )
    assert sum(scores["scores"].values()) == pytest.approx(graded()[sheet].score)
    assert scores["scores"].keys() == {check.id for check in graded()[sheet].checks}
    assert feedback["_presentation"] == "semantic"


@every_sheet
def test_submitty_reads_the_results_of_the_validator(service_url: str, tmp_path: Path, sheet: str) -> None:
    home = prepared(tmp_path, "submitty", service_url, "custom_validation_code") / "custom_validation_code"
    (testcase,) = json.loads((EXAMPLES / "submitty" / "config.json").read_text(encoding="utf-8"))["testcases"]
    (validation,) = testcase["validation"]
    (home / "test01").mkdir()
    sheet_in(home / "test01", sheet)
    told = {**validation, "testcase_prefix": "test01"}
    (home / "custom_validator_input.json").write_text(json.dumps(told), encoding="utf-8")
    assert ran(home, *validation["command"].split()).returncode == 0
    # grading/dispatch.cpp of Submitty/Submitty: a status of success, then a score that is clamped to [0, 1].
    results = json.loads((home / "validation_results.json").read_text(encoding="utf-8"))
    assert results["status"] == "success"
    assert results["data"]["status"] in {"information", "failure", "warning", "success"}
    assert testcase["points"] * min(1.0, max(0.0, results["data"]["score"])) == pytest.approx(graded()[sheet].score)


def test_submitty_is_told_that_the_validator_failed(tmp_path: Path) -> None:
    home = prepared(tmp_path, "submitty", "http://127.0.0.1:1", "custom_validation_code") / "custom_validation_code"
    told = {"testcase_prefix": ".", "actual_file": "answers.json"}
    (home / "custom_validator_input.json").write_text(json.dumps(told), encoding="utf-8")
    sheet_in(home, "right")
    assert ran(home, "python3", "validator.py").returncode == 0
    results = json.loads((home / "validation_results.json").read_text(encoding="utf-8"))
    assert results["status"] == "fail"
    assert "cannot be reached" in results["message"]


@every_sheet
def test_artemis_reads_a_feedback_for_each_claim(service_url: str, tmp_path: Path, sheet: str) -> None:
    home = prepared(tmp_path, "artemis", service_url)
    done = ran(home, "python3", "write_feedbacks.py", str(sheet_in(home, sheet)))
    assert done.returncode == 0, done.stderr
    found = {}
    for file in (home / "customFeedbacks").iterdir():
        # CustomFeedbackParser.java of ls1intum/Artemis: a name that is not blank, and a message where it has failed.
        feedback = json.loads(file.read_text(encoding="utf-8"))
        assert file.suffix == ".json"
        assert feedback["name"].strip()
        assert feedback["successful"] or feedback["message"].strip()
        found[feedback["name"]] = feedback["successful"]
    assert found == {check.id: check.passed for check in graded()[sheet].checks}


def coderunner_template(student: str) -> str:
    """The template as Twig makes it: `e('py')` is `python` in classes/escapers.php of moodle-qtype_coderunner."""
    template = (EXAMPLES / "coderunner" / "template.py").read_text(encoding="utf-8")
    return template.replace("{{ STUDENT_ANSWER | e('py') }}", student.replace("\\", "\\\\").replace('"', '\\"'))


def coderunner_outcome(printed: str) -> Json:
    """What `do_combinator_grading` in classes/jobrunner.php takes of it: known fields, and a fraction in [0, 1]."""
    outcome: Json = json.loads(printed)
    known = {"fraction", "prologuehtml", "testresults", "files", "epiloguehtml", "columnformats", "showdifferences"}
    assert outcome.keys() <= known | {"showoutputonly", "graderstate", "instructorhtml"}
    assert 0 <= outcome["fraction"] <= 1
    return outcome


@every_sheet
def test_coderunner_reads_the_fraction_and_the_table(service_url: str, tmp_path: Path, sheet: str) -> None:
    home = prepared(tmp_path, "coderunner", service_url)
    student = json.dumps({**read(f"answers_{sheet}"), "d3": '"""\\" + "'}, indent=2)
    (home / "made.py").write_text(coderunner_template(student), encoding="utf-8")
    done = ran(home, "python3", "made.py")
    assert done.stderr == ""
    outcome = coderunner_outcome(done.stdout)
    lost = next(check.points for check in graded()[sheet].checks if check.id == "d3")
    assert 38 * outcome["fraction"] == pytest.approx(graded()[sheet].score - lost)
    assert len(outcome["testresults"]) == 1 + len(graded()[sheet].checks)


def test_coderunner_is_told_of_what_is_not_json(service_url: str, tmp_path: Path) -> None:
    home = prepared(tmp_path, "coderunner", service_url)
    (home / "made.py").write_text(coderunner_template('d1 = "tanh(z)"'), encoding="utf-8")
    outcome = coderunner_outcome(ran(home, "python3", "made.py").stdout)
    assert outcome["fraction"] == 0
    assert "JSON" in outcome["prologuehtml"]


@pytest.mark.parametrize(
    ("answer", "correct", "score"),
    [("tanh(z) + z*sech(z)^2", True, 1.0), ("z", False, 0.0), ("tahn(z)", False, 0.0)],
)
def test_open_edx_reads_the_reply_to_what_xqueue_pushes(
    service_url: str, answer: str, correct: bool, score: float
) -> None:
    problem = ElementTree.parse(EXAMPLES / "xqueue" / "problem.xml").getroot()
    payload = problem.findtext("coderesponse/codeparam/grader_payload")
    # xmodule/capa/responsetypes.py (CodeResponse.get_score) makes the body, and edx/xqueue's consumer posts it as text.
    inner = {"student_info": "{}", "grader_payload": payload, "student_response": answer}
    body = json.dumps({"xqueue_body": json.dumps(inner), "xqueue_files": "{}"})
    reply = httpx.post(f"{service_url}/v1/adapters/xqueue", content=body, timeout=120)
    # CodeResponse._parse_score_msg: a JSON object of these three, the message one XML element.
    told = reply.json()
    assert {"correct", "score", "msg"} <= told.keys()
    assert (told["correct"], told["score"]) == (correct, score)
    assert ElementTree.fromstring(told["msg"]).tag == "div"


def requested(name: str) -> Any:
    return json.loads((EXAMPLES / name).read_text(encoding="utf-8"))


def test_lambda_feedback_reads_the_answers_to_its_commands(service_url: str) -> None:
    url = f"{service_url}/v1/adapters/lambda-feedback"
    # schemas/legacy of lambda-feedback/BaseEvalutionFunctionLayer.
    evaluated = httpx.post(url, json=requested("lambda_feedback/eval.json"), headers={"command": "eval"}, timeout=120)
    assert evaluated.json().keys() == {"command", "result"}
    assert evaluated.json()["result"]["is_correct"] is False
    assert evaluated.json()["result"]["feedback"] == "The derivative of tanh is the square of sech."
    shown = httpx.post(url, json=requested("lambda_feedback/preview.json"), headers={"command": "preview"}, timeout=120)
    assert shown.json()["command"] == "preview"
    assert shown.json()["result"]["preview"]["latex"]


def test_mu_ed_reads_the_feedback(service_url: str) -> None:
    version = {"X-Api-Version": "0.1.0"}
    answer = httpx.post(f"{service_url}/evaluate", json=requested("mu_ed/evaluate.json"), headers=version, timeout=120)
    assert (answer.status_code, answer.headers["x-api-version"]) == (200, "0.1.0")
    (feedback,) = answer.json()
    assert feedback["awardedPoints"] == feedback["criterion"]["gradeConfig"]["max"] == 2.0


def prairielearn_grading(home: Path) -> Json:
    """What `makeGradingResult` in apps/prairielearn/src/lib/externalGraderCommon.ts takes of the results."""
    results: Json = json.loads((home / "results" / "results.json").read_text(encoding="utf-8"))
    assert isinstance(results["score"], int | float)
    errors = results.get("format_errors", [])
    return {**results, "format_errors": [errors] if isinstance(errors, str) else errors}


@pytest.mark.parametrize(
    ("answers", "score", "gradable"),
    [
        ({"d1": "tanh(z) + z*sech(z)^2", "d4": "0 <= |f'(z)| <= 1.19968"}, 1.0, True),
        ({"d1": "tanh(z) + z*sech(z)", "d4": "0 <= |f'(z)| <= 1.19968"}, 0.75, True),
        ({"d1": "tahn(z)", "d4": "0 <= |f'(z)| <= 1.19968"}, 0.5, False),
    ],
)
def test_prairielearn_reads_the_results_of_the_external_grader(
    service_url: str, tmp_path: Path, answers: Json, score: float, gradable: bool
) -> None:
    home = prepared(tmp_path, "prairielearn_external", service_url, "tests")
    (home / "data").mkdir()
    (home / "data" / "data.json").write_text(json.dumps({"submitted_answers": answers}), encoding="utf-8")
    options = json.loads((home / "info.json").read_text(encoding="utf-8"))["externalGradingOptions"]
    assert options["entrypoint"].endswith("/grade/tests/run.py")
    done = ran(home, "python3", "tests/run.py", str(home))
    assert (done.returncode, done.stderr) == (0, "")
    told = prairielearn_grading(home)
    assert (told["score"], told["gradable"], bool(told["format_errors"])) == (score, gradable, not gradable)


def test_the_question_of_the_external_grader_asks_what_it_grades() -> None:
    folder = EXAMPLES / "prairielearn_external"
    page = (folder / "question.html").read_text(encoding="utf-8")
    claims = json.loads((folder / "tests" / "rubric.json").read_text(encoding="utf-8"))["claims"]
    assert re.findall(r'answers-name="(\w+)"', page) == [claim["id"] for claim in claims]
