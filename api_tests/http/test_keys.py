"""Who may do what: every operation has its scope, a key says whose it is, and who has none is refused."""

import base64
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from api_tests.http.asking import assert_problem, sent, spec
from api_tests.http.keyed import bearer, write_keys
from api_tests.http.working import bench_over
from service.core.context import Scope
from service.core.settings import Settings
from service.http.app import Application
from service.main import create_app

pytestmark = pytest.mark.anyio

PUBLIC = {
    ("get", "/evaluate/health"),
    ("get", "/healthz/live"),
    ("get", "/healthz/ready"),
    ("get", "/openapi.json"),
    ("get", "/v1/version"),
}


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("keys")
    made = write_keys(folder / "keys.json", {f"key-{scope}": [scope] for scope in Scope})
    return {**made, "file": str(folder / "keys.json")}


@pytest.fixture(scope="module")
def app(keys: dict[str, str]) -> Application:
    return create_app(Settings(api_keys_file=keys["file"]))


@pytest.fixture(scope="module")
async def client(app: Application) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as connected:
        yield connected
    await app.state.services.archive.close()
    await app.state.services.jobs.close()


def url_of(path: str) -> str:
    return (
        path.replace("{id}", "0" * 32)
        .replace("{digest}", "0" * 64)
        .replace("{source}", "keras")
        .replace("{index}", "0")
    )


def operations(app: Application) -> Iterator[tuple[str, str, str]]:
    """Every operation with the scope that the document says it needs; none where it is public."""
    for path, methods in app.openapi()["paths"].items():
        for method, operation in methods.items():
            found = re.search("one with the scope `([a-z]+)`", operation["description"])
            assert operation["security"] == ([{"key": []}] if found else []), path
            yield method, path, found[1] if found else ""


def test_every_operation_has_a_scope_or_is_public(app: Application) -> None:
    for method, path, scope in operations(app):
        assert scope in ([""] if (method, path) in PUBLIC else list(Scope)), path


async def test_no_operation_answers_without_a_key_unless_it_is_public(
    app: Application, client: httpx.AsyncClient
) -> None:
    for method, path, _ in operations(app):
        answer = await client.request(method, url_of(path))
        assert (answer.status_code == 401) == ((method, path) not in PUBLIC), path
        if answer.status_code == 401:
            assert answer.json()["code"] == "key-needed"
            assert [one.split()[0] for one in answer.headers.get_list("www-authenticate")] == ["Bearer", "Basic"]


async def test_an_operation_is_refused_to_a_key_without_its_scope_and_the_answer_names_it(
    app: Application, client: httpx.AsyncClient, keys: dict[str, str]
) -> None:
    for method, path, needed in operations(app):
        for scope in (one for one in Scope if needed and one is not Scope.ADMIN and one != needed):
            answer = await client.request(method, url_of(path), headers=bearer(keys[f"key-{scope}"]))
            assert answer.status_code == 403, (method, path, scope)
            assert "scope-missing" in answer.text, (method, path)
            assert f"with the scope `{needed}`; yours has {scope}." in answer.text, (method, path)


async def test_a_body_is_not_read_for_a_caller_who_may_not_send_it(
    client: httpx.AsyncClient, keys: dict[str, str]
) -> None:
    async def endless() -> AsyncIterator[bytes]:
        raise AssertionError("the body was asked for")
        yield b""

    for path in ("/v1/simulations", "/v1/imports/keras", "/v1/gradings"):
        for headers, status in (({}, 401), (bearer(keys["key-read"]), 403)):
            answer = await client.post(path, content=endless(), headers=headers)
            assert answer.status_code == status, path


def basic(user: bytes, key: str) -> bytes:
    return b"Basic " + base64.b64encode(user + b":" + key.encode())


async def test_a_key_is_sent_as_a_bearer_or_as_the_password_of_basic(
    client: httpx.AsyncClient, keys: dict[str, str]
) -> None:
    key = keys["key-read"]
    for value in (
        f"Bearer {key}",
        f"bearer {key}",
        f"BEARER   {key}  ",
        basic(b"", key),
        basic(b"key-read", key),
        basic("zoë".encode(), key),
        basic(b"\xff\xfe", key).replace(b"Basic", b"basic"),
    ):
        answer = await client.get("/v1/jobs", headers={"Authorization": value})
        assert answer.status_code == 200, value


async def test_what_is_no_known_key_is_refused_and_said_to_be_unknown(
    client: httpx.AsyncClient, keys: dict[str, str]
) -> None:
    key = keys["key-read"]
    for value in (
        b"",
        b"Bearer",
        b"Bearer ",
        f"Bearer {key}x",
        f"Bearer {key[:-1]}",
        f"Bearer {key.upper()}",
        f"Bearer  {key} {key}",
        f"Token {key}",
        key,
        f"Bearer {'a' * 60_000}",
        b"Bearer gv_\xc3\xa9\xff",
        b"Basic",
        b"Basic !!!",
        b"Basic " + base64.b64encode(key.encode()),
        basic(b"a:b", key),  # the password begins at the first colon
        basic(key.encode(), ""),
    ):
        answer = await client.get("/v1/jobs", headers={"Authorization": value})
        assert (answer.status_code, answer.json()["code"]) == (401, "key-unknown"), value


async def test_two_headers_with_keys_are_refused_even_where_both_are_right(
    client: httpx.AsyncClient, keys: dict[str, str]
) -> None:
    twice = [("Authorization", f"Bearer {keys['key-read']}"), ("authorization", f"Bearer {keys['key-admin']}")]
    answer = await client.get("/v1/jobs", headers=twice)
    assert (answer.status_code, answer.json()["code"]) == (401, "key-unknown")


async def test_what_is_public_is_answered_whatever_key_is_sent(client: httpx.AsyncClient) -> None:
    for path in ("/", "/teach", "/docs", "/openapi.json", "/v1/version", "/healthz/live", "/page/main.js"):
        for headers in ({}, {"Authorization": "Bearer wrong"}):
            assert (await client.get(path, headers=headers)).status_code in (200, 404), path
    for path in ("/page/../v1/jobs", "/page/%2e%2e/v1/jobs", "/docs/../v1/jobs", "//v1/jobs", "/v1/version/../jobs"):
        answer = await client.get(path)
        assert answer.status_code in (401, 404), path
        assert "items" not in answer.text


async def test_who_may_not_simulate_is_not_told_what_others_have_asked_in_the_same_bytes(
    tmp_path: Path, keys: dict[str, str]
) -> None:
    request = sent(spec())
    async with bench_over(f"sqlite:///{tmp_path}/reports.sqlite3", api_keys_file=keys["file"]) as bench:

        async def asked(scope: Scope) -> httpx.Response:
            key = bearer(keys[f"key-{scope}"])
            return await bench.client.post("/v1/simulations", **{**request, "headers": request["headers"] | key})

        assert (await asked(Scope.SIMULATE)).status_code == 200
        assert (await asked(Scope.SIMULATE)).headers["cache-status"] == "gradient-verdict; hit"
        for scope in (Scope.READ, Scope.GRADE):
            assert_problem(await asked(scope), 403, "scope-missing")
