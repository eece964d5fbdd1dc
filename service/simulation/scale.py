"""What depth does not show: the loss before training, saturation by scale, and what the first step does.

The thresholds of all entries stand here, each with its evidence.
"""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from functools import lru_cache
from math import prod, sqrt

import numpy as np
import numpy.typing as npt

from service.core.arrays import Array, Float64Array, plain_squares
from service.nn.activations import Activation
from service.nn.activations.smooth import Linear, Sigmoid, Softmax
from service.nn.data import TokenIndexData
from service.nn.layers.base import Built, Chain, Probe, Saved, shaped
from service.nn.layers.embedding import Embedding
from service.nn.losses import BinaryCrossEntropyWithLogits, CrossEntropyWithLogits, Loss
from service.nn.randomness import Randomness
from service.simulation.drawing import Drawn, draw_targets
from service.simulation.estimate import cost
from service.simulation.first_step import first_step, lowers
from service.simulation.plan import Plan
from service.simulation.results import FirstStep, InitialScale
from service.simulation.spreads import over_finite
from service.simulation.statistics import Measurements, NetworkTrials, finite_or_none
from service.simulation.tree import PlannedNode
from service.simulation.wording import OPTIMISERS
from service.theory.bounds import SATURATED_BELOW, largest_slope

CHANCE_FACTOR = 3.0
"""An initial loss above so many times that of chance is wrong.

A softmax over ten classes under He's weights, whose logits have a variance of 2, starts at 1.4 times; raw pixels start
at 60 to 260 times, and did not learn.
"""
CLEAR_CHANCE_FACTOR = 10.0
"""Above, it is clearly wrong: linear outputs under He's weights start at 3 times the variance of their targets."""
SATURATED_SHARE = 0.5
"""A larger share of saturated outputs is wrong: raw pixels saturate 0.97 of a softmax, standardised ones 0.004."""
SATURATED_UNITS = 0.3
"""A larger share of saturated units of the first hidden layer is wrong.

With tanh, N(0, 1/n) and standardised inputs it is 0.003. Inputs in [0, 100] come to 0.67, and XOR's, of which one is 0
and saturates nothing, to 0.44 with weights N(0, 10²).
"""
CERTAIN_PROBABILITY = 0.99
"""A softmax is saturated where its largest probability is above: the derivative p(1 − p) of that one is below 0.01."""
IMBALANCE = 2.0
"""Decades between the gradients of hidden layers, beyond those by depth, that are wrong: no rate suits both ends."""
KILLED_SHARE = 0.2
"""A first step at the usual rate that leaves a larger share of units dead than before it is wrong."""
LEAST_USUAL_RATE = 1e-4
"""One of the rates from here to 1 lowers the loss, or something is wrong."""
UNUSUAL_INPUTS = 3.0
"""Inputs of a larger root mean square are named as what to scale, where something is wrong: 1 is standardised."""
_FAR = 30.0
"""An activation that is flat on a side is flat at this distance from 0."""
_LOSS, _CERTAIN, _FIRST_LAYER = "initial_loss", "output_saturation", "first_layer_rms"
"""What is noted of nodes."""
_MOST_NUMBERS = 1 << 16


class ScaleEntry(StrEnum):
    """What may be wrong with the scale of a network, the most severe first."""

    STEP_KILLS_UNITS = "step_kills_units"
    """The first step at the usual rate of the policy's optimiser kills hidden units."""
    NO_USUAL_RATE = "no_usual_rate"
    """No rate from 1e-4 to 1 lowers the loss."""
    INITIAL_LOSS = "initial_loss"
    """The loss before training is far above that of chance."""
    OUTPUT_SATURATION = "output_saturation"
    """Most outputs are saturated."""
    FIRST_LAYER_SATURATION = "first_layer_saturation"
    """Many units of the first hidden layer are saturated."""
    GRADIENT_IMBALANCE = "gradient_imbalance"
    """The gradients of layers differ by more than depth explains."""


SENTENCES = {
    ScaleEntry.STEP_KILLS_UNITS: "The first step of {optimiser} at its usual rate of {usual} kills {killed} % of the "
    "hidden units: their derivative is 0 on every sample from then on.",
    ScaleEntry.NO_USUAL_RATE: "No rate from 1e-4 to 1 lowers the loss in the first step of {optimiser}; {stable}.",
    ScaleEntry.INITIAL_LOSS: "The loss before training is {loss}, which is {times} times the {chance} of chance.",
    ScaleEntry.OUTPUT_SATURATION: "{outputs} % of the outputs are saturated: hardly any gradient comes through them.",
    ScaleEntry.FIRST_LAYER_SATURATION: "{first} % of the units of the first hidden layer are saturated: what enters "
    "its activation has a root mean square of {rms}.",
    ScaleEntry.GRADIENT_IMBALANCE: "The gradients of the hidden layers are {imbalance} decades further from one "
    "another than depth explains, and no rate suits all of them.",
}


