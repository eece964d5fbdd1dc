"""Nodes between constants: shapes and factors that a graph computes, with the values where these are few."""

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

import numpy as np

from service.imports.onnx.elementwise import BINARIES
from service.imports.onnx.functions import Numbers
from service.imports.onnx.nodes import Node
from service.imports.onnx.signals import Constant, Made, Signal, Unreadable

_MOST = 1 << 16
"""Numbers that are computed with."""
_TYPES = {1: np.float32, 6: np.int32, 7: np.int64, 9: np.bool_, 10: np.float32, 11: np.float64}
_Fold = Callable[[Node, Made], Constant]


def _array(constant: Constant) -> Numbers:
    """The values, or zeros of that shape that take no memory where they were left out."""
    if constant.values is not None:
        return constant.values
    return np.broadcast_to(np.float32(constant.fill or 0.0), constant.shape)


def _moved(node: Node, change: Callable[[Numbers], Numbers]) -> Constant:
    """The constant with its numbers, an array of any shape, in other places."""
    given = node.constant(0)
    if given.values is not None or given.size <= _MOST:
        found = change(_array(given))
        known = given.values is not None or given.fill is not None
        return Constant(found.shape, found if given.values is not None else None, given.fill if known else None)
    return Constant(change(_array(given)).shape, None, given.fill)


def _transposed(node: Node, made: Made) -> Constant:
    order = node.integers("perm")
    if order is not None and sorted(order) != list(range(len(node.constant(0).shape))):
        raise Unreadable(f"has `perm` {order}")
    return _moved(node, lambda one: one.transpose(order))


