"""How Keras draws parameters, and its activations, as kinds of our language."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from service.imports.base import Layer
from service.imports.keras.fields import Fields, File, shown

Fans = tuple[float, float]
"""What goes into a unit, and what comes out."""
_TRUNCATED_VARIANCE = 0.87962566103423978**2
"""Of a standard normal cut at ±2, for which Keras made nothing up before 2.2."""
_SCALED = {
    "GlorotUniform": (1.0, "fan_avg", "uniform"),
    "GlorotNormal": (1.0, "fan_avg", "truncated_normal"),
    "HeUniform": (2.0, "fan_in", "uniform"),
    "HeNormal": (2.0, "fan_in", "truncated_normal"),
    "LecunUniform": (1.0, "fan_in", "uniform"),
    "LecunNormal": (1.0, "fan_in", "truncated_normal"),
}
_NAMED = {
    (1.0, "fan_avg", "uniform"): "glorot_uniform",
    (2.0, "fan_in", "uniform"): "he_uniform",
    (1.0, "fan_in", "uniform"): "lecun_uniform",
    (2.0, "fan_in", "normal"): "he_normal",
    (1.0, "fan_avg", "normal"): "glorot_normal",
}
_DISTRIBUTIONS = ("uniform", "normal", "truncated_normal", "untruncated_normal")
_MODES = ("fan_in", "fan_out", "fan_avg")
_ARRAYS = {"Zeros": "zeros", "Ones": "ones", "Identity": "identity"}
_SYNONYMS = {
    "zero": "Zeros",
    "one": "Ones",
    "eye": "Identity",
    "uniform": "RandomUniform",
    "normal": "RandomNormal",
    "IdentityInitializer": "Identity",
    "OrthogonalInitializer": "Orthogonal",
}


_OPERATIONS = ("Add", "Subtract", "Multiply", "Maximum", "Minimum")
"""Functions of Keras 3 that do what the layers of the same names do; those of other names may not."""


@dataclass(frozen=True)
class Drawn:
    """An initialiser: `fixed` as it is, or mean 0 and variance scale / fan by Keras' count of fans."""

    fixed: Layer | None
    rule: tuple[float, str, str] = (1.0, "fan_in", "uniform")

    def at(self, theirs: Fans, ours: Fans | None = None) -> Layer:
        """What draws alike here, where Keras counts the fans `theirs` and our language `ours`."""
        if self.fixed is not None:
            return self.fixed
        scale, mode, distribution = self.rule
        scale *= _fan(ours or theirs, mode) / _fan(theirs, mode)
        name = _NAMED.get((scale, mode, distribution))
        rule = {"kind": "variance_scaling", "scale": scale, "mode": mode, "distribution": distribution}
        return {"kind": name} if name else rule


def _fan(fans: Fans, mode: str) -> float:
    return {"fan_in": fans[0], "fan_out": fans[1], "fan_avg": (fans[0] + fans[1]) / 2}[mode]


def initialiser(fields: Fields, *names: str, default: str) -> Drawn:
    """The initialiser in the first of the fields `names`, or the one called `default`; a fault where it is unknown."""
    name = next((one for one in names if one in fields.values), names[0])
    value = fields.take(*names, default=default)
    if isinstance(value, str):
        value = {"class_name": value, "config": {}}
    inner = class_fields(value, fields.at(name), f"{fields.what}'s {name}", fields.file)
    found = _drawn(inner)
    inner.free("dtype")
    for left in inner.values:
        inner.fault(left, f"{inner.what} has {left} = {shown(inner.values[left])}, which is not understood.")
    return found


def class_fields(value: Any, pointer: str, what: str, file: File) -> Fields:
    """The fields of `{"class_name": …, "config": {…}}`, the class among them as the field `class_name`."""
    outer = Fields.of(value, pointer, what, file)
    outer.free("shared_object_id", "build_config", "object_type")
    own_class(outer)
    config = outer.take("config", default={})
    inner = Fields.of({} if config is None else config, f"{pointer}/config", what, file)
    inner.values["class_name"] = outer.take("class_name")
    for left in outer.values:
        outer.fault(left, f"{what} has {left} = {shown(outer.values[left])}, which is not understood.")
    return inner


