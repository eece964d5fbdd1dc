"""The walk along a program: each operation is read by its entry in a table, and what it says becomes vertices."""

from collections.abc import Callable, Collection, Mapping, Sequence
from math import prod

import numpy as np

from service.core.arrays import Shape
from service.imports.base import Layer, Reading, Subject
from service.imports.graph import INPUT, LONGEST_NAME, Vertex
from service.imports.torch.axes import Axis, Dim, joined, leaves, order_of, same, size_of, whole
from service.imports.torch.constants import computed
from service.imports.torch.program import Name, Node, Program
from service.imports.torch.settling import CHANGED, each, settled
from service.imports.torch.values import (
    HIDDEN,
    UNKNOWN,
    Arguments,
    Cannot,
    Draft,
    Operation,
    Scores,
    Signal,
    Space,
    States,
    Unknown,
    Value,
    Weight,
)

Handler = Callable[["Walk", Operation], Value]
_ATEN = "torch.ops.aten."
_OWN = "torch.nn.modules."
_MOST_POSITIONS = 2
_UNNAMED = {"reshape", "flatten"}
"""What the walk puts in by itself, and no module of the model is."""
_NEUTRAL = {
    *("dtype", "layout", "device", "pin_memory", "memory_format", "non_blocking", "copy", "implicit", "half_to_float"),
    *("running_mean", "running_var", "momentum", "cudnn_enabled", "cudnn_enable", "scale_grad_by_freq", "sparse"),
    *(
        "size",
        "sizes",
        "shape",
        "start_dim",
        "end_dim",
        "output_size",
        "scale_factors",
        "ceil_mode",
        "enable_gqa",
        "train",
    ),
}
"""Arguments without effect on a gradient at its start, and those that the shape of the result repeats."""
_MISFITS = (Cannot, ValueError, TypeError, LookupError, ArithmeticError, AttributeError)
"""What comes of arguments that no operation has, as a file that was tampered with may name them."""


