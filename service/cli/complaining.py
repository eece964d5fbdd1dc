"""What is wrong with a file, told at the terminal."""

import sys
from pathlib import Path
from types import TracebackType
from typing import Any

from pydantic import ValidationError
from rich.console import Console

from service.core.errors import Refusal
from service.core.strict_json import loads
from service.core.validation import faults_of

REFUSED = 2
"""The exit status where nothing can be done with a file."""


class Complaining:
    """Says at the terminal what is wrong with a file, where that is all that is wrong."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._console = Console(stderr=True, highlight=False, soft_wrap=True)
        self.body: Any = None

    def read(self, path: Path) -> Any:
        """The JSON in a file, - for standard input."""
        self._path = path
        self.body = loads(sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes())
        return self.body

    def __enter__(self) -> "Complaining":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        complaints = self._complaints(error)
        for complaint in complaints:
            self._console.print(complaint, markup=False)
        return bool(complaints)

    def _complaints(self, error: BaseException | None) -> list[str]:
        match error:
            case MemoryError():
                return [f"{self._path}: This machine has too little memory for the simulation."]
            case OSError():
                return [f"{error.filename or self._path}: {error.strerror}"]
            case Refusal():
                return [f"{error.pointer or self._path}: {error.sentence}"]
            case ValidationError():
                faults = faults_of(error.errors(), self.body)
                return [f"{fault.pointer or self._path}: {fault.detail}" for fault in faults]
        return []
