"""Operations that move numbers: views, permutations, and parts."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from math import prod

import numpy as np

from service.imports.torch.axes import Axis, Dim, leaves, size_of, viewed, whole
from service.imports.torch.constants import step_of
from service.imports.torch.recurrent import last_step, state_of
from service.imports.torch.together import merged
from service.imports.torch.values import Cannot, Known, Operation, Scores, Signal, Space, States, Value, Weight
from service.imports.torch.walk import Handler, Walk

Moves = Callable[[Operation, Signal], tuple[Dim, ...]]


def _moving(move: Moves) -> Handler:
    """An operation after which a signal has other dimensions; parameters go the way of numbers."""

    def read(walk: Walk, op: Operation) -> Value:
        x = op.args.get("self", op.args.get("input"))
        if isinstance(x, Weight):
            return of_weight(op, x)
        op.args.read.update(("dim", "other", "repeats") if not isinstance(x, Signal) else ())
        if isinstance(x, States) and len(x.signals) == 1 and op.name in ("squeeze", "view", "reshape"):
            return x.signals[0]
        if isinstance(x, Scores) and op.name in ("view", "reshape", "contiguous", "clone"):
            return x
        return Signal(op.signal("self").draft, move(op, op.signal("self")))

    return read


def of_weight(op: Operation, x: Weight) -> Weight:
    """What an operation on numbers makes of a parameter."""
    op.args.read.update(("other", "repeats", "dim"))
    if op.name in ("expand", "expand_as", "repeat"):  # along axes of 1, which broadcast by themselves
        shape = op.shape or ()
        wide = (1,) * (len(shape) - len(x.shape)) + x.shape
        if any(size not in (1, out) for size, out in zip(wide, shape, strict=True)):
            raise Cannot(f"{list(x.shape)} is repeated to {list(shape)}")
        return x
    step = step_of(op)
    return x.then(lambda numbers: step({"self": numbers}))


def _view(op: Operation, x: Signal) -> tuple[Dim, ...]:
    """By the shape of the result, which the program says."""
    op.args.read.update(("dim", "other"))
    found = None if op.shape is None else viewed(x.dims, op.shape)
    if found is None:
        raise Cannot(f"{list(x.shape)} becomes {op.shape and list(op.shape)}, which parts axes that belong together")
    return found


def _permute(op: Operation, x: Signal) -> tuple[Dim, ...]:
    return tuple(x.dims[place] for place in op.wholes("dims", len(x.dims), 0))


def _transpose(op: Operation, x: Signal) -> tuple[Dim, ...]:
    dims = list(x.dims)
    one, other = (op.whole(f"dim{n}", op.whole(f"axis{n}", n)) for n in (0, 1))
    dims[one], dims[other] = dims[other], dims[one]
    return tuple(dims)


def _squeeze(op: Operation, x: Signal) -> tuple[Dim, ...]:
    given = op.args.get("dim")
    asked = range(len(x.dims)) if given is None else [given] if isinstance(given, int) else given
    places = {place % len(x.dims) for place in asked}
    return tuple(dim for place, dim in enumerate(x.dims) if place not in places or size_of(dim) > 1 or not whole(dim))


def _unsqueeze(op: Operation, x: Signal) -> tuple[Dim, ...]:
    place = op.whole("dim") % (len(x.dims) + 1)
    return (*x.dims[:place], (), *x.dims[place:])


def _expand(op: Operation, x: Signal) -> tuple[Dim, ...]:
    shape = op.shape or ()
    op.args.read.update(("other", "repeats"))
    wide = ((),) * (len(shape) - len(x.dims)) + x.dims
    if any(size_of(dim) not in (1, out) for dim, out in zip(wide, shape, strict=True)):
        raise Cannot(f"{list(x.shape)} is repeated to {list(shape)}")
    return tuple(
        (*dim, Axis(out, copies=True)) if size_of(dim) < out else dim for dim, out in zip(wide, shape, strict=True)
    )


def _repeated(op: Operation, x: Signal) -> tuple[Dim, ...]:
    """repeat_interleave: every entry of a dimension several times in a row."""
    place = op.whole("dim") % len(x.dims)
    copies = Axis(op.whole("repeats", 1), copies=True)
    return (*x.dims[:place], (*x.dims[place], copies), *x.dims[place + 1 :])


def _as_it_is(op: Operation, x: Signal) -> tuple[Dim, ...]:
    return x.dims


def part(walk: Walk, op: Operation, x: Value, dim: int, span: tuple[int, int]) -> Value:
    """The entries from span[0] to span[1] along a dimension, which stays."""
    if isinstance(x, States):
        return States(x.signals[span[0] : span[1]])
    if not isinstance(x, Signal):
        raise Cannot("a part is taken of what is no signal")
    axes = leaves(x.dims[dim])
    if span == (0, x.shape[dim]):
        return x
    if not whole(axes):
        raise Cannot("some of the samples are taken")
    if x.space.dims is None and dim < len(x.dims) - 1:
        x.space.dims = (*walk.positions_of(x), x.dims[-1])
    if x.draft.kernel is not None and set(axes) <= set(leaves(x.space.channel)):
        return _rows(walk, op, x, dim, span)
    return _steps(walk, op, x, dim, span)


def _steps(walk: Walk, op: Operation, x: Signal, dim: int, span: tuple[int, int]) -> Signal:
    """A part of the positions, or the last state of a recurrent layer."""
    (start, stop), size = span, x.shape[dim]
    place = next((n for n, one in enumerate(x.space.known[:-1]) if leaves(one) == leaves(x.dims[dim])), None)
    if place is None:
        raise Cannot("a part of the channels is taken, which no layer makes by itself")
    if x.draft.recurrence is not None and (start, stop) == (size - 1, size):
        last = last_step(walk, op, x)
        if last is not None:
            return Signal(last.draft, (*x.dims[:dim], (), *x.dims[dim + 1 :]))
    out = (Axis(stop - start),)
    crop = [0] * (2 * len(x.space.positions))
    crop[2 * place : 2 * place + 2] = [start, size - stop]
    space = Space(tuple(out if n == place else one for n, one in enumerate(x.space.known)))
    draft = walk.emit(op, [x.draft], [{"kind": "cropping", "crop": crop}], space)
    return Signal(draft, (*x.dims[:dim], out, *x.dims[dim + 1 :]))


def _rows(walk: Walk, op: Operation, x: Signal, dim: int, span: tuple[int, int]) -> Signal:
    """A part of what a matrix makes: the layer with those of its units alone."""
    kernel, channel, axes = x.draft.kernel, leaves(x.space.channel), leaves(x.dims[dim])
    if kernel is None:
        raise Cannot("a part of the channels is taken")
    others = tuple(axis for axis in channel if axis not in axes)
    order = [channel.index(axis) for axis in (*axes, *others)]
    rows = kernel.rows.reshape([axis.size for axis in channel]).transpose(order)
    rows = rows.reshape(size_of(axes), -1)[span[0] : span[1]].reshape(-1)
    out = (Axis(span[1] - span[0]),)
    left = replace(kernel, rows=rows)
    draft = walk.emit(op, x.draft.inputs, [], Space((*x.space.positions, (*out, *others))))
    draft.kernel, draft.layers = left, [{"name": draft.name, **left.make(left)}]
    return Signal(draft, (*x.dims[:dim], out, *x.dims[dim + 1 :]))


def _without(x: Value, dim: int) -> Value:
    """A signal without a dimension of 1."""
    if isinstance(x, States):
        return state_of(x)
    return Signal(x.draft, (*x.dims[:dim], *x.dims[dim + 1 :])) if isinstance(x, Signal) else x


def _place(op: Operation, x: Value, name: str = "dim") -> tuple[int, int]:
    """A dimension that an operation names, from 0, and its size."""
    shape = (len(x.signals),) if isinstance(x, States) else x.shape
    place = op.whole(name) % len(shape) if shape else 0
    return place, shape[place]


def _select(walk: Walk, op: Operation) -> Value:
    x = op.args["self"]
    if isinstance(x, Weight):
        return of_weight(op, x)
    dim, size = _place(op, x)
    index = op.whole("index") % size
    found = _without(part(walk, op, x, dim, (index, index + 1)), dim)
    made = isinstance(found, Signal) and isinstance(x, Signal) and found.draft is not x.draft
    if made and found.draft.kernel is None and prod(found.space.shape[:-1]) == 1:  # one step is a vector
        return Signal(walk.arranged(op, found, [], found.space.channel), found.dims)
    return found


def _slice(walk: Walk, op: Operation) -> Value:
    x = op.args["self"]
    if isinstance(x, Weight):
        return of_weight(op, x)
    dim, size = _place(op, x)
    start, stop, step = slice(op.args.get("start"), op.args.get("end"), op.whole("step", 1)).indices(size)
    if step != 1 or stop <= start:
        raise Cannot(f"every {step}th entry is taken")
    return part(walk, op, x, dim, (start, stop))


def _narrow(walk: Walk, op: Operation) -> Value:
    dim, _ = _place(op, op.args["self"])
    start = op.whole("start")
    return part(walk, op, op.args["self"], dim, (start, start + op.whole("length")))


def _split(walk: Walk, op: Operation) -> Value:
    """split, split_with_sizes, chunk, unbind and tensor_split into equal parts."""
    x = op.args["self"]
    dim, size = _place(op, x)
    if isinstance(x, Weight):
        return [_taken(x, dim, span, op.name == "unbind") for span in _spans(op, size)]  # packed queries, keys, values
    parts = [part(walk, op, x, dim, span) for span in _spans(op, size)]
    return [_without(one, dim) for one in parts] if op.name == "unbind" else parts


def _taken(x: Weight, dim: int, span: tuple[int, int], drop: bool) -> Weight:
    """A part of a parameter."""
    return x.then(lambda w: np.take(w, span[0] if drop else range(*span), dim))


def _spans(op: Operation, size: int) -> list[tuple[int, int]]:
    given = op.args.get("split_size", op.args.get("split_sizes"))
    if op.name == "chunk":
        given = -(-size // op.whole("chunks", 1))
    if op.name == "unbind":
        given = 1
    sizes = (
        given if isinstance(given, list) else [given] * -(-size // given) if isinstance(given, int) and given else []
    )
    ends = np.minimum(np.cumsum(sizes), size).tolist()
    if not ends or ends[-1] != size or len(ends) > 1024:
        raise Cannot("the parts are not what the whole has")
    return list(zip([0, *ends], ends, strict=False))


def _index(walk: Walk, op: Operation) -> Value:
    """A list of indices along one dimension, which must follow one another."""
    x, indices = op.args["self"], op.args.get("indices") or []
    told = [(place, one) for place, one in enumerate(indices) if one is not None]
    if isinstance(x, Weight):
        return of_weight(op, x)
    if len(told) != 1 or not isinstance(told[0][1], Known) or told[0][1].numbers.ndim != 1:
        raise Cannot("it takes entries by indices that are computed, or along several axes")
    (dim, known), size = told[0], op.signal("self").shape[told[0][0]]
    places = [int(one) % size for one in known.numbers]
    if not places or places != list(range(places[0], places[0] + len(places))):
        raise Cannot("it takes entries that do not follow one another")
    return part(walk, op, x, dim, (places[0], places[-1] + 1))


def _gated(walk: Walk, op: Operation) -> Value:
    """glu: one half of what a matrix makes times the sigmoid of the other."""
    x = op.signal("self")
    dim, size = op.whole("dim", -1) % len(x.dims), x.shape[op.whole("dim", -1)]
    one, other = (part(walk, op, x, dim, span) for span in ((0, size // 2), (size // 2, size)))
    gate = walk.passed(op, other, {"kind": "activation", "activation": {"kind": "sigmoid"}})
    return merged(walk, op, "multiply", [one, gate])


VIEWS: Mapping[str, Handler] = {
    **dict.fromkeys(
        ("view", "reshape", "flatten", "unflatten", "_unsafe_view", "view_as", "reshape_as"), _moving(_view)
    ),
    **dict.fromkeys(("permute",), _moving(_permute)),
    **dict.fromkeys(("transpose", "swapaxes", "t", "swapdims"), _moving(_transpose)),
    "squeeze": _moving(_squeeze),
    "unsqueeze": _moving(_unsqueeze),
    **dict.fromkeys(("expand", "expand_as", "repeat"), _moving(_expand)),
    "repeat_interleave": _moving(_repeated),
    "glu": _gated,
    **dict.fromkeys(("contiguous", "clone", "to", "_to_copy", "alias", "type_as", "identity"), _moving(_as_it_is)),
    "select": _select,
    "slice": _slice,
    "narrow": _narrow,
    **dict.fromkeys(("split", "split_with_sizes", "chunk", "unbind"), _split),
    "index": _index,
}
