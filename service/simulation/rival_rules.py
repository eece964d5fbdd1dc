"""Rules by which other tools say that a network at initialisation is broken, with their own thresholds.

Read in their documentation or source. Rules that compare steps of a training are left out, and AutoTrainer's accuracy.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import inf, isfinite, log10, nan

import numpy as np

from service.core.arrays import Array, Float64Array
from service.core.kinds import Double, Model
from service.simulation.vocabulary import Label

_SATURATED_INPUTS = {"tanh": (-9.4999, 9.4999), "sigmoid": (-23.0, 16.99999)}
"""SageMaker's: beyond, the derivative is below 1e-7."""
_FLAT = ("sigmoid", "tanh")
_ACTIVE = 0.01
_BINS = 50

_ABSOLUTE = "an absolute size moves with the loss, the batch and the width, and the ratio of two layers does not"
_WEIGHTS = "the gradients of weights hide a wrong gain: their ratio is that of delta less that of the signal"
_REVERSED = "it fires where early layers have the larger gradients, the other way round"
_NAMES = "it counts layers by the name of their activation, and asks for no weights"
_SHARE = "saturated units alone decide nothing: 10 × 500 tanh layers with N(0, 1) have 89 %, and their gradient grows"
_NO_SIZE = "it fires at infinity and before that at nothing"
_WIDTHS = "a layer keeps its gain when its weights shrink as it grows wider, so their variances may differ"
_HALF = "half of what a ReLU makes is 0 at initialisation, and more where a layer is narrow"
_SINGLE = "it looks at layers one by one, and not at what depth does"


class Opinion(Model):
    """What one rule of another tool says."""

    tool: str
    """The tool."""
    rule: str
    """What the rule is called there, and what it is held against."""
    says: str
    """What it would say where it is raised."""
    raised: bool
    """Whether it is raised here."""
    number: Double | None
    """What it measures here; null where that is no number, or no layer is of its kind."""
    threshold: Double
    """What the number is held against; of a band the end that is crossed or nearer."""
    why: str
    """Why it says the same as our label or something else."""


@dataclass(frozen=True)
class Activated:
    """The inputs and outputs of an activation, (samples, features) each."""

    kind: str
    before: Array
    behind: Array


@dataclass(frozen=True)
class Observed:
    """One network as these tools see it: tensors, from the first layer to the last."""

    gradients: list[Array]  # of the mean loss with respect to every matrix of weights
    weights: list[Array]
    activations: list[Activated] = field(default_factory=list)  # of hidden layers
    rate: float = 0.01

    @property
    def mean_sizes(self) -> list[float]:
        """The mean |∂e/∂w| of every layer."""
        return [float(np.abs(one).mean()) for one in self.gradients]

    @property
    def norms(self) -> list[float]:
        """‖∂e/∂W‖ of every layer."""
        return [float(np.linalg.norm(one.ravel())) for one in self.gradients]

    def of(self, *kinds: str) -> list[Activated]:
        """The activations of these kinds."""
        return [one for one in self.activations if one.kind in kinds]


@dataclass(frozen=True)
class Rule:
    """A rule: its numbers, one for each layer it looks at, and the band that they should be in."""

    tool: str
    name: str
    says: str
    numbers: Callable[[Observed], Sequence[float]]
    weakness: str
    low: float = -inf
    high: float = inf
    inclusive: bool = False  # raised at the threshold itself
    also: Callable[[Observed], bool] | None = None  # what must be so besides

    def opinion(self, seen: Observed, label: Label, ratio: float | None) -> Opinion:
        """What it says of a network of that label and ratio."""
        known = [one for one in self.numbers(seen) if not np.isnan(one)]
        worst = max(known, key=self._excess, default=None)
        raised = worst is not None and self._crossed(worst) and (self.also is None or self.also(seen))
        return Opinion(
            tool=self.tool,
            rule=self.name,
            says=self.says,
            raised=raised,
            number=worst if worst is not None and isfinite(worst) else None,
            threshold=self._edge(worst),
            why=self._why(raised, label, ratio),
        )

    def _excess(self, number: float) -> float:
        """How far a number is out of the band, or towards its nearer end."""
        return max(self.low - number, number - self.high)

    def _crossed(self, number: float) -> bool:
        excess = self._excess(number)
        return excess >= 0.0 if self.inclusive else excess > 0.0

    def _edge(self, number: float | None) -> float:
        if not isfinite(self.low) or not isfinite(self.high):
            return self.low if isfinite(self.low) else self.high
        return self.high if number is not None and number - self.high > self.low - number else self.low

    def _why(self, raised: bool, label: Label, ratio: float | None) -> str:
        changed = "no ratio" if ratio is None else f"a ratio of {round(ratio, 2) + 0.0:+.3g} decades".replace("-", "−")
        if raised and self.says == label.value:
            return f"It agrees with our label, which stands for {changed} between the first and the last hidden layer."
        if raised:
            return f"Our label is {label.value}, with {changed}: {self.weakness}."
        if self.says == label.value:
            return f"It is silent where our label is {label.value}, with {changed}: {self.weakness}."
        return f"It is silent, and our label is {label.value}."


