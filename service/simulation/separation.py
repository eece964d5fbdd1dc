"""Whether a network tells its inputs apart: how much of their similarity it keeps, and how much dropout hides of them.

Measured by forward passes of their own through single trials while these are drawn: through ⌈T/8⌉ of T trials, at most
eight, by 64 inputs; and through half as many where there are masks, eight times. What would take longer than half of
all else, and a quarter of a second, is left out.
"""

from dataclasses import dataclass, replace

import numpy as np

from service.core.arrays import Array, Float64Array, Shape
from service.nn.layers.base import Built, Chain, Saved, shaped
from service.nn.layers.embedding import Embedding
from service.nn.layers.recurrent import Direction, Recurrent
from service.nn.randomness import Randomness
from service.nn.scaled import Exponents, Scaled
from service.nn.shapes import TokensShape
from service.simulation.descent import remasked, unmasked
from service.simulation.drawing import INPUTS, Drawn, changed
from service.simulation.plan import Plan

SIMILAR_SAMPLES = 64
"""The similarity kept depends on how many inputs there are: 0.55 at 16, 0.34 at 64, 0.23 at 256."""
MASKS = 8
FORWARD = 0.4
"""A forward pass alone takes this share of the operations of both passes with what is measured."""
_MOST_TRIALS = 8
_TRIALS_TO_ONE = 8
_LARGEST_SHARE = 0.5
_ALWAYS_WORTH = 5e9
"""Operations: a quarter of a second."""
_BYTES_TOGETHER = 64 << 20
"""Inputs that are compared are sent through together while they take no more memory, or as many as a batch has."""
_BYTES_TO_COMPARE = 64
"""For every number that is compared, in double precision: it, and what is made of it."""
_OTHER_INPUTS = INPUTS + (1 << 100)
"""The place of inputs that are drawn for this alone, far behind all others."""
_ONE_INPUT = 1e-8
"""At a spread of this share of their size, what comes of all inputs is one."""
_ROUNDED = 8.0
"""What is within so many roundings is one, too."""
_LEAST_SIGNAL = 1e-12
"""Of the variance over masks: the least that the variance over inputs is taken for."""
_LEAST_NOISE, _MOST_NOISE = -2.0, 3.0


