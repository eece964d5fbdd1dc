"""Numbers of a network → what may go wrong in training it: the probability that it fails, and what is worth a flag.

"Failed" is: fewer than 60 % right after 200 to 300 steps on images of 8 × 8 or toy tasks, widths 16 to 64, at the best
of four to six rates. Evidence of version 1, as areas under the curve, SGD / Adam:

- 720 dense networks, by ℓ alone: 0.985 / 0.963, cross-validated; the depth ratio alone 0.972 / 0.953.
- 1,593 networks of eight families trained afterwards, not refitted: the depth ratio 0.82 / 0.82, ℓ 0.91 / 0.90.
- 763 fresh ones, the coefficients frozen before: the depth ratio 0.84 / 0.75, ℓ 0.90 / 0.86, with the similarity kept
  and the spread at the head 0.932 / 0.933; of those predicted below 0.05, 1 % and 0 % failed.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import exp, log10, sqrt

from service.simulation.causes import Judged, NetworkFacts, losses_of_inputs
from service.simulation.gradients import StoredGradients
from service.simulation.layer_results import LayerStatistics, Spread
from service.simulation.results import FailureRisk
from service.simulation.vocabulary import USUAL_RATES, Flag, Optimiser
from service.simulation.vote import Evidence

_WANDERING = 0.4
"""The depth ratio wanders by this many decades times √Σ(1/width) (Hanin 2018; Sussillo & Abbott 2014)."""
TOO_MUCH_WANDERING = 0.5
"""Decades: two standard deviations reach the edge of the stable band, so that a seed in twenty leaves it."""
TINY, HUGE = -7.0, 6.0
"""Decades of a weight's gradient beyond which its absolute size is worth a word."""
SMALL_UPDATE, LARGE_UPDATE = -4.0, -1.0
"""Decades of an update relative to the weights between which training moves."""
TOO_MANY_LOST = 0.05
"""Share of the entries of weights' gradients that a format of 16 bits may lose at first.

Measured by training 252 networks of 6 and 12 layers of 48 units (ReLU, tanh; SGD, Adam) on ten classes with gradients
of float16 at ever smaller loss scales. Where less than 0.05 was lost at first, none of 150 lost 0.05 of its accuracy;
of those with 0.05 to 0.12, 3 of 34 did, with 0.12 to 0.2, 7 of 10, and from 0.7 on all 42.
"""
SMALL_BATCH = 8
"""Numbers that batch statistics are taken over, below which these change the gradient themselves.

Measured behind ReLU layers, whose gain in theory is 1.21: at 256, 128, 32, 8, 4 samples it is 1.20, 1.22, 1.24, 1.27
and 1.50, and at 2 the gradient vanishes, by 23 decades in 24 layers.
"""
_DEEPEST = 32
"""Hidden layers or steps: none of the networks it was calibrated on had more."""
_LARGEST_RATIO = 8.0
_LARGEST_COLLAPSE = 6.0
_LEAST_SCORE, _LARGEST_SCORE = -10.0, 12.0
_LARGEST_HEAD_LOSS = 3.0


@dataclass(frozen=True)
class _Coefficients:
    """Of the score ℓ, and of the risk where a network is more than a stack of dense layers."""

    exploding: float  # per decade of the judged ratio above 0
    vanishing: float  # per decade of it below 0
    collapse: float  # per decade by which inputs have come together in the last hidden layer
    depth: float  # per hidden layer, or step where time decides
    mask_noise: float  # per decade above 0
    constant: float
    score: float  # here and below: of the risk
    similarity_kept: float
    head_loss: float  # per decade by which inputs have come together where they enter the output layer
    risk_constant: float


