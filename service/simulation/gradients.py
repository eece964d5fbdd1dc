"""Gradients entry by entry: those of the first trial, and what a format of 16 bits loses of all."""

import numpy as np

from service.core.arrays import Float64Array
from service.core.kinds import Double, Int64, Model
from service.simulation.spec import Precision


class ParameterGradient(Model):
    """The gradient of one parameter."""

    name: str
    """The field of the layer that says how it is drawn, such as `weights` or `bias`."""
    shape: list[Int64]
    """Its shape, such as (fan_in, units) of a dense layer's weights."""
    values: list[Double | None]
    """Its entries, those along the last axis next to each other (C order)."""

    @property
    def array(self) -> Float64Array:
        """The entries in their shape; NaN for null."""
        return np.array(self.values, dtype=np.float64).reshape(self.shape)


class LayerGradients(Model):
    """The factors of the first trial's gradient, of the mean loss over the batch; null where a number overflows."""

    path: str
    """The pointer to the layer in the specification."""
    name: str | None
    """The layer's name there; null where it has none."""
    parameters: list[ParameterGradient]
    """The gradient of everything that is trained in it, in the order it is drawn."""
    delta: list[list[Double | None]]
    """∂e/∂z, a row for each sample; where there is no activation, z is what comes out."""
    derivative: list[list[Double | None]] | None
    """φ'(z), a row for each sample; null without an activation."""


class PrecisionStatistics(Model):
    """What the format of 16 bits loses of a layer's gradients, over all trials, at the loss scale asked for."""

    underflow_share: Double
    """Share of the entries of ∂e/∂z that are not 0, but are stored as 0."""
    overflow_share: Double
    """Share of the entries of ∂e/∂z that are stored as infinite or as no number."""
    weight_gradient_underflow_share: Double | None
    """The same of the gradient of the weights; null where there are none."""
    weight_gradient_overflow_share: Double | None
    """The same of the gradient of the weights; null where there are none."""


class StoredGradients(Model):
    """What a format of 16 bits loses of the gradients of all weights, and the loss scale that saves most of them."""

    format: Precision
    """The format."""
    loss_scale: Double
    """What the loss was multiplied by."""
    underflow_share: Double
    """Share of the entries of weights' gradients that are not 0, but are stored as 0."""
    overflow_share: Double
    """Share of the entries of weights' gradients that are stored as infinite or as no number."""
    saving_loss_scale: Double | None
    """The power of two that saves as many entries as any does, and overflows nowhere; null where none is better."""
