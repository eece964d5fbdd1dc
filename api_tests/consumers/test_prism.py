"""Prism stands before the service and refuses what the document does not allow: no example, answer or problem is."""

import json
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from functools import cache
from itertools import repeat
from pathlib import Path
from typing import Any

import httpx
import pytest

from api_tests.docs.pages import PAGES, name_of, text_of
from api_tests.examples.course import ROOT, SHEETS, graded, read
from examples.running_service import running_service

TOOLS = ROOT / ".tools"
DOCUMENT = ROOT / "openapi" / "openapi.json"
POSTED = re.compile(
    r"127\.0\.0\.1:8000(/[\w/.-]+) -H 'Content-Type: application/json' -d (?:'(\{.*?\})'|@(\S+))", re.DOTALL
)
WRITTEN = re.compile(r"cat > (\S+) <<'END'\n(.*?)\nEND", re.DOTALL)
# Prism asks for a key as the document does, and cannot open what is compressed by zstd.
HEADERS = {"Authorization": "Bearer gv_none", "Accept-Encoding": "identity"}
QUERIES = {"/v1/rubrics/package": {"format": "gradescope"}, "/v1/imports/keras": {"simulate": "true"}}

TESTS_OF_A_START = 6

pytestmark = pytest.mark.skipif(not (TOOLS / "generators" / ".installed").exists(), reason="`make consumers` has Prism")


@contextmanager
def proxied(url: str, log: Path) -> Iterator[str]:
    """The address of Prism before the service at `url`."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    program = TOOLS / "generators" / "node_modules" / ".bin" / "prism"
    command = [program, "proxy", "--errors", "-h", "127.0.0.1", "-p", port, DOCUMENT, url]
    environment = os.environ | {"PATH": f"{TOOLS / 'node' / 'bin'}:{os.environ['PATH']}"}
    with log.open("wb") as said:
        process = subprocess.Popen(command, env=environment, stdout=said, stderr=said, start_new_session=True)
    try:
        address = f"http://127.0.0.1:{port}"
        for _ in range(600):
            assert process.poll() is None, log.read_text(encoding="utf-8")
            with suppress(httpx.TransportError):
                httpx.get(f"{address}/healthz/live", headers=HEADERS)
                break
            time.sleep(0.5)
        yield address
    finally:
        os.killpg(process.pid, signal.SIGTERM)  # with the program that its script has started
        process.wait(timeout=60)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with running_service(keep_alive_seconds=600) as address:  # Prism checks for seconds with a connection in its hand
        yield address


@pytest.fixture(scope="module")
def clients(url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Iterator[httpx.Client]]:
    """Clients of Prism, which starts anew now and then: every request takes some 300 MB that it never gives back."""

    def forever() -> Iterator[httpx.Client]:
        while True:
            with (
                proxied(url, tmp_path_factory.mktemp("prism") / "log") as address,
                httpx.Client(base_url=address, headers=HEADERS, timeout=600) as client,
            ):
                yield from repeat(client, TESTS_OF_A_START)

    with closing(forever()) as found:
        yield found


@pytest.fixture
def prism(clients: Iterator[httpx.Client]) -> httpx.Client:
    return next(clients)


def passed(answer: httpx.Response) -> httpx.Response:
    """An answer of 2xx that Prism has nothing against."""
    assert answer.is_success, answer.text
    assert answer.headers.get("sl-violations", "[]") == "[]"
    return answer


@cache
def document() -> dict[str, Any]:
    return json.loads(DOCUMENT.read_text(encoding="utf-8"))  # type: ignore[no-any-return]


def examples() -> dict[str, list[tuple[str, str, str, Any]]]:
    """By operation, the method, path, media type and value of every example of a body in the document."""
    found = {}
    for path, operations in document()["paths"].items():
        for method, operation in operations.items():
            for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
                found[operation["operationId"]] = [
                    (method, path.format(id="sheet_3", source=name), media_type, one["value"])
                    for name, one in content.get("examples", {}).items()
                ]
    return found


def on_page(page: Path) -> list[tuple[str, str]]:
    """Path and JSON of every request of a page that is shown with its body."""
    written = dict(WRITTEN.findall(text_of(page)))
    requests = POSTED.findall(text_of(page))
    files = {file: text_of(ROOT / file) for _, _, file in requests if file and (ROOT / file).exists()} | written
    return [(path, body or files[file]) for path, body, file in requests if body or file in files]


@pytest.mark.parametrize("operation", [name for name, found in examples().items() if found])
def test_the_examples_of_the_document_pass(prism: httpx.Client, operation: str) -> None:
    if operation == "create_gradings":
        ((method, path, _, assignment),) = examples()["put_assignment"]
        passed(prism.request(method, path, json=assignment))
    for method, path, media_type, value in examples()[operation]:
        content = value if isinstance(value, str) else json.dumps(value)
        headers = {"Content-Type": media_type}
        passed(prism.request(method, path, content=content, headers=headers, params=QUERIES.get(path)))


@pytest.mark.parametrize("page", [page for page in PAGES if on_page(page)], ids=name_of)
def test_the_requests_of_the_pages_pass(prism: httpx.Client, page: Path) -> None:
    for path, body in on_page(page):
        passed(prism.post(path, content=body, headers={"Content-Type": "application/json"}))


@pytest.mark.parametrize("sheet", SHEETS)
def test_the_sheets_of_the_course_are_graded(prism: httpx.Client, sheet: str) -> None:
    body = {"rubric": read("rubric"), "answers": read(f"answers_{sheet}")}
    grading = passed(prism.post("/v1/gradings", json=body)).json()
    assert grading["score"] == graded()[sheet].score
    rubric = {"rubric": body["rubric"]}
    passed(prism.put("/v1/assignments/course", json=rubric))
    submissions = {"submissions": [{"id": sheet, "answers": body["answers"]}]}
    passed(prism.post("/v1/assignments/course/gradings", json=submissions))


def test_reports_are_read_in_every_form(prism: httpx.Client) -> None:
    *_, spec = examples()["create_simulation"][0]
    spec = spec | {"include": ["gradients"], "trials": 4}
    kept = f"/v1/simulations/{passed(prism.post('/v1/simulations', json=spec)).json()['digest']}"
    forms = ["", "/layers.csv", "/report.html", "/chart.json", "/chart.svg", "/chart.png", "/gradients.npz"]
    for path in [*(kept + form for form in forms), "/v1/simulations", "/v1/catalog", "/v1/version", "/v1/jobs"]:
        passed(prism.get(path))


def test_a_job_is_watched_to_its_end(prism: httpx.Client) -> None:
    *_, sweep = examples()["create_sweep"][0]
    accepted = passed(prism.post("/v1/sweeps", json=sweep))
    job = httpx.URL(accepted.headers["location"]).path
    assert "end" in passed(prism.get(f"{job}/events")).text
    for form in ("", "/results", "/results/0", "/results.csv", "/chart.json", "/chart.svg"):
        passed(prism.get(job + form))


def test_problems_are_such_as_the_document_lists(prism: httpx.Client) -> None:
    softmax = {"kind": "dense", "units": 4, "activation": {"kind": "softmax"}}
    spec = {"network": {"features": 4, "layers": [softmax, softmax]}}
    refused = prism.post("/v1/simulations", json=spec)
    assert (refused.status_code, refused.json()["code"]) == (422, "incompatible-choice")
    assert refused.json()["errors"][0]["pointer"] == "/network/layers/0/activation"
    unknown = prism.get(f"/v1/simulations/{'0' * 64}")
    assert (unknown.status_code, unknown.headers.get("sl-violations")) == (404, None)
