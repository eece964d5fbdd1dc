"""Shapes that do not fit: every mismatch has its pointer, the fault, and what would be right, which is tried."""

import json
from typing import Any

import pytest

from api_tests.networks import Json
from api_tests.simulation.misfits import DENSE, IMAGE, KERNEL, MISFITS, SERIES, VECTOR, spec
from service.core.errors import SpecError
from service.core.pointers import resolve
from service.simulation.plan import Plan, plan
from service.simulation.spec import SimulationSpec


def planned(body: Json) -> Plan:
    return plan(SimulationSpec.model_validate(body))


def put(body: Json, pointer: str, value: Any) -> Json:
    """`body` with `value` at a place."""
    changed: Json = json.loads(json.dumps(body))
    place, _, name = pointer.rpartition("/")
    holder = resolve(changed, place)
    holder[int(name) if isinstance(holder, list) else name] = value
    return changed


@pytest.mark.parametrize(("body", "pointer", "words", "mended"), MISFITS.values(), ids=MISFITS)
def test_shapes_that_do_not_fit_are_refused_where_and_why_and_with_what_would_be_right(
    body: Json, pointer: str, words: list[str], mended: tuple[str, Any]
) -> None:
    with pytest.raises(SpecError) as refusal:
        planned(body)
    assert refusal.value.pointer == pointer
    resolve(body, pointer)
    for word in words:
        assert word in refusal.value.sentence
    place, value = mended
    front = (
        value if isinstance(value, dict) and value["kind"] in ("reshape", "embedding") and place == pointer else None
    )
    if front is not None and "branches" not in place:  # that is put in front of the layer
        layers = body["network"]["layers"]
        made = planned({**body, "network": {**body["network"], "layers": [front, *layers]}})
    else:
        made = planned(put(body, place, value))
    assert made.top


@pytest.mark.parametrize("inputs", [VECTOR, SERIES, IMAGE], ids=lambda one: one["kind"])
def test_a_dense_layer_acts_on_the_last_axis_of_whatever_comes(inputs: Json) -> None:
    made = planned(spec(inputs, DENSE))
    assert made.top[-1].out == (*made.spec.network.shape[:-1], 4)
    assert made.parameters == 4 * made.spec.network.shape[-1] + 4


def test_a_stride_that_is_larger_than_the_image_leaves_one_position() -> None:
    assert planned(spec(IMAGE, {**KERNEL, "stride": [100]})).top[-1].out == (1, 1, 6)


def test_what_a_report_of_misfits_says_is_the_sentence_and_its_numbers() -> None:
    with pytest.raises(SpecError) as refusal:
        planned(MISFITS["a kernel larger than the image"][0])
    assert refusal.value.facts == {"reach": 9, "limit": 8}
