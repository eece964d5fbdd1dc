"""An activation → its profile: all that is known of it before any network has it."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from math import inf, isfinite, sqrt

from flint import arb, ctx

from service.core.payload import Payload
from service.formulas.enclosures.asymptotics import End
from service.formulas.enclosures.balls import INFINITY, PRECISION_BITS, Ball, Undecided, simplest
from service.formulas.enclosures.intervals import Budget, outermost_zero
from service.formulas.enclosures.piecewise import Piece
from service.formulas.enclosures.program import VARIABLE, slope_of
from service.formulas.enclosures.smoothness import Breakpoint, OneSidedLimits, Smoothness, smoothness
from service.formulas.language.build import total
from service.formulas.language.differentiate import DerivativeTooLong
from service.formulas.language.tree import Expr, Number
from service.formulas.language.write import latex, plain
from service.nn.activations import Activation
from service.theory.balance import USUAL_DEPTH, balanced_weight_variance
from service.theory.bounds import SATURATED_BELOW, bounds, largest_slope
from service.theory.critical import Criticality, critical_initialisations
from service.theory.facts import (
    ActivationBounds,
    ActivationProfile,
    BalancedInitialisation,
    BreakKind,
    FixedPoint,
    GaussianMoments,
    Kink,
    ProfileSpec,
    Tail,
)
from service.theory.fixed_points import fixed_points
from service.theory.gaussian import moments
from service.theory.summary import summary

_STARTS = [End.first * 4.0**k for k in range(24)]
_UNKNOWN = Tail(limit=None, derivative_limit=None, saturates=None, saturated_beyond=None)


def profile_of(payload: Payload[ProfileSpec], _processes: int = 1) -> bytes:
    """The profile of the activation that was sent, as JSON: what a worker process is asked for."""
    return profile(payload.read()).model_dump_json().encode()


def profile(spec: ProfileSpec) -> ActivationProfile:
    """All that is known of the activation that `spec` names."""
    activation = spec.activation
    low, high = (-inf, inf) if spec.interval is None else (spec.interval.low, spec.interval.high)
    known, proven = smoothness(activation.closed), bounds(activation.closed, low, high)
    left, right = _tails(known, largest_slope(activation))
    kinks = [_kink(point) for point in known.breakpoints if not point.differentiable]
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
        balanced_initialisation=field.balanced,
    )
    return made.model_copy(update={"summary": summary(made, spec)})


@dataclass(frozen=True)
class _MeanField:
    """What mean field theory says of an activation."""

    moments: GaussianMoments
    fixed_points: list[FixedPoint]
    criticality: Criticality
    balanced: BalancedInitialisation | None


def _mean_field(spec: ProfileSpec) -> _MeanField:
    activation, variance = spec.activation, spec.pre_activation_variance
    if activation.only_output:
        nothing = GaussianMoments(variance=variance, square=None, derivative_square=None)
        reason = "It normalises over the units of a layer; the theory is for functions of one unit."
        return _MeanField(nothing, [], Criticality([], reason), None)
    found = moments(activation, variance)
    averages = GaussianMoments(variance=variance, square=_finite(found.square), derivative_square=_finite(found.slope))
    points = fixed_points(activation, spec.weight_variance, spec.bias_variance)
    critical = critical_initialisations(activation, spec.bias_variance)
    return _MeanField(averages, points, critical, _balanced(activation, spec.bias_variance))


def _balanced(activation: Activation, bias_variance: float) -> BalancedInitialisation | None:
    variance = balanced_weight_variance(activation, bias_variance)
    if variance is None:
        return None
    return BalancedInitialisation(
        weight_variance=variance,
        weight_std=sqrt(variance),
        bias_variance=bias_variance,
        hidden_layers=USUAL_DEPTH,
    )


def _slope(activation: Activation) -> Expr | None:
    try:
        return activation.slope
    except DerivativeTooLong:
        return None


def _lipschitz(proven: ActivationBounds, known: Smoothness) -> float | None:
    steepest = proven.abs_derivative.sup
    connected = all(point.continuous for point in known.breakpoints)
    return steepest.high if steepest.certified and connected else None


def _kink(point: Breakpoint) -> Kink:
    return Kink(
        z=simplest(point.at),
        kind=_kind(point),
        value=None if point.value is None else _finite(float(point.value)),
        value_left=_of(point.left, 0),
        value_right=_of(point.right, 0),
        derivative_left=_of(point.left, 1),
        derivative_right=_of(point.right, 1),
    )


def _kind(point: Breakpoint) -> BreakKind:
    if point.left is None or point.right is None:
        return BreakKind.EDGE
    if point.continuous:
        return BreakKind.KINK
    limits = [limit for limit in (point.left.value, point.right.value) if limit is not None]
    if any(abs(limit) == INFINITY for limit in limits):
        return BreakKind.POLE
    if len(limits) < 2 or point.value is None:
        return BreakKind.UNKNOWN
    return BreakKind.HOLE if point.meets and point.value.is_nan() else BreakKind.JUMP


def _of(side: OneSidedLimits | None, order: int) -> float | None:
    limit = None if side is None else (side.slope if order else side.value)
    return None if limit is None else _finite(float(limit))


def _tails(known: Smoothness, steepest: float) -> tuple[Tail, Tail]:
    """Towards −∞ and ∞; `steepest` is the supremum of |φ'|. Of what repeats all pieces end, and there is no tail."""
    if not known.pieces:
        return _UNKNOWN, _UNKNOWN
    with ctx.workprec(PRECISION_BITS):
        first, last = known.pieces[0], known.pieces[-1]
        left = _UNKNOWN if first.low.is_finite() else _tail(first, End.lower, -1, steepest)
        right = _UNKNOWN if last.high.is_finite() else _tail(last, End.upper, 1, steepest)
        return left, right


