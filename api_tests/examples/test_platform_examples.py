"""The folders for Gradescope and PrairieLearn carry answers to the service, and say so where there is none."""

import importlib.util
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import ModuleType

import pytest

from api_tests.examples.course import COURSE, ROOT, Json, graded, read
from service.grading.formats import FORMATS
from service.grading.grade import grade
from service.grading.results import Grading
from service.grading.spec import GradingSpec
from service.simulation.simulate import simulate

AUTOGRADER = ROOT / "examples" / "gradescope" / "run_autograder"
QUESTION = ROOT / "examples" / "prairielearn"
OPTIONS = {"question_path": str(QUESTION), "server_files_course_path": str(COURSE)}
ASKED = ("d1", "d4", "f1", "f2", "o2", "d_deep", "f_deep", "g_deep")
"""The claims of the course's rubric that the question asks for."""


@pytest.fixture(name="gradings")
def all_gradings() -> dict[str, Grading]:
    return graded()


@dataclass
class Stub:
    """A service that answers the same to everything, and remembers what it was asked."""

    body: bytes = b""
    status: int = 200
    url: str = ""
    asked: list[tuple[str, str | None, Json]] = field(default_factory=list)


@contextmanager
def answering(stub: Stub) -> Iterator[None]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            stub.asked.append((self.path, self.headers["Content-Type"], body))
            self.send_response(stub.status)
            self.send_header("Content-Length", str(len(stub.body)))
            self.end_headers()
            self.wfile.write(stub.body)

        def log_message(self, *_arguments: object) -> None:
            """Be silent."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        stub.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


def nowhere() -> str:
    """An address where nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


@pytest.fixture
def autograder(tmp_path: Path) -> Path:
    """Gradescope's /autograder, with the rubric and the sheet with slips."""
    for folder in ("source", "submission"):
        (tmp_path / folder).mkdir()
    (tmp_path / "source" / "rubric.json").write_bytes((COURSE / "rubric.json").read_bytes())
    (tmp_path / "submission" / "answers.json").write_bytes((COURSE / "answers_with_slips.json").read_bytes())
    return tmp_path


def results_of(home: Path, url: str) -> Json:
    """results.json after a run, which may say nothing on its own."""
    environment = {"PATH": os.environ["PATH"], "GRADIENT_VERDICT_URL": url, "no_proxy": "*"}
    command = [sys.executable, "-I", str(AUTOGRADER), str(home)]
    ended = subprocess.run(command, env=environment, capture_output=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"", b"")
    return json.loads((home / "results" / "results.json").read_text(encoding="utf-8"))


def test_gradescope_gets_the_grading_of_what_was_handed_in(autograder: Path, gradings: dict[str, Grading]) -> None:
    stub = Stub(FORMATS["gradescope"].write(gradings["with_slips"]).encode())
    with answering(stub):
        results = results_of(autograder, f"{stub.url}/")
    body = {"rubric": read("rubric"), "answers": read("answers_with_slips")}
    assert stub.asked == [("/v1/gradings?format=gradescope", "application/json", body)]
    assert results == json.loads(stub.body)
    assert (results["score"], len(results["tests"])) == (20.5, 28)


def test_the_autograder_finds_the_address_in_a_file_where_the_environment_has_none(autograder: Path) -> None:
    stub = Stub(b'{"score": 1}')
    with answering(stub):
        (autograder / "source" / "service_url").write_text(f"{stub.url}\n", encoding="utf-8")
        assert results_of(autograder, "") == {"score": 1}


def test_gradescope_gets_a_sentence_and_no_points_where_the_service_is_down(autograder: Path) -> None:
    results = results_of(autograder, nowhere())
    assert results["score"] == 0
    assert results["output"].startswith("The grading service cannot be reached")


