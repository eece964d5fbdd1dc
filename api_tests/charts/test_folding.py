"""Folding of many layers: nothing is lost, what repeats is found whoever wrote it, and spreads have all numbers."""

import random
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api_tests.charts.odd_reports import SPECIFICATIONS, odd
from api_tests.networks import Json, report
from service.charts.folding import MOST_ROWS, Line, deepest, folded, runs, troubled
from service.charts.names import beginning, in_common, shortened
from service.simulation.results import SimulationReport

SMALL: Json = {"data": {"samples": 2}, "trials": 1}
KINDS: list[Json] = [
    {"kind": "layer_norm"},
    {"kind": "activation", "activation": {"kind": "tanh"}},
    {"kind": "dense", "units": 4},
    {"kind": "dense", "units": 4, "activation": {"kind": "relu"}},
]


def _layers(drawn: random.Random, depth: int = 0) -> list[Json]:
    """Some layers: blocks and repeats among them, and copies written one by one."""
    made: list[Json] = []
    for _ in range(drawn.randint(1, 3)):
        kind = drawn.choice(["plain", "plain", "residual", "parallel", "repeat", "copies"] if depth < 3 else ["plain"])
        inside = [] if kind == "plain" else _layers(drawn, depth + 1)
        if kind == "plain":
            made.append(drawn.choice(KINDS) | drawn.choice([{}, {"name": f"block.{drawn.randint(0, 20)}.layer"}]))
        elif kind == "residual":
            made.append({"kind": "residual", "layers": inside})
        elif kind == "parallel":
            branches = [{"layers": inside}, {"layers": drawn.choice([[], inside])}]
            made.append({"kind": "parallel", "merge": "add", "branches": branches})
        elif kind == "repeat":
            made.append({"kind": "repeat", "times": drawn.randint(2, 5), "layers": inside})
        else:
            made += drawn.randint(2, 5) * inside
    return made


@cache
def _drawn(seed: int) -> SimulationReport:
    return report({"features": 4, "layers": _layers(random.Random(seed))}, **SMALL)


def _encoder(written: bool) -> Json:
    """An encoder of eight blocks, written one by one with names of their own, or by `repeat`."""
    block = [
        {"kind": "residual", "name": "layer.{}.attention", "layers": [{"kind": "layer_norm"}, KINDS[3]]},
        {"kind": "residual", "name": "layer.{}.mlp", "layers": [{"kind": "layer_norm"}, KINDS[3], KINDS[2]]},
    ]
    named = [[one | {"name": str(one["name"]).format(at)} for one in block] for at in range(8)]
    layers = [one for some in named for one in some] if written else [{"kind": "repeat", "times": 8, "layers": block}]
    return {"features": 4, "layers": [{"kind": "dense", "units": 4}, *layers, {"kind": "dense", "units": 1}]}


def _each(lines: Any) -> list[Line]:
    """All lines, those inside others and in copies, too."""
    return [one for line in lines for one in (line, *_each(line.inside), *_each(sum(line.copies, ())))]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6))
def test_nothing_is_lost_and_spreads_have_the_numbers_of_all_members(seed: int) -> None:
    found = _drawn(seed)
    for whole in (False, True):
        lines = folded(found, whole)
        assert [layer.index for line in lines for layer in line.every()] == [layer.index for layer in found.layers]
        for line in _each(lines):
            assert line.times == max(1, len(line.copies)) or not line.copies
            assert {(one.kind, one.activation, *one.shape, one.parameters) for one in line.layers} == {
                (one.kind, one.activation, *one.shape, one.parameters) for one in line.layers[:1]
            }
            numbers = [one.log10_forward_rms.median for one in line.layers]
            known = [number for number in numbers if number is not None]
            spread = line.numbers(lambda layer: layer.log10_forward_rms.median)
            assert (spread is None) == (not known)
            assert spread is None or (spread.least, spread.most) == (min(known), max(known))
            assert spread is None or spread.least <= spread.middle <= spread.most
    assert all(line.times == 1 and len(line.layers) == 1 for line in _each(folded(found, whole=True)))


@pytest.mark.parametrize("name", [name for name in SPECIFICATIONS if name != "5000 layers"])
def test_a_report_of_few_layers_is_not_folded(name: str) -> None:
    many = len(odd(name).layers) > MOST_ROWS
    assert many or all(line.times == 1 for line in _each(folded(odd(name))))


