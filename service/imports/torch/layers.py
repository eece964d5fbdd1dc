"""Operations that are layers with parameters: dense, convolutions, norms, embeddings."""

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import numpy as np

from service.core.arrays import Shape
from service.imports.base import Layer, Subject
from service.imports.torch.axes import Axis, Dim, joined, order_of, size_of, whole
from service.imports.torch.values import Cannot, Draft, Filling, Kernel, Known, Operation, Signal, Space, Value, Weight
from service.imports.torch.walk import Handler, Walk

NO_BIAS = {"kind": "none"}
_EPSILON_OF_FLOAT32 = 2.0**-23  # what torch.nn.RMSNorm takes where nothing is said


def dense(walk: Walk, op: Operation, x: Signal, weight: Weight, bias: Weight | None) -> Value:
    """x·Wᵀ + b; `weight` is (out, in)."""
    if x.draft.open:
        return closed(walk, op, x, weight, bias)
    draft, columns = walk.channels_last(op, x)
    if columns != sorted(columns):
        walk.reading.assume(Subject.OTHER, op.pointer, _REORDERED)
    order = np.argsort(columns)

    def make(kernel: Kernel) -> Layer:
        weights = kernel.weight.then(lambda w: w[kernel.rows][:, order].T)
        fans = weights.shape
        return {"kind": "dense", "units": fans[1], **_filled(kernel, weights, fans)}

    out = (Axis(weight.shape[0]),)
    space = Space((*draft.space.positions, out))
    made = _kernel(walk, op, draft, Kernel(make, weight, bias, np.arange(weight.shape[0])), space)
    return Signal(made, (*x.dims[:-1], out))


_REORDERED = (
    "Signals have their channels last here, and PyTorch has them first: behind a flatten the features stand in "
    "another order, and so do the rows of the weights that read them. Nothing that is measured depends on it."
)


def closed(walk: Walk, op: Operation, x: Signal, weight: Weight, bias: Weight | None) -> Signal:
    """An attention with the matrix behind its heads, which `x` comes from."""
    found = x.draft
    order = order_of(found.space.channel, x.dims[-1])
    if order != sorted(order or [-1]):
        raise Cannot("it reads the heads of an attention in an order that is not known")
    inner, (layer,) = size_of(found.space.channel), found.layers
    features = size_of(found.inputs[0].space.channel)
    if weight.shape[0] != features:
        raise Cannot(f"of {features} features, an attention makes as many here, and this one {weight.shape[0]}")
    output = Filling((weight.then(np.transpose),), inner, weight.shape[0])
    output_bias = NO_BIAS if bias is None else Filling((bias,), inner, weight.shape[0])
    out = (Axis(weight.shape[0]),)
    layer = {**layer, "output_weights": output, "output_bias": output_bias}
    draft = walk.emit(op, found.inputs, [layer], Space((*found.space.positions, out)))
    return Signal(draft, (*x.dims[:-1], out))


def _kernel(walk: Walk, op: Operation, x: Draft, kernel: Kernel, space: Space) -> Draft:
    draft = walk.emit(op, [x], [kernel.make(kernel)], space)
    draft.kernel = kernel
    return draft


def _filled(kernel: Kernel, weights: Weight, fans: Sequence[int]) -> Layer:
    """The fields `weights` and `bias` of a layer."""
    fan_in, fan_out = fans
    bias: Any = NO_BIAS
    if kernel.bias is not None:
        bias = Filling((kernel.bias.then(lambda b: b[kernel.rows]),), fan_in, fan_out)
    return {"weights": Filling((weights,), fan_in, fan_out), "bias": bias}


def _linear(walk: Walk, op: Operation) -> Value:
    return dense(walk, op, op.signal("input"), op.weight("weight"), op.perhaps("bias"))


def _addmm(walk: Walk, op: Operation) -> Value:
    op.plain(alpha=1, beta=1)
    return dense(walk, op, op.signal("mat1"), op.weight("mat2").then(np.transpose), op.weight("self"))


