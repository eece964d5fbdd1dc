"""Keras' recurrent layers, in one direction or both, and its attention."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from service.core.arrays import Shape
from service.imports.base import Layer, Subject
from service.imports.keras.drawing import Drawn, activation, class_fields, initialiser
from service.imports.keras.fields import Fields, Made, Unsayable, one_signal, shown

_NO_BIAS: Layer = {"kind": "none"}
_GATES = {"rnn": 1, "lstm": 4, "gru": 3}
_CELLS = {
    "SimpleRNN": "rnn",
    "LSTM": "lstm",
    "GRU": "gru",
    "CuDNNLSTM": "lstm",
    "CuDNNGRU": "gru",
    "SimpleRNNCell": "rnn",
    "LSTMCell": "lstm",
    "GRUCell": "gru",
}
_INPUT = "Dropout of what a recurrent layer reads draws a mask for each step, where the file has one for all steps."
CAUSAL = "\0causal"
"""What stands among the fields of an attention, besides those of the file, for what its call says; no field is so."""
_MERGES = {"concat": "concat", "sum": "add", "mul": "multiply", "ave": "average"}


class _Cell:
    """The fields of a recurrent layer, but for which states come out and in which direction it goes."""

    def __init__(self, fields: Fields, name: str) -> None:
        self._fields, self.cell, self._fast = fields, _CELLS[name], name.startswith("CuDNN")
        self.units = fields.whole("units", "output_dim")
        self._old = fields.file.version[0] == 1
        less = fields.word("consume_less", default="cpu", among=("cpu", "mem", "gpu")) if self._old else "gpu"
        self._together = less == "gpu"
        self.activation = {"kind": "tanh"} if self._fast else activation(fields, "activation", default="tanh")
        self.gate = self._gate_activation()
        self._weights = initialiser(fields, "kernel_initializer", "init", default="glorot_uniform")
        self._recurrent = initialiser(fields, "recurrent_initializer", "inner_init", default="orthogonal")
        self._bias = initialiser(fields, "bias_initializer", default="zeros")
        self._biased = fields.flag("use_bias", default=True)
        self.forget = self._forget_bias()
        newer = fields.file.version[0] >= 3
        self.reset_after = self.cell == "gru" and (self._fast or fields.flag("reset_after", default=newer))
        self.dropped = self._dropouts()
        fields.free("implementation", "unroll", "use_cudnn", "zero_output_for_mask")

    def _gate_activation(self) -> Layer | None:
        if self.cell == "rnn":
            return None
        if self._fast:
            return {"kind": "sigmoid"}
        usual = "sigmoid" if self._fields.file.version[0] >= 3 else "hard_sigmoid"
        return activation(self._fields, "recurrent_activation", "inner_activation", default=usual)

    def _forget_bias(self) -> float:
        """What is added to the forget gate's bias: 1 in place of what is drawn, or nothing."""
        if self.cell != "lstm":
            return 0.0
        if self._old:
            drawn = initialiser(self._fields, "forget_bias_init", default="one")
            return 1.0 if drawn.fixed == {"kind": "ones"} else self._refused(drawn)
        if not self._fields.flag("unit_forget_bias", default=True) or not self._biased:
            return 0.0
        return 1.0 - self._constant()

    def _refused(self, drawn: Drawn) -> float:
        if drawn.fixed != {"kind": "zeros"}:
            self._fields.fault("forget_bias_init", f"{self._fields.what} draws its forget gate's bias by itself.")
        return 0.0

    def _constant(self) -> float:
        """The number that the bias begins with, which the forget gate has 1 in place of."""
        fixed = self._bias.fixed or {}
        known = {"zeros": 0.0, "ones": 1.0, "constant": fixed.get("value", 0.0)}.get(str(fixed.get("kind")))
        if known is None:
            sentence = f"{self._fields.what} draws its bias, and has 1 in place of that of the forget gate."
            self._fields.fault("unit_forget_bias", sentence)
        return float(known or 0.0)

    def _dropouts(self) -> float:
        """The rate of dropout in front of the layer."""
        inside = self._fields.number("recurrent_dropout", "dropout_U", default=0.0)
        if inside != 0.0:
            sentence = (
                f"Dropout of a recurrent layer's states, at the rate {inside:g}, is left out: nothing is dropped."
            )
            self._fields.assume(Subject.OTHER, "recurrent_dropout", sentence)
        rate = float(self._fields.number("dropout", "dropout_W", default=0.0))
        if rate != 0.0:
            self._fields.assume(Subject.OTHER, "dropout", _INPUT)
        return rate

    def layer(self, shape: Shape, returns: str, direction: str) -> Layer:
        """The layer for inputs of that shape."""
        if len(shape) != 2:
            raise Unsayable(f"reads a sequence (steps, features), and {list(shape)} comes in")
        features, u = shape[-1], self.units
        out = u * (_GATES[self.cell] if self._together else 1)
        bias = self._bias.at((out, out), (features, u)) if self._biased else _NO_BIAS
        own = bias if self.reset_after or self._fast else _NO_BIAS
        both_inits = self._old and self._fields.file.version >= (1, 2) and not self._together and self.cell != "rnn"
        recurrent = self._weights if both_inits else self._recurrent
        found: dict[str, Any] = {"kind": "recurrent", "cell": self.cell, "units": u, "returns": returns}
        found |= {"direction": direction, "activation": self.activation, "forget_bias": self.forget}
        found |= {"weights": self._weights.at((features, out)), "recurrent_weights": recurrent.at((u, out))}
        found |= {"bias": bias, "recurrent_bias": own, "gates": "together" if self._together else "each"}
        found |= {} if self.gate is None else {"gate_activation": self.gate}
        return {**found, **({"reset_after": self.reset_after} if self.cell == "gru" else {})}

    def in_front(self) -> list[Layer]:
        """Dropout of what goes in, where there is some."""
        return [{"kind": "dropout", "rate": self.dropped}] if self.dropped else []


