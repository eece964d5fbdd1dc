"""A plan → what is measured of its trials: chunks of them are drawn, and sent forward and back under a probe.

The backward pass is linear in the gradient, so that is brought to order one at every node and its scale carried as a
power of two: nothing is rounded by it, and a ratio of 1e-1200 is a number like any other.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from service.core.arrays import Array, Float64Array
from service.nn.layers.activation import ActivationLayer
from service.nn.layers.base import Chain, flat, shaped
from service.nn.layers.dense import Dense
from service.nn.losses import Loss
from service.nn.scaled import Scaled
from service.processes.fork_map import fork_map
from service.simulation.accumulator import Accumulator
from service.simulation.drawing import Drawn, LossGradient, draw_together
from service.simulation.estimate import Cost, cost
from service.simulation.first_trial import FirstTrial
from service.simulation.plan import Plan
from service.simulation.precision import StoringProbe, Truth
from service.simulation.probe import MeasuringProbe
from service.simulation.scale import note_scale
from service.simulation.separation import MASKS, SIMILAR_SAMPLES, first_trials
from service.simulation.shape import by_shape
from service.simulation.statistics import Measurements
from service.theory.bounds import largest_slope

_WORTH_A_HELPER = 1e8
"""Operations by the estimate, five milliseconds: to wake a helper and to hear from it may take one."""


@dataclass(frozen=True)
class Measured:
    """What is measured of a plan."""

    measurements: Measurements  # of every trial
    first: FirstTrial  # what a report may carry of it
    twins: bool  # whether two hidden units in it are the same unit


@dataclass(frozen=True)
class _Work:
    """Plans of one shape, and what is found out once, before there are several processes."""

    plans: Sequence[Plan]
    largest_slopes: Float64Array  # the supremum of |φ'| of every plan and node, 0 without an activation
    costs: Cost

    @classmethod
    def of(cls, plans: Sequence[Plan], costs: Cost) -> "_Work":
        """The work of simulating plans that cost as much each."""
        activations = [[node.node.output_activation for node in made.nodes] for made in plans]
        slopes = [[0.0 if one is None else largest_slope(one) for one in row] for row in activations]
        return cls(plans, np.array(slopes), costs)


def measure(made: Plan, processes: int = 1) -> Measured:
    """What is measured of a plan, the same for any number of processes."""
    count = _worth(made, processes)
    shares = list(_parts(range(made.trials), count))
    work = partial(_observe, _Work.of([made], cost(made)))
    parts = fork_map(work, shares) if count > 1 else [work(shares[0])]
    measurements = Measurements.of(Accumulator.joined([part for part, _, _ in parts]), made)
    return Measured(measurements, parts[0][1], bool(parts[0][2][0]))


def _worth(made: Plan, processes: int) -> int:
    """By how many of so many processes a plan is simulated: each has two trials, or sums would be rounded otherwise."""
    worth = int(cost(made).floating_point_operations / _WORTH_A_HELPER)
    return max(1, min(processes, worth, made.trials // 2))


def measure_together(plans: Sequence[Plan], processes: int = 1) -> list[Measured]:
    """What is measured of each of some plans, which is what `measure` says of it alone.

    Those of one shape pass together, as many at a time as take no more memory than trials that are simulated together
    do; but alone pass plans of one trial, plans that are stored in 16 bits, those whose report carries their first
    trial, and those that are worth several processes.
    """
    found = dict(measured_in_turn(plans, processes))
    return [found[number] for number in range(len(plans))]


def measured_in_turn(plans: Sequence[Plan], processes: int = 1) -> Iterator[tuple[int, Measured]]:
    """The same with the numbers of the plans, shape by shape: only those that pass together are in memory at once."""
    for numbers in by_shape(plans):
        made = plans[numbers[0]]
        alone = made.trials == 1 or made.spec.precision.is_half or made.spec.include
        at_once = 1 if alone or _worth(made, processes) > 1 else cost(made).regime.plans
        for start in range(0, len(numbers), at_once):
            some = numbers[start : start + at_once]
            yield from zip(some, _stacked([plans[number] for number in some], processes), strict=True)


def _stacked(plans: Sequence[Plan], processes: int) -> list[Measured]:
    """What is measured of plans of one shape that pass together."""
    if len(plans) == 1:
        return [measure(plans[0], processes)]
    made = plans[0]
    accumulated, first, twins = _observe(_Work.of(plans, cost(made)), range(made.trials))
    each = _of_each(Measurements.of(accumulated, made), len(plans))
    return [Measured(measurements, first, bool(one)) for measurements, one in zip(each, twins, strict=True)]


def _of_each(measured: Any, plans: int) -> list[Any]:
    """Arrays and records of arrays of several plans, their trials end to end, as those of each."""
    if isinstance(measured, np.ndarray):
        alike = len(measured) == 1
        return (
            [measured] * plans if alike else list(measured.reshape(plans, len(measured) // plans, *measured.shape[1:]))
        )
    if isinstance(measured, dict):
        columns = [_of_each(value, plans) for value in measured.values()]
        return [dict(zip(measured, row, strict=True)) for row in zip(*columns, strict=True)] or [{}] * plans
    columns = [_of_each(value, plans) for value in vars(measured).values()]
    return [type(measured)(*row) for row in zip(*columns, strict=True)]


def _observe(work: _Work, share: range) -> tuple[Accumulator, FirstTrial, npt.NDArray[np.bool_]]:
    """What is measured of the trials `share` of all plans, which are one chunk where there are several.

    Of the first trial, where it is among them, what a report may carry, and of every plan whether it has twins.
    """
    plans, made, regime = work.plans, work.plans[0], work.costs.regime
    half, count = made.spec.precision.is_half, len(work.plans)
    found = Accumulator.empty(share, len(made.nodes), half, count)
    twins = np.zeros(count, np.bool_)
    first = FirstTrial(made.spec.include, made.samples)
    chunks = [share] if count > 1 else _parts(share, -(-len(share) // regime.together))
    with np.errstate(all="ignore"):  # overflow is an outcome here, found by looking, not a mishap
        for trials in chunks:
            rows = slice(count * (trials.start - share.start), count * (trials.stop - share.start))
            wanted = first if trials.start == 0 and made.spec.include else None
            network = draw_together(plans, trials)
            probe = MeasuringProbe(found, rows, work.largest_slopes, regime.along_trials, wanted)
            probe.truth = Truth(found.lost, rows, made) if half else None
            _pass(network, made.spec.loss, probe)
            _separate(found, network, work, trials, rows)
            twins = _have_twins(network.chain, count) if trials.start == 0 else twins
            del network  # before the next one is drawn
    return found, first, twins


def _separate(into: Accumulator, network: Drawn, work: _Work, trials: range, rows: slice) -> None:
    """Measure how far inputs stay apart in the first few trials of every plan; those of `network` are at `rows`.

    As many of them pass together as take no more memory than the trials of `network` did.
    """
    passes, plans = work.costs.passes, work.plans
    of_plan = np.arange(rows.start, rows.stop).reshape(len(plans), -1)
    room = len(trials) * plans[0].samples // SIMILAR_SAMPLES
    for some in _first(passes.similar_trials, trials, room):
        places = slice(some.start - trials.start, some.stop - trials.start)
        few = first_trials(network, len(plans), places)
        into.separation.enter_similarity(of_plan[:, places].reshape(-1), few, plans, some, passes.together)
    for some in _first(passes.masked_trials, trials, room // MASKS):
        places = slice(some.start - trials.start, some.stop - trials.start)
        few = first_trials(network, len(plans), places)
        into.separation.enter_mask_noise(of_plan[:, places].reshape(-1), few, plans, some)


def _first(count: int, trials: range, room: int) -> Iterator[range]:
    """Those of `trials` that are among the first `count`, in parts for which there is room."""
    end = min(trials.stop, count)
    return (range(start, min(start + max(1, room), end)) for start in range(trials.start, end, max(1, room)))


def _parts(trials: range, count: int) -> Iterator[range]:
    """So many groups of about one size."""
    for part in range(count):
        yield trials[len(trials) * part // count : len(trials) * (part + 1) // count]


def _pass(network: Drawn, loss: Loss, probe: MeasuringProbe) -> None:
    """Both passes, measured by `probe`; what overflows on the way forward is infinite or NaN from there on."""
    x, targets = probe.arranged(network.inputs), probe.arranged(network.targets)
    probe.inputs(x)
    prediction, tape = network.chain.forward(x, probe)
    probe.settle()
    note_scale(Drawn(network.chain, x, targets, network.out), tape, prediction, loss, probe)
    gradient = probe.arranged(flat(loss.gradient(shaped(prediction, network.out), shaped(targets, network.out))))
    unscaled = np.zeros((prediction.shape[0], 1, 1), np.int64)
    upstream = Scaled.of(gradient, unscaled)
    dy = LossGradient(upstream.values, upstream.exponent, upstream.sums, loss, targets)
    network.chain.walk_back(tape, dy, probe, whole=False)
    probe.settle()
    if (truth := probe.truth) is not None:
        if not loss.fused:  # nothing is stored of it otherwise
            truth.begin(upstream)
        stored = Scaled.of(truth.stored(gradient * truth.unit), unscaled)
        dy = LossGradient(stored.values, stored.exponent, stored.sums, loss, targets, truth.unit)
        network.chain.walk_back(tape, dy, StoringProbe(truth, probe.arranged), whole=False)


def _have_twins(chain: Chain, plans: int) -> npt.NDArray[np.bool_]:
    """Whether, in the first trial of every plan, two units have the same weights, coming in and going out.

    Looked for between dense layers with nothing but activations between them.
    """
    found = np.zeros(plans, np.bool_)
    for inner in (inner for one in chain.nodes for inner in one.chains):
        found |= _have_twins(inner, plans)
    rows = [one for one in chain.nodes if not isinstance(one.node, ActivationLayer)]
    pairs = ((one, two) for one, two in pairwise(rows) if isinstance(one.node, Dense) and isinstance(two.node, Dense))
    for one, two in pairs:
        for place in _suspects(one.arrays[0][:, 0], plans):  # none nearly always
            *before, onward = (_firsts(array, plans)[place] for array in (*one.arrays, two.arrays[0]))
            found[place] |= _are_twins(before, onward)
    return found


def _suspects(firsts: Array, plans: int) -> Sequence[int]:
    """The plans in whose first trial two weights of (trials, units) are one."""
    if plans == 1:  # without a call of NumPy
        return range(int(len(set(firsts[0].tolist())) < firsts.shape[-1]))
    ordered = np.sort(_firsts(firsts, plans), axis=-1)
    found: list[int] = np.flatnonzero((ordered[:, 1:] == ordered[:, :-1]).any(axis=-1)).tolist()
    return found


def _firsts(array: Array, plans: int) -> Array:
    """The first trial of every plan, (plans, …), of (trials or 1, …)."""
    return np.broadcast_to(array[:: max(1, len(array) // plans)], (plans, *array.shape[1:]))


def _are_twins(before: Sequence[Array], onward: Array) -> bool:
    """Whether two columns are one in (fan_in, units) weights, (1, units) bias if any, and the next, transposed."""
    whole = np.concatenate([*before, onward.T])
    return len({column.tobytes() for column in np.ascontiguousarray(whole.T)}) < whole.shape[1]
