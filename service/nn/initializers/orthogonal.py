"""Orthogonal matrices."""

from typing import ClassVar, Literal

import numpy as np

from service.core.arrays import Array, Shape
from service.core.kinds import NonNegative
from service.nn.initializers.base import Initializer
from service.nn.randomness import Stream

_OPERATIONS_PER_QR = 6.0


class Orthogonal(Initializer):
    """`gain` times a random orthogonal matrix: every signal, forward and backward, is scaled by exactly `gain`.

    Where the layer is not square, the rows or the columns are orthonormal, whichever are fewer.
    """

    kind: Literal["orthogonal"] = "orthogonal"
    gain: NonNegative = 1.0
    """What every singular value is."""

    definition: ClassVar[str] = "gain * Q, Q uniform among the matrices with orthonormal rows or columns"
    source: ClassVar[str] = "Saxe, McClelland & Ganguli 2014; uniform by Mezzadri 2007."

    def variance(self, fan_in: int, fan_out: int) -> float | None:
        return self.gain**2 / max(fan_in, fan_out)

    def draw_operations(self, shape: Shape) -> float:
        return super().draw_operations(shape) + _OPERATIONS_PER_QR * shape[0] * shape[1] * min(shape)

    def draw(self, shape: Shape, fan_in: int, stream: Stream) -> Array:
        normals = stream.normal(shape).astype(np.float64)
        wide = shape[0] < shape[1]
        q, r = np.linalg.qr(normals.swapaxes(-1, -2) if wide else normals)
        signs = np.sign(np.diagonal(r, axis1=-2, axis2=-1))[..., None, :]  # without them Q would not be uniform
        values = self.gain * q * signs
        return values.swapaxes(-1, -2) if wide else values
