"""An activation → its profile."""

from dataclasses import dataclass
from math import inf, isfinite

from service.formulas.enclosures.balls import simple
from service.formulas.enclosures.extreme import is_infinite
from service.formulas.enclosures.joints import Joint, Side
from service.formulas.enclosures.smoothness import Smoothness, smoothness
from service.formulas.language.differentiate import DerivativeTooLong
from service.formulas.language.tree import Node
from service.formulas.language.write import latex, plain
from service.formulas.vocabulary import BreakKind
from service.nn.activations import Activation
from service.theory.bounds import bounds, largest_slope
from service.theory.critical import Criticality, critical_initialisations
from service.theory.facts import ActivationBounds, FixedPoint, Kink
from service.theory.fixed_points import fixed_points
from service.theory.moments import moments
from service.theory.profile.answer import ActivationProfile, GaussianMoments
from service.theory.profile.spec import ProfileSpec
from service.theory.profile.tails import tails
from service.theory.profile.words import summary


def profile(spec: ProfileSpec) -> ActivationProfile:
    """All that is known of the activation that `spec` names."""
    activation = spec.activation
    low, high = (-inf, inf) if spec.interval is None else (spec.interval.low, spec.interval.high)
    known, proven = smoothness(activation.closed), bounds(activation.closed, low, high)
    left, right = tails(known, largest_slope(activation))
    kinks = [_kink(joint) for joint in known.joints if not joint.differentiable]
    field = _mean_field(spec)
    slope = _slope(activation)
    made = ActivationProfile(
        activation=activation,
        formula=plain(activation.tree),
        latex=latex(activation.tree),
        derivative=None if slope is None else plain(slope),
        derivative_latex=None if slope is None else latex(slope),
        convention=activation.convention,
        summary="",
        bounds=proven,
        lipschitz=_lipschitz(proven, smoothness(activation.closed, low, high)),
        kinks=kinks,
        kinks_complete=known.complete,
        period=known.period,
        left=left,
        right=right,
        moments=field.moments,
        fixed_points=field.fixed_points,
        critical_initialisations=field.criticality.initialisations,
        critical_reason=field.criticality.reason,
    )
    return made.model_copy(update={"summary": summary(made, spec)})


@dataclass(frozen=True)
class _MeanField:
    """What mean field theory says of an activation."""

    moments: GaussianMoments
    fixed_points: list[FixedPoint]
    criticality: Criticality


def _mean_field(spec: ProfileSpec) -> _MeanField:
    activation, variance = spec.activation, spec.pre_activation_variance
    if activation.only_output:
        nothing = GaussianMoments(variance=variance, square=None, derivative_square=None)
        reason = "It normalises over the units of a layer; the theory is for functions of one unit."
        return _MeanField(nothing, [], Criticality([], reason))
    found = moments(activation, variance)
    averages = GaussianMoments(variance=variance, square=_finite(found.square), derivative_square=_finite(found.slope))
    points = fixed_points(activation, spec.weight_variance, spec.bias_variance)
    return _MeanField(averages, points, critical_initialisations(activation, spec.bias_variance))


def _slope(activation: Activation) -> Node | None:
    try:
        return activation.slope
    except DerivativeTooLong:
        return None


def _lipschitz(proven: ActivationBounds, known: Smoothness) -> float | None:
    steepest = proven.abs_derivative.sup
    connected = all(joint.continuous for joint in known.joints)
    return steepest.high if steepest.certified and connected else None


def _kink(joint: Joint) -> Kink:
    return Kink(
        z=simple(joint.at),
        kind=_kind(joint),
        value=None if joint.value is None else _finite(float(joint.value)),
        value_left=_of(joint.left, 0),
        value_right=_of(joint.right, 0),
        derivative_left=_of(joint.left, 1),
        derivative_right=_of(joint.right, 1),
    )


def _kind(joint: Joint) -> BreakKind:
    if joint.left is None or joint.right is None:
        return BreakKind.EDGE
    if joint.continuous:
        return BreakKind.KINK
    limits = [limit for limit in (joint.left.value, joint.right.value) if limit is not None]
    if any(is_infinite(limit) for limit in limits):
        return BreakKind.POLE
    if len(limits) < 2 or joint.value is None:
        return BreakKind.UNKNOWN
    return BreakKind.HOLE if joint.meets and joint.value.is_nan() else BreakKind.JUMP


def _of(side: Side | None, order: int) -> float | None:
    limit = None if side is None else (side.slope if order else side.value)
    return None if limit is None else _finite(float(limit))


def _finite(value: float) -> float | None:
    return value if isfinite(value) else None
