"""Points of a sweep: judged as alone, once each, whatever they are worked on together with."""

import json
from collections.abc import Sequence
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given as given_any
from hypothesis import settings
from hypothesis import strategies as st

from api_tests.networks import blocks
from api_tests.studies.sweeping import BASE, Counting, digest_of, evaluated, given, grid, points, spaced
from service.core.errors import BudgetExceeded
from service.simulation.estimate import Limits
from service.simulation.plan import Plan
from service.simulation.simulate import simulate
from service.simulation.spec import SimulationSpec
from service.studies.evaluation import ChunkResult, digests_of, evaluate, points_of, reduced
from service.studies.points import Reduced
from service.studies.sweep import Grid

PHASES = [spaced("weight_variance", 0.5, 2, 3, scale="log"), given("depth", 2, 3, 2)]
"""Six points, of which two and two are the same."""


@pytest.fixture(scope="module")
def swept() -> Grid:
    return grid(*PHASES)


@pytest.fixture(scope="module")
def whole(swept: Grid) -> ChunkResult:
    """All of its points, worked on together."""
    return evaluate(swept, range(len(swept)), {})


def test_a_point_says_of_its_network_what_a_report_says(swept: Grid, whole: ChunkResult) -> None:
    assert len(whole.lines) == len(swept) == 9
    assert whole.failed == 0
    for index, point in enumerate(points(whole)):
        report = simulate(SimulationSpec.model_validate(swept.specification(index)))
        verdict = report.verdict.model_dump()
        assert point.index == index
        assert point.digest == report.digest
        assert point.theory_depth_ratio == report.theory.depth_ratio
        assert point.verdict is not None
        for name, value in point.verdict.model_dump().items():
            assert value == verdict[name]


def test_a_line_is_one_line_of_json_that_begins_with_its_kind(whole: ChunkResult) -> None:
    for index, line in enumerate(whole.lines):
        assert line.startswith(b'{"kind":"point","index":%d,"values":{"weight_variance":' % index)
        assert b"\n" not in line
        assert list(json.loads(line)) == [
            "kind", "index", "values", "digest", "verdict", "theory_depth_ratio", "error"
        ]  # fmt: skip


def test_what_is_the_same_is_simulated_once(swept: Grid) -> None:
    counting = Counting()
    evaluated(swept, counting)
    assert len(counting.digests) == len(set(counting.digests)) == 6
    assert set(counting.digests) == {swept.digest(index) for index in range(9)}


@settings(max_examples=15, deadline=None)
@given_any(data=st.data())
def test_chunks_with_or_without_what_is_known_give_the_same_bytes(
    swept: Grid, whole: ChunkResult, data: st.DataObject
) -> None:
    cuts = sorted(data.draw(st.sets(st.integers(1, 8), max_size=4)))
    known_ones = data.draw(st.sets(st.sampled_from(sorted(whole.points))))
    known = {digest: whole.points[digest] for digest in known_ones}
    counting, together = Counting(really=True), ChunkResult()
    for start, end in pairwise([0, *cuts, 9]):
        together += evaluate(swept, range(start, end), known | together.points, counting)
    assert together.lines == whole.lines
    assert together.points.keys() == whole.points.keys() - known_ones
    assert set(counting.digests) == together.points.keys()


@pytest.mark.parametrize("trials", [1, 5, 32])
def test_a_line_has_the_same_bytes_whatever_points_it_is_worked_out_with(trials: int) -> None:
    axes = [
        given("width", 2, 5),
        given("activation", "tanh", "relu", {"kind": "leaky_relu", "negative_slope": 0.3}),
        given("weight_variance", 0.01, 1.0, 9.0),
        given("seed", 0, 3, pointer="/seed"),
    ]
    swept = grid(*axes, base={**BASE, "trials": trials})
    together, order = evaluate(swept, range(len(swept)), {}).lines, list(range(len(swept)))
    Random(trials).shuffle(order)
    assert [evaluate(swept, [index], {}).lines[0] for index in range(len(swept))] == together
    for size in (2, 7, 36):
        for some in (order[start : start + size] for start in range(0, len(order), size)):
            assert evaluate(swept, some, {}).lines == [together[index] for index in some]


def test_what_is_known_in_a_form_of_another_time_is_simulated_again(swept: Grid, whole: ChunkResult) -> None:
    one, other = sorted(whole.points)[:2]
    known = {**whole.points, one: b'{"digest":"old"}', other: b"damaged"}
    counting = Counting(really=True)
    assert evaluate(swept, range(9), known, counting).lines == whole.lines
    assert set(counting.digests) == {one, other}


def test_a_refusal_or_a_defect_is_the_error_of_one_point_alone() -> None:
    swept = grid(given("depth", 1, 2, 3))
    deep = [swept.digest(index) for index in (1, 2)]

    def judge(plans: Sequence[Plan]) -> Sequence[Reduced]:
        digests = {made.digest for made in plans}
        if deep[0] in digests:
            raise BudgetExceeded("Too much.", pointer="/network")
        if deep[1] in digests:
            raise ZeroDivisionError("a secret")
        return reduced(plans)

    found = evaluate(swept, range(3), {}, judge)
    errors = [point.error for point in points(found)]
    assert errors[0] is None
    assert [(error.code, error.pointer) for error in errors[1:] if error] == [
        ("budget-exceeded", "/network"),
        ("internal-error", None),
    ]
    assert found.failed == 2
    assert list(found.points) == [points(found)[0].digest]
    assert "a secret" not in b"".join(found.lines).decode()
    assert "ZeroDivisionError: a secret" in found.defects[0]


def test_want_of_memory_is_left_to_whoever_gives_it() -> None:
    def judge(_plans: Sequence[Plan]) -> Sequence[Reduced]:
        raise MemoryError

    with pytest.raises(MemoryError):
        evaluate(grid(given("depth", 1)), [0], {}, judge)


def test_a_worker_process_finds_the_same_lines_and_no_more_than_its_limits(swept: Grid, whole: ChunkResult) -> None:
    request = swept.spec.model_dump_json().encode()
    plenty = Limits(1e12, 1 << 40)
    assert digests_of(request, range(9)) == [swept.digest(index) for index in range(9)]
    assert points_of(request, range(4, 7), {}, plenty).lines == whole.lines[4:7]
    assert points_of(request, range(9), whole.points, Limits(1.0, 1)).lines == whole.lines, "known: costs nothing"
    found = points(points_of(request, range(2), {}, Limits(1.0, 1 << 40)))
    assert [point.error.code for point in found if point.error] == ["budget-exceeded"] * 2


def test_the_points_of_a_sweep_of_seeds_are_those_of_its_specifications() -> None:
    swept = grid(spaced("seed", 1, 5, 5, pointer="/seed"))
    assert [swept.digest(index) for index in range(5)] == [digest_of({**BASE, "seed": seed}) for seed in range(1, 6)]


def test_a_pointer_into_a_block_and_an_axis_that_reaches_into_it_are_judged_as_alone() -> None:
    base = {**BASE, "network": blocks()}
    place = "/network/layers/0/layers/0/branch_scale"
    swept = grid(given("scale", 0.001, 1, pointer=place), given("weight_variance", 0.5, 4), base=base)
    found = evaluated(swept, Counting(really=True))
    for index, point in enumerate(found):
        alone = simulate(SimulationSpec.model_validate(swept.specification(index)))
        assert point.error is None
        assert point.verdict is not None
        assert (point.digest, point.verdict.depth_ratio) == (alone.digest, alone.verdict.depth_ratio)
    ratios = [point.verdict.depth_ratio.median for point in found if point.verdict]
    assert len(set(ratios)) == 4
