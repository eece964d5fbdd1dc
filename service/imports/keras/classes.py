"""All classes of Keras that are read, but for those that contain layers."""

from collections.abc import Callable, Mapping

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