@pytest.mark.parametrize(
    ("status", "body", "sentence"),
    [
        (422, b'{"detail": "a flaw"}', "The grading service refused this (status 422): a flaw"),
        (502, b"<html>", "The grading service refused this (status 502): it does not say why"),
        (200, b"<html>", "The grading service answered what is no grading. Please tell the course staff."),
        (200, b"[]", "The grading service answered what is no grading. Please tell the course staff."),
    ],
)
def test_gradescope_gets_a_sentence_where_there_is_no_grading(
    autograder: Path, status: int, body: bytes, sentence: str
) -> None:
    with answering(stub := Stub(body, status)):
        assert results_of(autograder, stub.url) == {"score": 0, "output": sentence, "output_format": "text"}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "There is no answers.json"),
        (b'{"d1": }', "answers.json is not JSON: line 1, column 8."),
        (b"\xff", "answers.json cannot be read"),
        (b"[" * 100_000, "answers.json cannot be read"),
        (b" " * 300_000, "answers.json cannot be read"),
        (b"[1]", "answers.json has to be an object"),
    ],
)
def test_gradescope_gets_a_sentence_for_what_cannot_be_sent(
    autograder: Path, content: bytes | None, sentence: str
) -> None:
    file = autograder / "submission" / "answers.json"
    file.unlink() if content is None else file.write_bytes(content)
    results = results_of(autograder, nowhere())
    assert results["score"] == 0
    assert results["output"].startswith(sentence)


@pytest.mark.parametrize("url", ["", "file:///etc/hostname", "grading.example.edu"])
def test_the_autograder_goes_to_web_addresses_only(autograder: Path, url: str) -> None:
    assert "does not know where the grading service is" in results_of(autograder, url)["output"]


@pytest.fixture
def question(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """PrairieLearn's server.py, which goes through no proxy."""
    monkeypatch.setenv("no_proxy", "*")
    spec = importlib.util.spec_from_file_location("prairielearn_question", QUESTION / "server.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def submission(answers: Json) -> Json:
    """PrairieLearn's `data`, as far as grading sees it."""
    untouched: Json = {"partial_scores": {}, "format_errors": {}, "feedback": {}, "score": 0.0}
    return {**untouched, "submitted_answers": answers, "options": OPTIONS}


def test_the_question_shows_the_parts_that_it_grades() -> None:
    page = (QUESTION / "question.html").read_text(encoding="utf-8")
    assert [name for name in ASKED if f'answers-name="{name}"' in page] == list(ASKED)
    assert page.count("answers-name=") == len(ASKED)
    assert all(f"{{{{{{feedback.{name}}}}}}}" in page for name in ASKED)
    assert set(ASKED) < {claim["id"] for claim in read("rubric")["claims"]}
    assert json.loads((QUESTION / "info.json").read_text(encoding="utf-8"))["type"] == "v3"


def test_prairielearn_gets_scores_errors_and_feedback(question: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    right = read("answers_right")
    submitted = {name: right[name] for name in ASKED} | {"d1": "tahn(z)", "g_deep": "d = e, f"}
    read_as = {**submitted, "g_deep": [["d", "e"], "f"]}
    rubric = read("rubric")
    rubric["claims"] = [claim for claim in rubric["claims"] if claim["id"] in ASKED]
    graded = grade(GradingSpec.model_validate({"rubric": rubric, "answers": read_as}), simulate)
    data = submission(submitted)
    with answering(stub := Stub(FORMATS["prairielearn_server"].write(graded).encode())):
        monkeypatch.setattr(question, "SERVICE", stub.url)
        question.grade(data)
    body = {"rubric": rubric, "answers": read_as}
    assert stub.asked == [("/v1/gradings?format=prairielearn_server", "application/json", body)]
    assert data["score"] == pytest.approx((12 - 2 - 0.5) / 12)
    assert {name: one["score"] for name, one in data["partial_scores"].items()} == {
        **dict.fromkeys(ASKED, 1.0),
        "d1": 0.0,
        "g_deep": pytest.approx(2.5 / 3),
    }
    assert list(data["format_errors"]) == ["d1"]
    assert set(data["feedback"]) == set(ASKED)


@pytest.mark.parametrize(
    ("status", "body", "sentence"),
    [
        (None, b"", "cannot be reached"),
        (422, b'{"detail": "a flaw"}', "refused this (status 422)"),
        (200, b"<html>", "no grading"),
        (200, b'{"score": 1, "partial_scores": []}', "no grading"),
    ],
)
def test_prairielearn_takes_no_attempt_where_there_is_no_grading(
    question: ModuleType, monkeypatch: pytest.MonkeyPatch, status: int | None, body: bytes, sentence: str
) -> None:
    data = submission({"d1": "tanh(z)"})
    with answering(stub := Stub(body, status or 200)):
        monkeypatch.setattr(question, "SERVICE", stub.url if status else nowhere())
        question.grade(data)
    assert list(data["format_errors"]) == ["service"]
    assert sentence in data["format_errors"]["service"]
    assert (data["partial_scores"], data["feedback"], data["score"]) == ({}, {}, 0.0)
