"""Keras' norms."""

from collections.abc import Callable, Mapping, Sequence
from math import sqrt
from typing import Any

from service.core.arrays import Shape
from service.imports.base import Layer, Subject
from service.imports.keras.drawing import initialiser
from service.imports.keras.fields import Fields, File, Made, Unsayable, one_signal

_NO_BIAS: Layer = {"kind": "none"}


def is_channel_axis(axis: Any, shape: Shape, file: File) -> bool:
    """Whether an axis, counted with that of the samples, or a list of it alone, is that of the channels."""
    axis = axis[0] if isinstance(axis, list) and len(axis) == 1 else axis
    if file.channels_first and len(shape) == 3:
        return type(axis) is int and axis in (1, -3)
    return type(axis) is int and axis in (-1, len(shape))


def _norm(kind: str, epsilon: float) -> Callable[[Fields], Made]:
    """A norm of the channels, with what Keras adds to the variance unless said otherwise."""

    def made(fields: Fields) -> Made:
        axis = fields.take("axis", default=1 if fields.file.channels_first else -1)
        small = fields.number("epsilon", default=epsilon)
        gain = initialiser(fields, "gamma_initializer", "gamma_init", default="ones")
        shift = initialiser(fields, "beta_initializer", "beta_init", default="zeros")
        parts = {"gain": gain if fields.flag("scale", default=True) else None}
        if kind != "rms_norm":
            parts["shift"] = shift if fields.flag("center", default=True) else None
        groups = _NORMS[kind](fields)

        def layers(shape: Shape) -> Sequence[Layer]:
            if not is_channel_axis(axis, shape, fields.file):
                raise Unsayable(f"normalises along axis {axis}, and only that of the channels can be said here")
            n = shape[-1]
            drawn = {name: one.at((n, n)) if one else _NO_BIAS for name, one in parts.items()}
            return [
                {"kind": kind, "epsilon": small, **drawn, **({"groups": n if groups < 0 else groups} if groups else {})}
            ]

        return one_signal(layers, trained=True)

    return made


def _of_batch(fields: Fields) -> int:
    fields.free("momentum", "fused", "synchronized", "moving_mean_initializer", "moving_variance_initializer")
    fields.free("renorm_momentum", "running_mean_init", "running_std_init")
    fields.only("renorm", False)
    fields.only("renorm_clipping", None)
    fields.only("virtual_batch_size", None)
    fields.only("adjustment", None)
    fields.only("mode", 0, 2)
    sentence = "Batch norms have the statistics of the batch, as in training."
    fields.assume(Subject.BATCH_STATISTICS, "", sentence)
    return 0


def _of_layer(fields: Fields) -> int:
    fields.only("rms_scaling", False)
    return 0


def _of_group(fields: Fields) -> int:
    value = fields.whole("groups", default=32, least=-1)
    return int(value) or 1


_NORMS: Mapping[str, Callable[[Fields], int]] = {
    "batch_norm": _of_batch,
    "layer_norm": _of_layer,
    "group_norm": _of_group,
    "rms_norm": lambda fields: 0,
}
"""What else a norm has; its groups, 0 where it has none."""


def _unit_norm(fields: Fields) -> Made:
    axis = fields.take("axis", default=-1)

    def layers(shape: Shape) -> Sequence[Layer]:
        if not is_channel_axis(axis, shape, fields.file):
            raise Unsayable(f"normalises along axis {axis}, and only that of the channels can be said here")
        norm = {"kind": "rms_norm", "epsilon": 1e-12, "gain": _NO_BIAS}
        return [norm, {"kind": "scale", "factor": 1.0 / sqrt(shape[-1])}]

    return one_signal(layers)


LAYERS: Mapping[str, Callable[[Fields], Made]] = {
    **{f"BatchNormalization{n}": _norm("batch_norm", 1e-3) for n in ("", "V1", "V2")},
    "LayerNormalization": _norm("layer_norm", 1e-3),
    "GroupNormalization": _norm("group_norm", 1e-3),
    "RMSNormalization": _norm("rms_norm", 1e-6),
    "UnitNormalization": _unit_norm,
}
"""The layers by Keras' names."""
