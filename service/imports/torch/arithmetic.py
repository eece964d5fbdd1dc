"""Sums and products of signals, parameters and numbers; softmax and dropout."""

from collections.abc import Mapping
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np

from service.core.arrays import Shape
from service.imports.base import Subject
from service.imports.torch.attention import on_scores
from service.imports.torch.axes import leaves, size_of, whole
from service.imports.torch.recognition import explicit
from service.imports.torch.together import merged
from service.imports.torch.values import (
    Cannot,
    Draft,
    Filling,
    Known,
    Numbers,
    Operation,
    Scores,
    Signal,
    Value,
    Weight,
)
from service.imports.torch.walk import Handler, Walk


def _softmax(walk: Walk, op: Operation) -> Value:
    """Over the channels, of the output alone: what else it may be, the specification refuses."""
    if isinstance(op.args.get("self"), Scores):
        return on_scores(walk, op)
    x = op.signal("self")
    dim = op.whole("dim", -1) % len(x.dims)
    if x.space.dims is None or leaves(x.dims[dim]) != leaves(x.space.channel):
        raise Cannot("a softmax is over the channels here")
    if op.name == "log_softmax":
        walk.loss = "cross_entropy_with_logits"
        walk.reading.assume(Subject.LOSS, op.pointer, _LOG_SOFTMAX)
        return x
    return walk.passed(op, x, {"kind": "activation", "activation": {"kind": "softmax"}})


_LOG_SOFTMAX = "The log-softmax at the end and the likelihood behind it are the loss cross_entropy_with_logits."


def _dropout(walk: Walk, op: Operation) -> Value:
    if isinstance(op.args.get("input"), Scores):
        return on_scores(walk, op)
    x, rate = op.signal("input"), op.number("p")
    if not walk.training(op, "train") or not rate:
        return x
    if op.name == "feature_dropout":
        walk.reading.assume(Subject.OTHER, op.pointer, "Dropout of whole channels drops every number by itself here.")
    if op.name not in ("dropout", "feature_dropout"):
        raise Cannot("its mask is none that a dropout has here")
    return walk.passed(op, x, {"kind": "dropout", "rate": rate})


def _sum(walk: Walk, op: Operation) -> Value:
    """add and sub of a signal and another, a parameter, or a number."""
    one, other = op.args.get("self"), op.args.get("other")
    sign = -1.0 if op.name in ("sub", "rsub") else 1.0
    factor = op.number("alpha", 1.0) * sign
    if op.name == "rsub":
        one, other, sign = other, one, -1.0
    if isinstance(one, Scores) or isinstance(other, Scores):
        return on_scores(walk, op)
    if isinstance(one, Signal) and isinstance(other, Signal):
        added = other if factor == 1.0 else walk.passed(op, other, {"kind": "scale", "factor": factor})
        return merged(walk, op, "add", [one, added])
    if isinstance(one, Signal):
        return _plus(walk, op, one, other, factor)
    if not isinstance(other, Signal):
        return _of_weights(op)
    turned = other if factor == 1.0 else walk.passed(op, other, {"kind": "scale", "factor": factor})
    return _plus(walk, op, turned, one, 1.0)


def _plus(walk: Walk, op: Operation, x: Signal, other: Value, factor: float) -> Value:
    """A signal and `factor` times a number, a table of numbers, or a parameter."""
    if isinstance(other, Weight):
        return _plus_weight(walk, op, x, other)
    if not isinstance(other, Known):
        number = float(other) * factor
        return walk.passed(op, x, {"kind": "scale", "offset": number}) if number else x
    if other.numbers.size == 1 or (other.numbers == other.numbers.flat[0]).all():
        number = float(other.numbers.flat[0]) * factor
        return walk.passed(op, x, {"kind": "scale", "offset": number}) if number else x
    numbers = np.asarray(other.numbers, np.float64) * factor
    draft, table = _positions(walk, op, x, numbers.shape), _beside(numbers, x)
    walk.reading.assume(Subject.OTHER, op.pointer, "Positions that are computed stand as explicit vectors.")
    return _at_positions(walk, op, x, draft, explicit(table))


def _plus_weight(walk: Walk, op: Operation, x: Signal, weight: Weight) -> Value:
    """A bias behind a matrix that has none, or a vector of its own at each step."""
    kernel = x.draft.kernel
    features = size_of(x.dims[-1])
    if prod(weight.shape) == features and weight.shape[-1] == features:
        if kernel is None or kernel.bias is not None or leaves(x.space.channel) != leaves(x.dims[-1]):
            raise Cannot("a bias is added to what has one already, or is no matrix times a signal")
        left = replace(kernel, bias=weight.then(lambda w: w.reshape(-1)))
        made = walk.emit(op, x.draft.inputs, [], x.space)
        made.kernel, made.layers = left, [{"name": x.draft.name, **left.make(left)}]
        return Signal(made, x.dims)
    draft = _positions(walk, op, x, weight.shape)
    table = weight.then(lambda w: _beside(w, x))
    return _at_positions(walk, op, x, draft, Filling((table,), features, features))


