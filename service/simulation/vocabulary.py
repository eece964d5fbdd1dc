"""The words of a verdict."""

from enum import StrEnum

from service.nn.optimizers import AdamOptimizer, SgdOptimizer


class Label(StrEnum):
    """What the gradient does on its way from the last hidden layer to the first."""

    DEAD = "dead"
    EXPLODING = "exploding"
    VANISHING = "vanishing"
    STABLE = "stable"


class Severity(StrEnum):
    """How far outside the stable band."""

    NONE = "none"
    MILD = "mild"
    SEVERE = "severe"


class JudgedAxis(StrEnum):
    """Along which the gradient is judged."""

    DEPTH = "depth"
    TIME = "time"


class Optimiser(StrEnum):
    """Whose training a policy, a risk or a step is about."""

    SGD = "sgd"
    ADAM = "adam"


USUAL_RATES = {Optimiser.SGD: SgdOptimizer.usual_rate, Optimiser.ADAM: AdamOptimizer.usual_rate}
"""The rates that people begin with: updates are measured by one step at these."""


class FindingSeverity(StrEnum):
    """How much a finding matters: an error is what a network is expected to fail by."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Tendency(StrEnum):
    """What the rate per layer would lead to with enough layers."""

    EXPLODING = "exploding"
    VANISHING = "vanishing"
    STABLE = "stable"


class Cause(StrEnum):
    """Why a gradient does what it does."""

    GAIN = "gain"
    SATURATION = "saturation"
    SMALL_SLOPE = "small_slope"
    CHAOS = "chaos"
    NORMALISATION = "normalisation"
    INPUT_COLLAPSE = "input_collapse"
    RANK_COLLAPSE = "rank_collapse"
    MASK_NOISE = "mask_noise"
    SIGNAL_COLLAPSE = "signal_collapse"
    DEAD_UNITS = "dead_units"
    ZERO_WEIGHTS = "zero_weights"
    UNDERFLOW = "underflow"
    FORWARD_OVERFLOW = "forward_overflow"


class Flag(StrEnum):
    """What is worth knowing beside the verdict."""

    INPUT_COLLAPSE = "input_collapse"
    RANK_COLLAPSE = "rank_collapse"
    MASK_NOISE = "mask_noise"
    TOO_DEEP_FOR_WIDTH = "too_deep_for_width"
    TINY_GRADIENT = "tiny_gradient"
    HUGE_GRADIENT = "huge_gradient"
    SMALL_UPDATE = "small_update"
    LARGE_UPDATE = "large_update"
    PRECISION_UNDERFLOW = "precision_underflow"
    SYMMETRIC_UNITS = "symmetric_units"
    SMALL_BATCH = "small_batch"


class FindingCode(StrEnum):
    """The numbers of all findings, which never change: a cause, an entry of the scale, a flag, or something else.

    A finding is called as its member here, in small letters.
    """

    GAIN = "GV101"
    SATURATION = "GV102"
    SMALL_SLOPE = "GV103"
    CHAOS = "GV104"
    NORMALISATION = "GV105"
    SIGNAL_COLLAPSE = "GV106"
    DEAD_UNITS = "GV107"
    ZERO_WEIGHTS = "GV108"
    FORWARD_OVERFLOW = "GV109"
    UNDERFLOW = "GV110"
    INPUT_COLLAPSE = "GV111"
    RANK_COLLAPSE = "GV112"
    MASK_NOISE = "GV113"
    UNEXPLAINED = "GV114"
    INITIAL_LOSS = "GV201"
    OUTPUT_SATURATION = "GV202"
    FIRST_LAYER_SATURATION = "GV203"
    GRADIENT_IMBALANCE = "GV204"
    NO_USUAL_RATE = "GV205"
    STEP_KILLS_UNITS = "GV206"
    UNSCALED_INPUTS = "GV207"
    TOO_DEEP_FOR_WIDTH = "GV301"
    TINY_GRADIENT = "GV302"
    HUGE_GRADIENT = "GV303"
    SMALL_UPDATE = "GV304"
    LARGE_UPDATE = "GV305"
    SYMMETRIC_UNITS = "GV306"
    SMALL_BATCH = "GV307"
    PRECISION_UNDERFLOW = "GV401"
    FAILURE_RISK = "GV402"
    SEED_DEPENDENT = "GV403"
