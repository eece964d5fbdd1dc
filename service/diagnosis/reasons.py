"""The judgement in sentences with the measured numbers; the first can be read alone."""

from dataclasses import dataclass

from service.diagnosis.cause import loss_is_silent, overflows
from service.diagnosis.flags import LEARNING_RATE, Circumstances, wandering
from service.diagnosis.ruling import DEEP_ENOUGH, Rate, Ruling
from service.diagnosis.statistics import Evidence
from service.vocabulary import Cause, Flag, Label, Severity, Tendency

CAUSES = {
    Cause.GAIN: "Signal and gradient change together, so the scale of the weights is wrong for this activation.",
    Cause.SATURATION: "The signal keeps its size while the gradient shrinks: the activation is too flat there.",
    Cause.CHAOS: "The signal keeps its size while the gradient grows: neighbouring inputs are driven apart.",
    Cause.INPUT_COLLAPSE: "The gradient arrives, but all inputs have become one: there is little left to learn from.",
    Cause.SIGNAL_COLLAPSE: "The signal itself collapses, each layer taking more of it than the one before.",
    Cause.DEAD_UNITS: "A layer's units are all on the flat side of their activation, so no gradient passes it.",
    Cause.ZERO_WEIGHTS: "Weights of zero pass no gradient back.",
    Cause.FORWARD_OVERFLOW: "The numbers leave the range of the precision before there is a gradient to measure.",
}

FLAGS = {
    Flag.INPUT_COLLAPSE: "What tells the samples apart is below a twentieth of the signal in the last hidden layer.",
    Flag.TINY_GRADIENT: "Some weights get gradients below 1e-7, which has to do with scale rather than with depth.",
    Flag.HUGE_GRADIENT: "Some weights get gradients above 1e6, which has to do with scale rather than with depth.",
    Flag.PRECISION_UNDERFLOW: "Some numbers are below the smallest normal one of the precision and lose their digits.",
    Flag.SYMMETRIC_UNITS: "Two units of a layer start as the same unit, and gradient descent never tells them apart.",
}


@dataclass(frozen=True)
class Case:
    """Everything a sentence may be about."""

    ruling: Ruling
    rate: Rate
    gain: float | None  # the median factor per layer
    evidence: Evidence
    cause: Cause | None
    flags: list[Flag]
    hidden: int  # how many hidden layers
    log10_update: float | None
    circumstances: Circumstances


def explain(case: Case) -> list[str]:
    """What happened, from what, why, how fast, how surely, and what else."""
    said = [
        _headline(case),
        _shares(case),
        CAUSES[case.cause] if case.cause else None,
        _tendency(case),
        _seeds(case),
        *(_flag(flag, case) for flag in case.flags),
    ]
    return [sentence for sentence in said if sentence]


def _headline(case: Case) -> str:
    ruling, evidence = case.ruling, case.evidence
    if ruling.label is Label.DEAD:
        why = ": the loss itself has no gradient" if loss_is_silent(ruling, evidence) else ""
        return (
            f"The gradient is dead: at the first {'hidden ' if case.hidden else ''}layer it is exactly zero "
            f"in {len(ruling.agreeing)} of {ruling.trials} trials{why}."
        )
    if ruling.label is Label.EXPLODING and overflows(ruling, evidence):
        layer = evidence.overflow_layer
        where = "on its way back" if layer is None else f"on its way forward, typically at layer {layer:.0f}"
        return (
            f"The network explodes: {where}, it leaves the range of its precision "
            f"in {evidence.overflowed} of {ruling.trials} trials."
        )
    if case.hidden < 2 or evidence.depth_ratio is None:
        count = ["no hidden layer", "one hidden layer"][case.hidden] if case.hidden < 2 else "no measurable gradient"
        return f"The gradient is stable: there is {count}, and so no depth to vanish or explode in."
    return f"{_HEADLINES[ruling.label, ruling.severity]}: {_journey(case, evidence.depth_ratio)}."


_HEADLINES = {
    (Label.VANISHING, Severity.MILD): "The gradient vanishes mildly",
    (Label.VANISHING, Severity.SEVERE): "The gradient vanishes severely",
    (Label.EXPLODING, Severity.MILD): "The gradient explodes mildly",
    (Label.EXPLODING, Severity.SEVERE): "The gradient explodes severely",
    (Label.STABLE, Severity.NONE): "The gradient is stable",
}


def _journey(case: Case, ratio: float) -> str:
    rate = "" if case.evidence.slope is None else f", a factor of {_power(case.evidence.slope)} per layer"
    return (
        f"from the last of {case.hidden} hidden layers back to the first it changes by a factor of {_power(ratio)} "
        f"({_signed(ratio)} decades{rate})"
    )


def _shares(case: Case) -> str | None:
    """Which part of the depth ratio the weights have and which the activations."""
    ratio, by_weights = case.evidence.depth_ratio, case.evidence.weight_share
    if case.hidden < 2 or ratio is None or by_weights is None:
        return None
    return (
        f"Of these decades, {_signed(by_weights)} are the work of the weights "
        f"and {_signed(ratio - by_weights)} that of the activations' derivatives."
    )


def _tendency(case: Case) -> str | None:
    budget = case.rate.depth_budget
    if budget is None or case.gain is None:
        return None
    if case.rate.tendency is Tendency.STABLE:
        return f"It could be more than {DEEP_ENOUGH} layers deep before its rate mattered."
    verb = "vanish" if case.rate.tendency is Tendency.VANISHING else "explode"
    return f"At a factor of {case.gain:.3g} per layer it is prone to {verb}, severely so over {budget:.3g} layers."


def _seeds(case: Case) -> str | None:
    if not case.ruling.seed_dependent:
        return None
    return (
        f"The seed decides: only {len(case.ruling.agreeing)} of {case.ruling.trials} trials agree with this label, "
        f"whose median is described here; the width alone lets the depth ratio wander "
        f"by about {wandering(case.circumstances.width_risk):.2g} decades."
    )


def _flag(flag: Flag, case: Case) -> str:
    match flag:
        case Flag.TOO_DEEP_FOR_WIDTH:
            return (
                "The network is too deep for its width: from seed to seed the depth ratio wanders "
                f"by about {wandering(case.circumstances.width_risk):.2g} decades."
            )
        case Flag.SMALL_UPDATE | Flag.LARGE_UPDATE:
            change = "nothing" if case.log10_update is None else _power(case.log10_update)
            return (
                f"A step of gradient descent at a rate of {_power(LEARNING_RATE)} would change the weights "
                f"by {change} of their size; 1e-4 to 0.1 is usual."
            )
        case _:
            return FLAGS[flag]


def _signed(decades: float) -> str:
    return f"{decades:+.2f}".replace("-", "−")


def _power(decades: float) -> str:
    """10**decades in three digits, also where no float holds it."""
    return f"{10.0**decades:.3g}" if abs(decades) < 300 else f"1e{decades:.0f}"
