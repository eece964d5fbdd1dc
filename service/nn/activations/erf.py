"""The error function."""

from math import pi, sqrt
from typing import ClassVar, Literal

import numpy as np
import scipy.special

from service.core.arrays import Array
from service.nn.activations.base import Activation


class Erf(Activation):
    """erf z, in (−1, 1); slope 2/√π at the origin; theory likes it because its Gaussian integrals are closed."""

    kind: Literal["erf"] = "erf"

    definition: ClassVar[str] = "erf(z)"
    source: ClassVar[str] = "Williams 1997; Poole et al. 2016."

    def f(self, x: Array) -> Array:
        return scipy.special.erf(x)

    def df(self, x: Array, y: Array) -> Array:
        return 2.0 / sqrt(pi) * np.exp(-np.square(x))
