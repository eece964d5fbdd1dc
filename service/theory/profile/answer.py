"""What a client gets back of an activation."""

from service.core.kinds import Double, Model
from service.nn.activations import AnyActivation
from service.theory.facts import ActivationBounds, CriticalInitialisation, FixedPoint, Kink


class Tail(Model):
    """What an activation does far out, towards −∞ or ∞."""

    limit: Double | None
    """What φ tends to; null where it grows without end or has no limit."""
    derivative_limit: Double | None
    """What φ' tends to; null where it grows without end or has no limit."""
    saturates: bool | None
    """Whether φ' tends to 0, so that units which are pushed there stop learning; null where that is not known."""
    saturated_beyond: Double | None
    """From here on |φ'| stays below a hundredth of its supremum; null where it does not, or that is not known."""


class GaussianMoments(Model):
    """Averages over pre-activations z ~ N(0, variance), to 1e-10 of their size."""

    variance: Double
    """q, the variance of z."""
    square: Double | None
    """E φ(z)²; null where it is infinite."""
    derivative_square: Double | None
    """E φ'(z)²: with σ_w² = 1, what a layer multiplies the square of delta by; null where it is infinite."""


class ActivationProfile(Model):
    """All that is known of an activation before any network has it."""

    activation: AnyActivation
    """The activation with every default written out."""
    formula: str
    """The formula as it was understood; ln and log are natural."""
    latex: str
    """The formula in LaTeX."""
    derivative: str | None
    """The derivative; null where it is too long for anybody to read."""
    derivative_latex: str | None
    """The derivative in LaTeX; null likewise."""
    convention: str
    """Which derivative is taken where there is none."""
    summary: str
    """A paragraph to read."""
    bounds: ActivationBounds
    """Certified bounds of φ, φ' and |φ'|."""
    lipschitz: Double | None
    """sup |φ'|, rounded up: no two values differ by more than this times their distance; null where it is infinite or
    not proven, or φ jumps."""
    kinks: list[Kink]
    """Where φ is not smooth, or ends."""
    kinks_complete: bool
    """Whether these are all; else those around 0."""
    period: Double | None
    """After how much φ repeats; then kinks and places are those of one period around 0."""
    left: Tail
    """Towards −∞."""
    right: Tail
    """Towards ∞."""
    moments: GaussianMoments
    """At the variance that was asked for."""
    fixed_points: list[FixedPoint]
    """At the variances of weights and biases that were asked for, ascending; empty where variances grow without end."""
    critical_initialisations: list[CriticalInitialisation]
    """All of them at the variance of biases that was asked for, by ascending variance of pre-activations."""
    critical_reason: str | None
    """Why there is none; null where there is one."""
