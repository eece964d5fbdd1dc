"""The axes of a sweep: what is varied, over which values."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, JsonValue, model_validator
from pydantic_core import PydanticCustomError

from service.kinds import Int64, Model, Real

MOST_POINTS = 100_000
NAME = "^[A-Za-z][A-Za-z0-9_]*$"
POINTER = "^(/([^~/]|~[01])*)+$"


class Scale(StrEnum):
    """How values are spaced."""

    LINEAR = "linear"
    LOG = "log"


class Range(Model):
    """Equidistant values from `start` to `stop`, both of them included; whole numbers where the field wants those."""

    scale: Scale = Scale.LINEAR
    """Whether their differences are equal, or their ratios."""
    start: Real
    """The first value."""
    stop: Real
    """The last value."""
    count: Annotated[Int64, Field(ge=2, le=MOST_POINTS)]
    """How many there are."""

    @model_validator(mode="after")
    def _has_logarithms(self) -> "Range":
        if self.scale is Scale.LOG and (self.start <= 0.0 or self.stop <= 0.0):
            raise PydanticCustomError("not_positive", "a logarithmic range needs a positive start and a positive stop")
        return self

    def values(self) -> list[float]:
        """The values, rising or falling."""
        steps = [step / (self.count - 1) for step in range(self.count)]
        if self.scale is Scale.LINEAR:
            inner = [self.start + (self.stop - self.start) * step for step in steps]
        else:
            inner = [self.start * (self.stop / self.start) ** step for step in steps]
        return [self.start, *inner[1:-1], self.stop]


class Axis(Model):
    """One thing that is varied: what a pointer names, or one of the axes that have a name of their own."""

    name: Annotated[str, Field(pattern=NAME, max_length=64)]
    """What it is called in the results; without a pointer, one of the named axes: depth, width, weight_variance, …"""
    pointer: Annotated[str, Field(pattern=POINTER, max_length=500)] | None = None
    """Where in the base specification its values are put (RFC 6901)."""
    values: Annotated[list[JsonValue], Field(min_length=1, max_length=MOST_POINTS)] | None = None
    """The values one by one: numbers, names or objects, as the place wants them."""
    range: Range | None = None
    """The values by their ends and their number, instead of `values`."""

    @model_validator(mode="after")
    def _has_values_once(self) -> "Axis":
        if (self.values is None) == (self.range is None):
            raise PydanticCustomError("values_or_range", "an axis has either `values` or a `range`")
        return self

    @property
    def scale(self) -> Scale:
        """The scale it is drawn on, linear where nothing is said."""
        return self.range.scale if self.range else Scale.LINEAR

    def given(self) -> list[JsonValue]:
        """The values as they were given."""
        return list(self.range.values()) if self.range else list(self.values or [])

    def __len__(self) -> int:
        """How many values it has."""
        return self.range.count if self.range else len(self.values or [])
