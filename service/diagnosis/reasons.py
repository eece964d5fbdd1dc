"""The judgement in sentences with the measured numbers; the first can be read alone."""

from service.diagnosis.flags import LEARNING_RATE, log10_update, wandering
from service.diagnosis.ruling import DEEP_ENOUGH, Rate, Ruling
from service.diagnosis.statistics import NetworkStatistics
from service.results import Cause, Flag, Label, LayerStatistics, Severity, Tendency

CAUSES = {
    Cause.GAIN: "Signal and gradient change together, so the scale of the weights is wrong for this activation.",
    Cause.SATURATION: "The signal keeps its size while the gradient shrinks: the activation is too flat where it works.",
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


def explain(
    ruling: Ruling,
    rate: Rate,
    cause: Cause | None,
    flags: list[Flag],
    network: NetworkStatistics,
    layers: list[LayerStatistics],
) -> list[str]:
    """What happened, from what, why, how fast, how surely, and what else."""
    said = [
        _headline(ruling, network),
        _shares(network, layers),
        CAUSES[cause] if cause else None,
        _tendency(rate, network),
        _seeds(ruling, network),
        *(_flag(flag, network, layers) for flag in flags),
    ]
    return [sentence for sentence in said if sentence]


def _headline(ruling: Ruling, network: NetworkStatistics) -> str:
    trials, hidden = len(network.trials.dead), len(network.hidden)
    if ruling.label is Label.DEAD:
        why = "the loss itself has no gradient" if network.silent_loss else "nothing of the error arrives there"
        return (
            f"The gradient is dead: at the first {'hidden ' if hidden else ''}layer it is exactly zero "
            f"in {ruling.agreeing} of {trials} trials, because {why}."
        )
    if ruling.label is Label.EXPLODING and 2 * sum(network.trials.overflowed) > ruling.agreeing:
        return (
            f"The network explodes on the way forward: its signal overflows "
            f"in {sum(network.trials.overflowed)} of {trials} trials."
        )
    ratio = network.depth_ratio.median
    if hidden < 2 or ratio is None:
        count = "one hidden layer" if hidden == 1 else "no hidden layer" if hidden == 0 else "no measurable gradient"
        return f"The gradient is stable: there is {count}, and so no depth to vanish or explode in."
    return f"{_HEADLINES[ruling.label, ruling.severity]}: {_journey(ratio, hidden, network.gain_per_layer.median)}."


_HEADLINES = {
    (Label.VANISHING, Severity.MILD): "The gradient vanishes mildly",
    (Label.VANISHING, Severity.SEVERE): "The gradient vanishes severely",
    (Label.EXPLODING, Severity.MILD): "The gradient explodes mildly",
    (Label.EXPLODING, Severity.SEVERE): "The gradient explodes severely",
    (Label.STABLE, Severity.NONE): "The gradient is stable",
}


def _journey(ratio: float, hidden: int, gain: float | None) -> str:
    rate = f", a factor of {gain:.3g} per layer" if gain is not None else ""
    return (
        f"from the last of {hidden} hidden layers back to the first it changes by a factor of {_power(ratio)} "
        f"({_signed(ratio)} decades{rate})"
    )


def _shares(network: NetworkStatistics, layers: list[LayerStatistics]) -> str | None:
    """Which part of the depth ratio the weights have and which the activations."""
    if len(network.hidden) < 2:
        return None
    between = layers[network.hidden[0] : network.hidden[-1]]
    weights = [layer.log10_weight_gain.mean for layer in between]
    slopes = [layer.log10_derivative_gain.mean for layer in between]
    known = [value for value in [*weights, *slopes] if value is not None]
    if len(known) < 2 * len(between):
        return None
    by_weights = sum(value for value in weights if value is not None)
    by_slopes = sum(value for value in slopes if value is not None)
    return (
        f"Of the change between them, {_signed(by_weights)} decades are the work of the weights "
        f"and {_signed(by_slopes)} that of the activations' derivatives."
    )


def _tendency(rate: Rate, network: NetworkStatistics) -> str | None:
    if rate.depth_budget is None or network.gain_per_layer.median is None:
        return None
    if rate.tendency is Tendency.STABLE:
        return f"It could be more than {DEEP_ENOUGH} layers deep before its rate mattered."
    verb = "vanish" if rate.tendency is Tendency.VANISHING else "explode"
    return (
        f"At {network.gain_per_layer.median:.3g} per layer it is prone to {verb}: "
        f"{rate.depth_budget:.3g} hidden layers make it severe."
    )


def _seeds(ruling: Ruling, network: NetworkStatistics) -> str | None:
    if not ruling.seed_dependent:
        return None
    return (
        f"The seed decides: only {ruling.agreeing} of {len(network.trials.dead)} trials agree with this label, "
        f"and the width alone lets the depth ratio wander by about {wandering(network.width_risk):.2g} decades."
    )


def _flag(flag: Flag, network: NetworkStatistics, layers: list[LayerStatistics]) -> str:
    match flag:
        case Flag.TOO_DEEP_FOR_WIDTH:
            return (
                "The network is too deep for its width: from seed to seed the depth ratio wanders "
                f"by about {wandering(network.width_risk):.2g} decades."
            )
        case Flag.SMALL_UPDATE | Flag.LARGE_UPDATE:
            update = log10_update(layers)
            return (
                f"A step of gradient descent at a rate of {_power(LEARNING_RATE)} would change the weights by "
                f"{'nothing' if update is None else _power(update)} of their size; 1e-4 to 0.1 is usual."
            )
        case _:
            return FLAGS[flag]


def _signed(decades: float) -> str:
    return f"{decades:+.2f}".replace("-", "−")


def _power(decades: float) -> str:
    """10**decades in three digits, also where no float holds it."""
    if abs(decades) < 300:
        return f"{10.0**decades:.3g}"
    return f"1e{decades:.0f}"
