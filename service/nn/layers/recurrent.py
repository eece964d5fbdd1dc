"""Recurrent layers: one cell at every step, with what it remembers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Literal, NamedTuple

import numpy as np
from pydantic import Field

from service.core.arrays import Array, Shape, product, transposed
from service.core.errors import Incompatible
from service.core.kinds import Advice, BoundedFloat, Int64, StrictBool
from service.nn.activations import AnyActivation
from service.nn.activations.smooth import Sigmoid, Tanh
from service.nn.cells import CELLS, CellKind
from service.nn.initializers import AnyBias, AnyInitializer, NoBias
from service.nn.initializers.base import GlorotUniform
from service.nn.initializers.constants import Zeros
from service.nn.initializers.matrices import Orthogonal
from service.nn.layers.base import (
    Account,
    Built,
    Node,
    Parameter,
    Probe,
    Saved,
    bias_of,
    flat,
    shaped,
)
from service.nn.runs import Cell, GradientOfSteps, Tape, given_at, highest_exponent, rows_of
from service.nn.scaled import Exponents, Scaled
from service.nn.shapes import WIDEST, way_to_positions

_PRODUCTS_PER_GATE = 150.0
"""A gate of a step takes, besides its products, as long as so many multiplications."""


class Returns(StrEnum):
    """Which states come out of a recurrent layer."""

    LAST = "last"
    SEQUENCE = "sequence"


class Direction(StrEnum):
    """In which order the steps are taken."""

    FORWARD = "forward"
    BACKWARD = "backward"
    BOTH = "both"


class Gates(StrEnum):
    """Whether the matrices of all gates are drawn as one, as Keras does, or one by one."""

    TOGETHER = "together"
    EACH = "each"


class _Run(NamedTuple):
    """One direction of a layer: what its parameters' names begin with, and whether it goes backward."""

    prefix: str
    reverse: bool

    def ordered(self, steps: Array) -> Array:
        """(trials, steps, …) in the order of the run, or those of the run in order."""
        return steps[:, ::-1] if self.reverse else steps

    def of(self, at: Built, name: str) -> Array | None:
        """A parameter of it, where there is one."""
        return at.named.get(f"{self.prefix}{name}")


