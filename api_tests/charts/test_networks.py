"""Charts of networks that are more than a stack: names on the axis, blocks, steps, tokens, and the network itself."""

import csv
from io import StringIO
from typing import Any

import pytest

from api_tests.charts.odd_reports import odd
from api_tests.networks import Json, report, stack
from service.charts.architecture import architecture, hidden_layers, top_layers
from service.charts.chart import ChartFormat, Theme
from service.charts.kinds import CHARTS
from service.charts.kinds.attention import AttentionChart
from service.charts.kinds.gradient import GradientChart
from service.charts.kinds.network import NetworkChart
from service.charts.kinds.precision import PrecisionChart
from service.charts.kinds.time import TimeChart
from service.charts.kinds.tokens import TokensChart
from service.charts.places import Places
from service.charts.rendering import draw_report
from service.charts.rows import Row
from service.charts.tables import layers_csv
from service.simulation.results import SimulationReport

IMAGE = {"kind": "image", "height": 8, "width": 8, "channels": 3}
RELU = {"kind": "activation", "activation": {"kind": "relu"}}
SMALL: Json = {"trials": 2, "data": {"samples": 4}}


def _convolution(filters: int, size: int = 3) -> Json:
    return {"kind": "convolution", "filters": filters, "size": [size], "padding": "same"}


def _block(filters: int, name: str | None = None, **shortcut: Any) -> Json:
    layers = [_convolution(filters), {"kind": "batch_norm"}, RELU, _convolution(filters), {"kind": "batch_norm"}]
    block = {"kind": "residual", "layers": layers, "activation": {"kind": "relu"}, **shortcut}
    return block if name is None else {**block, "name": name}


def _residual() -> SimulationReport:
    layers = [
        {**_convolution(4), "name": "stem"},
        {"kind": "batch_norm"},
        RELU,
        {"kind": "repeat", "times": 3, "layers": [_block(4)]},
        _block(8, "wide", shortcut=[_convolution(8, 1)]),
        {"kind": "global_pooling"},
        {"kind": "dense", "units": 2},
    ]
    return report({"input": IMAGE, "layers": layers}, **SMALL)


def _recurrent() -> SimulationReport:
    lstm = {"kind": "recurrent", "units": 3}
    layers = [{**lstm, "returns": "sequence", "name": "reader"}, lstm, {"kind": "dense", "units": 1}]
    return report({"input": {"kind": "sequence", "steps": 6, "features": 2}, "layers": layers}, **SMALL)


def _transformer(times: int = 3) -> SimulationReport:
    block = {"kind": "transformer_block", "heads": 2, "mlp_units": 8}
    layers = [
        {"kind": "repeat", "times": times, "layers": [block]},
        {"kind": "global_pooling"},
        {"kind": "dense", "units": 2},
    ]
    return report({"input": {"kind": "sequence", "steps": 5, "features": 4}, "layers": layers}, **SMALL)


def _lines(found: SimulationReport) -> list[Row]:
    return NetworkChart().rows([found])["lines"]


def test_layers_of_the_top_list_are_a_step_apart_and_those_inside_stand_between() -> None:
    found = _residual()
    places = Places.of(found)
    assert [places.at(layer) for layer in top_layers(found)] == [*range(1, len(top_layers(found)) + 1)]
    inside = [places.at(layer) for layer in found.layers if layer.inside]
    assert all(place % 1 for place in inside)
    assert [places.at(layer) for layer in found.layers] == sorted(places.at(layer) for layer in found.layers)


def test_labels_are_names_or_kinds_and_numbered_where_several_are_alike() -> None:
    found = _residual()
    labels = [row["label"] for row in Places.of(found).labels(found.layers)]
    assert labels == [
        "stem",
        "batch norm",
        "activation",
        "residual · 1",
        "residual · 2",
        "residual · 3",
        "wide",
        "global pooling",
        "dense",
    ]


def test_a_plain_stack_keeps_the_numbers_of_its_layers() -> None:
    found = odd("mixed layers")
    assert Places.of(found).labels(found.layers) == []
    assert [Places.of(found).at(layer) for layer in found.layers] == [layer.index for layer in found.layers]


def test_bands_reach_from_the_first_boundary_to_the_last_and_layers_inside_stay_in_the_frame() -> None:
    found = _residual()
    drawn, places, ends = GradientChart().rows([found]), Places.of(found), hidden_layers(found)
    assert {(row["first"], row["last"]) for row in drawn["zones"]} == {(places.at(ends[0]), places.at(ends[-1]))}
    low, high = drawn["zones"][-1]["low"], drawn["zones"][0]["high"]
    assert len(drawn["inside"]) == sum(layer.inside for layer in found.layers)
    assert all(low <= row["drawn"] <= high for row in drawn["inside"] if row["drawn"] is not None)
    assert [row["measured"] for row in drawn["layers"]] == [layer.boundary for layer in top_layers(found)]


