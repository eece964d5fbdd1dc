"""What comes of another program's model: a specification with what was assumed, or every place not understood."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from service.core.arrays import Shape
from service.core.errors import Refusal, SpecError
from service.core.kinds import Int64, Model
from service.core.validation import faults_of
from service.nn.layers import AnyLayer, Node
from service.nn.presets import PresetName
from service.simulation.plan import plan
from service.simulation.spec import SimulationSpec

Layer = Mapping[str, Any]
"""A layer of our language as JSON, nothing of it checked yet."""
_MOST_NAMED = 12


class Source(StrEnum):
    """The programs whose models are read."""

    KERAS = "keras"
    HUGGINGFACE = "huggingface"
    TORCH = "torch"
    ONNX = "onnx"


class WeightValues(StrEnum):
    """Which weights an imported network has."""

    DRAWN = "drawn"
    FILE = "file"


class Subject(StrEnum):
    """What an assumption is about."""

    INPUT = "input"
    LOSS = "loss"
    INITIALISER = "initialiser"
    BATCH_STATISTICS = "batch_statistics"
    TIED_WEIGHTS = "tied_weights"
    REGULARISER = "regulariser"
    MASK = "mask"
    FROZEN = "frozen"
    SIZE = "size"
    OTHER = "other"


class Assumption(Model):
    """What the file does not say, or says of the training and not of the gradient at its start."""

    subject: Subject
    """What it is about."""
    pointer: str
    """The place in the file, or what is nearest to it: an RFC 6901 pointer; empty for the file as a whole."""
    sentence: Annotated[str, Field(min_length=1)]
    """What is assumed, for people."""


class Imported(Model):
    """A model of another program as a specification."""

    source: Source
    """The program that it comes from."""
    format: Annotated[str, Field(min_length=1)]
    """The form of the file and the version of the program that wrote it, as far as the file tells."""
    specification: SimulationSpec
    """What `POST /v1/simulations` takes; its layers have the names that they have in the file."""
    parameters: Annotated[Int64, Field(ge=0)]
    """How many numbers are trained."""
    assumed: list[Assumption]
    """What the file does not say, and what stands in for it."""


@dataclass(frozen=True)
class Options:
    """What is said beside a file."""

    input: tuple[int, ...] = ()
    """The sizes of one input, channels last, where the file leaves them open; of tokens their steps."""
    defaults: PresetName | None = None
    """What is drawn where the file does not say it."""
    loss: str | None = None
    """The kind of a loss, in place of the file's."""
    values: WeightValues = WeightValues.DRAWN


@dataclass(frozen=True)
class Fault:
    """A place that is not understood."""

    pointer: str
    sentence: str


class NotUnderstood(Refusal):
    """Some of a model cannot be said here, so nothing of it is imported; `faults` are all places."""

    code = "not-understood"

    def __init__(self, sentence: str, faults: Sequence[Fault]) -> None:
        super().__init__(sentence, pointer=faults[0].pointer if faults else "", places=len(faults))
        self.faults = tuple(faults)

    @classmethod
    def of(cls, faults: Sequence[Fault]) -> "NotUnderstood":
        """The refusal that states all faults."""
        sentences = list(dict.fromkeys(one.sentence for one in faults))
        named = " ".join(sentences[:_MOST_NAMED])
        more = f" And {len(sentences) - _MOST_NAMED} things more." if len(sentences) > _MOST_NAMED else ""
        return cls(f"Nothing was imported, for not all of this model is understood. {named}{more}", faults)


class InputNeeded(Refusal):
    """The file leaves a size open that the network needs."""

    code = "input-needed"


