"""A plan → its report: chunks of trials are drawn, sent forward and back, measured, and judged together."""

from collections.abc import Iterator
from itertools import pairwise
from time import perf_counter

import numpy as np

from service.diagnosis.flags import Circumstances
from service.diagnosis.measures import has_identical_columns
from service.diagnosis.recording import Recording
from service.diagnosis.statistics import Depth, NetworkTrials, layer_statistics
from service.diagnosis.verdict import judge
from service.nn.layers.base import Transform
from service.results import SimulationReport
from service.simulation.compile import Chunk, compile_chunk
from service.simulation.estimate import cost
from service.simulation.first_trial import FirstTrial
from service.simulation.passes import Backward, backward, forward
from service.simulation.plan import Plan, plan
from service.simulation.theory import theory_of
from service.spec import Include, SimulationSpec
from service.theory.bounds import largest_slope
from service.version import ENGINE_VERSION


def simulate(spec: SimulationSpec) -> SimulationReport:
    """The report on `spec`; a SpecError where it does not fit together."""
    return simulate_plan(plan(spec))


def simulate_plan(made: Plan) -> SimulationReport:
    """The report on a network that is planned already."""
    started = perf_counter()
    recording, first = Recording.empty(made.trials, len(made.layers)), FirstTrial()
    with np.errstate(all="ignore"):  # overflow is an outcome here, found by looking, not a mishap
        for trials in chunks(made):
            _observe(made, trials, recording, first)
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


def chunks(made: Plan) -> Iterator[range]:
    """The trials in groups that fit the memory."""
    size = cost(made).chunk
    for start in range(0, made.trials, size):
        yield range(start, min(start + size, made.trials))


def _observe(made: Plan, trials: range, recording: Recording, first: FirstTrial) -> None:
    """Both passes over `trials`, measured into `recording`, and the first trial kept."""
    chunk = compile_chunk(made, trials)
    signals = forward(chunk)
    recording.measure_signal(trials, 0, chunk.inputs, chunk.inputs)
    for position, signal in enumerate(signals, start=1):
        recording.measure_signal(trials, position, signal.z, signal.h)
    for step in backward(chunk, signals, made.spec.loss):
        _measure(recording, trials, chunk, step)
        if trials.start == 0:
            first.keep(made, step)
    if trials.start == 0:
        first.twins = _has_twins(chunk)


def _measure(recording: Recording, trials: range, chunk: Chunk, step: Backward) -> None:
    layer = chunk.layers[step.index]
    delta_decades = step.delta.decades()
    recording.measure_gradient(
        trials, step.index, (step.upstream.values, step.upstream.decades()), (step.delta.values, delta_decades)
    )
    recording.measure_derivative(trials, step.index, step.derivative, largest_slope(layer.activation))
    if step.gradients is not None and layer.transform.weights is not None:
        recording.measure_weights(trials, step.index, layer.transform.weights, step.gradients.weights, delta_decades)


def _has_twins(chunk: Chunk) -> bool:
    """Whether, in the first trial, two units of a hidden layer have the same weights, coming in and going out."""
    transforms = [layer.transform for layer in chunk.layers if layer.transform.weights is not None]
    return any(_are_twins(one, following) for one, following in pairwise(transforms))


def _are_twins(one: Transform, following: Transform) -> bool:
    if one.weights is None or one.bias is None or following.weights is None:
        return False
    incoming, outgoing = [one.weights[0], one.bias[0]], following.weights[0].T
    return has_identical_columns(np.concatenate([*incoming, outgoing], axis=0))
