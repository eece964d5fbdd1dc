"""The profile of an activation as a paragraph to read."""

from math import sqrt

from service.facts import Bound, Kink, Range
from service.profile.answer import ActivationProfile, Tail
from service.profile.spec import ProfileSpec
from service.vocabulary import Approach, Break

_MOST = 3


def summary(profile: ActivationProfile, spec: ProfileSpec) -> str:
    """Complete sentences, with the numbers of `profile` in them."""
    value = profile.bounds.value
    if profile.kinks_complete and not (value.inf.places or value.sup.places):
        return "φ has no value at any z."
    sentences = [
        _smoothness(profile),
        _values(profile.bounds.value),
        _slopes(profile.bounds.derivative, profile.bounds.abs_derivative.sup),
        _saturation(profile.left, profile.right),
        _settling(profile, spec),
        _criticality(profile),
    ]
    return " ".join(sentence for sentence in sentences if sentence)


def _smoothness(profile: ActivationProfile) -> str:
    if not profile.kinks_complete:
        return "Not all corners of φ could be found."
    if not profile.kinks:
        return f"φ is smooth{'' if profile.period is None else f' and repeats every {_number(profile.period)}'}."
    shown = [_corner(kink) for kink in profile.kinks[:_MOST]]
    more = len(profile.kinks) - len(shown)
    return f"φ {', and '.join(shown)}{f', and so on {more} more times' if more else ''}."


def _corner(kink: Kink) -> str:
    what = {Break.EDGE: "ends", Break.POLE: "has a pole", Break.JUMP: "jumps", Break.KINK: "has a kink"}[kink.kind]
    at = f"{what} at z = {_number(kink.z)}"
    before, after = kink.derivative_left, kink.derivative_right
    if kink.kind is Break.KINK and before is not None and after is not None:
        return f"{at}, where its slope jumps from {_number(before)} to {_number(after)}"
    before, after = kink.value_left, kink.value_right
    if kink.kind is Break.JUMP and before is not None and after is not None:
        return f"{at} from {_number(before)} to {_number(after)}"
    return at


def _values(values: Range) -> str:
    if not (values.inf.certified and values.sup.certified):
        return "How far its values reach could not be proven."
    return f"Its values reach from {_end(values.inf, '−∞')} to {_end(values.sup, '∞')}."


def _slopes(slopes: Range, steepest: Bound) -> str:
    if steepest.unbounded:
        return "Its slope is unbounded, so no bound on the weights bounds the gradient."
    if not steepest.certified:
        return "How steep it gets could not be proven."
    return (
        f"Its slope lies between {_end(slopes.inf, '−∞')} and {_end(slopes.sup, '∞')}, so a layer multiplies delta "
        f"by no more than {_digits(steepest)} times the norm of its weights."
    )


def _end(bound: Bound, infinite: str) -> str:
    if bound.unbounded:
        return infinite
    return f"{_digits(bound)}{_where(bound) if bound.places else ''}"


def _where(bound: Bound) -> str:
    """`, taken at z = 1 and z = −1`, or how it is approached."""
    first = bound.places[0]
    taken = [place for place in bound.places if place.approach is Approach.AT and place.z is not None]
    if taken:
        return f" (at {' and '.join(f'z = {_number(place.z or 0.0)}' for place in taken[:_MOST])})"
    if first.approach is Approach.BETWEEN:
        return ""
    side = {
        Approach.MINUS_INFINITY: "towards −∞",
        Approach.PLUS_INFINITY: "towards ∞",
        Approach.FROM_LEFT: f"from the left of z = {_number(first.z or 0.0)}",
        Approach.FROM_RIGHT: f"from the right of z = {_number(first.z or 0.0)}",
    }[first.approach]
    return f" (approached {side}, never attained)"


def _saturation(left: Tail, right: Tail) -> str:
    if left.saturates is False and right.saturates is False:
        return "It does not saturate."
    ends = [(left, "below", "−∞"), (right, "above", "∞")]
    parts = [_flat(tail, side, end) for tail, side, end in ends if tail.saturates]
    if not parts:
        return ""
    return f"It saturates {' and '.join(parts)}: its slope there is below a hundredth of the largest, and tends to 0."


def _flat(tail: Tail, side: str, end: str) -> str:
    if tail.saturated_beyond is None:
        return f"towards {end}"
    return f"{side} z = {tail.saturated_beyond:.3g}".replace("-", "−")


def _settling(profile: ActivationProfile, spec: ProfileSpec) -> str:
    weights, biases = _number(spec.weight_variance), _number(spec.bias_variance)
    given = f"With weights of variance {weights}/fan_in and biases of variance {biases},"
    stable = [point for point in profile.fixed_points if point.stable and point.chi is not None]
    if not stable:
        return f"{given} the signal of wide layers has no variance to settle at."
    point = stable[-1]
    rate = sqrt(point.chi or 0.0)
    if point.variance is None:
        return f"{given} wide layers keep every variance, and each multiplies delta by {_number(rate)}."
    if point.variance == 0.0 and rate == 0.0:
        return f"{given} small signals of wide layers die out, and the gradient with them."
    at = f"the signal of wide layers settles at variance {_number(point.variance)}"
    return f"{given} {at}, where each multiplies delta by {_number(rate)}."


def _criticality(profile: ActivationProfile) -> str:
    found = profile.critical_initialisations
    if not found:
        return f"There is no critical initialisation with these biases. {profile.critical_reason}"
    points = " or ".join(f"σ_w² = {_number(one.weight_variance)}" for one in found)
    return f"Gradients neither vanish nor explode in wide layers at {points}."


def _digits(bound: Bound) -> str:
    return _number(float(bound.decimal)) if bound.decimal is not None else _number(bound.high or 0.0)


def _number(value: float) -> str:
    return f"{value:.6g}".replace("-", "−")