class Walk:
    """What is known at every place of a program, and the vertices that came of it."""

    def __init__(self, program: Program, reading: Reading, table: Mapping[str, Handler], batch: int) -> None:
        """`batch` is the axis of the inputs along which samples stand."""
        self.reading = reading
        self._program, self._table, self._at = program, table, batch
        self._names: dict[str, int] = {}
        self._drafts: list[Draft] = []
        self._batch: Axis | None = None
        self.values: dict[str, Value] = dict(program.numbers)
        self.loss: str | None = None

    def run(self, buffer: Callable[[str], Value]) -> Signal | None:
        """What comes out first; None, and faults, where that is not understood. `buffer` gives numbers by a name."""
        program = self._program
        self.values |= {name: Weight(one, program.shapes.get(name, ())) for name, one in program.parameters.items()}
        self.values |= {name: self._input(name, program.shapes.get(name, ())) for name in program.inputs}
        nodes, reached = settled(program.nodes, program.outputs[:1])
        self.values |= {name: buffer(one) or HIDDEN for name, one in program.buffers.items() if name in reached}
        for node in nodes:
            if any(name in reached for names in node.outputs for name in names):
                self._step(node)
        found = self.values.get(program.outputs[0]) if program.outputs else None
        self._tell_of_others(reached)
        if not isinstance(found, Signal) and not self.reading.faults:
            self.reading.fault("", "What the model returns first is nothing that its input has a part in.")
        return found if isinstance(found, Signal) else None

    def _tell_of_others(self, reached: Collection[str]) -> None:
        """Say that only what is returned first is read; a fault where something else has weights of its own."""
        program = self._program
        others = settled(program.nodes, program.outputs)[1].difference(reached)
        own = [name for tensor, name in program.parameters.items() if tensor in others]
        what = f"The model returns {len(program.outputs)} tensors"
        if own:
            self.reading.fault(
                "", f"{what}, of which others than the first have weights of their own, such as `{own[0]}`."
            )
        elif len(program.outputs) > 1:
            self.reading.assume(Subject.OTHER, "", f"{what}; the network here is what leads to the first.")

    def vertices(self, output: Draft) -> list[Vertex]:
        """What the output depends on, as the reduction of graphs reads it."""
        needed = {id(output)}
        for one in reversed(self._drafts):
            if id(one) in needed:
                needed.update(map(id, one.inputs))
                self._check_closed(one)
        return [
            Vertex(one.name, [each.name for each in one.inputs], one.layers, one.merge, one.pointer, one.space.shape)
            for one in self._drafts
            if one.inputs and id(one) in needed
        ]

    def _check_closed(self, draft: Draft) -> None:
        """A fault where the heads of an attention are used as they are, and are not as many as its features."""
        if draft.open and draft.space.shape[-1] != draft.inputs[0].space.shape[-1]:
            heads = (
                f"`{draft.name}`: its heads have {draft.space.shape[-1]} numbers in all, its input another number of"
            )
            self.reading.fault(draft.pointer, f"{heads} features; here an attention makes as many as come in.")

    def emit(self, op: Operation, inputs: Sequence[Draft], layers: Sequence[Layer], space: Space) -> Draft:
        """A new vertex behind others; its last layer has its name."""
        own = bool(layers) and layers[-1]["kind"] in _UNNAMED
        name = self._named(op, f"{layers[-1]['kind']} before " if own else "")
        named = list(layers) if own or not layers else [*layers[:-1], {"name": name, **layers[-1]}]
        draft = Draft(name, inputs, named, space, op.pointer)
        self._drafts.append(draft)
        return draft

    def passed(self, op: Operation, x: Signal, layer: Layer) -> Signal:
        """What a layer makes of every number, or every channel, by itself: the axes stay."""
        return Signal(self.emit(op, [x.draft], [layer], x.space), x.dims)

    def arranged(self, op: Operation, x: Signal, positions: Sequence[Dim], channel: Dim) -> Draft:
        """The vertex that `x` comes from, or one behind it, whose axes are these."""
        wanted, space = (*positions, channel), x.space
        if space.dims is None:
            space.dims = wanted
        if same(space.dims, wanted) and len(space.dims) == len(wanted):
            return x.draft
        found, asked = joined(space.dims), joined(wanted)
        if found != asked and (len(wanted) > 1 or order_of(found, asked) is None):
            raise Cannot("axes are put in another order in front of it")
        if len(wanted) == 1:
            return self.emit(op, [x.draft], [{"kind": "flatten"}], Space((found,)))
        shape = [size_of(dim) for dim in wanted]
        return self.emit(op, [x.draft], [{"kind": "reshape", "shape": shape}], Space(tuple(wanted)))

    def channels_first(self, op: Operation, x: Signal) -> Draft:
        """The vertex of `x`, (batch, channels, *positions), with its channels last."""
        if len(x.dims) < 2 or leaves(x.dims[0]) != leaves((self.batch,)):
            raise Cannot(f"it reads {list(x.shape)}, whose first axis are not the samples")
        return self.arranged(op, x, x.dims[2:], x.dims[1])

    def channels_last(self, op: Operation, x: Signal) -> tuple[Draft, list[int]]:
        """The vertex of `x`, (…, features), and where each feature of it stands among those of the vertex."""
        last, others = x.dims[-1], [axis for dim in x.dims[:-1] for axis in leaves(dim) if not axis.batch]
        if not whole(last):
            raise Cannot("the samples are among the features that it reads")
        if x.space.dims is not None and order_of(x.space.channel, last) is not None:
            return x.draft, _places(x.space.channel, last)
        positions = self.positions_of(x)
        while len(positions) > _MOST_POSITIONS:
            positions[:2] = [joined(positions[:2])]
        draft = self.arranged(op, x, positions if others else [], last)
        return draft, _places(draft.space.channel, last)

    def positions_of(self, x: Signal) -> list[Dim]:
        """The dimensions of `x` but for the last one and for the batch."""
        dims = [tuple(axis for axis in leaves(dim) if not axis.batch) for dim in x.dims[:-1]]
        return [dim for dim, given in zip(dims, x.dims, strict=False) if dim or whole(given)]

    def training(self, op: Operation, name: str) -> bool:
        """Whether a batch norm or a dropout is as in training: all are, where the program was exported for use."""
        return op.flag(name, True) or self._program.evaluated

    def size_of(self, parameter: str) -> int:
        """How many numbers a parameter has."""
        shapes = [
            self._program.shapes.get(one, ()) for one, name in self._program.parameters.items() if name == parameter
        ]
        return prod(shapes[0]) if shapes else 0

    @property
    def batch(self) -> Axis:
        """The axis along which samples stand."""
        return self._batch or Axis(1, batch=True)

    @property
    def inputs(self) -> list[Draft]:
        """The inputs of the program."""
        return [one for one in self._drafts if not one.inputs]

    def join(self, signals: Sequence[Signal], space: Space, dims: Sequence[Dim]) -> Signal:
        """Several inputs as one, their features behind one another."""
        for one in signals:
            self._drafts.remove(one.draft)
        draft = Draft(INPUT, [], [], space)
        self._drafts.append(draft)
        return Signal(draft, tuple(dims))

    def _input(self, tensor: str, shape: Shape) -> Signal:
        batch = self._at if len(shape) > self._at else 0
        axes = [Axis(size) for size in shape]
        if shape:
            self._batch = self._batch or Axis(shape[batch], batch=True)
            axes[batch] = self._batch
        draft = Draft(INPUT, [], [], Space(), facts={"whole numbers": tensor not in self._program.floats})
        self._drafts.append(draft)
        return Signal(draft, tuple(leaves((axis,)) for axis in axes))

    def _step(self, node: Node) -> None:
        """Read one operation; what it makes is UNKNOWN where it, or what it reads, is not understood."""
        args = {name: self._value(value) for name, value in node.args.items()}
        found: Value = UNKNOWN
        if not any(isinstance(one, Unknown) for value in args.values() for one in each(value)):
            op = self._operation(node, args)
            try:
                found = self._read(op)
            except _MISFITS as error:
                why = str(error) if isinstance(error, Cannot) else "its arguments are none that it takes"
                cls = node.stack[-1][1].rpartition(".")[2] if node.stack else ""
                where = f"`{op.path}` ({cls})" if op.path else cls or "The model"
                self.reading.fault(node.pointer, f"{where}: {op.name} is not understood: {why}.")
        several = isinstance(found, tuple | list)
        names = [name for names in node.outputs for name in names]
        for place, name in enumerate(names):
            self.values[name] = (found[place] if place < len(found) else UNKNOWN) if several else found

    def _operation(self, node: Node, args: Mapping[str, Value]) -> Operation:
        """The operation with the module that it stands in."""
        path, cls = node.stack[-1] if node.stack else ("", "")
        target = node.target.removeprefix(_ATEN).split(".")[0]
        name = target if target.startswith("_") else target.removesuffix("_")
        result = next((name for names in node.outputs for name in names if name), "")
        shape = self._program.shapes.get(result)
        return Operation(name, Arguments(args), path, cls.startswith(_OWN), result, shape, node.pointer)

    def _read(self, op: Operation) -> Value:
        values = [one for value in op.args.values() for one in each(value)]
        if not any(isinstance(one, Signal | Weight | Scores | States) for one in values):
            return computed(op)
        handler = self._table.get(op.name)
        if handler is None:
            raise Cannot("there is no layer for it here")
        found = handler(self, op)
        unread = [name for name, value in op.args.items() if name not in op.args.read | _NEUTRAL and value is not None]
        if any(not isinstance(op.args[name], Scores) for name in unread):
            raise Cannot(f"nothing is known of its {' and '.join(unread)}")
        if isinstance(found, Signal) and op.shape is not None and found.shape != op.shape:
            raise Cannot(f"{list(op.shape)} comes out of it, and here it would be {list(found.shape)}")
        return found

    def _value(self, value: Value) -> Value:
        if isinstance(value, list):
            return [self._value(one) for one in value]
        if isinstance(value, Name) and value.text.endswith(CHANGED):
            self.reading.fault("", f"The tensor `{value.text.removesuffix(CHANGED)}` is changed in a part of it.")
        return self.values.get(value.text, UNKNOWN) if isinstance(value, Name) else value

    def _named(self, op: Operation, before: str) -> str:
        """A name that no other vertex has: the module's, with the operation's where the module is nobody's own."""
        whole = ".".join(part for part in (op.path, op.name) if part)
        name = op.path if op.leaf and op.path and op.path not in self._names and not before else f"{before}{whole}"
        name = name[: LONGEST_NAME - 6]
        count = self._names[name] = self._names.get(name, 0) + 1
        return name if count == 1 else f"{name}.{count}"


def _places(found: Dim, wanted: Dim) -> list[int]:
    """Where the features of `wanted` stand among those of `found`, which has the same axes in another order."""
    order = order_of(found, wanted) or []
    numbers = np.arange(size_of(found)).reshape([axis.size for axis in leaves(found)])
    return numbers.transpose(order).reshape(-1).tolist()
