"""The layers of one Keras model in order, and what they are for the shape that comes in."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pydantic import ValidationError

from service.core.arrays import Shape
from service.core.errors import SpecError
from service.core.validation import faults_of
from service.imports.base import Layer, Subject, shape_after
from service.imports.graph import INPUT, LONGEST_NAME, Vertex, chain_of
from service.imports.keras.fields import File, Made, Unsayable, shown
from service.imports.keras.joining import met


@dataclass(frozen=True)
class Step:
    """A layer at one of its calls."""

    name: str
    pointer: str
    what: str
    inputs: Sequence[str]
    made: Made
    label: str
    training: bool | None = None
    declared: Sequence[int | None] | None = None
    front: bool | None = None  # whether it must stand in front of all that is trained; None where it may
    binding: bool = False
    """Whether what it declares to come in must come in; Keras looks at that of models alone."""


@dataclass(frozen=True)
class Net:
    """The layers of a model, each behind what it reads, and the shape that it says comes in."""

    file: File
    pointer: str
    steps: Sequence[Step]
    output: str
    declared: Sequence[int | None] | None

    def layers(self, shape: Shape) -> list[Layer]:
        """What it is for inputs of that shape; NotUnderstood."""
        shapes: dict[str, Shape] = {INPUT: shape}
        front = {INPUT}
        vertices: list[Vertex] = []
        for step in self.steps:
            try:
                made = self._vertices(step, shapes, front)
            except Unsayable as error:
                self.file.reading.fault(step.pointer, f"{step.what} {error}.")
                break
            except (SpecError, ValidationError) as error:
                self.file.reading.fault(step.pointer, f"{step.what}: {_sentence(error)}")
                break
            vertices += made
        self.file.reading.check()
        return chain_of(vertices, self.output, shape)

    def _check_declared(self, step: Step, shape: Shape) -> None:
        """Unsayable, or an assumption, where a layer says that something else comes in than what does."""
        try:
            check_declared(step.declared, shape, self.file)
        except Unsayable as error:
            if step.binding:
                raise
            sentence = f"{step.what} {error}; Keras looks at the first layer alone."
            self.file.reading.assume(Subject.INPUT, step.pointer, sentence)

    def _vertices(self, step: Step, shapes: dict[str, Shape], front: set[str]) -> list[Vertex]:
        """The vertices of one layer; the shapes of what comes out of them are kept."""
        self.file.expand()
        coming = [shapes[name] for name in step.inputs]
        if step.made.merge is None and len(coming) != 1:
            raise Unsayable(f"reads {len(coming)} signals, where one can be said here")
        self._check_declared(step, coming[0])
        if step.front is not False and front.issuperset(step.inputs):
            front.add(step.name)
        elif step.front:
            raise Unsayable("prepares inputs, and stands behind what is trained")
        ends, inputs = list(coming), list(step.inputs)
        found: list[Vertex] = []
        for number, layers in enumerate(step.made.before(coming)):
            if layers:
                ends[number] = shape_after(layers, ends[number])
                inputs[number] = f"{step.name}, its input {number + 1}"
                found.append(Vertex(inputs[number], [step.inputs[number]], layers, None, step.pointer, ends[number]))
        merge = step.made.merge if len(coming) > 1 else None
        shapes[step.name] = met(step.made, ends) if merge else ends[0]
        joint = Vertex(step.name, inputs, (), merge, step.pointer, shapes[step.name])
        layers = named(_called_so(step.made.behind(coming), step.training), step.label)
        shapes[step.name] = shape_after(layers, shapes[step.name])
        if merge and layers:
            first = replace(joint, name=f"{step.name}, merged")
            return [*found, first, Vertex(step.name, [first.name], layers, None, step.pointer, shapes[step.name])]
        return [*found, replace(joint, layers=layers, shape=shapes[step.name])]


def _sentence(error: SpecError | ValidationError) -> str:
    if isinstance(error, SpecError):
        return error.sentence
    first = error.errors()[0]
    field = next((part for part in reversed(first["loc"]) if isinstance(part, str)), "it")
    (said,) = faults_of([first], {})
    return f"{field} would be {shown(first['input'])}. {said.detail}"


def named(layers: Sequence[Layer], name: str) -> list[Layer]:
    """Layers with the name that they have in the file; of several that one stands for, the last one has it as it is."""
    names = [f"{name}/{layer['kind']}"[:LONGEST_NAME] for layer in layers[:-1]] + [name[:LONGEST_NAME]]
    return [{"name": own, **layer} if name else layer for own, layer in zip(names, layers, strict=False)]


def _called_so(layers: Sequence[Layer], training: bool | None) -> Sequence[Layer]:
    """Layers without dropout where their call says that they are not trained."""
    return [one for one in layers if one["kind"] != "dropout"] if training is False else layers


def check_declared(declared: Sequence[int | None] | None, shape: Shape, file: File) -> None:
    """Unsayable where a layer says that something else comes in than what does."""
    if declared is None:
        return
    wanted = ordered(declared, file)
    if len(wanted) != len(shape) or any(n not in (None, m) for n, m in zip(wanted, shape, strict=True)):
        raise Unsayable(f"says that {wanted} comes in, and {list(shape)} does")


def ordered(shape: Sequence[int | None], file: File) -> list[int | None]:
    """A shape of the file with channels last."""
    return [*shape[1:], shape[0]] if file.channels_first and len(shape) == 3 else list(shape)
