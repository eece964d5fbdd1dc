"""A model as a command is given it, a file or `module:name`, as a specification with what was assumed."""

import sys
from argparse import Namespace
from pathlib import Path
from traceback import format_exception
from types import TracebackType
from typing import Any, NamedTuple

from rich.console import Console

from service.cli.console import sentences_of
from service.cli.own_code import Origin, Running, is_own_code, loaded, origin_of
from service.core.errors import MalformedJson, Refusal
from service.core.strict_json import loads
from service.imports.base import Imported, Options, WeightValues
from service.imports.objects import imported_object
from service.imports.sources import imported, source_of
from service.nn.policies import Adam, Sgd
from service.simulation.spec import DataSpec, SimulationSpec
from service.simulation.vocabulary import Optimiser

STANDARD_INPUT = "-"


_POLICIES = {Optimiser.SGD: Sgd(kind="sgd"), Optimiser.ADAM: Adam(kind="adam")}


class Given(NamedTuple):
    """A model that was read."""

    spec: SimulationSpec
    assumed: list[str]
    origin: Origin


class NotTaken(Refusal):
    """An option that has no meaning for the model, or a model that is none."""

    code = "option-not-taken"


class Models:
    """Reads models with the options of a command; as a context, says what is wrong with one where that is all.

    `refused` are these sentences, which begin with the model's name.
    """

    def __init__(self, args: Namespace) -> None:
        self._args = args
        self._name, self._body = STANDARD_INPUT, None
        self._console = Console(stderr=True, highlight=False, soft_wrap=True)
        self.refused: list[str] = []

    def read(self, name: str) -> Given:
        """The model called `name`, with what is assumed said on standard error.

        A Refusal, ValidationError or OSError where it cannot be read.
        """
        self._name, self._body = name, None
        given = self._given(name)
        for sentence in given.assumed:
            self._console.print(f"{name}: Assumed: {sentence}", markup=False)
        return given

    def _given(self, name: str) -> Given:
        args = self._args
        if is_own_code(name):
            return _of_own_code(name, args)
        self._body = _specification(name)
        if self._body is None:
            return _of_import(imported(source_of(Path(name)), Path(name), _options(args)), args, Origin(name))
        if args.input:
            raise NotTaken("--input is for models that leave their sizes open; a specification says its own.")
        self._body = _changed(self._body, args)
        return Given(SimulationSpec.model_validate(self._body), [], Origin("" if name == STANDARD_INPUT else name))

    def __enter__(self) -> "Models":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        found = sentences_of(error, self._name, self._body)
        self.refused = [one if one.startswith(self._name) else f"{self._name}: {one}" for one in found]
        for sentence in self.refused:
            self._console.print(sentence, markup=False)
        if self.refused and self._args.traceback and error is not None:
            sys.stderr.write("".join(format_exception(error.__cause__ or error)))
        return bool(self.refused)


def _specification(name: str) -> Any:
    """The JSON of a file that is a specification of this service; None where it is something else."""
    text = sys.stdin.buffer.read() if name == STANDARD_INPUT else Path(name).read_bytes()
    if name != STANDARD_INPUT and not (text.lstrip().startswith(b"{") and b'"network"' in text):
        return None
    try:
        body = loads(text)
    except MalformedJson:
        if name == STANDARD_INPUT or b'"class_name"' not in text:
            raise
        return None
    return body if name == STANDARD_INPUT or (isinstance(body, dict) and "network" in body) else None


def _changed(body: Any, args: Namespace) -> Any:
    """A specification with what the options say in place of what it says."""
    if not isinstance(body, dict):
        return body
    changed = dict(body)
    if args.loss:
        changed["loss"] = {"kind": args.loss}
    if args.optimiser:
        policy = body.get("policy")
        kept = policy if isinstance(policy, dict) and policy.get("kind") == args.optimiser else {}
        changed["policy"] = {"kind": args.optimiser, **kept}
    if args.preset and isinstance(body.get("network"), dict):
        changed["network"] = {**body["network"], "defaults": args.preset}
    if args.trials:
        changed["trials"] = args.trials
    if args.samples:
        data = body.get("data")
        changed["data"] = {**(data if isinstance(data, dict) else {}), "samples": args.samples}
    return changed


def _of_import(found: Imported, args: Namespace, origin: Origin) -> Given:
    """An imported model with what the options say of its simulation."""
    spec = found.specification
    changes: dict[str, Any] = {}
    if args.optimiser:
        changes["policy"] = _POLICIES[args.optimiser]
    if args.trials:
        changes["trials"] = args.trials
    if args.samples:
        changes["data"] = DataSpec(samples=args.samples, inputs=spec.data.inputs, targets=spec.data.targets)
    assumed = [one.sentence for one in found.assumed]
    return Given(spec.model_copy(update=changes), assumed, origin)


def _options(args: Namespace) -> Options:
    return Options(input=args.input or (), defaults=args.preset, loss=args.loss, values=WeightValues(args.values))


def _of_own_code(name: str, args: Namespace) -> Given:
    """A class or a function that makes a model, or a model, of PyTorch or Keras."""
    found = loaded(name)
    origin = origin_of(found) or Origin(f"{name.partition(':')[0].replace('.', '/')}.py")
    with Running(name):
        example = loaded(args.example) if args.example else None
        read = imported_object(found, example() if callable(example) else example, _options(args))
    return _of_import(read, args, origin)
