"""Everything worth looking at as findings: a code that never changes, how much it matters, evidence, and what to try.

They are silent unless the sign is clear; what is merely worth knowing is an `info`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from service.simulation.causes import COLLAPSED_SPREAD, NOISY_MASKS
from service.simulation.finding_wording import FINDINGS
from service.simulation.gradients import StoredGradients
from service.simulation.layer_results import LayerStatistics
from service.simulation.plan import Plan
from service.simulation.results import Finding, InitialScale, Verdict
from service.simulation.risk import (
    HUGE,
    LARGE_UPDATE,
    SMALL_BATCH,
    SMALL_UPDATE,
    TINY,
    TOO_MANY_LOST,
    TOO_MUCH_WANDERING,
    log10_update,
    wandering,
)
from service.simulation.scale import (
    CHANCE_FACTOR,
    IMBALANCE,
    KILLED_SHARE,
    LEAST_USUAL_RATE,
    SATURATED_SHARE,
    SATURATED_UNITS,
    UNUSUAL_INPUTS,
    ScaleEntry,
    killed_share,
    times_chance,
    unusual_inputs,
    wrong_entries,
)
from service.simulation.vocabulary import FindingCode, FindingSeverity, JudgedAxis, Label, Severity
from service.simulation.vote import SEED_DEPENDENT_BELOW

_FAILS = 0.5
"""The failure risk from which a network is expected to fail, whatever its label."""
_ALWAYS = {
    FindingCode.NO_USUAL_RATE: FindingSeverity.ERROR,
    FindingCode.STEP_KILLS_UNITS: FindingSeverity.ERROR,
    FindingCode.INITIAL_LOSS: FindingSeverity.WARNING,
    FindingCode.OUTPUT_SATURATION: FindingSeverity.WARNING,
    FindingCode.FIRST_LAYER_SATURATION: FindingSeverity.WARNING,
    FindingCode.GRADIENT_IMBALANCE: FindingSeverity.WARNING,
    FindingCode.UNSCALED_INPUTS: FindingSeverity.WARNING,
    FindingCode.SYMMETRIC_UNITS: FindingSeverity.WARNING,
    FindingCode.SMALL_BATCH: FindingSeverity.WARNING,
    FindingCode.PRECISION_UNDERFLOW: FindingSeverity.WARNING,
    FindingCode.FAILURE_RISK: FindingSeverity.WARNING,
}
"""How much findings matter wherever they are; others as the label does, or the failure risk."""
_BY_RISK = {
    FindingCode.INPUT_COLLAPSE,
    FindingCode.RANK_COLLAPSE,
    FindingCode.MASK_NOISE,
    FindingCode.TOO_DEEP_FOR_WIDTH,
}
"""What warns where the failure risk is high, and is worth knowing otherwise."""


@dataclass(frozen=True)
class _Case:
    """Of what findings are made."""

    made: Plan
    verdict: Verdict
    scale: InitialScale
    layers: list[LayerStatistics]
    precision: StoredGradients | None

    def ends(self, size: Callable[[LayerStatistics], float | None], sign: float = 1.0) -> LayerStatistics | None:
        """The layer in which a size, times `sign`, is largest; None where none has one."""
        known = [(sign * found, -layer.index, layer) for layer in self.layers if (found := size(layer)) is not None]
        return max(known, key=lambda one: one[:2])[2] if known else None


_Evidence = tuple[float | None, float | None, LayerStatistics | None]
"""A number, what it was held against, and the layer it is of."""


def findings_of(
    made: Plan,
    verdict: Verdict,
    scale: InitialScale,
    layers: list[LayerStatistics],
    precision: StoredGradients | None,
) -> list[Finding]:
    """All findings that are not muted, the most severe first, and those by their codes."""
    case = _Case(made, verdict, scale, layers, precision)
    codes = sorted({code for code in _codes(case) if code not in made.spec.mute})
    found = [_finding(code, case) for code in codes]
    return sorted(found, key=lambda one: -list(FindingSeverity).index(one.severity))


def _codes(case: _Case) -> Iterator[FindingCode]:
    """What there is to be found, some of it more than once."""
    verdict, scale = case.verdict, case.scale
    if verdict.label is not Label.STABLE or verdict.cause is not None:
        yield FindingCode.UNEXPLAINED if verdict.cause is None else FindingCode[verdict.cause.name]
    wrong = wrong_entries(scale)
    yield from (FindingCode[entry.name] for entry in wrong)
    if (times_chance(scale) or 0.0) > CHANCE_FACTOR:
        yield FindingCode.INITIAL_LOSS
    if wrong and unusual_inputs(scale):
        yield FindingCode.UNSCALED_INPUTS
    yield from (FindingCode[flag.name] for flag in verdict.flags)
    if verdict.label is Label.STABLE and verdict.failure_risk.probability >= _FAILS:
        yield FindingCode.FAILURE_RISK
    if verdict.seed_dependent:
        yield FindingCode.SEED_DEPENDENT


def _finding(code: FindingCode, case: _Case) -> Finding:
    number, limit, layer = EVIDENCE[code](case)
    return Finding(
        code=code,
        name=code.name.lower(),
        severity=_severity(code, case),
        path=None if layer is None else layer.path,
        number=number,
        limit=limit,
        meaning=FINDINGS[code].meaning,
        suggestion=FINDINGS[code].suggestion,
    )


def _severity(code: FindingCode, case: _Case) -> FindingSeverity:
    verdict = case.verdict
    fails = verdict.failure_risk.probability >= _FAILS
    if verdict.label is not Label.STABLE and code.name == (verdict.cause.name if verdict.cause else "UNEXPLAINED"):
        severe = verdict.severity is Severity.SEVERE and fails
        return FindingSeverity.ERROR if severe else FindingSeverity.WARNING
    if code in _BY_RISK:
        return FindingSeverity.WARNING if fails else FindingSeverity.INFO
    if code is FindingCode.INITIAL_LOSS and ScaleEntry.INITIAL_LOSS not in wrong_entries(case.scale):
        return FindingSeverity.INFO
    return _ALWAYS.get(code, FindingSeverity.INFO)


def _judged(case: _Case) -> _Evidence:
    """The ratio that the label is given for, the band it is in, and the layer that changes the gradient most."""
    verdict, policy = case.verdict, case.made.spec.policy
    in_time = verdict.axis is JudgedAxis.TIME
    ratio = (verdict.time_ratio if in_time and verdict.time_ratio else verdict.judged_ratio).median
    rises = ratio is not None and ratio > 0.0
    falling = policy.time_vanishing_mild if in_time else policy.vanishing_mild
    layer = case.ends(lambda one: one.log10_backward_gain.median if one.boundary else None, 1.0 if rises else -1.0)
    if in_time:
        layer = case.ends(lambda one: one.time.time_ratio.median if one.time else None, 1.0 if rises else -1.0)
    return ratio, policy.exploding_mild if rises else falling, layer


def _number_of(limit: float | None, number: Callable[[_Case], float | None]) -> Callable[[_Case], _Evidence]:
    """The evidence of what is about the whole network."""
    return lambda case: (number(case), limit, None)


def _size_of(
    limit: float | None, size: Callable[[LayerStatistics], float | None], sign: float = 1.0
) -> Callable[[_Case], _Evidence]:
    """The evidence of what a layer shows most of all, or, where `sign` is −1, least."""

    def evidence(case: _Case) -> _Evidence:
        layer = case.ends(size, sign)
        return None if layer is None else size(layer), limit, layer

    return evidence


def _gradient(layer: LayerStatistics) -> float | None:
    return layer.log10_weight_gradient_rms.median


def _tiny_gradient(case: _Case) -> _Evidence:
    """The smallest gradient; where none is small, the first layer with one of exactly zero, which has no logarithm."""
    size, limit, layer = _size_of(TINY, _gradient, -1.0)(case)
    if size is not None and size < TINY:
        return size, limit, layer
    weighted = (one for one in case.layers if one.parameters and not one.inside)
    without = (one for one in weighted if one.log10_weight_gradient_norm.count + one.non_finite_trials == 0)
    return None, limit, next(without, None)


def _zero_weights(layer: LayerStatistics) -> float | None:
    return 1.0 if layer.parameters and layer.log10_weight_norm.count == 0 else None


def _overflows(layer: LayerStatistics) -> float | None:
    return float(layer.non_finite_trials) or None


def _initial_loss(case: _Case) -> _Evidence:
    chance = case.scale.chance_loss
    return case.scale.initial_loss, None if chance is None else CHANCE_FACTOR * chance, None


def _first_layer(case: _Case) -> _Evidence:
    layer = next((one for one in case.layers if one.boundary or one.activation not in (None, "linear")), None)
    return case.scale.first_layer_saturation, SATURATED_UNITS, layer


def _fewest(made: Plan) -> float | None:
    return None if made.fewest_in_statistics is None else float(made.fewest_in_statistics)


def _lost_share(case: _Case) -> float | None:
    return None if case.precision is None else case.precision.underflow_share + case.precision.overflow_share


EVIDENCE: Mapping[FindingCode, Callable[[_Case], _Evidence]] = {
    **dict.fromkeys(
        (
            FindingCode.GAIN,
            FindingCode.SATURATION,
            FindingCode.SMALL_SLOPE,
            FindingCode.CHAOS,
            FindingCode.NORMALISATION,
            FindingCode.SIGNAL_COLLAPSE,
            FindingCode.UNEXPLAINED,
        ),
        _judged,
    ),
    FindingCode.DEAD_UNITS: _size_of(0.0, lambda layer: layer.dead_fraction),
    FindingCode.ZERO_WEIGHTS: _size_of(None, _zero_weights),
    FindingCode.FORWARD_OVERFLOW: _size_of(0.0, _overflows),
    FindingCode.UNDERFLOW: _size_of(None, lambda layer: layer.log10_forward_rms.median, -1.0),
    FindingCode.INPUT_COLLAPSE: _size_of(
        COLLAPSED_SPREAD, lambda layer: layer.log10_angular_spread.median if layer.boundary else None, -1.0
    ),
    FindingCode.RANK_COLLAPSE: _size_of(
        COLLAPSED_SPREAD, lambda layer: layer.log10_token_spread.median if layer.log10_token_spread else None, -1.0
    ),
    FindingCode.MASK_NOISE: _number_of(
        NOISY_MASKS, lambda case: case.verdict.mask_noise.median if case.verdict.mask_noise else None
    ),
    FindingCode.INITIAL_LOSS: _initial_loss,
    FindingCode.OUTPUT_SATURATION: lambda case: (case.scale.output_saturation, SATURATED_SHARE, case.layers[-1]),
    FindingCode.FIRST_LAYER_SATURATION: _first_layer,
    FindingCode.GRADIENT_IMBALANCE: _number_of(IMBALANCE, lambda case: case.scale.gradient_imbalance),
    FindingCode.NO_USUAL_RATE: _number_of(LEAST_USUAL_RATE, lambda case: case.scale.first_step.largest_stable_rate),
    FindingCode.STEP_KILLS_UNITS: _number_of(KILLED_SHARE, lambda case: killed_share(case.scale.first_step)),
    FindingCode.UNSCALED_INPUTS: _number_of(UNUSUAL_INPUTS, lambda case: case.scale.input_rms),
    FindingCode.TOO_DEEP_FOR_WIDTH: _number_of(
        TOO_MUCH_WANDERING, lambda case: wandering(case.verdict.sum_inverse_width)
    ),
    FindingCode.TINY_GRADIENT: _tiny_gradient,
    FindingCode.HUGE_GRADIENT: _size_of(HUGE, _gradient),
    FindingCode.SMALL_UPDATE: _number_of(
        SMALL_UPDATE, lambda case: log10_update(case.layers, case.verdict.failure_risk.optimiser)
    ),
    FindingCode.LARGE_UPDATE: _number_of(
        LARGE_UPDATE, lambda case: log10_update(case.layers, case.verdict.failure_risk.optimiser)
    ),
    FindingCode.SYMMETRIC_UNITS: _number_of(None, lambda _: None),
    FindingCode.SMALL_BATCH: _number_of(float(SMALL_BATCH), lambda case: _fewest(case.made)),
    FindingCode.PRECISION_UNDERFLOW: _number_of(TOO_MANY_LOST, _lost_share),
    FindingCode.FAILURE_RISK: _number_of(_FAILS, lambda case: case.verdict.failure_risk.probability),
    FindingCode.SEED_DEPENDENT: _number_of(SEED_DEPENDENT_BELOW, lambda case: case.verdict.confidence),
}
"""By what each finding is told: a number, the limit it is beyond, and the layer."""
