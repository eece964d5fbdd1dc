"""What other tools and published measures say of a network at initialisation."""

from typing import Any

import numpy as np
import pytest

from api_tests.networks import Json, report, stack
from service.simulation.opinions import Opinions
from service.simulation.rival_rules import RULES, Activated, Observed, Rule
from service.simulation.vocabulary import Label

STEP = 1e-9
NAMED = {(one.tool, one.name): one for one in RULES}


def rule(tool: str, name: str) -> Rule:
    return NAMED[tool, name]


def seen(gradients: list[Any] = [], weights: list[Any] = [], activations: Any = (), rate: float = 0.01) -> Observed:  # noqa: B006
    arrays = [np.array(one, dtype=float) for one in gradients]
    matrices = [np.array(one, dtype=float) for one in weights] or [np.ones_like(one) for one in arrays]
    return Observed(arrays, matrices, list(activations), rate)


def activated(kind: str, before: Any, behind: Any = None) -> Activated:
    """Of (samples, units)."""
    return Activated(kind, np.array(before, float), np.array(before if behind is None else behind, float))


def raised(tool: str, name: str, observed: Observed) -> bool:
    return rule(tool, name).opinion(observed, Label.STABLE, 0.0).raised


def alternating(size: float) -> list[list[float]]:
    """A gradient of mean 0 and entries of that size."""
    return [[size, -size], [-size, size]]


THRESHOLDS: list[tuple[str, str, float, bool]] = [
    ("SageMaker Debugger", "VanishingGradient", 1e-7, False),
    ("DeepDiagnosis", "Vanishing Gradient", 1e-7, False),
    ("TheDeepChecker", "vanishing gradient", 1e-6, False),
    ("TheDeepChecker", "exploding gradient", 1e6, True),
    ("nnscope", "largest mean", 100.0, True),
    ("NeuroScope", "smallest RMS", 1e-7, False),
    ("NeuroScope", "largest norm", 5.0, True),
    ("NeuroScope", "total norm", 10.0, True),
]


@pytest.mark.parametrize(("tool", "name", "threshold", "above"), THRESHOLDS)
def test_a_rule_of_absolute_sizes_changes_its_mind_at_its_threshold(
    tool: str, name: str, threshold: float, above: bool
) -> None:
    size = threshold / 2.0 if "norm" in name else threshold  # the norm of four entries is twice their size
    for factor, beyond in ((1.0 + STEP, above), (1.0 - STEP, not above)):
        assert raised(tool, name, seen([alternating(size * factor)])) is beyond
    opinion = rule(tool, name).opinion(seen([alternating(size)]), Label.STABLE, 0.0)
    assert opinion.number == pytest.approx(threshold)
    assert opinion.threshold == threshold


def test_one_number_that_is_not_finite_is_an_exploding_tensor() -> None:
    name = "SageMaker Debugger", "ExplodingTensor"
    assert not raised(*name, seen([[[1e300]]]))
    assert raised(*name, seen([[[np.inf]]]))
    assert raised(*name, seen([[[1.0]]], [[[np.nan]]]))


def test_autotrainer_wants_a_small_ratio_and_a_small_first_gradient() -> None:
    name = "AutoTrainer", "gradient vanish, first over last"
    assert raised(*name, seen([[[9.9e-5]], [[0.1]]]))
    assert not raised(*name, seen([[[1.1e-4]], [[1.0]]]))
    assert not raised(*name, seen([[[1.01e-5]], [[0.01]]]))
    assert raised(*name, seen([[[0.99e-5]], [[0.01]]]))


def test_autotrainer_calls_a_ratio_above_70_exploding() -> None:
    name = "AutoTrainer", "gradient explode, first over last"
    assert not raised(*name, seen([[[70.0]], [[1.0]]]))
    assert raised(*name, seen([[[70.1]], [[1.0]]]))


def test_autotrainer_calls_seven_tenths_of_zeros_dying() -> None:
    name = "AutoTrainer", "dying ReLU, zeros"
    assert raised(*name, seen([[[0.0] * 7 + [1.0] * 3]]))
    assert not raised(*name, seen([[[0.0] * 6 + [1.0] * 4]]))


