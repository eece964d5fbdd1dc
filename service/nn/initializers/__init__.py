"""The family of initialisers, found by reading the folder."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from service.core.kinds import Kind, discover, one_of
from service.nn.initializers.base import Initializer

__all__ = ["AnyBias", "AnyInitializer", "Initializer", "NoBias"]

discover(__name__)


class NoBias(Kind):
    """None at all: the layer has no such parameter, as with `bias=False` in PyTorch."""

    kind: Literal["none"] = "none"

    @classmethod
    def shorthand(cls, value: Any) -> Mapping[str, Any] | None:
        return {} if value is False else None

    def variance(self, fan_in: int, fan_out: int) -> float:
        """0, as of a bias that is 0 everywhere."""
        return 0.0


if TYPE_CHECKING:
    AnyInitializer = Initializer
    AnyBias = Initializer | NoBias
else:
    AnyInitializer = one_of("Initializer", Initializer)
    AnyBias = one_of("Bias", Initializer, NoBias)
