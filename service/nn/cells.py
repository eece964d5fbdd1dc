"""What a recurrent layer computes at one step: three cells, each with its way back."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar

import numpy as np

from service.core.arrays import LOG10_2, Array, Float64Array, plain_squares, product, transposed
from service.nn.activations import Activation
from service.nn.scaled import Scaled

Tape = Any
"""What a step keeps for the way back."""


class CellKind(StrEnum):
    """What is computed at a step."""

    RNN = "rnn"
    LSTM = "lstm"
    GRU = "gru"


@dataclass(frozen=True)
class Cell(ABC):
    """One step; all arrays are (trials, samples, …).

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

    @abstractmethod
    def forward(self, driven: Array, state: Array, u: Array, own_bias: Array | None) -> tuple[Array, Tape]:
        """The next state from x·W + b, (…, gates · units), and the one before; `u` is (trials, units, …)."""

    @abstractmethod
    def backward(self, kept: Tape, dstate: Array, u: Array) -> tuple[Array, Array]:
        """∂e/∂ pre-activations, and ∂e/∂ the state before, from ∂e/∂ the state, (…, remembered)."""

    def recurrent_gradient(self, kept: Tape, dpre: Array) -> Array:
        """∂e/∂U, (trials, units, gates · units), of one step."""
        return product(transposed(kept[0]), self.of_state(dpre))

    def of_state(self, dpre: Array) -> Array:
        """∂e/∂(h·U + its bias), (…, gates · units), of what `backward` returns first."""
        return dpre

    def joined(self, carried: Scaled | None, given: Scaled | None) -> Scaled:
        """∂e/∂ the state, (…, remembered): what later steps say of it and what comes in from outside, which is of h."""
        if given is not None and self.remembered > self.units:
            behind = np.zeros((*given.values.shape[:-1], self.remembered - self.units), given.values.dtype)
            given = Scaled(np.concatenate([given.values, behind], axis=-1), given.exponent, given.sums)
        found = [one for one in (carried, given) if one is not None]
        return found[0] if len(found) == 1 else found[0] + found[1]

    def deciding(self, kept: Tape, dstate: Array) -> Array:
        """∂e/∂ what decides how long a thing is remembered, (…, units), from ∂e/∂ the state, (…, remembered)."""
        return dstate

    def size(self, kept: Tape, dstate: Scaled) -> Float64Array:
        """log10 of the norm of ∂e/∂ what decides, (trials,)."""
        with np.errstate(divide="ignore"):
            decades: Float64Array = 0.5 * np.log10(plain_squares(self.deciding(kept, dstate.values)))
        return decades + dstate.exponents * LOG10_2


class RnnCell(Cell):
    """h' = φ(x·W + h·U + b)."""

    gates: ClassVar[int] = 1
    gate_order: ClassVar[tuple[str, ...]] = ("h",)
    definition: ClassVar[str] = "h_t = activation(x_t * W + h_(t-1) * U + b)"
    source: ClassVar[str] = "Elman 1990."

    def forward(self, driven: Array, state: Array, u: Array, own_bias: Array | None) -> tuple[Array, Tape]:
        z = driven + _beside_state(state, u, own_bias)
        h = self.activation.f(z)
        return h, (state, z, h)

    def backward(self, kept: Tape, dstate: Array, u: Array) -> tuple[Array, Array]:
        _, z, h = kept
        dpre = dstate * self.activation.df(z, h)
        return dpre, product(dpre, transposed(u))


class LstmCell(Cell):
    """c' = f∘c + i∘φ(g), h' = o∘φ(c'), with the gates i f g o."""

    gates: ClassVar[int] = 4
    gate_order: ClassVar[tuple[str, ...]] = ("i", "f", "c", "o")
    definition: ClassVar[str] = (
        "i, f, o = gate_activation(x_t * W + h_(t-1) * U + b), g = activation(x_t * W_c + h_(t-1) * U_c + b_c), "
        "c_t = f * c_(t-1) + i * g, h_t = o * activation(c_t)"
    )
    source: ClassVar[str] = "Hochreiter & Schmidhuber 1997; Gers, Schmidhuber & Cummins 2000 for the forget gate."

    @property
    def remembered(self) -> int:
        return 2 * self.units

    def forward(self, driven: Array, state: Array, u: Array, own_bias: Array | None) -> tuple[Array, Tape]:
        h, c = state[..., : self.units], state[..., self.units :]
        z = driven + _beside_state(h, u, own_bias)
        zi, zf, zg, zo = np.split(z, 4, axis=-1)
        if self.forget_bias:
            zf = zf + zf.dtype.type(self.forget_bias)
        i, f, o = (self.gate_activation.f(one) for one in (zi, zf, zo))
        g = self.activation.f(zg)
        memory = f * c + i * g
        shown = self.activation.f(memory)
        return np.concatenate([o * shown, memory], axis=-1), (h, c, (zi, zf, zg, zo), (i, f, g, o), memory, shown)

    def backward(self, kept: Tape, dstate: Array, u: Array) -> tuple[Array, Array]:
        _, c, (zi, zf, zg, zo), (i, f, g, o), _, shown = kept
        dh, gate = dstate[..., : self.units], self.gate_activation
        dc = self.deciding(kept, dstate)
        dpre = np.concatenate(
            [
                dc * g * gate.df(zi, i),
                dc * c * gate.df(zf, f),
                dc * i * self.activation.df(zg, g),
                dh * shown * gate.df(zo, o),
            ],
            axis=-1,
        )
        return dpre, np.concatenate([product(dpre, transposed(u)), dc * f], axis=-1)

    def deciding(self, kept: Tape, dstate: Array) -> Array:
        """∂e/∂c', (…, units), on all ways: directly, and by what is shown of it."""
        _, _, _, (_, _, _, o), memory, shown = kept
        return dstate[..., self.units :] + dstate[..., : self.units] * o * self.activation.df(memory, shown)


