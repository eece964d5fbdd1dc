"""The steps of a training: some trials at some rates, all at once, and what is recorded of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import isfinite
from typing import Any

import numpy as np
import numpy.typing as npt

from service.core.arrays import LOG10_2, Array, Float64Array, Shape
from service.nn.layers.base import Built, shaped
from service.nn.losses import BinaryCrossEntropyWithLogits, Hinge, Loss
from service.nn.optimizers import Optimizer
from service.nn.randomness import Randomness
from service.nn.scaled import Scaled
from service.simulation.descent import Slope, Trained, predicted, remasked, slope, unmasked
from service.simulation.drawing import Drawn, draw
from service.simulation.estimate import cost
from service.simulation.plan import Plan

_ORDER = 1 << 68
"""The place of the order of samples in the random numbers, of the first epoch; no tensor of a network is there."""
_SHARES = [0.5, 0.05, 0.95]
_PARAMETER_BYTES = 16 << 20
"""Networks are trained together while their parameters, gradients and the like take no more than this."""


@dataclass(frozen=True)
class Course:
    """What is recorded of some rows, (records, rows) each; a row is a trial at a rate."""

    loss: Float64Array
    accuracy: Float64Array  # NaN where there are no classes
    depth_ratio: Float64Array  # decades
    dead_fraction: Float64Array  # NaN where no layer but the last has an activation
    chance: Float64Array  # (1, rows): the accuracy of the most frequent class; NaN where there are no classes
    diverged: npt.NDArray[
        np.int64
    ]  # (1, rows): the first step at which the loss was not finite; −1 where it always was

    @classmethod
    def empty(cls, records: int, rows: int) -> "Course":
        """So many records of so many rows, all of them NaN and none diverged."""
        loss, accuracy, ratio, dead = np.full((4, records, rows), np.nan)
        return cls(loss, accuracy, ratio, dead, np.full((1, rows), np.nan), np.full((1, rows), -1))

    @classmethod
    def joined(cls, parts: "Sequence[Course]") -> "Course":
        """The rows of all of them, one behind the other."""
        fields = zip(*(vars(part).values() for part in parts), strict=True)
        return cls(*(np.concatenate(field, axis=-1) for field in fields))

    def rows(self, first: int, count: int) -> "Course":
        """So many rows from one on."""
        return Course(*(field[:, first : first + count] for field in vars(self).values()))

    @property
    def chance_accuracy(self) -> float | None:
        """The mean over trials; None where there are no classes."""
        found = float(self.chance.mean())
        return found if np.isfinite(found) else None

    @property
    def diverged_at(self) -> int | None:
        """The first step at which some trial's loss was not finite."""
        steps = self.diverged[self.diverged >= 0]
        return int(steps.min()) if steps.size else None


def quantiles(values: Float64Array, lost: bool = False) -> list[list[float | None]]:
    """The median, the 5th and the 95th percentile of each record of (records, rows); None where it is not finite.

    What is no number is left out, or is above all numbers where it is `lost`.
    """
    shown = np.where(np.isfinite(values), values, np.inf if lost else np.nan)
    shown = np.where(np.isnan(shown).all(axis=-1, keepdims=True), np.inf, shown)
    with np.errstate(invalid="ignore"):
        found = np.nanquantile(shown, _SHARES, axis=-1)
        found = np.where(np.isnan(found), np.nanquantile(shown, _SHARES, axis=-1, method="lower"), found)  # 0·∞
    return [[value if isfinite(value) else None for value in row] for row in found.tolist()]


