"""The map of a sweep: its cells, the lines through them, and the names in it."""

from math import hypot, inf, log10

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api_tests.charts.odd_sweeps import SWEEPS, Found, axis, lines, ranged, sweep
from service.charts.rows import Row
from service.charts.sweep_field import Field
from service.charts.sweep_map import SweepMap
from service.charts.sweep_points import DrawnAxis, Findings
from service.nn.policies import Adam, Sgd
from service.studies.sweep import SweepSpec

PLANE = sweep(ranged("weight_variance", 0, 8, 9), ranged("bias_variance", 0, 6, 7))
LOGARITHMIC = sweep(ranged("weight_variance", 0.01, 100, 9, "log"), ranged("bias_variance", 0, 6, 7))


def axes_of(spec: SweepSpec) -> list[DrawnAxis]:
    return Findings(spec, []).axes


def drawn(
    spec: SweepSpec, measured: Found, predicted: Found | None = None, there: int | None = None
) -> dict[str, list[Row]]:
    return SweepMap(Findings(spec, lines(spec, measured, predicted)[:there])).rows


def series(rows: dict[str, list[Row]], name: str) -> list[tuple[float, float]]:
    return [(float(row["x"]), float(row["y"])) for row in rows["lines"] if row["series"] == name]


@settings(max_examples=30, deadline=None)
@given(st.floats(-1, 1), st.floats(-1, 1), st.floats(-5, 5))
def test_the_level_of_a_plane_is_a_line_on_it(first: float, second: float, constant: float) -> None:
    values = [first * x + second * y + constant for x in range(9) for y in range(7)]
    for line in Field.of(axes_of(PLANE), values).contours(0.0):
        assert len(line) >= 2
        assert all(abs(first * x + second * y + constant) < 1e-9 for x, y in line)


def test_a_line_through_the_whole_map_is_one_line_and_a_ring_ends_where_it_begins() -> None:
    straight = Field.of(axes_of(PLANE), [x - 3.25 for x in range(9) for _ in range(7)]).contours(0.0)
    assert straight == [[(3.25, float(y)) for y in range(7)]]
    (ring,) = Field.of(axes_of(PLANE), [hypot(x - 4, y - 3) for x in range(9) for y in range(7)]).contours(2.2)
    assert ring[0] == ring[-1]
    assert len(ring) == len(set(ring)) + 1
    assert all(2.0 < hypot(x - 4, y - 3) < 2.4 for x, y in ring)


def test_at_a_saddle_two_lines_meet_no_end() -> None:
    values = [(x - 3.5) * (y - 2.5) for x in range(9) for y in range(7)]
    assert len(Field.of(axes_of(PLANE), values).contours(0.0)) == 2


def test_a_line_stops_at_what_is_not_known() -> None:
    values = [None if y == 3 else x - 3.25 for x in range(9) for y in range(7)]
    halves = Field.of(axes_of(PLANE), values).contours(0.0)
    assert sorted({y for _, y in line} for line in halves) == [{0.0, 1.0, 2.0}, {4.0, 5.0, 6.0}]


def test_the_critical_line_stands_where_the_prediction_changes_its_sign_in_the_logarithm_on_a_logarithmic_axis() -> (
    None
):
    rows = drawn(LOGARITHMIC, lambda values: 0.0, lambda values: log10(values["weight_variance"]) - 0.2)
    assert series(rows, SweepMap.CRITICAL) == [(pytest.approx(10**0.2), float(y)) for y in range(7)]


def test_falling_values_give_the_same_line() -> None:
    rising, falling = (
        sweep(ranged("weight_variance", *ends, 9), ranged("bias_variance", 0, 6, 7)) for ends in ((0, 8), (8, 0))
    )
    one, other = (
        drawn(spec, lambda values: 0.0, lambda values: values["weight_variance"] - 3.25) for spec in (rising, falling)
    )
    assert series(one, SweepMap.CRITICAL) == series(other, SweepMap.CRITICAL) != []


def test_across_names_the_line_is_a_stroke_through_each_cell() -> None:
    def predicted(values: dict[str, float]) -> float:
        return values["weight_variance"] - (2.5 if values["activation"] == "tanh" else 5.5)

    spec = sweep(ranged("weight_variance", 0, 8, 9), axis("activation", "tanh", "relu"))
    assert series(drawn(spec, lambda values: 0.0, predicted), SweepMap.CRITICAL) == [
        (2.5, -0.5),
        (2.5, 0.5),
        (5.5, 0.5),
        (5.5, 1.5),
    ]
    turned = sweep(axis("activation", "tanh", "relu"), ranged("weight_variance", 0, 8, 9))
    assert series(drawn(turned, lambda values: 0.0, predicted), SweepMap.CRITICAL) == [
        (-0.5, 2.5),
        (0.5, 2.5),
        (0.5, 5.5),
        (1.5, 5.5),
    ]


