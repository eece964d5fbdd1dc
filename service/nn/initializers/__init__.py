"""The family of initialisers, found by reading the folder."""

from typing import TYPE_CHECKING

from service.core.kinds import discover, one_of
from service.nn.initializers.base import Initializer
from service.nn.initializers.constants import NoBias

__all__ = ["AnyBias", "AnyInitializer", "Initializer", "NoBias"]

discover(__name__)

if TYPE_CHECKING:
    AnyInitializer = Initializer
    AnyBias = Initializer | NoBias
else:
    AnyInitializer = one_of("Initializer", Initializer)
    AnyBias = one_of("Bias", Initializer, NoBias)