def _shaped(node: Node, made: Made) -> Constant:
    given, wanted = node.constant(0), node.integers("shape", 1) or []
    node.ignore("allowzero")
    wanted = [given.shape[at] if one == 0 and at < len(given.shape) else one for at, one in enumerate(wanted)]
    rest = prod(one for one in wanted if one != -1)
    wanted = [given.size // rest if one == -1 and rest else one for one in wanted]
    if prod(wanted) != given.size or min(wanted, default=1) < 0:
        raise Unreadable(f"makes {wanted} of {list(given.shape)}")
    values = None if given.values is None else given.values.reshape(wanted)
    return Constant(tuple(wanted), values, given.fill)


def _squeezed(node: Node, made: Made) -> Constant:
    given, axes = node.constant(0), node.integers("axes", 1)
    rank = len(given.shape)
    gone = {one % max(rank, 1) for one in axes} if axes else {at for at, one in enumerate(given.shape) if one == 1}
    if any(at >= rank or given.shape[at] != 1 for at in gone):
        raise Unreadable("takes away an axis that is not of length 1")
    shape = tuple(one for at, one in enumerate(given.shape) if at not in gone)
    return Constant(shape, None if given.values is None else given.values.reshape(shape), given.fill)


def _unsqueezed(node: Node, made: Made) -> Constant:
    given, axes = node.constant(0), node.integers("axes", 1) or []
    rank = len(given.shape) + len(axes)
    places, rest = {one % max(rank, 1) for one in axes}, iter(given.shape)
    if len(places) != len(axes) or rank > 8:
        raise Unreadable("names an axis twice")
    shape = tuple(1 if place in places else next(rest) for place in range(rank))
    return Constant(shape, None if given.values is None else given.values.reshape(shape), given.fill)


def _same(node: Node, made: Made) -> Constant:
    node.ignore("to", "saturate", "round_mode")
    return node.constant(0)


def _cast(node: Node, made: Made) -> Constant:
    given, kind = node.constant(0), node.integer("to", 1)
    node.ignore("saturate", "round_mode")
    if given.values is None:
        return given
    if kind not in _TYPES:
        raise Unreadable(f"makes numbers of the type {kind}")
    with np.errstate(all="ignore"):
        return Constant.of(given.values.astype(_TYPES[kind]))


def _gathered(node: Node, made: Made) -> Constant:
    given, which = node.constant(0), node.constant(1)
    axis = node.integer("axis", 0)
    index = which.known()
    if not -len(given.shape) <= axis < len(given.shape) or index.dtype.kind != "i":
        raise Unreadable("takes entries of an axis that is not there")
    length = given.shape[axis]
    if index.size and not (-length <= index.min() and index.max() < length):
        raise Unreadable(f"takes an entry beyond the {length} of a constant")
    shape = (*given.shape[: axis % len(given.shape)], *index.shape, *given.shape[axis % len(given.shape) + 1 :])
    if given.values is None or prod(shape) > _MOST:
        return Constant(shape, None, given.fill)
    return Constant.of(np.take(given.values, index, axis=axis))


def _sliced(node: Node, made: Made) -> Constant:
    starts, ends = node.integers("starts", 1) or [], node.integers("ends", 2) or []
    rank = len(node.constant(0).shape)
    axes = node.integers("axes", 3) or list(range(len(starts)))
    steps = node.integers("steps", 4) or [1] * len(starts)
    if not len(starts) == len(ends) == len(axes) == len(steps) or 0 in steps:
        raise Unreadable("has other numbers of starts, ends, axes and steps")
    place = [slice(None)] * rank
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        if not -rank <= axis < rank:
            raise Unreadable(f"speaks of axis {axis} of {rank}")
        place[axis] = slice(start, end if abs(end) < 1 << 31 else None, step)
    return _moved(node, lambda one: one[tuple(place)])


def _joined(node: Node, made: Made) -> Constant:
    each = [node.constant(place) for place in range(len(node.inputs))]
    axis = node.integer("axis", 0)
    arrays = [_array(one) for one in each]
    if any(one.ndim != arrays[0].ndim or not -one.ndim <= axis < one.ndim for one in arrays):
        raise Unreadable("joins constants of different axes")
    if sum(one.size for one in each) > _MOST:
        raise Unreadable(f"joins constants of more than {_MOST} numbers")
    if any(one.values is None and one.fill is None for one in each):
        raise Unreadable("joins constants that are too large")
    return Constant.of(np.concatenate(arrays, axis=axis))


def _filled(node: Node, made: Made) -> Constant:
    shape = tuple(int(one) for one in node.constant(0).known().reshape(-1)[:8])
    value = node.tensor("value")
    number = 0.0 if value is None else value.scalar()
    return _alike(shape, number, np.float32 if value is None or value.values is None else value.values.dtype)


def _alike(shape: Sequence[int], number: float | None, dtype: Any) -> Constant:
    if number is None or min(shape, default=0) < 0:
        raise Unreadable("fills a shape that is none")
    values = np.full(shape, number, dtype) if prod(shape) <= _MOST else None
    return Constant(tuple(shape), values, number)


def _expanded(node: Node, made: Made) -> Constant:
    given, wanted = node.constant(0), tuple(int(one) for one in node.constant(1).known().reshape(-1)[:8])
    shape = np.broadcast_shapes(given.shape, wanted)
    if given.scalar() is not None:
        return _alike(shape, given.scalar(), np.float32 if given.values is None else given.values.dtype)
    if prod(shape) > _MOST:
        return Constant(shape)
    return Constant.of(np.broadcast_to(given.known(), shape))


def _ranged(node: Node, made: Made) -> Constant:
    start, limit, step = (node.constant(place).known().reshape(-1)[0] for place in range(3))
    if step == 0 or (limit - start) / step > _MOST:
        raise Unreadable("counts too far")
    return Constant.of(np.arange(start, limit, step))


def _chosen(node: Node, made: Made) -> Constant:
    three = [_array(node.constant(place)) for place in range(3)]
    return _computed(node, lambda *given: np.where(given[0].astype(bool), given[1], given[2]), three)


def _computed(node: Node, of: Callable[..., Any], given: Sequence[Numbers]) -> Constant:
    """What a function makes of arrays of any shapes that are broadcast; nothing but its shape where they are large."""
    shape = np.broadcast_shapes(*(one.shape for one in given))
    known = all(isinstance(one, Constant) and (one.values is not None or one.fill is not None) for one in node.inputs)
    if not known or prod(shape) > _MOST:
        return Constant(shape)
    with np.errstate(all="ignore"):
        return Constant.of(np.asarray(of(*given)))


def _pairwise(of: Callable[..., Any]) -> _Fold:
    def fold(node: Node, made: Made) -> Constant:
        given = [_array(node.constant(place)) for place in range(len(node.inputs))]
        if len(given) != 2:
            raise Unreadable("joins more than two constants")
        whole = all(one.dtype.kind in "iu" for one in given)
        if whole and node.kind == "Div":
            return _computed(node, lambda a, b: a // np.where(b == 0, 1, b), given)
        return _computed(node, of, given)

    return fold


def _single(of: Callable[..., Any]) -> _Fold:
    return lambda node, made: _computed(node, of, [_array(node.constant(0))])


def _product(node: Node, made: Made) -> Constant:
    node.ignore("axes", "keepdims")
    return Constant.of(np.asarray(np.prod(node.constant(0).known())))


def _sizes(node: Node, made: Made) -> list[int]:
    """The shape of the input in ONNX."""
    given = node.value(0)
    if isinstance(given, Constant):
        return list(given.shape)
    return (given if isinstance(given, Signal) else given.base).sizes(made.batch)


def _shape_of(node: Node, made: Made) -> Constant:
    sizes = _sizes(node, made)
    start, end = node.integer("start", 0), node.integer("end", len(sizes))
    return Constant.of(np.array(sizes[slice(start, end)], dtype=np.int64))


def _count_of(node: Node, made: Made) -> Constant:
    return Constant.of(np.asarray(prod(_sizes(node, made))))


def _constant(node: Node, made: Made) -> Constant:
    found = node.tensor("value")
    if found is not None:
        return found
    for name, dtype in (("value_int", np.int64), ("value_ints", np.int64)):
        numbers = node.integers(name) if name.endswith("s") else None
        if numbers:
            return Constant.of(np.array(numbers, dtype=dtype))
    floats = node.floats("value_floats")
    if floats:
        return Constant.of(np.array(floats[:_MOST], dtype=np.float32))
    if node.has("value_int"):
        return Constant.of(np.asarray(node.integer("value_int", 0)))
    if node.has("value_float"):
        return Constant.of(np.asarray(node.number("value_float", 0.0), dtype=np.float32))
    raise Unreadable("has a value of a kind that is not read")


_WITH_CONSTANTS: Mapping[str, _Fold] = {
    "Transpose": _transposed,
    "Reshape": _shaped,
    "Squeeze": _squeezed,
    "Unsqueeze": _unsqueezed,
    "Identity": _same,
    "Cast": _cast,
    "Gather": _gathered,
    "Slice": _sliced,
    "Concat": _joined,
    "ConstantOfShape": _filled,
    "Expand": _expanded,
    "Range": _ranged,
    "Where": _chosen,
    "ReduceProd": _product,
    "Floor": _single(np.floor),
    "Ceil": _single(np.ceil),
    "Not": _single(np.logical_not),
    **{kind: _pairwise(of) for kind, (of, _) in BINARIES.items()},
    **{
        kind: _pairwise(of)
        for kind, of in {
            "Equal": np.equal,
            "Less": np.less,
            "Greater": np.greater,
            "And": np.logical_and,
            "Or": np.logical_or,
            "Mod": np.mod,
        }.items()
    },
    "Sqrt": _single(np.sqrt),
    "Neg": _single(np.negative),
    "Exp": _single(np.exp),
}
_OF_ANY: Mapping[str, _Fold] = {"Constant": _constant, "Shape": _shape_of, "Size": _count_of}


def folded(node: Node, made: Made) -> Constant | None:
    """The constant that a node makes, where it makes one of constants alone or of a signal's shape; Unreadable."""
    fold = _OF_ANY.get(node.kind)
    if fold is None and node.inputs and all(one is None or isinstance(one, Constant) for one in node.inputs):
        fold = _WITH_CONSTANTS.get(node.kind)
    try:
        return None if fold is None else fold(node, made)
    except (ValueError, OverflowError, TypeError) as error:  # NumPy's, of shapes that do not fit together
        raise Unreadable(f"computes with constants that do not fit together: {error!s:.80}") from None
