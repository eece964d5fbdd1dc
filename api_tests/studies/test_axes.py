"""Every axis does what it says: a point is the specification that one would have written by hand."""

from copy import deepcopy
from math import log10
from typing import Any

import pytest
from hypothesis import given as given_any
from hypothesis import settings
from hypothesis import strategies as st
from pydantic import ValidationError

from api_tests.networks import Json, named
from api_tests.studies.sweeping import BASE, digest_of, evaluated, given, grid, spaced
from service.studies.axes import AxisRange
from service.studies.sweep import Grid, SweepSpec

MIXED: Json = {
    "network": {
        "features": 3,
        "layers": [
            {"kind": "dense", "units": 4, "activation": {"kind": "tanh"}},
            {"kind": "activation", "activation": {"kind": "relu"}},
            {"kind": "repeat", "times": 2, "layers": [{"kind": "dense", "units": 5}]},
            {"kind": "dense", "units": 2},
        ],
    },
    "data": {"inputs": {"kind": "gaussian", "mean": 0.5, "std": 1}},
}

BLOCKS: Json = {
    "network": {
        "features": 4,
        "layers": [
            {"kind": "dense", "units": 6, "activation": {"kind": "tanh"}},
            {
                "kind": "repeat",
                "times": 2,
                "layers": [
                    {
                        "kind": "residual",
                        "layers": [
                            {"kind": "layer_norm"},
                            {"kind": "repeat", "times": 2, "layers": [{"kind": "dense", "units": 6}]},
                        ],
                        "shortcut": [{"kind": "dense", "units": 6}],
                    }
                ],
            },
            {
                "kind": "parallel",
                "merge": "add",
                "branches": [
                    {"layers": [{"kind": "dense", "units": 6}, {"kind": "activation", "activation": {"kind": "relu"}}]},
                    {"layers": []},
                ],
            },
            {"kind": "residual", "layers": [{"kind": "dense", "units": 6}], "activation": {"kind": "relu"}},
            {"kind": "layer_norm"},
            {"kind": "dense", "units": 2},
        ],
    },
}
"""A plain layer, and one in every place that a block has for one."""


def edited(base: Json, **edits: Any) -> Json:
    """`base` with other values at some places, such as `network__layers__0__units`."""
    body = deepcopy(base)
    for place, value in edits.items():
        *parents, last = (int(token) if token.isdigit() else token for token in place.split("__"))
        node: Any = body
        for token in parents:
            node = node[token] if isinstance(token, int) else node.setdefault(token, {})
        node[last] = value
    return body


def scaled(variance: float) -> Json:
    return {"kind": "variance_scaling", "scale": variance, "mode": "fan_in", "distribution": "normal"}


def normal(std: float) -> Json:
    return {"kind": "normal", "mean": 0, "std": std}


ALL_DENSE = ("network__layers__0", "network__layers__2__layers__0", "network__layers__3")
HIDDEN = ("network__layers__0", "network__layers__1", "network__layers__2__layers__0")
HIDDEN_DENSE = (ALL_DENSE[0], ALL_DENSE[1])
IN_BLOCKS = (
    "network__layers__0",
    "network__layers__1__layers__0__layers__1__layers__0",
    "network__layers__1__layers__0__shortcut__0",
    "network__layers__2__branches__0__layers__0",
    "network__layers__3__layers__0",
)
ACTIVATED = (*IN_BLOCKS, "network__layers__2__branches__0__layers__1", "network__layers__3")
"""Not the residual whose sum is linear."""
IN_BLOCK = "/network/layers/0/layers/0"


def at_all(places: tuple[str, ...], field: str, value: Any) -> Json:
    return {f"{place}__{field}": value for place in places}