class GruCell(Cell):
    """h' = z∘h + (1 − z)∘φ(x·W_h + r∘(h·U_h)), with the gates z r h; the reset gate may act on h instead."""

    gates: ClassVar[int] = 3
    gate_order: ClassVar[tuple[str, ...]] = ("z", "r", "h")
    definition: ClassVar[str] = (
        "z, r = gate_activation(x_t * W + h_(t-1) * U + b), g = activation(x_t * W_h + r * (h_(t-1) * U_h) + b_h), "
        "h_t = z * h_(t-1) + (1 - z) * g; with reset_after false (r * h_(t-1)) * U_h"
    )
    source: ClassVar[str] = "Cho et al. 2014; the reset gate behind the product as in cuDNN."

    def forward(self, driven: Array, state: Array, u: Array, own_bias: Array | None) -> tuple[Array, Tape]:
        n = self.units
        gates = driven[..., : 2 * n] + _beside_state(state, u[..., : 2 * n], _part(own_bias, 0, 2 * n))
        zz, zr = gates[..., :n], gates[..., n:]
        z, r = self.gate_activation.f(zz), self.gate_activation.f(zr)
        last, own = u[..., 2 * n :], _part(own_bias, 2 * n, 3 * n)
        beside = _beside_state(state if self.reset_after else r * state, last, own)
        zh = driven[..., 2 * n :] + (r * beside if self.reset_after else beside)
        candidate = self.activation.f(zh)
        return z * state + (1.0 - z) * candidate, (state, (zz, zr, zh), (z, r, candidate), beside)

    def backward(self, kept: Tape, dstate: Array, u: Array) -> tuple[Array, Array]:
        state, (zz, zr, zh), (z, r, candidate), beside = kept
        n, gate = self.units, self.gate_activation
        dzh = dstate * (1.0 - z) * self.activation.df(zh, candidate)
        dzz = dstate * (state - candidate) * gate.df(zz, z)
        back = product(dzh * r if self.reset_after else dzh, transposed(u[..., 2 * n :]))
        dr = dzh * beside if self.reset_after else back * state
        dzr = dr * gate.df(zr, r)
        before = dstate * z + (back if self.reset_after else back * r)
        before = before + product(np.concatenate([dzz, dzr], axis=-1), transposed(u[..., : 2 * n]))
        return np.concatenate([dzz, dzr, dzh, dzh * r if self.reset_after else dzh], axis=-1), before

    def of_state(self, dpre: Array) -> Array:
        n = self.units
        return np.concatenate([dpre[..., : 2 * n], dpre[..., 3 * n :]], axis=-1)

    def recurrent_gradient(self, kept: Tape, dpre: Array) -> Array:
        if self.reset_after:
            return super().recurrent_gradient(kept, dpre)
        state, _, (_, r, _), _ = kept
        n = self.units
        gates = product(transposed(state), dpre[..., : 2 * n])
        return np.concatenate([gates, product(transposed(r * state), dpre[..., 3 * n :])], axis=-1)


CELLS: dict[CellKind, type[Cell]] = {CellKind.RNN: RnnCell, CellKind.LSTM: LstmCell, CellKind.GRU: GruCell}
"""The cells by their names."""


def _beside_state(state: Array, u: Array, own_bias: Array | None) -> Array:
    """h·U and its own bias, (trials, samples, …)."""
    found = product(state, u)
    return found if own_bias is None else found + own_bias


def _part(vector: Array | None, first: int, last: int) -> Array | None:
    """Some entries of (trials, 1, n)."""
    return None if vector is None else vector[..., first:last]
