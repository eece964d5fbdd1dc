"""What is said of findings: what each likely means, and what to try."""

from collections.abc import Mapping
from typing import NamedTuple

from service.simulation.vocabulary import FindingCode


class CatalogEntry(NamedTuple):
    """What is said of a finding wherever it is."""

    meaning: str
    """What it likely means."""
    suggestion: str
    """What to try."""


FINDINGS: Mapping[FindingCode, CatalogEntry] = {
    FindingCode.GAIN: CatalogEntry(
        "The scale of the weights is wrong for this activation: every layer makes signal and gradient "
        "smaller, or larger, by about the same factor.",
        "Draw the weights with another variance: he_uniform or he_normal for ReLU and its relatives, "
        "glorot_uniform or lecun_normal for tanh, lecun_normal for SELU.",
    ),
    FindingCode.SATURATION: CatalogEntry(
        "Units work where their activation is flat, although it has a steeper part.",
        "Make pre-activations smaller: smaller weights, scaled inputs, or a normalisation in front of the activation.",
    ),
    FindingCode.SMALL_SLOPE: CatalogEntry(
        "The activation is flat everywhere: even at its best every layer takes from the gradient.",
        "Take another activation in the hidden layers, such as relu, gelu or tanh, with weights that suit it.",
    ),
    FindingCode.CHAOS: CatalogEntry(
        "The signal keeps its size while small differences between inputs grow from layer to layer.",
        "Draw smaller weights, such as glorot_uniform, or have fewer layers between shortcuts.",
    ),
    FindingCode.NORMALISATION: CatalogEntry(
        "Normalisation in front of every activation changes the gradient in every layer.",
        "Use fewer normalisations, residual blocks around them, or a larger batch for batch_norm.",
    ),
    FindingCode.SIGNAL_COLLAPSE: CatalogEntry(
        "The signal becomes small so fast that its gradient vanishes with it.",
        "Scale the inputs up, or take an activation that is not flat at 0.",
    ),
    FindingCode.DEAD_UNITS: CatalogEntry(
        "Units are on the flat side of their activation for every sample, and no gradient passes them.",
        "Draw biases and weights around 0, scale the inputs, or take leaky_relu.",
    ),
    FindingCode.ZERO_WEIGHTS: CatalogEntry(
        "A matrix that all signals pass is zero, and so is the gradient behind it.",
        "Draw these weights at random, or put a shortcut around them.",
    ),
    FindingCode.FORWARD_OVERFLOW: CatalogEntry(
        "Numbers leave the range of the precision on their way forward.",
        "Draw smaller weights, scale the inputs, or normalise; float64 only moves the limit.",
    ),
    FindingCode.UNDERFLOW: CatalogEntry(
        "Numbers become smaller than the precision holds, and are zero from there on.",
        "Draw larger weights, or take a precision with a wider range.",
    ),
    FindingCode.INPUT_COLLAPSE: CatalogEntry(
        "In the last hidden layer all inputs point in one direction, and the output layer can hardly tell them apart.",
        "Have fewer layers or shortcuts around them, or weights and an activation nearer to the edge of "
        "chaos, such as tanh under lecun_normal.",
    ),
    FindingCode.RANK_COLLAPSE: CatalogEntry(
        "The steps of a sequence have become one: attention without a shortcut averages them away.",
        "Put shortcuts around attention.",
    ),
    FindingCode.MASK_NOISE: CatalogEntry(
        "Dropout's masks move the last hidden layer more than the inputs do.",
        "Lower the rate of dropout, or drop in fewer layers.",
    ),
    FindingCode.UNEXPLAINED: CatalogEntry(
        "The gradient is not stable, and nothing that is known explains it.",
        "Look at the gain of every layer, and where the loss itself has no gradient, at the targets.",
    ),
    FindingCode.INITIAL_LOSS: CatalogEntry(
        "The untrained network is far worse than knowing nothing: its outputs are too large, or its targets "
        "were not scaled.",
        "Standardise the inputs, and the targets of a regression; draw smaller weights in the output layer.",
    ),
    FindingCode.OUTPUT_SATURATION: CatalogEntry(
        "Outputs are certain before anything is learned, and hardly any gradient comes through them.",
        "Standardise the inputs, draw smaller weights, and pass logits to a loss that takes them.",
    ),
    FindingCode.FIRST_LAYER_SATURATION: CatalogEntry(
        "The inputs, or the first weights, are so large that the first hidden layer is flat.",
        "Standardise the inputs, or draw smaller weights in the first layer.",
    ),
    FindingCode.GRADIENT_IMBALANCE: CatalogEntry(
        "The weights of some layers get far larger gradients than those of others, which depth does not explain.",
        "Standardise the inputs; take Adam, or a rate for each layer.",
    ),
    FindingCode.NO_USUAL_RATE: CatalogEntry(
        "No learning rate from 1e-4 to 1 lowers the loss in the first step.",
        "Standardise inputs and targets; until then no usual rate will do.",
    ),
    FindingCode.STEP_KILLS_UNITS: CatalogEntry(
        "The first step at the usual rate moves units to the flat side of their activation for every sample, "
        "from where none comes back.",
        "Take a smaller rate or warm it up; draw weights around 0; standardise inputs and targets.",
    ),
    FindingCode.UNSCALED_INPUTS: CatalogEntry(
        "The inputs are far larger than standardised ones, and something else is wrong with the scale.",
        "Subtract the mean of every feature and divide by its standard deviation; divide pixels by 255.",
    ),
    FindingCode.TOO_DEEP_FOR_WIDTH: CatalogEntry(
        "The depth ratio differs from seed to seed by more than the stable band allows for.",
        "Make layers wider, or have fewer of them.",
    ),
    FindingCode.TINY_GRADIENT: CatalogEntry(
        "Some weights get a gradient below 1e-7, or none at all: that may be the scale of the loss alone.",
        "Look at the scale of loss, inputs and outputs; Adam does not mind.",
    ),
    FindingCode.HUGE_GRADIENT: CatalogEntry(
        "Some weights get a gradient above 1e6: that may be the scale of the loss alone.",
        "Standardise inputs and targets, or clip the gradient.",
    ),
    FindingCode.SMALL_UPDATE: CatalogEntry(
        "A step at the usual rate hardly moves the weights.",
        "Take a larger rate.",
    ),
    FindingCode.LARGE_UPDATE: CatalogEntry(
        "A step at the usual rate moves the weights by more than a tenth of their size.",
        "Take a smaller rate, or warm it up.",
    ),
    FindingCode.SYMMETRIC_UNITS: CatalogEntry(
        "Two units start as one and get the same gradient: they stay one.",
        "Draw the weights at random.",
    ),
    FindingCode.SMALL_BATCH: CatalogEntry(
        "A batch_norm takes its statistics over fewer than 8 numbers, and they are mostly noise.",
        "Have more samples in a batch, or take group_norm or layer_norm.",
    ),
    FindingCode.PRECISION_UNDERFLOW: CatalogEntry(
        "The format of 16 bits, or single precision, loses gradients or digits.",
        "Scale the loss, or take bfloat16 or float32.",
    ),
    FindingCode.FAILURE_RISK: CatalogEntry(
        "The gradient is stable, but networks with such numbers mostly failed when they were trained.",
        "POST /v1/prescriptions tries changes and measures what they leave of the risk.",
    ),
    FindingCode.SEED_DEPENDENT: CatalogEntry(
        "The seed decides: fewer than four of five trials agree with the label.",
        "Simulate more trials; make layers wider.",
    ),
}
"""What is said of each finding: the table that `docs/findings.md` and the catalog are written from."""
