#!/usr/bin/env python3
"""The grading service, for programs in the containers of other platforms; Python's standard library is enough.

    python3 gradient_verdict.py FORMAT rubric.json answers.json

prints what the service answers in that format, to be copied to where the platform reads it. The environment variable
GRADIENT_VERDICT_URL, or else the file service_url in the folder of the rubric, says where the service is, and
GRADIENT_VERDICT_KEY has the key where the service wants one.
"""

import json
import os
import sys
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

SECONDS = 60.0


class Failed(Exception):
    """Why there is no grading: a sentence."""


def graded(written: str, rubric: str | Path, answers: Any) -> str:
    """`answers` graded by the rubric in a file, written in a format; Failed with the reason."""
    address = _address(Path(rubric).parent)
    body = {"rubric": json.loads(Path(rubric).read_text(encoding="utf-8")), "answers": answers}
    headers = {"Content-Type": "application/json", "Accept": "*/*"}
    request = Request(f"{address}/v1/gradings?format={written}", json.dumps(body).encode(), headers)
    if key := os.environ.get("GRADIENT_VERDICT_KEY", "").strip():
        request.add_unredirected_header("Authorization", f"Bearer {key}")
    try:
        with urlopen(request, timeout=SECONDS) as answer:
            return str(answer.read().decode("utf-8"))
    except HTTPError as error:
        with error:
            said = error.read().decode("utf-8", "replace")
        raise Failed(f"The grading service refused this (status {error.code}): {_detail(said)}") from None
    except (OSError, HTTPException):
        raise Failed("The grading service cannot be reached; nothing was graded.") from None


def _address(folder: Path) -> str:
    file = folder / "service_url"
    url = os.environ.get("GRADIENT_VERDICT_URL") or (file.read_text(encoding="utf-8") if file.is_file() else "")
    if not url.strip().startswith(("http://", "https://")):
        raise Failed("GRADIENT_VERDICT_URL, or the file service_url, has to say where the grading service is.")
    return url.strip().rstrip("/")


def _detail(problem: str) -> str:
    """The sentence of a problem (RFC 9457)."""
    try:
        return str(json.loads(problem)["detail"])
    except (ValueError, LookupError, TypeError):
        return "it does not say why"


def main() -> int:
    """Print the answer; 1 with a sentence on standard error where there is none."""
    if len(sys.argv) != 4:
        print(__doc__, file=sys.stderr)
        return 2
    written, rubric, answers = sys.argv[1:]
    try:
        sys.stdout.write(graded(written, rubric, json.loads(Path(answers).read_text(encoding="utf-8"))))
    except (Failed, OSError, ValueError) as failure:
        print(failure, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
