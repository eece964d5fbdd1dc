"""What a report may carry of the first trial: the factors of its gradient, and distributions."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from service.diagnosis.measures import histogram
from service.nn.arrays import Array
from service.results import Histogram, LayerGradients, LayerHistograms
from service.simulation.passes import Backward
from service.simulation.plan import Plan
from service.spec import Include

BINS = 40


@dataclass
class FirstTrial:
    """What is collected of the first trial while it is at hand."""

    twins: bool = False  # whether two hidden units are the same unit

    histograms: dict[int, LayerHistograms] = field(default_factory=dict)
    gradients: list[LayerGradients] = field(default_factory=list)  # from the last layer to the first

    def keep(self, made: Plan, step: Backward) -> None:
        """Keep of `step` what the specification includes."""
        if Include.HISTOGRAMS in made.spec.include:
            self.histograms[step.index] = _histograms(step)
        if Include.GRADIENTS in made.spec.include:
            factor = made.spec.loss.factor(made.outputs)
            self.gradients.append(_factors(made.layers[step.index].path, step, factor, made.samples))


def _histograms(step: Backward) -> LayerHistograms:
    edges, counts = histogram(step.derivative[0], BINS)
    derivative = Histogram(edges=edges, counts=counts, zeros=0)
    if step.gradients is None:
        return LayerHistograms(derivative=derivative, log10_weight_gradient=None)
    sizes = np.log10(np.abs(step.gradients.weights[0]).astype(np.float64)) + step.delta.decades()[0]
    edges, counts = histogram(sizes, BINS)
    gradient = Histogram(edges=edges, counts=counts, zeros=int(np.isneginf(sizes).sum()))
    return LayerHistograms(derivative=derivative, log10_weight_gradient=gradient)


def _factors(path: str, step: Backward, factor: float, samples: int) -> LayerGradients:
    """The first trial's gradient at one layer, of the mean loss over the batch."""
    exponent, gradients = step.delta.exponent[0, 0, 0], step.gradients
    return LayerGradients(
        path=path,
        weights=_finite(np.ldexp(factor * gradients.weights[0].astype(np.float64), exponent)) if gradients else None,
        bias=_finite(np.ldexp(factor * gradients.bias[0].astype(np.float64), exponent)) if gradients else None,
        delta=_finite(np.ldexp(factor / samples * step.delta.values[0].astype(np.float64), exponent)),
        derivative=_finite(step.derivative[0]),
    )


def _finite(values: Array) -> Any:
    """Nested lists of `values`, None for what is not finite."""
    return np.where(np.isfinite(values), values.astype(object), np.array(None)).tolist()
