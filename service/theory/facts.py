"""What may be asked of an activation, and what is proven or computed of it: the models that a client sends and gets."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from service.core.kinds import BoundedFloat, Double, Int64, Model, NonNegative, Positive
from service.formulas.enclosures.extremes import Approach
from service.nn.activations import AnyActivation


class BreakKind(StrEnum):
    """What a function does at a point where it is not smooth."""

    JUMP = "jump"
    KINK = "kink"
    POLE = "pole"
    HOLE = "hole"
    EDGE = "edge"
    UNKNOWN = "unknown"


class Stretch(Model):
    """A closed interval of z."""

    low: BoundedFloat
    """Its lower end."""
    high: BoundedFloat
    """Its upper end, above the lower one."""

    @model_validator(mode="after")
    def _rising(self) -> "Stretch":
        if self.low >= self.high:
            facts = {"low": f"{self.low:g}", "high": f"{self.high:g}"}
            raise PydanticCustomError("empty_interval", "low ({low}) has to be below high ({high})", facts)
        return self


class ProfileSpec(Model):
    """An activation, and where to look at it."""

    activation: AnyActivation
    """Any activation; an expression for one of your own."""
    interval: Stretch | None = None
    """Where the bounds are taken; null for the whole line."""
    weight_variance: Positive = 1.0
    """σ_w², fan_in times the variance of a weight, of the fixed points."""
    bias_variance: NonNegative = 0.0
    """σ_b², the variance of a bias, of the fixed points and the critical initialisations."""
    pre_activation_variance: Annotated[Double, Field(ge=1e-12, le=1e12)] = 1.0
    """q, the variance of z, of the Gaussian moments."""


class Place(Model):
    """Where a value is taken (`at`, or anywhere `between` two points) or approached."""

    approach: Approach
    """How the value belongs to the place."""
    z: Double | None
    """The place; null for ±∞."""
    until: Double | None
    """With `between`, the other end; null for ∞, and elsewhere."""


class Bound(Model):
    """An infimum or a supremum, enclosed: it lies in [low, high] for certain."""

    low: Double | None
    """Not above the truth; null where it is −∞, or nothing is known."""
    high: Double | None
    """Not below the truth; null where it is ∞, or nothing is known."""
    decimal: str | None
    """Its digits, as far as they are proven, up to 30; null where there are none."""
    unbounded: bool
    """Whether it is proven to be infinite."""
    attained: bool | None
    """Whether it is a value that is taken; null where that is not known."""
    places: list[Place]
    """Where it is taken or approached, at most eight places."""
    certified: bool
    """Whether it is proven to 1e-12 of its size, or to be infinite; else the enclosure is what was reached."""


class Range(Model):
    """The smallest interval that holds all values."""

    inf: Bound
    """The infimum."""
    sup: Bound
    """The supremum."""


class ActivationBounds(Model):
    """Of a function and its derivative, wherever they exist; a derivative exists at no kink."""

    value: Range
    """Of φ."""
    derivative: Range
    """Of φ'."""
    abs_derivative: Range
    """Of |φ'|; its supremum is the Lipschitz constant."""


class Kink(Model):
    """A point where a function jumps, bends abruptly or ends."""

    z: Double
    """Where."""
    kind: BreakKind
    """What happens."""
    value: Double | None
    """φ there; null where it has no value."""
    value_left: Double | None
    """The limit of φ from the left; null where there is none."""
    value_right: Double | None
    """The limit of φ from the right."""
    derivative_left: Double | None
    """The limit of φ' from the left."""
    derivative_right: Double | None
    """The limit of φ' from the right."""


class FixedPoint(Model):
    """A variance of pre-activations that wide layers keep: q = σ_w²·E φ(√q Z)² + σ_b²."""

    variance: Double | None
    """q; null where every variance is kept."""
    stable: bool
    """Whether small deviations never become large ones."""
    growth: Double | None
    """What a layer multiplies a small deviation of q by; null where it is infinite."""
    chi: Double | None
    """χ, what a layer multiplies the mean square of delta by; null where it is infinite."""
    depth_scale: Double | None
    """ξ_q = −1/ln |growth|, the layers in which a deviation of q falls to 1/e; null where it does not."""
    correlation_depth: Double | None
    """ξ_c = −1/ln χ, the layers in which two inputs come closer by 1/e; null from χ = 1 on, where they do not."""


class CriticalInitialisation(Model):
    """Weights with which neither gradients nor the distance of two inputs change with depth: χ = 1, q stable."""

    weight_variance: Double
    """σ_w², fan_in times the variance of a weight."""
    weight_std: Double
    """σ_w, so that a weight has the standard deviation σ_w/√fan_in."""
    bias_variance: Double
    """σ_b², the variance of a bias."""
    fixed_point: FixedPoint
    """The variance that pre-activations settle at."""
    depth_ratio: Double | None
    """Predicted for 50 hidden layers, the first pre-activations having variance 1, in decades; null where unknown.

    At q = 0 the variance may sink as slowly as a power of depth, and the gradient with it: then it is not near 0.
    """


class BalancedInitialisation(Model):
    """Weights with which a gradient comes through a stack of that depth as it went in, by mean field theory."""

    weight_variance: Double
    """σ_w², fan_in times the variance of a weight."""
    weight_std: Double
    """σ_w, so that a weight has the standard deviation σ_w/√fan_in."""
    bias_variance: Double
    """σ_b², the variance of a bias."""
    hidden_layers: Int64
    """Of how many hidden layers; their inputs have the mean square 1."""


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
    """The derivative; null where it is too long to be read."""
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
    balanced_initialisation: BalancedInitialisation | None
    """The one for 50 hidden layers, with that variance of biases; null where no weights keep a gradient that far."""
