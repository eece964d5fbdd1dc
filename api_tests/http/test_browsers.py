"""What the pages of others may not do through a visitor's browser, and what browsers are told of every answer."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from api_tests.cases import case
from api_tests.http.asking import spec
from api_tests.http.serving import small_app
from service.core.settings import Settings
from service.http.browsers import GuardedAnswers

pytestmark = pytest.mark.anyio

ELSEWHERE = "https://elsewhere.test"
COURSE = "https://lms.example.org"
POST = {"content-type": "application/json"}


@asynccontextmanager
async def asking(**settings: Any) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a small application with these settings."""
    chosen = Settings(**({"allowed_hosts": ""} | settings))
    app = GuardedAnswers(small_app(chosen), chosen)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        yield client


def refused(answer: httpx.Response) -> str:
    """The code of the problem that is answered; empty for any other answer."""
    found = answer.json()
    return str(found.get("code", "")) if isinstance(found, dict) else ""


@pytest.mark.parametrize(("settings", "known", "unknown"), [
    ({}, ["localhost", "LOCALHOST:8000", "localhost.", "course.localhost", "127.0.0.1", "127.0.0.1:80", "[::1]:8000",
          "192.0.2.7:8000", "[2001:db8::1]"],
     ["evil.test", "evil.test:8000", "localhost.evil.test", "127.0.0.1.evil.test", "127.0.0.1.nip.io", "", "a b",
      "user@localhost", "localhost, evil.test", "[evil.test]", "[::1", "xlocalhost", "a" * 5000]),
    ({"host": "Verdict.Example.org"}, ["verdict.example.org", "verdict.example.org:8000", "localhost"],
     ["example.org", "a.verdict.example.org"]),
    ({"allowed_hosts": "verdict, *.example.org"}, ["verdict:8000", "a.example.org", "a.b.example.org", "127.0.0.1"],
     ["example.org", "xexample.org", "verdict.test"]),
    ({"allowed_hosts": "*"}, ["evil.test", "", "anything:1"], []),
])  # fmt: skip
async def test_a_request_is_answered_by_the_names_of_the_service_and_by_no_other(
    settings: dict[str, str], known: list[str], unknown: list[str]
) -> None:
    async with asking(**settings) as client:
        for host in known:
            with case(host):
                assert (await client.get("/where", headers={"Host": host})).status_code == 200
        for host in unknown:
            with case(host):
                answer = await client.get("/where", headers={"Host": host})
                assert (answer.status_code, refused(answer)) == (421, "unknown-host")


async def test_a_request_of_http_1_0_needs_no_name() -> None:
    chosen = Settings(allowed_hosts="")
    told: list[Any] = []

    async def send(message: Any) -> None:
        told.append(message)

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {
        "type": "http", "method": "GET", "path": "/where", "raw_path": b"/where", "query_string": b"", "headers": [],
        "client": None, "server": ("localhost", 80), "scheme": "http", "http_version": "1.0", "root_path": "",
        "asgi": {"version": "3.0"},
    }  # fmt: skip
    await GuardedAnswers(small_app(chosen), chosen)(scope, receive, send)
    assert told[0]["status"] == 200


