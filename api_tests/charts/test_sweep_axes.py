"""Which points of a sweep are drawn, and where their values stand."""

import json
from itertools import pairwise
from math import log10

import pytest

from api_tests.charts.odd_sweeps import ACTIVATIONS, FORMULA, axis, lines, ranged, sweep
from service.charts.architecture import outline
from service.charts.sweep_points import AxisKind, DrawnAxis, Extract, value_name
from service.studies.sweep import Grid, SweepSpec


def drawn_axis(spec: SweepSpec, number: int = 0) -> DrawnAxis:
    return DrawnAxis.of(Grid(spec), Extract.of(spec), number)


def test_all_points_of_a_small_sweep_are_drawn_in_their_order() -> None:
    for spec in (sweep(ranged("depth", 1, 7, 7)), sweep(ranged("depth", 1, 3, 3), ranged("width", 1, 4, 4))):
        assert Extract.of(spec).indexes() == list(range(spec.total))


def test_of_a_large_map_evenly_chosen_cells_are_drawn_with_its_corners() -> None:
    spec = sweep(ranged("weight_variance", 0, 1, 400), ranged("bias_variance", 0, 1, 250))
    extract = Extract.of(spec)
    indexes = extract.indexes()
    assert extract.shape == (Extract.MOST_CELLS, Extract.MOST_CELLS)
    assert (indexes[0], indexes[-1], len(set(indexes))) == (0, spec.total - 1, Extract.MOST_CELLS**2)
    first = [Grid(spec).values(index)["weight_variance"] for index in extract.along(0)]
    steps = {round(399 * (high - low)) for low, high in pairwise(first)}
    assert steps == {3, 4}


def test_of_a_long_axis_two_thousand_places_are_drawn() -> None:
    extract = Extract.of(sweep(ranged("weight_variance", 0, 1, 100_000)))
    assert extract.shape == (Extract.MOST_PLACES,)
    assert extract.indexes()[-1] == 99_999


def test_the_first_two_axes_that_vary_are_drawn_and_others_stay_at_their_first_value() -> None:
    spec = sweep(axis("width", 8), axis("depth", 2, 3), axis("input_std", 1, 2, 3), axis("seed", 7, 8, pointer="/seed"))
    extract = Extract.of(spec)
    assert (extract.axes, extract.held) == ((1, 2), (3,))
    values = [Grid(spec).values(index) for index in extract.indexes()]
    assert [(one["depth"], one["input_std"]) for one in values] == [(2, 1), (2, 2), (2, 3), (3, 1), (3, 2), (3, 3)]
    assert {one["seed"] for one in values} == {7}


def test_of_a_large_sweep_points_are_chosen_evenly_and_in_their_order() -> None:
    spec = sweep(ranged("weight_variance", 0, 1, 240), ranged("bias_variance", 0, 1, 3))
    indexes = Extract.of(spec).indexes()
    assert indexes == sorted(set(indexes))
    assert (len(indexes), indexes[:4], indexes[-1]) == (3 * Extract.MOST_CELLS, [0, 1, 2, 6], spec.total - 1)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, 2, 3], AxisKind.LINEAR),
        ([3, 1.5, -2], AxisKind.LINEAR),
        ([1, 10, 100], AxisKind.LINEAR),  # two decades, no more
        ([1, 10, 100, 1000], AxisKind.LOG),
        ([0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2], AxisKind.LOG),
        ([1, 2, 3, 1000], AxisKind.LINEAR),  # wide, but not evenly
        ([0, 1, 10, 100, 1000], AxisKind.LINEAR),
        ([1, 2, 2], AxisKind.NAMES),
        ([5], AxisKind.NAMES),
        ([True, False], AxisKind.NAMES),
        (["1", "2"], AxisKind.NAMES),
        ([1, None], AxisKind.NAMES),
        ([1, {"kind": "tanh"}], AxisKind.NAMES),
        ([1, 10**301], AxisKind.NAMES),
    ],
)
def test_different_numbers_stand_where_they_are_and_all_else_in_its_order(values: list[object], kind: AxisKind) -> None:
    drawn = drawn_axis(sweep(axis("x", *values, pointer="/seed")))
    assert drawn.kind is kind
    expected = list(range(len(values))) if kind is AxisKind.NAMES else values
    assert list(drawn.at) == expected


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_a_range_is_drawn_on_its_own_scale(scale: str) -> None:
    assert drawn_axis(sweep(ranged("weight_variance", 1, 2, 3, scale))).kind.value == scale


