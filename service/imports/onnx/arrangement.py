"""Operators that move numbers and compute none: their axes are followed, and layers stand only where numbers move."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import prod

from service.imports.base import Layer
from service.imports.onnx.heads import part_of
from service.imports.onnx.nodes import Node
from service.imports.onnx.signals import SAMPLES, SINGLE, Constant, Made, Signal, Unreadable, Value


def transpose(node: Node, made: Made) -> Sequence[Value]:
    """The axes in another order, which is remembered and moves nothing."""
    x = node.signal()
    order = node.integers("perm") or list(range(len(x.axes)))[::-1]
    if sorted(order) != list(range(len(x.axes))):
        raise Unreadable(f"has `perm` {order} of {len(x.axes)} axes")
    return [replace(x, axes=tuple(x.axes[one] for one in order))]


def flatten(node: Node, made: Made) -> Sequence[Value]:
    """All axes but that of samples as one."""
    x = node.signal()
    whole = (0, -len(x.axes)) if made.batch == 1 else ()  # of one sample, the whole is the same row
    if node.integer("axis", 1) not in (1, 1 - len(x.axes), *whole) or x.axes[0] != SAMPLES:
        raise Unreadable("flattens the axis of samples, too")
    return [_reshaped(node, made, x, [made.batch, prod(x.shape)])]


def reshape(node: Node, made: Made) -> Sequence[Value]:
    """The same numbers in another shape."""
    x, wanted = node.signal(), node.integers("shape", 1)
    if wanted is None:
        raise Unreadable("has no shape")
    old, zero_is_zero = x.sizes(made.batch), node.integer("allowzero", 0)
    if 0 in wanted and not zero_is_zero:
        wanted = [old[place] if one == 0 and place < len(old) else one for place, one in enumerate(wanted)]
    if wanted.count(-1) == 1:
        rest = prod(one for one in wanted if one != -1)
        wanted = [prod(old) // rest if one == -1 and rest else one for one in wanted]
    if prod(wanted) != prod(old) or min(wanted, default=0) < 1:
        raise Unreadable(f"makes {_written(wanted, made)} of {_written(old, made)}")
    return [_reshaped(node, made, x, wanted)]


def _written(sizes: Sequence[int], made: Made) -> str:
    return str(["samples" if one == made.batch else one for one in sizes]).replace("'", "")


def _reshaped(node: Node, made: Made, x: Signal, wanted: Sequence[int]) -> Signal:
    """The signal with the shape `wanted`, of the same size, in ONNX."""
    if x.flattened is not None:
        before = made.applied(x, node.name)
        if list(wanted) == x.flattened.sizes(made.batch):
            return replace(x.flattened, vertex=before.vertex, function=None, positive=before.positive)
        if len(wanted) == 2 and wanted[0] == made.batch:
            return x
        raise Unreadable("arranges the features of a flattened image anew, in an order that channels last has not")
    groups = list(_groups(x.sizes(made.batch), wanted))
    order = [axis for axis in x.axes if axis not in (SAMPLES, SINGLE) and x.shape[axis] != 1]
    if order == sorted(order):  # then any axes may be joined or parted, but for that of samples
        groups = _around_samples(x, wanted, made.batch)
    elif len(wanted) == 2 and wanted[0] == made.batch and x.axes[0] == SAMPLES:
        before = made.plain(x, node.name)
        shape = (prod(x.shape),)
        vertex = made.layered(before, node.name, [{"kind": "flatten"}], shape)
        return Signal(vertex, shape, (SAMPLES, 0), free=not made.from_file, positive=before.positive, flattened=before)
    return _regrouped(x, wanted, groups)


Group = tuple[list[int], list[int]]


def _groups(old: Sequence[int], new: Sequence[int]) -> Iterator[Group]:
    """The smallest runs of axes, before and behind, of as many numbers each."""
    left, right = list(enumerate(old))[::-1], list(enumerate(new))[::-1]
    while left or right:
        mine, theirs = [left.pop()] if left else [], [right.pop()] if right else []
        while (short := _shorter(mine, theirs)) and (source := left if short is mine else right):
            short.append(source.pop())
        yield [place for place, _ in mine], [place for place, _ in theirs]


def _shorter(one: list[tuple[int, int]], other: list[tuple[int, int]]) -> list[tuple[int, int]] | None:
    """The run of axes of fewer numbers; None where both have as many."""
    first, second = (prod(size for _, size in each) for each in (one, other))
    return None if first == second else one if first < second else other


def _around_samples(x: Signal, wanted: Sequence[int], batch: int) -> list[Group]:
    """The axes before that of samples, that axis, and those behind it, before and behind."""
    old, at = x.sizes(batch), x.axes.index(SAMPLES)
    fits = (place for place, one in enumerate(wanted) if one == batch and prod(wanted[:place]) == prod(old[:at]))
    to = next(fits, None)
    if to is None:
        raise Unreadable("puts samples and other axes into one")
    behind = list(range(at + 1, len(old))), list(range(to + 1, len(wanted)))
    return [(list(range(at)), list(range(to))), ([at], [to]), behind]


def _regrouped(x: Signal, wanted: Sequence[int], groups: Sequence[Group]) -> Signal:
    """The signal whose axes are joined and parted within each group."""
    axes = [SINGLE] * len(wanted)
    parts: list[tuple[int, list[int]]] = []  # of each group where it begins in the signal's shape, and its new axes
    for before, behind in groups:
        own = [x.axes[place] for place in before if x.axes[place] != SINGLE]
        _check_group(own, [wanted[place] for place in behind])
        if SAMPLES in own:
            axes[behind[0]] = SAMPLES
        elif own:
            parts.append((own[0], behind))
    places = [place for _, behind in sorted(parts) for place in behind]
    for number, place in enumerate(places):
        axes[place] = number
    return replace(x, shape=tuple(wanted[place] for place in places), axes=tuple(axes))


def _check_group(own: Sequence[int], sizes: Sequence[int]) -> None:
    """See that axes that are joined lie next to each other, and that of samples is by itself."""
    if SAMPLES in own and (len(own) > 1 or len(sizes) != 1):
        raise Unreadable("puts samples and other axes into one")
    if SAMPLES not in own and own and list(own) != list(range(own[0], own[0] + len(own))):
        raise Unreadable("joins axes that do not lie next to each other, channels last")
    if not own and any(one != 1 for one in sizes):
        raise Unreadable("makes an axis of nothing")


def squeeze(node: Node, made: Made) -> Sequence[Value]:
    """Without axes of length 1."""
    x, named = node.signal(), node.integers("axes", 1)
    sizes = x.sizes(made.batch)
    places = {one % len(sizes) for one in named} if named else {at for at, one in enumerate(sizes) if one == 1}
    if any(sizes[place] != 1 or x.axes[place] == SAMPLES for place in places):
        raise Unreadable("takes away an axis that is not of length 1, or that of samples")
    return [_without(x, places)]


def _without(x: Signal, places: set[int]) -> Signal:
    """The signal without these axes, which are of length 1."""
    gone = sorted(x.axes[place] for place in places if x.axes[place] != SINGLE)
    kept = [axis for place, axis in enumerate(x.axes) if place not in places]
    shape = tuple(size for axis, size in enumerate(x.shape) if axis not in gone)
    return replace(
        x, shape=shape, axes=tuple(axis - sum(one < axis for one in gone) if axis >= 0 else axis for axis in kept)
    )


def unsqueeze(node: Node, made: Made) -> Sequence[Value]:
    """With new axes of length 1."""
    x, named = node.signal(), node.integers("axes", 1) or []
    rank = len(x.axes) + len(named)
    places = {one % rank for one in named}
    if len(places) != len(named) or rank > 8:
        raise Unreadable("names an axis twice")
    rest = iter(x.axes)
    return [replace(x, axes=tuple(SINGLE if place in places else next(rest) for place in range(rank)))]


def concat(node: Node, made: Made) -> Sequence[Value]:
    """Signals end to end along their features or channels."""
    signals = [node.signal(place) for place in range(len(node.inputs))]
    first = signals[0]
    axis = first.axis(node.integer("axis", 0))
    alike = all(one.axes == first.axes and one.flattened is None for one in signals)
    if not alike or axis != len(first.shape) - 1 or not first.shape:
        raise Unreadable("joins signals along another axis than that of features or channels")
    if len(signals) == 1:
        return [first]
    plain = [made.plain(one, f"{node.name}/{place}") for place, one in enumerate(signals)]
    shape = (*first.shape[:-1], sum(one.shape[-1] for one in plain))
    if any(one.shape[:-1] != first.shape[:-1] for one in plain):
        raise Unreadable("joins signals of different positions")
    vertex = made.add(node.name, [one.vertex for one in plain], [], shape, "concat")
    free, positive = all(one.free for one in plain), all(one.positive for one in plain)
    return [Signal(vertex, shape, first.axes, free=free, positive=positive)]


def taken(node: Node, made: Made) -> Sequence[Value]:
    """One position of a signal, such as the last step of a sequence."""
    x, which = node.signal(), node.constant(1)
    index = which.scalar()
    place = node.integer("axis", 0)
    axis = x.axis(place)
    if index is None or which.size != 1 or axis < 0:
        raise Unreadable("takes several entries of a signal, or samples")
    index = int(index)
    length = x.shape[axis]
    start = index + length if index < 0 else index
    if axis == 1 and len(x.shape) > 2 and x.function is None and 0 <= start < length:
        before = made.vertices.get(x.vertex)
        if before is not None and len(before.layers) == 1 and before.layers[0]["kind"] == "dense":
            return [_without(part_of(x, axis, (start, 1)), {place % len(x.axes)} if which.shape == () else set())]
    found = _cropped(node, made, x, axis, (start, start + 1))
    if which.shape == ():
        return [_without(found, {place % len(x.axes)})]
    return [found]


def sliced(node: Node, made: Made) -> Sequence[Value]:
    """A range of positions of a signal."""
    x = node.signal()
    starts, ends = node.integers("starts", 1), node.integers("ends", 2)
    if starts is None or ends is None or len(starts) != len(ends):
        raise Unreadable("has no starts and ends")
    axes = node.integers("axes", 3) or list(range(len(starts)))
    steps = node.integers("steps", 4) or [1] * len(starts)
    if set(steps) != {1} or len(axes) != len(starts):
        raise Unreadable("takes every so many entries")
    for start, end, place in zip(starts, ends, axes, strict=True):
        axis = x.axis(place)
        length = x.sizes(made.batch)[place]
        begin, stop = (min(max(one + length if one < 0 else one, 0), length) for one in (start, end))
        if (begin, stop) != (0, length):
            x = _cropped(node, made, x, axis, (begin, stop))
    return [x]


def _cropped(node: Node, made: Made, x: Signal, axis: int, kept: tuple[int, int]) -> Signal:
    """The positions from one to another along an axis of the signal's shape."""
    begin, stop = kept
    axes = len(x.shape) - 1
    if axis < 0 or axis >= axes or axes > 2:
        raise Unreadable("takes a part of the features or channels, of which there is no such layer here")
    if not 0 <= begin < stop <= x.shape[axis]:
        raise Unreadable(f"takes the positions {begin} to {stop} of {x.shape[axis]}")
    plain = made.plain(x, node.name)
    crop = [0] * (2 * axes)
    crop[2 * axis : 2 * axis + 2] = [begin, x.shape[axis] - stop]
    shape = tuple(stop - begin if place == axis else size for place, size in enumerate(x.shape))
    layer: Layer = {"kind": "cropping", "name": node.name[:100], "crop": crop}
    return replace(plain, vertex=made.layered(plain, node.name, [layer], shape), shape=shape)


