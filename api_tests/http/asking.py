"""What the tests of the HTTP interface share: requests in one line, and what a problem has to be."""

import json
import re
from typing import Any

import httpx

Json = dict[str, Any]

MARKER = "zqxj-marker"
"""Stands in bodies where a value is wrong; no answer may repeat it."""
MEMBERS = {"type", "title", "status", "detail", "code", "request_id", "errors", "facts"}

SMALL: Json = {
    "features": 3,
    "layers": [{"kind": "dense", "units": 4, "activation": {"kind": "tanh"}}, {"kind": "dense", "units": 2}],
}
"""A network of which nothing is interesting."""


def spec(network: Json = SMALL, **fields: Any) -> Json:
    """A specification that is answered in milliseconds."""
    return {"network": network, "trials": 4, "data": {"samples": 8}, **fields}


def sent(body: Any) -> dict[str, Any]:
    """The keyword arguments that send `body`: text and bytes as they are, anything else as JSON."""
    content = body.encode() if isinstance(body, str) else body if isinstance(body, bytes) else json.dumps(body).encode()
    return {"content": content, "headers": {"Content-Type": "application/json"}}


def assert_problem(answer: httpx.Response, status: int, code: str) -> Json:
    """The problem that `answer` is: RFC 9457 with all the members this service promises, and nothing of the body."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert MARKER not in answer.text
    problem: Json = answer.json()
    assert problem.keys() == MEMBERS
    assert (problem["status"], problem["code"]) == (status, code)
    assert problem["type"] == f"urn:gradient-verdict:problem:{code}"
    assert problem["title"]
    assert problem["detail"]
    assert problem["request_id"] == answer.headers["x-request-id"]
    for error in problem["errors"]:
        assert error.keys() == {"pointer", "parameter", "code", "detail"}
        assert error["code"]
        assert error["detail"]
    return problem


def resolve(pointer: str, document: Any) -> Any:
    """What RFC 6901 says that `pointer` means in `document`; a LookupError where it means nothing."""
    if pointer and not pointer.startswith("/"):
        raise LookupError(f"{pointer!r} is no pointer")
    node = document
    for token in pointer.split("/")[1:]:
        if re.search("~(?![01])", token):
            raise LookupError(f"{token!r} has a bare tilde")
        name = token.replace("~1", "/").replace("~0", "~")
        if isinstance(node, list):
            if not re.fullmatch("0|[1-9][0-9]*", name):
                raise LookupError(f"{name!r} is no index")
            node = node[int(name)]
        elif isinstance(node, dict):
            node = node[name]
        else:
            raise LookupError(f"nothing is inside {node!r}")
    return node


def without_seconds(answer: bytes) -> bytes:
    """A report's bytes less the time it took."""
    stripped, count = re.subn(rb'"elapsed_seconds":[0-9.e-]+', b'"elapsed_seconds":0', answer)
    assert count == 1
    return stripped