def _convolution(walk: Walk, op: Operation) -> Value:
    """(batch, channels, *positions) with a weight of (out, in / groups, *size)."""
    x, weight, bias = op.signal("input"), op.weight("weight"), op.perhaps("bias")
    axes = len(weight.shape) - 2
    if axes not in (1, 2) or len(x.dims) != axes + 2:
        raise Cannot(f"kernels slide over one axis of positions or two here, and this one over {len(x.dims) - 2}")
    draft, size, groups = walk.channels_first(op, x), weight.shape[2:], op.whole("groups", 1)
    stride, dilation = op.wholes("stride", axes, 1), op.wholes("dilation", axes, 1)
    slides = {"size": list(size), "stride": stride, "dilation": dilation, **_padding(op, size, dilation)}
    depthwise = groups == size_of(x.dims[1]) > 1
    taps, of_channel = prod(size), weight.shape[0] // groups

    def make(kernel: Kernel) -> Layer:
        count = len(kernel.rows)
        last = kernel.weight.then(lambda w: np.moveaxis(w[kernel.rows], (0, 1), (-1, -2)))  # (*size, in, out)
        if depthwise:
            one = last.then(lambda w: w.reshape(*size, groups, of_channel))
            own = {"kind": "depthwise_convolution", "multiplier": of_channel, **slides}
            return {**own, **_filled(kernel, one, (taps, taps * of_channel))}
        more = {"groups": groups} if groups > 1 else {}
        fans = (taps * weight.shape[1], taps * count // groups)
        return {"kind": "convolution", "filters": count, **slides, **more, **_filled(kernel, last, fans)}

    kernel = Kernel(make, weight, bias, np.arange(weight.shape[0]))
    made = _positioned(op, x, weight.shape[0])
    found = Signal(_kernel(walk, op, draft, kernel, Space((*made[2:], made[1]))), made)
    if groups > 1:
        found.draft.kernel = None
    return found


def _positioned(op: Operation, x: Signal, filters: int) -> tuple[Dim, ...]:
    """The dimensions of what comes out, (batch, channels, *positions), by the sizes that the program says."""
    if op.shape is None or len(op.shape) != len(x.dims):
        raise Cannot("the file does not say which shape comes out of it")
    return (x.dims[0], (Axis(filters),), *((Axis(size),) for size in op.shape[2:]))


def _padding(op: Operation, size: Shape, dilation: Sequence[int]) -> Mapping[str, Any]:
    """The field `pad` of a kernel."""
    said = op.args.get("padding")
    if said == "valid":
        return {}
    if said == "same":
        reach = [apart * (width - 1) for width, apart in zip(size, dilation, strict=True)]
        pads = [n for one in reach for n in (one // 2, one - one // 2)]
    else:
        pads = [n for one in op.wholes("padding", len(size), 0) for n in (one, one)]
    return {"pad": pads} if any(pads) else {}


def _transposed_convolution(walk: Walk, op: Operation) -> Value:
    """(batch, channels, *positions) with a weight of (in, out, *size)."""
    op.plain(groups=1)
    x, weight, bias = op.signal("input"), op.weight("weight"), op.perhaps("bias")
    axes, size, filters = len(weight.shape) - 2, weight.shape[2:], weight.shape[1]
    draft = walk.channels_first(op, x)
    cut, more = op.wholes("padding", axes, 0), op.wholes("output_padding", axes, 0)
    pads = [n for before, extra in zip(cut, more, strict=True) for n in (before, before - extra)]
    if min(pads) < 0:
        raise Cannot(f"its output_padding {more} is more than its padding {cut}")
    kernel = Kernel(lambda _: {}, weight, bias, np.arange(filters))
    last = weight.then(lambda w: np.moveaxis(w, (0, 1), (-2, -1)))
    layer = {
        "kind": "transposed_convolution",
        "filters": filters,
        "size": list(size),
        "stride": op.wholes("stride", axes, 1),
        "dilation": op.wholes("dilation", axes, 1),
        "pad": pads,
        **_filled(kernel, last, (prod(size) * filters, prod(size) * weight.shape[0])),
    }
    dims = _positioned(op, x, filters)
    return Signal(walk.emit(op, [draft], [layer], Space((*dims[2:], dims[1]))), dims)


def _norm(op: Operation, shift: bool = True) -> dict[str, Any]:
    """The fields gain, shift and epsilon."""
    found: dict[str, Any] = {"epsilon": op.number("eps", 1e-5 if shift else _EPSILON_OF_FLOAT32)}
    for field, name in (("gain", "weight"), ("shift", "bias"))[: 1 + shift]:
        weight = op.perhaps(name)
        found[field] = NO_BIAS if weight is None else Filling((weight,), prod(weight.shape), prod(weight.shape))
    return found


def _batch_norm(walk: Walk, op: Operation) -> Value:
    x = op.signal("input")
    training = walk.training(op, "training")
    draft = walk.channels_first(op, x)
    if training:
        walk.reading.assume(Subject.BATCH_STATISTICS, op.pointer, _BATCH)
    layer = {"kind": "batch_norm", **_norm(op), "mode": "training" if training else "inference"}
    return Signal(walk.emit(op, [draft], [layer], draft.space), x.dims)


_BATCH = "Batch norms take the statistics of the batch, as in training; running ones have no part in gradients."


def _instance_norm(walk: Walk, op: Operation) -> Value:
    x = op.signal("input")
    draft = walk.channels_first(op, x)
    op.plain(use_input_stats=True)
    layer = {"kind": "group_norm", "groups": size_of(x.dims[1]), **_norm(op)}
    return Signal(walk.emit(op, [draft], [layer], draft.space), x.dims)


def _group_norm(walk: Walk, op: Operation) -> Value:
    x = op.signal("input")
    draft = walk.channels_first(op, x)
    layer = {"kind": "group_norm", "groups": op.whole("num_groups"), **_norm(op)}
    return Signal(walk.emit(op, [draft], [layer], draft.space), x.dims)


def _layer_norm(walk: Walk, op: Operation) -> Value:
    x, over = op.signal("input"), len(op.args.get("normalized_shape") or [0])
    kind = "rms_norm" if op.name == "rms_norm" else "layer_norm"
    fields = _norm(op, kind == "layer_norm")
    if over == 1:
        draft, columns = walk.channels_last(op, x)
        if columns == sorted(columns):
            return Signal(walk.emit(op, [draft], [{"kind": kind, **fields}], draft.space), x.dims)
    elif kind == "layer_norm" and fields["gain"] == fields["shift"] == NO_BIAS and _everything(x, over):
        return walk.passed(op, x, {"kind": "group_norm", "groups": 1, **fields})
    raise Cannot("it normalises over several axes, or over some that are no channels; here each has a gain of its own")


def _everything(x: Signal, over: int) -> bool:
    """Whether the last `over` dimensions are all that a sample has."""
    return not any(not axis.batch for axis in joined(x.dims[:-over]))


def _embedding(walk: Walk, op: Operation) -> Value:
    """(…,) of tokens and a weight of (vocabulary, units); known indices take rows of the weight, and are no layer."""
    weight, tokens = op.weight("weight"), op.args.get("indices")
    if isinstance(tokens, Known):
        rows = tokens.numbers.astype(np.intp)
        if rows.size > 1 << 20 or rows.min(initial=0) < 0 or rows.max(initial=0) >= weight.shape[0]:
            raise Cannot("its indices are none of its rows")
        return weight.then(lambda w: w[rows])
    x = op.signal("indices")
    x.space.dims = x.space.dims or tuple(dim for dim in x.dims if whole(dim))
    if not x.draft.facts.get("whole numbers") or len(x.space.known) != 1:
        raise Cannot("it reads indices that are computed, or that have more axes than that of steps")
    vocabulary = x.draft.facts.setdefault("vocabulary", weight.shape[0])
    if op.args.get("padding_idx", -1) not in (-1, None):
        walk.reading.assume(Subject.MASK, op.pointer, _PADDING)
    out = (Axis(weight.shape[1]),)
    filling = Filling((weight,), weight.shape[1], weight.shape[1])
    layer = {"kind": "embedding", "units": weight.shape[1], "weights": filling}
    own = {"vocabulary": weight.shape[0]} if vocabulary != weight.shape[0] else {}
    draft = walk.emit(op, [x.draft], [{**layer, **own}], Space((*x.space.known, out)))
    return Signal(draft, (*x.dims, out))


_PADDING = "No padding is drawn among the tokens; the vector of the padding token is drawn as those of all others."


def _weight_norm(walk: Walk, op: Operation) -> Value:
    """A matrix by its direction and the norms of its rows, which begin as its own."""
    weight, _, _ = op.weight("v"), op.weight("g"), op.whole("dim")
    walk.reading.assume(Subject.FROZEN, op.pointer, _NORMS.format(name=weight.name))
    return weight


_NORMS = "The norms that `{name}` is given are learned; here it has those that it begins with."


def _prelu(walk: Walk, op: Operation) -> Value:
    x, weight = op.signal("self"), op.weight("weight")
    draft = walk.channels_first(op, x) if len(x.dims) > 2 else walk.channels_last(op, x)[0]
    count = size_of(draft.space.channel)
    if weight.shape == (1,) and count > 1:
        walk.reading.assume(Subject.OTHER, op.pointer, "A slope that a PReLU shares is one for each channel here.")
        weight = weight.then(lambda w: np.broadcast_to(w, (count,)))
    layer = {"kind": "prelu", "slope": Filling((weight,), count, count)}
    return Signal(walk.emit(op, [draft], [layer], draft.space), x.dims)


LAYERS: Mapping[str, Handler] = {
    "linear": _linear,
    "addmm": _addmm,
    **dict.fromkeys(("conv1d", "conv2d", "conv3d"), _convolution),
    **dict.fromkeys(("conv_transpose1d", "conv_transpose2d"), _transposed_convolution),
    "batch_norm": _batch_norm,
    "instance_norm": _instance_norm,
    "group_norm": _group_norm,
    "layer_norm": _layer_norm,
    "rms_norm": _layer_norm,
    "embedding": _embedding,
    "prelu": _prelu,
    "_weight_norm": _weight_norm,
}
