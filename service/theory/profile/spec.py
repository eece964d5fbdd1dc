"""What may be asked of an activation."""

from typing import Annotated

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from service.core.kinds import Double, Model, NonNegative, Positive, Real
from service.nn.activations import AnyActivation


class Stretch(Model):
    """A closed interval of z."""

    low: Real
    """Its lower end."""
    high: Real
    """Its upper end, above the lower one."""

    @model_validator(mode="after")
    def _rising(self) -> "Stretch":
        if self.low >= self.high:
            facts = {"low": f"{self.low:g}", "high": f"{self.high:g}"}
            raise PydanticCustomError("empty_interval", "low ({low}) has to be below high ({high})", facts)
        return self


class ProfileSpec(Model):
    """An activation, and where to look at it."""

    activation: AnyActivation
    """Any activation; an expression for one of your own."""
    interval: Stretch | None = None
    """Where the bounds are taken; null for the whole line."""
    weight_variance: Positive = 1.0
    """σ_w², fan_in times the variance of a weight, of the fixed points."""
    bias_variance: NonNegative = 0.0
    """σ_b², the variance of a bias, of the fixed points and the critical initialisations."""
    pre_activation_variance: Annotated[Double, Field(ge=1e-12, le=1e12)] = 1.0
    """q, the variance of z, of the Gaussian moments."""