class _Recurrent:
    """A recurrent layer: its cell, which states come out, and whether it goes backward."""

    def __init__(self, fields: Fields, name: str) -> None:
        self.backward = fields.flag("go_backwards")
        self.sequence = fields.flag("return_sequences")
        if fields.flag("return_state"):  # a layer that reads them is a fault
            fields.assume(Subject.OTHER, "return_state", "No layer reads the states that come beside an output.")
        fields.only("stateful", False)
        fields.only("time_major", False)
        self.cell = _Cell(fields, name)

    @property
    def returns(self) -> str:
        """Which states come out."""
        return "sequence" if self.sequence else "last"


def _recurrent(name: str) -> Callable[[Fields], Made]:
    def made(fields: Fields) -> Made:
        return _plain(_Recurrent(fields, name), fields)

    return made


def _plain(found: _Recurrent, fields: Fields) -> Made:
    if found.backward and found.sequence:
        fields.fault("go_backwards", f"{fields.what} returns its steps in reverse order, which cannot be said here.")
    direction = "backward" if found.backward else "forward"
    return one_signal(
        lambda shape: [*found.cell.in_front(), found.cell.layer(shape, found.returns, direction)], trained=True
    )


def _rnn(fields: Fields) -> Made:
    """`RNN` around one cell of Keras."""
    inner = class_fields(fields.take("cell"), fields.at("cell"), f"{fields.what}'s cell", fields.file)
    name = inner.take("class_name")
    if not isinstance(name, str) or name not in _CELLS or not name.endswith("Cell"):
        inner.fault("", f"{inner.what} is {shown(name)}, which cannot be said here.")
        return one_signal(lambda shape: [])
    for flag in ("go_backwards", "return_sequences", "return_state", "stateful", "time_major"):
        if flag in fields.values:
            inner.values[flag] = fields.take(flag)
    fields.free("unroll", "zero_output_for_mask")
    found = _recurrent(name)(inner)
    inner.finish()
    return found


