"""A run through all steps of a recurrent layer: what a cell states, what is kept, and what goes back through it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from service.core.arrays import LOG10_2, Array, DType, Float64Array, Shape, plain_squares, transposed
from service.nn.activations import Activation
from service.nn.scaled import Exponents, Scaled

_CHUNK_NUMBERS = 1 << 17
"""Slopes of so many numbers are computed at a time on the way back, while they stay in the cache."""
_LEAST = np.iinfo(np.int32).min
"""An exponent that counts for nothing."""


@dataclass(frozen=True)
class Tape:
    """What a run through all steps keeps for the way back; arrays are (trials, steps, samples, …)."""

    z: Array  # what the activations are given, (…, gates · units)
    y: Array  # what they make of it
    states: Array  # h before every step and behind the last, (trials, steps + 1, samples, units)
    more: Sequence[Array] = ()  # what else a cell needs, (…, units) each


class Way(ABC):
    """The way back through a run, by `u`, (…, units, width): ∂e/∂ pre-activations and ∂e/∂ the state before."""

    def __init__(self, cell: Cell, tape: Tape, u: Array) -> None:
        self.cell, self.tape = cell, tape
        self.u = np.ascontiguousarray(transposed(u))
        self._steps = range(0)
        self._factors: Sequence[Array] = ()

    def factors(self, step: int) -> list[Array]:
        """What gradients are multiplied by at a step; computed for several steps at once, of which it is the last."""
        if step not in self._steps:
            trials, _, samples, width = self.tape.z.shape
            together = max(1, _CHUNK_NUMBERS // (trials * samples * width))
            self._steps = range(max(0, step + 1 - together), step + 1)
            self._factors = self.slopes(slice(self._steps.start, self._steps.stop))
        return [one[:, step - self._steps.start] for one in self._factors]

    @abstractmethod
    def slopes(self, steps: slice) -> Sequence[Array]:
        """The factors of all of those steps, (trials, steps, samples, …) each."""

    @abstractmethod
    def back(self, step: int, dstate: Array) -> tuple[Array, Array, Array]:
        """From ∂e/∂ the state, (…, trials, samples, remembered): ∂e/∂ pre-activations, and that of the state before.

        In between, ∂e/∂ what decides how long a thing is remembered, (…, units).
        """


@dataclass(frozen=True)
class Cell(ABC):
    """A run of steps; all arrays are (trials, steps, samples, …).

    A state is what is remembered, (…, remembered): h, and c behind it in an lstm. ∂e/∂ pre-activations is
    (…, gates · units), and where the state's share differs from the input's, that is put behind it.
    """

    units: int
    activation: Activation
    gate_activation: Activation
    forget_bias: float
    reset_after: bool

    gates: ClassVar[int]
    gate_order: ClassVar[tuple[str, ...]]
    """What the parts of the matrices are, in their order along the last axis."""
    definition: ClassVar[str]
    """The step, * between matrices a product of matrices, between vectors one of entries."""
    source: ClassVar[str]
    """Where it was proposed or is defined."""

    @property
    def remembered(self) -> int:
        """How many numbers a state has."""
        return self.units

    @property
    def kept(self) -> int:
        """How many parts ∂e/∂ pre-activations has."""
        return self.gates

    @abstractmethod
    def forward(self, driven: Array, u: Array, own_bias: Array | None) -> Tape:
        """All steps, from x·W + b, (…, gates · units), which it may overwrite; `u` is (trials, units, …)."""

    @abstractmethod
    def way_back(self, tape: Tape, u: Array) -> Way:
        """The way back through what `forward` kept."""

    def recurrent_gradient(self, tape: Tape, dpre: Array) -> Array:
        """∂e/∂U, (trials, units, gates · units), from ∂e/∂ pre-activations of all steps."""
        return transposed(rows_of(tape.states[:, :-1])) @ rows_of(self.of_state(dpre))

    def of_state(self, dpre: Array) -> Array:
        """∂e/∂(h·U + its bias), (…, gates · units), of what a step back returns first."""
        return dpre

    def gate(self, values: Array, number: int, count: int = 1) -> Array:
        """`count` of the gates' parts of (…, gates · units), from that number on, a view."""
        return values[..., number * self.units : (number + count) * self.units]

    def states(self, driven: Array, u: Array) -> Array:
        """Room for the states, (trials, steps + 1, samples, units), of which the first is zero."""
        trials, steps, samples, _ = driven.shape
        states = np.empty((max(trials, len(u)), steps + 1, samples, self.units), driven.dtype)
        states[:, 0] = 0.0
        return states


