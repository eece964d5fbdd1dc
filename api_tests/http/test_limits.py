"""How much one may ask for: rates and streams, by owner or address, told in headers, and a Retry-After that is true."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from service.core.context import REQUEST, Caller, Quotas, RequestContext
from service.core.settings import Settings
from service.http import limits as module
from service.http.limits import LimitsMiddleware
from service.http.rates import Rates

pytestmark = pytest.mark.anyio


class Clock:
    """Seconds that only a test moves."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    made = Clock()
    monkeypatch.setattr(module, "monotonic", made)
    return made  # type: ignore[return-value]


async def answers(scope: Scope, receive: Receive, send: Send) -> None:
    await Response("ok")(scope, receive, send)


async def asked(middleware: Any, caller: Caller, path: str = "/v1/catalog") -> httpx.Response:
    """The answer to a request of `caller`."""

    async def as_caller(scope: Scope, receive: Receive, send: Send) -> None:
        before = REQUEST.set(RequestContext(request_id="r", caller=caller))
        try:
            await middleware(scope, receive, send)
        finally:
            REQUEST.reset(before)

    async with httpx.AsyncClient(transport=httpx.ASGITransport(as_caller), base_url="http://service") as client:
        return await client.get(path)


def limits(**settings: Any) -> LimitsMiddleware:
    return LimitsMiddleware(answers, Settings(**settings))


async def test_on_loopback_without_keys_there_is_no_rate_unless_it_is_set(clock: Clock) -> None:
    free, bounded = limits(), limits(requests_per_second=0.1)
    for _ in range(1000):
        answer = await asked(free, Caller(address="127.0.0.1"))
        assert (answer.status_code, "ratelimit-limit" in answer.headers) == (200, False)
    assert [(await asked(bounded, Caller(address="127.0.0.1"))).status_code for _ in range(2)] == [200, 429]


async def test_a_rate_is_told_in_headers_and_who_exceeds_it_is_told_when_to_come_again(clock: Clock) -> None:
    one, ada = limits(requests_per_second=2, host="0.0.0.0"), Caller(address="10.0.0.1")
    left = []
    for _ in range(20):
        answer = await asked(one, ada)
        assert answer.status_code == 200
        assert (answer.headers["ratelimit-limit"], answer.headers["ratelimit-policy"]) == ("20", "20;w=10")
        left.append(int(answer.headers["ratelimit-remaining"]))
    assert left == list(range(19, -1, -1))
    refused = await asked(one, ada)
    assert (refused.status_code, refused.json()["code"]) == (429, "rate-limited")
    assert refused.headers["content-type"] == "application/problem+json"
    assert (refused.headers["ratelimit-remaining"], refused.headers["ratelimit-reset"]) == ("0", "10")
    assert (await asked(one, Caller(address="10.0.0.2"))).status_code == 200
    clock.now += int(refused.headers["retry-after"])
    assert (await asked(one, ada)).status_code == 200


@pytest.mark.parametrize("rate", [0.05, 0.3, 1.0, 7.0])
async def test_who_comes_again_when_told_is_answered_and_a_second_sooner_is_not(clock: Clock, rate: float) -> None:
    one, ada = limits(requests_per_second=rate), Caller(address="10.0.0.1")
    while (refused := await asked(one, ada)).status_code == 200:
        pass
    again = int(refused.headers["retry-after"])
    if again > 1:
        clock.now += again - 1
        assert (await asked(one, ada)).status_code == 429
        clock.now += 1
    else:
        clock.now += again
    assert (await asked(one, ada)).status_code == 200


async def test_a_key_may_have_a_rate_of_its_own_wherever_it_is_used(clock: Clock) -> None:
    one = limits()
    ada = Caller("ada", address="10.0.0.1", quotas=Quotas(requests_per_second=0.2))
    assert (await asked(one, ada)).status_code == 200
    assert (await asked(one, ada)).status_code == 200
    elsewhere = Caller("ada", address="10.0.0.2", quotas=Quotas(requests_per_second=0.2))
    assert (await asked(one, elsewhere)).status_code == 429
    assert (await asked(one, Caller("ben", address="10.0.0.1"))).status_code == 200


async def test_probes_have_no_rate(clock: Clock) -> None:
    one = limits(requests_per_second=0.01)
    for _ in range(5):
        assert (await asked(one, Caller(address="10.0.0.1"), "/healthz/live")).status_code == 200


async def test_no_more_streams_are_open_than_may_and_one_that_ends_makes_room() -> None:
    ada = Caller("ada", quotas=Quotas(open_streams=2))
    found: list[int] = []

    async def streams(scope: Scope, receive: Receive, send: Send) -> None:
        if len(found) < 2:  # while this one is open, another is
            found.append(0)
            found.append((await asked(one, ada, "/v1/jobs/x/events")).status_code)
        await Response(str(Request(scope).url.path))(scope, receive, send)

    one = LimitsMiddleware(streams, Settings())
    assert (await asked(one, ada, "/v1/jobs/x/events")).status_code == 200
    assert found[-1] == 200
    one._open["ada"] = 2
    refused = await asked(one, ada, "/v1/jobs/x/events")
    assert (refused.status_code, refused.json()["code"]) == (429, "quota-exceeded")
    assert (await asked(one, ada)).status_code == 200, "anything else is answered"
    one._open["ada"] -= 1
    assert (await asked(one, ada, "/v1/jobs/x/events")).status_code == 200
    assert one._open == {"ada": 1}


def test_of_many_addresses_those_that_asked_last_are_remembered() -> None:
    rates = Rates()
    for number in range(30_000):
        rates.take(f"address {number}", 1.0, 0.0)
    assert len(rates._buckets) == 10_000
