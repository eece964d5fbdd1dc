"""Keras layers in which several signals meet."""

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

from service.core.arrays import Shape
from service.imports.base import Layer
from service.imports.keras.fields import Fields, File, Made, Unsayable, shown
from service.imports.keras.norms import is_channel_axis

_MINUS: Layer = {"kind": "scale", "factor": -1.0}
_MODES = {"sum": "add", "mul": "multiply", "concat": "concat", "ave": "average", "max": "maximum"}


def _elementwise(merge: str) -> Callable[[Fields], Made]:
    return lambda fields: Made(lambda shapes: [], merge, _of_one_rank)


def _of_one_rank(shapes: Sequence[Shape]) -> Sequence[Sequence[Layer]]:
    """What gives a vector the axes of the images that it meets: positions in front, as Keras does."""
    rank = max(map(len, shapes))
    wanted = [[*[1] * (rank - len(shape)), *shape] for shape in shapes]
    return [
        [] if list(had) == new else [{"kind": "reshape", "shape": new}] for had, new in zip(shapes, wanted, strict=True)
    ]


def _subtract(fields: Fields) -> Made:
    def before(shapes: Sequence[Shape]) -> Sequence[Sequence[Layer]]:
        if len(shapes) != 2:
            raise Unsayable(f"subtracts {len(shapes)} signals, and two are needed")
        first, second = _of_one_rank(shapes)
        return [first, [*second, _MINUS]]

    return Made(lambda shapes: [], "add", before)


def _minimum(fields: Fields) -> Made:
    return Made(lambda shapes: [_MINUS], "maximum", lambda shapes: [[*one, _MINUS] for one in _of_one_rank(shapes)])


def _concatenate(fields: Fields) -> Made:
    return concatenation(fields.take("axis", default=-1), fields.file)


def concatenation(axis: Any, file: File) -> Made:
    """Along the channels; or along the first axis, where the numbers of a sample come one behind the other."""

    def by_channels(shapes: Sequence[Shape]) -> bool:
        if is_channel_axis(axis, shapes[0], file):
            return True
        first = axis in (1, -len(shapes[0])) and type(axis) is int
        if not first or len({one[1:] for one in shapes}) > 1 or (file.channels_first and len(shapes[0]) == 3):
            raise Unsayable(f"joins signals along axis {shown(axis)}, which cannot be said here")
        return False

    def before(shapes: Sequence[Shape]) -> Sequence[Sequence[Layer]]:
        return [[] if by_channels(shapes) else [{"kind": "flatten"}] for _ in shapes]

    def behind(shapes: Sequence[Shape]) -> Sequence[Layer]:
        whole = [sum(one[0] for one in shapes), *shapes[0][1:]]
        return [] if by_channels(shapes) else [{"kind": "reshape", "shape": whole}]

    return Made(behind, "concat", before)


def _merge(fields: Fields) -> Made:
    """The one class of Keras 1 for all of them."""
    mode, axis = fields.take("mode", default="sum"), fields.take("concat_axis", default=-1)
    for name in ("mode_type", "output_shape_type", "output_mask_type"):
        fields.only(name, "raw", None)
    fields.only("output_shape", None)
    fields.only("output_mask", None)
    fields.only("arguments", None, {})
    fields.only("node_indices", None)
    fields.only("tensor_indices", None)
    fields.free("dot_axes") if mode in ("sum", "mul", "concat", "ave", "max") else None
    if not isinstance(mode, str) or mode not in _MODES:
        fields.fault("mode", f"{fields.what} merges by {shown(mode)}, which cannot be said here.")
        mode = "sum"
    if mode == "concat":
        return concatenation(axis, fields.file)
    return Made(lambda shapes: [], _MODES[mode], _of_one_rank)


def met(made: Made, shapes: Sequence[Shape]) -> Shape:
    """What comes out where signals of these shapes, all brought into form, are merged; Unsayable."""
    first = shapes[0]
    if made.merge == "concat":
        if len({one[:-1] for one in shapes}) > 1:
            raise Unsayable(f"joins signals of the shapes {', '.join(str(list(one)) for one in shapes)}")
        return (*first[:-1], sum(one[-1] for one in shapes))
    found = tuple(map(max, zip(*shapes, strict=True)))
    return found if prod(found) else first


LAYERS: Mapping[str, Callable[[Fields], Made]] = {
    "Add": _elementwise("add"),
    "Multiply": _elementwise("multiply"),
    "Average": _elementwise("average"),
    "Maximum": _elementwise("maximum"),
    "Minimum": _minimum,
    "Subtract": _subtract,
    "Concatenate": _concatenate,
    "Merge": _merge,
}
"""The layers by Keras' names."""
