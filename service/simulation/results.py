"""What a client gets back; every number is finite or null."""

from typing import Annotated

from pydantic import Field

from service.core.kinds import Double, Fraction, Int64, Model
from service.simulation.gradients import LayerGradients, StoredGradients
from service.simulation.layer_results import LayerShape, LayerStatistics, Spread
from service.simulation.opinions import Opinions
from service.simulation.spec import SimulationSpec
from service.simulation.vocabulary import (
    Cause,
    FindingCode,
    FindingSeverity,
    Flag,
    JudgedAxis,
    Label,
    Optimiser,
    Severity,
    Tendency,
)


class Interval(Model):
    """An interval with both its ends."""

    low: Double
    """The lower end."""
    high: Double
    """The upper end."""


class FailureRisk(Model):
    """How likely training fails: fewer than 60 % right on small classification tasks at the best of several rates."""

    optimiser: Optimiser
    """Whose training it is about: the policy's."""
    version: Annotated[Int64, Field(ge=1, le=1)]
    """The version of the coefficients; it moves when one of them does."""
    probability: Fraction
    """The estimated share of such networks that fail."""
    rests_on: list[str]
    """Sentences: what it was calibrated on, what was cut or is null here, where it is weak."""


class Verdict(Model):
    """What the numbers come to: label, cause, reasons."""

    label: Label
    """What most trials do."""
    severity: Severity
    """How far the median of those trials is outside the stable band."""
    confidence: Double
    """The share of trials with that label."""
    seed_dependent: bool
    """Whether that share is below 0.8: then the seed decides, not the architecture."""
    depth_ratio: Spread
    """Delta at the first hidden layer over delta at the last, in decades."""
    judged_ratio: Spread
    """What the label is judged by: the depth ratio, less the forward ratio where a norm precedes the output layer."""
    axis: JudgedAxis
    """Whether that ratio decides the label, or the time ratio, which it does in a more severe band of its own."""
    time_ratio: Spread | None
    """Of the recurrent layer with the worst one, in decades; null where no layer takes several steps."""
    memory_steps: Double | None
    """2.5 over its decades per step: steps until the gradient has changed severely; null where it does not."""
    forward_ratio: Spread
    """Root mean square of the last hidden layer's outputs over the first's, in decades."""
    end_to_end_ratio: Spread
    """Delta at the first hidden layer over the gradient of the prediction, in decades."""
    gain_per_layer: Spread
    """The factor delta changes by with every layer towards the input; 0 where it dies on its way."""
    gain_per_layer_interval: Interval | None
    """The 95 % confidence interval of the median gain per layer over trials; null where no trial has one."""
    depth_budget: Double | None
    """Steps from layer to layer until the ratio would be severe at that rate; null where the interval contains 1."""
    branch: str | None
    """The pointer to the branch in which hidden layers are measured, the worst of several; null without a choice."""
    sum_inverse_width: Double
    """Sum of 1/width over the hidden layers; the depth ratio wanders by about 0.4·√sum_inverse_width decades."""
    mask_noise: Spread | None
    """Decades by which the masks of dropout move the last hidden layer more than the inputs do; null without dropout.

    From −2 to 3, of the first few trials.
    """
    input_similarity_kept: Spread | None
    """How alike the similarities of 64 inputs and those of what enters the output layer are, from 0 to 1: linear CKA.

    Of the first few trials, without dropout; null where that would take too long, or the inputs are not 64.
    """
    log10_head_spread: Spread | None
    """How far what enters the output layer is from its mean over these samples, relative to its size, in decades."""
    failure_risk: FailureRisk
    """How likely training fails."""
    tendency: Tendency
    """What the rate leads to with enough layers: what the network is prone to."""
    cause: Cause | None
    """Why; null where there is nothing to explain."""
    reasons: list[str]
    """Sentences with the measured numbers; the first can be read alone."""
    flags: list[Flag]
    """What is worth knowing beside the verdict."""


class Theory(Model):
    """What mean field theory predicts for wide layers, beside what was measured."""

    depth_ratio: Double | None
    """The predicted depth ratio, in decades; null where the theory does not apply."""
    difference: Double | None
    """The measured median less the prediction, in decades."""
    log10_backward_gain: list[Double]
    """The predicted gain of every hidden layer but the last, ½·log10 χ; empty where the theory does not apply."""
    reason: str | None
    """Why the theory does not apply; null where it does."""
    time_ratio: Double | None
    """The predicted time ratio of the first recurrent layer, in decades; null where none is, or no theory of it."""


