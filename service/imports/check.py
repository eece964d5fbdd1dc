"""`check`: the verdict on a model, in this process or by a service, for notebooks and for tests."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, Unpack

from pydantic import Field, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from service.core.errors import MalformedJson, SpecError
from service.core.kinds import Model
from service.core.strict_json import loads
from service.core.validation import faults_of
from service.imports.base import Assumption, Imported, Options, WeightValues
from service.imports.cell import html_of
from service.imports.judges import AtService, InProcess, Judge
from service.imports.objects import imported_object
from service.imports.sources import source_of
from service.nn.presets import PresetName
from service.simulation.conditions import CONDITIONS, holding, is_condition
from service.simulation.results import SimulationReport, Verdict
from service.simulation.spec import SimulationSpec
from service.simulation.vocabulary import FindingSeverity, Severity
from service.studies.prescriptions.results import Prescriptions

_T = TypeVar("_T")


class CheckOptions(TypedDict, total=False):
    """What may be said beside a model."""

    input: tuple[Annotated[int, Field(ge=1)], ...]
    """The sizes of one input, channels last, where a file leaves them open; of tokens their steps."""
    preset: PresetName
    """What is drawn where the model does not say it."""
    loss: str
    """The kind of the loss, in place of the model's."""
    optimiser: Literal["sgd", "adam"]
    """What it will be trained with."""
    trials: int
    """How often weights and inputs are drawn."""
    samples: int
    """The batch size."""
    values: Literal["drawn", "file"]
    """Whether weights are drawn, or those that the file holds."""


class GradientVerdict(AssertionError):
    """A model's verdict is one that was to be failed on; its text has the verdict with its reasons."""

    def __init__(self, checked: "ModelCheck", failed: list[str]) -> None:
        super().__init__(f"{checked.headline} (failed on {', '.join(failed)})\n{checked.reasoning}")
        self.checked = checked


@dataclass(frozen=True, repr=False)
class ModelCheck:
    """What `check` found; in a notebook it shows itself."""

    specification: SimulationSpec
    """The network as it was simulated."""
    report: SimulationReport
    """All numbers."""
    assumed: tuple[Assumption, ...]
    """What the model does not say, and what stands in for it."""
    _judge: Judge = field(compare=False)

    @property
    def verdict(self) -> Verdict:
        """The label with its cause, its reasons, and the risk that training fails."""
        return self.report.verdict

    @property
    def digest(self) -> str:
        """The name of the report, under which a service keeps it."""
        return self.report.digest

    @property
    def headline(self) -> str:
        """Label, severity and risk, such as `vanishing, severe, risk that training fails with sgd 0.93`."""
        verdict, risk = self.verdict, self.verdict.failure_risk
        severity = "" if verdict.severity is Severity.NONE else f", {verdict.severity}"
        return f"{verdict.label}{severity}, risk that training fails with {risk.optimiser} {risk.probability:.2f}"

    @property
    def reasoning(self) -> str:
        """The reasons, and the findings that matter with what to try, a line each."""
        findings = (one for one in self.report.findings if one.severity is not FindingSeverity.INFO)
        lines = [f"{one.code} {one.severity}: {one.meaning} Try: {one.suggestion}" for one in findings]
        return "\n".join(f"  {line}" for line in [*self.verdict.reasons, *lines])

    def raise_for(self, *conditions: str, risk: float | None = None) -> "ModelCheck":
        """Raise GradientVerdict where one of the conditions holds, or the failure risk is `risk` or more; else itself.

        Conditions are labels, and `warning` or `error` for findings that matter so much. Without any, and without a
        risk, it is `error`, as in the command line.
        """
        __tracebackhide__ = True  # pytest ends its trace at the line that calls this
        for unknown in (one for one in conditions if not is_condition(one)):
            raise ValueError(f"{unknown} is no condition; known are {', '.join(CONDITIONS)}, and a number as risk=.")
        if risk is not None and not 0.0 <= risk <= 1.0:
            raise ValueError(f"risk={risk} is no probability; a number from 0 to 1 is expected.")
        wanted = [*conditions] if risk is None else [*conditions, f"risk={risk:.12g}"]
        failed = holding(wanted or [FindingSeverity.ERROR], self.report)
        if failed:
            raise GradientVerdict(self, failed)
        return self

    def suggest(self) -> Prescriptions:
        """The changes that mend the model, each of them simulated, the best first."""
        return self._judge.prescriptions(self.specification)

    def __repr__(self) -> str:
        assumed = "".join(f"\n  Assumed: {one.sentence}" for one in self.assumed)
        return f"{self.headline}\n{self.reasoning}{assumed}"

    def _repr_html_(self) -> str:
        return html_of(self.report, self.assumed, self._judge.chart)


