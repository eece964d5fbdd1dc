"""The family of initialisers, found by reading the folder."""

from typing import TYPE_CHECKING

from service.core.kinds import discover, one_of
from service.nn.initializers.base import Initializer

__all__ = ["AnyInitializer", "Initializer"]

discover(__name__)

if TYPE_CHECKING:
    AnyInitializer = Initializer
else:
    AnyInitializer = one_of("Initializer", Initializer)
