"""An axis that fits nowhere is told at once, with its place in the sweep that was sent."""

import json
from typing import Any

import pytest

from api_tests.http.asking import resolve
from api_tests.networks import Json
from api_tests.studies.sweeping import BASE, evaluated, given, grid, spaced
from service.core.errors import MisplacedAxis
from service.simulation.plan import Plan
from service.studies.sweep import Grid
from service.studies.validation import plan_corner, plan_sample

ONE_LAYER: Json = {"network": {"features": 2, "layers": [{"kind": "dense", "units": 1}]}}
UNALIKE: Json = {
    "network": {"features": 2, "layers": [{"kind": "dense", "units": units} for units in (3, 4, 1)]},
}
WITHOUT_WEIGHTS: Json = {
    "network": {
        "features": 2,
        "layers": [{"kind": "activation", "activation": {"kind": "tanh"}}, {"kind": "dense", "units": 1}],
    }
}
MISFIT: Json = {**BASE, "data": {"inputs": {"kind": "explicit", "values": [[1, 2]]}}}


def residual(*units: int, shortcut: list[Json] | None = None) -> Json:
    return {
        "kind": "residual",
        "layers": [{"kind": "layer_norm"}, *({"kind": "dense", "units": count} for count in units)],
        "shortcut": shortcut or [],
    }


def network(*layers: Json) -> Json:
    return {"network": {"features": 4, "layers": [*layers, {"kind": "dense", "units": 1}]}}


NORM_ALONE = network({"kind": "layer_norm"})
BLOCK = "/network/layers/0/layers/0"


def refusal(swept: Grid) -> MisplacedAxis:
    with pytest.raises(MisplacedAxis) as raised:
        [plan_corner(swept, index) for index in swept.corners()]
    return raised.value


REFUSED: dict[str, tuple[Json, list[Json], str]] = {
    "an unknown name": (BASE, [given("dept", 1)], "/axes/0/name"),
    "a pointer to nothing": (BASE, [given("depth", 1), given("x", 1, pointer="/nothing")], "/axes/1/pointer"),
    "a pointer past the end": (BASE, [given("x", 1, pointer="/network/layers/2/units")], "/axes/0/pointer"),
    "a pointer to a new place": (BASE, [given("x", 1, pointer="/network/layers/-")], "/axes/0/pointer"),
    "a pointer into a number": (BASE, [given("x", 1, pointer="/trials/x")], "/axes/0/pointer"),
    "a pointer with a tilde": (BASE, [given("x", 1, pointer="/a~1b")], "/axes/0/pointer"),
    "depth of layers that differ": (UNALIKE, [given("depth", 1)], "/axes/0/name"),
    "depth of no layers": (ONE_LAYER, [given("depth", 1)], "/axes/0/name"),
    "width of no layers": (ONE_LAYER, [given("width", 1)], "/axes/0/name"),
    "width of layers without units": (WITHOUT_WEIGHTS, [given("width", 1)], "/axes/0/name"),
    "activation of no layers": (ONE_LAYER, [given("activation", "relu")], "/axes/0/name"),
    "width of a residual on the inputs": (network(residual(4, 4)), [given("width", 9)], "/axes/0/name"),
    "width of branches that are put together": (
        network(
            {"kind": "dense", "units": 4},
            {"kind": "parallel", "branches": 2 * [{"layers": [{"kind": "dense", "units": 2}]}]},
            residual(4),
        ),
        [given("width", 4)],
        "/axes/0/name",
    ),
    "a value of the width of blocks": (network(residual(4, 4)), [given("width", 4, "many")], "/axes/0/values/1"),
    "a value before the width of blocks": (
        network(residual(4, 4)),
        [given("features", 4, "many", pointer="/network/features"), given("width", 4)],
        "/axes/0/values/1",
    ),
    "activation of norms": (NORM_ALONE, [given("activation", "relu")], "/axes/0/name"),
    "activation of sums": (network(residual()), [given("activation", "relu")], "/axes/0/name"),
    "a first value": (BASE, [given("depth", "many", 2)], "/axes/0/values/0"),
    "a last value": (BASE, [given("depth", 1, 2), given("width", 1, 2, -3)], "/axes/1/values/2"),
    "a variance below 0": (BASE, [given("bias_variance", 1, -1)], "/axes/0/values/1"),
    "a variance that is none": (BASE, [given("bias_variance", True)], "/axes/0/values/0"),
    "a negative activation": (BASE, [given("activation", "tanh", 5)], "/axes/0/values/1"),
    "an unknown activation": (BASE, [given("activation", "tahn")], "/axes/0/values/0"),
    "too deep an end": (BASE, [given("width", 1), spaced("depth", 1, 9000, 3)], "/axes/1/range/stop"),
    "too small a start": (BASE, [spaced("depth", 0, 5, 6)], "/axes/0/range/start"),
    "what only fails together": (
        BASE,
        [given("loss", {"kind": "squared_error"}, {"kind": "cross_entropy"}, pointer="/loss"),
         given("targets", None, {"kind": "one_hot", "classes": 1}, pointer="/data/targets")],
        "/axes/0/values/1",
    ),
    "a base that is no network": (MISFIT, [given("depth", 1, 2)], "/base/data/inputs/values"),
    "what an axis before has spoilt": (
        BASE,
        [given("layers", 5, pointer="/network/layers"), given("depth", 1)],
        "/axes/1",
    ),
    "what has no layers left": (BASE, [given("x", [], pointer="/network/layers"), given("width", 1)], "/axes/1/name"),
}  # fmt: skip


