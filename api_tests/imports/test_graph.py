"""Graphs of layers → nests of blocks: every graph that was made of a nest comes back as that nest."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.imports.base import NotUnderstood
from service.imports.graph import INPUT, Vertex, chain_of

Tree = list[tuple[str, list["Tree"]]]


def layer(name: str) -> dict[str, object]:
    return {"kind": "dense", "units": 3, "name": name}


def leaf(name: str, *inputs: str) -> Vertex:
    return Vertex(name, inputs, [layer(name)], pointer=f"/{name}")


_LEAVES = st.just([]).map(lambda _: ("leaf", []))


def _blocks(inner: st.SearchStrategy[Tree]) -> st.SearchStrategy[tuple[str, list[Tree]]]:
    return st.tuples(st.sampled_from(["concat", "add", "multiply"]), st.lists(inner, min_size=2, max_size=4))


TREES = st.recursive(
    st.lists(_LEAVES, max_size=3), lambda inner: st.lists(st.one_of(_LEAVES, _blocks(inner)), max_size=3), max_leaves=20
)


def graph_of(tree: Tree) -> tuple[list[Vertex], str]:
    vertices: list[Vertex] = []

    def walk(nodes: Tree, start: str) -> str:
        for kind, branches in nodes:
            name = f"v{len(vertices)}"
            if kind == "leaf":
                vertices.append(leaf(name, start))
            else:
                ends = [walk(branch, start) for branch in branches]
                name = f"v{len(vertices)}"
                vertices.append(Vertex(name, ends, merge=kind))
            start = name
        return start

    return vertices, walk(tree, INPUT)


def tree_of(layers: list[dict[str, object]]) -> list[object]:
    found: list[object] = []
    for one in layers:
        if one["kind"] == "dense":
            found.append(one["name"])
        elif one["kind"] == "residual":
            found.append((one["name"], sorted([tree_of(one["layers"]), tree_of(one.get("shortcut", []))], key=repr)))
        else:
            branches = [tree_of(branch["layers"]) for branch in one["branches"]]
            found.append((one["name"], sorted(branches, key=repr) if one["merge"] == "add" else branches))
    return found


def tree_as_drawn(tree: Tree) -> list[object]:
    count = 0

    def walk(nodes: Tree) -> list[object]:
        nonlocal count
        found: list[object] = []
        for kind, branches in nodes:
            inside = [walk(branch) for branch in branches]
            name, count = f"v{count}", count + 1
            inside = sorted(inside, key=repr) if kind == "add" else inside
            found.append(name if kind == "leaf" else (name, inside))
        return found

    return walk(tree)


@given(TREES)
def test_a_graph_made_of_a_nest_of_blocks_comes_back_as_that_nest(tree: Tree) -> None:
    vertices, output = graph_of(tree)
    if any(one.merge == "concat" and len(set(one.inputs)) < len(one.inputs) for one in vertices):
        return  # concat(x, x, y) is read as one concatenation inside another
    assert tree_of(chain_of(vertices, output)) == tree_as_drawn(tree)


def test_a_sum_with_an_untouched_signal_is_a_residual_block() -> None:
    found = chain_of([leaf("a", INPUT), leaf("b", "a"), Vertex("sum", ["a", "b"], merge="add")], "sum")
    assert found == [layer("a"), {"kind": "residual", "name": "sum", "layers": [layer("b")]}]


def test_a_sum_of_two_equal_branches_is_a_parallel_block() -> None:
    found = chain_of([leaf("a", INPUT), leaf("b", INPUT), Vertex("sum", ["a", "b"], merge="add")], "sum")
    assert found == [
        {
            "kind": "parallel",
            "name": "sum",
            "merge": "add",
            "branches": [{"layers": [layer("a")]}, {"layers": [layer("b")]}],
        }
    ]


def test_the_list_of_signals_of_a_densenet_is_read_as_one_concatenation_inside_another() -> None:
    vertices = [
        leaf("a", INPUT),
        Vertex("ab", [INPUT, "a"], merge="concat"),
        leaf("c", "ab"),
        Vertex("abc", [INPUT, "a", "c"], merge="concat"),
    ]
    inner = {
        "kind": "parallel",
        "name": "ab",
        "merge": "concat",
        "branches": [{"layers": []}, {"layers": [layer("a")]}],
    }
    outer = {
        "kind": "parallel",
        "name": "abc",
        "merge": "concat",
        "branches": [{"layers": []}, {"layers": [layer("c")]}],
    }
    assert chain_of(vertices, "abc") == [inner, outer]


def test_a_signal_that_leaves_the_middle_of_a_branch_is_refused_with_both_vertices_named() -> None:
    vertices = [
        leaf("a", INPUT),
        leaf("b", "a"),
        Vertex("m", ["a", "b"], merge="add"),
        leaf("c", INPUT),
        Vertex("n", ["m", "c", "a"], merge="add", pointer="/n"),
    ]
    with pytest.raises(NotUnderstood, match=r"branches that meet at `n` share `a`") as refused:
        chain_of(vertices, "n")
    assert [fault.pointer for fault in refused.value.faults] == ["/n"]


def test_a_signal_of_one_position_is_repeated_where_it_meets_many() -> None:
    vertices = [
        Vertex("x", [INPUT], [layer("x")], shape=(7, 5, 16)),
        Vertex("squeeze", ["x"], [layer("squeeze")], shape=(1, 1, 16)),
        Vertex("gate", ["x", "squeeze"], merge="multiply", shape=(7, 5, 16)),
    ]
    gate = chain_of(vertices, "gate")[1]
    assert gate["branches"][1]["layers"] == [layer("squeeze"), {"kind": "upsampling", "size": [7, 5]}]


def test_shapes_that_do_not_meet_are_refused() -> None:
    vertices = [
        Vertex("x", [INPUT], [layer("x")], shape=(7, 5, 16)),
        Vertex("y", ["x"], [layer("y")], shape=(7, 5, 1)),
        Vertex("z", ["x", "y"], merge="multiply", shape=(7, 5, 16)),
    ]
    with pytest.raises(NotUnderstood, match=r"`y` comes with the shape \[7, 5, 1\] to `z`"):
        chain_of(vertices, "z")


@pytest.mark.parametrize(
    ("vertices", "output", "says"),
    [
        ([leaf("a", "b"), leaf("b", INPUT)], "b", "`a` reads `b`, which does not come before it"),
        ([leaf("a", INPUT), leaf("a", INPUT)], "a", "Two layers are called `a`"),
        ([leaf("a")], "a", "has 0 inputs"),
        ([leaf("a", INPUT)], "b", "output is `b`, and nothing is called so"),
        ([leaf(INPUT, INPUT)], INPUT, "Two layers are called the input"),
    ],
)
def test_what_is_no_graph_is_refused_with_the_place_named(vertices: list[Vertex], output: str, says: str) -> None:
    with pytest.raises(NotUnderstood, match=says):
        chain_of(vertices, output)


def test_a_nest_that_is_too_deep_is_refused_at_once() -> None:
    vertices = [leaf("v0", INPUT), *(Vertex(f"v{n}", [INPUT, f"v{n - 1}"], merge="add") for n in range(1, 5000))]
    with pytest.raises(NotUnderstood, match="is a block inside 40 others"):
        chain_of(vertices, "v4999")


def test_a_long_chain_of_blocks_is_read() -> None:
    vertices, last = [], INPUT
    for n in range(4000):
        vertices += [leaf(f"f{n}", last), Vertex(f"s{n}", [last, f"f{n}"], merge="add")]
        last = f"s{n}"
    assert len(chain_of(vertices, last)) == 4000


@pytest.mark.parametrize(("shortcut", "kind"), [(1, "residual"), (3, "residual"), (4, "parallel")])
def test_a_short_branch_beside_a_longer_one_is_its_shortcut(shortcut: int, kind: str) -> None:
    vertices = [Vertex("body", [INPUT], [layer("body")] * 6), Vertex("short", [INPUT], [layer("short")] * shortcut)]
    (found,) = chain_of([*vertices, Vertex("sum", ["body", "short"], merge="add")], "sum")
    assert found["kind"] == kind
    if kind == "residual":
        assert (found["layers"], found["shortcut"]) == ([layer("body")] * 6, [layer("short")] * shortcut)


@pytest.mark.parametrize(("count", "fits"), [(100, True), (101, False)])
def test_at_most_a_hundred_signals_meet(count: int, fits: bool) -> None:
    merge = Vertex("sum", [INPUT] * count, merge="concat")
    if fits:
        assert len(chain_of([merge], "sum")[0]["branches"]) == count
    else:
        with pytest.raises(NotUnderstood, match="`sum` has 101 inputs; it needs at least 1, and at most 100 are read"):
            chain_of([merge], "sum")


@pytest.mark.parametrize("count", [20_000, 20_001])
def test_at_most_twenty_thousand_vertices_are_read(count: int) -> None:
    vertices = [Vertex(str(n), [INPUT if n == 0 else str(n - 1)]) for n in range(count)]
    if count == 20_000:
        assert chain_of(vertices, str(count - 1)) == []
    else:
        with pytest.raises(NotUnderstood, match="The model has 20001 layers and operations; at most 20000 are read"):
            chain_of(vertices, str(count - 1))


def test_a_shortcut_is_what_has_fewer_layers_those_inside_blocks_counted() -> None:
    vertices = [
        leaf("a", INPUT),
        *(leaf(name, before) for name, before in (("b", "a"), ("c", "b"))),
        Vertex("inner", ["a", "c"], merge="add"),
        Vertex("short", [INPUT], [layer("s"), layer("s")]),
    ]
    (found,) = chain_of([*vertices, Vertex("sum", ["inner", "short"], merge="add")], "sum")
    assert (found["kind"], found["shortcut"]) == ("residual", [layer("s"), layer("s")])


def test_signals_of_different_numbers_of_positions_are_refused_though_one_axis_agrees() -> None:
    vertices = [
        Vertex("x", [INPUT], [layer("x")], shape=(7, 6, 16)),
        Vertex("y", ["x"], [layer("y")], shape=(7, 3, 16)),
    ]
    with pytest.raises(NotUnderstood, match=r"^Nothing .* `y` comes with the shape \[7, 3, 16\] to `z`, where"):
        chain_of([*vertices, Vertex("z", ["x", "y"], merge="add", shape=(7, 6, 16))], "z")


@pytest.mark.parametrize(("of_merge", "of_branch"), [(None, (1, 1, 4)), ((7, 7, 4), None)])
def test_where_a_shape_is_not_known_nothing_is_repeated(
    of_merge: tuple[int, ...] | None, of_branch: tuple[int, ...] | None
) -> None:
    vertices = [Vertex("x", [INPUT], [layer("x")], shape=of_branch)]
    (found,) = chain_of([*vertices, Vertex("sum", [INPUT, "x"], merge="multiply", shape=of_merge)], "sum")
    assert found["branches"] == [{"layers": []}, {"layers": [layer("x")]}]


def test_concatenated_signals_are_never_repeated() -> None:
    one = Vertex("x", [INPUT], [layer("x")], shape=(1, 4))
    (found,) = chain_of([one, Vertex("z", [INPUT, "x"], merge="concat", shape=(7, 8))], "z")
    assert found["branches"][1]["layers"] == [layer("x")]


def test_a_concatenation_takes_no_earlier_one_that_has_layers_behind_it_or_no_part_in_the_network() -> None:
    first = [leaf("a", INPUT), leaf("b", INPUT), leaf("c", INPUT)]
    for joined in (Vertex("ab", ["a", "b"], [layer("more")], merge="concat"), Vertex("ab", ["a", "b"], merge="concat")):
        (found,) = chain_of([*first, joined, Vertex("abc", ["a", "b", "c"], merge="concat")], "abc")
        assert [branch["layers"] for branch in found["branches"]] == [[layer("a")], [layer("b")], [layer("c")]]


def test_a_long_name_is_cut_where_our_language_ends_names() -> None:
    (_, found) = chain_of([leaf("a", INPUT), leaf("b", "a"), Vertex("n" * 150, ["a", "b"], merge="add")], "n" * 150)
    assert found["name"] == "n" * 100


@pytest.mark.parametrize(
    "joined", [Vertex("ab", ["a", "b"], [layer("more")], merge="concat"), Vertex("ab", ["a", "b"], merge="add")]
)
def test_what_is_more_than_a_concatenation_stands_for_none(joined: Vertex) -> None:
    vertices = [
        leaf("a", INPUT),
        leaf("b", INPUT),
        joined,
        leaf("c", "ab"),
        Vertex("z", ["a", "b", "c"], merge="concat"),
    ]
    with pytest.raises(NotUnderstood, match="Two of the branches that meet at `z` share `a`"):
        chain_of(vertices, "z")


def test_of_a_concatenation_of_many_an_earlier_one_of_its_first_two_is_found() -> None:
    vertices = [leaf("a", INPUT), leaf("b", INPUT), Vertex("ab", ["a", "b"], merge="concat")]
    vertices += [leaf("c", "ab"), leaf("d", "ab"), Vertex("z", ["a", "b", "c", "d"], merge="concat")]
    inner, outer = chain_of(vertices, "z")
    assert [branch["layers"] for branch in inner["branches"]] == [[layer("a")], [layer("b")]]
    assert [branch["layers"] for branch in outer["branches"]] == [[], [layer("c")], [layer("d")]]


def test_the_branches_of_a_block_count_as_layers_of_it() -> None:
    vertices = [*(leaf(name, INPUT) for name in "abc"), Vertex("three", ["a", "b", "c"], merge="concat")]
    vertices += [Vertex("short", [INPUT], [layer("s"), layer("s")]), Vertex("z", ["three", "short"], merge="add")]
    (found,) = chain_of(vertices, "z")
    assert (found["kind"], found["shortcut"]) == ("residual", [layer("s"), layer("s")])
