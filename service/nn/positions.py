"""How attention knows the positions of steps: by turning queries and keys, or by what is added to their products."""

from enum import StrEnum
from math import log
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
from pydantic import Field

from service.core.arrays import Array
from service.core.kinds import Int64, Model
from service.nn.initializers import AnyInitializer
from service.nn.initializers.base import Normal
from service.nn.shapes import WIDEST

ROTARY_BASE = 10_000.0
"""The base of the angles of rotary positions, unless said otherwise."""


class Positions(StrEnum):
    """How positions are known."""

    NONE = "none"
    ROTARY = "rotary"


class RelativePositions(Model):
    """A number for each head and bucket of distances, which is added to the scores, as in T5.

    Half of the buckets stand for one distance each, the others for ever longer ranges.
    """

    buckets: Annotated[Int64, Field(ge=4, le=1024)] = 32
    """How many buckets there are: half of them for what comes before and half for what comes behind, unless causal."""
    distance: Annotated[Int64, Field(ge=2, le=WIDEST)] = 128
    """From which distance on all are in the last bucket."""
    weights: AnyInitializer = Normal(std=0.02)
    """How the numbers are drawn, N(0, 0.02²) unless said otherwise."""

    def table(self, steps: int, causal: bool) -> npt.NDArray[np.integer[Any]]:
        """The bucket of every step for every step, (steps, steps)."""
        away = np.arange(steps) - np.arange(steps)[:, None]
        count = self.buckets if causal else self.buckets // 2
        near = count // 2
        far = np.maximum(-away, 0) if causal else np.abs(away)
        with np.errstate(divide="ignore"):
            ranges = np.log(far / near) / log(self.distance / near) * (count - near)
        known = np.where(far < near, far, near + np.maximum(ranges, 0.0)).astype(np.intp)
        return np.minimum(known, count - 1) + (0 if causal else count * (away > 0))


def rotated(parts: Array, base: float, sign: float) -> Array:
    """(trials, samples, heads, steps, units) turned by angles that grow with the step."""
    steps, half = parts.shape[-2], parts.shape[-1] // 2
    angles = np.arange(steps)[:, None] * base ** (-np.arange(half) / half)
    cos, sin = np.cos(angles).astype(parts.dtype), (sign * np.sin(angles)).astype(parts.dtype)
    one, other = parts[..., :half], parts[..., half:]
    return np.concatenate([one * cos - other * sin, other * cos + one * sin], axis=-1)
