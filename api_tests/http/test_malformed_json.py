"""Bodies that are no JSON, or JSON that means two things: 400 with a position or a pointer."""

import json

import httpx
import pytest

from api_tests.http.asking import MARKER, assert_problem, resolve, sent
from service.core.settings import Settings

pytestmark = pytest.mark.anyio

POSTS = ["/v1/simulations", "/v1/estimates"]

MALFORMED: dict[str, tuple[str | bytes, int]] = {
    "a comma too many": ('{"seed": 1,}', 11),
    "a word": (MARKER, 0),
    "a quote missing": (f'{{"{MARKER}', 1),
    "a bracket missing": ('{"network": {"features": 1', 26),
    "something behind": (f"{{}} {MARKER}", 3),
    "single quotes": ("{'seed': 1}", 1),
    "a comment": ('{"seed": 1 /* one */}', 11),
    "a tab in a string": ('{"a\tb": 1}', 3),
    "a byte order mark": (b"\xef\xbb\xbf{}", 0),
    "blanks alone": ("   ", 3),
    "a plus sign": ('{"seed": +1}', 9),
    "a leading zero": ('{"seed": 01}', 10),
    "hexadecimal": ('{"seed": 0x10}', 10),
    "latin-1": ('{"é": 1}'.encode("latin-1"), 2),
    "an encoded surrogate": (b'{"seed": "\xed\xa0\x80"}', 10),
    "UTF-16": ('{"seed": 1}'.encode("utf-16"), 0),
    "an overlong slash": (b'"\xc0\xaf"', 1),
}


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize(("body", "position"), MALFORMED.values(), ids=MALFORMED)
async def test_a_body_that_is_no_json_is_a_400_with_the_position(
    client: httpx.AsyncClient, path: str, body: str | bytes, position: int
) -> None:
    problem = assert_problem(await client.post(path, **sent(body)), 400, "malformed-json")
    assert problem["facts"].keys() == {"position"}
    assert abs(problem["facts"]["position"] - position) <= 1  # from Python 3.13 on it is the comma that is too many
    assert problem["errors"] == []


@pytest.mark.parametrize("levels", [193, 300, 10_000, 100_000, 1_000_000])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}"), ("[", ""), ('[{"network":', "")])
async def test_bottomless_nesting_is_a_400(client: httpx.AsyncClient, levels: int, opening: str, closing: str) -> None:
    text = f"{opening * levels}{MARKER if closing else ''}{closing * levels}"[: Settings().body_bytes]
    problem = assert_problem(await client.post("/v1/estimates", **sent(text)), 400, "malformed-json")
    assert problem["facts"] == {"limit": 192}


DUPLICATES = {
    "at the bottom": ('{"network": {"layers": [{"kind": "dense"}, {"units": 1, "units": 2}]}}', "/network/layers/1"),
    "in the middle": ('{"data": {"samples": 1, "samples": 1}}', "/data"),
    "with escapes": ('{"a/b": {"c~d": [0, {"x": 1, "\\u0078": 2}]}}', "/a~1b/c~0d/1"),
    "inside half a surrogate pair": ('{"\\ud800": {"x": 1, "x": 2}}', "/\ud800"),
    "of the body itself": ('{"seed": 1, "seed": 1}', ""),
    "inside a shadowed one": ('{"data": {"data": {"a": {"b": 1, "b": 2}, "a": 3}}}', "/data/data"),
}


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize(("text", "pointer"), DUPLICATES.values(), ids=DUPLICATES)
async def test_a_field_given_twice_is_a_400_with_a_pointer_to_its_object(
    client: httpx.AsyncClient, path: str, text: str, pointer: str
) -> None:
    problem = assert_problem(await client.post(path, **sent(text)), 400, "malformed-json")
    assert [error["pointer"] for error in problem["errors"]] == [pointer]
    assert isinstance(resolve(pointer, json.loads(text)), dict)