def _non_finite(seen: Observed) -> list[float]:
    return [float(sum(np.count_nonzero(~np.isfinite(one)) for one in (*seen.gradients, *seen.weights)))]


def _idle_units(seen: Observed) -> list[float]:
    return [100.0 * float(((one.behind > 0.0).mean(axis=0) < _ACTIVE).mean()) for one in seen.of("relu")]


def _saturated_units(seen: Observed) -> list[float]:
    found = []
    for one in seen.of(*_FLAT):
        low, high = _SATURATED_INPUTS[one.kind]
        within = (one.before > low) & (one.before < high)
        found.append(100.0 * float((within.mean(axis=0) < _ACTIVE).mean()))
    return found


def _variances(seen: Observed) -> list[float]:
    return [float(one.var()) for one in seen.weights]


def _variance_ratio(seen: Observed) -> list[float]:
    found = _variances(seen)
    return [max(found) / min(found) if min(found) > 0.0 else inf] if found else []


def _gradient_ranges(seen: Observed) -> list[float]:
    return [float(np.subtract(*np.percentile(one, [95, 5]))) for one in seen.gradients]


def _updates(seen: Observed) -> list[float]:
    pairs = zip(seen.gradients, seen.weights, strict=True)
    return [seen.rate * float(np.abs(g).mean()) / (float(np.abs(w).mean()) + 1e-9) for g, w in pairs]


def _first_over_last(sizes: list[float]) -> list[float]:
    return [sizes[0] / sizes[-1] if sizes[-1] else nan] if len(sizes) > 1 else []


def _last_over_first(sizes: list[float]) -> list[float]:
    return [sizes[-1] / sizes[0] if sizes[0] else inf] if len(sizes) > 1 else []


def _binned_saturation(values: Array) -> Float64Array:
    """ρ_B of every unit of (samples, features), over 50 bins of [0, 1], (features,): 1 where all is at the ends."""
    bins = np.clip((values * _BINS).astype(np.int64), 0, _BINS - 1)
    inside = (values >= 0.0) & (values <= 1.0)
    found = []
    for column, places, within in zip(values.T, bins.T, inside.T, strict=True):
        counts = np.bincount(places[within], minlength=_BINS)
        sums = np.bincount(places[within], weights=column[within], minlength=_BINS)
        means = np.divide(sums, counts, out=np.zeros(_BINS), where=counts > 0)
        found.append(float((np.abs(2.0 * means - 1.0) * counts).sum() / counts.sum()) if counts.sum() else nan)
    return np.array(found)


def _dead_activations(seen: Observed) -> list[float]:
    shares = ((np.percentile(np.abs(one.behind), 95, axis=0) < 1e-5).mean() for one in seen.activations)
    return [100.0 * float(share) for share in shares]


def _adjacent_variances(seen: Observed) -> list[float]:
    found = [float(one.var()) for one in seen.gradients]
    ratios = [one / other if other else inf for one, other in pairwise(found)]
    return [float(np.mean(ratios))] if ratios else []


def _log10(numbers: Iterable[float]) -> list[float]:
    return [log10(one) if one > 0.0 else -inf for one in numbers]


def _saturated_by_bins(seen: Observed) -> list[float]:
    return [100.0 * float((_binned_saturation(one.behind) > 0.85).mean()) for one in seen.of(*_FLAT)]


def _stds(seen: Observed) -> list[float]:
    return [float(one.behind.std()) for one in seen.activations]


def _root_mean_squares(seen: Observed) -> list[float]:
    return [float(np.sqrt(np.square(one).mean())) for one in seen.gradients]


def _of_least_norm(seen: Observed) -> bool:
    return bool(seen.norms) and seen.norms[0] < 1e-4


def _without_gradient(seen: Observed) -> list[float]:
    sizes = sum(one.size for one in seen.gradients)
    return [sum(np.count_nonzero(one == 0.0) for one in seen.gradients) / sizes] if sizes else []


def _flat_values(seen: Observed) -> list[float]:
    return [100.0 * float((np.abs(one.before) > 5.0).mean()) for one in seen.of(*_FLAT)]


def _not_positive(seen: Observed) -> list[float]:
    return [100.0 * float((one.behind <= 0.0).mean()) for one in seen.of("relu")]