def test_the_gradient_along_the_steps_is_relative_to_the_last_one() -> None:
    rows = TimeChart().rows([_recurrent()])["layers"]
    assert [row["step"] for row in rows] == 2 * [1, 2, 3, 4, 5, 6]
    assert {row["series"] for row in rows} == {"1 · reader: recurrent", "2 · recurrent"}
    assert [row["median"] for row in rows if row["step"] == 6] == [0.0, 0.0]
    for layer in _recurrent().layers[:2]:
        first = next(row["median"] for row in rows if row["layer"] == layer.index)
        assert first == pytest.approx(layer.time.log10_state_gradient[0] - layer.time.log10_state_gradient[-1])


def test_sequences_have_a_spread_over_tokens_and_one_over_samples() -> None:
    found = _transformer()
    rows = TokensChart().rows([found])["layers"]
    assert [row["layer"] for row in rows if row["series"] == TokensChart.STEPS] == [
        layer.index for layer in top_layers(found) if layer.log10_token_spread is not None
    ]
    assert {row["series"] for row in rows} == {TokensChart.STEPS, TokensChart.SAMPLES}


def test_every_attention_has_its_entropy_as_a_share_and_the_share_of_the_softmax() -> None:
    rows = AttentionChart().rows([_transformer()])["layers"]
    assert len(rows) == 2 * 3
    assert all(0.0 <= row["median"] <= 1.0 + 1e-12 for row in rows)


def test_the_shares_that_sixteen_bits_lose_are_those_of_the_report() -> None:
    network = stack(4, 8, "sigmoid", {"kind": "normal", "std": 0.01})
    found = report(network, precision="float16", trials=2, data={"samples": 4})
    rows = PrecisionChart().rows([found])["layers"]
    lost = [row["share"] for row in rows if row["series"] == PrecisionChart.SERIES["underflow_share"]]
    assert lost == [layer.precision.underflow_share for layer in found.layers]
    assert max(lost) > 0.0
    assert PrecisionChart().suits(found)
    assert not PrecisionChart().suits(odd("stable"))


@pytest.mark.parametrize(
    ("made", "charts"),
    [
        (_residual, {"network"}),
        (_recurrent, {"network", "time", "tokens"}),
        (_transformer, {"network", "tokens", "attention"}),
        (lambda: odd("stable"), {"network"}),
    ],
)
def test_a_chart_suits_a_report_that_has_something_for_it(made: Any, charts: set[str]) -> None:
    found = made()
    assert {name for name in ("network", "time", "tokens", "attention") if CHARTS[name].suits(found)} == charts


@pytest.mark.parametrize("made", [_residual, _recurrent, _transformer])
@pytest.mark.parametrize("chart", CHARTS)
def test_every_chart_of_every_such_network_can_be_drawn(made: Any, chart: str) -> None:
    text = draw_report([made()], chart, Theme.DARK, ChartFormat.SVG).decode()
    assert "NaN" not in text
    assert "undefined" not in text


def test_the_network_is_written_with_followers_behind_what_they_follow_and_copies_once() -> None:
    assert [(row["indent"], row["text"], row["shapes"], row["parameters"]) for row in _lines(_residual())] == [
        (0, "stem: convolution 4 filters, size 3 · batch norm · relu", "8×8×3 → 8×8×4", "120"),
        (0, "residual · relu  (3 times)", "8×8×4", "936"),
        (1, "convolution 4 filters, size 3 · batch norm · relu", "8×8×4", "156"),
        (1, "convolution 4 filters, size 3 · batch norm", "8×8×4", "156"),
        (0, "wide: residual · relu", "8×8×4 → 8×8×8", "952"),
        (1, "convolution 8 filters, size 3 · batch norm · relu", "8×8×4 → 8×8×8", "312"),
        (1, "convolution 8 filters, size 3 · batch norm", "8×8×8", "600"),
        (1, "shortcut: convolution 8 filters, size 1", "8×8×4 → 8×8×8", "40"),
        (0, "global pooling", "8×8×8 → 8", ""),
        (0, "dense 2 units", "8 → 2", "18"),
    ]


def test_the_parameters_of_the_lines_of_the_top_list_add_up_to_those_of_the_network() -> None:
    for found in (_residual(), _recurrent(), _transformer(), odd("blocks"), odd("blocks of two")):
        counts = [int(row["parameters"].replace(",", "") or 0) for row in _lines(found) if row["indent"] == 0]
        assert sum(counts) == sum(layer.parameters for layer in found.layers)


