"""Attention, as a function of PyTorch's or written out: scores, a mask, a softmax, and a product with the values."""

from collections.abc import Mapping
from dataclasses import replace
from math import isclose, prod, sqrt
from typing import Any

import numpy as np

from service.imports.torch.axes import Axis, Dim, joined, leaves, order_of, size_of, uncopied
from service.imports.torch.layers import NO_BIAS, dense
from service.imports.torch.values import (
    Cannot,
    Draft,
    Filling,
    Kernel,
    Known,
    Numbers,
    Operation,
    Scores,
    Signal,
    Space,
    Value,
    Weight,
)
from service.imports.torch.walk import Handler, Walk

_LOW = -1e4
"""What is added to a score below this leaves nothing of it."""


def _function(walk: Walk, op: Operation) -> Value:
    """scaled_dot_product_attention of (…, steps, units)."""
    query = op.signal("query")
    factor = op.number("scale", 1.0 / sqrt(query.shape[-1]))
    scores = Scores(query, op.signal("key"), factor, op.flag("is_causal"), normalised=True)
    mask = op.args.get("attn_mask")
    if mask is not None:
        numbers = _mask(mask)
        scores = _masked(scores, ~numbers if numbers.dtype == np.bool_ else numbers < _LOW)
        if numbers.dtype != np.bool_ and (numbers[numbers >= _LOW] != 0).any():
            raise Cannot("its mask adds numbers to the scores")
    return _attend(walk, op, replace(scores, dropout=op.number("dropout_p")), op.signal("value"))


def _mask(mask: Value) -> Numbers:
    if not isinstance(mask, Known):
        raise Cannot("its mask is computed from the input")
    return mask.numbers


def _masked(scores: Scores, hidden: Numbers) -> Scores:
    """Scores of which some are hidden, (steps, steps) or more axes: those of later steps, or none."""
    steps = scores.query.shape[-2]
    table = np.broadcast_to(hidden, np.broadcast_shapes(hidden.shape, (steps, steps))).reshape(-1, steps, steps)
    if not table.any():
        return scores
    if not (table == ~np.tri(steps, dtype=np.bool_)).all():
        raise Cannot("its mask hides other steps than those that come later")
    return replace(scores, causal=True)


def _product(walk: Walk, op: Operation) -> Value:
    """matmul of a signal and a parameter, of queries and keys, or of scores and values."""
    one, other = (op.args.get(name) for name in _OPERANDS[op.name])
    if isinstance(one, Signal) and isinstance(other, Weight):
        if len(other.shape) != 2:
            raise Cannot("it multiplies by a parameter that is no matrix")
        return dense(walk, op, one, other.then(np.transpose), None)
    if isinstance(one, Signal) and isinstance(other, Signal):
        return Scores(one, Signal(other.draft, (*other.dims[:-2], other.dims[-1], other.dims[-2])), _factor(op))
    if isinstance(one, Scores) and isinstance(other, Signal):
        return _attend(walk, op, one, other)
    raise Cannot("it multiplies what is neither a signal with a matrix nor queries, keys and values")


_OPERANDS = {name: ("self", "mat2" if name in ("bmm", "mm") else "other") for name in ("bmm", "mm", "matmul")} | {
    "baddbmm": ("batch1", "batch2")
}


def _factor(op: Operation) -> float:
    if op.name == "baddbmm" and (op.number("beta", 1) or op.number("alpha", 1) != 1):
        mask = op.args.get("self")
        if not isinstance(mask, Known) or mask.numbers.any():
            raise Cannot("it adds a mask to the scores")
    return 1.0