@dataclass(frozen=True)
class Descent:
    """How a planned network is trained."""

    plan: Plan
    optimizer: Optimizer
    rates: Sequence[float]
    steps: int
    batch_size: int | None  # None: all samples at every step
    records: Sequence[int]  # the steps before which something is recorded, rising, 0 and `steps` among them

    def chunks(self, rates: range) -> list[tuple[range, range]]:
        """Which of the rates, and which trials, are trained together: as many as stay in the cache."""
        size = self.plan.spec.precision.computed.itemsize
        trials, each = self.plan.trials, size * max(1, self.plan.parameters) * (3 + 2 * self.optimizer.remembered)
        together = max(1, min(cost(self.plan).regime.together, _PARAMETER_BYTES // each))
        if together < trials:
            return [(range(one, one + 1), part) for one in rates for part in _parts(range(trials), together)]
        return [(part, range(trials)) for part in _parts(rates, together // trials)]

    def trained(self, rates: range, trials: range) -> Course:
        """What comes of those trials at those rates: row t of rate r is r·trials + t, both counted from the first."""
        network = draw(self.plan, trials)
        at = Trained.start(network, self.optimizer, len(rates))
        speeds = np.repeat(np.array([self.rates[one] for one in rates]), len(trials))
        found = Course.empty(len(self.records), len(speeds))
        answers = _Answers.of(at.network, self.plan.spec.loss)
        found.chance[0] = answers.chance()
        for step in range(self.steps + 1):
            recorder = _Recorder(self.plan, len(speeds)) if step in self.records else None
            passed = self._passed(at, trials, step, recorder)
            if recorder is not None:
                self._record(found, self.records.index(step), at, recorder, answers)
            lost = ~np.isfinite(passed.loss) & (found.diverged[0] < 0)
            found.diverged[0, lost] = step
            if step == self.steps or (found.diverged >= 0).all():
                break
            at = at.stepped(passed.gradients, self.optimizer, speeds)
        if answers.classes is not None:  # a network without numbers has no right answer
            found.accuracy[np.isnan(found.accuracy)] = 0.0
        return found

    def _passed(self, at: Trained, trials: range, step: int, recorder: "_Recorder | None") -> Slope:
        """Both passes of a step, of its own samples; what is recorded is of all samples."""
        loss = self.plan.spec.loss
        whole = self.batch_size is None or self.batch_size >= self.plan.samples
        batch = at.network if whole else self.batch_of(at.network, trials, step)
        if recorder is not None:
            recorder.passed = slope(remasked(at.network, self.plan, trials, step), loss, recorder.look)
            if whole:
                return recorder.passed
        return slope(remasked(batch, self.plan, trials, step), loss)

    def batch_of(self, network: Drawn, trials: range, step: int) -> Drawn:
        """The samples of a step: each epoch goes through them in an order of its own, and leaves out what is over."""
        size = self.batch_size or self.plan.samples
        epoch, place = divmod(step, self.plan.samples // size)
        stream = Randomness(self.plan.spec.seed, trials).tensor(_ORDER + epoch)
        order = np.argsort(stream.uniform((self.plan.samples,)), axis=-1)[:, place * size : (place + 1) * size]
        rows = np.tile(order, (len(network.inputs) // len(trials), 1))[:, :, None]
        inputs, targets = (np.take_along_axis(one, rows, axis=1) for one in (network.inputs, network.targets))
        return replace(network, inputs=inputs, targets=targets)

    def _record(self, into: Course, record: int, at: Trained, recorder: "_Recorder", answers: "_Answers") -> None:
        into.loss[record] = recorder.passed.loss
        into.depth_ratio[record] = recorder.depth_ratio()
        into.dead_fraction[record] = recorder.dead_fraction()
        masks = any(one.per_sample for node in self.plan.nodes for one in node.parameters)
        prediction = predicted(unmasked(at.network)) if masks else recorder.passed.prediction
        into.accuracy[record] = answers.accuracy(prediction)


class _Recorder:
    """Looks on while one step passes, and keeps what is recorded of it."""

    passed: Slope

    def __init__(self, made: Plan, rows: int) -> None:
        self._made = made
        self._ends = {row for way in made.ways for row in (*way.gradients[:1], *way.gradients[-1:])}
        self._decades: dict[int, Float64Array] = {}
        self._dead = np.zeros(rows)
        self._units = 0

    def look(self, at: Built, dy: Scaled, dz: Scaled, derivative: Array | None) -> None:
        """Keep the size of a gradient, (trials, samples, features), at the ends of the depth, and count dead units."""
        if at.row in self._ends:
            found = dz if self._made.depth.plain else dy
            self._decades[at.row] = 0.5 * np.log10(found.sums) + found.exponents * LOG10_2
        if derivative is not None and at.row != self._made.top[-1].row:
            self._dead += (derivative == 0.0).all(axis=-2).sum(axis=-1)
            self._units += derivative.shape[-1]

    def depth_ratio(self) -> Float64Array:
        """In decades, (rows,); of several branches that whose ratio is furthest from 0."""
        ways = [way.gradients for way in self._made.ways if way.gradients]
        if not ways:
            return np.full(self._dead.shape, np.nan)
        with np.errstate(invalid="ignore"):
            ratios = np.array([self._decades[way[0]] - self._decades[way[-1]] for way in ways])
        chosen = np.argmax(np.nan_to_num(np.abs(ratios), nan=-1.0), axis=0)
        found: Float64Array = np.take_along_axis(ratios, chosen[None], axis=0)[0]
        return found

    def dead_fraction(self) -> Float64Array:
        """The share of units of all layers but the last whose derivative is 0 on every sample, (rows,)."""
        return self._dead / self._units if self._units else np.full(self._dead.shape, np.nan)


@dataclass(frozen=True)
class _Answers:
    """The right answers, where targets are classes, and how many are had by saying the same of every sample."""

    classes: npt.NDArray[Any] | None  # (rows, samples, …) of whole numbers
    threshold: float | None  # what a prediction of two values is above; None where the largest of several counts
    out: Shape

    @classmethod
    def of(cls, network: Drawn, loss: Loss) -> "_Answers":
        """The answers of the targets: one output that is high, or two values in each."""
        targets = shaped(network.targets, network.out)
        low, high = targets.min(), targets.max()
        two = low < high and bool(((targets == low) | (targets == high)).all())
        if two and network.out[-1] > 1 and ((targets == high).sum(axis=-1) == 1).all():
            return cls(targets.argmax(axis=-1), None, network.out)
        if not two:
            return cls(None, None, network.out)
        logits = isinstance(loss, BinaryCrossEntropyWithLogits | Hinge)
        return cls((targets == high).astype(np.int64), 0.0 if logits else float(low + high) / 2.0, network.out)

    def accuracy(self, prediction: Array) -> Float64Array:
        """The share of right answers, (rows,), of a prediction (rows, samples, features); NaN is wrong."""
        if self.classes is None:
            return np.full(len(prediction), np.nan)
        found = shaped(prediction, self.out)
        said = found.argmax(axis=-1) if self.threshold is None else found > self.threshold
        known = np.isfinite(found).all(axis=-1) if self.threshold is None else np.isfinite(found)
        right: Float64Array = ((said == self.classes) & known).reshape(len(found), -1).mean(axis=-1)
        return right

    def chance(self) -> Float64Array:
        """The share of the most frequent class, (rows,): what is right by saying it always; NaN without classes."""
        if self.classes is None:
            return np.full(1, np.nan)
        counts = [np.bincount(one.ravel()) for one in self.classes]
        return np.array([one.max() / one.sum() for one in counts])


def share_of(descent: Descent, chunks: Sequence[tuple[range, range]]) -> list[Course]:
    """What comes of some chunks: the share of one process."""
    return [descent.trained(*chunk) for chunk in chunks]


def by_rate(parts: Sequence[tuple[tuple[range, range], Course]], rates: range) -> list[Course]:
    """The courses of chunks sorted by rate, the trials of each one behind the other."""
    found = []
    for rate in rates:
        own = [
            course.rows((rate - chunk.start) * len(trials), len(trials))
            for (chunk, trials), course in parts
            if rate in chunk
        ]
        found.append(Course.joined(own))
    return found


def _parts(whole: range, size: int) -> Iterator[range]:
    for start in range(whole.start, whole.stop, size):
        yield range(start, min(start + size, whole.stop))
