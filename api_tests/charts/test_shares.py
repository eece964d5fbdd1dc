"""Gains and their shares, the signal, φ' and its bounds, and a network in a few words."""

import numpy as np
import pytest

from api_tests.charts.odd_reports import FORMULA, SPECIFICATIONS, odd
from api_tests.networks import report as simulated
from service.charts import architecture as architectures
from service.charts.architecture import activation_name, activations, architecture
from service.charts.chart import ChartFormat, Theme
from service.charts.kinds.activation import ActivationChart
from service.charts.kinds.derivative import DerivativeChart
from service.charts.kinds.gain import GainChart
from service.charts.kinds.signal import SignalChart
from service.charts.kinds.weight_gradient import WeightGradientChart
from service.charts.rendering import draw_report
from service.charts.rows import Row
from service.nn.activations.expression import Expression
from service.simulation.plan import plan
from service.simulation.results import SimulationReport


def gain(report: SimulationReport) -> dict[str, list[Row]]:
    return GainChart().rows([report])


def signal(report: SimulationReport) -> dict[str, list[Row]]:
    return SignalChart().rows([report])


def weight_gradient(report: SimulationReport) -> dict[str, list[Row]]:
    return WeightGradientChart().rows([report])


def derivative(report: SimulationReport) -> dict[str, list[Row]]:
    return DerivativeChart().rows([report])


def activation(report: SimulationReport) -> dict[str, list[Row]]:
    return ActivationChart().rows([report])


@pytest.mark.parametrize("name", ["vanishing", "exploding", "stable", "one trial", "dying units"])
def test_both_shares_add_up_to_the_gain_of_every_layer(name: str) -> None:
    drawn = gain(odd(name))
    shares = {(row["layer"], row["series"]): row["mean"] for row in drawn["shares"]}
    for row in drawn["gains"]:
        both = shares[row["layer"], GainChart.SERIES["weights"]] + shares[row["layer"], GainChart.SERIES["derivative"]]
        assert row["mean"] == pytest.approx(both, rel=1e-9, abs=1e-9)
    assert [row["layer"] for row in drawn["gains"]] == [layer.index for layer in odd(name).layers[:-1]]


def test_only_layers_with_weights_have_a_weight_gradient_however_many_there_are() -> None:
    drawn = [row["layer"] for row in weight_gradient(odd("blocks of two"))["layers"]]
    weighted = [layer.index for layer in odd("blocks of two").layers if layer.parameters]
    assert len(drawn) == 100
    assert set(drawn) <= set(weighted)
    assert (drawn[0], drawn[-1]) == (weighted[0], weighted[-1])


def test_the_weights_inside_blocks_have_a_gradient_and_norms_have_none() -> None:
    report = odd("blocks")
    drawn = [row["layer"] for row in weight_gradient(report)["layers"]]
    assert drawn == [layer.index for layer in report.layers if layer.kind == "dense"] == [2, 3, 6, 7, 10, 11, 13, 16]


def test_the_signal_inside_blocks_is_not_on_its_way_through_the_depth() -> None:
    assert {row["layer"] for row in signal(odd("blocks"))["layers"]} == {4, 8, 12, 14, 15, 16}


def test_bars_stand_for_layers_in_front_of_the_output_and_none_inside_others() -> None:
    drawn = gain(odd("blocks"))
    assert [row["layer"] for row in drawn["gains"]] == [4, 8, 12, 14]
    found = {(row["layer"], row["series"]) for row in drawn["shares"]}
    assert found == {
        (4, GainChart.SERIES["skip"]),
        (8, GainChart.SERIES["skip"]),
        (12, GainChart.SERIES["skip"]),
        (14, GainChart.SERIES["normalisation"]),
    }
    gains = {row["layer"]: row["mean"] for row in drawn["gains"]}
    assert all(row["mean"] == pytest.approx(gains[row["layer"]], abs=1e-9) for row in drawn["shares"])


def test_a_sum_that_stays_linear_is_no_activation() -> None:
    relu = {"kind": "dense", "units": 4, "activation": {"kind": "relu"}}
    network = {"features": 4, "layers": [*5 * [{"kind": "residual", "layers": [relu]}], {"kind": "dense", "units": 1}]}
    made = simulated(network, trials=2, data={"samples": 4})
    assert architecture(made) == "residual × 5, relu, width 4, lecun_normal"
    assert [one.kind for one in activations(made)] == ["relu"]


def test_a_chart_plans_a_network_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made, planned = odd("blocks").model_copy(update={"spec": odd("blocks").spec.model_copy()}), []
    monkeypatch.setattr(architectures, "plan", lambda spec: planned.append(spec) or plan(spec))
    for chart in ("activation", "derivative", "gain"):
        draw_report([made], chart, Theme.LIGHT, ChartFormat.JSON)
    assert planned == [made.spec]
    other = made.model_copy(update={"spec": odd("stable").spec})
    assert activations(other) == activations(odd("stable")) != activations(made)


def test_two_of_a_kind_with_other_parameters_are_two_curves() -> None:
    names = {row["activation"] for row in activation(odd("one kind twice"))["curves"]}
    assert names == {"leaky_relu(negative_slope 0.9)", "leaky_relu"}


def test_a_layer_behind_the_last_weights_is_none_of_the_hidden_ones() -> None:
    assert architecture(odd("blocks of two")) == "tanh/linear × 150, width 3, lecun_normal"
    assert max(row["layer"] for row in gain(odd("blocks of two"))["gains"]) == 300


