"""Why a gradient does what it does: the cause of a label, and what is known of a network to tell it by.

A cause is what to mend: with another scale of the weights for `gain`, another activation for `small_slope`, smaller
pre-activations for `saturation`, the ratio comes back into its band.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise, takewhile
from math import inf, isfinite, log10

from service.nn.activations import Activation
from service.nn.activations.smooth import Linear
from service.nn.layers.base import Account
from service.simulation.gradients import StoredGradients
from service.simulation.layer_results import LayerStatistics
from service.simulation.spreads import SEVERE, LayerNumbers
from service.simulation.vocabulary import Cause, Flag, Label, Optimiser
from service.simulation.vote import Evidence
from service.theory.balance import best_slope, is_bounded

COLLAPSED_SPREAD = -1.3
"""Decades: at a twentieth of the signal, what tells two inputs apart is lost."""
_COLLAPSED_BY = -1.0
"""Decades of spread that inputs must have lost on their way before it is the network that made them one."""
NOISY_MASKS = 0.7
"""N, decades, from which dropout's masks hide the inputs: ReLU × 16 at p = 0.3 has 1.0, and does not learn."""
_RISKY = 0.25
"""The failure risk below which networks learn although a sign, such as directions near each other, speaks against it.

784-30-30-10 sigmoid has an angular spread of −1.6 and a risk of 0.07, and reaches 97 % on MNIST.
"""
_MOVES_TOGETHER = 0.5
"""The signal moves with the gradient where its ratio has the same sign and at least this share of the size."""
TOLD_BY_LAYERS = frozenset({Label.VANISHING, Label.DEAD})
"""The labels whose cause is looked for in the layers."""
_COLLAPSE = -1.0
"""Decades the signal must have lost before its fall is called a collapse."""
_ACCELERATION = 1.3
"""A collapse takes more with each layer: every step at least this many times the one before."""
_SMALL_SLOPE = 0.5
"""An activation whose best root mean square slope is below this is flat everywhere; 16 usual ones reach 0.7 to 1.5."""
_TOO_FLAT = 0.5
"""Below this share of its best slope, an activation is too flat where it works."""


@dataclass(frozen=True)
class NetworkFacts:
    """What is known of the network beside its statistics."""

    hidden: int  # how many hidden layers there are
    sum_inverse_width: float  # over the hidden layers
    random: bool  # two trials differ
    symmetric: bool  # two hidden units have the same weights, coming in and going out
    log10_smallest_normal: float  # of the precision
    weighted: frozenset[int]  # the numbers of the layers that have weights
    without_way: frozenset[int] = frozenset()  # of those in which a matrix that all signals pass is zero
    precision: StoredGradients | None = None  # what a format of 16 bits loses
    fewest_in_statistics: int | None = None  # over how many numbers a batch_norm takes mean and variance
    branch: str | None = None  # the pointer to the branch that was measured, where there are several
    activations: Mapping[int, Activation] = field(default_factory=dict)  # by the numbers of the layers
    dense: bool = True  # whether it is a plain stack of dense layers


JudgedLayer = LayerStatistics | LayerNumbers
"""What a cause is told by of a layer."""


@dataclass(frozen=True)
class Judged:
    """What a label is given for, and by which numbers its cause is found."""

    label: Label
    ratio: float | None  # J, decades
    risk: float  # of failure
    mask_noise: float | None  # N, decades
    optimiser: Optimiser = Optimiser.SGD  # whose risk that is
    recurrent: JudgedLayer | None = None  # the layer along whose steps it is given, where time decides


def find_cause(
    judged: Judged, evidence: Evidence, way_back: Sequence[JudgedLayer], facts: NetworkFacts
) -> Cause | None:
    """The cause of the label, None where nothing explains it.

    `way_back` are the layers from the first hidden one to the output; no others than `TOLD_BY_LAYERS` look at them.
    """
    if judged.label is Label.STABLE:
        return next(iter(losses_of_inputs(judged, evidence)), None)
    if judged.label is Label.DEAD:
        return None if evidence.silent else _cause_of_death(evidence, way_back, facts)
    if evidence.overflowed:
        return None if evidence.overflow_layer is None else Cause.FORWARD_OVERFLOW
    if judged.recurrent is not None:
        return _along_steps(judged.label, judged.recurrent, facts)
    return (_vanishing if judged.label is Label.VANISHING else _exploding)(judged, evidence, way_back, facts)


def largest_account(label: Label, evidence: Evidence) -> Account | None:
    """The account that does most of what the label says; None where none does."""
    falls = label is Label.VANISHING
    towards = {
        account: abs(share) for account, share in evidence.shares.items() if (share < 0.0 if falls else share > 0.0)
    }
    return max(towards, key=lambda account: towards[account], default=None)


def losses_of_inputs(judged: Judged, evidence: Evidence) -> dict[Cause, Flag]:
    """What is lost of the inputs although their gradient arrives, most telling first; nothing while the risk is low."""
    lost = {
        Cause.RANK_COLLAPSE: (Flag.RANK_COLLAPSE, _become_one(evidence.token_spread)),
        Cause.MASK_NOISE: (Flag.MASK_NOISE, judged.mask_noise is not None and judged.mask_noise >= NOISY_MASKS),
        Cause.INPUT_COLLAPSE: (Flag.INPUT_COLLAPSE, _become_one(evidence.angular_spread)),
    }
    return {cause: flag for cause, (flag, applies) in lost.items() if applies and judged.risk >= _RISKY}