def own_class(fields: Fields) -> None:
    """Take out where a class comes from; a fault where it is not a class of Keras itself."""
    module, registered = fields.take("module"), fields.take("registered_name")
    name = fields.values.get("class_name")
    roots = ("keras", "tf_keras", "tensorflow", "builtins")
    known = module is None or (isinstance(module, str) and module.split(".")[0] in roots)
    known = known and (name in _OPERATIONS or not str(module).startswith("keras.src.ops"))
    plain = registered in (None, name, f"keras>{name}")
    if not (known and plain) or (module == "builtins" and name != "function"):
        fields.fault("class_name", f"{fields.what} is of {shown(name)}, a class that does not belong to Keras.")


def _drawn(fields: Fields) -> Drawn:
    """The initialiser whose class and fields these are."""
    given = fields.take("class_name")
    name = given if isinstance(given, str) else ""
    old = fields.file.version[0] == 1
    fields.only("input_axes", None)
    fields.only("output_axes", None)
    name = _SYNONYMS.get(name, name)
    name = name if name[:1].isupper() else "".join(part.capitalize() for part in name.split("_"))
    if name in _SCALED:
        scale, mode, distribution = _SCALED[name]
        return Drawn(None, (scale, mode, "normal" if old and distribution != "uniform" else distribution))
    if name == "VarianceScaling":
        return _variance_scaling(fields)
    fixed = _fixed(name, fields, old)
    if fixed is None:
        fields.fault("", f"{fields.what} is {shown(given)}, an initialiser that cannot be said here.")
    return Drawn(fixed or {"kind": "zeros"})


def _variance_scaling(fields: Fields) -> Drawn:
    scale, mode = fields.number("scale", default=1.0), fields.word("mode", default="fan_in", among=_MODES)
    version = fields.file.version
    usual = "truncated_normal" if version[0] > 2 else "normal"
    distribution = fields.word("distribution", default=usual, among=_DISTRIBUTIONS)
    if distribution == "normal":
        distribution, scale = "truncated_normal", scale * (1.0 if version >= (2, 2) else _TRUNCATED_VARIANCE)
    return Drawn(None, (float(scale), mode, "normal" if distribution == "untruncated_normal" else distribution))


def _fixed(name: str, fields: Fields, old: bool) -> Layer | None:
    """An initialiser that does not look at fans; None where there is none of that name."""
    if name in _ARRAYS:
        fields.only("gain", 1.0)
        return {"kind": _ARRAYS[name]}
    if name == "Constant":
        return {"kind": "constant", "value": fields.number("value", default=0.0)}
    if name == "Orthogonal":
        return {"kind": "orthogonal", "gain": fields.number("gain", "scale", default=1.1 if old else 1.0)}
    if name == "RandomUniform":
        ends = [fields.number(end, default=usual) for end, usual in (("minval", -0.05), ("maxval", 0.05))]
        return {"kind": "uniform", "low": ends[0], "high": ends[1]}
    if name in ("RandomNormal", "TruncatedNormal"):
        kind = "normal" if name == "RandomNormal" else "truncated_normal"
        mean, std = fields.number("mean", default=0.0), fields.number("stddev", default=0.05)
        return {"kind": kind, "mean": mean, "std": std}
    return None


_FUNCTIONS: Mapping[str, Layer] = {
    **{name: {"kind": name} for name in ("linear", "relu", "relu6", "sigmoid", "tanh", "softmax", "selu", "softplus")},
    **{name: {"kind": name} for name in ("softsign", "exponential", "gelu", "mish", "elu", "celu", "silu")},
    "swish": {"kind": "silu"},
    "leaky_relu": {"kind": "leaky_relu", "negative_slope": 0.2},
    "hard_sigmoid": {"kind": "hardsigmoid"},
    "hard_silu": {"kind": "hardswish"},
    "hard_swish": {"kind": "hardswish"},
    "hard_tanh": {"kind": "hardtanh"},
    "log_sigmoid": {"kind": "expression", "formula": "-ln(1 + exp(-z))"},
    "tanh_shrink": {"kind": "expression", "formula": "z - tanh(z)"},
    "squareplus": {"kind": "expression", "formula": "(z + sqrt(z^2 + 4)) / 2"},
    "hard_shrink": {"kind": "expression", "formula": "where(abs(z) > 0.5, z, 0)"},
    "soft_shrink": {"kind": "expression", "formula": "where(z > 0.5, z - 0.5, where(z < -0.5, z + 0.5, 0))"},
    "sparse_plus": {"kind": "expression", "formula": "where(z <= -1, 0, where(z < 1, (z + 1)^2 / 4, z))"},
}
_OLD_HARD_SIGMOID: Layer = {"kind": "expression", "formula": "max(0, min(1, 0.2 * z + 0.5))"}
ADVANCED = ("ReLU", "LeakyReLU", "ELU", "ThresholdedReLU", "Softmax")
"""Activations that are layers."""