def _einsum(walk: Walk, op: Operation) -> Value:
    """Two operands of which one axis is summed over: queries and keys, or scores and values."""
    operands = op.args.get("tensors") or []
    sides = str(op.args.get("equation")).replace(" ", "").split("->")
    letters = sides[0].split(",")
    if len(sides) != 2 or len(letters) != len(operands) or len(operands) != 2 or "." in sides[0]:
        raise Cannot(f"the equation {op.args.get('equation')} is none that is read")
    (left, right), out = letters, sides[1]
    one, other = operands
    if isinstance(one, Signal) and isinstance(other, Weight) and left[-1] == right[0] and out == left[:-1] + right[1:]:
        return dense(walk, op, one, other.then(np.transpose), None)
    if isinstance(one, Signal) and isinstance(other, Signal):
        (over,) = (set(left) & set(right)) - set(out) or {""}
        query, key = (out[-2], out[-1]) if out[-2] in left else (out[-1], out[-2])
        if over and out[-2] == query and len(out) == len(left):
            return Scores(_by(one, left, f"{out[:-2]}{query}{over}"), _by(other, right, f"{out[:-2]}{key}{over}"))
    if isinstance(one, Scores) and isinstance(other, Signal):
        over = next((letter for letter in right if letter == left[-1]), "")
        unit = next((letter for letter in right if letter not in left), "")
        found = _attend(walk, op, one, _by(other, right, f"{left[:-2]}{over}{unit}"))
        return _by(found, f"{left[:-1]}{unit}", out)
    raise Cannot(f"the equation {op.args.get('equation')} is none that is read")


def _by(x: Signal, letters: str, wanted: str) -> Signal:
    """A signal with its dimensions in another order."""
    if sorted(letters) != sorted(wanted):
        raise Cannot(f"the axes {letters} are not {wanted}")
    return Signal(x.draft, tuple(x.dims[letters.index(one)] for one in wanted))


def _softmax_of_scores(walk: Walk, op: Operation, scores: Scores) -> Value:
    if op.whole("dim", -1) not in (-1, len(scores.query.dims) - 1):
        raise Cannot("the softmax of scores is not over the keys")
    return replace(scores, normalised=True)


def on_scores(walk: Walk, op: Operation) -> Value:
    """What an operation makes of scores: a factor, a mask, a softmax."""
    scores = next((one for one in op.args.values() if isinstance(one, Scores)), None)
    if scores is None:
        raise Cannot("it hides a part of a signal that is no scores of an attention")
    if op.name == "softmax":
        return _softmax_of_scores(walk, op, scores)
    if op.name == "dropout":
        return replace(scores, dropout=op.number("p") if walk.training(op, "train") else 0.0)
    if scores.normalised:
        raise Cannot("it changes the weights of an attention behind their softmax")
    if op.name in ("mul", "div") and op.args.get("other") is not scores:
        by = op.number("other")
        return replace(scores, factor=scores.factor * (by if op.name == "mul" else 1.0 / by))
    return _with_mask(op, scores)


def _with_mask(op: Operation, scores: Scores) -> Scores:
    """Scores of which a mask hides some."""
    other = op.args.get("other")
    if op.name == "masked_fill" and op.number("value") < _LOW:
        return _masked(scores, _mask(op.args["mask"]) != 0)
    if op.name == "where" and isinstance(op.args.get("condition"), Known):
        return _masked(scores, _mask(op.args["condition"]) == 0)
    if op.name == "add":
        numbers = _mask(other if isinstance(other, Known) else op.args["self"])
        if not (numbers[numbers >= _LOW] != 0).any():
            return _masked(scores, numbers < _LOW)
    raise Cannot("it changes the scores of an attention in a way that is not known")


