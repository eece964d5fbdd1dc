"""A model of PyTorch on the user's machine, exported by `torch.export` and read as a file of it is."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from io import BytesIO
from typing import Any
from warnings import catch_warnings, simplefilter

import numpy as np

from service.imports.base import Imported, NotUnderstood, Options, Reading, Source, Subject, WeightValues
from service.imports.torch.archive import Archive
from service.imports.torch.filling import of_draws, of_file
from service.imports.torch.program import program_of
from service.imports.torch.reading import specification_of
from service.imports.torch.values import Known, Numbers, Value
from service.simulation.spec import SimulationSpec

_DRAWS = 32
_MOST_DRAWN = 4_000_000
"""Parameters of all draws together: of large models a few draws tell as much."""
_BATCH = 2
"""Samples of the example: a batch norm needs two, and an axis of 1 could be any."""
Model = Any
"""A torch.nn.Module, or a function that makes one afresh at each call."""


def specification(model: Model, *example: Any, loss: str | None = None, values: str = "drawn") -> SimulationSpec:
    """What `POST /v1/simulations` takes, for a model and an example of its inputs; NotUnderstood.

    Of a factory, such as `lambda: Net(10)`, several models are drawn, which tell how parameters are initialised. Of a
    model, they are told by its own numbers, or, with `values="file"`, are these numbers.
    """
    return imported(model, *example, loss=loss, values=values).specification


def imported(model: Model, *example: Any, loss: str | None = None, values: str = "drawn") -> Imported:
    """The specification with what was assumed; NotUnderstood."""
    torch = import_module("torch")
    options = Options(loss=loss, values=WeightValues(values))
    one = model if isinstance(model, torch.nn.Module) else model()
    given = tuple(example[0]) if len(example) == 1 and isinstance(example[0], tuple | list) else example
    archive = _exported(torch, one, given)
    total = sum(parameter.numel() for parameter in one.parameters())
    own = _numbers(one)
    if options.values is WeightValues.FILE:
        rule = of_file(own.get, total)
    elif isinstance(model, torch.nn.Module):
        rule = of_draws(lambda name: [own[name]])
    else:
        count = max(2, min(_DRAWS, _MOST_DRAWN // max(total, 1)))
        draws = [own, *(_numbers(model()) for _ in range(count - 1))]
        rule = of_draws(lambda name: [one[name] for one in draws])

    def fresh() -> Reading:
        reading = Reading(Source.TORCH, options)
        if isinstance(model, torch.nn.Module) and options.values is WeightValues.DRAWN:
            reading.assume(Subject.INITIALISER, "", _OF_ONE)
        return reading

    program = program_of(archive.program())
    form = f"torch.export, PyTorch {torch.__version__}"
    return specification_of(program, fresh, rule, lambda name: _known(archive.numbers(name)), form)


_OF_ONE = (
    "How parameters are drawn is told by the numbers of one model; of a function that makes models, several draws tell."
)


def _known(numbers: Numbers | None) -> Value:
    """A constant of any shape, where it is there."""
    return None if numbers is None else Known(numbers)


def _exported(torch: Any, model: Any, example: tuple[Any, ...]) -> Archive:
    """The program of a model in training mode, with two samples at least, as the file that PyTorch writes of it."""
    program, failure = _program(torch, model, _doubled(torch, example))
    if program is None:  # it may have the size of its batch written into it
        program, failure = _program(torch, model, example)
    if program is None:
        first = next(iter(str(failure).strip().splitlines()), type(failure).__name__)
        raise NotUnderstood(f"torch.export cannot follow the model: {first}", ()) from failure
    file = BytesIO()
    torch.export.save(program, file)
    file.seek(0)
    return Archive(file)


def _program(torch: Any, model: Any, inputs: tuple[Any, ...]) -> tuple[Any, Exception | None]:
    """The exported program, or why there is none."""
    try:
        with _training(model), torch.random.fork_rng(devices=[]), catch_warnings():
            simplefilter("ignore")  # of attributes that modules of PyTorch itself assign
            return torch.export.export(model, inputs), None
    except (RuntimeError, ValueError, TypeError, AssertionError, AttributeError, LookupError) as error:
        return None, error


def _doubled(torch: Any, example: tuple[Any, ...]) -> tuple[Any, ...]:
    """The example with two samples where it has one."""
    return tuple(
        torch.cat([one] * _BATCH) if isinstance(one, torch.Tensor) and one.ndim > 1 and len(one) == 1 else one
        for one in example
    )


@contextmanager
def _training(model: Any) -> Iterator[None]:
    """The model in training mode, and each of its modules as it was behind that."""
    were = [(module, module.training) for module in model.modules()]
    model.train()
    try:
        yield
    finally:
        for module, training in were:
            module.training = training


def _numbers(model: Any) -> Mapping[str, Numbers]:
    """The parameters of a model by their names, those that are tied by all of theirs."""
    found = model.named_parameters(remove_duplicate=False)
    return {name: np.array(one.detach().cpu().float().numpy()) for name, one in found}
