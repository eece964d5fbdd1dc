"""What a client gets back of every layer; every number is finite or null."""

from service.core.kinds import Double, Int64, Model
from service.simulation.gradients import PrecisionStatistics


class Spread(Model):
    """A number over the trials in which it is finite; `count` says how many those are, and null that there are none."""

    median: Double | None
    """The 50th percentile."""
    p05: Double | None
    """The 5th percentile."""
    p95: Double | None
    """The 95th percentile."""
    mean: Double | None
    """The mean."""
    std: Double | None
    """The standard deviation of the trials."""
    count: Int64
    """How many trials have a finite value."""


class DerivativeStatistics(Model):
    """The activation's derivative over units and samples, of the first eight trials."""

    mean: Double | None
    """Its mean."""
    rms: Double | None
    """Its root mean square: the layer's own share of the backward gain if all directions were alike."""
    min: Double | None
    """The smallest value met."""
    max: Double | None
    """The largest value met."""


class Histogram(Model):
    """Counts between equidistant edges; values that have no place on the axis are counted apart."""

    edges: list[Double]
    """One more than counts, rising."""
    counts: list[Int64]
    """How many values lie between two edges."""
    zeros: Int64
    """How many values are exactly zero and so have no logarithm; 0 on a linear axis."""


class LayerHistograms(Model):
    """Distributions in the first trial."""

    derivative: Histogram
    """Of the activation's derivative."""
    log10_weight_gradient: Histogram | None
    """Of log10 |∂e/∂w| over the weights; null where there are none."""


class LayerShape(Model):
    """A layer after every repeat is unrolled; layers inside another one precede it, in the order they are computed."""

    index: Int64
    """Its number, counted from 1 at the input."""
    path: str
    """The pointer (RFC 6901) to it in the specification; copies made by a repeat share it."""
    name: str | None
    """Its name in the specification, which copies made by a repeat share, too; null where it has none."""
    kind: str
    """Its kind."""
    activation: str | None
    """The kind of its activation; null where it has none."""
    shape: list[Int64]
    """The shape of what comes out for one sample."""
    parameters: Int64
    """How many weights, biases and other parameters it has; those of layers inside it are theirs."""
    inside: bool
    """Whether it stands inside another layer."""
    boundary: bool
    """Whether a hidden layer is measured here: the depth ratio is from the last such place to the first."""


class GainAccounts(Model):
    """What changed the gradient on a step back, in decades; null where no such thing stands in its way."""

    weights: Spread | None
    """The share of weights: of the next layer's in a plain stack, of the layer's own inside a block."""
    derivative: Spread | None
    """The share of the derivatives of activations."""
    normalisation: Spread | None
    """The share of normalisation."""
    skip: Spread | None
    """The share of blocks in which signals meet, as a whole."""
    other: Spread | None
    """The share of everything else."""


class TimeStatistics(Model):
    """What a recurrent layer does to the gradient along its steps, with the error at the last step alone.

    The gradient is with respect to what is remembered: the state, and of an lstm its cell c. Of two directions it is
    the one that changes it more.
    """

    time_ratio: Spread
    """Its norm at the first step over that at the last, in decades: over one step less than there are."""
    memory_steps: Double | None
    """2.5 over the decades per step: steps until it has changed severely at that rate; null where it does not."""
    log10_state_gradient: list[Double | None]
    """The median over trials of its norm at every step in the order they are taken, in decades; 200 steps at most."""


class AttentionStatistics(Model):
    """Where an attention looks, and by which way its gradient goes."""

    entropy: Spread
    """The mean entropy of a step's weights, in nats: 0 where it looks at one step, ln(steps) where at all alike."""
    softmax_share: Spread
    """‖by queries and keys‖² / (‖by queries and keys‖² + ‖by values‖²) of the two parts of ∂e/∂x.

    The first go through the softmax: 0 where what is looked at cannot move, near 1 where values pass nothing.
    """


class BranchShare(Model):
    """What the branch of a residual block adds to the stream that passes it: a dead branch does not show there."""

    log10_output: Spread
    """What comes out of the branch, scaled, over what it is added to; root mean squares, in decades."""
    log10_weight_gradient: Spread
    """The gradient of all weights of the branch over that of the sum behind it, in decades."""


class LayerStatistics(LayerShape):
    """What was measured at a layer; logarithms are decimal, so a number is in decades."""

    log10_delta_norm: Spread
    """Of delta, the back-propagated gradient: root mean square over samples of its norm.

    In a stack of dense layers and activations it is with respect to the pre-activation; in any other network, and
    inside blocks, with respect to what comes out of the layer.
    """
    log10_weight_gradient_norm: Spread
    """Of the Frobenius norm of the gradient with respect to the weights, averaged over the samples."""
    log10_weight_gradient_rms: Spread
    """The same, per weight."""
    log10_forward_rms: Spread
    """Of the root mean square of the outputs."""
    log10_angular_spread: Spread
    """Of how far the directions of the samples' outputs are apart: 0 distinct, −1.3 and below all but one."""
    log10_token_spread: Spread | None
    """The same over the steps of each sample, their mean over samples inside the logarithm.

    Null where no sequence of several steps comes out; steps that are all one direction have no logarithm.
    """
    log10_weight_norm: Spread
    """Of the Frobenius norm of the weights, all matrices together."""
    log10_backward_gain: Spread
    """Delta here over delta in the next layer, over the gradient of the prediction in the last.

    From the first hidden layer on, their sum is `end_to_end_ratio`. Inside a block it is that across the layer alone.
    """
    log10_gain: GainAccounts
    """The accounts of that gain; in every trial they add up to it."""
    derivative: DerivativeStatistics
    """The activation's derivative."""
    saturated_fraction: Double | None
    """Share of units and samples whose |derivative| is below a hundredth of its supremum; null where it is unknown."""
    dead_fraction: Double | None
    """Share of units whose derivative is exactly 0 on every sample."""
    zero_trials: Int64
    """Trials in which delta is exactly 0 here."""
    non_finite_trials: Int64
    """Trials in which the forward pass has overflowed here or before."""
    time: TimeStatistics | None
    """Along the steps of a recurrent layer; null elsewhere."""
    attention: AttentionStatistics | None
    """Of an attention; null elsewhere."""
    branch_share: BranchShare | None
    """What the branch of a residual block adds to its stream; null elsewhere."""
    precision: PrecisionStatistics | None
    """What its format of 16 bits loses of its gradients; null in float32 and float64."""
    histograms: LayerHistograms | None
    """Distributions, where they were asked for."""
