"""What a report may carry of the first trial: the factors of its gradient, and distributions of its numbers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from service.core.arrays import LOG10_2, Array, Float64Array
from service.nn.scaled import Scaled
from service.simulation.gradients import LayerGradients
from service.simulation.layer_results import Histogram, LayerHistograms
from service.simulation.plan import Plan
from service.simulation.spec import Include
from service.simulation.tree import PlannedNode

_BINS = 40


@dataclass
class _Factors:
    """The gradient at one node, of the mean over samples: ∂e/∂z, φ' and parameters' gradients, with powers of two."""

    delta: Float64Array  # (samples, features)
    derivative: Float64Array | None  # (samples, features)
    exponent: int
    parameters: dict[str, Float64Array] = field(default_factory=dict)  # by name, of their shapes
    parameters_exponent: int = 0


@dataclass
class FirstTrial:
    """Keeps of the first trial what is included, while it is at hand: of histograms the counts alone."""

    include: Sequence[Include]
    samples: int = 1  # of the batch: a node inside `each_step` has several rows for each
    _factors: dict[int, _Factors] = field(default_factory=dict)  # by the rows of nodes, as what follows
    _derivatives: dict[int, Histogram] = field(default_factory=dict)
    _gradients: dict[int, Histogram] = field(default_factory=dict)

    def gradient(self, row: int, dz: Scaled, derivative: Array | None) -> None:
        """∂e/∂z of a node and φ'(z), (trials, samples, features), where there is an activation."""
        if Include.HISTOGRAMS in self.include and derivative is not None:
            edges, counts = histogram(derivative[0])
            self._derivatives[row] = Histogram(edges=edges, counts=counts, zeros=0)
        if Include.GRADIENTS in self.include:
            slopes = None if derivative is None else derivative[0].astype(np.float64)
            delta = dz.values[0].astype(np.float64) / self.samples
            self._factors[row] = _Factors(delta, slopes, int(dz.exponents[0]))

    def parameters(self, row: int, names: Sequence[str], dz: Scaled, gradient: Callable[[str], Array]) -> None:
        """The gradients of a node's parameters by name, (trials, *shape), summed over samples."""
        wanted = names if Include.GRADIENTS in self.include else names[:1]
        found = {name: (gradient(name)[0] / self.samples).astype(np.float64) for name in wanted}
        if Include.HISTOGRAMS in self.include and "weights" in found:
            with np.errstate(divide="ignore"):
                sizes = np.log10(np.abs(found["weights"])) + int(dz.exponents[0]) * LOG10_2
            edges, counts = histogram(sizes)
            self._gradients[row] = Histogram(edges=edges, counts=counts, zeros=int(np.isneginf(sizes).sum()))
        if Include.GRADIENTS in self.include:
            self._factors[row].parameters, self._factors[row].parameters_exponent = found, int(dz.exponents[0])

    def histograms(self, row: int) -> LayerHistograms | None:
        """The distributions at a node; None where it has no activation, or none are wanted."""
        if row not in self._derivatives:
            return None
        return LayerHistograms(derivative=self._derivatives[row], log10_weight_gradient=self._gradients.get(row))

    def gradients(self, made: Plan) -> list[LayerGradients] | None:
        """The factors at every node, of the mean loss over the batch; None where they are not wanted."""
        if Include.GRADIENTS not in self.include:
            return None
        factor = made.loss_factor
        return [_gradients_of(node, self._factors[node.row], factor) for node in made.nodes]


def _gradients_of(node: PlannedNode, one: _Factors, factor: float) -> LayerGradients:
    with np.errstate(over="ignore"):
        found = {name: np.ldexp(factor * values, one.parameters_exponent) for name, values in one.parameters.items()}
        delta = np.ldexp(factor * one.delta, one.exponent)
    shapes = {parameter.name: parameter.shape for parameter in node.parameters}
    return LayerGradients.model_validate(
        {
            "path": node.path,
            "name": node.node.name,
            "parameters": [
                {"name": name, "shape": shapes[name], "values": _finite(values.reshape(-1))}
                for name, values in found.items()
            ],
            "delta": _finite(delta),
            "derivative": None if one.derivative is None else _finite(one.derivative),
        }
    )


def histogram(values: npt.NDArray[np.floating], bins: int = _BINS) -> tuple[list[float], list[int]]:
    """Edges and counts of the finite values, of any shape, over their range; no bins where there are none."""
    finite = values[np.isfinite(values)]
    if finite.size == 0:
        return [], []
    low, high = float(finite.min()), float(finite.max())
    least = bins * float(np.spacing(max(abs(low), abs(high))))  # edges closer than this would be one number
    margin = max(0.0, least - 0.5 * (high - low))
    counts, edges = np.histogram(finite.astype(np.float64), bins=bins, range=(low - margin, high + margin))
    return edges.tolist(), counts.tolist()


def _finite(values: npt.NDArray[np.floating]) -> Any:
    """Nested lists of `values`, of any shape, None for what is not finite."""
    return np.where(np.isfinite(values), values.astype(object), np.array(None)).tolist()