@dataclass(frozen=True)
class Passes:
    """In how many of the first trials what is measured, and what that takes."""

    similar_trials: int  # how much of the inputs' similarity is kept
    together: int  # so many of the inputs it takes are sent through together
    masked_trials: int  # what the masks of dropout hide of them
    operations: float
    bytes: int

    @classmethod
    def of(cls, made: Plan, others: float, per_pass: float, per_sample: int) -> "Passes":
        """For a report that takes so many `others` operations; a pass takes `per_pass`, a sample so many bytes."""
        together = min(SIMILAR_SAMPLES, max(made.samples, _BYTES_TOGETHER // per_sample))
        compared = sum(_compared(made))
        each = FORWARD * sum(node.operations for node in made.nodes)
        draws = sum(
            parameter.initializer.draw_operations(parameter.matrix_shape(made.samples * node.batch))
            for node in made.nodes
            for parameter in node.parameters
            if parameter.per_sample
        )
        similar = -(-SIMILAR_SAMPLES // together) * per_pass
        similar += SIMILAR_SAMPLES * (each + 4.0 * SIMILAR_SAMPLES * compared)
        masked = MASKS * (per_pass + made.samples * each + draws)
        similar_trials = _trials(made.trials, similar, others) if _has_inputs(made) else 0
        masked_trials = _trials(-(-made.trials // 2), masked, others) if made.masked else 0
        more = per_sample * max(0, together - made.samples) + _BYTES_TO_COMPARE * SIMILAR_SAMPLES * compared
        operations = similar_trials * similar + masked_trials * masked
        return cls(similar_trials, together, masked_trials, operations, more if similar_trials else 0)


@dataclass(frozen=True)
class Separation:
    """How far inputs stay apart, (trials,) each; NaN in trials where that is not measured."""

    similarity_kept: Float64Array  # K: linear CKA of the inputs and of what enters the output layer
    log10_head_spread: Float64Array  # −S_h: of what enters the output layer about its mean, relative to its size
    mask_noise: Float64Array  # N

    @classmethod
    def empty(cls, trials: int) -> "Separation":
        """Arrays of NaN, for nothing is measured yet."""
        return cls(*np.full((3, trials), np.nan))

    def enter_similarity(self, row: int, one: Drawn, made: Plan, trial: int, together: int) -> None:
        """Measure one trial alone, (1, …), by 64 inputs without dropout, so many `together`, and keep that at `row`."""
        inputs = _inputs(one, made, trial)
        chain = unmasked(one).chain
        parts = -(-SIMILAR_SAMPLES // together)
        passed = [_passed(chain, part, made) for part in np.array_split(inputs, parts, axis=1)]
        x, head = (np.concatenate(both).astype(np.float64) for both in zip(*passed, strict=True))
        eps = float(np.finfo(made.spec.precision.computed).eps)
        self.similarity_kept[row] = similarity_kept(x, head, max(_ONE_INPUT, _ROUNDED * eps))
        self.log10_head_spread[row] = log10_spread(head)

    def enter_mask_noise(self, row: int, one: Drawn, made: Plan, trial: int) -> None:
        """Measure one trial alone, (1, …), by eight passes with masks of their own, and keep that at `row`."""
        signals, last = [], made.depth.signals[-1]
        for step in range(1, MASKS + 1):
            watch = _Watch({last})
            remasked(one, made, range(trial, trial + 1), step).chain.forward(one.inputs, watch)
            signals.append(watch.seen[last][0])
        self.mask_noise[row] = mask_noise(np.stack(signals).astype(np.float64))


def _trials(count: int, operations: float, others: float) -> int:
    """In how many of `count` trials something is measured that takes so many operations beside the others."""
    dear = operations > max(_ALWAYS_WORTH, _LARGEST_SHARE * others)
    return 0 if dear else min(_MOST_TRIALS, -(-count // _TRIALS_TO_ONE))


def _compared(made: Plan) -> tuple[int, int]:
    """The features of an input, and of what enters the output layer."""
    whole, source = made.spec.network.size, made.output.source
    embedded = next((one.features for one in made.nodes if isinstance(one.node, Embedding)), whole)
    return embedded, whole if source is None else made.nodes[source].features


def _has_inputs(made: Plan) -> bool:
    """Whether there are 64 inputs, or as many can be drawn."""
    return made.spec.inputs().shape_of_values() is None or made.samples >= SIMILAR_SAMPLES


def single(network: Drawn, row: int) -> Drawn:
    """One trial of a network, (1, …)."""

    def one(array: Array) -> Array:  # (trials or 1, …) as (1, …)
        return array if len(array) == 1 else array[row : row + 1]

    chain = changed(network.chain, lambda built: [one(array) for array in built.arrays])
    return replace(network, chain=chain, inputs=one(network.inputs), targets=one(network.targets))


def similarity_kept(x: Float64Array, head: Float64Array, one_input: float = _ONE_INPUT) -> float:
    """Linear CKA of two signals, (samples, features) each; 0 where the second is one for all of them, NaN unknown."""
    if not (np.isfinite(x).all() and np.isfinite(head).all()):
        return float("nan")
    centred = _about_mean(head)
    if np.sqrt(np.mean(np.square(centred))) <= one_input * np.sqrt(np.mean(np.square(_of_order_one(head)))):
        return 0.0
    first, second = (gram @ gram.T for gram in (_of_order_one(_about_mean(x)), _of_order_one(centred)))
    with np.errstate(invalid="ignore"):
        return float(np.vdot(first, second) / np.sqrt(np.vdot(first, first) * np.vdot(second, second)))


def log10_spread(head: Float64Array) -> float:
    """log10 of rms(head − its mean over the samples) / rms(head), of (samples, features); NaN where it is zero."""
    with np.errstate(divide="ignore", invalid="ignore"):
        size = np.square(_of_order_one(head)).mean()
        return float(0.5 * np.log10(np.square(_about_mean(head)).mean() / size))


def mask_noise(signals: Float64Array) -> float:
    """−½ log10 of the variance over inputs in that over masks, of (masks, samples, features), from −2 to 3."""
    masks, samples = signals.shape[:2]
    if samples < 2 or not np.isfinite(signals).all():
        return float("nan")
    scaled = _of_order_one(signals)
    by_mask = float(scaled.var(axis=0, ddof=1).sum(axis=-1).mean())
    by_input = float(scaled.mean(axis=0).var(axis=0).sum())
    if by_mask == 0.0:
        return _LEAST_NOISE if by_input > 0.0 else float("nan")
    share = max((by_input - by_mask / masks) / by_mask, _LEAST_SIGNAL)
    return float(np.clip(-0.5 * np.log10(share), _LEAST_NOISE, _MOST_NOISE))


def _of_order_one(values: Float64Array) -> Float64Array:
    """`values`, of any shape, over the largest of them, so that their squares are numbers."""
    largest = np.abs(values).max(initial=0.0)
    return values / largest if largest > 0.0 else values


def _about_mean(values: Float64Array) -> Float64Array:
    """(samples, features) of order one, less their mean over the samples."""
    scaled = _of_order_one(values)
    centred: Float64Array = scaled - scaled.mean(axis=0)
    return centred


def _inputs(one: Drawn, made: Plan, trial: int) -> Array:
    """64 inputs, (1, 64, features): the batch where it has as many, the first of more that are given, else others."""
    data = made.spec.inputs()
    if made.samples == SIMILAR_SAMPLES or data.shape_of_values() is not None:
        return one.inputs[:, :SIMILAR_SAMPLES]
    precision = made.spec.precision
    stream = Randomness(made.spec.seed, range(trial, trial + 1), precision.computed).tensor(_OTHER_INPUTS)
    inputs = data.draw((SIMILAR_SAMPLES, made.spec.network.size), stream)
    indices = isinstance(made.spec.network.input, TokensShape)
    return inputs.astype(precision.computed, copy=False) if indices else precision.kept(inputs)


def _passed(chain: Chain, inputs: Array, made: Plan) -> tuple[Array, Array]:
    """What is compared of some inputs, and what enters the output layer, (samples, features) each."""
    tokens = [node.row for node in made.nodes if isinstance(node.node, Embedding)]
    source = made.output.source
    watch = _Watch({*tokens[:1], *([] if source is None else [source])})
    chain.forward(inputs, watch)
    x = watch.seen[tokens[0]] if tokens else inputs
    head, shape = (inputs, made.spec.network.shape) if source is None else (watch.seen[source], made.nodes[source].out)
    return x[0], _of_sample(head, shape, made)[0]


def _of_sample(head: Array, shape: Shape, made: Plan) -> Array:
    """What enters the output layer, (1, samples, …), as a vector for each sample, (1, samples, features).

    Of a sequence that is the last state behind a recurrent layer, else the mean over steps, or over positions.
    """
    if len(shape) == 1:
        return head
    before = [one.node for one in made.top if one.opens and one.row < made.output.row]
    signal = shaped(head, shape)
    if before and isinstance(last := before[-1], Recurrent) and len(shape) == 2:
        state: Array = signal[:, :, 0 if last.direction is Direction.BACKWARD else -1]
        return state
    mean: Array = signal.reshape(*signal.shape[:2], -1, signal.shape[-1]).mean(axis=-2)
    return mean


class _Watch:
    """A probe that keeps what comes out of some nodes, (trials, samples, features), by their rows."""

    def __init__(self, rows: set[int]) -> None:
        self._rows = rows
        self.seen: dict[int, Array] = {}

    def arranged(self, signal: Array) -> Array:
        """`signal` as it is, (trials, samples, features)."""
        return signal

    def stored(self, values: Array, exponent: Exponents | None = None) -> Array:
        """`values` as they are, of any shape."""
        return values

    def output(self, at: Built, z: Array, h: Array) -> None:
        """Keep `h`, (trials, samples, features), where it is asked for."""
        if at.row in self._rows:
            self.seen[at.row] = h

    def gradient(self, at: Built, dy: Scaled, dz: Scaled, derivative: Array | None) -> None:
        """There is no backward pass."""

    def parameters(self, at: Built, saved: Saved, dz: Scaled, gradient: object) -> None:
        """Nor are there gradients."""

    def entry(self, at: Built, dx: Scaled) -> None:
        """Nor at the entries of blocks."""

    def note(self, at: Built, name: str, values: Float64Array) -> None:
        """What a node has to say besides, (trials, …), is not kept."""
