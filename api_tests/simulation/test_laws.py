"""Laws of the numbers in a report that hold in every network, tried on random trees; and in both precisions."""

from collections.abc import Iterator
from math import fsum, isfinite
from typing import Any

import numpy as np
import pytest

from api_tests.nn.given_layers import Json, asked, repeated
from api_tests.nn.variants import every, named
from api_tests.simulation.random_trees import printed, tree
from service.nn.activations import Activation
from service.nn.activations.smooth import Linear, Sigmoid, Softmax, Tanh
from service.nn.losses import CrossEntropy, Loss, SquaredError
from service.simulation.layer_results import LayerStatistics, Spread
from service.simulation.plan import plan
from service.simulation.results import SimulationReport
from service.simulation.simulate import simulate
from service.simulation.spec import SimulationSpec

SEEDS = range(300)
PLAIN = {"dense", "activation", "prelu", "convolution", "depthwise_convolution", "transposed_convolution"}
PLAIN |= {"pooling", "global_pooling", "upsampling", "padding", "cropping", "flatten", "reshape"}
PLAIN |= {"dropout", "scale", "position_embedding"}
NEARLY_ZERO = -4.0  # decades
HIDDEN: list[Activation] = [one for one in every(Activation) if not one.only_output]
LOSSES: list[Loss] = every(Loss)


@pytest.fixture(scope="module")
def reports() -> list[SimulationReport]:
    """Of some random trees, one trial each."""
    return [simulate(tree(seed, include=["gradients"])) for seed in SEEDS]


def gain_of(layer: LayerStatistics) -> float | None:
    return layer.log10_backward_gain.median


def test_the_accounts_of_every_gain_add_up_to_it(reports: list[SimulationReport]) -> None:
    for report in reports:
        for layer in report.layers:
            booked = [share.median for _, share in layer.log10_gain if share is not None]
            if gain_of(layer) is None:
                assert None in booked, printed(report.spec)
            else:
                assert fsum(booked) == pytest.approx(gain_of(layer), abs=1e-12), printed(report.spec)


def test_gains_from_the_first_hidden_layer_on_add_up_to_the_end_to_end_ratio(reports: list[SimulationReport]) -> None:
    for report in reports:
        depth = plan(report.spec).depth
        if not set(depth.gradients) <= set(depth.top):
            continue  # of layers inside a block gains are those of the branch
        top = [report.layers[row] for row in depth.top]
        first = next((place for place, layer in enumerate(top) if layer.boundary), 0)
        gains, whole = [gain_of(layer) for layer in top[first:]], report.verdict.end_to_end_ratio.median
        assert (whole is None) == (None in gains), printed(report.spec)
        if whole is not None:
            assert fsum(gains) == pytest.approx(whole, abs=1e-11), printed(report.spec)  # type: ignore[arg-type]


def test_the_depth_ratio_is_that_of_delta_at_the_first_and_the_last_boundary(reports: list[SimulationReport]) -> None:
    several = 0
    for report in reports:
        ends = [layer.log10_delta_norm.median for layer in report.layers if layer.boundary]
        ratio = report.verdict.depth_ratio.median
        if not ends or None in (ends[0], ends[-1]):
            assert ratio is None, printed(report.spec)
        else:
            assert ratio == pytest.approx(ends[0] - ends[-1], abs=1e-11), printed(report.spec)  # type: ignore[operator]
            several += len(ends) > 1
    assert several > 100


def test_the_depth_counts_layers_of_the_top_list_and_of_blocks_that_pass_nothing_on_unchanged_and_not_the_output(
    reports: list[SimulationReport],
) -> None:
    inside = 0
    for report in reports:
        made = plan(report.spec)
        boundaries = {row for row, layer in enumerate(report.layers) if layer.boundary}
        cut = {one.row for node in made.top if node.node.cut for chain in node.chains for one in chain}
        assert boundaries <= set(made.depth.top[:-1]) | cut, printed(report.spec)
        inside += bool(boundaries & cut)
    assert inside > 5


