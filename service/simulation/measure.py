"""A plan → what is measured of its trials: chunks of them are drawn, and sent forward and back under a probe.

The backward pass is linear in the gradient, so that is brought to order one at every node and its scale carried as a
power of two: nothing is rounded by it, and a ratio of 1e-1200 is a number like any other.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np

from service.core.arrays import Array
from service.nn.layers.activation import ActivationLayer
from service.nn.layers.base import Chain, flat, shaped
from service.nn.layers.dense import Dense
from service.nn.losses import Loss
from service.nn.scaled import Scaled
from service.processes.fork_map import fork_map
from service.simulation.drawing import Drawn, LossGradient, draw
from service.simulation.estimate import Cost, Regime, cost
from service.simulation.first_trial import FirstTrial
from service.simulation.plan import Plan
from service.simulation.precision import StoringProbe, Truth
from service.simulation.probe import Accumulator, MeasuringProbe
from service.simulation.scale import note_scale
from service.simulation.separation import Passes, single
from service.simulation.statistics import Measurements
from service.theory.bounds import largest_slope

_WORTH_A_HELPER = 1e8
"""Operations by the estimate, five milliseconds: to wake a helper and to hear from it may take one."""


@dataclass(frozen=True)
class Work:
    """A plan, and what is found out once, before there are several processes."""

    plan: Plan
    largest_slopes: list[float]  # the supremum of |φ'| of every node, 0 without an activation
    regime: Regime
    passes: Passes

    @classmethod
    def of(cls, made: Plan, costs: Cost) -> "Work":
        """The work of simulating `made` at these costs."""
        activations = [node.node.output_activation for node in made.nodes]
        return cls(
            made, [0.0 if one is None else largest_slope(one) for one in activations], costs.regime, costs.passes
        )


@dataclass(frozen=True)
class Measured:
    """What is measured of a plan."""

    measurements: Measurements  # of every trial
    first: FirstTrial  # what a report may carry of it
    twins: bool  # whether two hidden units in it are the same unit


def measure(made: Plan, processes: int = 1) -> Measured:
    """What is measured of a plan, the same for any number of processes."""
    costs = cost(made)
    worth = int(costs.floating_point_operations / _WORTH_A_HELPER)
    count = max(1, min(processes, worth, made.trials // 2))  # sums along a single trial would be rounded otherwise
    shares = list(_parts(range(made.trials), count))
    work = partial(observe, Work.of(made, costs))
    parts = fork_map(work, shares) if count > 1 else [work(shares[0])]
    return Measured(Measurements.of(Accumulator.joined([part for part, _, _ in parts]), made), *parts[0][1:])


def measure_together(plans: Sequence[Plan]) -> list[Measured]:
    """What is measured of each of some plans of one shape, which is what `measure` says of it alone."""
    return [measure(one) for one in plans]


def observe(work: Work, share: range) -> tuple[Accumulator, FirstTrial, bool]:
    """What is measured of the trials `share`; of the first trial, where it is among them, what a report may carry."""
    include = work.plan.spec.include
    half = work.plan.spec.precision.is_half
    found, twins = Accumulator.empty(share, len(work.plan.nodes), half), False
    first = FirstTrial(include, work.plan.samples)
    largest, along_trials = work.largest_slopes, work.regime.along_trials
    with np.errstate(all="ignore"):  # overflow is an outcome here, found by looking, not a mishap
        for trials in _parts(share, -(-len(share) // work.regime.together)):
            rows = slice(trials.start - share.start, trials.stop - share.start)
            wanted = first if trials.start == 0 and include else None
            network = draw(work.plan, trials)
            probe = MeasuringProbe(found, rows, largest, along_trials, wanted)
            probe.truth = Truth(found.lost, rows, work.plan) if half else None
            _pass(network, work.plan.spec.loss, probe)
            _separate(found, network, work, trials, rows.start)
            twins = twins or (trials.start == 0 and _has_twins(network.chain))
            del network  # before the next one is drawn
    return found, first, twins


def _separate(into: Accumulator, network: Drawn, work: Work, trials: range, start: int) -> None:
    """Measure how far inputs stay apart in the first few trials; those of `network` are entered from `start` on."""
    passes, made = work.passes, work.plan
    few = max(passes.similar_trials, passes.masked_trials)
    for place, trial in enumerate(trials[: max(0, few - trials.start)]):
        one = single(network, place)
        if trial < passes.similar_trials:
            into.separation.enter_similarity(start + place, one, made, trial, passes.together)
        if trial < passes.masked_trials:
            into.separation.enter_mask_noise(start + place, one, made, trial)


def _parts(trials: range, count: int) -> Iterator[range]:
    """So many groups of about one size."""
    for part in range(count):
        yield trials[len(trials) * part // count : len(trials) * (part + 1) // count]


def _pass(network: Drawn, loss: Loss, probe: MeasuringProbe) -> None:
    """Both passes, measured by `probe`; what overflows on the way forward is infinite or NaN from there on."""
    x, targets = probe.arranged(network.inputs), probe.arranged(network.targets)
    probe.inputs(x)
    prediction, tape = network.chain.forward(x, probe)
    note_scale(network, tape, prediction, loss, probe)
    gradient = probe.arranged(flat(loss.gradient(shaped(prediction, network.out), shaped(targets, network.out))))
    unscaled = np.zeros((prediction.shape[0], 1, 1), np.int64)
    upstream = Scaled.of(gradient, unscaled)
    dy = LossGradient(upstream.values, upstream.exponent, upstream.sums, loss, targets)
    network.chain.walk_back(tape, dy, probe, whole=False)
    if (truth := probe.truth) is not None:
        if not loss.fused:  # nothing is stored of it otherwise
            truth.begin(upstream)
        stored = Scaled.of(truth.stored(gradient * truth.unit), unscaled)
        dy = LossGradient(stored.values, stored.exponent, stored.sums, loss, targets, truth.unit)
        network.chain.walk_back(tape, dy, StoringProbe(truth, probe.arranged), whole=False)


def _has_twins(chain: Chain) -> bool:
    """Whether, in the first trial, two units have the same weights, coming in and going out.

    Looked for between dense layers with nothing but activations between them.
    """
    inside = [inner for one in chain.nodes for inner in one.chains]
    rows = [one for one in chain.nodes if not isinstance(one.node, ActivationLayer)]
    pairs = ((one, two) for one, two in pairwise(rows) if isinstance(one.node, Dense) and isinstance(two.node, Dense))
    return any(_are_twins(one.arrays, two.arrays[0]) for one, two in pairs) or any(map(_has_twins, inside))


def _are_twins(one: Sequence[Array], onward: Array) -> bool:
    """Whether two columns are one in (fan_in, units) weights, (1, units) bias if any, and the next, transposed."""
    first, columns = one[0][0, 0], one[0].shape[-1]
    if len(set(first.tolist())) == columns:  # as it is nearly always, and then nothing is copied
        return False
    whole = np.concatenate([*(array[0] for array in one), onward[0].T])
    return len({column.tobytes() for column in np.ascontiguousarray(whole.T)}) < columns
