"""What a command reads and prints: JSON files, and what is wrong with them; text for people, and its colours."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

from pydantic import ValidationError
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from service.core.errors import Refusal
from service.core.strict_json import loads
from service.core.validation import faults_of
from service.simulation.vocabulary import Label

REFUSED = 2
"""The exit status where nothing can be done with a file."""
FAILED = 3
"""The exit status where a verdict is one to fail on."""
COLOURS = {Label.DEAD: "magenta", Label.EXPLODING: "red", Label.VANISHING: "blue", Label.STABLE: "green"}
_PAGE_WIDTH = 120


def output() -> Console:
    """The standard output for people, in colours where it is a terminal; where it is not, as wide as a page."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else _PAGE_WIDTH)


class InputFiles:
    """Reads the files of a command; as a context, prints what is wrong with them where that is all that is wrong."""

    def __init__(self) -> None:
        self._path = Path("-")
        self._console = Console(stderr=True, highlight=False, soft_wrap=True)
        self.body: Any = None

    def read(self, path: Path) -> Any:
        """The JSON in a file, - for standard input; MalformedJson or OSError."""
        self._path = path
        self.body = loads(sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes())
        return self.body

    def __enter__(self) -> "InputFiles":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        sentences = sentences_of(error, str(self._path), self.body)
        for sentence in sentences:
            self._console.print(sentence, markup=False)
        return bool(sentences)


def sentences_of(error: BaseException | None, name: str, body: Any = None) -> list[str]:
    """What is wrong with the file called `name`, which holds `body`; nothing where the error is not about a file."""
    match error:
        case MemoryError():
            return [f"{name}: This machine has too little memory for the simulation."]
        case OSError():
            return [f"{error.filename or name}: {error.strerror}"]
        case Refusal():
            return [f"{error.pointer or name}: {line}" for line in error.sentence.splitlines()]
        case ValidationError():
            return [f"{fault.pointer or name}: {fault.detail}" for fault in faults_of(error.errors(), body)]
    return []


@contextmanager
def working(what: str) -> Iterator[None]:
    """Shows that work goes on, on standard error, where that is a terminal."""
    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        progress.add_task(what, total=None)
        yield
