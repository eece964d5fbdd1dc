"""What is put behind something, or around it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from service.imports.base import Layer, Subject
from service.imports.torch.axes import Axis, Dim, joined, leaves, size_of
from service.imports.torch.recurrent import concatenated_states
from service.imports.torch.together import concatenated
from service.imports.torch.values import Cannot, Filling, Operation, Signal, Space, Value, Weight
from service.imports.torch.walk import Handler, Walk


def _cat(walk: Walk, op: Operation) -> Value:
    given, dim = op.args.get("tensors") or [], op.whole("dim")
    pair = concatenated_states(walk, op, given)
    if pair is not None:
        return pair
    signals = [one for one in given if isinstance(one, Signal)]
    if not signals:
        raise Cannot("what is joined is no signal")
    dim %= len(signals[0].dims)
    if len(signals) == len(given) > 1 and _heads_of_one(signals, dim):
        return _heads(walk, op, signals, dim)
    if len(signals) == len(given):
        return signals[0] if len(given) == 1 else concatenated(walk, op, signals, dim)
    if len(given) == 2 and len(signals) == 1 and len(signals[0].dims) == 3:
        return _token_first(walk, op, given, dim)
    raise Cannot("parameters or numbers are joined to a signal")


def _heads_of_one(signals: Sequence[Signal], dim: int) -> bool:
    """Whether the signals are heads of attentions over one signal, each written as a module of its own."""
    first = signals[0].draft
    alike = all(one.draft.open and one.draft.inputs == first.inputs and dim == len(one.dims) - 1 for one in signals)
    return alike and len({str(_shared(one.draft.layers[0])) for one in signals}) == 1


def _shared(layer: Layer) -> Layer:
    """What heads have in common."""
    return {name: one for name, one in layer.items() if name not in ("name", "weights", "bias")}


def _heads(walk: Walk, op: Operation, signals: Sequence[Signal], dim: int) -> Signal:
    """One attention with the heads of several."""
    layers = [one.draft.layers[0] for one in signals]
    layer = {**layers[0], "name": op.path or op.name, "heads": sum(one["heads"] for one in layers)}
    for name in ("weights", "bias"):
        fillings = [one[name] for one in layers if isinstance(one[name], Filling)]
        if fillings:
            whole = tuple(weight for one in fillings for weight in one.weights)
            layer[name] = replace(fillings[0], weights=whole, fan_out=sum(one.fan_out for one in fillings), alone=False)
    parts = (Axis(layer["heads"]), Axis(layer["key_units"]))
    first = signals[0].draft
    draft = walk.emit(op, first.inputs, [layer], Space((*first.space.positions, parts)))
    draft.open = True
    return Signal(draft, (*signals[0].dims[:dim], parts))


def _token_first(walk: Walk, op: Operation, given: Sequence[Value], dim: int) -> Signal:
    """A token that is learned in front of all others: a step of zeros, which the positions' vectors fill."""
    first = isinstance(given[0], Weight)
    token, x = (given[0], given[1]) if first else (given[1], given[0])
    draft, _ = walk.channels_last(op, x)
    if not isinstance(token, Weight) or size_of(tuple(joined(draft.space.positions))) != x.shape[dim]:
        raise Cannot("parameters or numbers are joined to a signal")
    if len(draft.space.positions) > 1:
        draft = walk.arranged(op, x, [x.dims[dim]], x.dims[-1])
    walk.reading.assume(Subject.OTHER, op.pointer, _TOKEN.format(name=token.name))
    out = (Axis(x.shape[dim] + 1),)
    layer = {"kind": "padding", "pad": [1, 0] if first else [0, 1]}
    made = walk.emit(op, [draft], [layer], Space((out, draft.space.channel)))
    return Signal(made, (*x.dims[:dim], out, *x.dims[dim + 1 :]))


_TOKEN = "The token `{name}`, which is learned, begins as zeros here, and has the vector of its position alone."


def _pad(walk: Walk, op: Operation) -> Value:
    x, pads = op.signal("self"), op.args.get("pad") or []
    op.plain(mode="constant", value=0)
    numbers = [int(one) for one in pads]
    dims = {len(x.dims) - 1 - n: numbers[2 * n : 2 * n + 2] for n in range(len(numbers) // 2)}
    dims = {place: pair for place, pair in dims.items() if any(pair)}
    if x.space.dims is None:
        walk.arranged(op, x, *((walk.positions_of(x), x.dims[-1]) if len(x.dims) - 1 not in dims else _first(x)))
    if not dims:
        return x
    found = list(x.space.known)
    field = [0] * (2 * len(found) - 2)
    out = list(x.dims)
    for dim, pair in dims.items():
        place = next((n for n, one in enumerate(found[:-1]) if leaves(one) == leaves(x.dims[dim])), None)
        if place is None or min(pair) < 0:
            raise Cannot(f"{pair} are put around channels or samples, or cut off")
        field[2 * place : 2 * place + 2] = pair
        out[dim] = found[place] = (Axis(size_of(found[place]) + sum(pair)),)
    return Signal(walk.emit(op, [x.draft], [{"kind": "padding", "pad": field}], Space(tuple(found))), tuple(out))


def _first(x: Signal) -> tuple[Sequence[Dim], Dim]:
    """Positions and channels of (batch, channels, *positions)."""
    return x.dims[2:], x.dims[1]


JOINING: Mapping[str, Handler] = {
    **dict.fromkeys(("cat", "concat", "concatenate"), _cat),
    **dict.fromkeys(("pad", "constant_pad_nd"), _pad),
}
