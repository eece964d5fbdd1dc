"""Whether a network tells its inputs apart: how much of their similarity it keeps, and how much dropout hides of them.

Measured by forward passes of their own through single trials while these are drawn: through ⌈T/8⌉ of T trials, at most
eight, by 64 inputs; and through half as many where there are masks, eight times. What would take longer than half of
all else, and a quarter of a second, is left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from service.core.arrays import Array, Float64Array, Shape, transposed
from service.nn.layers.base import Built, Chain, Saved, shaped
from service.nn.layers.embedding import Embedding
from service.nn.layers.recurrent import Direction, Recurrent
from service.nn.scaled import Exponents, Scaled
from service.nn.shapes import TokensShape
from service.simulation.descent import remasked_together, unmasked
from service.simulation.drawing import INPUTS, Drawn, changed, joined, randomness_of
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

Rows = slice | npt.NDArray[np.intp]
"""Which trials."""


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

    def enter_similarity(self, rows: Rows, few: Drawn, plans: Sequence[Plan], trials: range, together: int) -> None:
        """Measure these trials of every plan by 64 inputs without dropout, so many `together`; keep that at `rows`."""
        made = plans[0]
        inputs = _inputs(few, plans, trials)
        chain = unmasked(few).chain
        parts = -(-SIMILAR_SAMPLES // together)
        passed = [_passed(chain, part, made) for part in np.array_split(inputs, parts, axis=1)]
        x, head = (np.concatenate(both, axis=1).astype(np.float64) for both in zip(*passed, strict=True))
        eps = float(np.finfo(made.spec.precision.computed).eps)
        self.similarity_kept[rows] = similarity_kept(x, head, max(_ONE_INPUT, _ROUNDED * eps))
        self.log10_head_spread[rows] = log10_spread(head)

    def enter_mask_noise(self, rows: Rows, few: Drawn, plans: Sequence[Plan], trials: range) -> None:
        """Measure these trials of every plan by eight passes with masks of their own, and keep that at `rows`."""
        signals, last = [], plans[0].depth.signals[-1]
        for step in range(1, MASKS + 1):
            watch = _Watch({last})
            remasked_together(few, plans, trials, step).chain.forward(few.inputs, watch)
            signals.append(watch.seen[last])
        self.mask_noise[rows] = mask_noise(np.stack(np.broadcast_arrays(*signals), axis=1).astype(np.float64))


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


def first_trials(network: Drawn, plans: int, trials: slice) -> Drawn:
    """Those `trials` of each of so many plans."""

    def some(array: Array) -> Array:  # (trials, …) as (few, …), where all have not the same
        if len(array) == 1:
            return array
        few = array.reshape(plans, -1, *array.shape[1:])[:, trials] if plans > 1 else array[trials]
        return few.reshape(-1, *array.shape[1:])

    chain = changed(network.chain, lambda built: [some(array) for array in built.arrays])
    return replace(network, chain=chain, inputs=some(network.inputs), targets=some(network.targets))


def similarity_kept(x: Float64Array, head: Float64Array, one_input: float = _ONE_INPUT) -> Float64Array:
    """Linear CKA of two signals, (…, samples, features) each, (…); 0 where the second is one for all, NaN unknown.

    Of few features it is taken by products of features with features.
    """
    with np.errstate(all="ignore"):
        centred = _about_mean(head)
        apart, size = (np.sqrt(_mean_square(one)) for one in (centred, _of_order_one(head)))
        first, second = _of_order_one(_about_mean(x)), _of_order_one(centred)
        if max(first.shape[-1], second.shape[-1]) < first.shape[-2]:
            both, one, other = (_products(*pair) for pair in ((first, second), (first, first), (second, second)))
            kept = np.vecdot(both, both) / np.sqrt(np.vecdot(one, one) * np.vecdot(other, other))
        else:
            one, other = (_products(transposed(each), transposed(each)) for each in (first, second))
            kept = np.vecdot(one, other) / np.sqrt(np.vecdot(one, one) * np.vecdot(other, other))
    known = np.isfinite(x).all(axis=(-2, -1)) & np.isfinite(head).all(axis=(-2, -1))
    found: Float64Array = np.where(known, np.where(apart <= one_input * size, 0.0, kept), np.nan)
    return found


def log10_spread(head: Float64Array) -> Float64Array:
    """log10 of rms(head − its mean over the samples) / rms(head), of (…, samples, features); NaN where it is zero."""
    with np.errstate(all="ignore"):
        found: Float64Array = 0.5 * np.log10(_mean_square(_about_mean(head)) / _mean_square(_of_order_one(head)))
    return found


def mask_noise(signals: Float64Array) -> Float64Array:
    """−½ log10 of the variance over inputs in that over masks, of (…, masks, samples, features), from −2 to 3."""
    masks, samples = signals.shape[-3:-1]
    if samples < 2:
        return np.full(signals.shape[:-3], np.nan)
    with np.errstate(all="ignore"):
        scaled = _of_order_one(signals, axes=3)
        by_mask = scaled.var(axis=-3, ddof=1).sum(axis=-1).mean(axis=-1)
        by_input = scaled.mean(axis=-3).var(axis=-2).sum(axis=-1)
        share = np.maximum((by_input - by_mask / masks) / by_mask, _LEAST_SIGNAL)
        noise = np.clip(-0.5 * np.log10(share), _LEAST_NOISE, _MOST_NOISE)
    noise = np.where(by_mask == 0.0, np.where(by_input > 0.0, _LEAST_NOISE, np.nan), noise)
    return np.where(np.isfinite(signals).all(axis=(-3, -2, -1)), noise, np.nan)


def _products(first: Array, second: Array) -> Float64Array:
    """The products of columns of (…, rows, columns) with those of another, (…, columns · columns)."""
    products: Float64Array = transposed(first) @ second
    return products.reshape(*products.shape[:-2], -1)


def _mean_square(values: Float64Array) -> Float64Array:
    """Of (…, samples, features), (…)."""
    flat = values.reshape(*values.shape[:-2], -1)
    found: Float64Array = np.vecdot(flat, flat) / flat.shape[-1]
    return found


def _of_order_one(values: Float64Array, axes: int = 2) -> Float64Array:
    """`values`, (…, samples, features), over the largest along so many last axes: their squares are numbers."""
    largest = np.abs(values).max(axis=tuple(range(-axes, 0)), keepdims=True, initial=0.0)
    scaled: Float64Array = values / np.where(largest > 0.0, largest, 1.0)
    return scaled


def _about_mean(values: Float64Array) -> Float64Array:
    """(…, samples, features) of order one, less their mean over the samples."""
    scaled = _of_order_one(values)
    centred: Float64Array = scaled - scaled.mean(axis=-2, keepdims=True)
    return centred


def _inputs(few: Drawn, plans: Sequence[Plan], trials: range) -> Array:
    """64 inputs, (trials or 1, 64, features): the batch where it has as many, the first of more, else others."""
    made = plans[0]
    if made.samples == SIMILAR_SAMPLES or made.spec.inputs().shape_of_values() is not None:
        return few.inputs[:, :SIMILAR_SAMPLES]
    precision, shape = made.spec.precision, (SIMILAR_SAMPLES, made.spec.network.size)
    numbers = zip(plans, randomness_of(plans, trials), strict=True)
    inputs = joined([one.spec.inputs().draw(shape, its.tensor(_OTHER_INPUTS)) for one, its in numbers], trials)
    indices = isinstance(made.spec.network.input, TokensShape)
    return inputs.astype(precision.computed, copy=False) if indices else precision.kept(inputs)


def _passed(chain: Chain, inputs: Array, made: Plan) -> tuple[Array, Array]:
    """What is compared of some inputs, and what enters the output layer, (trials, samples, features) each."""
    tokens = [node.row for node in made.nodes if isinstance(node.node, Embedding)]
    source = made.output.source
    watch = _Watch({*tokens[:1], *([] if source is None else [source])})
    chain.forward(inputs, watch)
    x = watch.seen[tokens[0]] if tokens else inputs
    head, shape = (inputs, made.spec.network.shape) if source is None else (watch.seen[source], made.nodes[source].out)
    return x, _of_sample(head, shape, made)


def _of_sample(head: Array, shape: Shape, made: Plan) -> Array:
    """What enters the output layer, (trials, samples, …), as a vector for each sample, (trials, samples, features).

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
