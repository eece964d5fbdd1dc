"""A model as a command is given it, a file or `module:name`, as a specification with what was assumed."""

import sys
from argparse import Namespace
from pathlib import Path
from traceback import format_exception
from types import TracebackType
from typing import Any, NamedTuple

from rich.console import Console

from service.cli.console import sentences_of
from service.cli.own_code import Origin, OwnCodeFailed, Running, is_own_code, loaded, origin_of
from service.core.strict_json import loads
from service.imports.check import CheckOptions, specification
from service.simulation.spec import SimulationSpec

_STANDARD_INPUT = "-"


class Given(NamedTuple):
    """A model that was read."""

    spec: SimulationSpec
    assumed: tuple[str, ...]
    origin: Origin


class Models:
    """Reads models with the options of a command; as a context, says what is wrong with one where that is all.

    `refused` are these sentences, which begin with the model's name.
    """

    def __init__(self, args: Namespace) -> None:
        self._args = args
        self._name = _STANDARD_INPUT
        self._console = Console(stderr=True, highlight=False, soft_wrap=True)
        self.refused: list[str] = []

    def read(self, name: str) -> Given:
        """The model called `name`, with what is assumed said on standard error; a Refusal or OSError."""
        self._name = name
        given = self._of_own_code(name) if is_own_code(name) else self._of_file(name)
        for sentence in given.assumed:
            self._console.print(f"{name}: Assumed: {sentence}", markup=False)
        return given

    def _of_file(self, name: str) -> Given:
        if name.endswith(".py"):
            module = ".".join(Path(name).with_suffix("").parts)
            raise OwnCodeFailed(f"Of your own code, name what makes the model, such as {module}:make_model.")
        model = loads(sys.stdin.buffer.read()) if name == _STANDARD_INPUT else Path(name)
        return self._given(model, None, Origin("" if name == _STANDARD_INPUT else name))

    def _of_own_code(self, name: str) -> Given:
        found = loaded(name)
        example = loaded(self._args.example) if self._args.example else None
        origin = origin_of(found) or Origin(f"{name.partition(':')[0].replace('.', '/')}.py")
        with Running(name):
            return self._given(found, example() if callable(example) else example, origin)

    def _given(self, model: Any, example: Any, origin: Origin) -> Given:
        said: CheckOptions = {}
        for option in CheckOptions.__annotations__:
            if (value := getattr(self._args, option)) is not None:
                said[option] = value  # type: ignore[literal-required]
        spec, assumed = specification(model, example, **said)
        return Given(spec, tuple(one.sentence for one in assumed), origin)

    def __enter__(self) -> "Models":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        found = sentences_of(error, self._name)
        self.refused = [one if one.startswith(self._name) else f"{self._name}: {one}" for one in found]
        for sentence in self.refused:
            self._console.print(sentence, markup=False)
        if self.refused and self._args.traceback and error is not None:
            sys.stderr.write("".join(format_exception(error.__cause__ or error)))
        return bool(self.refused)