def _tail(piece: Piece, end_of: Callable[[Expr, Ball], End], side: int, steepest: float) -> Tail:
    edge = piece.high if side > 0 else piece.low
    limit = _limit(end_of(piece.node, edge))
    try:
        derivative = slope_of(piece.node, 1)
    except Undecided:
        return _UNKNOWN.model_copy(update={"limit": _finite(limit)})
    small = SATURATED_BELOW * steepest
    slope, far = _settling(end_of(derivative, edge), small)
    flat = None if slope is None else slope == 0.0
    beyond = _beyond(piece, derivative, side * far, small) if flat and far is not None else None
    return Tail(limit=_finite(limit), derivative_limit=_finite(slope), saturates=flat, saturated_beyond=beyond)


def _limit(end: End) -> float | None:
    behaviours = (end.behaviour(start) for start in _STARTS)
    return next((float(one.limit) for one in behaviours if one is not None and one.limit is not None), None)


def _settling(end: End, small: float) -> tuple[float | None, float | None]:
    """The limit, and if that is 0 some place from which on no value is larger than `small`."""
    for start in _STARTS:
        behaviour = end.behaviour(start)
        if behaviour is None or behaviour.limit is None:
            continue
        if behaviour.limit != 0 or not isfinite(small):
            return float(behaviour.limit), None
        if behaviour.low >= -small and behaviour.high <= small:
            return 0.0, start
    return None, None


def _beyond(piece: Piece, derivative: Expr, far: float, small: float) -> float | None:
    """The outermost place where |φ'| is `small`, which it is not beyond `far`; the end of the piece without any."""
    side, reach = (1 if far > 0 else -1), arb(abs(far))
    low, high = arb.max(piece.low, -reach), arb.min(piece.high, reach)
    edge = piece.low if side > 0 else piece.high
    outermost, budget = float(edge) if edge.is_finite() else None, Budget.for_zeros()
    for level in (small, -small) if derivative.depends_on(VARIABLE) else ():
        shifted = total(derivative, Number(Fraction(-level)))
        try:
            zero = outermost_zero(shifted, low, high, budget, side)
        except Undecided:
            return None
        if zero is not None:  # and farther out is only what the other level may have
            outermost = float(zero)
            low, high = (zero.upper(), high) if side > 0 else (low, zero.lower())
    return outermost


def _finite(value: float | None) -> float | None:
    return value if value is not None and isfinite(value) else None
