"""The family of activations: one class a file, found by reading the folder."""

from typing import TYPE_CHECKING

from service.core.kinds import discover, one_of
from service.nn.activations.base import Activation

__all__ = ["Activation", "AnyActivation"]

discover(__name__)

if TYPE_CHECKING:
    AnyActivation = Activation
else:
    AnyActivation = one_of("Activation", Activation)