FOREIGN: list[dict[str, str]] = [
    {"Origin": ELSEWHERE},
    {"Origin": "http://localhost:8001"},
    {"Origin": "null"},
    {"Origin": "http://localhost.evil.test"},
    {"Origin": ELSEWHERE, "Sec-Fetch-Site": "cross-site"},
    {"Origin": "http://localhost:8001", "Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site"},
]
OWN: list[dict[str, str]] = [
    {},
    {"Origin": "http://localhost"},
    {"Origin": "https://localhost"},  # before a proxy that speaks TLS
    {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"},
    {"Origin": "https://verdict.example.org", "Sec-Fetch-Site": "same-origin"},  # before one that changes the host
    {"Sec-Fetch-Site": "none"},
]


async def test_a_page_of_another_origin_changes_nothing() -> None:
    async with asking() as client:
        for headers in FOREIGN:
            for method in ("POST", "PUT", "PATCH", "DELETE", "PROPFIND"):
                with case((method, headers)):
                    answer = await client.request(method, "/length", content=b"abc", headers=headers)
                    assert (answer.status_code, refused(answer)) == (403, "foreign-origin")
            with case(headers):
                assert (await client.get("/where", headers=headers)).status_code == 200
        for headers in OWN:
            with case(headers):
                assert (await client.post("/length", content=b"abc", headers=headers)).text == "3"


async def test_pages_of_the_origins_that_are_named_may_change_something_and_no_others() -> None:
    async with asking(cors_origins=f"{COURSE} http://localhost:8001") as client:
        for site in ({}, {"Sec-Fetch-Site": "cross-site"}):
            answer = await client.post("/length", content=b"abc", headers={"Origin": COURSE, **site})
            assert (answer.text, answer.headers["access-control-allow-origin"]) == ("3", COURSE)
        for headers in FOREIGN:
            with case(headers):
                answer = await client.post("/length", content=b"abc", headers=headers)
                assert (answer.status_code == 403) is (headers.get("Origin") != "http://localhost:8001")


PREFLIGHT = {
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization,content-type,idempotency-key,last-event-id",
}


async def test_a_preflight_is_answered_for_the_origins_that_are_named_and_refused_for_others() -> None:
    async with asking(cors_origins=COURSE) as client:
        answer = await client.options("/length", headers={"Origin": COURSE, **PREFLIGHT})
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == COURSE
        assert answer.headers["access-control-allow-headers"] == PREFLIGHT["Access-Control-Request-Headers"]
        assert answer.headers["access-control-allow-credentials"] == "true"
        assert {"GET", "POST", "PUT", "DELETE"} <= set(answer.headers["access-control-allow-methods"].split(", "))
        assert "Origin" in answer.headers["vary"]
        answer = await client.options("/length", headers={"Origin": ELSEWHERE, **PREFLIGHT})
        assert (answer.status_code, refused(answer)) == (403, "foreign-origin")
        assert "access-control-allow-origin" not in answer.headers
        exposed = (await client.get("/where", headers={"Origin": COURSE})).headers["access-control-expose-headers"]
        assert {"Location", "Retry-After", "X-Request-ID", "Cache-Status", "ETag", "Link", "RateLimit-Limit"} <= set(
            exposed.split(", ")
        )
        failure = await client.get("/nothing", headers={"Origin": COURSE})
        assert (failure.status_code, failure.headers["access-control-allow-origin"]) == (404, COURSE)


async def test_without_the_setting_no_origin_may_read() -> None:
    async with asking() as client:
        answer = await client.get("/where", headers={"Origin": ELSEWHERE})
        assert not [name for name in answer.headers if name.startswith("access-control")]
        answer = await client.options("/length", headers={"Origin": ELSEWHERE, **PREFLIGHT})
        assert (answer.status_code, refused(answer)) == (403, "foreign-origin")


async def test_every_origin_may_be_let_in_but_without_what_the_browser_knows_of_its_visitor() -> None:
    async with asking(cors_origins="*") as client:
        answer = await client.post("/length", content=b"abc", headers=FOREIGN[4])
        assert (answer.text, answer.headers["access-control-allow-origin"]) == ("3", "*")
        assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize("settings", [
    {"cors_origins": "lms.example.org"}, {"cors_origins": "https://lms.example.org/"},
    {"cors_origins": "https://a.test/x, https://b.test"}, {"allowed_hosts": "verdict:8000"},
    {"allowed_hosts": "https://verdict"}, {"allowed_hosts": "a.*.test"}, {"trusted_proxies": "*"},
    {"trusted_proxies": "proxy"}, {"trusted_proxies": "10.0.0.0/33"},
])  # fmt: skip
def test_a_name_an_origin_or_a_network_that_is_none_is_refused_at_the_start(settings: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"no name of a host|no origin|does not appear to be"):
        Settings(**settings)


async def test_a_submission_of_xqueue_comes_from_programs_and_from_no_page(client: httpx.AsyncClient) -> None:
    payload = {"claim": {"kind": "number", "id": "a", "expected": 2.0, "absolute_tolerance": 0.1}}
    body = json.dumps({
        "xqueue_header": "{}",
        "xqueue_body": json.dumps({
            "student_info": "{}", "student_response": "2", "grader_payload": json.dumps(payload),
        }),
    })  # fmt: skip
    for kind in ({}, {"Content-Type": "text/plain"}, POST):
        for headers in ({"Origin": ELSEWHERE}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}):
            answer = await client.post("/v1/adapters/xqueue", content=body, headers={**kind, **headers})
            assert (answer.status_code, refused(answer)) == (403, "foreign-origin")
        answer = await client.post("/v1/adapters/xqueue", content=body, headers=kind)
        assert answer.status_code == 200, answer.text
        assert answer.json()["correct"] is True