@pytest.mark.parametrize("written", [True, False])
def test_what_repeats_is_one_line_whether_a_repeat_says_so_or_it_is_written_out(written: bool) -> None:
    first, blocks, last = folded(report(_encoder(written), **SMALL))
    assert (first.times, blocks.times, last.times) == (1, 8, 1)
    assert blocks.label == ("layer.0–7" if written else "layer.{}")
    assert blocks.kind == "2 residual"
    assert [line.parts((blocks.label,))[1:] for line in blocks.inside] == [
        (".attention", "residual"),
        (".mlp", "residual"),
    ]
    assert [len(line.layers) for line in blocks.inside] == [8, 8]
    assert [one.kind for one in blocks.inside[1].inside] == ["layer norm", "dense relu", "dense linear"]
    assert len(blocks.copies) == 8
    assert deepest([blocks]) == 1


def test_blocks_of_two_that_stand_in_one_another_are_one_line() -> None:
    (pair, _, _) = folded(odd("blocks of two"))
    assert (pair.times, pair.kind, len([*pair.every()])) == (150, "activation tanh, dense linear", 300)


def test_alike_branches_are_one_line() -> None:
    branch = {"layers": [{"kind": "layer_norm"}, *5 * [KINDS[2] | {"units": 4}]]}
    expert = {"kind": "parallel", "merge": "add", "branches": 8 * [branch]}
    (line,) = folded(report({"features": 4, "layers": [expert]}, **SMALL))
    assert [one.times for one in line.inside] == [8]
    other = {"kind": "parallel", "merge": "add", "branches": [*4 * [branch], *4 * [{"layers": branch["layers"][1:]}]]}
    (line,) = folded(report({"features": 4, "layers": [other]}, **SMALL))
    assert [one.times for one in line.inside] == [4, 4]


def test_the_largest_run_is_taken_and_what_saves_no_row_is_left() -> None:
    assert [*runs("aabaabaab")] == [(0, 3, 3)]
    assert [*runs("xababab")] == [(0, 1, 1), (1, 2, 3)]
    assert [*runs("aab")] == [(0, 1, 1), (1, 1, 1), (2, 1, 1)]
    assert [*runs("aaab")] == [(0, 1, 3), (3, 1, 1)]
    assert [*runs("aab", [5, 5, 1])] == [(0, 1, 2), (2, 1, 1)]


@given(st.text("ab", max_size=60))
def test_runs_cover_all_and_are_runs(marks: str) -> None:
    assert "".join(marks[at : at + period] * times for at, period, times in runs(marks)) == marks


def test_layers_that_findings_name_and_where_the_gradient_dies_are_looked_at() -> None:
    dead, stable = odd("dead"), odd("stable")
    assert {layer.index for layer in dead.layers if layer.zero_trials} & troubled(dead)
    named = {one.path for one in stable.findings}
    assert troubled(stable) == {layer.index for layer in stable.layers if layer.path in named}
    assert min(layer.index for layer in odd("overflowing").layers if layer.non_finite_trials) in troubled(
        odd("overflowing")
    )


@pytest.mark.parametrize(
    ("names", "common"),
    [
        (["layer1.1", "layer1.2", "layer1.10"], "layer1.1–10"),
        (["conv2_block1_out", "conv2_block3_out"], "conv2_block1–3_out"),
        (["a1.b1", "a2.b2"], "a1.b1 … a2.b2"),
        (["same", "same"], "same"),
        (["x19", "x1"], "x19–1"),
        ([None, None], ""),
        ([], ""),
    ],
)
def test_names_of_copies_are_one_with_the_ends_of_what_differs(names: list[str | None], common: str) -> None:
    assert in_common(names) == common


def test_a_name_is_shortened_in_its_middle_and_stays_as_long_as_it_may() -> None:
    assert shortened("encoder.layer.11.attention.output", 16) == "encode…on.output"
    assert shortened("short", 16) == "short"
    assert len(shortened(100 * "x", 9)) == 9
    assert beginning(["encoder.0.norm", "encoder.0.mlp.up"]) == "encoder.0"
    assert beginning(["encoder.0", "encoder.1"]) == "encoder"
    assert beginning(["a", "b"]) == ""
