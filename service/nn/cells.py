"""What a recurrent layer computes over all steps: three cells, each with its way back."""

from collections.abc import Sequence
from enum import StrEnum
from typing import ClassVar

import numpy as np

from service.core.arrays import Array, transposed
from service.nn.runs import Cell, Tape, Way, rows_of


class CellKind(StrEnum):
    """What is computed at a step."""

    RNN = "rnn"
    LSTM = "lstm"
    GRU = "gru"


class RnnCell(Cell):
    """h' = φ(x·W + h·U + b)."""

    gates: ClassVar[int] = 1
    gate_order: ClassVar[tuple[str, ...]] = ("h",)
    definition: ClassVar[str] = "h_t = activation(x_t * W + h_(t-1) * U + b)"
    source: ClassVar[str] = "Elman 1990."

    def forward(self, driven: Array, u: Array, own_bias: Array | None) -> Tape:
        z = _with_own(driven, u, own_bias)
        states = self.states(z, u)
        for step in range(z.shape[1]):
            z[:, step] += states[:, step] @ u
            states[:, step + 1] = self.activation.f(z[:, step])
        return Tape(z, states[:, 1:], states)

    def way_back(self, tape: Tape, u: Array) -> Way:
        return _RnnWay(self, tape, u)


class _RnnWay(Way):
    def slopes(self, steps: slice) -> Sequence[Array]:
        return [self.cell.activation.df(self.tape.z[:, steps], self.tape.y[:, steps])]

    def back(self, step: int, dstate: Array) -> tuple[Array, Array, Array]:
        dpre = dstate * self.factors(step)[0]
        return dpre, dstate, dpre @ self.u


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

    def forward(self, driven: Array, u: Array, own_bias: Array | None) -> Tape:
        z = _with_own(driven, u, own_bias)
        if self.forget_bias:
            self.gate(z, 1)[...] += z.dtype.type(self.forget_bias)
        h, memory = self.states(z, u), self.states(z, u)
        y, shown = np.empty_like(z), np.empty_like(h[:, 1:])
        beside, added = np.empty_like(z[:, 0]), np.empty_like(h[:, 0])
        for step in range(z.shape[1]):
            given, made, kept = z[:, step], y[:, step], memory[:, step + 1]
            given += np.matmul(h[:, step], u, out=beside)
            self.gate(made, 0, 2)[...] = self.gate_activation.f(self.gate(given, 0, 2))
            self.gate(made, 2)[...] = self.activation.f(self.gate(given, 2))
            self.gate(made, 3)[...] = self.gate_activation.f(self.gate(given, 3))
            np.multiply(self.gate(made, 1), memory[:, step], out=kept)
            kept += np.multiply(self.gate(made, 0), self.gate(made, 2), out=added)
            shown[:, step] = self.activation.f(kept)
            np.multiply(self.gate(made, 3), shown[:, step], out=h[:, step + 1])
        return Tape(z, y, h, (memory, shown))

    def way_back(self, tape: Tape, u: Array) -> Way:
        return _LstmWay(self, tape, u)


class _LstmWay(Way):
    def slopes(self, steps: slice) -> Sequence[Array]:
        cell, (memory, shown) = self.cell, self.tape.more
        z, y, before = self.tape.z[:, steps], self.tape.y[:, steps], memory[:, steps]
        after, seen = memory[:, 1:][:, steps], shown[:, steps]
        factors = np.empty_like(y)
        cell.gate(factors, 0, 2)[...] = cell.gate_activation.df(cell.gate(z, 0, 2), cell.gate(y, 0, 2))
        cell.gate(factors, 2)[...] = cell.activation.df(cell.gate(z, 2), cell.gate(y, 2))
        cell.gate(factors, 3)[...] = cell.gate_activation.df(cell.gate(z, 3), cell.gate(y, 3))
        for number, one in enumerate((cell.gate(y, 2), before, cell.gate(y, 0), seen)):
            cell.gate(factors, number)[...] *= one
        return factors, cell.activation.df(after, seen) * cell.gate(y, 3), cell.gate(y, 1)

    def back(self, step: int, dstate: Array) -> tuple[Array, Array, Array]:
        factors, shown, forget = self.factors(step)
        n = self.cell.units
        dh, before = dstate[..., :n], np.empty_like(dstate)
        deciding = dh * shown
        deciding += dstate[..., n:]
        dpre = np.empty((*dstate.shape[:-1], 4 * n), dstate.dtype)
        parts = factors.reshape(*factors.shape[:-1], 4, n)
        np.multiply(deciding[..., None, :], parts[..., :3, :], out=dpre.reshape(*dh.shape[:-1], 4, n)[..., :3, :])
        np.multiply(dh, parts[..., 3, :], out=dpre[..., 3 * n :])
        np.matmul(dpre, self.u, out=before[..., :n])
        np.multiply(deciding, forget, out=before[..., n:])
        return dpre, deciding, before


