"""What an array is here, and the order of its axes.

Signals are `(trials, samples, features)`, weights `(trials, fan_in, fan_out)`. The leading axis is 1 where every
trial has the same values. Code counts its axes from the end, so the leading one is free.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.floating[Any]]
Float32Array = npt.NDArray[np.float32]
Float64Array = npt.NDArray[np.float64]
DType = np.dtype[Any]
Shape = tuple[int, ...]
