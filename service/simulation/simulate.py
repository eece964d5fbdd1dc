"""A plan → its report: chunks of trials are drawn, sent forward and back, measured, and judged together."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from time import perf_counter

import numpy as np
import numpy.typing as npt

from service.diagnosis.measures import LOG10_2, Decades, has_identical_columns, histogram
from service.diagnosis.recording import Recording
from service.diagnosis.statistics import Depth, layer_statistics, network_statistics
from service.diagnosis.verdict import judge
from service.nn.arrays import Array
from service.results import Histogram, LayerGradients, LayerHistograms, SimulationReport
from service.simulation.compile import Chunk, compile_chunk
from service.simulation.estimate import cost
from service.simulation.passes import Backward, Scaled, backward, forward
from service.simulation.plan import Plan, plan
from service.spec import Include, SimulationSpec
from service.version import ENGINE_VERSION

_BINS = 40


def simulate(spec: SimulationSpec) -> SimulationReport:
    """The report on `spec`; a SpecError where it does not fit together."""
    return simulate_plan(plan(spec))


def simulate_plan(made: Plan) -> SimulationReport:
    """The report on a network that is planned already."""
    started = perf_counter()
    observed = Observed(Recording.empty(made.trials, len(made.layers)))
    with np.errstate(all="ignore"):  # overflow is an outcome here, found by looking, not a mishap
        for trials in chunks(made):
            _observe(made, trials, observed)
    shapes = [planned.shape() for planned in made.layers]
    depth = Depth.of([planned.layer.weighted for planned in made.layers])
    widths = [planned.units for planned in made.layers]
    recording = observed.recording
    network = network_statistics(recording, depth, widths, made.spec.precision.value)
    loss_decades = float(np.log10(made.spec.loss.factor(made.outputs)))
    layers = layer_statistics(recording, shapes, loss_decades, observed.histograms)
    return SimulationReport(
        digest=made.spec.digest(),
        verdict=judge(network, layers, made.spec.policy),
        layers=layers,
        gradients=observed.gradients[::-1] if Include.GRADIENTS in made.spec.include else None,
        spec=made.spec,
        engine_version=ENGINE_VERSION,
        elapsed_seconds=perf_counter() - started,
    )


def chunks(made: Plan) -> Iterator[range]:
    """The trials in groups that fit the memory."""
    size = cost(made).chunk
    for start in range(0, made.trials, size):
        yield range(start, min(start + size, made.trials))


@dataclass(frozen=True)
class Observed:
    """What is kept when a chunk is done."""

    recording: Recording
    histograms: dict[int, LayerHistograms] = field(default_factory=dict)
    gradients: list[LayerGradients] = field(default_factory=list)  # from the last layer to the first


def _observe(made: Plan, trials: range, observed: Observed) -> None:
    """Both passes over `trials`, measured into `observed`."""
    chunk = compile_chunk(made, trials)
    recording = observed.recording
    signals = forward(chunk)
    recording.measure_signal(trials, 0, chunk.inputs)
    for position, signal in enumerate(signals, start=1):
        recording.measure_signal(trials, position, signal.h)
    for step in backward(chunk, signals, made.spec.loss):
        _measure(recording, trials, chunk, step)
        if trials.start == 0:
            _keep_first_trial(made, step, observed)
    if trials.start == 0:
        recording.symmetric.extend(_symmetric(layer.transform.weights, layer.transform.bias) for layer in chunk.layers)


def _measure(recording: Recording, trials: range, chunk: Chunk, step: Backward) -> None:
    layer = chunk.layers[step.index]
    delta_decades = _decades(step.delta)
    recording.measure_gradient(
        trials, step.index, (step.upstream.values, _decades(step.upstream)), (step.delta.values, delta_decades)
    )
    recording.measure_derivative(trials, step.index, step.derivative, layer.activation.largest_slope())
    if step.gradients is not None and layer.transform.weights is not None:
        recording.measure_weights(
            trials, step.index, layer.transform.weights, step.gradients.weights, delta_decades
        )


def _keep_first_trial(made: Plan, step: Backward, observed: Observed) -> None:
    include = made.spec.include
    if Include.HISTOGRAMS in include:
        observed.histograms[step.index] = _histograms(step)
    if Include.GRADIENTS in include:
        factor = made.spec.loss.factor(made.outputs)
        observed.gradients.append(_factors(made.layers[step.index].path, step, factor, made.samples))


def _histograms(step: Backward) -> LayerHistograms:
    edges, counts = histogram(step.derivative[0], _BINS)
    derivative = Histogram(edges=edges, counts=counts, zeros=0)
    if step.gradients is None:
        return LayerHistograms(derivative=derivative, log10_weight_gradient=None)
    sizes = np.log10(np.abs(step.gradients.weights[0]).astype(np.float64)) + _decades(step.delta)[0]
    edges, counts = histogram(sizes, _BINS)
    zeros = int(np.isneginf(sizes).sum())
    return LayerHistograms(
        derivative=derivative, log10_weight_gradient=Histogram(edges=edges, counts=counts, zeros=zeros)
    )


def _factors(path: str, step: Backward, factor: float, samples: int) -> LayerGradients:
    """The first trial's gradient at one layer, of the mean loss over the batch."""
    exponent = step.delta.exponent[0, 0, 0]

    def plain(values: Array, scale: float) -> npt.NDArray[np.object_]:
        restored = np.ldexp(values.astype(np.float64) * scale, exponent)
        return np.where(np.isfinite(restored), restored, None)

    gradients = step.gradients
    return LayerGradients(
        path=path,
        weights=plain(gradients.weights[0], factor).tolist() if gradients else None,
        bias=plain(gradients.bias[0], factor).tolist() if gradients else None,
        delta=plain(step.delta.values[0], factor / samples).tolist(),
        derivative=np.where(np.isfinite(step.derivative[0]), step.derivative[0], None).tolist(),
    )


def _symmetric(weights: Array | None, bias: Array | None) -> bool:
    if weights is None or bias is None:
        return False
    return has_identical_columns(np.concatenate([weights[0], bias[0]], axis=0))


def _decades(scaled: Scaled) -> Decades:
    return scaled.exponent[:, 0, 0] * LOG10_2