class StepRate(Model):
    """What one step of the optimiser does at one rate, in the first trial."""

    rate: Double
    """The learning rate."""
    loss_ratio: Double | None
    """The loss after the step over the loss before; null where it is not finite."""
    dead_fraction: Double | None
    """The share of hidden units that are dead after it, their derivative 0 on every sample; null without any."""


class FirstStep(Model):
    """What the first step of training does."""

    optimiser: Optimiser
    """The policy's."""
    usual_rate: Double
    """The rate that people begin with."""
    rates: list[StepRate]
    """By rate, from the smallest to the largest: half decades from 1e-4 to 1, and below where all of these fail."""
    largest_stable_rate: Double | None
    """The largest of these rates up to which the loss does not rise; null where it falls at none of them."""
    dead_before: Fraction | None
    """The share of hidden units that are dead before the step."""
    left_out: str | None
    """Why it was not tried; null where it was."""


class InitialScale(Model):
    """What may be wrong before the first step and does not show in depth."""

    initial_loss: Double | None
    """The mean loss of the untrained network, the median over trials; null where it is not finite."""
    chance_loss: Double | None
    """That of what knows nothing of the inputs: the best constant, ln classes, ln 2 for each output."""
    output_saturation: Fraction | None
    """The share of outputs whose derivative is below 1 % of its supremum, of softmax samples with one above 0.99.

    Null without an activation, and where that is flat on one side at any scale, as a ReLU.
    """
    first_layer_saturation: Fraction | None
    """The saturated share of the first hidden layer; null likewise, and where that is a block."""
    first_layer_rms: Double | None
    """The root mean square of that layer's pre-activations."""
    gradient_imbalance: Double | None
    """Largest over smallest weight gradient per weight, in decades beyond what depth explains."""
    input_rms: Double | None
    """The root mean square of the inputs; null where these are tokens."""
    first_step: FirstStep
    """What the first step does."""
    sentences: list[str]
    """What is wrong, with the numbers; empty where nothing is."""


class Finding(Model):
    """Something to look at: a cause, a flag or an entry of `scale`, with its evidence and what to try."""

    code: FindingCode
    """Its number in the catalog, which never changes."""
    name: str
    """The cause, the flag or the entry of `scale` that it is."""
    severity: FindingSeverity
    """How much it matters."""
    path: str | None
    """The pointer to the layer it is about; null where that is the whole network."""
    number: Double | None
    """What was measured; null where it is no number."""
    limit: Double | None
    """What it was held against; null where there is none."""
    meaning: str
    """What it likely means."""
    suggestion: str
    """What to try."""


class SimulationReport(Model):
    """What a simulation found."""

    digest: str
    """SHA-256 of the canonical specification and the engine version: the report's name."""
    verdict: Verdict
    """The judgement."""
    scale: InitialScale
    """What may be wrong before the first step."""
    findings: list[Finding]
    """What to look at, the most severe first."""
    layers: list[LayerStatistics]
    """Every layer from input to output."""
    precision: StoredGradients | None
    """What its format of 16 bits loses of the gradients; null in float32 and float64."""
    theory: Theory
    """What theory predicts, beside the measurement."""
    gradients: list[LayerGradients] | None
    """The factors of the gradient, where they were asked for."""
    opinions: Opinions | None
    """What other tools and published measures say, where that was asked for."""
    spec: SimulationSpec
    """The specification with every default written out."""
    engine_version: str
    """The version of the numbers."""
    elapsed_seconds: Double
    """How long the simulation took."""


class Estimate(Model):
    """What a simulation would cost; nothing is simulated."""

    layers: list[LayerShape]
    """Every layer after unrolling."""
    parameters: Int64
    """Weights and biases of one network."""
    trials: Int64
    """Trials that would be simulated: 1 where nothing is random."""
    floating_point_operations: Double
    """Of both passes and the draws, over all trials."""
    bytes: Int64
    """The largest memory in use at one time."""
    floating_point_operations_limit: Double
    """What this server answers at once."""
    bytes_limit: Int64
    """What a worker of this server may use."""
    within_budget: bool
    """Whether both are within their limits."""


class ItemError(Model):
    """Why one item of a job has no result; the others have theirs."""

    code: str
    """What kind of fault, for programs."""
    detail: str
    """What is wrong, for people."""
    pointer: str | None
    """Where in the item's own specification or answers, where it has a place."""