def test_the_edges_of_the_severe_bands_are_lines() -> None:
    rows = drawn(PLANE, lambda values: values["weight_variance"] - 4.0)
    assert {x for x, _ in series(rows, SweepMap.EXPLODES)} == {6.5}
    assert {x for x, _ in series(rows, SweepMap.VANISHES)} == {1.5}


def test_where_the_policy_is_varied_there_are_no_bands() -> None:
    spec, measured = SWEEPS["policies"]
    rows = drawn(spec, lambda values: 9.0 if values["weight_variance"] > 1 else -9.0)
    assert {row["series"] for row in rows["lines"]} <= {SweepMap.CRITICAL}
    assert rows["names"] == []
    assert measured({}) == -1.5


def test_a_cell_has_what_opens_its_network() -> None:
    rows = drawn(PLANE, lambda values: values["weight_variance"] - 4.0)["cells"]
    assert [row["index"] for row in rows] == list(range(63))
    cell = rows[8]
    assert (cell["x"], cell["left"], cell["right"]) == (1.0, 0.5, 1.5)
    assert (cell["y"], cell["low"], cell["high"]) == (1.0, 0.5, 1.5)
    assert cell["values"] == "weight_variance 1, bias_variance 1"
    assert (cell["outcome"], cell["depth_ratio"], cell["predicted"]) == ("vanishing, severe", -3.0, -3.0)
    assert cell["digest"] == f"{8:064x}"


def test_a_colour_ends_five_decades_from_nothing_and_what_is_infinite_has_the_last_one() -> None:
    ratios = [-inf, -300.0, -4.0, 0.0, 4.0, 300.0, inf]
    spec = sweep(ranged("depth", 1, 7, 7), axis("width", 5, 6))
    rows = drawn(spec, lambda values: ratios[values["depth"] - 1] if values["width"] == 5 else None)
    by_ratio = {row["index"]: row["colour"] for row in rows["cells"]}
    assert [by_ratio[index] for index in sorted(by_ratio)] == [-5.0, -5.0, -4.0, 0.0, 4.0, 5.0, 5.0]
    assert [(row["index"], row["state"]) for row in rows["marked"]] == [(0, "dead"), (12, "overflowing")]
    assert len(rows["failed"]) == 7
    assert rows["failed"][0]["outcome"] == "failed: It is too large."


def test_cells_that_are_not_there_yet_are_told_from_those_that_failed() -> None:
    rows = drawn(PLANE, lambda values: None if values["bias_variance"] == 0 else 0.0, there=10)
    counts = {name: len(rows[name]) for name in ("cells", "failed", "waiting")}
    assert counts == {"cells": 8, "failed": 2, "waiting": 53}
    assert rows["waiting"][0]["values"] == "weight_variance 1, bias_variance 3"


@pytest.mark.parametrize("policy", [Sgd(), Adam(), Sgd(vanishing_severe=-1.0, exploding_severe=1.0)])
def test_colours_have_their_knots_at_the_bands_and_are_symmetric(policy: Sgd | Adam) -> None:
    spec = sweep(ranged("depth", 1, 2, 2), ranged("width", 1, 2, 2), policy=policy.model_dump())
    (colour,) = [
        layer["encoding"]["color"]
        for layer in SweepMap(Findings(spec, [])).drawing().to_dict()["layer"]
        if "color" in layer["encoding"]
    ]
    knots = colour["scale"]["domain"]
    assert colour["legend"]["values"] == knots == sorted(knots)
    assert knots[-1] == -knots[0] >= 5.0
    bands = [policy.vanishing_severe, policy.vanishing_mild, 0, policy.exploding_mild, policy.exploding_severe]
    assert knots[1:-1] == bands


def test_a_name_stands_inside_its_band_and_nowhere_where_it_has_no_room() -> None:
    spec = sweep(ranged("weight_variance", 0, 40, 41), ranged("bias_variance", 0, 30, 31))
    rows = drawn(
        spec, lambda values: -9.0 if values["weight_variance"] < 20 else 9.0 if values["weight_variance"] > 36 else 0.0
    )
    assert [(row["name"], row["y"]) for row in rows["names"]] == [("vanishes severely", 15.0)]
    assert 4 <= float(rows["names"][0]["x"]) <= 15


def test_a_field_of_any_size_has_a_middle_or_none() -> None:
    for spec in (PLANE, sweep(ranged("depth", 1, 2, 2), ranged("width", 1, 2, 2))):
        field = Field.of(axes_of(spec), [0.0] * spec.total)
        assert field.middle(np.zeros(field.values.shape, dtype=bool)) is None
        place = field.middle(np.ones(field.values.shape, dtype=bool))
        assert (place is None) == (spec.total == 4)
