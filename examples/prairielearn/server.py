"""A PrairieLearn question that the grading service grades; Python's standard library is enough.

The rubric is rubric.json beside this file, or else in the course's `serverFilesCourse`; of its claims those are graded
that question.html asks for: there an `answers-name` is the id of a claim.
"""

import json
import os
import re
from html import escape
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

SERVICE = os.environ.get("GRADIENT_VERDICT_URL", "http://127.0.0.1:8000")
SECONDS = 10.0


def grade(data: dict[str, Any]) -> None:
    """Put scores, format errors and feedback into `data`; without the service nothing is counted, no attempt used."""
    rubric = _rubric(data["options"])
    body = {"rubric": rubric, "answers": _answers(data["submitted_answers"], rubric)}
    try:
        graded = _graded(body)
    except HTTPError as error:
        error.close()
        _put_off(data, f"The grading service refused this (status {error.code}). Please tell the course staff.")
    except (OSError, HTTPException):
        _put_off(data, "The grading service cannot be reached. Nothing was counted; please submit again later.")
    except (ValueError, RecursionError):
        _put_off(data, "The grading service answered what is no grading. Please tell the course staff.")
    else:
        for part in ("partial_scores", "format_errors", "feedback"):
            data[part].update(graded[part])
        data["score"] = graded["score"]


def _graded(body: dict[str, Any]) -> dict[str, Any]:
    """The service's answer, in the format prairielearn_server."""
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    request = Request(
        f"{SERVICE.rstrip('/')}/v1/gradings?format=prairielearn_server", json.dumps(body).encode(), headers
    )
    if key := os.environ.get("GRADIENT_VERDICT_KEY", "").strip():
        request.add_unredirected_header("Authorization", f"Bearer {key}")
    with urlopen(request, timeout=SECONDS) as answer:
        graded = json.load(answer)
    parts = [graded.get(name) for name in ("partial_scores", "format_errors", "feedback")] if _is(graded) else [None]
    if not all(map(_is, parts)) or "score" not in graded:
        raise ValueError("no grading")
    return graded


def _is(value: Any) -> bool:
    return isinstance(value, dict)


def _rubric(options: dict[str, Any]) -> dict[str, Any]:
    """The rubric without the claims that question.html does not ask for."""
    question = Path(options["question_path"])
    files = (question / "rubric.json", Path(options["server_files_course_path"]) / "rubric.json")
    rubric = json.loads(next(file for file in files if file.is_file()).read_text(encoding="utf-8"))
    asked = re.findall('answers-name="([A-Za-z0-9_]+)"', (question / "question.html").read_text(encoding="utf-8"))
    return {**rubric, "claims": [claim for claim in rubric["claims"] if claim["id"] in asked]}


def _answers(submitted: dict[str, Any], rubric: dict[str, Any]) -> dict[str, Any]:
    """The answers as the service reads them: of the ranking "d = e, f" the list [["d", "e"], "f"]."""
    kinds = {claim["id"]: claim["kind"] for claim in rubric["claims"] if submitted.get(claim["id"])}
    given = {name: (submitted[name], kind == "ranking") for name, kind in kinds.items()}
    return {name: _ranking(answer) if ranked else answer for name, (answer, ranked) in given.items()}


def _ranking(text: str) -> list[str | list[str]]:
    groups = [[item.strip() for item in group.split("=")] for group in text.split(",")]
    return [group[0] if len(group) == 1 else group for group in groups]


def _put_off(data: dict[str, Any], sentence: str) -> None:
    data["format_errors"]["service"] = escape(sentence)