def test_nnscope_compares_the_last_mean_with_the_first() -> None:
    assert not raised("nnscope", "last over first", seen([[[1.0]], [[1000.0]]]))
    assert raised("nnscope", "last over first", seen([[[1.0]], [[1001.0]]]))


def test_neuroscope_takes_larger_early_variances_for_vanishing() -> None:
    name = "NeuroScope", "variances of neighbours"
    assert not raised(*name, seen([alternating(np.sqrt(1.99)), alternating(1.0)]))
    assert raised(*name, seen([alternating(np.sqrt(2.01)), alternating(1.0)]))


@pytest.mark.parametrize(("kind", "most"), [("sigmoid", 3), ("tanh", 5)])
def test_neuroscope_counts_layers_by_name(kind: str, most: int) -> None:
    for count, beyond in ((most, False), (most + 1, True)):
        layers = [activated(kind, [[0.0]])] * count
        assert raised("NeuroScope", f"{kind} layers", seen([[[1.0]]], activations=layers)) is beyond


def test_a_relu_is_dead_where_it_works_on_less_than_a_hundredth_of_samples_in_more_than_half_of_units() -> None:
    name = "SageMaker Debugger", "DeadRelu, % of units"
    units = np.zeros((200, 4))
    units[0, :2] = 1.0  # half a percent of samples
    units[:2, 2:] = 1.0  # exactly a percent
    assert not raised(*name, seen(activations=[activated("relu", units)]))
    units[1, 2] = 0.0
    assert raised(*name, seen(activations=[activated("relu", units)]))
    assert not raised(*name, seen(activations=[activated("tanh", units)]))


@pytest.mark.parametrize(("kind", "inside", "outside"), [("tanh", 9.499, 9.5), ("sigmoid", -22.9, -23.1)])
def test_units_are_saturated_for_sagemaker_beyond_a_derivative_of_1e_7(
    kind: str, inside: float, outside: float
) -> None:
    name = "SageMaker Debugger", "SaturatedActivation, % of units"
    for value, beyond in ((inside, False), (outside, True)):
        assert raised(*name, seen(activations=[activated(kind, [[value, value, value]])])) is beyond
    assert not raised(*name, seen(activations=[activated(kind, [[outside, inside]])]))


def test_deepdiagnosis_counts_what_is_not_positive_and_what_is_beyond_5() -> None:
    dead = "DeepDiagnosis", "Dead Node, % of outputs"
    assert raised(*dead, seen(activations=[activated("relu", [[0.0]] * 7 + [[1.0]] * 3)]))
    assert not raised(*dead, seen(activations=[activated("relu", [[0.0]] * 69 + [[1.0]] * 31)]))
    flat = "DeepDiagnosis", "Saturated Activation, % of inputs"
    assert not raised(*flat, seen(activations=[activated("tanh", [[5.1, 4.9]])]))
    assert raised(*flat, seen(activations=[activated("tanh", [[5.1, -5.1, 4.9]])]))


@pytest.mark.parametrize(("variance", "beyond"), [(0.9e-5, True), (1.1e-5, False), (9.9, False), (10.1, True)])
def test_deepdiagnosis_wants_variances_of_weights_in_a_band(variance: float, beyond: bool) -> None:
    weights = alternating(np.sqrt(variance))
    assert raised("DeepDiagnosis", "Poor Weight, variances", seen([weights], [weights])) is beyond


@pytest.mark.parametrize(("ratio", "beyond"), [(9.9, False), (10.1, True)])
def test_sagemaker_compares_the_variances_of_layers(ratio: float, beyond: bool) -> None:
    weights = [alternating(np.sqrt(ratio)), alternating(1.0)]
    assert raised("SageMaker Debugger", "PoorWeightInitialization, variances", seen(weights, weights)) is beyond


