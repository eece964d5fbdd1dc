"""What browsers are told beside the files: what the page may do, and what need not be sent again."""

from gzip import compress

import pytest
from starlette.datastructures import Headers

from service.http.routes.pages import _HEADERS, _vega
from service.http.tags import packed_tag

SCRIPT = b"vega " * 1000
PACKED = compress(SCRIPT, mtime=0)
TAG = str(_vega(PACKED, Headers({})).headers["etag"])


@pytest.mark.parametrize(("encodings", "encoded"), [
    (None, False), ("", False), ("br", False), ("gzip", True), ("br, gzip;q=0.5", True),
])  # fmt: skip
def test_a_script_is_packed_for_those_that_unpack_it(encodings: str | None, encoded: bool) -> None:
    answer = _vega(PACKED, Headers({} if encodings is None else {"Accept-Encoding": encodings}))
    assert answer.status_code == 200
    assert answer.headers.get("content-encoding") == ("gzip" if encoded else None)
    assert bytes(answer.body) == (PACKED if encoded else SCRIPT)
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["vary"] == "Accept-Encoding"
    assert answer.headers["etag"] == (packed_tag(TAG, "gzip") if encoded else TAG)


@pytest.mark.parametrize(("known", "status"), [(TAG, 304), ('"another"', 200), ("", 200)])
def test_a_script_that_the_browser_has_is_not_sent_again(known: str, status: int) -> None:
    answer = _vega(PACKED, Headers({"If-None-Match": known, "Accept-Encoding": "gzip"}))
    assert (answer.status_code, bool(answer.body)) == (status, status == 200)
    assert answer.headers["etag"] == (TAG if status == 304 else packed_tag(TAG, "gzip"))


def test_another_script_has_another_tag() -> None:
    assert _vega(compress(b"another", mtime=0), Headers({})).headers["etag"] != TAG


def test_the_page_loads_from_here_alone_is_framed_by_none_and_sends_forms_nowhere() -> None:
    policy = dict(one.strip().split(" ", 1) for one in _HEADERS["Content-Security-Policy"].split(";"))
    assert {name for name, sources in policy.items() if sources == "'none'"} == {
        "default-src", "base-uri", "form-action", "frame-ancestors",
    }  # fmt: skip
    assert {name for name, sources in policy.items() if sources == "'self'"} == {
        "script-src", "style-src", "connect-src", "font-src",
    }  # fmt: skip
    assert policy["img-src"] == "'self' data: blob:"
