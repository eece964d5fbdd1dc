"""The family of losses: one class a file, found by reading the folder."""

from typing import TYPE_CHECKING

from service.core.kinds import discover, one_of
from service.nn.losses.base import Loss

__all__ = ["AnyLoss", "Loss"]

discover(__name__)

if TYPE_CHECKING:
    AnyLoss = Loss
else:
    AnyLoss = one_of("Loss", Loss)