@pytest.mark.parametrize(("base", "axes", "pointer"), REFUSED.values(), ids=REFUSED)
def test_an_axis_that_fits_nowhere_is_told_at_once(base: Json, axes: list[Json], pointer: str) -> None:
    swept = grid(*axes, base=base)
    found = refusal(swept)
    assert found.pointer == pointer
    assert found.sentence
    resolve(pointer, {"base": base, "axes": axes})


def test_a_width_that_does_not_fit_a_block_says_why_and_what_to_do() -> None:
    base = network({"kind": "dense", "units": 4}, residual(16, 4))
    assert isinstance(plan_corner(grid(given("width", 9), base=base), 0), Plan)
    sentence = refusal(grid(given("width", 9), base=network(residual(16, 4)))).sentence
    assert "The branch comes out with the shape [9] and the shortcut with [4]" in sentence
    assert "by a pointer instead" in sentence
    pointed = given("inner", 4, 32, pointer="/network/layers/0/layers/1/units")
    assert all(isinstance(plan_corner(grid(pointed, base=network(residual(16, 4))), index), Plan) for index in (0, 1))


def test_a_width_is_not_blamed_for_what_does_not_fit_without_it() -> None:
    found = refusal(grid(given("width", 9), base=network(residual(4, 3))))
    assert found.pointer == "/axes/0/values/0"
    assert "by a pointer instead" not in found.sentence


def test_what_is_wrong_with_a_network_is_told_with_its_place_in_it() -> None:
    sentence = refusal(grid(given("units", 4, 0, pointer=f"{BLOCK}/units"))).sentence
    assert sentence.startswith("The point 1 is no network that can be simulated, at /network/layers/0/layers/0/units: ")


def test_values_that_only_fail_together_are_blamed_on_all_axes() -> None:
    inputs = {"kind": "explicit", "values": [[1, 2]]}
    fitting = {**BASE, "data": {"samples": 1, "inputs": {"kind": "explicit", "values": [[1, 2, 3, 4]]}}}
    swept = grid(
        given("features", 4, 2, pointer="/network/features"),
        given("inputs", fitting["data"]["inputs"], inputs, pointer="/data/inputs"),
        base=fitting,
        combine="zip",
    )
    assert isinstance(plan_corner(swept, 1), Plan)
    alone = grid(given("depth", 1, 3000), given("block", 1, 2, pointer="/network/layers/0/times"))
    assert isinstance(plan_corner(alone, 0), Plan)
    body: Any = {"kind": "repeat", "times": 2, "layers": [{"kind": "dense", "units": 4}]}
    nested = {**BASE, "network": {"features": 4, "layers": [body, body, {"kind": "dense", "units": 1}]}}
    times = [given(f"t{number}", 1, 3000, pointer=f"/network/layers/{number}/times") for number in (0, 1)]
    assert refusal(grid(*times, base=nested, combine="zip")).pointer == "/axes"


def test_a_point_inside_that_is_no_network_spoils_nothing_else() -> None:
    swept = grid(given("depth", 1, "many", 3), given("width", 2, 4))
    assert all(isinstance(plan_corner(swept, index), Plan) for index in swept.corners())
    assert [plan_sample(swept, index) is None for index in range(6)] == [False, False, True, True, False, False]
    found = evaluated(swept)
    assert [point.error is None for point in found] == [True, True, False, False, True, True]
    assert [point.verdict is None for point in found] == [False, False, True, True, False, False]
    error = found[2].error
    assert error is not None
    assert (error.code, error.pointer) == ("int-type", "/network/layers/0/times")
    assert (found[2].digest, found[2].values) == (None, {"depth": "many", "width": 2})


@pytest.mark.parametrize(
    "value", [None, [], {}, [[]], "x", -1, 1e99, True, {"kind": "dense"}, {"kind": "repeat", "layers": 5}, [1, {}]]
)
@pytest.mark.parametrize("place", ["/network", "/network/layers", "/network/layers/0", "/data", "/data/inputs", BLOCK])
def test_whatever_a_pointer_puts_anywhere_is_a_point_or_an_error_of_it(place: str, value: Any) -> None:
    named = ["depth", "width", "weight_variance", "bias_variance", "input_std"]
    for name in (*named, "activation"):
        swept = grid(given("x", 1, value, 2, pointer=place), given(name, "relu" if name == "activation" else 1))
        points = evaluated(swept)
        assert [point.index for point in points] == [0, 1, 2]
        assert all((point.error is None) is (point.verdict is not None) for point in points)
        assert json.loads(points[1].model_dump_json())["values"]["x"] == value