def _layers_of(kind: str) -> Callable[[Observed], list[float]]:
    return lambda seen: [float(len(seen.of(kind)))]


def _total_norm(seen: Observed) -> list[float]:
    return [float(np.linalg.norm(seen.norms))]


_SAGEMAKER, _AUTOTRAINER, _DIAGNOSIS = "SageMaker Debugger", "AutoTrainer", "DeepDiagnosis"
_CHECKER, _NNSCOPE, _NEUROSCOPE = "TheDeepChecker", "nnscope", "NeuroScope"

RULES: tuple[Rule, ...] = (
    Rule(_SAGEMAKER, "VanishingGradient", "vanishing", lambda seen: seen.mean_sizes, _ABSOLUTE, low=1e-7),
    Rule(_SAGEMAKER, "ExplodingTensor", "exploding", _non_finite, _NO_SIZE, high=0.0),
    Rule(_SAGEMAKER, "DeadRelu, % of units", "dead", _idle_units, _SINGLE, high=50.0),
    Rule(_SAGEMAKER, "SaturatedActivation, % of units", "saturated", _saturated_units, _SHARE, high=50.0),
    Rule(_SAGEMAKER, "PoorWeightInitialization, variances", "badly initialised", _variance_ratio, _WIDTHS, high=10.0),
    Rule(_SAGEMAKER, "PoorWeightInitialization, gradients", "badly initialised", _gradient_ranges, _ABSOLUTE, low=1e-3),
    Rule(_SAGEMAKER, "WeightUpdateRatio", "wrong update", _updates, _SINGLE, low=1e-8, high=10.0),
    Rule(
        _AUTOTRAINER,
        "gradient vanish, first over last",
        "vanishing",
        lambda seen: _first_over_last(seen.norms),
        _WEIGHTS,
        low=1e-3,
        also=_of_least_norm,
    ),
    Rule(
        _AUTOTRAINER,
        "gradient explode, first over last",
        "exploding",
        lambda seen: _first_over_last(seen.norms),
        _WEIGHTS,
        high=70.0,
    ),
    Rule(_AUTOTRAINER, "dying ReLU, zeros", "dead", _without_gradient, _SINGLE, high=0.7, inclusive=True),
    Rule(_DIAGNOSIS, "Vanishing Gradient", "vanishing", lambda seen: seen.mean_sizes, _ABSOLUTE, low=1e-7),
    Rule(_DIAGNOSIS, "Dead Node, % of outputs", "dead", _not_positive, _HALF, high=70.0, inclusive=True),
    Rule(_DIAGNOSIS, "Saturated Activation, % of inputs", "saturated", _flat_values, _SHARE, high=50.0),
    Rule(_DIAGNOSIS, "Poor Weight, variances", "badly initialised", _variances, _WIDTHS, low=1e-5, high=10.0),
    Rule(_CHECKER, "vanishing gradient", "vanishing", lambda seen: seen.mean_sizes, _ABSOLUTE, low=1e-6),
    Rule(_CHECKER, "exploding gradient", "exploding", lambda seen: seen.mean_sizes, _ABSOLUTE, high=1e6),
    Rule(_CHECKER, "dead activation, % of units", "dead", _dead_activations, _SINGLE, high=50.0),
    Rule(_CHECKER, "saturation, % of units", "saturated", _saturated_by_bins, _SHARE, high=50.0),
    Rule(_CHECKER, "activation std", "badly scaled", _stds, _SINGLE, low=0.5, high=2.0),
    Rule(_CHECKER, "update ratio, log10", "wrong update", lambda seen: _log10(_updates(seen)), _SINGLE, -4.0, -1.0),
    Rule(_NNSCOPE, "last over first", "vanishing", lambda seen: _last_over_first(seen.mean_sizes), _WEIGHTS, high=1e3),
    Rule(_NNSCOPE, "largest mean", "exploding", lambda seen: seen.mean_sizes, _ABSOLUTE, high=100.0),
    Rule(_NEUROSCOPE, "variances of neighbours", "vanishing", _adjacent_variances, _REVERSED, high=2.0),
    Rule(_NEUROSCOPE, "smallest RMS", "vanishing", _root_mean_squares, _ABSOLUTE, low=1e-7),
    Rule(_NEUROSCOPE, "total norm", "exploding", _total_norm, _ABSOLUTE, high=10.0),
    Rule(_NEUROSCOPE, "largest norm", "exploding", lambda seen: seen.norms, _ABSOLUTE, high=5.0),
    Rule(_NEUROSCOPE, "sigmoid layers", "vanishing", _layers_of("sigmoid"), _NAMES, high=3.0),
    Rule(_NEUROSCOPE, "tanh layers", "vanishing", _layers_of("tanh"), _NAMES, high=5.0),
)
"""The rules of all tools."""