def test_the_signal_and_how_far_apart_inputs_point_are_those_of_the_report() -> None:
    rows = signal(odd("vanishing"))["layers"]
    for layer in odd("vanishing").layers:
        found = {row["series"]: row["median"] for row in rows if row["layer"] == layer.index}
        assert found == {
            SignalChart.SIGNAL: layer.log10_forward_rms.median,
            SignalChart.SEPARATION: layer.log10_angular_spread.median,
        }


def test_layers_without_weights_have_no_weight_gradient() -> None:
    report = odd("mixed layers")
    drawn = [row["layer"] for row in weight_gradient(report)["layers"]]
    assert drawn == [layer.index for layer in report.layers if layer.kind == "dense"]


def test_a_histogram_of_derivatives_is_drawn_whole_and_within_the_certified_bounds() -> None:
    drawn = derivative(odd("vanishing"))
    for layer in odd("vanishing").layers[:-1]:
        rows = [row for row in drawn["bins"] if row["layer"] == layer.index]
        assert sum(row["share"] for row in rows) == pytest.approx(1.0)
    low, high = (row["value"] for row in drawn["bounds"])
    assert (low, high) == pytest.approx((0.0, 0.25), abs=1e-15)
    assert all(low <= row["min"] <= row["rms"] <= row["max"] <= high for row in drawn["layers"])


def test_bins_of_many_layers_are_put_together_and_nothing_of_them_is_lost() -> None:
    drawn = derivative(odd("many bins"))
    layers = odd("many bins").layers[:-1]
    assert len(drawn["bins"]) <= 700
    for layer in layers:
        rows = [row for row in drawn["bins"] if row["layer"] == layer.index]
        found, histogram = sum(row["share"] for row in rows), layer.histograms.derivative
        assert found == pytest.approx(1.0)
        assert (min(row["low"] for row in rows), max(row["high"] for row in rows)) == pytest.approx(
            (histogram.edges[0], histogram.edges[-1]), abs=0.2
        )


def test_without_histograms_none_is_drawn() -> None:
    assert derivative(odd("exploding"))["bins"] == []


def test_the_bounds_of_stanh_are_the_known_ones() -> None:
    low, high = activation(odd("collapsing"))["bounds"]
    assert (low["value"], high["value"]) == pytest.approx((-1.1996786402577, 1.1996786402577), rel=1e-12)
    assert (high["label"], high["attained"]) == ("supremum 1.19968", "attained")


def test_a_bound_that_is_infinite_is_no_line() -> None:
    assert activation(with_formula("z^3"))["bounds"] == [
        {
            "activation": "z^3",
            "bound": "infimum of φ'",
            "value": 0.0,
            "attained": "attained",
            "label": "infimum 0",
        }
    ]


@pytest.mark.parametrize("name", ["vanishing", "stable", "collapsing", "mixed layers"])
def test_the_curve_of_the_derivative_is_the_slope_of_the_curve(name: str) -> None:
    rows = activation(odd(name))["curves"]
    for one in activations(odd(name)):
        curves = {
            series: np.array(
                [row["value"] for row in rows if (row["activation"], row["series"]) == (activation_name(one), series)]
            )
            for series in (ActivationChart.VALUE, ActivationChart.DERIVATIVE)
        }
        step = 10.0 / (len(curves[ActivationChart.VALUE]) - 1)
        slope = np.gradient(curves[ActivationChart.VALUE].astype(float), step)
        difference = np.abs(slope - curves[ActivationChart.DERIVATIVE].astype(float))
        assert np.quantile(difference, 0.98) < 0.01  # but at kinks


def test_what_leaves_the_picture_is_left_out_of_the_curve() -> None:
    values = [
        row["value"] for row in activation(with_formula("1/z"))["curves"] if row["series"] == ActivationChart.VALUE
    ]
    assert None in values
    assert all(value is None or abs(value) <= 6 for value in values)


def with_formula(formula: str) -> SimulationReport:
    """A report that says of its network that the hidden layer has this activation."""
    hidden = {"kind": "dense", "units": 2, "activation": {"kind": "expression", "formula": formula}}
    network = {"features": 2, "layers": [hidden, {"kind": "dense", "units": 1}]}
    return odd("stable").model_copy(update={"spec": odd("stable").spec.model_validate({"network": network})})


@pytest.mark.parametrize(
    ("name", "words"),
    {
        "vanishing": "sigmoid × 10, width 32, lecun_normal",
        "exploding": "tanh × 12, width 32, variance_scaling",
        "mixed layers": "tanh/linear/sin/… × 2, width 5/4, lecun_normal",
        "no hidden layer": "tanh × 0, lecun_normal",
        "no weights": "tanh × 1, width 3",
        "blocks": "residual/parallel × 4, relu, width 8/16, lecun_normal",
        "nothing but norms": "no activation × 1, width 3",
    }.items(),
)
def test_a_network_in_a_few_words(name: str, words: str) -> None:
    assert architecture(odd(name)) == words


def test_a_formula_is_its_own_name_up_to_some_length() -> None:
    assert activation_name(Expression(formula=FORMULA)) == FORMULA
    assert activation_name(Expression(formula="z +" * 20 + " z")) == "z +z +z +z +z +z +z +z +z +z +z…"


@pytest.mark.parametrize("name", SPECIFICATIONS)
@pytest.mark.parametrize("rows", [gain, signal, weight_gradient, derivative, activation])
def test_every_report_has_rows_of_its_layers(name: str, rows: object) -> None:
    drawn = rows(odd(name))  # type: ignore[operator]
    known = {layer.index for layer in odd(name).layers}
    assert {row["layer"] for table in drawn.values() for row in table if "layer" in row} <= known