def pad(node: Node, made: Made) -> Sequence[Value]:
    """Zeros before and behind positions."""
    x, given = node.signal(), node.integers("pads", 1) or node.integers("paddings") or []
    value = node.optional(2)
    filled = node.number("value", 0.0) if value is None else node.constant(2).scalar()
    if node.text("mode", "constant") != "constant" or filled != 0.0 or node.optional(3) is not None:
        raise Unreadable("pads with something else than zeros")
    count = len(x.axes)
    if len(given) != 2 * count or not all(0 <= one <= 1024 for one in given):
        raise Unreadable(f"has `pads` {given}")
    positions = len(x.shape) - 1
    own = {axis: (given[place], given[place + count]) for place, axis in enumerate(x.axes)}
    if any(any(pair) for axis, pair in own.items() if not 0 <= axis < positions) or not 1 <= positions <= 2:
        raise Unreadable("pads other axes than those of positions")
    pads = [one for axis in range(positions) for one in own[axis]]
    if not any(pads):
        return [x]
    plain = made.plain(x, node.name)
    shape = tuple(size + sum(own[axis]) if axis < positions else size for axis, size in enumerate(x.shape))
    layer: Layer = {"kind": "padding", "name": node.name[:100], "pad": pads}
    return [replace(plain, vertex=made.layered(plain, node.name, [layer], shape), shape=shape)]