def _bidirectional(fields: Fields) -> Made:
    merge = fields.take("merge_mode", default="concat")
    if not isinstance(merge, str) or merge not in _MERGES:
        fields.fault("merge_mode", f"{fields.what} has merge_mode = {shown(merge)}, which cannot be said here.")
        merge = "concat"
    names = ["layer", *(["backward_layer"] if fields.values.get("backward_layer") is not None else [])]
    runs = [_one_run(fields, name) for name in names]
    fields.drop_null("backward_layer")
    if None in runs:
        return one_signal(lambda shape: [])
    (forward, first), (other, second) = runs[0] or ("", None), runs[-1] or ("", None)
    if forward != other or first is None or second is None:
        fields.fault("backward_layer", f"{fields.what} has two layers that differ, which cannot be said here.")
        return one_signal(lambda shape: [])
    if first.backward or second.backward:
        fields.fault("layer", f"{fields.what} has layers that do not go in the directions that they stand for.")
    cell, returns = first.cell, first.returns

    def layers(shape: Shape) -> Sequence[Layer]:
        if merge == "concat":
            return [*cell.in_front(), cell.layer(shape, returns, "both")]
        ways = [{"layers": [*cell.in_front(), cell.layer(shape, returns, way)]} for way in ("forward", "backward")]
        return [{"kind": "parallel", "merge": _MERGES[merge], "branches": ways}]

    return one_signal(layers, trained=True)


def _one_run(fields: Fields, field: str) -> tuple[Any, _Recurrent] | None:
    """A layer inside a `Bidirectional`, and what must be alike in both; None, with a fault, where it is none."""
    given = fields.take(field)
    inner = class_fields(given, fields.at(field), f"{fields.what}'s {field}", fields.file)
    name = inner.take("class_name")
    if not isinstance(name, str) or name not in _CELLS or name.endswith("Cell"):
        inner.fault("", f"{inner.what} is {shown(name)}, which cannot be said here in both directions.")
        return None
    inner.shape()
    alike = _without_marks({key: value for key, value in inner.values.items() if key != "go_backwards"})
    inner.free("input_dim", "input_length")
    if field == "backward_layer":
        inner.values["go_backwards"] = not inner.flag("go_backwards")
    found = _Recurrent(inner, name)
    inner.finish()
    return (name, alike), found


def _without_marks(value: Any) -> Any:
    """A value of the file without what tells objects of the same kind from each other: names, seeds and numbers."""
    if isinstance(value, list):
        return [_without_marks(one) for one in value]
    if not isinstance(value, Mapping):
        return value
    return {key: _without_marks(one) for key, one in value.items() if key not in ("name", "seed", "shared_object_id")}


def _attention(fields: Fields) -> Made:
    heads, units = fields.whole("num_heads"), fields.whole("key_dim")
    fields.only("value_dim", None, units)
    fields.only("flash_attention", None, False, True)
    fields.only("attention_axes", None, [1], 1)
    fields.only("use_gate", False)
    fields.only("sliding_window", None)
    output = fields.take("output_shape", default=None)
    fields.free("query_shape", "key_shape", "value_shape")
    rate = fields.number("dropout", default=0.0)
    dropped = {"dropout": float(rate)} if rate else {}
    weights = initialiser(fields, "kernel_initializer", default="glorot_uniform")
    drawn = initialiser(fields, "bias_initializer", default="zeros")
    biased = fields.flag("use_bias", default=True)
    if biased and drawn.fixed is None:
        fields.fault("bias_initializer", f"{fields.what} draws its biases by their shape.")
    causal = fields.values.pop(CAUSAL, False) is True
    whole_matrices = fields.file.version >= (3, 15)

    def layers(shape: Shape) -> Sequence[Layer]:
        n, inner = shape[-1], heads * units
        if output not in (None, n, [n]):
            raise Unsayable(f"makes {output} features of {n}; as many as come in can be said here")
        into, back = (
            ((n, inner), (inner, n)) if whole_matrices else ((n * heads, n * units), (units * heads, n * heads))
        )
        drawings = {"weights": weights.at(into, (n, inner)), "output_weights": weights.at(back, (inner, n))}
        own = drawn.at((1, 1)) if biased else _NO_BIAS
        sizes = {"heads": heads, "key_units": units, "causal": causal, **dropped}
        return [{"kind": "attention", **sizes, **drawings, "bias": own}]

    return one_signal(layers, trained=True)


LAYERS: Mapping[str, Callable[[Fields], Made]] = {
    **{name: _recurrent(name) for name in _CELLS if not name.endswith("Cell")},
    "RNN": _rnn,
    "Bidirectional": _bidirectional,
    "MultiHeadAttention": _attention,
}
"""The layers by Keras' names."""
