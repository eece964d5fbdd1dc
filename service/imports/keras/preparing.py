"""Keras layers that prepare inputs, and stand in front of all that is trained."""

from collections.abc import Callable, Mapping
from math import sqrt
from typing import Any

from service.imports.base import Subject
from service.imports.keras.fields import Fields, Made, one_signal, shown

_RANDOM = ("Flip", "Rotation", "Zoom", "Translation", "Contrast", "Brightness", "Shear", "Hue", "Saturation")
_LARGEST = 1e30
_AUGMENTED = (
    *("factor", "height_factor", "width_factor", "x_factor", "y_factor", "lower", "upper"),
    *("mode", "fill_mode", "fill_value", "interpolation", "value_range", "data_format"),
)


def _augmentation(fields: Fields) -> Made:
    fields.free(*_AUGMENTED)
    fields.assume(Subject.INPUT, "", "Inputs are drawn as they come out of random augmentation, which is left out.")
    return one_signal(lambda shape: [])


def _normalization(fields: Fields) -> Made:
    """(x − mean) / √variance; where both come of data that was seen, inputs are drawn as what comes out."""
    mean, variance = (_single(fields.take(name)) for name in ("mean", "variance"))
    axes = fields.take("axis")
    if not all(one is None or type(one) is int for one in (axes if isinstance(axes, list) else [axes])):
        fields.fault("axis", f"{fields.what} has axis = {shown(axes)}, where axes are read.")
    fields.only("invert", False)
    if mean is None and variance is None:
        fields.assume(Subject.INPUT, "", "Inputs are drawn standardised, as they come out of the normalisation.")
        return one_signal(lambda shape: [])
    if not all(type(one) in (int, float) for one in (mean, variance)) or variance <= 0:
        fields.fault("mean", f"{fields.what} has mean = {shown(mean)}, where one number for all features can be said.")
        return one_signal(lambda shape: [])
    factor = 1.0 / sqrt(variance)
    return one_signal(lambda shape: [{"kind": "scale", "factor": factor, "offset": -mean * factor}])


def _single(value: Any) -> Any:
    """The one number in nested lists, or what `value` is."""
    while isinstance(value, list) and len(value) == 1:
        value = value[0]
    return value


def _rescaling(fields: Fields) -> Made:
    factor, offset = _one_for_all(fields, "scale", None), _one_for_all(fields, "offset", 0.0)
    return one_signal(lambda shape: [{"kind": "scale", "factor": factor, "offset": offset}])


def _one_for_all(fields: Fields, name: str, default: float | None) -> float:
    """A number; of one for each channel, the root of the mean of their squares, with an assumption."""
    value = _single(fields.values.get(name))
    numbers = value if isinstance(value, list) else []
    if len(numbers) < 2 or not all(type(one) in (int, float) and abs(one) < _LARGEST for one in numbers):
        fields.values.update({name: value} if name in fields.values else {})
        return float(fields.number(name, default=default))
    fields.take(name)
    sentence = "Channels that are rescaled by different numbers are rescaled by the root of the mean of their squares."
    fields.assume(Subject.INPUT, name, sentence)
    return sqrt(sum(one * one for one in numbers) / len(numbers))


LAYERS: Mapping[str, Callable[[Fields], Made]] = {
    **{f"Random{name}": _augmentation for name in _RANDOM},
    "Normalization": _normalization,
    "Rescaling": _rescaling,
}
"""The layers by Keras' names."""
MAY = ("Rescaling",)
"""Layers that may stand in front of those that prepare inputs, or anywhere else."""
AT_FRONT = tuple(name for name in LAYERS if name not in MAY)
"""Layers behind which inputs are drawn."""
