"""The format of gradings of the file beside this one, in a copy of the repository that has it."""

import json
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from api_tests.house.asking import graded

NAME = "one_line"
CLAIM = {"id": "a", "kind": "number", "expected": 3, "absolute_tolerance": 0.1, "points": 2}

pytestmark = pytest.mark.anyio


async def test_a_grading_is_written_in_it(client: httpx.AsyncClient) -> None:
    found = await graded(client, [CLAIM, {**CLAIM, "id": "b"}], {"a": "3", "b": "4"}, NAME)
    assert found.headers["content-type"].startswith("text/plain")
    assert found.text == "2 of 4"


def test_the_terminal_knows_it(tmp_path: Path) -> None:
    for name, content in (("rubric", {"id": "r", "claims": [CLAIM]}), ("answers", {"a": "3"})):
        (tmp_path / name).write_text(json.dumps(content), encoding="utf-8")
    line = [sys.executable, "-m", "service", "grade", str(tmp_path / "rubric"), str(tmp_path / "answers")]
    done = subprocess.run([*line, "--format", NAME], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "2 of 2\n"


async def test_it_is_in_the_document(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    assert NAME in document["components"]["schemas"]["FormatName"]["enum"]