@pytest.mark.parametrize("values", [[1, 2, 4, 3], [1, 10, 100, 1000], [0.5, -3], [1e-299, 1.0, 1e299], ["a", "b", "c"]])
def test_cells_cover_an_axis_without_gap_and_end_half_way_to_their_neighbours(values: list[float]) -> None:
    drawn = drawn_axis(sweep(axis("x", *values, pointer="/seed")))
    cells = sorted(drawn.cells())
    assert all(low < at < high for at, (low, high) in zip(sorted(drawn.at), cells, strict=True))
    assert all(one[1] == other[0] for one, other in pairwise(cells))


def test_on_a_logarithmic_axis_half_way_is_the_geometric_mean() -> None:
    drawn = drawn_axis(sweep(ranged("weight_variance", 1, 100, 3, "log")))
    assert drawn.cells()[1] == pytest.approx((10**0.5, 10**1.5))
    assert [log10(edge) for edge in drawn.cells()[0]] == pytest.approx([-0.5, 0.5])


def test_whole_numbers_are_told_from_others() -> None:
    assert drawn_axis(sweep(ranged("depth", 2, 50, 9))).whole
    assert not drawn_axis(sweep(axis("weight_variance", 1, 1.5))).whole


def test_an_axis_without_a_pointer_has_the_name_of_its_quantity_and_another_its_own() -> None:
    assert drawn_axis(sweep(ranged("weight_variance", 1, 2, 2))).title.startswith("σ_w²")
    assert drawn_axis(sweep(axis("my_width", 1, 2, pointer="/network/features"))).title == "my width"


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("relu", "relu"),
        ({"kind": "relu"}, "relu"),
        ({"kind": "elu", "alpha": 0.5}, "elu(alpha 0.5)"),
        ({"kind": "expression", "formula": "z  * tanh(z)", "parameters": {}}, "z * tanh(z)"),
        (-0.25, "−0.25"),
        (3, "3"),
        (True, "true"),
        (None, "null"),
        ([1, "é"], '[1, "é"]'),
    ],
)
def test_a_value_has_a_short_name(value: object, name: str) -> None:
    assert value_name(value) == name


def test_a_long_name_is_cut() -> None:
    assert len(value_name("x" * 100)) == 32
    assert value_name("x" * 100).endswith("…")


@pytest.mark.parametrize(
    ("axes", "common"),
    [
        ([ranged("weight_variance", 1, 2, 2)], "tanh × 10, width 16"),
        ([ranged("depth", 1, 2, 2)], "tanh, width 16, lecun_normal"),
        ([ACTIVATIONS], "10 hidden layers, width 16, lecun_normal"),
        ([ACTIVATIONS, ranged("depth", 1, 2, 2), ranged("width", 1, 2, 2)], "lecun_normal"),
        ([axis("w", 1, 2, pointer="/network/layers/0/layers/0/weights/scale")], "tanh × 10, width 16"),
        ([axis("n", 1, 2, pointer="/network/layers/0/times")], "tanh, width 16, lecun_normal"),
        ([axis("layer", {}, pointer="/network/layers/0")], ""),
        ([axis("network", {}, pointer="/network")], ""),
        ([axis("seed", 1, 2, pointer="/seed")], "tanh × 10, width 16, lecun_normal"),
    ],
)
def test_what_no_axis_varies_is_said(axes: list[dict[str, object]], common: str) -> None:
    assert outline(sweep(*axes)) == common


def test_a_formula_is_a_name() -> None:
    assert drawn_axis(sweep(ACTIVATIONS)).names == ("tanh", "leaky_relu(negative_slope 0.2)", FORMULA)


def test_made_up_results_are_read_as_those_of_a_job() -> None:
    spec = sweep(ranged("depth", 1, 2, 2))
    assert [json.loads(line)["index"] for line in lines(spec, lambda values: 0.0)] == [0, 1]