def _attend(walk: Walk, op: Operation, scores: Scores, value: Signal) -> Signal:
    """The heads, (…, steps, units): an attention whose matrix behind the heads is still to come."""
    if not scores.normalised:
        raise Cannot("there is no softmax between queries, keys and values")
    (query, by_query), (key, by_key) = _unscaled(scores.query), _unscaled(scores.key)
    factor = scores.factor * by_query * by_key
    x, kernels = _sources(query, key, value)
    heads = [_heads(one) for one in (query, key, value)]
    units = [size_of(one.dims[-1]) for one in (query, key, value)]
    if len(set(units)) > 1 or heads[1] != heads[2]:
        raise Cannot(f"queries, keys and values have the lengths {units}, which are one here")
    if not isclose(factor * sqrt(units[0]), 1.0, rel_tol=1e-5):
        raise Cannot(f"scores are multiplied by {factor:.6g}, and here by 1/√{units[0]}")
    filled = [_matrix(one, kernel) for one, kernel in zip((query, key, value), kernels, strict=True)]
    features = kernels[0].weight.shape[1]
    biases = [_vector(one, kernel) for one, kernel in zip((query, key, value), kernels, strict=True)]
    if len({one is None for one in biases}) > 1:
        raise Cannot("some of queries, keys and values have a bias, and others have none")
    layer: dict[str, Any] = {"kind": "attention", "name": op.path or op.name, "heads": heads[0], "key_units": units[0]}
    layer |= {"kv_heads": heads[1]} if heads[1] != heads[0] else {}
    layer |= {"causal": scores.causal, "weights": Filling(tuple(filled), features, heads[0] * units[0])}
    told = tuple(one for one in biases if one is not None)
    layer["bias"] = Filling(told, features, heads[0] * units[0]) if told else NO_BIAS
    layer |= {"output_weights": {"kind": "identity"}, "output_bias": NO_BIAS}
    layer |= {"dropout": scores.dropout} if scores.dropout else {}
    parts = (Axis(heads[0]), Axis(units[0]))
    draft = walk.emit(op, [x], [layer], Space((*query.space.positions, parts)))
    draft.open = True
    lead = _lead(query)
    made = iter([(parts[0],)])
    dims = [
        tuple(one for axis in dim for one in (next(made, ()) if axis in lead else (axis,))) for dim in _parted(query)
    ]
    return Signal(draft, (*dims[:-1], (parts[1],)))


def _unscaled(x: Signal) -> tuple[Signal, float]:
    """Queries or keys in front of their factor, which is that of the scores, and the factor."""
    (base, factor) = x.draft.facts.get("scaled", (x.draft, 1.0))
    return Signal(base, x.dims), factor


def _sources(query: Signal, key: Signal, value: Signal) -> tuple[Draft, list[Kernel]]:
    """The vertex that queries, keys and values are made of, and their matrices."""
    kernels = [one.draft.kernel for one in (query, key, value)]
    inputs = {id(one.draft.inputs[0]) for one in (query, key, value) if one.draft.inputs}
    found = [one for one in kernels if one is not None and len(one.weight.shape) == 2]
    if len(found) < 3 or len(inputs) > 1:
        raise Cannot("queries, keys and values are not three matrices times one signal")
    return query.draft.inputs[0], found


def _parted(x: Signal) -> list[Dim]:
    return [leaves(dim) for dim in x.dims]


def _lead(x: Signal) -> set[Axis]:
    """The axes of a query's heads: those of its channels that are not in its last dimension."""
    return set(leaves(x.space.channel)) - set(leaves(x.dims[-1]))


def _heads(x: Signal) -> int:
    """How many heads (…, steps, units) has; Cannot where the steps are not all positions."""
    steps = leaves(x.dims[-2])
    if steps != joined(x.space.positions) or not set(leaves(x.dims[-1])) <= set(leaves(x.space.channel)):
        raise Cannot("it is an attention over a part of the positions, or over something else")
    return prod(axis.size for axis in _lead(x))


def _rows_of(x: Signal, kernel: Kernel) -> Numbers:
    """The rows of a matrix, head by head."""
    channel = leaves(x.space.channel)
    lead = [axis for dim in x.dims[:-2] for axis in uncopied(dim) if not axis.batch]
    order = order_of(channel, (*lead, *leaves(x.dims[-1])))
    if order is None:
        raise Cannot("its heads are not where they are expected")
    return kernel.rows.reshape([axis.size for axis in channel]).transpose(order).reshape(-1)


def _matrix(x: Signal, kernel: Kernel) -> Weight:
    rows = _rows_of(x, kernel)
    return kernel.weight.then(lambda w: w[rows].T)


def _vector(x: Signal, kernel: Kernel) -> Weight | None:
    rows = _rows_of(x, kernel)
    return None if kernel.bias is None else kernel.bias.then(lambda b: b[rows])


ATTENTION: Mapping[str, Handler] = {
    "scaled_dot_product_attention": _function,
    **dict.fromkeys(_OPERANDS, _product),
    "einsum": _einsum,
}