def test_every_number_of_a_report_is_finite_or_null(reports: list[SimulationReport]) -> None:
    for report in reports:
        assert all(map(isfinite, numbers(report.model_dump(mode="json")))), printed(report.spec)


def numbers(value: Any) -> Iterator[float]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from numbers(one)
    elif isinstance(value, int | float):
        yield value


def test_plain_stacks_are_measured_at_pre_activations_and_all_others_at_outputs(
    reports: list[SimulationReport],
) -> None:
    """∂e/∂z of a report's gradients, which are of the mean loss, is delta where the network is plain."""
    plain = 0
    for report in reports:
        made = plan(report.spec)
        if made.depth.plain:
            opens = [one.opens for one in made.top]
            top = [layer.kind for layer in report.layers if not layer.inside]
            assert set(top[opens.index(True) if True in opens else 0 :]) <= PLAIN, printed(report.spec)
            plain += 1
        for layer, found in zip(report.layers, report.gradients or [], strict=True):
            if (made.depth.plain and not layer.inside) or found.derivative is None:
                delta = made.samples * np.array(found.delta, np.float64)
                norm = np.sqrt(np.square(delta).sum() / made.samples)
                expected = pytest.approx(np.log10(norm), abs=1e-11) if norm > 0.0 else None
                assert layer.log10_delta_norm.median == expected, printed(report.spec)
    assert plain > 10


def decades_of(layer: LayerStatistics) -> dict[str, float | None]:
    """Every number of a layer that is in decades, by its name."""
    shares = {f"log10_gain/{name}": share.median for name, share in layer.log10_gain if share is not None}
    spreads = {name: spread.median for name, spread in layer if isinstance(spread, Spread)}
    return shares | spreads


def both_precisions(spec: Json) -> Iterator[tuple[dict[str, float | None], dict[str, float | None], str]]:
    """Every layer in single and in double precision, and its path."""
    single, double = (
        simulate(SimulationSpec.model_validate({**spec, "precision": one})).layers for one in ("float32", "float64")
    )
    for ours, theirs in zip(single, double, strict=True):
        yield decades_of(ours), decades_of(theirs), ours.path


def assert_same(found: dict[str, float | None], expected: dict[str, float | None], what: str) -> None:
    """But for the directions of samples, where these differ by little more than last digits or some are nearly zero."""
    assert found.keys() == expected.keys()
    spread, forward = expected["log10_angular_spread"], expected["log10_forward_rms"]
    directed = spread is not None and forward is not None and spread > -3.5 and forward > -12.0
    for name, number in expected.items():
        if directed or name != "log10_angular_spread":
            assert found[name] == (None if number is None else pytest.approx(number, abs=1e-3)), f"{name} at {what}"


@pytest.mark.parametrize(
    ("activation", "loss"),
    [*((one, SquaredError()) for one in HIDDEN), *((Tanh(), loss) for loss in LOSSES)],
    ids=named,
)
def test_single_precision_finds_the_same_decades(activation: Activation, loss: Loss) -> None:
    weak = {"kind": "variance_scaling", "scale": 0.25}  # a saturated prediction has a gradient of its precision's own
    hidden = {"kind": "dense", "units": 16, "activation": asked(activation), "weights": weak}
    output = Softmax() if loss == CrossEntropy() else Sigmoid() if loss.probability else Linear()
    layers = [repeated(6, hidden), {"kind": "dense", "units": 3, "activation": asked(output)}]
    spec = {"network": {"features": 8, "layers": layers}, "loss": asked(loss), "trials": 4}
    for found, expected, path in both_precisions(spec):
        assert_same(found, expected, path)


def test_single_precision_finds_the_same_decades_in_trees_in_which_nothing_is_nearly_zero() -> None:
    compared = 0
    for seed in SEEDS[:100]:
        spec = tree(seed, smooth=True)
        layers = list(both_precisions(spec.model_dump(mode="json")))
        if all(number is None or number > NEARLY_ZERO for _, expected, _ in layers for number in expected.values()):
            compared += 1
            for found, expected, path in layers:
                assert_same(found, expected, f"{path} of {printed(spec)}")
    assert compared > 60
