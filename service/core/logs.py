"""The log: one line for each event, as text or as JSON, whatever a client has sent; no kind of event floods it.

A line has fields beside its sentence, given as `extra=fields(…)`; what is logged while a request is answered has the
name of that request by itself. Nothing heavy is imported, for worker processes have this log, too.
"""

import json
import logging
import os
import re
import sys
from collections import OrderedDict
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from time import monotonic
from typing import Any, Literal, TextIO

from service.core.clock import Clock

LogFormat = Literal["text", "json"]
LogLevel = Literal["debug", "info", "warning", "error"]
LOGGED_REQUEST: ContextVar[str] = ContextVar("logged_request", default="")
"""The name of the request that this task or thread works on, for its lines."""

_FORMAT, _LEVEL = "GRADIENT_VERDICT_LOG_FORMAT", "GRADIENT_VERDICT_LOG_LEVEL"
_WINDOW_SECONDS = 10.0
_WARNINGS_A_WINDOW = 20  # from one place in the code
_REFUSALS_A_WINDOW = 200  # lines of refused requests with one status
_MOST_KINDS = 512
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_PLAIN = re.compile(r"[^\s\"=]+")


def start_logs(form: str | None = None, level: str | None = None, stream: TextIO | None = None) -> None:
    """Log to `stream`, or else to the standard error: as `form`, from `level` on; both by the environment if not given.

    The lines of libraries and Python's own warnings are among them.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_json_lines() if (form or os.environ.get(_FORMAT)) == "json" else _TextLines())
    handler.addFilter(_with_request)
    handler.addFilter(_Bounded())
    wanted = logging.getLevelNamesMapping()[(level or os.environ.get(_LEVEL) or "info").upper()]
    logging.basicConfig(level=max(wanted, logging.INFO), handlers=[handler], force=True)
    logging.getLogger("service").setLevel(wanted)
    logging.getLogger("alembic.runtime.plugins").setLevel(logging.WARNING)  # it lists itself at every start
    logging.captureWarnings(True)


def fields(
    facts: Mapping[str, float] | None = None,
    /,
    bounded: str = "",
    in_sentence: Mapping[str, str | float] | None = None,
    **values: str | float | None,
) -> dict[str, Any]:
    """What a line says in fields, as its `extra`: `facts`, and those of `values` that are not empty.

    What is `in_sentence` already is a field of JSON alone. Of lines that have the same `bounded`, very many at once
    are left out, whatever their level.
    """
    known = {name: value for name, value in values.items() if value is not None and value != ""}
    return {"fields": {**(facts or {}), **known}, "in_sentence": in_sentence or {}, "bounded": bounded}


def _with_request(record: logging.LogRecord) -> bool:
    """Give the line the name of the request during which it was written."""
    said = dict(getattr(record, "fields", {}))
    if request := LOGGED_REQUEST.get():
        said.setdefault("request_id", request)
    record.fields = said
    return True


class _Bounded(logging.Filter):
    """Leaves out warnings from one place, and lines of one name, where there are very many; the next says how many."""

    def __init__(self, clock: Clock = monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._windows: OrderedDict[object, _Window] = OrderedDict()

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the line is written."""
        named = getattr(record, "bounded", "")
        if not named and record.levelno < logging.WARNING:
            return True
        kind, most = (named, _REFUSALS_A_WINDOW) if named else ((record.pathname, record.lineno), _WARNINGS_A_WINDOW)
        window = self._windows.setdefault(kind, _Window())
        if len(self._windows) > _MOST_KINDS:
            self._windows.popitem(last=False)
        if self._clock() >= window.end:
            window.end, window.written = self._clock() + _WINDOW_SECONDS, 0
        if window.written >= most:
            window.left_out += 1
            return False
        if window.left_out:
            record.fields = {**getattr(record, "fields", {}), "left_out": window.left_out}
        window.written, window.left_out = window.written + 1, 0
        return True


@dataclass
class _Window:
    """What was written of one kind of line in a few seconds."""

    end: float = 0.0
    written: int = 0
    left_out: int = 0


class _TextLines(logging.Formatter):
    """A line of text; a traceback follows it on lines that are indented, as no line of another event is."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(name)s %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name is the library's
        """The line, with its fields behind it."""
        said = "".join(f" {name}={_word(value)}" for name, value in getattr(record, "fields", {}).items())
        return _CONTROL.sub(_escaped, super().formatMessage(record)) + said

    def formatException(self, ei: Any) -> str:  # noqa: N802
        """The traceback, indented, so that no line of it looks like one of the log."""
        return _indented(super().formatException(ei))

    def formatStack(self, stack_info: str) -> str:  # noqa: N802
        """The stack, indented in the same way."""
        return _indented(stack_info)


def _json_lines() -> logging.Formatter:
    """Lines of JSON in ASCII: `time`, `level`, `logger`, `message`, and the fields."""
    from pythonjsonlogger.json import JsonFormatter  # noqa: PLC0415 - a worker process has no use for it most times

    class JsonLines(JsonFormatter):
        def add_fields(self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]) -> None:
            super().add_fields(log_data, record, message_dict)
            said = {**getattr(record, "in_sentence", {}), **getattr(record, "fields", {})}
            log_data |= {name: value for name, value in said.items() if name not in log_data}

    own = ("message", "asctime", "taskName", "fields", "in_sentence", "bounded", "color_message")
    reserved = [*logging.makeLogRecord({}).__dict__, *own]
    names = {"levelname": "level", "name": "logger"}
    return JsonLines(["levelname", "name", "message"], rename_fields=names, timestamp="time", reserved_attrs=reserved)


def _word(value: object) -> str:
    """A value as one word: in quotation marks, as JSON has it, where it is not one by itself."""
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return text if _PLAIN.fullmatch(text) and not _CONTROL.search(text) else json.dumps(text)


def _escaped(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()


def _indented(text: str) -> str:
    return "\n".join(f"    {_CONTROL.sub(_escaped, line)}" for line in text.split("\n"))
