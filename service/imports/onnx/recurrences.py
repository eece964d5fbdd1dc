"""LSTM, GRU and plain recurrences."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from service.imports.base import Layer
from service.imports.onnx.functions import Numbers
from service.imports.onnx.nodes import Node
from service.imports.onnx.signals import SAMPLES, SINGLE, Constant, Made, Signal, Unreadable, Value
from service.imports.onnx.weights import NONE, explicit
from service.nn.shapes import WIDEST

_CELLS = {"LSTM": ("lstm", 4), "GRU": ("gru", 3), "RNN": ("rnn", 1)}
_DIRECTIONS = {"forward": "forward", "reverse": "backward", "bidirectional": "both"}
_ORDER = {"LSTM": (0, 2, 3, 1), "GRU": (0, 1, 2), "RNN": (0,)}
"""Where the gates of our language stand in ONNX' i o f c, z r h."""
_ACTIVATIONS = {
    "sigmoid": {"kind": "sigmoid"},
    "tanh": {"kind": "tanh"},
    "relu": {"kind": "relu"},
    "softsign": {"kind": "softsign"},
}


def recurrence(node: Node, made: Made) -> Sequence[Value]:
    """A recurrent layer; its outputs are all states and the last one, of which either is read, or both of one way."""
    x, weight = node.signal(), node.constant(1)
    cell, gates = _CELLS[node.kind]
    direction = _DIRECTIONS.get(node.text("direction", "forward"))
    ways = 2 if direction == "both" else 1
    node.only("layout", 0)
    units = node.integer("hidden_size", 0)
    _check(node, (ways, gates, units), weight, x)
    x = _steps_first(made, node, x)
    layer: dict[str, Any] = {
        "kind": "recurrent",
        "name": node.names[1].rpartition(".")[0][:100] or node.name[:100],
        "cell": cell,
        "units": units,
        "direction": direction,
        **_activations(node, ways, gates),
        **_weights(node, made, ways, gates),
    }
    if node.kind == "GRU":
        layer["reset_after"] = bool(node.integer("linear_before_reset", 0))
    return _outputs(node, made, x, layer, ways)


def _steps_first(made: Made, node: Node, x: Signal) -> Signal:
    """The signal with steps, samples and features in this order."""
    if len(x.axes) != 3 or x.axes[1] != SAMPLES:
        raise Unreadable("takes another axis for that of samples")
    turned = Signal(x.vertex, x.shape, (x.axes[1], x.axes[0], x.axes[2]), x.free, x.function, x.positive, x.tokens)
    found = made.arranged(turned, (SAMPLES, 0, 1), node.name)
    return Signal(found.vertex, found.shape, (0, SAMPLES, 1))


def _check(node: Node, sizes: tuple[int, int, int], weight: Constant, x: Signal) -> None:
    """See that shapes fit together, and that there is nothing that a recurrent layer has not here."""
    ways, gates, units = sizes
    features = x.shape[-1] if x.shape else 0
    own = node.constant(2).shape
    if node.text("direction", "forward") not in _DIRECTIONS or not 1 <= units <= WIDEST:
        raise Unreadable("has a `direction` or a `hidden_size` that is none")
    if weight.shape != (ways, gates * units, features) or own != (ways, gates * units, units):
        raise Unreadable(f"has weights of {list(weight.shape)} and {list(own)} for {features} features")
    bias = node.optional(3)
    if bias is not None and node.constant(3).shape != (ways, 2 * gates * units):
        raise Unreadable(f"has biases of the shape {list(node.constant(3).shape)}")
    if node.number("clip", 0.0) or node.integer("input_forget", 0) or node.optional(7) is not None:
        raise Unreadable("has `clip`, `input_forget` or peepholes, which a recurrent layer has none of here")
    if node.optional(4) is not None:
        raise Unreadable("has sequences of different lengths")
    for place in (5, 6):
        given = node.optional(place)
        if given is not None and (not isinstance(given, Constant) or given.scalar() != 0.0):
            raise Unreadable("begins with a state that is not zero")


def _activations(node: Node, ways: int, gates: int) -> dict[str, Layer]:
    """The activations of states and gates, where they are not the usual ones."""
    named = node.texts("activations")
    node.ignore("activation_alpha", "activation_beta")
    if not named:
        return {}
    each = [one.lower() for one in named[: len(named) // ways]]
    if [one.lower() for one in named] != each * ways or any(one not in _ACTIVATIONS for one in each):
        raise Unreadable(f"has the activations {', '.join(named)[:60]}")
    if gates == 1:
        return {"activation": _ACTIVATIONS[each[0]]}
    if len(each) != (3 if gates == 4 else 2) or len(set(each[1:])) != 1:
        raise Unreadable(f"has the activations {', '.join(named)[:60]}")
    return {"activation": _ACTIVATIONS[each[1]], "gate_activation": _ACTIVATIONS[each[0]]}


def _weights(node: Node, made: Made, ways: int, gates: int) -> dict[str, Any]:
    """The fields of weights: no bias where the file has none, and the file's values where these are asked for."""
    bias = node.optional(3)
    fields: dict[str, Any] = {} if bias is not None else {"bias": NONE, "recurrent_bias": NONE}
    if not made.from_file:
        return fields
    if ways == 2:
        raise Unreadable("has two directions, whose values differ and are drawn alike here")
    fields["weights"] = explicit(made, _gates(node, gates, node.constant(1).known()[0]).T)
    fields["recurrent_weights"] = explicit(made, _gates(node, gates, node.constant(2).known()[0]).T)
    if isinstance(bias, Constant):
        halves = np.split(bias.known().reshape(-1), 2)
        fields["bias"], fields["recurrent_bias"] = (explicit(made, _gates(node, gates, one)) for one in halves)
    return fields


def _gates(node: Node, gates: int, values: Numbers) -> Numbers:
    """Weights (gates · units, …) with the gates in the order of our language, of the same shape."""
    parts = np.split(values, gates)
    return np.concatenate([parts[place] for place in _ORDER[node.kind]])


def _outputs(node: Node, made: Made, x: Signal, layer: dict[str, Any], ways: int) -> Sequence[Value]:
    names = [*node.outputs, "", "", ""][:3]
    every, last, cell = (bool(name) and made.readers.get(name, 0) > 0 for name in names)
    if cell:
        raise Unreadable("hands on the memory of its cells, which a recurrent layer keeps to itself here")
    steps, units = x.shape[0], layer["units"]
    if not every:
        vertex = made.layered(x, node.name, [{**layer, "returns": "last"}], (ways * units,))
        axes: tuple[int, ...] = (0, SAMPLES, 1) if ways == 2 else (SINGLE, SAMPLES, 0)
        shape = (2, units) if ways == 2 else (units,)
        return [Constant((0,)), Signal(vertex, shape, axes)]
    if last and ways == 2:
        raise Unreadable("hands on all states of two directions and their last ones as well")
    vertex = made.layered(x, node.name, [{**layer, "returns": "sequence"}], (steps, ways * units))
    parted = (steps, 2, units) if ways == 2 else (steps, units)
    whole = Signal(vertex, parted, (0, 1, SAMPLES, 2) if ways == 2 else (0, SINGLE, SAMPLES, 1))
    if not last:
        return [whole]
    crop = [0, steps - 1] if layer["direction"] == "backward" else [steps - 1, 0]
    ending: list[Layer] = [{"kind": "cropping", "crop": crop}, {"kind": "flatten"}]
    end = made.layered(whole, f"{node.name}/last", ending, (units,))
    return [whole, Signal(end, (units,), (SINGLE, SAMPLES, 0))]
