"""What a policy is: four bands on the depth ratio, in decades."""

from typing import Annotated, ClassVar

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from service.core.kinds import Double, Int64, Kind

Below = Annotated[Double, Field(ge=-1000, lt=0)]
Above = Annotated[Double, Field(gt=0, le=1000)]


class Policy(Kind):
    """Where vanishing and exploding begin, as decades between the first and the last hidden layer."""

    source: ClassVar[str]
    """What the bands were measured on."""

    version: Annotated[Int64, Field(ge=1, le=1)] = 1
    """The version of the bands; it moves when a default does."""
    vanishing_mild: Below
    """At this depth ratio and below, the gradient vanishes."""
    vanishing_severe: Below
    """At this one and below, severely."""
    exploding_mild: Above
    """At this depth ratio and above, the gradient explodes."""
    exploding_severe: Above
    """At this one and above, severely."""

    @model_validator(mode="after")
    def _ordered(self) -> "Policy":
        if self.vanishing_severe > self.vanishing_mild:
            raise PydanticCustomError("bands_crossed", "vanishing_severe must not be above vanishing_mild")
        if self.exploding_severe < self.exploding_mild:
            raise PydanticCustomError("bands_crossed", "exploding_severe must not be below exploding_mild")
        return self
