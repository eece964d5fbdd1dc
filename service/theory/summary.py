"""The profile of an activation as a paragraph to read."""

from math import isfinite, sqrt

from service.formulas.enclosures.extremes import Approach
from service.theory.balance import USUAL_DEPTH
from service.theory.facts import (
    ActivationProfile,
    Bound,
    BreakKind,
    FixedPoint,
    Kink,
    Place,
    ProfileSpec,
    Range,
    Stretch,
    Tail,
)

_SLOW = 0.5
"""Decades over 50 layers from which a critical initialisation keeps no gradient at usual depths."""
_MOST = 3
_BREAKS = {
    BreakKind.EDGE: "ends",
    BreakKind.POLE: "has a pole",
    BreakKind.HOLE: "has no value",
    BreakKind.JUMP: "jumps",
    BreakKind.KINK: "has a kink",
    BreakKind.UNKNOWN: "is not understood",
}


def summary(profile: ActivationProfile, spec: ProfileSpec) -> str:
    """Complete sentences, with the numbers of `profile` in them."""
    value, slopes, where = profile.bounds.value, profile.bounds.derivative, _interval(spec.interval)
    if profile.kinks_complete and value.inf.high is None and value.sup.low is None and not value.sup.unbounded:
        return f"φ has no value at any z{where}."
    sentences = [
        _smoothness(profile),
        _values(value, where),
        _slopes(slopes, profile.bounds.abs_derivative.sup, where),
        "" if _is_constant(slopes) else _saturation(profile.left, profile.right),
    ]
    if spec.activation.only_output:
        sentences.append(profile.critical_reason or "")
    else:
        sentences += [_settling(profile, spec), _criticality(profile)]
    return " ".join(sentence for sentence in sentences if sentence)


def _interval(interval: Stretch | None) -> str:
    return "" if interval is None else f" for {_number(interval.low)} ≤ z ≤ {_number(interval.high)}"


def _smoothness(profile: ActivationProfile) -> str:
    if not profile.kinks_complete:
        return "Not all corners of φ could be found."
    if not profile.kinks:
        return f"φ is smooth{'' if profile.period is None else f' and repeats every {_number(profile.period)}'}."
    shown = [_corner(kink) for kink in profile.kinks[:_MOST]]
    more = len(profile.kinks) - len(shown)
    return f"φ {', and '.join(shown)}{f', and so on {more} more times' if more else ''}."


def _corner(kink: Kink) -> str:
    at = f"{_BREAKS[kink.kind]} at z = {_number(kink.z)}"
    before, after = kink.derivative_left, kink.derivative_right
    if kink.kind is BreakKind.KINK and before is not None and after is not None:
        return f"{at}, where its slope jumps from {_number(before)} to {_number(after)}"
    before, after = kink.value_left, kink.value_right
    if kink.kind is not BreakKind.JUMP or before is None or after is None:
        return at
    if _number(before) == _number(after) and kink.value is not None:
        return f"{at}, where it is {_number(kink.value)} and {_number(before)} on both sides"
    return f"{at} from {_number(before)} to {_number(after)}"


def _values(values: Range, where: str) -> str:
    if not (values.inf.certified and values.sup.certified):
        return f"How far its values reach{where} could not be proven."
    if _is_constant(values):
        return f"It is {_digits(values.inf)} everywhere{where}."
    return f"Its values{where} reach from {_end(values.inf, '−∞')} to {_end(values.sup, '∞')}."


def _slopes(slopes: Range, steepest: Bound, where: str) -> str:
    if steepest.unbounded:
        return f"Its slope{where} is unbounded, so no bound on the weights bounds the gradient."
    if not steepest.certified:
        return f"How steep it gets{where} could not be proven."
    if _is_constant(slopes):
        return f"Its slope{where} is {_digits(steepest)} wherever it has one."
    return (
        f"Its slope{where} lies between {_end(slopes.inf, '−∞')} and {_end(slopes.sup, '∞')}, so a layer multiplies "
        f"delta by no more than {_digits(steepest)} times the norm of its weights."
    )


def _is_constant(values: Range) -> bool:
    return values.inf.decimal is not None and values.inf.decimal == values.sup.decimal


def _end(bound: Bound, infinite: str) -> str:
    if bound.unbounded:
        return infinite
    return f"{_digits(bound)}{_where(bound.places)}"


