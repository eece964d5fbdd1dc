"""Operations on every number by itself."""

from collections.abc import Callable, Mapping
from typing import Any

from service.imports.torch.values import Cannot, Operation, Signal, Value
from service.imports.torch.walk import Handler, Walk

Said = Callable[[Operation], Mapping[str, Any]]


def _plain(kind: str) -> Said:
    return lambda _: {"kind": kind}


def _formula(text: str) -> Said:
    return lambda _: {"kind": "expression", "formula": text}


def _elu(op: Operation) -> Mapping[str, Any]:
    op.plain(scale=1, input_scale=1)
    return {"kind": "elu", "alpha": op.number("alpha", 1.0)}


def _hardtanh(op: Operation) -> Mapping[str, Any]:
    """hardtanh and clamp, between two numbers."""
    low, high = (op.args.get(name, op.args.get(f"{name}_val")) for name in ("min", "max"))
    if op.name == "hardtanh":
        low, high = -1.0 if low is None else low, 1.0 if high is None else high
    if op.name == "clamp_min":
        high = None
    for ends, kind in (((-1, 1), "hardtanh"), ((0, 6), "relu6"), ((0, None), "relu")):
        if (low, high) == ends:
            return {"kind": kind}
    inner = "z" if low is None else f"max(z, {float(low)!r})"
    return {"kind": "expression", "formula": inner if high is None else f"min({inner}, {float(high)!r})"}


def _softplus(op: Operation) -> Mapping[str, Any]:
    if op.number("threshold", 20.0) < 20.0:
        raise Cannot(f"it is linear from {op.number('threshold'):g} on")
    return {"kind": "softplus", "beta": op.number("beta", 1.0)}


def _gelu(op: Operation) -> Mapping[str, Any]:
    return {"kind": "gelu", "approximate": op.args.get("approximate", "none")}


def _power(op: Operation) -> Mapping[str, Any]:
    exponent = op.number("exponent")
    if exponent not in (2.0, 3.0, 4.0, 0.5, -1.0, -2.0, -0.5):
        raise Cannot(f"it raises to the power {exponent}")
    return {"kind": "expression", "formula": f"z^({exponent:g})"}


_ACTIVATIONS: Mapping[str, Said] = {
    **{
        kind: _plain(kind)
        for kind in (
            "relu",
            "relu6",
            "sigmoid",
            "tanh",
            "selu",
            "silu",
            "mish",
            "hardswish",
            "hardsigmoid",
            "erf",
            "sin",
        )
    },
    "exp": _plain("exponential"),
    "leaky_relu": lambda op: {"kind": "leaky_relu", "negative_slope": op.number("negative_slope", 0.01)},
    "elu": _elu,
    "celu": lambda op: {"kind": "celu", "alpha": op.number("alpha", 1.0)},
    "gelu": _gelu,
    "softplus": _softplus,
    **dict.fromkeys(("hardtanh", "clamp", "clamp_min"), _hardtanh),
    "log_sigmoid": _formula("-ln(1 + exp(-z))"),
    "cos": _formula("cos(z)"),
    "abs": _formula("abs(z)"),
    "square": _formula("z^2"),
    "sqrt": _formula("sqrt(z)"),
    "log": _formula("ln(z)"),
    "atan": _formula("atan(z)"),
    "rsqrt": _formula("1 / sqrt(z)"),
    "reciprocal": _formula("1 / z"),
    "pow": _power,
}


def _activation(walk: Walk, op: Operation) -> Value:
    x = op.signal("self") if "self" in op.args else op.signal("input")
    base, factor = x.draft.facts.get("scaled", (None, 0.0))
    if op.name == "sin" and factor > 0.0:
        return walk.passed(
            op, Signal(base, x.dims), {"kind": "activation", "activation": {"kind": "sin", "frequency": factor}}
        )
    return walk.passed(op, x, {"kind": "activation", "activation": dict(_ACTIVATIONS[op.name](op))})


ACTIVATIONS: Mapping[str, Handler] = dict.fromkeys(_ACTIVATIONS, _activation)