@pytest.mark.parametrize(("size", "beyond"), [(0.49e-3, True), (0.51e-3, False)])
def test_sagemaker_wants_a_range_of_gradients(size: float, beyond: bool) -> None:
    gradient = [[size] * 50 + [-size] * 50]
    assert raised("SageMaker Debugger", "PoorWeightInitialization, gradients", seen([gradient])) is beyond


@pytest.mark.parametrize(
    ("update", "sagemaker", "checker"),
    [
        (0.9e-8, True, True),
        (1.1e-8, False, True),
        (0.9e-4, False, True),
        (1.1e-4, False, False),
        (0.11, False, True),
        (10.1, True, True),
    ],
)
def test_updates_are_held_against_the_weights(update: float, sagemaker: bool, checker: bool) -> None:
    observed = seen([alternating(update / 0.01)], [alternating(1.0)])
    assert raised("SageMaker Debugger", "WeightUpdateRatio", observed) is sagemaker
    assert raised("TheDeepChecker", "update ratio, log10", observed) is checker


@pytest.mark.parametrize(("std", "beyond"), [(0.49, True), (0.51, False), (1.99, False), (2.01, True)])
def test_thedeepchecker_wants_activations_of_order_one(std: float, beyond: bool) -> None:
    layer = activated("relu", alternating(std))
    assert raised("TheDeepChecker", "activation std", seen(activations=[layer])) is beyond


def test_thedeepchecker_calls_units_dead_whose_95th_percentile_is_nothing() -> None:
    name = "TheDeepChecker", "dead activation, % of units"
    assert raised(*name, seen(activations=[activated("tanh", [[0.9e-5, 0.9e-5, 1.0]] * 3)]))
    assert not raised(*name, seen(activations=[activated("tanh", [[0.9e-5, 1.1e-5]] * 3)]))


def test_thedeepchecker_calls_units_saturated_whose_values_lie_at_the_ends_of_its_bins() -> None:
    name = "TheDeepChecker", "saturation, % of units"
    assert raised(*name, seen(activations=[activated("sigmoid", [[0.0, 0.0]], [[0.99, 0.01]])]))
    assert not raised(*name, seen(activations=[activated("sigmoid", [[0.0, 0.0]], [[0.9, 0.5]])]))


def test_every_rule_has_a_test_at_its_threshold() -> None:
    assert len(RULES) == len(NAMED) == 28


def opinions(network: Json, **fields: Any) -> Opinions:
    found = report(network, include=["opinions"], trials=2, **fields).opinions
    assert found is not None
    return found


def test_opinions_are_given_where_they_are_asked_for_and_change_nothing_else() -> None:
    network = stack(4, 8)
    plain, asked = report(network, trials=2), report(network, trials=2, include=["opinions"])
    assert plain.opinions is None
    assert asked.verdict == plain.verdict
    assert asked.gradients is None


def test_a_rule_says_why_it_agrees_or_does_not() -> None:
    """20 × tanh at N(0, 0.05²) vanishes by six decades: NeuroScope and SageMaker say so, AutoTrainer does not."""
    found = opinions(stack(20, 32, "tanh", {"kind": "normal", "std": 0.05}))
    by_rule = {(one.tool, one.rule): one for one in found.rules}
    agreeing = by_rule["SageMaker Debugger", "VanishingGradient"]
    assert agreeing.raised
    assert "agrees" in agreeing.why
    silent = by_rule["AutoTrainer", "gradient vanish, first over last"]
    assert not silent.raised
    assert "silent where our label is vanishing" in silent.why


@pytest.fixture
def tiny() -> dict[str, Any]:
    """A network of given weights, with biases of zeros, and its batch."""
    rng = np.random.default_rng(7)
    arrays = {name: rng.standard_normal(shape) for name, shape in SHAPES.items()}
    layers = [
        {"kind": "dense", "units": 4, "activation": {"kind": "relu"}, "weights": explicit(arrays["one"])},
        {"kind": "dropout", "rate": 0.5},
        {"kind": "layer_norm"},
        {"kind": "dense", "units": 2, "activation": {"kind": "sigmoid"}, "weights": explicit(arrays["two"])},
    ]
    data = {"inputs": explicit(arrays["x"]), "targets": explicit(arrays["y"])}
    return {"network": {"features": 3, "layers": layers}, "data": data, "arrays": arrays}