def activation(fields: Fields, *names: str, default: str | None = "linear") -> Layer:
    """The activation in the first of the fields `names`; null is linear; a fault where it is none of ours."""
    name = next((one for one in names if one in fields.values), names[0])
    value = fields.take(*names, default=default)
    value = "linear" if value is None and default is not None else value
    if isinstance(value, Mapping):
        return _written_activation(value, fields, name)
    if value == "hard_sigmoid" and fields.file.version[0] < 3:
        return _OLD_HARD_SIGMOID
    if not isinstance(value, str) or value not in _FUNCTIONS:
        fields.fault(name, f"{fields.what} has {name} = {shown(value)}, an activation that cannot be said here.")
        return {"kind": "linear"}
    return _FUNCTIONS[value]


def _written_activation(value: Mapping[str, Any], fields: Fields, name: str) -> Layer:
    """A function or a layer that was written as an object."""
    given = value.get("class_name")
    if given == "function" and isinstance(value.get("config"), str):
        outer = Fields.of(value, fields.at(name), fields.what, fields.file)
        own_class(outer)
        outer.free("class_name", "shared_object_id")
        inner = Fields.of({"activation": outer.take("config")}, fields.at(name), fields.what, fields.file)
        for left in outer.values:
            outer.fault(left, f"{fields.what}'s {name} has {left}, which is not understood.")
        return activation(inner, "activation")
    inner = class_fields(value, fields.at(name), f"{fields.what}'s {name}", fields.file)
    kind = inner.take("class_name")
    if kind == "Activation":
        found = activation(inner, "activation")
    elif isinstance(kind, str) and kind in ADVANCED:
        found = advanced(kind, inner)
    else:
        inner.fault("", f"{inner.what} is {shown(kind)}, which cannot be said here.")
        return {"kind": "linear"}
    inner.finish()
    return found


def advanced(kind: str, fields: Fields) -> Layer:
    """The activation of a layer that is one."""
    if kind == "ReLU":
        return _relu(fields)
    if kind == "LeakyReLU":
        return {"kind": "leaky_relu", "negative_slope": fields.number("negative_slope", "alpha", default=0.3)}
    if kind == "ELU":
        return {"kind": "elu", "alpha": fields.number("alpha", default=1.0)}
    if kind == "ThresholdedReLU":
        theta = fields.number("theta", default=1.0)
        return {"kind": "expression", "formula": "where(z > theta, z, 0)", "parameters": {"theta": theta}}
    fields.only("axis", -1, [-1])
    return {"kind": "softmax"}


def _relu(fields: Fields) -> Layer:
    """max(0, z) with a ceiling, a slope on the left and a place where it begins."""
    fields.drop_null("max_value", "negative_slope", "threshold")
    slope, start = fields.number("negative_slope", default=0.0), fields.number("threshold", default=0.0)
    if "max_value" not in fields.values:
        plain: Layer = {"kind": "leaky_relu", "negative_slope": slope} if slope else {"kind": "relu"}
        left = {"formula": "where(z >= t, z, a * (z - t))", "parameters": {"a": slope, "t": start}}
        return plain if start == 0.0 else {"kind": "expression", **left}
    top = fields.number("max_value")
    if slope == start == 0.0:
        formula, numbers = "max(0, min(m, z))", {"m": top}
    else:
        formula = "where(z >= m, m, where(z >= t, z, a * (z - t)))"
        numbers = {"m": top, "a": slope, "t": start}
    known = slope == start == 0.0 and top == 6.0
    return {"kind": "relu6"} if known else {"kind": "expression", "formula": formula, "parameters": numbers}