def _positions(walk: Walk, op: Operation, x: Signal, shape: Shape) -> Draft:
    """The vertex of `x` with the steps that a table of that shape has a vector for."""
    beside = [size for size, dim in zip(reversed(shape), reversed(x.dims), strict=False) if whole(dim)]
    if len(shape) > len(x.dims) or len(beside) < 2 or prod(beside) != prod(shape):
        raise Cannot(f"numbers of {list(shape)} are added to a signal of {list(x.shape)}")
    return walk.arranged(op, x, walk.positions_of(x), x.dims[-1])


def _beside(numbers: Numbers, x: Signal) -> Numbers:
    """Numbers that are added to `x`, as (steps, features)."""
    wide = numbers.reshape((1,) * (len(x.dims) - numbers.ndim) + numbers.shape)
    sizes = [1 if not whole(dim) else size_of(dim) for dim in x.dims]
    return np.broadcast_to(wide, sizes).reshape(-1, sizes[-1])


def _at_positions(walk: Walk, op: Operation, x: Signal, draft: Draft, positions: Any) -> Signal:
    """A vector at each step; those of an image are put in one row for it."""
    layer = {"kind": "position_embedding", "positions": positions}
    shape = draft.space.shape
    if len(shape) == 2:
        return Signal(walk.emit(op, [draft], [layer], draft.space), x.dims)
    row = {"kind": "reshape", "shape": [prod(shape[:-1]), shape[-1]]}
    back = {"kind": "reshape", "shape": list(shape)}
    return Signal(walk.emit(op, [draft], [row, layer, back], draft.space), x.dims)


def _times(walk: Walk, op: Operation) -> Value:
    """mul and div of a signal and another, a parameter, or a number."""
    one, other = op.args.get("self"), op.args.get("other")
    if isinstance(one, Scores) or isinstance(other, Scores):
        return on_scores(walk, op)
    if isinstance(one, Signal) and isinstance(other, Signal):
        if op.name == "div":
            other = walk.passed(
                op, other, {"kind": "activation", "activation": {"kind": "expression", "formula": "1 / z"}}
            )
        return merged(walk, op, "multiply", [one, other])
    x, by = (one, other) if isinstance(one, Signal) else (other, one)
    if not isinstance(x, Signal):
        return _of_weights(op)
    if isinstance(by, Weight):
        return _gained(walk, op, x, by)
    number = op.number("other" if isinstance(one, Signal) else "self")
    if op.name == "div" and x is not one:
        raise Cannot("it divides by a signal")
    factor = 1.0 / number if op.name == "div" and number else number
    if factor == 1.0:
        return x
    found = walk.passed(op, x, {"kind": "scale", "factor": factor})
    found.draft.facts["scaled"] = (x.draft, factor)
    return found


def _gained(walk: Walk, op: Operation, x: Signal, by: Weight) -> Value:
    """A factor that is learned: it stays what it begins with, which must be one number."""
    if op.name == "div":
        raise Cannot("it divides by a parameter")
    walk.reading.assume(Subject.FROZEN, op.pointer, _STAYS.format(name=by.name))
    filling = Filling((by,), 1, 1)
    return walk.passed(op, x, {"kind": "scale", "factor": filling})


_STAYS = "The factor `{name}`, which is learned, stays as it begins; its own gradient is not in the report."


def _of_weights(op: Operation) -> Value:
    raise Cannot("parameters are computed with before they meet a signal")


def _negative(walk: Walk, op: Operation) -> Value:
    return walk.passed(op, op.signal("self"), {"kind": "scale", "factor": -1.0})


def _larger(walk: Walk, op: Operation) -> Value:
    return merged(walk, op, "maximum", [op.signal("self"), op.signal("other")])


def _masked(walk: Walk, op: Operation) -> Value:
    return on_scores(walk, op)


ARITHMETIC: Mapping[str, Handler] = {
    **dict.fromkeys(("softmax", "log_softmax", "_softmax"), _softmax),
    **dict.fromkeys(
        ("dropout", "feature_dropout", "alpha_dropout", "feature_alpha_dropout", "native_dropout"), _dropout
    ),
    **dict.fromkeys(("add", "sub", "rsub"), _sum),
    **dict.fromkeys(("mul", "div"), _times),
    **dict.fromkeys(("masked_fill", "where"), _masked),
    "neg": _negative,
    "maximum": _larger,
}
