"""The family of layers: one class a file, found by reading the folder."""

from typing import TYPE_CHECKING

from service.core.kinds import discover, one_of
from service.nn.layers import repeat
from service.nn.layers.base import Layer

__all__ = ["AnyLayer", "Layer"]

discover(__name__)

if TYPE_CHECKING:
    AnyLayer = Layer
else:
    AnyLayer = one_of("Layer", Layer)
    # The recursion is tied by name. `Repeat.model_rebuild()` would lose the union's discriminator (Pydantic 2.14),
    # so the next model that has layers completes it.
    repeat.AnyLayer = AnyLayer
