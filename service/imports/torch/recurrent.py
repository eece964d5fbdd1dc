"""LSTM, GRU and RNN: a layer here for each of theirs, and what is taken of their states."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from service.imports.base import Layer
from service.imports.torch.axes import Axis, Dim, leaves
from service.imports.torch.values import (
    Cannot,
    Draft,
    Filling,
    Known,
    Numbers,
    Operation,
    Signal,
    Space,
    States,
    Value,
    Weight,
)
from service.imports.torch.walk import Handler, Walk

_GATES = {"lstm": 4, "gru": 3, "rnn_tanh": 1, "rnn_relu": 1}


@dataclass(frozen=True)
class Recurrence:
    """A recurrent layer: what it is made of, forward and, where it goes both ways, backward."""

    cell: str
    units: int
    ways: tuple[tuple[Weight, ...], ...]  # weights, recurrent weights, bias, recurrent bias

    def layer(self, returns: str, direction: str) -> Layer:
        """The layer that gives back the last state, or those of all steps."""
        fields: dict[str, Any] = {"kind": "recurrent", "cell": self.cell[:4].removesuffix("_"), "units": self.units}
        fields |= {"returns": returns, "direction": direction}
        if self.cell == "rnn_relu":
            fields["activation"] = {"kind": "relu"}
        chosen = self.ways[1:] if direction == "backward" else self.ways[: 2 if direction == "both" else 1]
        names = ("weights", "recurrent_weights", "bias", "recurrent_bias")
        return fields | {name: self._filling(place, chosen) for place, name in enumerate(names)}

    def _filling(self, place: int, chosen: Sequence[Sequence[Weight]]) -> Any:
        if place >= len(chosen[0]):
            return {"kind": "none"}
        gates = _GATES[self.cell]
        weights = tuple(_ordered(way[place], self.cell) for way in chosen)
        fan_in = weights[0].shape[0] if place < 2 else chosen[0][0].shape[-1]
        return Filling(weights, fan_in, gates * self.units if place < 2 else self.units)


def _ordered(weight: Weight, cell: str) -> Weight:
    """(gates · units, in) as (in, gates · units), or a vector as it is, the gates in our order."""

    def arranged(numbers: Numbers) -> Numbers:  # (gates · units, …)
        if cell == "gru":  # r z n there, z r h here
            reset, update, new = np.split(numbers, 3)
            numbers = np.concatenate([update, reset, new])
        return numbers.T

    return weight.then(arranged)


def _recurrent(walk: Walk, op: Operation) -> Value:
    """All steps' states, and the last ones of every layer and direction."""
    x, params = op.signal("input"), op.args.get("params") or []
    _check_start(op)
    both, first, count = op.flag("bidirectional"), op.flag("batch_first"), op.whole("num_layers", 1)
    ways, each = 2 if both else 1, 4 if op.flag("has_biases") else 2
    if len(params) != count * ways * each or not all(isinstance(one, Weight) for one in params):
        raise Cannot("its parameters are not those of so many layers; projections are not read")
    if len(x.dims) != 3 or leaves(x.dims[0 if first else 1]) != leaves((walk.batch,)):
        raise Cannot(f"the samples do not stand where it has them in {list(x.shape)}")
    time, batch = x.dims[1 if first else 0], x.dims[0 if first else 1]
    draft = walk.arranged(op, x, [time], x.dims[2])
    states: list[Signal] = []
    last = x
    for layer in range(count):
        own = params[layer * ways * each : (layer + 1) * ways * each]
        recurrence = Recurrence(
            op.name, own[1].shape[1], tuple(tuple(own[n * each : (n + 1) * each]) for n in range(ways))
        )
        last = _layer(walk, op, draft, recurrence, (time, batch, first))
        if count > 1:
            last.draft.layers = [{**last.draft.layers[0], "name": f"{op.path or op.name}.{layer}"}]
        states += [_state(walk, op, last, way) for way in range(ways)]
        draft = last.draft
        if op.number("dropout") and walk.training(op, "train") and layer < count - 1:
            dropped = {"kind": "dropout", "name": f"{op.path or op.name}.dropout", "rate": op.number("dropout")}
            draft = walk.emit(op, [draft], [dropped], draft.space)
    return [last, States(tuple(states)), States(tuple(states))]


def _check_start(op: Operation) -> None:
    given = op.args.get("hx")
    for one in given if isinstance(given, list) else [given]:
        if one is not None and not (isinstance(one, Known) and not one.numbers.any()):
            raise Cannot("its first state is not zeros")


def _layer(walk: Walk, op: Operation, draft: Draft, recurrence: Recurrence, order: tuple[Dim, Dim, bool]) -> Signal:
    time, batch, first = order
    ways = len(recurrence.ways)
    out = (Axis(recurrence.units * ways),)
    layer = recurrence.layer("sequence", "both" if ways > 1 else "forward")
    made = walk.emit(op, [draft], [layer], Space((time, out)))
    made.recurrence = recurrence
    return Signal(made, (batch, time, out) if first else (time, batch, out))


def _state(walk: Walk, op: Operation, sequence: Signal, way: int) -> Signal:
    """The last state of one direction."""
    recurrence: Recurrence = sequence.draft.recurrence
    out = (Axis(recurrence.units),)
    layer = recurrence.layer("last", "backward" if way else "forward")
    draft = walk.emit(op, sequence.draft.inputs, [], Space((out,)))
    draft.layers, draft.facts["state of"] = [{"name": sequence.draft.layers[0]["name"], **layer}], (sequence.draft, way)
    return Signal(draft, (leaves((walk.batch,)), out))


def state_of(states: States) -> Signal:
    """The only one of some states."""
    if len(states.signals) != 1:
        raise Cannot("several states are taken for one")
    return states.signals[0]


def last_step(walk: Walk, op: Operation, x: Signal) -> Signal | None:
    """The last step of a recurrent layer that goes forward, with the batch first; None where it is something else."""
    recurrence: Recurrence = x.draft.recurrence
    if len(recurrence.ways) > 1 or len(x.draft.layers) != 1:
        return None
    draft = walk.emit(op, x.draft.inputs, [], Space((x.space.channel,)))
    draft.layers = [{"name": x.draft.layers[0]["name"], **recurrence.layer("last", "forward")}]
    return Signal(draft, x.dims)


def concatenated_states(walk: Walk, op: Operation, given: Sequence[Value]) -> Signal | None:
    """The last states of both directions of a layer, put end to end; None where they are something else."""
    told = [one.draft.facts["state of"] for one in given if isinstance(one, Signal) and "state of" in one.draft.facts]
    if len(told) != 2 or len(given) != 2 or told[0][0] is not told[1][0]:
        return None
    (sequence, first), (_, second) = told
    if (first, second) != (0, 1):
        raise Cannot("the state of the way backward stands first")
    recurrence: Recurrence = sequence.recurrence
    out = (Axis(2 * recurrence.units),)
    draft = walk.emit(op, sequence.inputs, [], Space((out,)))
    draft.layers = [{"name": sequence.layers[0]["name"], **recurrence.layer("last", "both")}]
    return Signal(draft, (leaves((walk.batch,)), out))


RECURRENT: Mapping[str, Handler] = dict.fromkeys(_GATES, _recurrent)
