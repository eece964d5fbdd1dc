"""Small tasks by formula, that a network can learn: inputs in classes, the labels that go with them, and a teacher.

Samples of inputs in classes come class by class in turn: sample i is of class i mod classes. `class_labels` are their
targets, and nothing else is needed to tie the two together.
"""

from collections.abc import Collection
from enum import StrEnum
from math import pi
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from service.core.arrays import Array, Float64Array, Shape
from service.core.errors import Incompatible
from service.core.kinds import BoundedFloat, Fraction, Int64, Positive
from service.nn.data.base import Data, InputData
from service.nn.randomness import Stream
from service.nn.shapes import WIDEST

_Classes = Annotated[Int64, Field(ge=2, le=WIDEST)]


class InputsInClasses(InputData):
    """Inputs whose samples come class by class in turn, so that `class_labels` are the targets that go with them."""

    classes: _Classes | None = None
    """How many classes there are: as many as the targets have, unless said otherwise."""

    def mean_square(self) -> float:
        return 1.0

    def _turns(self, samples: int) -> Float64Array:
        """The class of each sample, (samples,)."""
        return (np.arange(samples) % (self.classes or 2)).astype(np.float64)


class BlobData(InputsInClasses):
    """A cloud around a centre for each class; centres and clouds are normal, and differ between trials."""

    kind: Literal["blobs"] = "blobs"
    aliases: ClassVar[Collection[str]] = ("make_blobs", "clusters", "mixture")
    spread: Fraction = 0.5
    """The standard deviation of a cloud; centres are so far apart that an entry has a mean square of 1."""

    definition: ClassVar[str] = "sqrt(1 - spread^2) * c_kj + spread * n_ij, k = i mod classes, c and n from N(0, 1)"

    def draw(self, shape: Shape, stream: Stream) -> Array:
        samples, features = shape
        centres = stream.normal((self.classes or 2, features))
        between = np.sqrt(1.0 - self.spread**2)
        of_class: Array = centres[:, self._turns(samples).astype(np.intp)]
        return between * of_class + self.spread * stream.normal(shape)


class SpiralData(InputsInClasses):
    """An arm of a spiral for each class, in a plane that lies at random among the features."""

    kind: Literal["spirals"] = "spirals"
    aliases: ClassVar[Collection[str]] = ("spiral", "make_spirals", "two_spirals")
    turns: Positive = 0.75
    """How often an arm goes round."""
    noise: Fraction = 0.05
    """The standard deviation of what is added to both coordinates; the arms end at a radius of about 1.7."""

    definition: ClassVar[str] = (
        "u_i * a_j + v_i * b_j, (u, v) = sqrt(3) * t * (cos, sin)(2 * pi * (turns * t + k / classes)) + noise, "
        "t from U(0, 1), k = i mod classes, a and b from N(0, 1)"
    )

    def mean_square(self) -> float:
        return 1.0 + 2.0 * self.noise**2

    def draw(self, shape: Shape, stream: Stream) -> Array:
        samples, features = shape
        along = stream.uniform((samples,))
        angle = 2.0 * pi * (self.turns * along + self._turns(samples) / (self.classes or 2))
        radius = np.sqrt(3.0) * along  # whose mean square is 1
        plane = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=-1)
        plane = plane + self.noise * stream.normal((samples, 2))
        return plane @ stream.normal((2, features))


class ClassLabels(Data):
    """The classes of samples that come class by class in turn, as those of `blobs` and `spirals` do."""

    kind: Literal["class_labels"] = "class_labels"
    classes: _Classes | None = None
    """How many classes there are: one for each output, two where there is one output, unless said otherwise."""
    low: BoundedFloat = 0.0
    """The target of an output that is not the sample's class; of a single output, that of the first class."""
    high: BoundedFloat = 1.0
    """That of the sample's class; of a single output, that of the second class."""

    definition: ClassVar[str] = "high if j = i mod classes else low; of one output, high if i is odd else low"
    random: ClassVar[bool] = False

    def mean_square(self) -> float:
        share = 1.0 / (self.classes or 2)
        return share * self.high**2 + (1.0 - share) * self.low**2

    def check(self, inputs: InputData, outputs: int, positions: int) -> None:
        _check_positions(self.kind, positions)
        if self.classes != max(outputs, 2):
            raise Incompatible(
                f"There are {self.classes} classes and {outputs} outputs; each class needs an output, and two classes "
                "may share one.",
                pointer="/data/targets/classes",
            )
        if isinstance(inputs, InputsInClasses) and inputs.classes != self.classes:
            raise Incompatible(
                f"The inputs are of {inputs.classes} classes, and the targets of {self.classes}; leave classes out, "
                "and they are as many.",
                pointer="/data/inputs/classes",
            )

    def draw(self, shape: Shape, stream: Stream) -> Array:
        samples, outputs = shape
        labels = np.arange(samples)[:, None] % (self.classes or max(outputs, 2))
        chosen = labels == (np.arange(outputs) if outputs > 1 else 1)
        return np.where(chosen, self.high, self.low)[None]


class TeacherAnswer(StrEnum):
    """What a teacher says."""

    CLASSES = "classes"
    NUMBERS = "numbers"


class TeacherData(Data):
    """What a random network with one hidden layer of tanh makes of the same inputs, another one in every trial."""

    kind: Literal["teacher"] = "teacher"
    aliases: ClassVar[Collection[str]] = ("teacher_network", "random_teacher")
    units: Annotated[Int64, Field(ge=1, le=4096)] = 16
    """How many hidden units the teacher has."""
    answer: TeacherAnswer = TeacherAnswer.CLASSES
    """1 at its largest output and 0 elsewhere, of one output 1 where it is positive; or its outputs themselves."""

    definition: ClassVar[str] = "tanh(x * W) * V, standardised over the samples, or the class that is largest there"

    def mean_square(self) -> float:
        return 1.0 if self.answer is TeacherAnswer.NUMBERS else 0.5  # of one output or two

    def check(self, inputs: InputData, outputs: int, positions: int) -> None:
        _check_positions(self.kind, positions)

    def draw(self, shape: Shape, stream: Stream) -> Array:
        return self.of_inputs(stream.normal((shape[0], 8)), shape, stream)

    def of_inputs(self, inputs: Array, shape: Shape, stream: Stream) -> Array:
        features, outputs = inputs.shape[-1], shape[-1]
        scale = np.sqrt(features) * np.maximum(inputs.std(axis=(-2, -1), keepdims=True), 1e-300)
        hidden = np.tanh((inputs - inputs.mean(axis=-2, keepdims=True)) / scale @ stream.normal((features, self.units)))
        said: Array = hidden @ stream.normal((self.units, outputs))
        said = said - said.mean(axis=-2, keepdims=True)
        said = said / np.maximum(said.std(axis=-2, keepdims=True), 1e-300)
        if self.answer is TeacherAnswer.NUMBERS:
            return said
        chosen = said > 0.0 if outputs == 1 else said == said.max(axis=-1, keepdims=True)
        return chosen.astype(np.float64)


def _check_positions(kind: str, positions: int) -> None:
    """Raise Incompatible where a sample has several answers."""
    if positions > 1:
        raise Incompatible(
            f"{kind} says one thing of each sample, and this network answers at {positions} positions; let it end with "
            "global_pooling or flatten, and a dense layer.",
            pointer="/data/targets",
        )