BY_HAND: dict[str, tuple[Json, Json, Json]] = {
    "depth of a repeat": (BASE, given("depth", 7), {"network__layers__0__times": 7}),
    "width of hidden layers": (MIXED, given("width", 9), at_all(HIDDEN_DENSE, "units", 9)),
    "weight_variance of all layers": (MIXED, given("weight_variance", 1.5), at_all(ALL_DENSE, "weights", scaled(1.5))),
    "bias_variance of all layers": (MIXED, given("bias_variance", 0.25), at_all(ALL_DENSE, "bias", normal(0.5))),
    "input_std keeps a mean": (
        MIXED,
        given("input_std", 2),
        {"data__inputs": {"kind": "gaussian", "mean": 0.5, "std": 2}},
    ),
    "input_std replaces what is no Gaussian": (
        edited(BASE, data__inputs={"kind": "uniform", "low": 0, "high": 1}),
        given("input_std", 2),
        {"data__inputs": {"kind": "gaussian", "mean": 0, "std": 2}},
    ),
    "activation by its name": (MIXED, given("activation", "selu"), at_all(HIDDEN, "activation", {"kind": "selu"})),
    "activation as an object": (
        MIXED,
        given("activation", {"kind": "elu", "alpha": 2}),
        at_all(HIDDEN, "activation", {"kind": "elu", "alpha": 2}),
    ),
    "width inside blocks": (BLOCKS, given("width", 9), at_all(IN_BLOCKS, "units", 9)),
    "weight_variance inside blocks": (
        BLOCKS,
        given("weight_variance", 1.5),
        at_all((*IN_BLOCKS, "network__layers__5"), "weights", scaled(1.5)),
    ),
    "bias_variance inside blocks": (
        BLOCKS,
        given("bias_variance", 0.25),
        at_all((*IN_BLOCKS, "network__layers__5"), "bias", normal(0.5)),
    ),
    "activation inside blocks": (BLOCKS, given("activation", "selu"), at_all(ACTIVATED, "activation", named("selu"))),
    "a pointer to a number": (BASE, given("many", 5, pointer="/trials"), {"trials": 5}),
    "a pointer to a default": (BASE, given("seed", 5, pointer="/seed"), {"seed": 5}),
    "a pointer to null": (BASE, given("x", {"kind": "bernoulli", "p": 0.5}, pointer="/data/targets"), {
        "data__targets": {"kind": "bernoulli", "p": 0.5}
    }),
    "a pointer to an object": (BASE, given("loss", {"kind": "huber"}, pointer="/loss"), {"loss": {"kind": "huber"}}),
    "a pointer into a block": (
        BASE,
        given("w", "zeros", pointer=f"{IN_BLOCK}/weights/kind"),
        {"network__layers__0__layers__0__weights": {"kind": "zeros"}},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("base", "axis", "edits"), BY_HAND.values(), ids=BY_HAND)
def test_a_point_is_what_one_would_write_by_hand(base: Json, axis: Json, edits: Json) -> None:
    assert grid(axis, base=base).digest(0) == digest_of(edited(base, **edits))


def test_depth_is_the_number_of_layers_that_are_all_alike() -> None:
    hidden = {"kind": "dense", "units": 4, "activation": {"kind": "tanh"}}
    body = {**BASE, "network": {"features": 4, "layers": [hidden, hidden, {"kind": "dense", "units": 1}]}}
    swept = grid(given("depth", 1, 2, 5), base=body)
    layers = [[planned["times"] for planned in swept.specification(index)["network"]["layers"][:1]] for index in (0, 2)]
    assert layers == [[1], [5]]
    assert [point.error for point in evaluated(swept)] == [None] * 3


def test_axes_are_applied_in_their_order_and_touch_neither_base_nor_values() -> None:
    activation = {"kind": "elu", "alpha": 1}
    swept = grid(
        given("activation", activation),
        given("alpha", 2, 3, pointer="/network/layers/0/activation/alpha"),
        given("width", 4, 6),
        base=MIXED,
    )
    before = [swept.specification(index) for index in range(4)]
    assert [document["network"]["layers"][0]["activation"]["alpha"] for document in before] == [2, 2, 3, 3]
    assert {document["network"]["layers"][1]["activation"]["alpha"] for document in before} == {1}
    assert [swept.specification(index) for index in range(4)] == before
    assert swept.values(0)["activation"] == activation
    assert swept.base() == grid(given("width", 1), base=MIXED).base()


@pytest.mark.parametrize(
    ("axis", "values"),
    [
        (spaced("weight_variance", 0, 1, 11), [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1]),
        (spaced("weight_variance", 3, 1, 5), [3, 2.5, 2, 1.5, 1]),
        (spaced("weight_variance", 1e-3, 1e3, 7, scale="log"), [1e-3, 1e-2, 0.1, 1, 10, 100, 1000]),
        (spaced("weight_variance", 1e-100, 1e100, 3, scale="log"), [1e-100, 1, 1e100]),
        (spaced("depth", 5, 50, 4), [5, 20, 35, 50]),
        (spaced("depth", 1, 4, 5), [1, 2, 2, 3, 4]),
        (spaced("depth", 1, 100, 3, scale="log"), [1, 10, 100]),
        (spaced("n", 4, 8, 4, pointer="/data/samples"), [4, 5, 7, 8]),
        (spaced("n", 1, 2, 3, pointer=f"{IN_BLOCK}/units"), [1, 2, 2]),
        (spaced("s", 1, 2, 3, pointer="/policy/exploding_mild"), [1, 1.5, 2]),
    ],
)
def test_a_range_is_evenly_spaced_and_whole_where_the_field_counts(axis: Json, values: list[float]) -> None:
    swept = grid(axis)
    assert len(swept) == len(values)
    found = [swept.values(index)[axis["name"]] for index in range(len(swept))]
    assert found == values
    assert [type(one) for one in found] == [int if float(one).is_integer() else float for one in values]


ENDS = st.floats(1e-12, 1e12)


@settings(max_examples=50, deadline=None)
@given_any(ENDS, ENDS, st.integers(2, 40), st.sampled_from(["linear", "log"]))
def test_a_range_has_exact_ends_and_never_turns_back(start: float, stop: float, count: int, scale: str) -> None:
    values = AxisRange.model_validate({"scale": scale, "start": start, "stop": stop, "count": count}).values()
    assert (values[0], values[-1], len(values)) == (start, stop, count)
    assert values == sorted(values, reverse=stop < start)
    steps = [log10(value) for value in values] if scale == "log" else values
    spacing = (steps[-1] - steps[0]) / (count - 1)
    assert steps == pytest.approx([steps[0] + spacing * step for step in range(count)], abs=1e-9 * max(map(abs, steps)))


def test_in_a_product_the_last_axis_varies_fastest() -> None:
    swept = grid(given("depth", 1, 2), given("width", 3, 4, 5), given("input_std", 0.5, 1))
    found = [tuple(swept.values(index).values()) for index in range(len(swept))]
    assert found == [(depth, width, std) for depth in (1, 2) for width in (3, 4, 5) for std in (0.5, 1)]
    assert list(swept.values(0)) == ["depth", "width", "input_std"]
    assert swept.corners() == [0, 1, 4, 6, 11]


def test_axes_that_are_zipped_go_side_by_side() -> None:
    swept = grid(given("depth", 1, 2, 3), spaced("width", 3, 5, 3), combine="zip")
    assert [swept.values(index) for index in range(len(swept))] == [
        {"depth": 1, "width": 3},
        {"depth": 2, "width": 4},
        {"depth": 3, "width": 5},
    ]
    assert swept.corners() == [0, 2]


@settings(max_examples=20, deadline=None)
@given_any(st.lists(st.integers(1, 5), min_size=1, max_size=4))
def test_numbers_and_values_of_points_belong_together_one_by_one(sizes: list[int]) -> None:
    names = ["depth", "width", "input_std", "bias_variance"]
    swept = grid(*(given(name, *range(1, size + 1)) for name, size in zip(names, sizes, strict=False)))
    found = [tuple(swept.values(index).values()) for index in range(len(swept))]
    assert len(set(found)) == len(found) == len(swept)
    assert found == sorted(found)


def limits(*axes: Json, **fields: Any) -> tuple[str, tuple[Any, ...]]:
    """The type and the place of what is wrong with a sweep."""
    with pytest.raises(ValidationError) as raised:
        SweepSpec.model_validate({"base": BASE, "axes": list(axes), **fields})
    (error,) = raised.value.errors()
    return error["type"], error["loc"]


def test_as_many_points_as_are_allowed_are_swept_and_no_more() -> None:
    assert len(grid(spaced("input_std", 1, 2, 100_000))) == 100_000
    assert len(grid(spaced("input_std", 1, 2, 400), spaced("weight_variance", 1, 2, 250))) == 100_000
    assert limits(spaced("input_std", 1, 2, 11), spaced("weight_variance", 1, 2, 9091)) == ("too_many_points", ())
    assert limits(spaced("input_std", 1, 2, 100_001)) == ("less_than_equal", ("axes", 0, "range", "count"))
    assert limits(given("input_std", *range(100_001))) == ("too_long", ("axes", 0, "values"))


def test_values_are_not_repeated_in_results_for_ever() -> None:
    long = {"kind": "explicit", "values": [[1.5] * 40] * 40}
    weights = given("w", *[long] * 4, pointer=f"{IN_BLOCK}/weights")
    assert len(grid(weights, spaced("input_std", 1, 2, 100))) == 400
    assert limits(weights, spaced("input_std", 1, 2, 25_000))[0] == "too_long_values"


WRONG: dict[str, tuple[list[Json], str, tuple[Any, ...]]] = {
    "no axis": ([], "too_short", ("axes",)),
    "seven axes": ([given(f"a{number}", 1) for number in range(7)], "too_long", ("axes",)),
    "a name twice": ([given("depth", 1), given("depth", 2)], "name_twice", ()),
    "neither": ([{"name": "depth"}], "values_or_range", ("axes", 0)),
    "both": ([given("depth", 1) | spaced("depth", 1, 2, 2)], "values_or_range", ("axes", 0)),
    "no values": ([given("depth")], "values_or_range", ("axes", 0)),
    "one value of a range": ([spaced("depth", 1, 2, 1)], "greater_than_equal", ("axes", 0, "range", "count")),
    "a logarithm of 0": ([spaced("depth", 0, 2, 2, scale="log")], "not_positive", ("axes", 0, "range")),
    "a logarithm of less": ([spaced("depth", 1, -2, 2, scale="log")], "not_positive", ("axes", 0, "range")),
    "no end": ([spaced("depth", 1, float("inf"), 2)], "finite_number", ("axes", 0, "range", "stop")),
    "a root pointer": ([given("x", 1, pointer="no/slash")], "string_pattern_mismatch", ("axes", 0, "pointer")),
    "half of a character": ([given("activation", "tanh", "\ud800")], "not_unicode", ("axes", 0, "values", 1)),
}


@pytest.mark.parametrize(("axes", "kind", "place"), WRONG.values(), ids=WRONG)
def test_a_sweep_that_makes_no_points_is_refused(axes: list[Json], kind: str, place: tuple[Any, ...]) -> None:
    assert limits(*axes) == (kind, place)


def test_unequal_axes_are_not_zipped() -> None:
    assert limits(given("depth", 1, 2), given("width", 1), combine="zip") == ("unequal_axes", ())


def test_equal_sweeps_have_one_digest_and_others_have_others() -> None:
    def digest(swept: Grid) -> str:
        return swept.spec.digest()

    written_out = {**BASE, "seed": 0, "precision": "float64"}
    found = digest(grid(given("depth", 1, 2)))
    assert digest(grid(given("depth", 1, 2), base=written_out, combine="product")) == found
    assert len({found, digest(grid(given("depth", 2, 1))), digest(grid(given("width", 1, 2)))}) == 3