class GruCell(Cell):
    """h' = z∘h + (1 − z)∘φ(x·W_h + r∘(h·U_h)), with the gates z r h; the reset gate may act on h instead."""

    gates: ClassVar[int] = 3
    gate_order: ClassVar[tuple[str, ...]] = ("z", "r", "h")
    definition: ClassVar[str] = (
        "z, r = gate_activation(x_t * W + h_(t-1) * U + b), g = activation(x_t * W_h + r * (h_(t-1) * U_h) + b_h), "
        "h_t = z * h_(t-1) + (1 - z) * g; with reset_after false (r * h_(t-1)) * U_h"
    )
    source: ClassVar[str] = "Cho et al. 2014; the reset gate behind the product as in cuDNN."

    def forward(self, driven: Array, u: Array, own_bias: Array | None) -> Tape:
        apart = own_bias if self.reset_after else None  # the candidate's is met by the reset gate
        z = _with_own(driven, u, None if own_bias is None else self._outside(own_bias))
        states, y = self.states(z, u), np.empty_like(z)
        beside = np.empty_like(states[:, 1:])
        for step in range(z.shape[1]):
            given, made, state = z[:, step], y[:, step], states[:, step]
            self.gate(given, 0, 2)[...] += state @ self.gate(u, 0, 2)
            self.gate(made, 0, 2)[...] = self.gate_activation.f(self.gate(given, 0, 2))
            keep, reset = self.gate(made, 0), self.gate(made, 1)
            own = (state if self.reset_after else reset * state) @ self.gate(u, 2)
            beside[:, step] = own if apart is None else own + self.gate(apart, 2)
            self.gate(given, 2)[...] += reset * beside[:, step] if self.reset_after else beside[:, step]
            self.gate(made, 2)[...] = self.activation.f(self.gate(given, 2))
            states[:, step + 1] = keep * state + (1.0 - keep) * self.gate(made, 2)
        return Tape(z, y, states, (beside,))

    def _outside(self, own_bias: Array) -> Array:
        """What of (trials, 1, 3 · units) is simply added to what drives the gates."""
        outside = own_bias.copy()
        if self.reset_after:
            self.gate(outside, 2)[...] = 0.0
        return outside

    @property
    def kept(self) -> int:
        return self.gates + 1

    def way_back(self, tape: Tape, u: Array) -> Way:
        return _GruWay(self, tape, u)

    def of_state(self, dpre: Array) -> Array:
        return np.concatenate([self.gate(dpre, 0, 2), self.gate(dpre, 3)], axis=-1)

    def recurrent_gradient(self, tape: Tape, dpre: Array) -> Array:
        if self.reset_after:
            return super().recurrent_gradient(tape, dpre)
        before = tape.states[:, :-1]
        gates = transposed(rows_of(before)) @ rows_of(self.gate(dpre, 0, 2))
        last = transposed(rows_of(self.gate(tape.y, 1) * before)) @ rows_of(self.gate(dpre, 3))
        return np.concatenate([gates, last], axis=-1)


class _GruWay(Way):
    def slopes(self, steps: slice) -> Sequence[Array]:
        cell, z, y, state = self.cell, self.tape.z[:, steps], self.tape.y[:, steps], self.tape.states[:, steps]
        keep, reset, candidate = (cell.gate(y, number) for number in range(3))
        gates = cell.gate_activation.df(cell.gate(z, 0, 2), cell.gate(y, 0, 2))
        by_keep = (state - candidate) * cell.gate(gates, 0)
        by_candidate = (1.0 - keep) * cell.activation.df(cell.gate(z, 2), candidate)
        by_reset = (self.tape.more[0][:, steps] if cell.reset_after else state) * cell.gate(gates, 1)
        return by_keep, by_candidate, by_reset, keep, reset

    def back(self, step: int, dstate: Array) -> tuple[Array, Array, Array]:
        by_keep, by_candidate, by_reset, keep, reset = self.factors(step)
        cell, n = self.cell, self.cell.units
        dpre = np.empty((*dstate.shape[:-1], 4 * n), dstate.dtype)
        np.multiply(dstate, by_keep, out=cell.gate(dpre, 0))
        own = np.multiply(dstate, by_candidate, out=cell.gate(dpre, 2))
        before = dstate * keep
        if cell.reset_after:
            np.multiply(own, by_reset, out=cell.gate(dpre, 1))
            np.multiply(own, reset, out=cell.gate(dpre, 3))
            before += cell.of_state(dpre) @ self.u
        else:
            cell.gate(dpre, 3)[...] = own
            passed = own @ self.u[..., 2 * n :, :]
            np.multiply(passed, by_reset, out=cell.gate(dpre, 1))
            before += passed * reset
            before += cell.gate(dpre, 0, 2) @ self.u[..., : 2 * n, :]
        return dpre, dstate, before


CELLS: dict[CellKind, type[Cell]] = {CellKind.RNN: RnnCell, CellKind.LSTM: LstmCell, CellKind.GRU: GruCell}
"""The cells by their names."""


def _with_own(driven: Array, u: Array, own_bias: Array | None) -> Array:
    """x·W + b with a bias of the state, (trials, 1, …), if any; as many trials as any of them has."""
    if own_bias is not None:
        driven = driven + own_bias[:, None]
    trials = len(u)
    return driven if len(driven) >= trials else np.repeat(driven, trials, axis=0)