@dataclass(frozen=True)
class GradientOfSteps:
    """∂e/∂ pre-activations of all steps, each with a power of two; and the size of ∂e/∂ what decides."""

    dpre: Array  # (trials, steps, samples, …)
    exponents: Exponents  # (trials, steps)
    squares: Float64Array  # (trials, steps)
    exponents_alone: Exponents  # (trials, steps)

    @classmethod
    def empty(cls, shape: Shape, precision: DType) -> GradientOfSteps:
        """Room for (trials, steps, samples, …)."""
        exponents = np.zeros((2, *shape[:2]), np.int64)
        return cls(np.empty(shape, precision), exponents[0], np.empty(shape[:2]), exponents[1])

    def enter(self, step: int, dpre: Array, deciding: Array, exponents: Exponents) -> None:
        """Keep those of a step, (trials, samples, …) each; the exponents are those of all lanes, (lanes · trials,)."""
        trials = len(self.dpre)
        self.dpre[:, step] = dpre
        self.exponents[:, step], self.exponents_alone[:, step] = exponents[:trials], exponents[-trials:]
        self.squares[:, step] = plain_squares(deciding)

    @property
    def decades(self) -> Float64Array:
        """log10 of the norm of ∂e/∂ what decides, (trials, steps)."""
        with np.errstate(divide="ignore"):
            found: Float64Array = 0.5 * np.log10(self.squares) + self.exponents_alone * LOG10_2
        return found

    def highest(self) -> Exponents:
        """The largest exponent of each trial, (trials,); that of a gradient of zeros counts for nothing."""
        flat_steps = self.dpre.reshape(*self.dpre.shape[:2], -1)
        zero = np.vecdot(flat_steps, flat_steps) == 0.0
        zero[zero] = ~flat_steps[zero].any(axis=-1)  # not all that has no square is zero
        found: Exponents = np.where(zero, _LEAST, self.exponents).max(axis=-1)
        return found

    def shifted(self, top: Exponents) -> Array:
        """∂e/∂ pre-activations with one power of two, (trials, 1, 1), at all steps; 0 where they are far below."""
        shift = np.clip(self.exponents - top[:, 0], -2000, 0)
        return self.dpre * np.ldexp(self.dpre.dtype.type(1.0), shift)[..., None, None] if shift.any() else self.dpre


def given_at(incoming: Scaled, step: int, trials: int, lanes: int, remembered: int) -> Scaled:
    """What comes in at a step, as ∂e/∂ the state in all lanes, (lanes · trials, samples, remembered).

    That is of h alone, and behind the last step, −1, in the first lane alone.
    """
    values = incoming.values[:, step]
    whole = np.zeros((lanes, trials, values.shape[1], remembered), values.dtype)
    whole[: None if step == -1 else 1, ..., : values.shape[-1]] = values
    exponent = np.tile(np.broadcast_to(incoming.exponent, (trials, 1, 1)), (lanes, 1, 1))
    return Scaled.of(whole.reshape(-1, *whole.shape[2:]), exponent)


def highest_exponent(backs: Sequence[GradientOfSteps]) -> Exponents:
    """The largest exponent of each trial in both directions, (trials, 1, 1)."""
    found = np.max([one.highest() for one in backs], axis=0)
    top: Exponents = np.where(found == _LEAST, 0, found)[:, None, None]
    return top


def rows_of(values: Array) -> Array:
    """(trials, steps, samples, …) as (trials, steps · samples, …)."""
    return values.reshape(len(values), -1, values.shape[-1])