def _where(places: list[Place]) -> str:
    """` (at z = 1 and z = −1)`, ` (for z ≤ 0)`, or how it is approached; nothing where that is not known."""
    taken = [_taken(place) for place in places if place.approach in (Approach.AT, Approach.BETWEEN)]
    if taken:
        return f" ({' and '.join(taken[:_MOST])})"
    if not places:
        return ""
    beside = f"of z = {_number(places[0].z or 0.0)}"
    side = {
        Approach.MINUS_INFINITY: "towards −∞",
        Approach.PLUS_INFINITY: "towards ∞",
        Approach.FROM_LEFT: f"from the left {beside}",
        Approach.FROM_RIGHT: f"from the right {beside}",
    }[places[0].approach]
    return f" (approached {side}, never attained)"


def _taken(place: Place) -> str:
    if place.approach is Approach.AT:
        return f"at z = {_number(place.z or 0.0)}"
    if place.z is None:
        return "everywhere" if place.until is None else f"for z < {_number(place.until)}"
    if place.until is None:
        return f"for z > {_number(place.z)}"
    return f"for {_number(place.z)} < z < {_number(place.until)}"


def _saturation(left: Tail, right: Tail) -> str:
    if left.saturates is False and right.saturates is False:
        return "It does not saturate."
    ends = [(left, "below", "−∞"), (right, "above", "∞")]
    parts = [_flat(tail, side, end) for tail, side, end in ends if tail.saturates]
    if not parts:
        return ""
    if not all(tail.saturated_beyond is not None for tail, _, _ in ends if tail.saturates):
        return f"It saturates {' and '.join(parts)}: its slope tends to 0."
    return f"It saturates {' and '.join(parts)}: its slope there is below a hundredth of the largest, and tends to 0."


def _flat(tail: Tail, side: str, end: str) -> str:
    if tail.saturated_beyond is None:
        return f"towards {end}"
    return f"{side} z = {tail.saturated_beyond:.3g}".replace("-", "−")


def _settling(profile: ActivationProfile, spec: ProfileSpec) -> str:
    weights, biases = _number(spec.weight_variance), _number(spec.bias_variance)
    given = f"With weights of variance {weights}/fan_in and biases of variance {biases},"
    stable = [point for point in profile.fixed_points if point.stable]
    if not stable:
        return f"{given} the signal of wide layers has no variance to settle at."
    point = stable[-1]
    if point.variance is None:
        return f"{given} wide layers keep every variance, {_multiplied(point)}."
    if point.variance == 0.0 and point.chi == 0.0:
        return f"{given} small signals of wide layers die out, and the gradient with them."
    larger = [one.variance for one in profile.fixed_points if not one.stable and (one.variance or 0.0) > point.variance]
    beyond = f"; larger variances than {_number(larger[0])} grow without end" if larger and larger[0] else ""
    at = f"the signal of wide layers settles at variance {_number(point.variance)}"
    return f"{given} {at}, {_multiplied(point)}{beyond}."


def _multiplied(point: FixedPoint) -> str:
    if point.chi is None:
        return "where the gradient's mean square is infinite"
    return f"where each multiplies delta by {_number(sqrt(point.chi))}"


def _criticality(profile: ActivationProfile) -> str:
    found, balanced = profile.critical_initialisations, profile.balanced_initialisation
    if not found:
        said = f"There is no critical initialisation with these biases. {profile.critical_reason}"
    else:
        points = " or ".join(f"σ_w² = {_number(one.weight_variance)}" for one in found)
        said = f"Gradients neither vanish nor explode in wide layers at {points}."
    slow = [one for one in found if abs(one.depth_ratio or 0.0) > _SLOW]
    if slow and slow == found:
        said = (
            f"In wide layers {points} is critical, but only where the variance has sunk to "
            f"q = {_number(found[0].fixed_point.variance or 0.0)}: it sinks slowly, and over {USUAL_DEPTH} layers "
            f"the gradient changes by {_number(round(slow[0].depth_ratio or 0.0, 2))} decades on the way."
        )
    if balanced is None or (found and not slow):
        return said
    return (
        f"{said} Over {balanced.hidden_layers} layers, from inputs of mean square 1, σ_w² = "
        f"{balanced.weight_variance:.4g} keeps it."
    )


def _digits(bound: Bound) -> str:
    value = float(bound.decimal) if bound.decimal is not None else bound.high or 0.0
    return _number(value) if isfinite(value) else str(bound.decimal)


def _number(value: float) -> str:
    """A number in six digits, with a minus sign that is one."""
    return f"{value + 0.0:.6g}".replace("-", "−")
