"""The audit log: a line for everything that is changed or denied, which has no key and no body in it."""

import base64
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from api_tests.http.asking import sent
from api_tests.http.keyed import bearer, write_keys
from api_tests.http.working import RUBRIC, Bench, bench_over, sweep

pytestmark = pytest.mark.anyio

HERE = "/v1/assignments/secret_of_the_body"


@pytest.fixture
def keys(tmp_path: Path) -> dict[str, str]:
    return write_keys(tmp_path / "keys.json", {"ada": ["read", "simulate", "teach"], "ben": ["read"]})


@pytest.fixture
async def bench(tmp_path: Path, keys: dict[str, str]) -> AsyncIterator[Bench]:
    file = str(tmp_path / "keys.json")
    async with bench_over(f"sqlite:///{tmp_path}/jobs.sqlite3", api_keys_file=file) as made:
        yield made


def audited(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [one for one in caplog.records if one.name == "service.audit"]


def said(record: logging.LogRecord) -> dict[str, object]:
    return {**vars(record)["in_sentence"], **vars(record)["fields"]}


def told(caplog: pytest.LogCaptureFixture) -> list[tuple[object, ...]]:
    names = ("owner", "address", "operation", "method", "path", "status", "code")
    return [tuple(said(one).get(name, "") for name in names) for one in audited(caplog)]


async def test_what_is_changed_and_what_is_denied_has_a_line_each(
    bench: Bench, keys: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "service.audit")
    ada, ben = bearer(keys["ada"]), bearer(keys["ben"])
    body = sent({"rubric": RUBRIC})
    await bench.client.put(HERE, content=body["content"], headers={**body["headers"], **ada})
    await bench.client.put(HERE, content=body["content"], headers={**body["headers"], **ben})
    await bench.client.get(HERE, headers=ben)
    await bench.client.get(HERE, headers={"X-Request-ID": "mine"})
    job = (await bench.client.post("/v1/sweeps", **{**sent(sweep()), "headers": {**body["headers"], **ada}})).json()
    await bench.client.delete(job["links"]["self"], headers=ada)
    address = "127.0.0.1"
    assert told(caplog) == [
        ("ada", address, "put_assignment", "PUT", HERE, 200, ""),
        ("ben", address, "put_assignment", "PUT", HERE, 403, "scope-missing"),
        ("ben", address, "get_assignment", "GET", HERE, 403, "scope-missing"),
        ("-", address, "none", "GET", HERE, 401, "key-needed"),
        ("ada", address, "create_sweep", "POST", "/v1/sweeps", 202, ""),
        ("ada", address, "cancel_job", "DELETE", job["links"]["self"], 200, ""),
    ]
    assert said(audited(caplog)[3])["request_id"] == "mine"


async def test_what_is_read_and_what_changes_nothing_has_none(
    bench: Bench, keys: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "service.audit")
    ada = bearer(keys["ada"])
    await bench.client.get("/v1/jobs", headers=ada)
    await bench.client.post("/v1/estimates", **{**sent({"network": {}}), "headers": ada})
    await bench.client.get("/healthz/live")
    await bench.client.request("OPTIONS", "/v1/jobs", headers=ada)
    assert told(caplog) == []


async def test_no_key_and_no_body_is_in_any_log(
    bench: Bench, keys: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    key = keys["ada"]
    basic = base64.b64encode(f"ada:{key}".encode()).decode()
    body = sent({"rubric": {**RUBRIC, "title": "not for the log"}})
    for value in (f"Bearer {key}", f"Basic {basic}", f"Bearer {key}!", f"Token {key}"):
        await bench.client.put(HERE, content=body["content"], headers={**body["headers"], "Authorization": value})
    logged = "\n".join(str(vars(record)) for record in caplog.records if record.name.startswith("service"))
    assert "put_assignment" in logged
    for secret in (key, basic, "not for the log"):
        assert secret not in logged
