"""Delta through the depth, relative to the last hidden layer, beside theory and the bands of the policy."""

from itertools import pairwise
from math import isfinite

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api_tests.charts.odd_reports import SPECIFICATIONS, odd
from service.charts.architecture import anchor, hidden_layers, top_layers
from service.charts.chart import ChartFormat, Theme
from service.charts.kinds.comparison import ComparisonChart
from service.charts.kinds.gradient import GradientChart
from service.charts.rendering import draw_report
from service.charts.rows import Frame, Row, downsample
from service.nn.policies import Sgd
from service.simulation.results import SimulationReport

DENSE = ["vanishing", "exploding", "stable"]
FARTHEST = 12.0


def gradient(report: SimulationReport) -> dict[str, list[Row]]:
    return GradientChart().rows([report])


def comparison(reports: list[SimulationReport]) -> dict[str, list[Row]]:
    return ComparisonChart().rows(reports)


@pytest.mark.parametrize("name", DENSE)
def test_a_layer_stands_as_many_decades_above_the_last_hidden_one_as_was_measured(name: str) -> None:
    report = odd(name)
    rows = gradient(report)["layers"]
    assert rows[-2]["median"] == 0.0
    for row, layer in zip(rows, report.layers, strict=True):
        difference = layer.log10_delta_norm.median - report.layers[-2].log10_delta_norm.median
        assert row["median"] == pytest.approx(difference, abs=1e-12)
        assert row["p05"] <= row["median"] <= row["p95"]


@pytest.mark.parametrize("name", DENSE)
def test_the_prediction_begins_at_the_last_hidden_layer_and_ends_at_the_predicted_depth_ratio(name: str) -> None:
    report = odd(name)
    rows = gradient(report)["predicted"]
    assert {row["series"] for row in rows} == {"predicted by mean field theory"}
    assert [row["layer"] for row in rows] == [layer.index for layer in hidden_layers(report)]
    assert rows[-1]["median"] == 0.0
    assert rows[0]["median"] == pytest.approx(report.theory.depth_ratio, abs=1e-9)


def test_a_band_far_from_the_line_is_cut_at_the_frame() -> None:
    report = odd("collapsing")
    first, *others = report.layers
    far = first.log10_delta_norm.model_copy(update={"p05": -1000.0})  # whatever the seed
    layers = [first.model_copy(update={"log10_delta_norm": far}), *others]
    drawn = gradient(report.model_copy(update={"layers": layers}))
    low, high = drawn["zones"][-1]["low"], drawn["zones"][0]["high"]
    medians = [row["median"] for row in drawn["layers"]]
    assert low >= min(medians) - 4 - 0.04 * (high - low)
    assert all(low <= row["low"] <= row["high"] <= high for row in drawn["layers"])
    assert any(row["low"] > row["p05"] for row in drawn["layers"])


def test_what_theory_says_nothing_of_has_no_prediction() -> None:
    assert odd("mixed layers").theory.reason
    assert gradient(odd("mixed layers"))["predicted"] == []


def test_layers_whose_gradient_is_zero_are_marked_at_the_bottom() -> None:
    report = odd("dead")
    drawn = gradient(report)
    zeros = {row["layer"]: row["zero_trials"] for row in drawn["zeros"]}
    assert zeros == {layer.index: layer.zero_trials for layer in report.layers if layer.zero_trials}
    assert zeros == {1: 8}
    low, high = min(row["low"] for row in drawn["zones"]), max(row["high"] for row in drawn["zones"])
    assert all(low < row["at"] < low + 0.05 * (high - low) for row in drawn["zeros"])


@pytest.mark.parametrize("name", SPECIFICATIONS)
def test_every_report_has_rows_of_finite_numbers(name: str) -> None:
    drawn = gradient(odd(name))
    found = {row["layer"] for row in drawn["layers"]}
    ends = {layer.index for layer in [*hidden_layers(odd(name))[:1], *hidden_layers(odd(name))[-1:]]}
    assert found == {layer.index for layer in downsample(top_layers(odd(name)))} | ends
    assert len(hidden_layers(odd(name))) < 2 or drawn["zones"]
    values = [value for rows in drawn.values() for row in rows for value in row.values()]
    assert all(isfinite(value) for value in values if isinstance(value, float))


def test_layers_inside_blocks_are_no_steps_of_the_depth() -> None:
    report = odd("small branches")
    medians = [row["median"] for row in gradient(report)["layers"]]
    assert [row["layer"] for row in gradient(report)["layers"]] == [4, 8, 12, 14, 15, 16]
    assert [layer.index for layer in report.layers if not layer.inside] == [4, 8, 12, 14, 15, 16]
    assert max(medians) - min(medians) < 1.5
    inside = [layer.log10_delta_norm.median - anchor(report) for layer in report.layers if layer.inside]
    assert min(inside) < -2.5, "a branch that is scaled down has a small gradient inside"