_VERSION = 1
_COEFFICIENTS = {
    Optimiser.SGD: _Coefficients(2.3, 2.3, 1.4, 0.13, 8.0, -6.75, 0.52, -7.7, 0.89, 1.77),
    Optimiser.ADAM: _Coefficients(1.03, 0.62, 0.44, 0.07, 5.0, -4.9, 0.59, -8.3, 0.36, 1.49),
}
_FAILED = (
    "It is the share of such networks that reached less than 60 % on small classification tasks (200 to 300 steps, "
    "images of 8 × 8 or toy tasks, widths 16 to 64) at the best of four to six rates."
)
_DENSE = "Calibrated on 720 dense networks, which it tells apart with an AUC of {}."
_OTHERS = "Calibrated on networks of eight families; of 763 others it tells failures apart with an AUC of {}."
_RESTS_ON = {
    Optimiser.SGD: (
        _DENSE.format(0.985),
        _OTHERS.format(0.932) + " It is weakest for convolution, recurrence and attention: 0.879.",
    ),
    Optimiser.ADAM: (
        _DENSE.format(0.963),
        _OTHERS.format(0.933) + " For convolution, recurrence and attention alone it is 0.939.",
    ),
}
"""Of a stack of dense layers, and of any other network."""


@dataclass(frozen=True)
class RiskNumbers:
    """What the risk is made of: medians over trials, None where there is no number."""

    ratio: float | None  # J, by which the label is judged, in decades; infinite where the gradient dies or overflows
    collapse: float | None  # S: decades by which inputs, or steps, have come together in the last hidden layer
    depth: int  # L: hidden layers, or steps where time decides
    mask_noise: float | None  # N
    similarity_kept: float | None  # K
    head_loss: float | None  # S_h: decades by which inputs have come together where they enter the output layer
    dense: bool  # whether the network is a plain stack of dense layers


def failure_risk(optimiser: Optimiser, found: RiskNumbers) -> FailureRisk:
    """The risk of training by that optimiser, with what it rests on."""
    use = _COEFFICIENTS[optimiser]
    ratio = _clipped(found.ratio, -_LARGEST_RATIO, _LARGEST_RATIO)
    score = (
        use.exploding * max(ratio, 0.0)
        + use.vanishing * max(-ratio, 0.0)
        + use.collapse * _clipped(found.collapse, 0.0, _LARGEST_COLLAPSE)
        + use.depth * min(found.depth, _DEEPEST)
        + use.mask_noise * max(found.mask_noise or 0.0, 0.0)
        + use.constant
    )
    odds = score = _clipped(score, _LEAST_SCORE, _LARGEST_SCORE)
    if not found.dense and found.similarity_kept is not None:
        head_loss = _clipped(found.head_loss, 0.0, _LARGEST_HEAD_LOSS)
        odds = (
            use.score * score
            + use.similarity_kept * found.similarity_kept
            + use.head_loss * head_loss
            + use.risk_constant
        )
    return FailureRisk(
        optimiser=optimiser,
        version=_VERSION,
        probability=1.0 / (1.0 + exp(-odds)),
        rests_on=list(_rests_on(optimiser, found)),
    )


def _rests_on(optimiser: Optimiser, found: RiskNumbers) -> Iterator[str]:
    """The sentences that go with a risk."""
    yield _FAILED
    dense, others = _RESTS_ON[optimiser]
    yield dense if found.dense else others
    if found.depth > _DEEPEST:
        yield f"Of {found.depth} hidden layers or steps {_DEEPEST} are counted: nothing deeper was calibrated on."
    if found.ratio is not None and abs(found.ratio) > _LARGEST_RATIO:
        yield f"The ratio it is judged by counts as {_LARGEST_RATIO:g} decades, the largest that was calibrated on."
    if found.ratio is None:
        yield "No depth ratio was measured, and it counts as 0."
    if not found.dense and found.similarity_kept is None:
        yield (
            "input_similarity_kept is null, so that depth, ratio and spread alone are counted: an AUC of 0.90 under "
            "SGD and 0.86 under Adam. It takes 64 inputs: with data.samples 64 it is measured."
        )


def _clipped(value: float | None, low: float, high: float) -> float:
    """`value` between both; what is null counts as 0."""
    return 0.0 if value is None else min(max(value, low), high)