def upsampled(node: Node, made: Made) -> Sequence[Value]:
    """Every position several times, as the nearest neighbour has it."""
    x = node.signal()
    mode = node.text("mode", "nearest")
    place = node.text("coordinate_transformation_mode", "half_pixel" if node.kind == "Resize" else "asymmetric")
    rounding = node.text("nearest_mode", "round_prefer_floor" if node.kind == "Resize" else "floor")
    node.ignore("cubic_coeff_a", "exclude_outside", "extrapolation_value", "antialias", "keep_aspect_ratio_policy")
    known = (place, rounding) in (
        *(("asymmetric", one) for one in ("floor",)),
        *((one, "round_prefer_floor") for one in ("half_pixel", "pytorch_half_pixel")),
    )
    times = _times(node, x, made)
    if mode != "nearest" or not (
        known or (place == "asymmetric" and max(times) <= 2 and rounding == "round_prefer_floor")
    ):
        raise Unreadable(f"resizes by {mode[:20]}, {place[:30]}, {rounding[:30]}; only nearest neighbours are known")
    positions = len(x.shape) - 1
    own = dict(zip(x.axes, times, strict=True))
    if any(one != 1 for axis, one in own.items() if not 0 <= axis < positions) or not 1 <= positions <= 2:
        raise Unreadable("resizes other axes than those of positions")
    size = [own[axis] for axis in range(positions)]
    if max(size) > 256:
        raise Unreadable("repeats a position more than 256 times")
    plain = made.plain(x, node.name)
    shape = (*(n * one for n, one in zip(x.shape, size, strict=False)), x.shape[-1])
    layer: Layer = {"kind": "upsampling", "name": node.name[:100], "size": size}
    return [replace(plain, vertex=made.layered(plain, node.name, [layer], shape), shape=shape)]


def _times(node: Node, x: Signal, made: Made) -> list[int]:
    """How often each axis of ONNX is repeated."""
    old = x.sizes(made.batch)
    inputs = [one for one in node.inputs[1:] if isinstance(one, Constant) and one.size]
    given = node.floats("scales") or ([float(one) for one in inputs[-1].known().reshape(-1)[:8]] if inputs else [])
    if len(given) != len(old):
        raise Unreadable("does not say scales for every axis")
    if inputs and inputs[-1].known().dtype.kind == "i":  # sizes in place of scales
        given = [one / n for one, n in zip(given, old, strict=True)]
    if any(one < 1 or one != int(one) for one in given):
        raise Unreadable("resizes by a factor that is not a whole number")
    return [int(one) for one in given]