def test_the_anchor_is_that_of_the_last_hidden_layer_or_where_a_gradient_is_last_met() -> None:
    assert anchor(odd("stable")) == odd("stable").layers[-2].log10_delta_norm.median
    assert anchor(odd("no hidden layer")) == odd("no hidden layer").layers[-1].log10_delta_norm.median


@given(st.integers(1, 5000))
def test_downsampled_items_are_in_order_and_keep_both_ends(count: int) -> None:
    kept = downsample(range(count))
    assert len(kept) == min(count, 100)
    assert (kept[0], kept[-1]) == (0, count - 1)
    assert all(before < after for before, after in pairwise(kept))


DECADES = st.floats(1e-3, 1000)


@given(st.lists(st.floats(-400, 400), max_size=5), DECADES, DECADES, DECADES, DECADES)
def test_bands_fill_the_frame_from_top_to_bottom(values: list[float], a: float, b: float, c: float, d: float) -> None:
    policy = Sgd(
        vanishing_mild=-min(a, b),
        vanishing_severe=-max(a, b),
        exploding_mild=min(c, d),
        exploding_severe=max(c, d),
    )
    frame = Frame.around(values, (1, 9), policy)
    found = frame.bands(policy)
    assert all(frame.low < value < frame.high for value in values)
    assert (found[0]["high"], found[-1]["low"]) == (frame.high, frame.low)
    assert all(above["low"] == below["high"] for above, below in pairwise(found))
    edges = {row["low"] for row in found} | {row["high"] for row in found}
    bands = {policy.vanishing_mild, policy.vanishing_severe, policy.exploding_mild, policy.exploding_severe}
    assert edges - {frame.low, frame.high} == {band for band in bands if frame.low < band < frame.high}


def test_networks_are_compared_by_the_steps_back_from_their_last_hidden_layers() -> None:
    reports = [odd(name) for name in ("stable", "vanishing", "no hidden layer")]
    drawn = comparison(reports)
    for letter, report in zip("AB", reports, strict=False):
        rows = [row for row in drawn["layers"] if row["letter"] == letter]
        assert [row["layer"] for row in rows] == [*reversed(range(len(hidden_layers(report))))]
        assert rows[-1]["median"] == 0.0
        assert rows[0]["series"].startswith(f"{letter} · {report.layers[0].activation} × {len(rows)}, width 32")
    assert [row["letter"] for row in drawn["ends"]] == ["A", "B"]
    assert {(row["first"], row["last"]) for row in drawn["zones"]} == {(0, 9)}


def test_a_line_that_leaves_the_picture_is_cut_and_keeps_its_number() -> None:
    rows = comparison([odd("stable"), odd("collapsing")])["layers"]
    cut = [row for row in rows if row["median"] is not None and abs(row["median"]) > FARTHEST]
    assert {row["letter"] for row in cut} == {"B"}
    assert {row["line"] for row in cut} == {-FARTHEST}
    assert all(row["line"] == row["median"] for row in rows if row not in cut)


def test_a_line_that_is_cut_says_so_in_its_name_and_at_its_points() -> None:
    drawn = comparison([odd("stable"), odd("collapsing")])
    furthest = min(row["median"] for row in drawn["layers"] if row["median"] is not None)
    assert drawn["cuts"]
    assert {(row["letter"], row["towards"]) for row in drawn["cuts"]} == {("B", "triangle-down")}
    names = {row["letter"]: row["series"] for row in drawn["layers"]}
    assert names["B"].startswith(f"B (cut, goes to −{-furthest:.1f}) · ")
    assert names["A"].startswith("A · ")


@pytest.mark.parametrize(("name", "theory"), [("vanishing", True), ("mixed layers", False)])
def test_the_legend_names_theory_where_there_is_one(name: str, theory: bool) -> None:
    drawn = draw_report([odd(name)], "gradient", Theme.LIGHT, ChartFormat.SVG).decode()
    assert (">predicted by mean field theory</text>" in drawn) is theory


def test_the_names_of_lines_that_end_together_stand_apart() -> None:
    drawn = comparison(3 * [odd("stable")])
    places = [row["name_at"] for row in drawn["ends"]]
    height = drawn["zones"][0]["high"] - drawn["zones"][-1]["low"]
    assert [row["letter"] for row in drawn["ends"]] == ["A", "B", "C"]
    assert all(above - below == pytest.approx(0.06 * height) for above, below in pairwise(places))


def test_the_names_of_twelve_lines_stay_within_the_picture() -> None:
    drawn = comparison(12 * [odd("vanishing")])
    low, high = drawn["zones"][-1]["low"], drawn["zones"][0]["high"]
    assert all(low - 1e-9 <= row["name_at"] <= high for row in drawn["ends"])


def test_networks_that_are_judged_differently_have_no_zones_in_common() -> None:
    assert comparison([odd("stable"), odd("bands far out")])["zones"] == []
