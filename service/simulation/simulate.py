"""A plan → its report: chunks of trials are drawn, sent forward and back, measured, and judged together."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from time import perf_counter

import numpy as np

from service.core.version import ENGINE_VERSION
from service.nn.layers.base import Transform
from service.processes.fork_map import fork_map
from service.simulation.compile import Chunk, compile_chunk
from service.simulation.diagnosis.flags import Circumstances
from service.simulation.diagnosis.measures import Squares, has_identical_columns, squares, squares_by_samples
from service.simulation.diagnosis.recording import Recording
from service.simulation.diagnosis.statistics import Depth, NetworkTrials, layer_statistics
from service.simulation.diagnosis.tally import Tally
from service.simulation.diagnosis.verdict import judge
from service.simulation.estimate import cost
from service.simulation.first_trial import FirstTrial
from service.simulation.passes import Backward, backward, forward
from service.simulation.plan import Plan, plan
from service.simulation.regime import Regime
from service.simulation.results import SimulationReport
from service.simulation.spec import Include, SimulationSpec
from service.simulation.theory import theory_of
from service.theory.bounds import largest_slope

_WORTH_A_HELPER = 1e8
"""Operations by the estimate, five milliseconds: to wake a helper and to hear from it may take one."""


def simulate(spec: SimulationSpec, processes: int = 1) -> SimulationReport:
    """The report on `spec`, the same for any number of processes; a SpecError where it does not fit together."""
    return simulate_plan(plan(spec), processes)


def simulate_plan(made: Plan, processes: int = 1) -> SimulationReport:
    """The report on a network that is planned already, by at most so many processes."""
    started = perf_counter()
    recording, first = measure(made, processes)
    depth = Depth.of([planned.layer.weighted for planned in made.layers])
    loss_decades = float(np.log10(made.spec.loss.factor(made.outputs)))
    shapes = [planned.shape() for planned in made.layers]
    layers = layer_statistics(recording, shapes, loss_decades, first.histograms)
    circumstances = Circumstances(
        width_risk=sum(1.0 / made.layers[start].units for start in depth.starts),
        symmetric=first.twins,
        random=made.random,
        log10_smallest_normal=float(np.log10(np.finfo(made.spec.precision.value).tiny)),
    )
    network = NetworkTrials.of(recording, depth)
    verdict = judge(network, depth, layers, made.spec.policy, circumstances)
    return SimulationReport(
        digest=made.digest,
        verdict=verdict,
        layers=layers,
        theory=theory_of(made, verdict.depth_ratio.median),
        gradients=first.gradients[::-1] if Include.GRADIENTS in made.spec.include else None,
        spec=made.spec,
        engine_version=ENGINE_VERSION,
        elapsed_seconds=perf_counter() - started,
    )


def report_json(made: Plan, processes: int = 1) -> bytes:
    """The report on a network that is planned already, as JSON: what a worker process is asked for."""
    return simulate_plan(made, processes).model_dump_json().encode()


@dataclass(frozen=True)
class Work:
    """A plan, and what is found out once, before there are several processes."""

    plan: Plan
    largest_slopes: list[float]  # the supremum of |φ'| of every layer
    regime: Regime

    @classmethod
    def of(cls, made: Plan, regime: Regime) -> "Work":
        """On `made`."""
        return cls(made, [largest_slope(planned.layer.activation) for planned in made.layers], regime)


def measure(made: Plan, processes: int = 1) -> tuple[Recording, FirstTrial]:
    """What is measured of every trial, and the first trial itself, the same for any number of processes."""
    costs = cost(made)
    worth = int(costs.floating_point_operations / _WORTH_A_HELPER)
    count = max(1, min(processes, worth, made.trials // 2))  # sums along a single trial would be rounded otherwise
    found = fork_map(partial(observe, Work.of(made, costs.regime)), list(_parts(range(made.trials), count)))
    tally = Tally.joined([part for part, _ in found])
    widths = [made.spec.network.features, *(planned.units for planned in made.layers)]
    return tally.recording(made.samples, widths), found[0][1]


def observe(work: Work, share: range) -> tuple[Tally, FirstTrial]:
    """What is measured of the trials `share`, and what is kept of the first trial where it is among them."""
    tally, first = Tally.empty(share, len(work.plan.layers)), FirstTrial()
    with np.errstate(all="ignore"):  # overflow is an outcome here, found by looking, not a mishap
        for trials in _parts(share, -(-len(share) // work.regime.together)):
            rows = slice(trials.start - share.start, trials.stop - share.start)
            chunk = compile_chunk(work.plan, trials, work.regime.along_trials)
            _observe(work, chunk, tally, rows, first if trials.start == 0 else None)
    return tally, first


def _parts(trials: range, count: int) -> Iterator[range]:
    """So many groups of about one size."""
    for part in range(count):
        yield trials[len(trials) * part // count : len(trials) * (part + 1) // count]


def _observe(work: Work, chunk: Chunk, tally: Tally, rows: slice, first: FirstTrial | None) -> None:
    """Both passes over `chunk`, measured into the `rows` of `tally`, and its first trial kept in `first`."""
    signals = forward(chunk)
    tally.measure_signals(rows, [(chunk.inputs, chunk.inputs), *((signal.z, signal.h) for signal in signals)])
    for step in backward(chunk, signals, work.plan.spec.loss):
        transform = chunk.layers[step.index].transform
        _measure(tally, rows, transform, step)
        tally.measure_derivative(rows, step.index, step.derivative, work.largest_slopes[step.index])
        if first is not None:
            first.keep(work.plan, step, transform)
    if first is not None:
        first.twins = _has_twins(chunk)


def _measure(tally: Tally, rows: slice, transform: Transform, step: Backward) -> None:
    tally.upstream.enter(rows, step.index, step.upstream.squares())
    tally.delta.enter(rows, step.index, step.delta.squares())
    if transform.weights is not None:
        tally.weights.enter(rows, step.index, squares(transform.weights))
        found = _gradient_squares(transform, step)
        tally.weight_gradient.enter(rows, step.index, Squares(found.sums, found.exponents + step.delta.exponents()))


def _gradient_squares(transform: Transform, step: Backward) -> Squares:
    """Of the weights' gradient, by way of products of samples where that is cheaper and exact enough."""
    pair = transform.gradient_by_samples(step.x, step.delta.values)
    sums = np.full(step.delta.sums.shape, np.nan) if pair is None else squares_by_samples(*pair)
    unknown = np.isnan(sums)
    gradient = transform.weight_gradient(step.x, step.delta.values) if unknown.any() else None
    if gradient is None:
        return Squares(sums, np.zeros(sums.shape))
    found = squares(gradient)
    return Squares(np.where(unknown, found.sums, sums), np.where(unknown, found.exponents, 0.0))


def _has_twins(chunk: Chunk) -> bool:
    """Whether, in the first trial, two units of a hidden layer have the same weights, coming in and going out."""
    transforms = [layer.transform for layer in chunk.layers if layer.transform.weights is not None]
    return any(_are_twins(one, following) for one, following in pairwise(transforms))


def _are_twins(one: Transform, following: Transform) -> bool:
    if one.weights is None or one.bias is None or following.weights is None:
        return False
    return has_identical_columns(one.weights[0], one.bias[0], following.weights[0].T)