def wrong_entries(scale: InitialScale) -> list[ScaleEntry]:
    """What is clearly wrong with the scale of a network, the most severe first; empty where nothing is.

    An initial loss of 3 to 10 times that of chance is clear only where something else is wrong, too; on its own it is
    no more than a finding to know of.
    """
    step, times = scale.first_step, times_chance(scale) or 0.0
    wrong = {
        ScaleEntry.STEP_KILLS_UNITS: (killed_share(step) or 0.0) > KILLED_SHARE,
        ScaleEntry.NO_USUAL_RATE: bool(step.rates) and not _usual_rates_lower(step),
        ScaleEntry.OUTPUT_SATURATION: (scale.output_saturation or 0.0) > SATURATED_SHARE,
        ScaleEntry.FIRST_LAYER_SATURATION: (scale.first_layer_saturation or 0.0) > SATURATED_UNITS,
        ScaleEntry.GRADIENT_IMBALANCE: (scale.gradient_imbalance or 0.0) > IMBALANCE,
    }
    wrong[ScaleEntry.INITIAL_LOSS] = times > (CHANCE_FACTOR if any(wrong.values()) else CLEAR_CHANCE_FACTOR)
    return [entry for entry in ScaleEntry if wrong[entry]]


def times_chance(scale: InitialScale) -> float | None:
    """The initial loss over that of chance; None where one of them is not known, or chance is always right."""
    return scale.initial_loss / scale.chance_loss if scale.initial_loss is not None and scale.chance_loss else None


def killed_share(step: FirstStep) -> float | None:
    """The share of hidden units that a step at the usual rate kills; None where it was not tried."""
    usual = min(step.rates, key=lambda one: abs(one.rate - step.usual_rate), default=None)
    if usual is None or usual.dead_fraction is None:
        return None
    return usual.dead_fraction - (step.dead_before or 0.0)


def _usual_rates_lower(step: FirstStep) -> bool:
    return lowers([one for one in step.rates if one.rate > 0.99 * LEAST_USUAL_RATE])


def note_scale(network: Drawn, tape: list[Saved], prediction: Array, loss: Loss, probe: Probe) -> None:
    """Note of every trial its mean loss, how many outputs are certain, and how large the first pre-activations are.

    `prediction` is (trials, samples, features), `tape` what the nodes have kept.
    """
    last = network.chain.nodes[-1]
    found, targets = shaped(prediction, network.out), shaped(network.targets, network.out)
    values = loss.value(found, targets)
    probe.note(last, _LOSS, values.reshape(len(values), -1).mean(axis=-1, dtype=np.float64))
    certain = _certain(last, found, loss)
    if certain is not None:
        probe.note(last, _CERTAIN, certain.reshape(len(certain), -1).mean(axis=-1))
    place = _first_hidden(network.chain)
    if place is not None:
        z = tape[place][1]  # (trials, samples, features)
        probe.note(network.chain.nodes[place], _FIRST_LAYER, np.sqrt(plain_squares(z) / prod(z.shape[1:])))


def _certain(last: Built, prediction: Array, loss: Loss) -> npt.NDArray[np.bool_] | None:
    """Where an output is saturated that is, or becomes, a probability, (trials, samples, …); None where none is."""
    activation = last.node.output_activation
    if isinstance(loss, BinaryCrossEntropyWithLogits):
        size = Sigmoid().df(prediction, Sigmoid().f(prediction))
        return size < SATURATED_BELOW * largest_slope(Sigmoid())
    if not (isinstance(activation, Softmax) or isinstance(loss, CrossEntropyWithLogits)):
        return None
    shares = prediction if isinstance(activation, Softmax) else Softmax().f(prediction)
    return shares.max(axis=-1) > CERTAIN_PROBABILITY


def _first_hidden(chain: Chain) -> int | None:
    """The place in the chain of the activation of the first hidden layer; None where that is a block, or has none."""
    starts = [place for place, one in enumerate(chain.nodes) if _opens(one)]
    for place in range(*starts[:2]) if len(starts) > 1 else ():
        activation = chain.nodes[place].node.output_activation
        if activation is not None and not isinstance(activation, Linear) and not chain.nodes[place].chains:
            return place
    return None


def _opens(one: Built) -> bool:
    """Whether it has weights, or a node inside it has: then it counts as a layer of depth."""
    return bool(one.weights) or any(_opens(inner) for chain in one.chains for inner in chain.nodes)


def scale_of(made: Plan, found: Measurements, trials: NetworkTrials) -> InitialScale:
    """The scale of a network: what all trials say, the first eight, and the first step of one."""
    noted = {name: (row, _median(values)) for (row, name), values in found.notes.items()}
    nothing: tuple[int | None, float | None] = (None, None)
    row, rms = noted.get(_FIRST_LAYER, nothing)
    inputs = made.spec.inputs()
    known = InitialScale(
        initial_loss=noted[_LOSS][1],
        chance_loss=_chance_loss(made),
        output_saturation=noted[_CERTAIN][1] if _CERTAIN in noted else _saturation(made, found, made.top[-1].row),
        first_layer_saturation=None if row is None else _saturation(made, found, row),
        first_layer_rms=rms,
        gradient_imbalance=_imbalance(made, found, trials),
        input_rms=None if isinstance(inputs, TokenIndexData) else finite_or_none(sqrt(inputs.mean_square())),
        first_step=first_step(made, tried=cost(made).first_step),
        sentences=[],
    )
    return known.model_copy(update={"sentences": list(_sentences(known))})


