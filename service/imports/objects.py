"""Models that are objects of this process, of PyTorch or Keras → a specification."""

from importlib import import_module
from typing import Any

from service.core.errors import Refusal
from service.imports.base import Imported, Options, Source
from service.imports.sources import affordable

_PROGRAMS = {"torch": Source.TORCH, "keras": Source.KERAS, "tf_keras": Source.KERAS}
"""The programs whose objects are read, by the packages that their classes come from."""


class NoModel(Refusal):
    """What was given is no model that is known here."""

    code = "no-model"


def imported_object(model: Any, example: Any = None, options: Options | None = None) -> Imported:
    """The network of a model, or of a class or function that makes one without arguments; NoModel, NotUnderstood.

    PyTorch needs an `example` of its inputs. What makes a model says how its weights are drawn; a model alone has only
    what was drawn once.
    """
    makes = isinstance(model, type) or (_program_of(model) is None and callable(model))
    made = model() if makes else model
    program = _program_of(made)
    if program is None:
        raise NoModel(
            f"An object of the class {type(made).__name__} is no model here; a model of PyTorch or Keras is expected, "
            "a class or a function without arguments that makes one, the path of a file, or a specification."
        )
    reader = import_module(f"service.imports.{program}")
    given = (made,) if program is Source.KERAS else (model, example)
    return affordable(reader.imported(*given, options))


def _program_of(model: Any) -> Source | None:
    classes = model.__mro__ if isinstance(model, type) else type(model).__mro__
    packages = {one.__module__.partition(".")[0] for one in classes}
    return next((program for package, program in _PROGRAMS.items() if package in packages), None)
