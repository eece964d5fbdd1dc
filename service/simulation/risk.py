"""Numbers of a network → the probability that training it fails; the coefficients, and what they rest on.

"Failed" is: fewer than 60 % right after 200 to 300 steps on images of 8 × 8 or toy tasks, widths 16 to 64, at the best
of four to six rates. Evidence of version 1, as areas under the curve, SGD / Adam:

- 720 dense networks, by ℓ alone: 0.985 / 0.963, cross-validated; the depth ratio alone 0.972 / 0.953.
- 1,593 networks of eight families trained afterwards, not refitted: the depth ratio 0.82 / 0.82, ℓ 0.91 / 0.90.
- 763 fresh ones, the coefficients frozen before: the depth ratio 0.84 / 0.75, ℓ 0.90 / 0.86, with the similarity kept
  and the spread at the head 0.932 / 0.933; of those predicted below 0.05, 1 % and 0 % failed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import exp

from service.simulation.results import FailureRisk
from service.simulation.vocabulary import Optimiser

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
