"""A plan → its report: chunks of trials are drawn, sent forward and back, measured, and judged together."""

from collections.abc import Iterator
from itertools import pairwise
from time import perf_counter

import numpy as np

from service.diagnosis.flags import Circumstances
from service.diagnosis.measures import Squares, has_identical_columns, squares, squares_by_samples
from service.diagnosis.recording import Recording
from service.diagnosis.statistics import Depth, NetworkTrials, layer_statistics
from service.diagnosis.tally import Numbers, Tally
from service.diagnosis.verdict import judge
from service.nn.layers.base import Transform
from service.results import SimulationReport
from service.simulation.compile import Chunk, compile_chunk
from service.simulation.crew import spread
from service.simulation.estimate import cost
from service.simulation.first_trial import FirstTrial
from service.simulation.passes import Backward, backward, forward
from service.simulation.plan import Plan, plan
from service.simulation.theory import theory_of
from service.spec import Include, SimulationSpec
from service.theory.bounds import largest_slope
from service.version import ENGINE_VERSION

_WORTH_A_PROCESS = 1e9
"""Operations by the estimate, 50 milliseconds: a process costs a few, and copies what it writes to."""


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
        digest=made.spec.digest(),
        verdict=verdict,
        layers=layers,
        theory=theory_of(made, verdict.depth_ratio.median),
        gradients=first.gradients[::-1] if Include.GRADIENTS in made.spec.include else None,
        spec=made.spec,
        engine_version=ENGINE_VERSION,
        elapsed_seconds=perf_counter() - started,
    )


def measure(made: Plan, processes: int = 1) -> tuple[Recording, FirstTrial]:
    """What is measured of every trial, and the first trial itself, the same for any number of processes."""
    tally, first = Tally.empty(made.trials, len(made.layers)), FirstTrial()
    for planned in made.layers:
        largest_slope(planned.layer.activation)  # proven once, before there are several processes
    shares = _shares(made, processes)
    found = spread(lambda share: _observe_share(made, shares[share], tally, first), len(shares))
    for trials, rows in zip(shares, found, strict=True):
        tally.take(slice(trials.start, trials.stop), rows)
    widths = [made.spec.network.features, *(planned.units for planned in made.layers)]
    return tally.recording(made.samples, widths), first


def chunks(made: Plan, trials: range) -> Iterator[range]:
    """`trials` in groups of about one size that are simulated together."""
    count = -(-len(trials) // cost(made).chunk)
    return _parts(trials, count)


def _shares(made: Plan, processes: int) -> list[range]:
    """The trials of each process: one for every ten milliseconds of work, up to `processes`."""
    worth = int(cost(made).floating_point_operations / _WORTH_A_PROCESS)
    return list(_parts(range(made.trials), max(1, min(processes, made.trials, worth))))


def _parts(trials: range, count: int) -> Iterator[range]:
    for part in range(count):
        yield trials[len(trials) * part // count : len(trials) * (part + 1) // count]


def _observe_share(made: Plan, share: range, tally: Tally, first: FirstTrial) -> list[Numbers]:
    """The tally's rows of the trials `share`, filled."""
    with np.errstate(all="ignore"):  # overflow is an outcome here, found by looking, not a mishap
        for trials in chunks(made, share):
            _observe(made, trials, tally, first)
    return tally.rows(slice(share.start, share.stop))


def _observe(made: Plan, trials: range, tally: Tally, first: FirstTrial) -> None:
    """Both passes over `trials`, measured into `tally`, and the first trial kept."""
    chunk, rows = compile_chunk(made, trials), slice(trials.start, trials.stop)
    signals = forward(chunk)
    tally.measure_signals(rows, [(chunk.inputs, chunk.inputs), *((signal.z, signal.h) for signal in signals)])
    for step in backward(chunk, signals, made.spec.loss):
        _measure(tally, rows, chunk, step)
        if trials.start == 0:
            first.keep(made, step, chunk.layers[step.index].transform)
    if trials.start == 0:
        first.twins = _has_twins(chunk)


def _measure(tally: Tally, rows: slice, chunk: Chunk, step: Backward) -> None:
    transform, activation = chunk.layers[step.index].transform, chunk.layers[step.index].activation
    tally.upstream.enter(rows, step.index, step.upstream.squares())
    tally.delta.enter(rows, step.index, step.delta.squares())
    tally.measure_derivative(step.index, step.derivative, rows.start, largest_slope(activation))
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
