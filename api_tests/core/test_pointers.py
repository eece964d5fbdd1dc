"""Pointers into JSON as RFC 6901 has them, and patches of it as RFC 6902 has them."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.core.pointers import Edit, PatchError, escape, patched, resolve, walk

Json = dict[str, Any]
NAMES = st.text(max_size=6) | st.sampled_from(["~", "/", "~1", "~01", "", "0", "-"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | NAMES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=15,
)


def at(pointer: str, document: Any) -> Any:
    node = document
    for token in pointer.split("/")[1:]:
        name = token.replace("~1", "/").replace("~0", "~")
        node = node[int(name)] if isinstance(node, list) else node[name]
    return node


@settings(deadline=None)
@given(JSON)
def test_walking_meets_every_value_under_its_own_pointer(value: Any) -> None:
    met = list(walk(value))
    assert met[0] == ("", value)
    assert len({pointer for pointer, _ in met}) == len(met)
    assert all(at(pointer, value) is node is resolve(value, pointer) for pointer, node in met)


@pytest.mark.parametrize(("key", "token"), [("a", "a"), ("a/b", "a~1b"), ("~1", "~01"), ("~/", "~0~1"), (7, "7")])
def test_a_token_of_a_pointer_is_escaped(key: str | int, token: str) -> None:
    assert escape(key) == token


@pytest.mark.parametrize(
    "pointer", ["/b", "/a/2", "/a/-", "/a/-1", "/a/01", "/a/x", "/a/0/x", "/s/0", "/n/x", "/b~1c/~1"]
)
def test_what_points_to_nothing_is_no_place(pointer: str) -> None:
    with pytest.raises(LookupError):
        resolve({"a": [1, 2], "b/c": {"~": 0}, "s": "text", "n": None}, pointer)


PATCHES = [
    ([("add", "/a/1", 9)], {"a": [1, 9, 2], "b/c": {"~": 0}}),
    ([("add", "/a/-", 9)], {"a": [1, 2, 9], "b/c": {"~": 0}}),
    ([("add", "/d", 9)], {"a": [1, 2], "b/c": {"~": 0}, "d": 9}),
    ([("remove", "/a/0", None)], {"a": [2], "b/c": {"~": 0}}),
    ([("replace", "/b~1c/~0", 9)], {"a": [1, 2], "b/c": {"~": 9}}),
    ([("remove", "/a/0", None), ("replace", "/a/0", 7)], {"a": [7], "b/c": {"~": 0}}),
]


def edits(patch: list[tuple[str, str, Any]]) -> list[Edit]:
    return [Edit.model_validate({"op": op, "path": path, "value": value}) for op, path, value in patch]


@pytest.mark.parametrize(("patch", "after"), PATCHES)
def test_a_patch_edits_as_its_standard_says(patch: list[tuple[str, str, Any]], after: Json) -> None:
    assert patched({"a": [1, 2], "b/c": {"~": 0}}, edits(patch)) == after


@pytest.mark.parametrize("path", ["/a/-1", "/a/+0", "/a/00", "/a/ 0"])
def test_an_index_is_digits_alone(path: str) -> None:
    with pytest.raises(PatchError):
        patched({"a": [1, 2]}, edits([("replace", path, 9)]))


def test_the_empty_pointer_is_the_whole_document() -> None:
    assert patched({"a": 1}, edits([("replace", "", {"b": 2})])) == {"b": 2}