@dataclass
class Reading:
    """What a reader has come to so far: what it assumes, and what it does not understand."""

    source: Source
    options: Options = Options()
    assumed: list[Assumption] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def assume(self, subject: Subject, pointer: str, sentence: str) -> None:
        """Keep an assumption; one that was made before, in the same words, is not said again."""
        if all(one.sentence != sentence for one in self.assumed):
            self.assumed.append(Assumption(subject=subject, pointer=pointer, sentence=sentence))

    def fault(self, pointer: str, sentence: str) -> None:
        """Keep a place that is not understood."""
        self.faults.append(Fault(pointer, sentence))

    def check(self) -> None:
        """Raise NotUnderstood with all faults where there is one."""
        if self.faults:
            raise NotUnderstood.of(self.faults)

    def finished(self, form: str, shape: Mapping[str, Any], layers: Sequence[Layer], loss: str | None) -> Imported:
        """The answer: `shape` is `network.input`, `loss` the kind that the file names; NotUnderstood.

        Where neither the caller nor the file names a loss, it is the one that the output's activation is made for. An
        activation in front of what only moves the numbers of the output goes behind it.
        """
        self.check()
        body: dict[str, Any] = {}
        try:
            layers = _activated_last(layers, tuple(shape[name] for name in _SIZES if name in shape))
            kind = self.options.loss or loss or self._assumed_loss(layers)
            network = {"input": dict(shape), "layers": list(layers), "defaults": self.options.defaults}
            body = {"network": network, "loss": {"kind": kind}}
            spec = SimulationSpec.model_validate(body)
            parameters = plan(spec).parameters
        except ValidationError as error:
            raise NotUnderstood.of(
                [_said(one.pointer, one.detail, layers) for one in faults_of(error.errors(), body)]
            ) from None
        except SpecError as error:
            raise NotUnderstood.of([_said(error.pointer or "", error.sentence, layers)]) from None
        return Imported(
            source=self.source, format=form, specification=spec, parameters=parameters, assumed=self.assumed
        )

    def _assumed_loss(self, layers: Sequence[Layer]) -> str:
        activation = layers[-1].get("activation") if layers else None
        output = str(activation.get("kind")) if isinstance(activation, Mapping) else "linear"
        kind = _LOSSES.get(output, "squared_error")
        sentence = f"No loss is named, so it is {kind}, as the output's activation is {output}."
        self.assume(Subject.LOSS, "", sentence)
        return kind


_SIZES = ("height", "width", "channels", "steps", "features")
"""What one input has, in the order of its axes."""
_MOVING = ("reshape", "flatten")
_NODE: TypeAdapter[Node] = TypeAdapter(AnyLayer)


def shape_after(layers: Sequence[Layer], shape: Shape) -> Shape:
    """The shape of what comes out of layers, for one sample; SpecError, ValidationError."""
    for layer in layers:
        shape = _out(_NODE.validate_python(layer), shape)
    return shape


def _out(node: Node, shape: Shape) -> Shape:
    inside = []
    for chain in node.chains(shape).values():
        reached = node.inner_shape(shape)
        for one in chain:
            reached = _out(one, reached)
        inside.append(reached)
    return node.out("", shape, inside)


def _activated_last(layers: Sequence[Layer], shape: Shape) -> Sequence[Layer]:
    """The same layers, with the activation of the output behind what only moves its numbers: a MobileNet ends so."""
    moved = next((n for n, one in enumerate(reversed(layers)) if one["kind"] not in _MOVING), 0)
    front, behind = list(layers[: len(layers) - moved]), list(layers[len(layers) - moved :])
    act = front[-1].get("activation") if behind else None
    if not isinstance(act, Mapping) or act["kind"] == "linear":
        return layers
    if act["kind"] == "softmax" and shape_after(front, shape)[-1] != shape_after(layers, shape)[-1]:
        return layers
    last = front.pop()
    if last["kind"] != "activation":
        front.append({key: value for key, value in last.items() if key != "activation"})
    own = {"name": last["name"]} if "name" in last else {}
    return [*front, *behind, {**own, "kind": "activation", "activation": act}]


_LOSSES = {"softmax": "cross_entropy", "sigmoid": "binary_cross_entropy"}


def _said(pointer: str, sentence: str, layers: Sequence[Layer]) -> Fault:
    """A fault of the specification that was made, with the names that the layers around it have in the file."""
    names: list[str] = []
    here: Any = {"layers": layers}
    for step in pointer.removeprefix("/network/").split("/"):
        here = here[int(step)] if step.isdecimal() and isinstance(here, Sequence) else dict(here).get(step, {})
        if not isinstance(here, Mapping | list | tuple):
            break
        if isinstance(here, Mapping) and "name" in here:
            names.append(str(here["name"]))
    where = f"{' / '.join(names)}: " if names else ""
    return Fault("", f"{where}{sentence}")
