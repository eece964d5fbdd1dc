"""The families of inputs and targets, found by reading the folder."""

from typing import TYPE_CHECKING

from service.core.kinds import discover, one_of
from service.nn.data.base import Data, InputData
from service.nn.data.distributions import (
    BernoulliData,
    ExplicitData,
    GaussianData,
    OneHotData,
    PerFeatureData,
    PixelData,
    TokenDistribution,
    TokenIndexData,
    UniformData,
)
from service.nn.data.tasks import ClassLabels, InputsInClasses, TeacherData

__all__ = [
    "AnyInputs",
    "AnyTargets",
    "BernoulliData",
    "ClassLabels",
    "Data",
    "ExplicitData",
    "GaussianData",
    "InputData",
    "InputsInClasses",
    "OneHotData",
    "PerFeatureData",
    "PixelData",
    "TeacherData",
    "TokenDistribution",
    "TokenIndexData",
    "UniformData",
]

discover(__name__)

if TYPE_CHECKING:
    AnyInputs = InputData
    AnyTargets = Data
else:
    AnyInputs = one_of("Inputs", InputData)
    AnyTargets = one_of("Targets", Data)
