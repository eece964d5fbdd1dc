"""The family of layers, found by reading the folder: each is a node of the network's tree."""

import sys
from typing import TYPE_CHECKING

from service.core.kinds import discover, members, one_of
from service.nn.layers.base import Node

__all__ = ["AnyLayer", "Node"]

discover(__name__)

if TYPE_CHECKING:
    AnyLayer = Node
else:
    AnyLayer = one_of("Layer", Node)
    # Layers that contain layers are tied to the union by name. `model_rebuild()` would lose the union's discriminator
    # (Pydantic 2.14), so the next model that has layers completes them.
    for kind in members(Node):
        sys.modules[kind.__module__].AnyLayer = AnyLayer