SHAPES = {"one": (3, 4), "two": (4, 2), "x": (5, 3), "y": (5, 2)}


def explicit(values: Any) -> Json:
    return {"kind": "explicit", "values": values.tolist()}


def measures(given: dict[str, Any], without: tuple[str, ...] = (), **activation: str) -> dict[str, float | None]:
    network = {**given["network"]}
    network["layers"] = [one for one in network["layers"] if one["kind"] not in without]
    if activation:
        network["layers"][-1] = {**network["layers"][-1], "activation": activation}
    found = opinions(network, data=given["data"])
    return {one.name: one.number for one in found.measures}


def test_snip_grad_norm_and_the_first_step_are_those_of_their_definitions(tiny: dict[str, Any]) -> None:
    one, two, x, y = (tiny["arrays"][name] for name in SHAPES)

    def loss(w1: Any, b1: Any, w2: Any, b2: Any) -> float:
        return float(np.square(np.maximum(x @ w1 + b1, 0.0) @ w2 + b2 - y).sum(axis=1).mean())

    hidden = np.maximum(x @ one, 0.0)
    dy = 2.0 * (hidden @ two - y) / len(x)
    dh = (dy @ two.T) * (hidden > 0.0)
    grads = x.T @ dh, dh.sum(axis=0), hidden.T @ dy, dy.sum(axis=0)
    found = measures(tiny, without=("dropout", "layer_norm"), kind="linear")
    assert found["grad_norm"] == pytest.approx(np.linalg.norm(grads[0]) + np.linalg.norm(grads[2]))
    assert found["snip"] == pytest.approx(np.abs(one * grads[0]).sum() + np.abs(two * grads[2]).sum())
    after = loss(one - 0.01 * grads[0], -0.01 * grads[1], two - 0.01 * grads[2], -0.01 * grads[3])
    assert found["gradinit"] == pytest.approx(after / loss(one, 0.0, two, 0.0))


def test_synflow_leaves_out_norms_dropout_and_the_output_activation(tiny: dict[str, Any]) -> None:
    one, two = np.abs(tiny["arrays"]["one"]), np.abs(tiny["arrays"]["two"])
    whole = float((np.ones(3) @ one @ two).sum())
    assert measures(tiny)["synflow"] == pytest.approx(2.0 * whole)  # each of two layers passes on all of it


def test_the_tangent_kernel_and_the_effective_rank_are_those_of_their_definitions(tiny: dict[str, Any]) -> None:
    one, two, x, _ = (tiny["arrays"][name] for name in SHAPES)
    hidden = np.maximum(x @ one, 0.0)
    found = measures(tiny, without=("layer_norm",))
    rows = []
    for sample, h in zip(x, hidden, strict=True):
        dh = two.sum(axis=1) * (h > 0.0)
        parts = np.outer(sample, dh), dh, np.outer(h, np.ones(2)), np.ones(2)
        rows.append(np.concatenate([part.ravel() for part in parts]))
    values = np.linalg.eigvalsh(np.array(rows) @ np.array(rows).T)
    assert found["ntk_condition"] == pytest.approx(values[-1] / values[0], rel=1e-6)
    sizes = np.linalg.svd(hidden - hidden.mean(axis=0), compute_uv=False)
    shares = sizes[sizes > 0.0] / sizes.sum()
    assert found["effective_rank"] == pytest.approx(np.exp(-(shares * np.log(shares)).sum()))


def test_a_kernel_over_statistics_of_a_batch_has_no_number() -> None:
    network = stack(2, 4)
    network["layers"].insert(0, {"kind": "batch_norm"})
    found = {one.name: one.number for one in opinions(network).measures}
    assert found["ntk_condition"] is None
    assert found["grad_norm"] is not None
