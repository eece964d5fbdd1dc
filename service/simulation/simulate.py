"""A plan → its report: what was measured of its trials is judged together."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from math import fsum
from time import perf_counter

import numpy as np

from service.core.version import ENGINE_VERSION
from service.nn.layers.activation import ActivationLayer
from service.nn.layers.dense import Dense
from service.nn.randomness import Randomness
from service.simulation.causes import NetworkFacts
from service.simulation.drawing import INPUTS
from service.simulation.findings import findings_of
from service.simulation.gradients import StoredGradients
from service.simulation.measure import Measured, measure, measured_in_turn
from service.simulation.opinions import opinions_of
from service.simulation.plan import Plan, plan
from service.simulation.precision import stored_gradients
from service.simulation.reasons import Context, explain
from service.simulation.results import InitialScale, SimulationReport, Theory
from service.simulation.scale import scale_of
from service.simulation.spec import Include, SimulationSpec
from service.simulation.spreads import layer_numbers, layer_statistics
from service.simulation.statistics import Measurements, NetworkTrials, along_steps
from service.simulation.verdict import Decision, JudgedNetwork, decisions_on, judge, verdict_of
from service.theory.mean_field import HiddenLayers, Prediction, predict
from service.theory.signals import LARGEST_VARIANCE, Signal


def simulate(spec: SimulationSpec, processes: int = 1) -> SimulationReport:
    """The report on `spec`, the same for any number of processes; a SpecError where it does not fit together."""
    return simulate_plan(plan(spec), processes)


def simulate_plan(made: Plan, processes: int = 1) -> SimulationReport:
    """The report on a network that is planned already, by at most so many processes."""
    return simulate_trials(made, processes)[0]


def simulate_trials(made: Plan, processes: int = 1) -> tuple[SimulationReport, NetworkTrials]:
    """The report on a network that is planned already, and what it says of every trial."""
    started = perf_counter()
    return _reported(made, measure(made, processes), started)


def simulate_together(
    plans: Sequence[Plan], processes: int = 1
) -> Iterator[tuple[int, SimulationReport, NetworkTrials]]:
    """The same of some networks with their numbers, shape by shape; only those of one stack are in memory at once."""
    started = perf_counter()
    for number, measured in measured_in_turn(plans, processes):
        yield number, *_reported(plans[number], measured, started)
        started = perf_counter()


def _reported(made: Plan, measured: Measured, started: float) -> tuple[SimulationReport, NetworkTrials]:
    found, first = measured.measurements, measured.first
    made = along_worst_branch(found, made)
    layers = layer_statistics(found, made, float(np.log10(made.loss_factor)), first)
    precision = stored_gradients(found.lost, made)
    facts = _facts(made, measured.twins, precision)
    trials = NetworkTrials.of(found, made)
    decided, scale = judge(trials, layers, made.spec.policy, facts), scale_of(made, found, trials)
    theory = theory_of(made, decided.depth_ratio.median)
    verdict = verdict_of(decided, explain(decided, _context(made, theory, scale)))
    report = SimulationReport(
        digest=made.digest,
        verdict=verdict,
        scale=scale,
        findings=findings_of(made, verdict, scale, layers, precision),
        layers=layers,
        precision=precision,
        theory=theory,
        gradients=first.gradients(made) if made.spec.include else None,
        opinions=opinions_of(made, verdict.label, verdict.judged_ratio.median)
        if Include.OPINIONS in made.spec.include
        else None,
        spec=made.spec,
        engine_version=ENGINE_VERSION,
        elapsed_seconds=perf_counter() - started,
    )
    return report, trials


def judged(made: Plan, measured: Measured) -> Decision:
    """What is decided of a network, as its report says it; without a report, this is all that is worked out."""
    made = along_worst_branch(measured.measurements, made)
    return _decided([made], [measured], measured.measurements)[0]


def diagnosed(made: Plan, measured: Measured) -> tuple[Decision, InitialScale, StoredGradients | None]:
    """What is decided of a network, its scale, and what 16 bits lose of it, as its report says them."""
    found = measured.measurements
    made = along_worst_branch(found, made)
    scale = scale_of(made, found, NetworkTrials.of(found, made))
    return _decided([made], [measured], found)[0], scale, stored_gradients(found.lost, made)


def judged_together(plans: Sequence[Plan], measured: Sequence[Measured]) -> list[Decision]:
    """The same of each of some networks of one shape, which is what `judged` says of it alone."""
    first, notes = plans[0], measured[0].measurements.notes
    if len(plans) == 1 or len(first.ways) > 1 or along_steps(notes):  # whose branch, or layer, is its own
        return [judged(made, found) for made, found in zip(plans, measured, strict=True)]
    return _decided(plans, measured, Measurements.joined([one.measurements for one in measured]))


def _decided(plans: Sequence[Plan], measured: Sequence[Measured], joined: Measurements) -> list[Decision]:
    networks = [
        JudgedNetwork(made.spec.policy, _facts(made, one.twins, None), partial(layer_numbers, one.measurements, made))
        for made, one in zip(plans, measured, strict=True)
    ]
    return decisions_on(NetworkTrials.of(joined, plans[0]), networks)


def _facts(made: Plan, twins: bool, precision: StoredGradients | None) -> NetworkFacts:
    """What is known of a network beside its statistics; whether it has `twins`, and what 16 bits lose, are given."""
    return NetworkFacts(
        hidden=len(made.depth.gradients),
        sum_inverse_width=sum(1.0 / made.nodes[row].features for row in made.depth.gradients),
        symmetric=twins,
        random=made.random,
        log10_smallest_normal=float(np.log10(made.spec.precision.limits.tiny)),
        branch=made.depth.branch,
        weighted=frozenset(node.row + 1 for node in made.nodes if node.weights),
        without_way=frozenset(node.row + 1 for node in made.nodes if node.without_way),
        precision=precision,
        fewest_in_statistics=made.fewest_in_statistics,
        activations={
            node.row + 1: activation for node in made.nodes if (activation := node.node.output_activation) is not None
        },
        dense=made.dense,
    )


def _context(made: Plan, theory: Theory, scale: InitialScale) -> Context:
    """What the reasons of a verdict may be about beside what was judged."""
    hidden = [made.nodes[row].features for row in made.depth.gradients]
    return Context(theory, scale, made.spec.network.size, min(hidden, default=0))


def report_json(made: Plan, processes: int = 1) -> bytes:
    """The report on a network that is planned already, as JSON: what a worker process is asked for."""
    return simulate_plan(made, processes).model_dump_json().encode()


def along_worst_branch(found: Measurements, made: Plan) -> Plan:
    """`made` with its hidden layers along the branch whose depth ratio is farthest from 0, in the median trial."""

    def size(way: int) -> float:
        known = np.abs(NetworkTrials.of(found, replace(made, way=way)).depth_ratio)
        return float(np.median(np.where(np.isnan(known), np.inf, known)))

    return made if len(made.ways) == 1 else replace(made, way=max(range(len(made.ways)), key=size))


def theory_of(made: Plan, measured: float | None) -> Theory:
    """The prediction of mean field theory; `measured` is the median depth ratio."""
    prediction = _prediction(made)
    if prediction.reason is not None:
        return Theory(
            depth_ratio=None,
            difference=None,
            log10_backward_gain=[],
            reason=prediction.reason,
            time_ratio=prediction.log10_time_ratio,
        )
    predicted = fsum(prediction.log10_backward_gain)
    return Theory(
        depth_ratio=predicted,
        difference=None if measured is None else measured - predicted,
        log10_backward_gain=prediction.log10_backward_gain,
        reason=None,
        time_ratio=prediction.log10_time_ratio,
    )


def _prediction(made: Plan) -> Prediction:
    if not set(made.depth.gradients) <= set(made.depth.top):
        return Prediction([], "Hidden layers are inside a block here; the theory follows those of the top list alone.")
    square = made.spec.inputs().mean_square()
    inputs = Signal(square)
    if not all(isinstance(one.node, Dense | ActivationLayer) for one in made.nodes):
        stream = Randomness(made.spec.seed, range(1)).tensor(INPUTS)
        inputs = Signal.of_batch(square, made.spec.inputs().draw((made.samples, made.spec.network.size), stream)[0])
    places = [made.depth.top.index(row) for row in made.depth.gradients]
    largest = min(float(made.spec.precision.limits.max), LARGEST_VARIANCE**0.5) ** 2
    return predict(HiddenLayers(made.top, places, made.depth.plain), inputs, made.samples, largest)