def check(model: Any, example: Any = None, *, url: str | None = None, **said: Unpack[CheckOptions]) -> ModelCheck:
    """The verdict on a model; a Refusal with a sentence where it cannot be judged, OSError.

    `model` is a module of PyTorch, or better what makes one, with an `example` of its inputs; a model of Keras; the
    path of a file; or a specification. With a `url` the service there reads files, simulates and draws; models that are
    objects are read in this process, and their specifications sent.
    """
    judge = InProcess() if url is None else AtService(url)
    spec, assumed = _read(model, example, judge, _options(said))
    return ModelCheck(spec, judge.report(spec), assumed, judge)


def specification(
    model: Any, example: Any = None, **said: Unpack[CheckOptions]
) -> tuple[SimulationSpec, tuple[Assumption, ...]]:
    """What `check` simulates of a model, and what the model does not say; refusals as there."""
    return _read(model, example, InProcess(), _options(said))


def _read(
    model: Any, example: Any, judge: Judge, options: CheckOptions
) -> tuple[SimulationSpec, tuple[Assumption, ...]]:
    given = _specification(model)
    if given is not None:
        return _changed(_with_defaults(given, options), options), ()
    found = _imported(model, example, judge, options)
    return _changed(found.specification, options), tuple(found.assumed)


_OPTIONS = TypeAdapter(CheckOptions)
_SPECIFICATIONS = TypeAdapter(SimulationSpec)


def _options(said: CheckOptions) -> CheckOptions:
    """What is said beside a model; TypeError where it is nothing that may be, SpecError for its value."""
    known = list(CheckOptions.__annotations__)
    unknown = [name for name in said if name not in known]
    if unknown:
        raise TypeError(
            f"check() takes no {', '.join(unknown)}; beside a model and an example it takes url, {', '.join(known)}."
        )
    return _validated(_OPTIONS, said)


def _validated(kind: TypeAdapter[_T], value: Any) -> _T:
    """`value` as that kind; SpecError with every fault."""
    try:
        return kind.validate_python(value)
    except ValidationError as error:
        faults = [f"{one.pointer}: {one.detail}" for one in faults_of(error.errors(), value)]
        raise SpecError("\n".join(faults)) from None


def _specification(model: Any) -> SimulationSpec | None:
    """A specification as it is written in Python, as JSON or in a file; None for all other models."""
    if isinstance(model, SimulationSpec):
        return model
    body = _json_of(Path(model)) if isinstance(model, str | PathLike) else model
    if not isinstance(body, Mapping) or (isinstance(model, str | PathLike) and "network" not in body):
        return None
    return _validated(_SPECIFICATIONS, dict(body))


def _json_of(path: Path) -> Any:
    """What a JSON file says; None where it is another file."""
    text = path.read_bytes() if path.suffix == ".json" else b""
    try:
        return loads(text) if b'"network"' in text else None
    except MalformedJson:
        if b'"class_name"' in text:  # Keras 1 writes numbers that JSON has not; its reader knows them
            return None
        raise


def _imported(model: Any, example: Any, judge: Judge, said: CheckOptions) -> Imported:
    options = Options(
        said.get("input", ()), said.get("preset"), said.get("loss"), WeightValues(said.get("values", "drawn"))
    )
    if isinstance(model, str | PathLike):
        return judge.imported(source_of(Path(model)), Path(model), options)
    return imported_object(model, example, options)


def _with_defaults(spec: SimulationSpec, said: CheckOptions) -> SimulationSpec:
    """A specification with what a reader of files would have been told, in place of what it says."""
    if "input" in said or "values" in said:
        raise SpecError("input and values are for models of other programs; a specification says its own.")
    fields = _said(spec)
    if "loss" in said:
        fields["loss"] = {"kind": said["loss"]}
    if "preset" in said:
        fields["network"] = {**_said(spec.network), "defaults": said["preset"]}
    return _validated(_SPECIFICATIONS, fields)


def _changed(spec: SimulationSpec, said: CheckOptions) -> SimulationSpec:
    """A specification with what is said of its simulation in place of what it says."""
    fields = _said(spec)
    if "optimiser" in said and spec.policy.kind != said["optimiser"]:
        fields["policy"] = {"kind": said["optimiser"]}
    if "trials" in said:
        fields["trials"] = said["trials"]
    if "samples" in said:
        fields["data"] = {**_said(spec.data), "samples": said["samples"]}
    return _validated(_SPECIFICATIONS, fields)


def _said(part: Model) -> dict[str, Any]:
    """The fields of a part of a specification that were said."""
    return {name: getattr(part, name) for name in part.model_fields_set}