DATA = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "cross-origin-resource-policy": "same-origin",
    "x-frame-options": "DENY",
}


@pytest.fixture(scope="module")
async def digest(client: httpx.AsyncClient) -> str:
    """The digest of a small report."""
    return str((await client.post("/v1/simulations", json=spec(trials=2))).json()["digest"])


async def test_every_answer_says_what_a_browser_may_do_with_it(client: httpx.AsyncClient, digest: str) -> None:
    report = f"/v1/simulations/{digest}"
    for path, method in [
        ("/v1/version", "GET"), (report, "GET"), (f"{report}/layers.csv", "GET"), ("/openapi.json", "GET"),
        ("/healthz/live", "GET"), ("/nothing", "GET"), ("/v1/version", "DELETE"), ("/v1/estimates", "POST"),
        ("/", "GET"), ("/teach", "GET"), ("/page/laboratory.css", "GET"), ("/page/favicon.svg", "GET"),
        ("/docs", "GET"), ("/docs/assets/swagger-ui.css", "GET"),
    ]:  # fmt: skip
        with case((method, path)):
            answer = await client.request(method, path)
            assert {name: answer.headers.get_list(name) for name in DATA} == {name: [one] for name, one in DATA.items()}
            [policy] = answer.headers.get_list("content-security-policy")
            assert policy.startswith("default-src 'none'; ")
            assert "frame-ancestors 'none'" in policy


def test_pictures_and_pages_without_a_script_may_be_shown_in_other_pages(
    service_url: str,
) -> None:
    digest = httpx.post(f"{service_url}/v1/simulations", json=spec(trials=2)).json()["digest"]
    drawing = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    for name, policy in (
        ("chart.svg", drawing),
        ("chart.png", drawing),
        ("report.html", "default-src 'none'; img-src"),
    ):
        with case(name):
            answer = httpx.get(f"{service_url}/v1/simulations/{digest}/{name}")
            assert answer.status_code == 200
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
            assert "x-frame-options" not in answer.headers
            [found] = answer.headers.get_list("content-security-policy")
            assert found.startswith(policy)
            assert "frame-ancestors" not in found


async def test_what_is_answered_to_a_key_is_shown_in_the_pages_of_the_service_and_of_those_named_alone() -> None:
    async with asking(cors_origins=COURSE) as client:
        answer = await client.get("/picture", headers={"Authorization": "Bearer gv_key"})
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        policies = answer.headers.get_list("content-security-policy")
        assert f"frame-ancestors 'self' {COURSE}" in policies
        assert any(one.startswith("default-src 'none'") for one in policies)


async def test_that_nothing_has_changed_does_not_change_what_was_said_of_it(client: httpx.AsyncClient) -> None:
    tag = (await client.get("/page/laboratory.css")).headers["etag"]
    answer = await client.get("/page/laboratory.css", headers={"If-None-Match": tag})
    assert answer.status_code == 304
    assert answer.headers.get_list("content-security-policy") in ([], (await client.get("/")).headers.get_list(
        "content-security-policy"
    ))  # fmt: skip
    assert answer.headers.get_list("x-content-type-options") == ["nosniff"]


async def test_a_defect_is_answered_with_the_same_headers(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    from service.http.routes import operations  # noqa: PLC0415

    monkeypatch.setattr(operations, "__version__", 7)
    answer = await client.get("/v1/version")
    assert answer.status_code == 500
    assert {name: answer.headers.get(name) for name in DATA} == DATA