def test_a_transformer_block_shows_what_it_stands_for() -> None:
    words = [row["text"] for row in _lines(_transformer())]
    assert words[0] == "transformer block 2 heads, 8 mlp units  (3 times)"
    assert words[1:6] == ["residual", "layer norm", "attention 2 heads", "residual", "layer norm"]


def test_a_layer_may_stand_between_those_that_are_repeated_together() -> None:
    first, second, *_ = _lines(odd("blocks of two"))
    assert (first["text"], first["indent"]) == ("150 times", 0)
    assert second["indent"] == 1


def test_a_drawing_has_at_most_sixty_lines_and_says_how_many_are_left_out() -> None:
    layers = [{"kind": "dense", "units": 1 + number} for number in range(100)]
    rows = _lines(report({"features": 2, "layers": layers}, **SMALL))
    assert len(rows) <= 60
    assert [row["text"] for row in rows if "more" in str(row["text"])] == ["… 42 more"]
    blocks = [_block(4, f"block {number}") | {"branch_scale": 2 + number} for number in range(30)]
    rows = _lines(report({"input": IMAGE, "layers": [_convolution(4), *blocks]}, **SMALL))
    assert len(rows) == 31
    assert {row["text"] for row in rows if row["line"]} == {
        f"block {n}: residual branch scale {2 + n}.0 · relu  … 2 more" for n in range(30)
    }


def test_a_network_that_is_no_stack_is_named_by_the_kinds_of_its_layers() -> None:
    assert architecture(_residual()) == "convolution/residual × 5, relu, width 4/8, lecun_normal"
    assert architecture(_transformer(12)) == "transformer block × 12, gelu, width 4, glorot_uniform"


def test_a_profile_of_many_steps_is_no_cell_of_a_table() -> None:
    names, first, *_ = csv.reader(StringIO(layers_csv(_recurrent())))
    row = dict(zip(names, first, strict=True))
    assert row["name"] == "reader"
    assert row["shape"] == "6x3"
    assert float(row["time_time_ratio_median"]) < 0
    assert not [name for name in names if "state_gradient" in name]


def _written(count: int) -> SimulationReport:
    """Blocks as a program writes them out: alike, each with names of its own."""
    blocks = [_block(4, f"stage.{number}.block") for number in range(count)]
    for number, block in enumerate(blocks):
        block["layers"] = [{**layer, "name": f"stage.{number}.{at}"} for at, layer in enumerate(block["layers"])]
    layers = [{**_convolution(4), "name": "stem"}, *blocks, {"kind": "batch_norm"}]
    return report({"input": IMAGE, "layers": layers}, **SMALL)


def test_alike_layers_with_names_of_their_own_are_written_once_with_the_ends_of_what_differs() -> None:
    assert [row["text"] for row in _lines(_written(5))][:3] == [
        "stem: convolution 4 filters, size 3",
        "stage.0–4.block: residual · relu  (5 times)",
        "stage.0–4.0: convolution 4 filters, size 3 · batch norm · relu",
    ]


def test_what_repeats_has_a_bracket_from_its_first_layer_to_its_last() -> None:
    found = _written(5)
    for chart in ("gradient", "signal"):
        (bracket,) = CHARTS[chart].rows([found])["repeats"]
        assert (bracket["first"], bracket["last"], bracket["times"]) == (2.0, 6.0, "× 5")
        assert bracket["what"] == "stage.0–4.block: residual relu × 5"
        assert CHARTS[chart].rows([odd("stable")])["repeats"] == []


def test_long_names_on_an_axis_are_shortened_where_they_are_alike() -> None:
    names = [f"model.encoder.layers.{number}.attention.output" for number in range(3)]
    layers = [{"kind": "dense", "units": 2, "name": name} for name in names]
    found = report({"features": 2, "layers": layers}, **SMALL)
    labels = [row["label"] for row in Places.of(found).labels(found.layers)]
    assert labels == [f"…{number}.attention.output" for number in range(3)]
    assert [row["name"] for row in Places.of(found).labels(found.layers)] == [f"{name}: dense linear" for name in names]


def test_a_table_says_what_to_group_by() -> None:
    found = _written(5)
    names, *rows = csv.reader(StringIO(layers_csv(found)))
    assert names[-3:] == ["depth", "block", "alike"]
    places = {int(row[0]): row[-3:] for row in rows}
    blocks = [layer.index for layer in found.layers if layer.kind == "residual"]
    assert [places[index] for index in blocks] == 5 * [["0", "", str(blocks[0])]]
    assert all(
        places[layer.index][:2] == ["1", str(min(index for index in blocks if index > layer.index))]
        for layer in found.layers
        if layer.inside
    )
    assert places[1] == ["0", "", ""]
    assert rows[0][names.index("name")] == "stem"
