"""What a report may carry of the first trial: the factors of its gradient, and distributions."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from service.core.arrays import Array
from service.nn.layers.base import ParameterGradients, Transform
from service.simulation.diagnosis.measures import LOG10_2, histogram
from service.simulation.passes import Backward
from service.simulation.plan import Plan
from service.simulation.results import Histogram, LayerGradients, LayerHistograms
from service.simulation.spec import Include

BINS = 40


@dataclass
class FirstTrial:
    """What is collected of the first trial while it is at hand."""

    twins: bool = False  # whether two hidden units are the same unit

    histograms: dict[int, LayerHistograms] = field(default_factory=dict)
    gradients: list[LayerGradients] = field(default_factory=list)  # from the last layer to the first

    def keep(self, made: Plan, step: Backward, transform: Transform) -> None:
        """Keep of `step` behind `transform` what the specification includes."""
        if not made.spec.include:
            return
        gradients = transform.gradients(step.x, step.delta.values)
        if Include.HISTOGRAMS in made.spec.include:
            self.histograms[step.index] = _histograms(step, gradients)
        if Include.GRADIENTS in made.spec.include:
            factor = made.spec.loss.factor(made.outputs)
            values = _factors(step, gradients, factor, made.samples)
            self.gradients.append(LayerGradients(path=made.layers[step.index].path, **values))


def _histograms(step: Backward, gradients: ParameterGradients | None) -> LayerHistograms:
    edges, counts = histogram(step.derivative[0], BINS)
    derivative = Histogram(edges=edges, counts=counts, zeros=0)
    if gradients is None:
        return LayerHistograms(derivative=derivative, log10_weight_gradient=None)
    sizes = np.log10(np.abs(gradients.weights[0]).astype(np.float64)) + step.delta.exponents()[0] * LOG10_2
    edges, counts = histogram(sizes, BINS)
    gradient = Histogram(edges=edges, counts=counts, zeros=int(np.isneginf(sizes).sum()))
    return LayerHistograms(derivative=derivative, log10_weight_gradient=gradient)


def _factors(step: Backward, gradients: ParameterGradients | None, factor: float, samples: int) -> dict[str, Any]:
    """The first trial's gradient at one layer, of the mean loss over the batch."""
    exponent = step.delta.exponent[0, 0, 0]
    return {
        "weights": _finite(np.ldexp(factor * gradients.weights[0].astype(np.float64), exponent)) if gradients else None,
        "bias": _finite(np.ldexp(factor * gradients.bias[0].astype(np.float64), exponent)) if gradients else None,
        "delta": _finite(np.ldexp(factor / samples * step.delta.values[0].astype(np.float64), exponent)),
        "derivative": _finite(step.derivative[0]),
    }


def _finite(values: Array) -> Any:
    """Nested lists of `values`, None for what is not finite."""
    return np.where(np.isfinite(values), values.astype(object), np.array(None)).tolist()
