"""What is computed of numbers that are known: masks, positions, and sizes."""

from collections.abc import Callable, Mapping
from math import prod
from typing import Any

import numpy as np

from service.imports.torch.values import Cannot, Hidden, Known, Numbers, Operation, Value

_MOST = 1 << 22
_PASSED = {"clone", "to", "_to_copy", "contiguous", "detach", "lift_fresh_copy", "alias", "dropout", "type_as"}


def computed(op: Operation) -> Value:
    """The numbers that come out; Cannot where the operation is none of these, or makes too many."""
    if op.name in _PASSED:
        return next(iter(op.args.values()))
    if op.shape is not None and np.prod(op.shape, dtype=np.float64) > _MOST:
        raise Cannot(f"it makes more than {_MOST} numbers")
    return Known(step_of(op)({}))


def step_of(op: Operation) -> Callable[[Mapping[str, Any]], Numbers]:
    """What the operation makes of its arguments, some of which are given later; Cannot."""
    found = _OPERATIONS.get(op.name)
    if found is None:
        raise Cannot("it computes with numbers alone, in a way that is not known")
    args = {name: _plain(op.args[name]) for name in op.args}

    def taken(more: Mapping[str, Any]) -> Numbers:
        try:
            with np.errstate(all="ignore"):
                return np.asarray(found({"shape of result": op.shape, **args, **more}))
        except (KeyError, TypeError, ValueError, IndexError, OverflowError, AttributeError):
            raise Cannot("its numbers are none that it is made for") from None

    return taken


def _plain(value: Value) -> Any:
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, Hidden):
        raise Cannot("the file does not hold the numbers that it reads as plain bytes")
    return value.numbers if isinstance(value, Known) else value


_Args = Mapping[str, Any]


def _filled(value: float | None) -> Callable[[_Args], Numbers]:
    def fill(a: _Args) -> Numbers:
        return np.full(a["shape of result"], a.get("fill_value", value) if value is None else value, np.float64)

    return fill


def _two(step: Callable[[Any, Any], Any]) -> Callable[[_Args], Any]:
    return lambda a: step(*_together(a["self"], a["other"]))


def _together(*values: Any) -> tuple[Any, ...]:
    """The values as they are; ValueError where what is made of them would be too large."""
    _bounded(prod(np.broadcast_shapes(*map(np.shape, values))))
    return values


def _bounded(count: float) -> None:
    if count > _MOST:
        raise ValueError


def _one(step: Callable[[Any], Any]) -> Callable[[_Args], Any]:
    return lambda a: step(a["self"])


def _range(a: _Args) -> Numbers:
    start, end, step = a.get("start", 0), a["end"], a.get("step", 1)
    _bounded((end - start) / step if step else _MOST + 1)
    return np.arange(start, end, step)


def _repeated(a: _Args) -> Numbers:
    _bounded(np.size(a["self"]) * prod(a["repeats"]))
    return np.tile(a["self"], a["repeats"])


def _indexed(a: _Args) -> Numbers:
    _bounded(np.size(a["self"]) * prod(np.size(one) for one in a["indices"] if one is not None))
    return a["self"][tuple(slice(None) if one is None else np.asarray(one, np.intp) for one in a["indices"])]


def _slice(a: _Args) -> Numbers:
    place = [slice(None)] * np.ndim(a["self"])
    place[a.get("dim", 0)] = slice(a.get("start"), a.get("end"), a.get("step", 1))
    return a["self"][tuple(place)]


def _reshaped(a: _Args) -> Numbers:
    return np.reshape(a["self"], a["shape of result"])


def _where(a: _Args) -> Numbers:
    mask, value, given = _together(a["mask"], a["value"], a["self"])
    return np.where(mask != 0, value, given)


_OPERATIONS: Mapping[str, Callable[[_Args], Any]] = {
    "arange": _range,
    "zeros": _filled(0.0),
    "zeros_like": _filled(0.0),
    "new_zeros": _filled(0.0),
    "ones": _filled(1.0),
    "ones_like": _filled(1.0),
    "new_ones": _filled(1.0),
    "full": _filled(None),
    "full_like": _filled(None),
    "scalar_tensor": lambda a: np.asarray(a["s"]),
    "tril": lambda a: np.tril(a["self"], a.get("diagonal", 0)),
    "triu": lambda a: np.triu(a["self"], a.get("diagonal", 0)),
    "eq": _two(np.equal),
    "ne": _two(np.not_equal),
    "lt": _two(np.less),
    "le": _two(np.less_equal),
    "gt": _two(np.greater),
    "ge": _two(np.greater_equal),
    "add": _two(np.add),
    "sub": _two(np.subtract),
    "mul": _two(np.multiply),
    "div": _two(np.divide),
    "pow": lambda a: np.power(np.asarray(a["self"], np.float64), a["exponent"]),
    "neg": _one(np.negative),
    "exp": _one(np.exp),
    "log": _one(np.log),
    "sin": _one(np.sin),
    "cos": _one(np.cos),
    "sqrt": _one(np.sqrt),
    "logical_not": _one(np.logical_not),
    "bitwise_not": _one(np.logical_not),
    "masked_fill": _where,
    "slice": _slice,
    "select": lambda a: np.take(a["self"], a["index"], a.get("dim", 0)),
    "unsqueeze": _reshaped,
    "squeeze": _reshaped,
    "view": _reshaped,
    "reshape": _reshaped,
    "flatten": _reshaped,
    "expand": lambda a: np.broadcast_to(a["self"], a["shape of result"]),
    "repeat": _repeated,
    "t": lambda a: np.transpose(a["self"]),
    "transpose": lambda a: np.swapaxes(a["self"], a["dim0"], a["dim1"]),
    "permute": lambda a: np.transpose(a["self"], a["dims"]),
    "index": _indexed,
}
