"""The axes of a sweep: what is varied, over which values."""

import json
from enum import StrEnum
from math import isfinite, log10
from typing import Annotated

from pydantic import AfterValidator, Field, JsonValue, model_validator
from pydantic_core import PydanticCustomError

from service.core.kinds import Int64, Model, Real

MOST_POINTS = 100_000
NAME = "^[A-Za-z][A-Za-z0-9_]*$"
POINTER = "^(/([^~/]|~[01])*)+$"


def written_bytes(value: JsonValue) -> int:
    """How long `value` is as JSON, in a result; a number is taken as short."""
    if value is None or (isinstance(value, int | float) and isfinite(value)):
        return 8
    return len(json.dumps(value, ensure_ascii=False, allow_nan=False).encode())


def _encodable(value: JsonValue) -> JsonValue:
    try:
        written_bytes(value)
    except UnicodeEncodeError:
        raise PydanticCustomError("not_unicode", "half of a surrogate pair is no character") from None
    except ValueError:
        raise PydanticCustomError("finite_number", "a number is finite") from None
    return value


class Scale(StrEnum):
    """How values are spaced."""

    LINEAR = "linear"
    LOG = "log"


Value = Annotated[JsonValue, AfterValidator(_encodable)]


class AxisRange(Model):
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
    def _has_logarithms(self) -> "AxisRange":
        if self.scale is Scale.LOG and (self.start <= 0.0 or self.stop <= 0.0):
            raise PydanticCustomError("not_positive", "a logarithmic range needs a positive start and a positive stop")
        return self

    def values(self) -> list[float]:
        """The values, rising or falling; round ones where the ends are: 0.3 and not 0.30000000000000004."""
        if self.scale is Scale.LINEAR:
            inner = self._between(self.start, self.stop)
        else:
            inner = [10.0**decades for decades in self._between(log10(self.start), log10(self.stop))]
        low, high = sorted((self.start, self.stop))
        return [self.start, *(min(max(low, value), high) for value in inner), self.stop]

    def _between(self, start: float, stop: float) -> list[float]:
        """The equidistant numbers between two others."""
        last = self.count - 1
        return [(start * (last - step) + stop * step) / last for step in range(1, last)]


class Axis(Model):
    """One thing that is varied: what a pointer names, or one of the axes that have a name of their own."""

    name: Annotated[str, Field(pattern=NAME, max_length=64)]
    """What it is called in the results; without a pointer, one of the named axes: depth, width, weight_variance, …"""
    pointer: Annotated[str, Field(pattern=POINTER, max_length=500)] | None = None
    """Where in the base specification its values are put (RFC 6901)."""
    values: Annotated[list[Value], Field(max_length=MOST_POINTS, default_factory=list)]
    """The values one by one: numbers, names or objects, as the place wants them; none where there is a range."""
    range: AxisRange | None = None
    """The values by their ends and their number, instead of `values`."""

    @model_validator(mode="after")
    def _has_values_once(self) -> "Axis":
        if bool(self.values) == (self.range is not None):
            raise PydanticCustomError("values_or_range", "an axis has either `values` or a `range`")
        return self

    @property
    def scale(self) -> Scale:
        """The scale it is drawn on, linear where nothing is said."""
        return self.range.scale if self.range else Scale.LINEAR

    def given(self) -> list[JsonValue]:
        """The values as they were given."""
        return list(self.range.values()) if self.range else self.values

    def mean_bytes(self) -> float:
        """How long its values are as JSON, on the average."""
        return sum(map(written_bytes, self.values)) / len(self.values) if self.values else 8.0

    def __len__(self) -> int:
        """How many values it has."""
        return self.range.count if self.range else len(self.values)
