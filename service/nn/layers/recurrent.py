"""Recurrent layers: one cell at every step, with what it remembers."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from enum import StrEnum
from functools import reduce
from operator import add
from typing import Annotated, Any, ClassVar, Literal, NamedTuple

import numpy as np
from pydantic import Field

from service.core.arrays import Array, Float64Array, Shape, product, transposed
from service.core.errors import Incompatible
from service.core.kinds import Advice, BoundedFloat, Int64, StrictBool
from service.nn.activations import AnyActivation
from service.nn.activations.smooth import Sigmoid, Tanh
from service.nn.cells import CELLS, Cell, CellKind, Tape
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
    along_channels,
    bias_of,
    flat,
    shaped,
)
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
        steps = shaped(x, at.shape)
        found = [self._forward(at, steps, run) for run in self._runs()]
        states, tapes = [h for h, _ in found], [tape for _, tape in found]
        if self.returns is Returns.LAST:
            states = [h[:, :, 0 if run.reverse else -1] for h, run in zip(states, self._runs(), strict=True)]
        return flat(states[0] if len(states) == 1 else np.concatenate(np.broadcast_arrays(*states), axis=-1)), (
            steps,
            tapes,
        )

    def outward(self, at: Built, saved: Saved, dz: Scaled, probe: Probe) -> Callable[[], Scaled]:
        steps, tapes = saved
        backs = []
        for number, (run, tape) in enumerate(zip(self._runs(), tapes, strict=True)):
            part = slice(number * self.units, (number + 1) * self.units)
            pre, profile = self._back(at, tape, run, list(self._incoming(dz, at.shape[0], part, run.reverse)))
            probe.note(at, f"{run.prefix}log10_state_gradient", profile)
            backs.append((run, tape, pre))
        top = _highest([one for _, _, pre in backs for one in pre])
        found: dict[str, Array] = {}
        ways: list[Scaled] = []
        for run, tape, pre in backs:
            shifted: list[Array] = [one.values * _shift(one.exponent - top, one.values) for one in pre]
            ordered = shifted[::-1] if run.reverse else shifted
            driven = np.stack([one[..., : self.computed.gates * self.units] for one in ordered], axis=2)
            ways.append(_into_steps(driven, top, at.named[f"{run.prefix}weights"]))
            gradients = self._gradients(steps, driven, tape, shifted)
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

    def _forward(self, at: Built, steps: Array, run: _Run) -> tuple[Array, list[Tape]]:
        """The states after every step, (trials, samples, steps, units), and what every step keeps, in their order."""
        arrays, cell = at.named, self.computed
        rows = steps.reshape(steps.shape[0], -1, steps.shape[-1])
        driven = product(rows, arrays[f"{run.prefix}weights"])
        driven = driven.reshape(driven.shape[0], *steps.shape[1:3], -1)
        bias, own = run.of(at, "bias"), run.of(at, "recurrent_bias")
        driven = driven if bias is None else driven + along_channels(bias, driven)
        u = arrays[f"{run.prefix}recurrent_weights"]
        state = np.zeros((1, steps.shape[1], cell.remembered), steps.dtype)
        order = range(steps.shape[2])[::-1] if run.reverse else range(steps.shape[2])
        states: list[Array] = []
        tape: list[Tape] = []
        for step in order:
            state, kept = cell.forward(driven[:, :, step], state, u, own)
            states.append(state[..., : self.units])
            tape.append(kept)
        return np.stack(states[::-1] if run.reverse else states, axis=2), tape

    def _incoming(self, dz: Scaled, count: int, part: slice, reverse: bool) -> Iterator[Scaled | None]:
        """What comes in from outside at every step in the order of the run, its last step first."""
        values = dz.values.reshape(*dz.values.shape[:2], -1, self.units * len(self._runs()))[..., part]
        for number in range(count):
            if self.returns is Returns.LAST:
                yield Scaled.of(np.ascontiguousarray(values[:, :, 0]), dz.exponent) if number == 0 else None
            else:
                step = number if reverse else count - 1 - number
                yield Scaled.of(np.ascontiguousarray(values[:, :, step]), dz.exponent)

    def _back(
        self, at: Built, tape: list[Tape], run: _Run, incoming: list[Scaled | None]
    ) -> tuple[list[Scaled], Float64Array]:
        """∂e/∂ pre-activations of every step in the order of the run; the size of ∂e/∂state, (trials, steps).

        That is in decades, and of what comes in at the last step alone."""
        cell, u = self.computed, at.named[f"{run.prefix}recurrent_weights"]
        whole, alone, pre, sizes = None, None, [], []
        for number, (kept, given) in enumerate(zip(reversed(tape), incoming, strict=True)):
            whole = cell.joined(whole, given)
            alone = whole if self.returns is Returns.LAST else cell.joined(alone, given if number == 0 else None)
            sizes.append(cell.size(kept, alone))
            dpre, before = cell.backward(kept, whole.values, u)
            pre.append(Scaled.of(dpre, whole.exponent))
            passed = Scaled.of(before, whole.exponent)
            lone = None if alone is whole else cell.backward(kept, alone.values, u)[1]
            alone = passed if lone is None else Scaled.of(lone, alone.exponent)
            whole = passed
        return pre[::-1], np.stack(sizes[::-1], axis=-1)

    def _gradients(self, steps: Array, driven: Array, tape: list[Tape], shifted: list[Array]) -> dict[str, Array]:
        """The parameters' gradients by name, (trials, *shape), from those of all steps, (trials, samples, steps, …)."""
        cell = self.computed
        rows = steps.reshape(steps.shape[0], -1, steps.shape[-1])
        flat_driven = driven.reshape(driven.shape[0], -1, driven.shape[-1])
        of_state = [cell.of_state(one) for one in shifted]
        return {
            "weights": product(transposed(rows), flat_driven),
            "bias": flat_driven.sum(axis=-2, keepdims=True),
            "recurrent_weights": reduce(add, map(cell.recurrent_gradient, tape, shifted)),
            "recurrent_bias": reduce(add, of_state).sum(axis=-2, keepdims=True),
        }


def _highest(gradients: list[Scaled]) -> Exponents:
    """The largest exponent of each trial, (trials, 1, 1); that of a gradient of zeros counts for nothing."""
    least = np.iinfo(np.int32).min
    found = np.max([np.where(one.sums[:, None, None] == 0.0, least, one.exponent) for one in gradients], axis=0)
    top: Exponents = np.where(found == least, 0, found)
    return top


def _into_steps(driven: Array, exponent: Exponents, weights: Array) -> Scaled:
    """∂e/∂x, (trials, samples, features), from ∂e/∂ pre-activations, (trials, samples, steps, gates)."""
    trials, samples, steps, gates = driven.shape
    rows = driven.reshape(trials, samples * steps, gates)
    dx = product(rows, transposed(weights))
    return Scaled.of(dx.reshape(trials, samples, -1), exponent)


def _shift(exponents: Exponents, like: Array) -> Array:
    """2**exponents, (trials, 1, 1), in the precision of `like`, of any shape; 0 where they are far below."""
    return np.ldexp(like.dtype.type(1.0), np.clip(exponents, -2000, 0).astype(np.int64))
