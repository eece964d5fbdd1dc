"""The catalog is complete: what a kind is added without, it is told here."""

import json
import re

import httpx
import pytest

from api_tests.families import FAMILIES
from api_tests.http.asking import Json
from service.core.errors import SpecError
from service.core.kinds import members
from service.nn.cells import CELLS
from service.nn.layers import Node
from service.nn.presets import PRESETS
from service.simulation.plan import plan
from service.simulation.spec import SimulationSpec

pytestmark = pytest.mark.anyio


@pytest.fixture
async def catalog(client: httpx.AsyncClient) -> Json:
    found: Json = (await client.get("/v1/catalog")).json()
    return found


def family(catalog: Json, name: str) -> list[Json]:
    return next(one["kinds"] for one in catalog["families"] if one["family"] == name)


async def test_every_layer_says_its_shapes_formula_source_and_fields(catalog: Json) -> None:
    for entry in family(catalog, "layers"):
        for name in ("summary", "shape_in", "shape_out", "formula", "source"):
            assert (entry[name] or "").strip(), (entry["kind"], name)
        assert entry["source"].endswith("."), entry["kind"]
        assert re.search(r"\(|any|what|shape", entry["shape_out"]), entry["kind"]
        for field in entry["parameters"]:
            assert field["description"], (entry["kind"], field["name"])


async def test_every_number_of_a_layer_has_bounds(catalog: Json) -> None:
    for entry in family(catalog, "layers"):
        for field in entry["parameters"]:
            if field["value_type"].split()[0] in ("integer", "number"):
                low = field["minimum"] if field["minimum"] is not None else field["exclusive_minimum"]
                high = field["maximum"] if field["maximum"] is not None else field["exclusive_maximum"]
                assert None not in (low, high), (entry["kind"], field["name"])
            if field["value_type"].split()[0] == "array":
                assert field["most_items"], (entry["kind"], field["name"])


async def test_every_example_is_a_valid_one_of_its_kind(catalog: Json) -> None:
    for name, base in FAMILIES.items():
        kinds = {kind.kind_name(): kind for kind in members(base)}
        for entry in family(catalog, name):
            assert kinds[entry["kind"]].model_validate(json.loads(entry["example"])).kind == entry["kind"]


INPUTS = [
    {"kind": "features", "features": 16},
    {"kind": "features", "features": 128},
    {"kind": "sequence", "steps": 8, "features": 16},
    {"kind": "image", "height": 8, "width": 8, "channels": 16},
    {"kind": "tokens", "steps": 8, "vocabulary": 9},
]


async def test_every_example_of_a_layer_can_be_planned_behind_some_input(catalog: Json) -> None:
    for entry in family(catalog, "layers"):
        layer, found = json.loads(entry["example"]), []
        for shape in INPUTS:
            try:
                network = {"input": shape, "layers": [layer]}
                found.append(plan(SimulationSpec.model_validate({"network": network})).top[-1].out)
            except SpecError:
                continue
        assert found, entry["kind"]


async def test_every_input_shape_says_its_shape(catalog: Json) -> None:
    assert {entry["kind"]: entry["shape_in"] for entry in family(catalog, "input_shapes")} == {
        "features": "(features,)",
        "image": "(height, width, channels)",
        "sequence": "(steps, features)",
        "tokens": "(steps,)",
    }
    assert all(field["minimum"] == 1 for entry in family(catalog, "input_shapes") for field in entry["parameters"])


async def test_every_preset_says_its_source_and_what_it_fills(catalog: Json) -> None:
    assert [entry["name"] for entry in catalog["presets"]] == list(PRESETS)
    open_fields = {kind.kind_name(): set(kind.left_open) for kind in members(Node)}
    for entry in catalog["presets"]:
        assert entry["summary"]
        assert entry["source"].endswith(".")
        filled = {(one["layer"], one["place"], one["field"]) for one in entry["fills"]}
        assert len(filled) == len(entry["fills"])
        for one in entry["fills"]:
            layer = json.loads(one["layer"])
            assert one["field"] in open_fields[layer["kind"]]
            SimulationSpec.model_validate(  # what is shown is what may be written
                {"network": {"features": 4, "layers": [{**layer, one["field"]: json.loads(one["value"])}]}}
            )


async def test_what_a_preset_is_shown_to_fill_is_what_a_network_gets(catalog: Json) -> None:
    for entry in catalog["presets"]:
        for one in entry["fills"]:
            layer = json.loads(one["layer"])
            if one["place"] == "any" and layer["kind"] == "dense":
                network = {"features": 784, "defaults": entry["name"], "layers": [layer] * 3}
                planned = plan(SimulationSpec.model_validate({"network": network})).nodes[1].node
                assert planned.model_dump(mode="json")[one["field"]] == json.loads(one["value"])


async def test_the_first_and_the_last_layer_are_shown_where_a_preset_treats_them_otherwise(catalog: Json) -> None:
    places = {entry["name"]: {one["place"] for one in entry["fills"]} for entry in catalog["presets"]}
    assert {name: found - {"any"} for name, found in places.items() if found != {"any"}} == {
        "ppo": {"last"},
        "siren": {"first"},
    }


async def test_every_recurrent_cell_says_its_step_and_the_order_of_its_gates(catalog: Json) -> None:
    found = {entry["name"]: entry for entry in catalog["cells"]}
    assert list(found) == list(CELLS) == ["rnn", "lstm", "gru"]
    assert {name: entry["gate_order"] for name, entry in found.items()} == {
        "rnn": ["h"],
        "lstm": ["i", "f", "c", "o"],
        "gru": ["z", "r", "h"],
    }
    for name, cell in CELLS.items():
        assert len(cell.gate_order) == cell.gates
        assert found[name]["formula"]
        assert found[name]["source"].endswith(".")


async def test_every_alias_is_listed_with_its_kind(catalog: Json) -> None:
    for name, base in FAMILIES.items():
        for kind, entry in zip(members(base), family(catalog, name), strict=True):
            assert entry["aliases"] == list(kind.aliases)
    assert "Conv2d" in next(one["aliases"] for one in family(catalog, "layers") if one["kind"] == "convolution")
