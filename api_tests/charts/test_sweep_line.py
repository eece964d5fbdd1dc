"""A sweep along one axis: its line, its band, its marks; and what is said about a sweep."""

import json
from math import inf
from typing import Any

import pytest

from api_tests.charts.odd_sweeps import ACTIVATIONS, DEPTHS, SWEEPS, Found, axis, lines, ranged, sweep
from service.charts.chart import ChartFormat, Theme
from service.charts.rows import Row
from service.charts.sweep import draw_sweep
from service.charts.sweep_line import SweepLine
from service.charts.sweep_points import Findings
from service.nn.policies import Sgd
from service.studies.sweep import SweepSpec

MAP_TITLE = "Where the gradient vanishes, and where it explodes"


def chart(spec: SweepSpec, measured: Found | None = None) -> dict[str, Any]:
    """The chart as Vega-Lite; of no results where nothing is measured."""
    found = lines(spec, measured) if measured else []
    made: dict[str, Any] = json.loads(draw_sweep(spec.model_dump_json().encode(), found, Theme.LIGHT, ChartFormat.JSON))
    return made


def drawn(spec: SweepSpec, measured: Found, predicted: Found | None = None) -> dict[str, list[Row]]:
    return SweepLine(Findings(spec, lines(spec, measured, predicted))).rows


def test_a_place_has_its_median_its_prediction_and_what_opens_its_network() -> None:
    spec = sweep(ranged("depth", 2, 10, 5))
    rows = drawn(spec, lambda values: -values["depth"], lambda values: 1.0)["places"]
    assert [row["x"] for row in rows] == [2, 4, 6, 8, 10]
    assert [row["median"] for row in rows] == [-2, -4, -6, -8, -10]
    assert {row["prediction"] for row in rows} == {1.0}
    assert [row["index"] for row in rows] == list(range(spec.total))
    assert rows[1]["values"] == "depth 4"
    assert (rows[0]["label"], rows[0]["outcome"]) == ("vanishing", "vanishing, mild")


def test_lines_are_cut_and_what_was_found_is_told_as_it_is() -> None:
    rows = drawn(sweep(axis("depth", 2, 3)), lambda values: -900.0 if values["depth"] == 3 else 0.0)["places"]
    assert (rows[1]["median"], rows[1]["depth_ratio"]) == (-40.0, -900.0)


def test_a_band_stays_in_the_frame() -> None:
    rows = drawn(*SWEEPS["one axis"])
    low, high = rows["zones"][-1]["low"], rows["zones"][0]["high"]
    measured = [row for row in rows["places"] if row["median"] is not None]
    assert all(low <= row["low"] <= row["median"] <= row["high"] <= high for row in measured)


def test_what_is_dead_or_failed_stands_at_the_bottom_and_what_overflows_at_the_top() -> None:
    rows = drawn(*SWEEPS["one axis"])
    marked = {row["state"]: row for row in rows["marked"]}
    assert set(marked) == {"dead", "failed", "overflowing"}
    assert marked["dead"]["at"] == marked["failed"]["at"] < -7.0
    assert marked["overflowing"]["at"] > 4.0
    unmeasured = [row for row in rows["places"] if row["state"] in marked]
    assert all(row[field] is None for row in unmeasured for field in ("median", "low", "high"))


def test_the_bands_of_the_policy_reach_from_the_first_place_to_the_last() -> None:
    zones = drawn(sweep(ranged("weight_variance", 0.1, 10, 3, "log")), lambda values: 0.0)["zones"]
    assert {(row["first"], row["last"]) for row in zones} == {(0.1, 10.0)}
    assert Sgd().vanishing_mild in {row["low"] for row in zones}
    zones = drawn(sweep(ACTIVATIONS), lambda values: 0.0)["zones"]
    assert {(row["first"], row["last"]) for row in zones} == {(-0.5, 2.5)}
    assert drawn(sweep(axis("mild", -1, -2, pointer="/policy/vanishing_mild")), lambda values: 0.0)["zones"] == []


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("one axis", "What happens to the gradient, by depth"),
        ("one axis, logarithmic", "What happens to the gradient, by variance of the weights"),
        ("two axes", MAP_TITLE),
    ],
)
def test_a_title_says_what_is_varied(name: str, title: str) -> None:
    assert chart(*SWEEPS[name])["title"]["text"] == title


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("one axis", "tanh, width 16, lecun_normal: 8 networks, each drawn 32 times"),
        ("one point", "tanh, width 16, lecun_normal: one network"),
        ("zipped", "Here width goes along."),
        ("three axes", "Here width stays at 8, its first value."),
        ("two axes", "×: dead, the gradient is exactly 0 (5) · ▲: the signal overflows (5) · hatched: no result (5)"),
        ("one axis", "×: dead, the gradient is exactly 0 (1) · ▲: the signal overflows (1) · ■: no result (1)"),
    ],
)
def test_below_the_title_stands_whose_sweep_it_is_and_what_is_left_out_or_marked(name: str, words: str) -> None:
    assert words in chart(*SWEEPS[name])["title"]["subtitle"]


def test_it_is_said_that_not_all_points_are_drawn() -> None:
    spec = sweep(ranged("weight_variance", 0, 1, 200), ranged("bias_variance", 0, 1, 3))
    words = chart(spec)["title"]["subtitle"]
    assert "Here 120 × 3 of 200 × 3 points are drawn, evenly chosen." in words
    assert words[-1] == "dotted: not there yet (360)"


def test_whoever_sees_no_chart_is_told_how_many_networks_vanish_and_explode() -> None:
    assert chart(*SWEEPS["two axes"])["description"] == (
        f"{MAP_TITLE}. Of 40 networks that are shown, 10 vanish, 15 explode, 5 are stable, 5 are dead."
    )
    assert chart(sweep(DEPTHS))["description"].endswith("Of 8 networks that are shown, none is judged yet.")


def test_a_point_without_a_depth_ratio_has_no_result_to_be_drawn() -> None:
    spec = sweep(axis("depth", 1, 2))
    line = lines(spec, lambda values: -inf)[0].replace(b'"dead"', b'"stable"')
    assert [row["state"] for row in SweepLine(Findings(spec, [line])).rows["places"]] == ["failed", "waiting"]