def _become_one(spread: tuple[float, float]) -> bool:
    """Whether directions, before and after, decades each, were distinct and are one."""
    before, after = spread
    return after < COLLAPSED_SPREAD <= before and after - before <= _COLLAPSED_BY


def signal_collapses(evidence: Evidence) -> bool:
    """Whether the signal falls faster than any rate: each of its last steps takes more decades than the one before."""
    finite = list(takewhile(isfinite, evidence.signal))
    steps = [after - before for before, after in pairwise(finite)][-4:]
    if len(steps) < 2 or finite[-1] - finite[0] > _COLLAPSE:
        return False
    return all(after < 0.0 and after <= _ACCELERATION * before for before, after in pairwise(steps))


def signal_follows(ratio: float | None, evidence: Evidence) -> bool:
    """Whether the signal changes with the gradient, whose ratio this is, on its way to the last hidden layer."""
    forward = evidence.forward_ratio
    if ratio is None or forward is None:
        return False
    return ratio * forward > 0.0 and abs(forward) >= _MOVES_TOGETHER * abs(ratio)


def _exploding(judged: Judged, evidence: Evidence, _: Sequence[JudgedLayer], __: NetworkFacts) -> Cause:
    if signal_follows(judged.ratio, evidence):
        return Cause.GAIN
    return Cause.NORMALISATION if largest_account(judged.label, evidence) == "normalisation" else Cause.CHAOS


def _vanishing(judged: Judged, evidence: Evidence, way_back: Sequence[JudgedLayer], facts: NetworkFacts) -> Cause:
    if signal_collapses(evidence):
        return Cause.SIGNAL_COLLAPSE
    account = largest_account(judged.label, evidence)
    if account == "derivative":
        last = max((layer.index for layer in way_back if layer.boundary), default=0)
        outside = [layer for layer in way_back if not layer.inside and layer.index <= last]
        return _by_slopes(outside, facts) or Cause.GAIN
    return Cause.NORMALISATION if account == "normalisation" else Cause.GAIN


def _by_slopes(layers: Sequence[JudgedLayer], facts: NetworkFacts) -> Cause | None:
    """Whether activations are too flat where they work, or everywhere; None where they are neither, or none are."""
    slopes = [
        (_log10(layer.derivative.rms), _log10(best_slope(activation)))
        for layer in layers
        if layer.derivative.rms is not None
        and (activation := facts.activations.get(layer.index)) is not None
        and not isinstance(activation, Linear)  # which has nothing to be flat
    ]
    known = [(slope, best) for slope, best in slopes if isfinite(best)]
    if sum(slope - best for slope, best in known) < len(known) * _log10(_TOO_FLAT):
        return Cause.SATURATION
    return Cause.SMALL_SLOPE if sum(best for _, best in known) < len(known) * _log10(_SMALL_SLOPE) else None


def _along_steps(label: Label, layer: JudgedLayer, facts: NetworkFacts) -> Cause:
    """The cause along the steps of a recurrent layer; where gates decide it is their biases."""
    activation, slope = facts.activations.get(layer.index), layer.derivative.rms
    if activation is None or slope is None:
        return Cause.GAIN
    if label is Label.EXPLODING:
        return Cause.CHAOS if is_bounded(activation) else Cause.GAIN
    steps = (layer.time and layer.time.memory_steps) or inf  # to lose two and a half decades
    by_slopes = _log10(slope) * steps <= -0.5 * SEVERE
    return (_by_slopes([layer], facts) if by_slopes else None) or Cause.GAIN


def _log10(value: float) -> float:
    return log10(value) if value > 0.0 else -inf


def _cause_of_death(evidence: Evidence, way_back: Sequence[JudgedLayer], facts: NetworkFacts) -> Cause | None:
    outside = [layer for layer in way_back if not layer.inside]  # a branch has a shortcut beside it, as a rule
    # Before a signal collapses to zero it comes near the smallest number: every step at most doubles the decades lost,
    # and the square root of the smallest number has a square.
    underflowed = min(filter(isfinite, evidence.signal), default=0.0) < facts.log10_smallest_normal / 4
    dropped = any(layer.kind == "dropout" and layer.log10_forward_rms.count == 0 for layer in way_back)
    tried = {
        Cause.SIGNAL_COLLAPSE: underflowed and signal_collapses(evidence),
        Cause.UNDERFLOW: underflowed,
        Cause.ZERO_WEIGHTS: _has_zero_weights(outside[1:], facts),
        Cause.MASK_NOISE: dropped,
        Cause.DEAD_UNITS: any(layer.dead_fraction for layer in outside),
    }
    found = next((cause for cause, applies in tried.items() if applies), None)
    if found is None and _has_zero_weights(way_back[1:], facts):
        return Cause.ZERO_WEIGHTS
    return found or (Cause.DEAD_UNITS if any(layer.dead_fraction for layer in way_back) else None)


def _has_zero_weights(layers: Sequence[JudgedLayer], facts: NetworkFacts) -> bool:
    zero = {layer.index for layer in layers if layer.index in facts.weighted and layer.log10_weight_norm.count == 0}
    return bool(zero or facts.without_way & {layer.index for layer in layers})
