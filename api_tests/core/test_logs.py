"""The log: a line for each event in text and in JSON, whatever is in it; no kind of event floods it."""

import io
import json
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from service.core import logs
from service.core.logs import LOGGED_REQUEST, fields, start_logs

LOG = logging.getLogger("service.tested")
FORGED = "2026-01-01 00:00:00,000 service.access GET '/' 200 1.0 ms mine"
ENDS = ["\n", "\r", "\r\n", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029", "\x1b[2K\x00"]
"""What some program takes for the end of a line, or a terminal for a command."""


@contextmanager
def logged(form: str, level: str = "info") -> Iterator[io.StringIO]:
    """What is logged in the block; the log of the tests is there again after it."""
    root, own, stream = logging.getLogger(), logging.getLogger("service"), io.StringIO()
    before = root.handlers[:], root.level, own.level
    root.handlers = []
    try:
        start_logs(form, level, stream)
        yield stream
    finally:
        logging.captureWarnings(False)
        root.handlers, root.level, own.level = before


def as_json(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().split("\n")[:-1]]


def test_a_line_has_its_sentence_and_its_fields_as_text_and_as_json() -> None:
    said = fields({"limit": 3.0}, in_sentence={"path": "/"}, owner="ada b", empty="", none=None, digest="d=e", n=0)
    with logged("json") as lines:
        LOG.warning("went %s", "on", extra=said)
    (line,) = as_json(lines)
    assert line.pop("time").startswith("20")
    assert line == {
        "level": "WARNING", "logger": "service.tested", "message": "went on",
        "path": "/", "limit": 3.0, "owner": "ada b", "digest": "d=e", "n": 0,
    }  # fmt: skip
    with logged("text") as text:
        LOG.warning("went %s", "on", extra=said)
    assert text.getvalue().endswith(' service.tested went on limit=3 owner="ada b" digest="d=e" n=0\n')


@pytest.mark.parametrize("end", ENDS, ids=repr)
@pytest.mark.parametrize("form", ["text", "json"])
def test_nothing_that_is_logged_begins_a_line(form: str, end: str) -> None:
    with logged(form) as stream:
        LOG.info("%s", f"asked{end}{FORGED}", extra=fields(owner=f"ada{end}{FORGED}"))
    (line,) = stream.getvalue().splitlines()
    assert "\x1b" not in line
    assert "\x00" not in line
    if form == "json":
        assert json.loads(line)["owner"] == f"ada{end}{FORGED}"


@pytest.mark.parametrize("end", ENDS, ids=repr)
def test_what_an_error_says_begins_no_line_either(end: str) -> None:
    with logged("text") as stream:
        try:
            raise ValueError(f"no{end}{FORGED}")
        except ValueError as error:
            LOG.error("failed", exc_info=error)
        LOG.error("the stack of %s", "it", stack_info=True)
    lines = stream.getvalue().splitlines()
    assert [line for line in lines if line.startswith(FORGED)] == []
    begun = [line for line in lines if not line.startswith("    ")]
    assert [line.rpartition(" service.tested ")[2] for line in begun] == ["failed", "the stack of it"]


def test_a_traceback_is_one_field_of_json() -> None:
    with logged("json") as stream:
        try:
            raise ValueError("no\nyes")
        except ValueError as error:
            LOG.error("failed", exc_info=error)
    (line,) = as_json(stream)
    assert line["exc_info"].endswith("ValueError: no\nyes")


@pytest.mark.parametrize("form", ["text", "json"])
def test_what_is_logged_while_a_request_is_answered_has_its_name(form: str) -> None:
    with logged(form) as stream:
        before = LOGGED_REQUEST.set("mine")
        LOG.warning("a process died")
        LOGGED_REQUEST.reset(before)
        LOG.warning("another died")
    first, second = stream.getvalue().splitlines()
    assert "mine" in first
    assert "mine" not in second


@pytest.mark.parametrize(("level", "written"), [("debug", "diwe"), ("info", "iwe"), ("warning", "we"), ("error", "e")])
def test_lines_are_written_from_a_level_on(level: str, written: str) -> None:
    with logged("json", level) as stream:
        for letter, one in zip("diwe", (10, 20, 30, 40), strict=True):
            LOG.log(one, letter)
        logging.getLogger("library").debug("of no interest")
    assert "".join(line["message"] for line in as_json(stream)) == written


def test_form_and_level_are_those_of_the_environment_where_none_are_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADIENT_VERDICT_LOG_FORMAT", "json")
    monkeypatch.setenv("GRADIENT_VERDICT_LOG_LEVEL", "error")
    with logged("", "") as stream:
        LOG.warning("no")
        LOG.error("yes")
    assert [line["message"] for line in as_json(stream)] == ["yes"]


def test_warnings_of_python_are_lines_too() -> None:
    with logged("json") as stream, warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        warnings.warn("an old name", DeprecationWarning, stacklevel=1)
    assert "an old name" in as_json(stream)[0]["message"]


@pytest.fixture
def moment(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time of the log's clock."""
    time = [0.0]
    monkeypatch.setattr(logs._Bounded.__init__, "__defaults__", (lambda: time[0],))
    return time


def test_of_one_warning_twenty_lines_are_written_in_ten_seconds_and_the_next_says_how_many_were_not(
    moment: list[float],
) -> None:
    with logged("json") as stream:
        for moment[0] in (0.0, 9.0, 10.0):
            for _ in range(100):
                logging.getLogger("asyncio").error("out of files")
            LOG.warning("another")
            LOG.info("a line like any other")
    lines = as_json(stream)
    flood = [line for line in lines if line["message"] == "out of files"]
    assert len(flood) == 40
    assert [line.get("left_out") for line in flood if "left_out" in line] == [180]
    assert [line["message"] for line in lines].count("another") == 3
    assert [line["message"] for line in lines].count("a line like any other") == 3


def test_of_refused_requests_with_one_status_two_hundred_lines_are_written_in_ten_seconds(moment: list[float]) -> None:
    with logged("text") as stream:
        for _ in range(1000):
            LOG.info("429", extra=fields(bounded="status 429"))
            LOG.info("200", extra=fields())
        moment[0] = 10.0
        LOG.info("429", extra=fields(bounded="status 429"))
    lines = stream.getvalue().splitlines()
    assert sum("429" in line for line in lines) == 201
    assert sum("200" in line and "429" not in line for line in lines) >= 1000
    assert lines[-1].endswith("left_out=800")


def test_what_is_remembered_of_kinds_is_bounded(moment: list[float]) -> None:
    bounded = logs._Bounded(lambda: moment[0])
    for number in range(10_000):
        assert bounded.filter(logging.makeLogRecord({"bounded": f"{number}", "levelno": 20}))
    assert len(bounded._windows) <= 512
