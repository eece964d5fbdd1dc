"""Models that are objects of this process, of PyTorch or Keras → a specification."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from logging import getLogger
from typing import Any

from service.core.errors import Refusal
from service.imports.base import Imported, InputNeeded, Options, Source
from service.imports.sources import affordable

_PROGRAMS = {"keras": Source.KERAS, "tf_keras": Source.KERAS, "torch": Source.TORCH}
"""The programs whose objects are read, by the packages that their classes come from.

Keras is first: on its backend of PyTorch, its models are modules of PyTorch, too.
"""
_BATCH = 2


class NoModel(Refusal):
    """What was given is no model that is known here."""

    code = "no-model"


def imported_object(model: Any, example: Any = None, options: Options | None = None) -> Imported:
    """The network of a model, or of a class or function that makes one without arguments; NoModel, NotUnderstood.

    PyTorch needs an `example` of its inputs, or their sizes in the options. What makes a model says how its weights are
    drawn; a model alone has only what was drawn once.
    """
    makes = isinstance(model, type) or (_program_of(model) is None and callable(model))
    made = model() if makes else model
    program = _program_of(made)
    if program is None:
        raise NoModel(
            f"An object of the class {type(made).__name__} is no model here; a model of PyTorch or Keras is expected, "
            "a class or a function without arguments that makes one, the path of a file, or a specification."
        )
    reader, said = import_module(f"service.imports.{program}"), options or Options()
    if program is Source.KERAS:
        return affordable(reader.imported(made, said))
    if said.defaults:
        raise NoModel("A preset is for files; the code of a PyTorch model says itself how its weights are drawn.")
    with _no_trace():
        return affordable(reader.imported(model, *_inputs(made, example, said), loss=said.loss, values=said.values))


@contextmanager
def _no_trace() -> Iterator[None]:
    """PyTorch logs each step of an export for programs of its own; a failing test would print all of it."""
    log = getLogger("torch.__trace")
    before, log.disabled = log.disabled, True
    try:
        yield
    finally:
        log.disabled = before


def _inputs(made: Any, example: Any, said: Options) -> tuple[Any, ...]:
    """What a model of PyTorch is followed with: the example, or a batch of zeros with the sizes that are said.

    An embedding in front of all other parameters reads tokens. InputNeeded where neither is given.
    """
    if example is not None:
        return tuple(example) if isinstance(example, tuple | list) else (example,)
    if not said.input:
        raise InputNeeded(
            "PyTorch needs an example of the inputs, or the sizes of one without its batch, such as 3x32x32."
        )
    torch = import_module("torch")
    first = next((one for one in made.modules() if next(one.parameters(recurse=False), None) is not None), None)
    form = torch.int64 if isinstance(first, torch.nn.Embedding) else torch.get_default_dtype()
    return (torch.zeros((_BATCH, *said.input), dtype=form),)


def _program_of(model: Any) -> Source | None:
    classes = model.__mro__ if isinstance(model, type) else type(model).__mro__
    packages = {one.__module__.partition(".")[0] for one in classes}
    return next((program for package, program in _PROGRAMS.items() if package in packages), None)
