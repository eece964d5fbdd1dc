"""What is proven or computed of an activation, as a client gets it."""

from service.core.kinds import Double, Model
from service.formulas.vocabulary import Approach, BreakKind


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