def _chance_loss(made: Plan) -> float | None:
    """The loss of what knows nothing of the inputs, by the targets of the first few trials."""
    each = made.samples * (made.positions * made.outputs + made.spec.network.size)
    trials = min(made.trials, max(1, _MOST_NUMBERS // each))
    targets = draw_targets(made, Randomness(made.spec.seed, range(trials)))
    with np.errstate(all="ignore"):
        return finite_or_none(made.spec.loss.chance(targets.reshape(-1, made.outputs)))


def _median(values: Float64Array) -> float | None:
    """The median over trials of (trials,), in which what is not a number counts as infinite; None where it is."""
    with np.errstate(invalid="ignore"):  # of −∞ and ∞ there is none
        return finite_or_none(np.median(np.where(np.isnan(values), np.inf, values)))


def _saturation(made: Plan, found: Measurements, row: int) -> float | None:
    """The saturated share of the outputs of a node; None without an activation, or where that is flat on one side.

    Half of a ReLU is flat, and at any scale half of its units are there: it says nothing of the scale.
    """
    activation = made.nodes[row].node.output_activation
    if activation is None or (flat := _flat_sides(activation)) == 1:
        return None
    return over_finite(found.derivatives.saturated, np.nanmean)[row] if flat else 0.0


@lru_cache(maxsize=1024)
def _flat_sides(activation: Activation) -> int:
    """On how many sides, 0 to 2, far from 0, the slope is below a hundredth of its supremum."""
    far = np.array([-_FAR, _FAR])
    with np.errstate(all="ignore"):
        slopes = np.abs(activation.df(far, activation.f(far)))
    return int((slopes < SATURATED_BELOW * largest_slope(activation)).sum())


def _imbalance(made: Plan, found: Measurements, trials: NetworkTrials) -> float | None:
    """Decades between the largest and the smallest gradient per weight of hidden layers, less what depth explains."""
    hidden = made.top[: max((place for place, one in enumerate(made.top) if one.opens), default=0)]
    rows = [one.row for one in _all_of(hidden) if one.weights and not isinstance(one.node, Embedding)]
    if len(rows) < 2:
        return None
    sizes = found.weight_gradient[:, rows] - 0.5 * np.log10([made.nodes[row].weights for row in rows])
    with np.errstate(invalid="ignore"):
        differences = sizes.max(axis=1) - sizes.min(axis=1) - np.abs(trials.depth_ratio - trials.forward_ratio)
    return _median(np.maximum(differences, 0.0))


def _all_of(planned: Sequence[PlannedNode]) -> Iterator[PlannedNode]:
    """The nodes of a chain and of all that is inside it."""
    for one in planned:
        yield one
        for chain in one.chains:
            yield from _all_of(chain)


def _sentences(scale: InitialScale) -> Iterator[str]:
    """What is wrong, with the numbers, the most severe first, and whether it may come from the inputs."""
    entries = wrong_entries(scale)
    yield from (SENTENCES[entry].format(**_numbers(scale)) for entry in entries)
    if entries and unusual_inputs(scale):
        rms = _three(scale.input_rms or 0.0)
        yield f"The inputs have a root mean square of {rms}, and standardised ones have 1: scale them."


def unusual_inputs(scale: InitialScale) -> bool:
    """Whether the inputs are so large that scaling them is the first thing to try where something is wrong."""
    return scale.input_rms is not None and scale.input_rms > UNUSUAL_INPUTS


def _numbers(scale: InitialScale) -> dict[str, str]:
    """What the sentences have places for, in three digits."""
    step = scale.first_step
    stable = step.largest_stable_rate
    return {
        "loss": _three(scale.initial_loss or 0.0),
        "chance": _three(scale.chance_loss or 0.0),
        "times": _three(times_chance(scale) or 0.0),
        "outputs": _three(100.0 * (scale.output_saturation or 0.0)),
        "first": _three(100.0 * (scale.first_layer_saturation or 0.0)),
        "rms": _three(scale.first_layer_rms or 0.0),
        "imbalance": _three(scale.gradient_imbalance or 0.0),
        "optimiser": OPTIMISERS[step.optimiser],
        "usual": _three(step.usual_rate),
        "killed": _three(100.0 * (killed_share(step) or 0.0)),
        "stable": "nor any below" if stable is None else f"the largest rate that does is {_three(stable)}",
    }


def _three(number: float) -> str:
    """`number` in three digits, with an exponent beyond a million."""
    return f"{float(f'{number:.3g}'):g}".replace("e+", "e")
