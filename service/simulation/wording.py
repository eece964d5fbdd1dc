"""The words that a judgement is written in: its sentences with places for numbers, and how numbers are written."""

from math import inf

from service.simulation.vocabulary import Cause, Flag, Label, Optimiser, Severity

CAUSES = {
    Cause.GAIN: "Signal and gradient {change} together: the weights are too {size} for this activation.",
    Cause.SATURATION: "The activation is too flat where it works: its steeper part is nearer to 0.",
    Cause.SMALL_SLOPE: "The activation is flat everywhere: even at its best its slope is small, and every layer loses.",
    Cause.CHAOS: "The signal does not grow with the gradient{by}, but small differences between inputs do.",
    Cause.NORMALISATION: "It is normalisation that {changes} the gradient, whose signal it keeps at one size.",
    Cause.INPUT_COLLAPSE: "In the last hidden layer the directions of two inputs differ by {spread}, where 1 is "
    "distinct: the output layer sees nearly one input.",
    Cause.RANK_COLLAPSE: "In the last hidden layer the directions of two steps of a sequence differ by {steps}, where "
    "1 is distinct: its tokens are nearly one.",
    Cause.MASK_NOISE: "Dropout's masks move the last hidden layer more than the inputs do.",
    Cause.SIGNAL_COLLAPSE: "The signal itself collapses, each layer taking more of it than the one before.",
    Cause.DEAD_UNITS: "Units are dead: on the flat side of their activation for every sample, they pass no gradient.",
    Cause.ZERO_WEIGHTS: "Weights of zero pass no gradient back.",
    Cause.UNDERFLOW: "The signal becomes smaller than the precision can hold, and is zero from there on.",
    Cause.FORWARD_OVERFLOW: "The numbers leave the range of the precision before there is a gradient to measure.",
}

GAIN_OF_BLOCKS = (
    "Signal and gradient {change} together: where the branches of a block meet, {amount} comes out than went in."
)
"""The sentence of `gain` where blocks do it, whose weights may be right for their activation."""
GAIN_OF_GATES = (
    "The gates of its recurrent layers let only a part of the gradient through{moves}: a larger forget bias, or fewer "
    "layers, would keep more."
)
GAIN_OF_STEPS = "What is carried from step to step {changes} the gradient every time: its weights are too {size}."
GAIN_TAKEN = "The weights take from the gradient{moves}: they are too small for it to come through."
GAIN_NOT_MADE_UP = (
    "The weights do not make up for what the activation's slope takes from the gradient{moves}: they are too small."
)
NOTHING_DROPPED = "Dropout leaves nothing of the signal, and nothing of its gradient."

FLAGS = {
    Flag.INPUT_COLLAPSE: "In the last hidden layer the inputs point in one direction: what tells them apart is below a "
    "twentieth of the signal.",
    Flag.RANK_COLLAPSE: "In the last hidden layer the steps of a sequence point in one direction.",
    Flag.MASK_NOISE: "Dropout's masks move the last hidden layer more than the inputs do.",
    Flag.TOO_DEEP_FOR_WIDTH: "The network is too deep for its width: at random weights like these the depth ratio "
    "wanders by about {wandering} decades from seed to seed.",
    Flag.TINY_GRADIENT: "Some weights get gradients below 1e-7{scale}.",
    Flag.HUGE_GRADIENT: "Some weights get gradients above 1e6{scale}.",
    **dict.fromkeys(
        (Flag.SMALL_UPDATE, Flag.LARGE_UPDATE),
        "A step of {optimiser} at its usual rate of {rate} would change the weights by {update} of their size; 1e-4 to "
        "0.1 is usual.",
    ),
    Flag.PRECISION_UNDERFLOW: "Some numbers are below the smallest normal one of the precision and lose their digits.",
    Flag.SYMMETRIC_UNITS: "Two units of a hidden layer start as the same unit, with the same weights coming in and "
    "going out, and gradient descent never tells them apart.",
    Flag.SMALL_BATCH: "A batch_norm takes mean and variance over {numbers} numbers: below 8 they are mostly noise, and "
    "the gradient changes by that alone.",
}
OPTIMISERS = {Optimiser.SGD: "gradient descent", Optimiser.ADAM: "Adam"}

HEADLINES = {
    (Label.VANISHING, Severity.MILD): "The gradient vanishes mildly",
    (Label.VANISHING, Severity.SEVERE): "The gradient vanishes severely",
    (Label.EXPLODING, Severity.MILD): "The gradient explodes mildly",
    (Label.EXPLODING, Severity.SEVERE): "The gradient explodes severely",
    (Label.STABLE, Severity.NONE): "The gradient is stable",
}
BUT = {
    Cause.INPUT_COLLAPSE: "but its inputs have become one",
    Cause.RANK_COLLAPSE: "but the tokens of a sequence have become one",
    Cause.MASK_NOISE: "but dropout's masks hide its inputs",
    None: "but networks like it mostly fail to learn",
}
"""What the headline of a stable network adds where its risk is high, by its cause."""
WORKERS = {
    "weights": ("the weights", "account"),
    "derivative": ("the activation's slope", "accounts"),
    "normalisation": ("normalisation", "accounts"),
    "skip": ("blocks in which signals meet", "account"),
    "other": ("other layers", "account"),
}
"""What an account is called, and its verb."""


def signed(decades: float, size: float | None = None) -> str:
    """Decades with their sign, in three digits, or with as many places as a number of that `size`."""
    size = abs(decades) if size is None else size
    return f"{round(decades, 3 if size < 1.0 else 2) + 0.0:+.{3 if size < 1.0 else 2}f}".replace("-", "−")


def power(decades: float) -> str:
    """10**decades in three digits, also where no float holds it; 0 for −∞."""
    if decades == -inf:
        return "0"
    return f"{10.0**decades:.3g}" if abs(decades) < 300 else f"1e{decades:.0f}"


def percent(share: float) -> str:
    """About what share, in percent, never more certain than it is."""
    if share < 0.01:
        return "fewer than 1 %"
    return "more than 99 %" if share > 0.99 else f"about {100.0 * share:.0f} %"


def count(layers: float) -> str:
    """A number of layers, in digits while it can be counted."""
    return f"{layers:.0f}" if layers < 1e4 else f"{layers:.1e}".replace("e+0", "e").replace("e+", "e")