class Recurrent(Node):
    """h_t = cell(x_t, h_{t−1}), from zeros; the parameters are the same at every step."""

    kind: Literal["recurrent"] = "recurrent"
    aliases: ClassVar[Collection[str]] = {
        **{key: {"cell": "rnn"} for key in ("RNN", "SimpleRNN", "ElmanRNN")},
        **{key: {"cell": "lstm"} for key in ("LSTM", "CuDNNLSTM", "LSTMCell")},
        **{key: {"cell": "gru"} for key in ("GRU", "CuDNNGRU", "GRUCell")},
        **{key: {"cell": "lstm", "direction": "both"} for key in ("Bidirectional", "BiLSTM")},
    }
    misnamed: ClassVar[Mapping[str, Advice]] = {
        "return_sequences": {"returns": "sequence"},
        "bidirectional": {"direction": "both"},
        "go_backwards": {"direction": "backward"},
        "recurrent_initializer": {"recurrent_weights": {"kind": "orthogonal"}},
        "recurrent_activation": {"gate_activation": {"kind": "sigmoid"}},
        "num_layers": 'a {"kind": "repeat", "times": 2, "layers": [{"kind": "recurrent", "units": 32, '
        '"returns": "sequence"}]} in its place',
    }
    needs: ClassVar[Mapping[str, Any]] = {"units": 32}
    cell: CellKind = CellKind.LSTM
    """The cell."""
    units: Annotated[Int64, Field(ge=1, le=WIDEST)]
    """How many numbers it remembers; both directions have as many each."""
    returns: Returns = Returns.LAST
    """The state after the last step, or those of all."""
    direction: Direction = Direction.FORWARD
    """In which order the steps are taken; both are put end to end."""
    activation: AnyActivation = Tanh()
    """The activation, tanh unless said otherwise."""
    gate_activation: AnyActivation = Sigmoid()
    """The activation of gates, sigmoid unless said otherwise; an rnn has none."""
    weights: AnyInitializer = GlorotUniform()
    """How the matrix that meets the input is drawn, Glorot's uniform unless said otherwise."""
    recurrent_weights: AnyInitializer = Orthogonal()
    """How the matrix that meets the state is drawn, orthogonal unless said otherwise."""
    bias: AnyBias = Zeros()
    """How the bias is drawn, zeros unless said otherwise."""
    recurrent_bias: AnyBias = NoBias()
    """How a second bias, beside the state, is drawn: none unless said otherwise."""
    gates: Gates = Gates.TOGETHER
    """Whether the matrices of all gates are drawn as one or one by one."""
    forget_bias: BoundedFloat = 0.0
    """What is added to the bias of the forget gate of an lstm."""
    reset_after: StrictBool = True
    """Whether the reset gate of a gru acts behind its product with the state, as in cuDNN, or in front of it."""

    left_open: ClassVar[Collection[str]] = (
        "weights",
        "recurrent_weights",
        "bias",
        "recurrent_bias",
        "gates",
        "forget_bias",
    )
    account: ClassVar[Account] = "weights"
    step_by_step: ClassVar[bool] = True
    shape_in: ClassVar[str] = "(steps, features)"
    shape_out: ClassVar[str] = "(units,), or (steps, units) of a sequence; both directions make 2 * units"
    definition: ClassVar[str] = "h_t = cell(x_t * W + h_(t-1) * U + b); gates in the order i f c o (lstm), z r h (gru)"
    source: ClassVar[str] = "Elman 1990; Hochreiter & Schmidhuber 1997; Cho et al. 2014; the order of gates is Keras'."

    @property
    def computed(self) -> Cell:
        """What is computed at a step."""
        return CELLS[self.cell](self.units, self.activation, self.gate_activation, self.forget_bias, self.reset_after)

    def out(self, path: str, shape: Shape, inside: Sequence[Shape]) -> Shape:
        if len(shape) != 2:
            raise Incompatible(
                f"A recurrent layer reads a sequence (steps, features); here comes {list(shape)}. "
                f"{way_to_positions(shape)}",
                pointer=path,
                shape=list(shape),
            )
        units = self.units * len(self._runs())
        return (units,) if self.returns is Returns.LAST else (shape[0], units)

    def parameters(self, shape: Shape) -> list[Parameter]:
        return [one for run in self._runs() for one in self._of_one(shape[-1], run.prefix)]

    def products(self, shape: Shape) -> float:
        by_gates = _PRODUCTS_PER_GATE * self.computed.gates * self.units * len(self._runs())
        return shape[0] * (sum(one.size for one in self.parameters(shape)) + by_gates)

    def copies(self, shape: Shape) -> int:
        return 9 * shape[0] * self.computed.gates * self.units * len(self._runs())

    def inward(self, at: Built, x: Array, probe: Probe) -> tuple[Array, Saved]:
        steps = np.ascontiguousarray(shaped(x, at.shape).swapaxes(1, 2))  # (trials, steps, samples, features)
        tapes = [self._forward(at, steps, run) for run in self._runs()]
        states = [tape.states[:, 1:] for tape in tapes]
        if self.returns is Returns.LAST:
            found = [h[:, -1] for h in states]
        else:
            found = [run.ordered(h).swapaxes(1, 2) for h, run in zip(states, self._runs(), strict=True)]
        whole = found[0] if len(found) == 1 else np.concatenate(np.broadcast_arrays(*found), axis=-1)
        return np.ascontiguousarray(flat(whole)), (steps, tapes)

    def outward(self, at: Built, saved: Saved, dz: Scaled, probe: Probe) -> Callable[[], Scaled]:
        steps, tapes = saved
        backs = []
        for number, (run, tape) in enumerate(zip(self._runs(), tapes, strict=True)):
            part = slice(number * self.units, (number + 1) * self.units)
            backs.append(self._back(at, tape, run, self._incoming(dz, run, part)))
            probe.note(at, f"{run.prefix}log10_state_gradient", backs[-1].decades)
        top = highest_exponent(backs)
        found: dict[str, Array] = {}
        ways: list[Scaled] = []
        for run, tape, back in zip(self._runs(), tapes, backs, strict=True):
            dpre = back.shifted(top)
            driven = dpre[..., : self.computed.gates * self.units]
            ways.append(_into_steps(run.ordered(driven), top, at.named[f"{run.prefix}weights"]))
            gradients = self._gradients(run.ordered(steps), driven, tape, dpre)
            found |= {f"{run.prefix}{name}": one for name, one in gradients.items()}
        probe.parameters(at, saved, Scaled(dz.values, top, dz.sums), found.__getitem__)
        return lambda: ways[0] if len(ways) == 1 else ways[0] + ways[1]

    def _runs(self) -> list[_Run]:
        forward, backward = _Run("", False), _Run("backward_", True)
        if self.direction is Direction.BOTH:
            return [forward, backward]
        return [forward if self.direction is Direction.FORWARD else _Run("", True)]

    def _of_one(self, features: int, prefix: str) -> Iterator[Parameter]:
        """The parameters of one direction."""
        gates = self.computed.gates
        width, parts = gates * self.units, 1 if self.gates is Gates.TOGETHER else gates
        out = width // parts
        yield Parameter(f"{prefix}weights", (features, width), features, out, self.weights, parts=parts)
        yield Parameter(
            f"{prefix}recurrent_weights", (self.units, width), self.units, out, self.recurrent_weights, parts=parts
        )
        for name, bias in (("bias", self.bias), ("recurrent_bias", self.recurrent_bias)):
            yield from bias_of(f"{prefix}{name}", (width,), features, self.units, bias)

    def _forward(self, at: Built, steps: Array, run: _Run) -> Tape:
        """All steps of (trials, steps, samples, features)."""
        bias, own = run.of(at, "bias"), run.of(at, "recurrent_bias")
        driven = product(rows_of(run.ordered(steps)), at.named[f"{run.prefix}weights"])
        if bias is not None and bias.any():
            driven = driven + bias
        driven = driven.reshape(len(driven), *steps.shape[1:3], -1)
        return self.computed.forward(driven, at.named[f"{run.prefix}recurrent_weights"], own)

    def _incoming(self, dz: Scaled, run: _Run, part: slice) -> Scaled:
        """What comes in from outside, (trials, 1 or steps, samples, units): at the last step, or in the run's order."""
        values = dz.values.reshape(*dz.values.shape[:2], -1, self.units * len(self._runs()))[..., part].swapaxes(1, 2)
        return Scaled(values if self.returns is Returns.LAST else run.ordered(values), dz.exponent, dz.sums)

    def _back(self, at: Built, tape: Tape, run: _Run, incoming: Scaled) -> GradientOfSteps:
        """The way back through all steps.

        Beside the gradient, in a lane of its own, goes that of what comes in at the last step alone, unless it is all.
        """
        cell = self.computed
        way = cell.way_back(tape, at.named[f"{run.prefix}recurrent_weights"])
        trials, count, samples = max(len(tape.z), len(incoming.values)), *tape.z.shape[1:3]
        found = GradientOfSteps.empty((trials, count, samples, cell.kept * self.units), tape.z.dtype)
        carried = given_at(incoming, -1, trials, self._lanes, cell.remembered)
        for step in reversed(range(count)):
            dpre, deciding, before = way.back(step, carried.values.reshape(self._lanes, trials, samples, -1))
            found.enter(step, dpre[0], deciding[-1], carried.exponents)
            carried = Scaled.of(before.reshape(carried.values.shape), carried.exponent)
            if self._lanes > 1 and step > 0:
                carried = carried + given_at(incoming, step - 1, trials, self._lanes, cell.remembered)
        return found

    @property
    def _lanes(self) -> int:
        """How many gradients go back through the steps side by side."""
        return 1 if self.returns is Returns.LAST else 2

    def _gradients(self, steps: Array, driven: Array, tape: Tape, dpre: Array) -> dict[str, Array]:
        """The parameters' gradients by name, (trials, *shape), from those of all steps, (trials, steps, samples, …)."""
        cell, rows = self.computed, rows_of(driven)
        return {
            "weights": product(transposed(rows_of(steps)), rows),
            "bias": rows.sum(axis=-2, keepdims=True),
            "recurrent_weights": cell.recurrent_gradient(tape, dpre),
            "recurrent_bias": rows_of(cell.of_state(dpre)).sum(axis=-2, keepdims=True),
        }


def _into_steps(driven: Array, exponent: Exponents, weights: Array) -> Scaled:
    """∂e/∂x, (trials, samples, features), from ∂e/∂ pre-activations, (trials, steps, samples, gates)."""
    dx = product(rows_of(driven), transposed(weights))
    parted = dx.reshape(len(dx), *driven.shape[1:3], -1).swapaxes(1, 2)
    return Scaled.of(parted.reshape(*parted.shape[:2], -1), exponent)
