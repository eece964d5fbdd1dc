"""Operations over positions: pools, means and upsampling."""

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

from service.core.arrays import Shape
from service.imports.base import Layer, Subject
from service.imports.torch.axes import Axis, Dim, joined, order_of, size_of, whole
from service.imports.torch.values import Cannot, Draft, Operation, Signal, Space, Value
from service.imports.torch.walk import Handler, Walk

_NOT_NEGATIVE = {"relu", "relu6", "sigmoid", "softplus", "hardsigmoid", "exponential", "softmax"}


def _pool(walk: Walk, op: Operation) -> Value:
    """A window over (batch, channels, *positions)."""
    op.plain(dilation=1, divisor_override=None)
    x = op.signal("self")
    axes = len(x.dims) - 2
    if axes not in (1, 2):
        raise Cannot(f"pools are over one axis of positions or two, not over {axes}")
    size, pads = op.wholes("kernel_size", axes, 1), op.wholes("padding", axes, 0)
    stride = op.wholes("stride", axes, 1) if op.args.get("stride") else size
    mode = "max" if op.name.startswith("max") else "average"
    draft = walk.channels_first(op, x)
    layers: list[Layer] = []
    padding = {}
    shape = x.shape[2:]
    if any(pads):
        if _same(shape, size, stride, pads) and (mode == "max" or not op.flag("count_include_pad", True)):
            padding = {"padding": "same"}
        else:
            _check_zeros(walk, op, draft, mode)
            layers.append({"kind": "padding", "pad": [n for one in pads for n in (one, one)]})
            shape = tuple(n + 2 * one for n, one in zip(shape, pads, strict=True))
    layers.append({"kind": "pooling", "mode": mode, "size": size, "stride": stride, **padding})
    dims = _counted(op, x)
    expected = tuple((n - width) // step + 1 for n, width, step in zip(shape, size, stride, strict=True))
    if padding:
        expected = tuple(-(-n // step) for n, step in zip(shape, stride, strict=True))
    if expected != (op.shape or ())[2:]:
        raise Cannot("its last windows reach over the end; without ceil_mode none do")
    return Signal(walk.emit(op, [draft], layers, Space((*dims[2:], dims[1]))), dims)


def _same(shape: Shape, size: Sequence[int], stride: Sequence[int], pads: Sequence[int]) -> bool:
    """Whether as many zeros before as behind are what the padding `same` has."""
    found = zip(shape, size, stride, pads, strict=True)
    return all(max((-(-n // step) - 1) * step + width - n, 0) == 2 * pad for n, width, step, pad in found)


def _check_zeros(walk: Walk, op: Operation, draft: Draft, mode: str) -> None:
    """Say that zeros stand around a maximum, unless nothing that it sees is below them."""
    if mode == "average" and not op.flag("count_include_pad", True):
        raise Cannot("its mean does not count the zeros around")
    last = draft.layers[-1] if draft.layers else {}
    if mode == "max" and (last.get("activation") or {}).get("kind") not in _NOT_NEGATIVE:
        walk.reading.assume(Subject.OTHER, op.pointer, "Zeros around a pool take part in its largest here.")


def _counted(op: Operation, x: Signal) -> tuple[Dim, ...]:
    """The dimensions of what comes out, (batch, channels, *positions)."""
    if op.shape is None or len(op.shape) != len(x.dims):
        raise Cannot("the file does not say which shape comes out of it")
    return (*x.dims[:2], *((Axis(size),) for size in op.shape[2:]))


def _adaptive(walk: Walk, op: Operation) -> Value:
    """As many windows as are asked for, which must divide the positions, or be divided by them."""
    x = op.signal("self")
    draft, dims = walk.channels_first(op, x), _counted(op, x)
    found, wanted = x.shape[2:], (op.shape or ())[2:]
    mode = "max" if "max" in op.name else "average"
    if found == wanted:
        return x
    if prod(wanted) == 1:
        pooled = walk.emit(op, [draft], [{"kind": "global_pooling", "mode": mode}], Space((x.dims[1],)))
        return Signal(pooled, (*x.dims[:2], *((),) * len(wanted)))
    pairs = list(zip(found, wanted, strict=True))
    if all(n % out == 0 for n, out in pairs):
        layer: Layer = {"kind": "pooling", "mode": mode, "size": [n // out for n, out in pairs]}
    elif all(out % n == 0 for n, out in pairs):
        layer = {"kind": "upsampling", "size": [out // n for n, out in pairs]}
    else:
        raise Cannot(f"{list(found)} positions become {list(wanted)}, which windows of one size do not make")
    return Signal(walk.emit(op, [draft], [layer], Space((*dims[2:], dims[1]))), dims)


def _reduced(walk: Walk, op: Operation) -> Value:
    """mean, sum, amax and max over all positions."""
    x = op.signal("self")
    given = op.args.get("dim")
    asked = [given] if isinstance(given, int) else list(given or range(len(x.dims)))
    places = {place % len(x.dims) for place in asked}
    kept = [dim for place, dim in enumerate(x.dims) if place not in places]
    axes = joined([dim for place, dim in enumerate(x.dims) if place in places])
    if not whole(axes):
        raise Cannot("it is taken over the samples")
    channel = next((dim for dim in kept if whole(dim) and size_of(dim) > 1), None) or kept[-1]
    positions = [x.dims[place] for place in sorted(places)]
    draft = walk.arranged(op, x, positions, channel) if x.space.dims is None else x.draft
    if order_of(joined(draft.space.positions), axes) is None:
        raise Cannot("it is taken over something else than all positions")
    mode = "max" if "max" in op.name else "average"
    layers: list[dict[str, Any]] = [{"kind": "global_pooling", "mode": mode}]
    if op.name == "sum":
        layers.append({"kind": "scale", "factor": float(size_of(axes))})
    pooled = walk.emit(op, [draft], layers, Space((draft.space.channel,)))
    dims = [() if place in places else dim for place, dim in enumerate(x.dims)] if op.flag("keepdim") else kept
    found = Signal(pooled, tuple(dims))
    return [found] if op.name == "max" else found


def _upsampled(walk: Walk, op: Operation) -> Value:
    """The nearest neighbour, a whole number of times."""
    x = op.signal("self") if "self" in op.args else op.signal("input")
    draft, dims = walk.channels_first(op, x), _counted(op, x)
    times = [out // n for n, out in zip(x.shape[2:], (op.shape or ())[2:], strict=True)]
    if tuple(n * k for n, k in zip(x.shape[2:], times, strict=True)) != (op.shape or ())[2:]:
        raise Cannot(f"{list(x.shape[2:])} positions become {list((op.shape or ())[2:])}, no whole multiple")
    layer = {"kind": "upsampling", "size": times}
    return Signal(walk.emit(op, [draft], [layer], Space((*dims[2:], dims[1]))), dims)


def _interpolated(walk: Walk, op: Operation) -> Value:
    """What lies between positions, which is read where nothing changes or each is repeated."""
    x = op.signal("input") if "input" in op.args else op.signal("self")
    if x.shape == op.shape:
        return x
    raise Cannot("positions between others are interpolated; the nearest neighbour (mode='nearest') is read")


POOLING: Mapping[str, Handler] = {
    **dict.fromkeys(("max_pool1d", "max_pool2d", "avg_pool1d", "avg_pool2d", "max_pool3d", "avg_pool3d"), _pool),
    **dict.fromkeys([f"adaptive_{mode}_pool{n}d" for mode in ("avg", "max") for n in (1, 2)], _adaptive),
    **dict.fromkeys(("mean", "sum", "amax", "max"), _reduced),
    **dict.fromkeys(("upsample_nearest1d", "upsample_nearest2d"), _upsampled),
    **dict.fromkeys(("upsample_linear1d", "upsample_bilinear2d", "upsample_bicubic2d"), _interpolated),
}
