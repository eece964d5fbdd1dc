"""The families of inputs and targets: one class a file, found by reading the folder."""

from typing import TYPE_CHECKING

from service.core.kinds import discover, one_of
from service.nn.data.base import Data, InputData

__all__ = ["AnyInputs", "AnyTargets", "Data", "InputData"]

discover(__name__)

if TYPE_CHECKING:
    AnyInputs = InputData
    AnyTargets = Data
else:
    AnyInputs = one_of("Inputs", InputData)
    AnyTargets = one_of("Targets", Data)
