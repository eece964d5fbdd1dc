"""All classes of Keras that are read, but for those that contain layers."""

from collections.abc import Callable, Mapping
from typing import Any

from service.imports.keras.fields import Fields, Made
from service.imports.keras.joining import LAYERS as _JOINING
from service.imports.keras.kernels import LAYERS as _KERNELS
from service.imports.keras.norms import LAYERS as _NORMS
from service.imports.keras.plain import LAYERS as _PLAIN
from service.imports.keras.preparing import LAYERS as _PREPARING
from service.imports.keras.recurrent import LAYERS as _RECURRENT

CLASSES: Mapping[str, Callable[[Fields], Made]] = {
    **_PLAIN,
    **_NORMS,
    **_KERNELS,
    **_RECURRENT,
    **_JOINING,
    **_PREPARING,
}
"""What makes a layer of the fields of each class, by Keras' names."""
MODELS = ("Sequential", "Functional", "Model")
"""Classes that contain layers."""
_BESIDES = ("TimeDistributed", "InputLayer")
_CODE = ("Lambda", "KerasLayer")
_OPERATIONS = ("TFOpLambda", "TensorFlowOpLayer", "SlicingOpLambda")


def not_read(kind: Any) -> str | None:
    """Why layers of a class are not read, as the end of a sentence; None where they are."""
    if kind in _CODE:
        return "contain code, which is never run"
    if kind in _OPERATIONS:
        instead = "Add, Multiply, Concatenate or another layer of Keras can be read in their place"
        return f"stand for operations of TensorFlow that are no layers, and are not read; {instead}"
    known = isinstance(kind, str) and (kind in CLASSES or kind in MODELS or kind in _BESIDES)
    return None if known else "are not read"
