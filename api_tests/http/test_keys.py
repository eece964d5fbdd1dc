"""Who may do what: every operation has its scope, a key says whose it is, and who has none is refused."""

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from service.core.context import Scope
from service.core.keys import digest_of, new_key
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
ESTIMATE = {"network": {"features": 2, "layers": [{"kind": "dense", "units": 2}]}}
KEYS = {scope.value: new_key() for scope in Scope}


def write_keys(path: Path, *more: dict[str, object]) -> None:
    entries = [{"name": f"key-{name}", "sha256": digest_of(key), "scopes": [name]} for name, key in KEYS.items()]
    path.write_text(json.dumps({"keys": [*entries, *more]}))
    path.chmod(0o600)


@pytest.fixture(scope="module")
def key_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("keys") / "keys.json"
    write_keys(path)
    return path


@pytest.fixture(scope="module")
def app(key_file: Path) -> Application:
    return create_app(Settings(api_keys_file=str(key_file)))


@pytest.fixture(scope="module")
async def client(app: Application) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as connected:
        yield connected


def bearer(name: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {KEYS[name]}"}


def url_of(path: str) -> str:
    return (
        path.replace("{id}", "0" * 32)
        .replace("{digest}", "0" * 64)
        .replace("{source}", "keras")
        .replace("{index}", "0")
    )


def operations(app: Application) -> Iterator[tuple[str, str, list[dict[str, list[str]]]]]:
    for path, methods in app.openapi()["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation["security"]


def test_every_operation_has_a_scope_or_is_public(app: Application) -> None:
    for method, path, security in operations(app):
        if (method, path) in PUBLIC:
            assert security == [], path
        else:
            (needed,) = security
            (scope,) = needed["key"]
            assert scope in list(Scope), path


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
    app: Application, client: httpx.AsyncClient
) -> None:
    for method, path, security in operations(app):
        needed = security[0]["key"] if security else list(Scope)
        for scope in (one for one in Scope if one is not Scope.ADMIN and one not in needed):
            answer = await client.request(method, url_of(path), headers=bearer(scope))
            assert answer.status_code == 403, (method, path, scope)
            assert "scope-missing" in answer.text, (method, path)
            assert f"with the scope `{needed[0]}`; yours has {scope}." in answer.text, (method, path)


async def test_a_body_is_not_read_for_a_caller_who_may_not_send_it(client: httpx.AsyncClient) -> None:
    async def endless() -> AsyncIterator[bytes]:
        raise AssertionError("the body was asked for")
        yield b""

    for path in ("/v1/simulations", "/v1/imports/keras", "/v1/gradings"):
        for headers, status in (({}, 401), (bearer("read"), 403)):
            answer = await client.post(path, content=endless(), headers=headers)
            assert answer.status_code == status, path
