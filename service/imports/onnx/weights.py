"""How weights of a layer are said: left to the preset, or with the values of the file in the order of our language."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from service.imports.base import Layer, Subject
from service.imports.onnx.functions import Numbers
from service.imports.onnx.signals import Constant, Made, Unreadable

NONE: Layer = {"kind": "none"}
_MOST_VALUES = 200_000
"""Numbers of the file that a specification carries."""


def explicit(made: Made, values: Numbers) -> Layer:
    """The initialiser with these values, of any shape; Unreadable where there are too many."""
    made.carried += values.size
    if made.carried > _MOST_VALUES:
        raise Unreadable(f"brings the trained values above {_MOST_VALUES}, the most that a specification carries")
    plain = np.asarray(values, dtype=np.float64)
    if not np.isfinite(plain).all():
        raise Unreadable("has weights that are not finite")
    if plain.ndim < 2:
        return {"kind": "explicit", "values": plain.tolist()}
    rows = plain.reshape(-1, plain.shape[-1]).tolist()
    shape = {"shape": list(plain.shape)} if plain.ndim > 2 else {}
    return {"kind": "explicit", "values": rows, **shape}


def weights(made: Made, constant: Constant, axes: tuple[int, ...]) -> Mapping[str, Any]:
    """The field `weights`, if it is said; `axes` are those of the file in the order of our language."""
    return {"weights": explicit(made, constant.known().transpose(axes))} if made.from_file else {}


def vector(made: Made, name: str, constant: Constant | None) -> Mapping[str, Any]:
    """A field with a vector: none where the file has none, open or with its values where it has one."""
    if constant is None:
        return {name: NONE}
    return {name: explicit(made, constant.known().reshape(-1))} if made.from_file else {}


def assume_preset(made: Made, preset: str) -> None:
    """Say what weights are drawn from, or that they are those of the file."""
    if made.from_file:
        made.reading.assume(Subject.INITIALISER, "", "Weights have the values of the file in every trial.")
        return
    sentence = f"An ONNX file does not say how weights are drawn before training; they are drawn as {preset} has it."
    made.reading.assume(Subject.INITIALISER, "", sentence)
