"""`module:name`: a model of the user's own code, which is imported from the current folder and run.

What fails in that code is told as a sentence with the line that failed. What it prints goes to standard error.
"""

import os
import re
import sys
import traceback
from contextlib import redirect_stdout
from difflib import get_close_matches
from functools import reduce
from importlib import import_module
from inspect import Parameter, getsourcefile, getsourcelines, isclass, isfunction, signature, unwrap
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

from service.core.errors import Refusal

_FORM = re.compile(r"[^\W\d][\w.]*:[^\W\d][\w.]*")
_ROOT = Path(__file__).resolve().parents[1]
_FOREIGN = ("site-packages", "dist-packages", os.path.dirname(os.__file__))


class OwnCodeFailed(Refusal):
    """The user's own code cannot be imported, or fails while it runs."""

    code = "own-code-failed"


class Origin(NamedTuple):
    """The file that a model comes from, and the line on which it begins."""

    file: str
    line: int = 1


def is_own_code(name: str) -> bool:
    """Whether `name` is that of something in a module, and no file is called so."""
    return _FORM.fullmatch(name) is not None and not Path(name).exists()


def loaded(name: str) -> Any:
    """What `module:name` is, which needs no arguments where it is a class or a function; OwnCodeFailed."""
    module, _, path = name.partition(":")
    folder = str(Path.cwd())
    if module.partition(".")[0] == _ROOT.name:
        raise OwnCodeFailed(
            f"This program's own package is called {_ROOT.name}; name a module that is called otherwise."
        )
    with Running(name):
        if folder not in sys.path:
            sys.path.insert(0, folder)
        found = reduce(_part, path.split("."), import_module(module))
    needed = _needed(found) if isclass(found) or isfunction(found) else ""
    if needed:
        raise OwnCodeFailed(
            f"{path} needs the arguments {needed}; name a function without arguments that calls it with them."
        )
    return found


def _needed(found: Any) -> str:
    """The arguments that a class or a function must be given."""
    try:
        parameters = signature(found).parameters.values()
    except ValueError:
        return ""
    variable = (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)
    return ", ".join(one.name for one in parameters if one.default is Parameter.empty and one.kind not in variable)


def _part(owner: Any, name: str) -> Any:
    if not hasattr(owner, name):
        there = [one for one in vars(owner) if not one.startswith("_")] if hasattr(owner, "__dict__") else []
        near = get_close_matches(name, there, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise OwnCodeFailed(f"{getattr(owner, '__name__', owner)} has nothing called {name}.{hint}")
    return getattr(owner, name)


def origin_of(found: Any) -> Origin | None:
    """Where a class, a function or the class of an object is written; None where no file is known."""
    one = unwrap(found) if callable(found) and hasattr(found, "__qualname__") else type(found)
    try:
        file, (_, line) = getsourcefile(one), getsourcelines(one)
    except (OSError, TypeError):
        return None
    return None if file is None else Origin(file, max(1, line))


class Running:
    """The user's code as a context: what it prints goes to standard error, what it raises becomes OwnCodeFailed."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._printing = redirect_stdout(sys.stderr)

    def __enter__(self) -> None:
        self._printing.__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._printing.__exit__(kind, error, trace)
        if isinstance(error, (Exception, SystemExit)) and not isinstance(error, Refusal):
            frames = [one for one in traceback.extract_tb(trace) if not _is_foreign(one.filename)]
            if not _is_ours(frames):
                raise OwnCodeFailed(self._sentence(error, frames)) from error

    def _sentence(self, error: BaseException, frames: list[traceback.FrameSummary]) -> str:
        module = self._name.partition(":")[0]
        match error:
            case ModuleNotFoundError() if error.name and f"{module}.".startswith(f"{error.name}."):
                return f"There is no module {error.name}, neither in this folder nor among the installed packages."
            case ModuleNotFoundError():
                return f"{_place(frames)}it imports {error.name}, which is not installed here."
            case SystemExit():
                guard = 'put what it does as a program behind `if __name__ == "__main__":`'
                return f"{_place(frames)}it ends the program as it is imported; {guard}."
            case SyntaxError():
                return f"{_shown(error.filename or '')}, line {error.lineno}: SyntaxError: {error.msg}"
        words = "".join(traceback.format_exception_only(error)).strip()
        return f"{_place(frames)}{words}"


def _is_ours(frames: list[traceback.FrameSummary]) -> bool:
    """Whether an error arose in this package: its last frame is there, and is not the one that called the user's."""
    return len(frames) > 1 and _is_inside(frames[-1].filename)


def _is_inside(file: str) -> bool:
    return _ROOT in Path(file).parents


def _is_foreign(file: str) -> bool:
    """Whether a file is Python's or of an installed package other than this one."""
    return file.startswith("<") or (not _is_inside(file) and any(part in file for part in _FOREIGN))


def _place(frames: list[traceback.FrameSummary]) -> str:
    own = [one for one in frames if not _is_inside(one.filename)]
    return f"{_shown(own[-1].filename)}, line {own[-1].lineno}: " if own else ""


def _shown(file: str) -> str:
    """A file by its path from the current folder, where it is below that."""
    path = Path(file)
    return str(path.relative_to(Path.cwd())) if Path.cwd() in path.parents else file
