"""Reports that are kept for whoever asks the same again."""

import httpx

from api_tests.http.asking import sent, spec
from service.core.cache import Cache


def test_the_report_used_longest_ago_gives_way_first() -> None:
    cache = Cache(10)
    for digest in ("a", "b"):
        cache.put(digest, b"12345")
    assert cache.get("a") == b"12345"
    cache.put("c", b"123")
    assert (cache.get("a"), cache.get("b"), cache.get("c")) == (b"12345", None, b"123")


def test_a_report_beyond_the_limit_is_not_kept_and_neither_is_any_other() -> None:
    cache = Cache(3)
    cache.put("a", b"1234")
    assert cache.get("a") is None
    cache.put("b", b"123")
    assert cache.get("b") == b"123"


def test_a_report_that_is_put_again_counts_once() -> None:
    cache = Cache(4)
    for report in (b"12", b"34"):
        cache.put("a", report)
    cache.put("b", b"56")
    assert (cache.get("a"), cache.get("b")) == (b"34", b"56")


def test_the_same_request_twice_is_answered_from_the_cache_and_says_so(service_url: str) -> None:
    body = spec(seed=123456789)
    first, second = (httpx.post(f"{service_url}/v1/simulations", **sent(body), timeout=60) for _ in range(2))
    assert first.headers["cache-status"] == "gradient-verdict; fwd=miss; stored"
    assert second.headers["cache-status"] == "gradient-verdict; hit"
    assert first.content == second.content


def test_what_is_larger_than_the_whole_cache_is_not_kept_and_drives_nothing_out() -> None:
    cache = Cache(10)
    assert cache.put("a", b"12345")
    assert not cache.put("huge", b"12345678901")
    assert cache.get("huge") is None
    assert cache.get("a") == b"12345"
    assert cache.size == 5
