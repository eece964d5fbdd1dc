"""JSON as it is meant: what `json` lets pass is refused, and a number is the number it says it is."""

import json
import math
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from service.core import strict_json
from service.core.errors import MalformedJson
from service.core.pointers import walk
from service.core.strict_json import loads

LOW_SURROGATES = st.text(st.characters(categories=["Cs"], min_codepoint=0xDC00), max_size=3)  # no two make a pair
TEXT = st.text(max_size=6) | LOW_SURROGATES | st.sampled_from(['"', "\\", "[{[{", '\\"', "}]", "~", "/", "~1", ""])
INTEGERS = st.integers(-(2**63), 2**64)
SCALARS = st.none() | st.booleans() | INTEGERS | st.floats(allow_nan=False) | TEXT
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4), max_leaves=15
)


def refused(text: bytes) -> MalformedJson:
    with pytest.raises(MalformedJson) as refusal:
        loads(text)
    assert refusal.value.sentence.endswith(".")
    return refusal.value


def as_written(value: Any) -> Any:
    """`value` as `loads` has it: a whole float below 2⁵³ is an integer."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2.0**53:
        return int(value)
    if isinstance(value, list):
        return [as_written(item) for item in value]
    return {key: as_written(item) for key, item in value.items()} if isinstance(value, dict) else value


def alike(found: Any, expected: Any) -> bool:
    """Whether both are the same JSON, types of numbers and the order of fields included."""
    if isinstance(found, dict) and isinstance(expected, dict):
        return list(found) == list(expected) and all(alike(found[key], expected[key]) for key in found)
    if isinstance(found, list) and isinstance(expected, list):
        return len(found) == len(expected) and all(map(alike, found, expected))
    return type(found) is type(expected) and bool(found == expected)


@settings(deadline=None)
@given(JSON, st.booleans(), st.sampled_from([None, 1]))
@example({"a": [1.0, -0.0, 2.0**53, 2.0**53 - 1, 1e300, 0.5, 2**63]}, True, None)
def test_any_value_comes_back_from_its_text_with_whole_floats_as_integers(
    value: Any, ascii_only: bool, indent: int | None
) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    try:
        encoded = text.encode()
    except UnicodeEncodeError:
        encoded = json.dumps(value, indent=indent).encode()  # half a surrogate pair exists in escapes only
    assert alike(loads(encoded), as_written(value))


@settings(deadline=None)
@given(st.binary(max_size=40) | st.text('{}[]",:\\ 0123456789.eE+-truefalsnu', max_size=30).map(str.encode))
def test_any_bytes_are_a_value_or_a_refusal(text: bytes) -> None:
    try:
        loads(text)
    except MalformedJson:
        return
    json.loads(text)


NUMBERS: dict[str, int | float] = {
    "3": 3,
    "3.0": 3,
    "3e0": 3,
    "30e-1": 3,
    "-0": 0,
    "0.1": 0.1,
    "1e15": 10**15,
    "9007199254740991.0": 2**53 - 1,
    "9007199254740992.0": 2.0**53,
    "9007199254740993": 2**53 + 1,
    "9223372036854775807": 2**63 - 1,
    "-9223372036854775808": -(2**63),
    "9223372036854775808": 2**63,
    "100000000000000000000000": 1e23,
    "1e400": math.inf,
    "-1e400": -math.inf,
    "1e-400": 0,
    "9" * 5000: math.inf,
    "-" + "9" * 5000: -math.inf,
    "0." + "3" * 5000: 1 / 3,
    "Infinity": math.inf,
    "-Infinity": -math.inf,
}


@pytest.mark.parametrize(("text", "expected"), NUMBERS.items(), ids=lambda item: str(item)[:24])
def test_a_number_is_what_its_text_says(text: str, expected: float) -> None:
    assert alike(loads(text.encode()), expected)
    assert alike(loads(f'{{"a": [{text}]}}'.encode()), {"a": [expected]})


def test_what_is_no_number_is_left_for_validation_to_refuse_at_its_place() -> None:
    assert math.isnan(loads(b'{"a": NaN}')["a"])


@pytest.mark.parametrize("text", ["+1", "01", "1.", ".5", "0x1", "1_000", "nan", "inf", "--1", "1e", "٣"])
def test_what_json_has_no_grammar_for_is_refused(text: str) -> None:
    assert isinstance(refused(text.encode()).facts["position"], int)


@pytest.mark.parametrize(
    ("text", "position", "words"),
    [
        (b"", 0, "line 1, column 1"),
        (b'{"a": 1,\n "b": }', 15, "line 2, column 7"),
        (b'{"a": \xff}', 6, "UTF-8 at byte 6"),
        ('{"ä": 1}x'.encode(), 8, "column 9"),
    ],
)
def test_a_refusal_tells_where_the_text_stops_being_json(text: bytes, position: int, words: str) -> None:
    refusal = refused(text)
    assert refusal.facts == {"position": position}
    assert words in refusal.sentence


SHAPES = [("[", "]"), ('{"a":', "}"), ('[{"a":[', "]}]")]


@pytest.mark.parametrize(("opening", "closing"), SHAPES, ids=["arrays", "objects", "both"])
def test_192_levels_are_read_and_193_are_not(opening: str, closing: str) -> None:
    levels = opening.count("[") + opening.count("{")
    fitting = 192 // levels
    rest = "[" * (192 - fitting * levels)
    allowed = f"{opening * fitting}{rest}1{rest.replace('[', ']')}{closing * fitting}"
    assert len([at for at, node in walk(loads(allowed.encode())) if isinstance(node, dict | list)]) == 192
    assert refused(f"[{allowed}]".encode()).facts == {"limit": 192}
    assert refused(f'{{"a": {allowed}}}'.encode()).facts == {"limit": 192}


@pytest.mark.parametrize("levels", [193, 10_000, 1_000_000])
@pytest.mark.parametrize("opening", ["[", '{"a":', "[[],", '[{"b":"]"},'])
def test_bottomless_nesting_is_refused_whether_it_is_closed_or_not(opening: str, levels: int) -> None:
    assert refused((opening * levels).encode()).facts == {"limit": 192}


def fields(count: int) -> str:
    return "{" + ",".join(f'"{number:x}": 0' for number in range(count)) + "}"


@pytest.mark.parametrize(
    ("allowed", "refused_text"),
    [
        (fields(1_000), fields(1_001)),
        (f"[{'{},' * 49_999}{{}}]", f"[{'{},' * 50_000}{{}}]"),
        (f"[{'[],' * 199_998}[]]", f"[{'[],' * 199_999}[]]"),
    ],
    ids=["names", "objects", "lists"],
)
def test_a_text_may_have_so_many_parts_and_no_more(allowed: str, refused_text: str) -> None:
    assert loads(allowed.encode()) == json.loads(allowed)
    assert "more than" in refused(refused_text.encode()).sentence


@settings(deadline=None)
@given(JSON)
@example({'\\"[': ['\\\\"{', {}, "]"]})
def test_the_parts_of_a_text_are_counted_whatever_stands_in_its_strings(value: Any) -> None:
    parts = sum(isinstance(node, dict | list) for _, node in walk(value))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(strict_json, "MOST_CONTAINERS", parts)
        loads(json.dumps(value).encode())
        patch.setattr(strict_json, "MOST_CONTAINERS", parts - 1)
        refused(json.dumps(value).encode())


@pytest.mark.parametrize(
    "text",
    ['"' + "[" * 1000 + '"', '["\\"' + "[{" * 500 + '"]', '{"' + "{" * 100 + '": "\\\\"}', "[" + "[]," * 999 + "[]]"],
)
def test_brackets_in_strings_and_side_by_side_are_no_nesting(text: str) -> None:
    assert loads(text.encode()) == json.loads(text)


@pytest.mark.parametrize("text", [b'["\\\\", ' + b"[" * 192 + b"]" * 192 + b"]", b'["\\\\\\"", ' + b"[" * 193])
def test_a_string_ends_where_it_ends_whatever_is_escaped_in_it(text: bytes) -> None:
    assert refused(text).facts == {"limit": 192}


@pytest.mark.parametrize(
    ("text", "pointer"),
    [
        ('{"a": 1, "a": 1}', ""),
        ('{"a": 1, "\\u0061": 2}', ""),
        ('[0, {"b": {"c": 1, "c": 1}}]', "/1/b"),
        ('{"a/b~c": {"": 1, "": 2}}', "/a~1b~0c"),
        ('[[[{"x": {}, "y": 1, "x": []}]]]', "/0/0/0"),
        ('{"a": {"b": 1, "b": 2}, "c": {"d": 1, "d": 2}}', "/a"),
        ('{"a": {"b": 1, "b": 2}, "a": {}}', ""),
    ],
)
def test_a_field_given_twice_is_refused_with_a_pointer_to_its_object(text: str, pointer: str) -> None:
    assert refused(text.encode()).pointer == pointer


def test_the_same_field_in_two_objects_is_no_duplicate() -> None:
    assert loads(b'[{"a": 1}, {"a": {"a": 2}}]') == [{"a": 1}, {"a": {"a": 2}}]