def find_flags(
    judged: Judged, evidence: Evidence, layers: list[LayerStatistics], depth_ratio: Spread, facts: NetworkFacts
) -> list[Flag]:
    """All flags that apply, in the order of their definition."""
    sizes = [rms for layer in layers if (rms := layer.log10_weight_gradient_rms.median) is not None]
    update = log10_update(layers, judged.optimiser)
    lost = losses_of_inputs(judged, evidence).values()
    raised = {
        **{flag: flag in lost for flag in (Flag.INPUT_COLLAPSE, Flag.RANK_COLLAPSE, Flag.MASK_NOISE)},
        Flag.TOO_DEEP_FOR_WIDTH: _wanders(depth_ratio, facts),
        Flag.TINY_GRADIENT: not evidence.overflowed
        and (any(size < TINY for size in sizes) or any(_gets_nothing(layer, facts) for layer in layers)),
        Flag.HUGE_GRADIENT: any(size > HUGE for size in sizes),
        Flag.SMALL_UPDATE: update is not None and update < SMALL_UPDATE,
        Flag.LARGE_UPDATE: update is not None and update > LARGE_UPDATE,
        Flag.PRECISION_UNDERFLOW: loses_gradients(facts.precision)
        or any(_underflows(layer, facts) for layer in layers),
        Flag.SYMMETRIC_UNITS: facts.symmetric,
        Flag.SMALL_BATCH: facts.fewest_in_statistics is not None and facts.fewest_in_statistics < SMALL_BATCH,
    }
    return [flag for flag in Flag if raised[flag]]


def wandering(sum_inverse_width: float) -> float:
    """Decades by which the depth ratio of random weights differs from seed to seed."""
    return _WANDERING * sqrt(sum_inverse_width)


def _wanders(depth_ratio: Spread, facts: NetworkFacts) -> bool:
    """Whether the width lets the depth ratio wander, and the trials, where they can be compared, show it."""
    expected = wandering(facts.sum_inverse_width)
    shown = depth_ratio.std is None or depth_ratio.std >= 0.5 * expected
    return facts.random and expected >= TOO_MUCH_WANDERING and shown


def _gets_nothing(layer: LayerStatistics, facts: NetworkFacts) -> bool:
    """Whether weights get a gradient of exactly zero in every trial; those inside a block may wait for others."""
    nothing = layer.log10_weight_gradient_norm.count + layer.non_finite_trials == 0
    return nothing and layer.index in facts.weighted and not layer.inside


def loses_gradients(stored: StoredGradients | None) -> bool:
    """Whether a format of 16 bits loses so many entries of the weights' gradients that training suffers."""
    return stored is not None and stored.underflow_share + stored.overflow_share >= TOO_MANY_LOST


def _underflows(layer: LayerStatistics, facts: NetworkFacts) -> bool:
    """Whether numbers lose digits; of a gradient in 16 bits, which depends on the loss scale, entries are counted."""
    gradient = layer.log10_weight_gradient_rms.p05 if facts.precision is None else None
    lowest = [gradient, layer.log10_forward_rms.p05]
    return any(decades is not None and decades < facts.log10_smallest_normal for decades in lowest)


def log10_update(layers: list[LayerStatistics], optimiser: Optimiser) -> float | None:
    """Decades of one step at the usual rate relative to all weights; null where one of them has no size.

    A step of Adam is the rate in every weight that has a gradient, whatever that is.
    """
    known = [
        (norm, rms)
        for layer in layers
        if (norm := layer.log10_weight_gradient_norm.median) is not None
        and (rms := layer.log10_weight_gradient_rms.median) is not None
    ]
    step = _total(norm - rms if optimiser is Optimiser.ADAM else norm for norm, rms in known)
    weights = _total(layer.log10_weight_norm.median for layer in layers)
    return None if step is None or weights is None else log10(USUAL_RATES[optimiser]) + step - weights


def _total(decades: Iterable[float | None]) -> float | None:
    """Decades of the root of the sum of squares, by way of the largest, so that nothing overflows."""
    known = [size for size in decades if size is not None]
    if not known:
        return None
    largest = max(known)
    return largest + 0.5 * log10(sum(100.0 ** (size - largest) for size in known))
