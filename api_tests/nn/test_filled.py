"""What a preset leaves alone, where it reaches, and what stays of it: nothing but the fields that it filled."""

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import ValidationError

from api_tests.networks import Json
from service.core.kinds import members
from service.core.pointers import resolve
from service.core.validation import faults_of
from service.http.app import Application
from service.main import create_app
from service.nn.layers import Node
from service.nn.presets import PRESETS, preset_called
from service.nn.presets.base import Surroundings
from service.simulation.plan import Plan, plan
from service.simulation.spec import SimulationSpec

SERIES: Json = {"kind": "sequence", "steps": 3, "features": 4}
DENSE: Json = {"kind": "dense", "units": 4}
MINE: Json = {"kind": "normal", "mean": 0.0, "std": 0.123}
KINDS = [kind for kind in members(Node) if kind.left_open]
WHERE = [Surroundings(4, 2, first, last) for first in (False, True) for last in (False, True)]


def planned(layers: list[Json], inputs: Json = SERIES, **fields: Any) -> Plan:
    return plan(SimulationSpec.model_validate({"network": {"input": inputs, "layers": layers, **fields}}))


def variants(kind: type[Node]) -> Iterator[Node]:
    """A layer of that kind, and of the recurrent ones every cell, with the reset gate in both places."""
    if kind.kind_name() != "recurrent":
        yield kind.model_validate(kind.example())
        return
    for cell in ("rnn", "lstm", "gru"):
        for reset_after in (False, True):
            yield kind.model_validate({**kind.example(), "cell": cell, "reset_after": reset_after})


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_fills_fields_that_the_layer_has_and_the_document_gives_no_default(preset: str) -> None:
    for kind in members(Node):
        schema = kind.model_json_schema()
        own = (
            schema["$defs"].get(kind.__name__, schema)["properties"]
            if "properties" not in schema
            else schema["properties"]
        )
        for layer in variants(kind):
            for where in WHERE:
                found = PRESETS[preset].fill(layer, where)
                assert set(found) <= set(kind.left_open)
                # as validation would have it: enumerations are enumerations, not words
                assert kind.model_validate({**layer.model_dump(), **found}) == layer.model_copy(update=dict(found))
        assert not [name for name in kind.left_open if "default" in own[name]]


def test_every_field_that_is_left_open_is_filled_by_a_preset() -> None:
    for kind in KINDS:
        layers = list(variants(kind))
        filled = {
            name for one in PRESETS.values() for layer in layers for where in WHERE for name in one.fill(layer, where)
        }
        assert filled == set(kind.left_open), kind.kind_name()


def test_the_document_has_no_default_of_what_a_preset_may_fill() -> None:
    schemas = app().openapi()["components"]["schemas"]
    for kind in KINDS:
        for name in kind.left_open:
            assert "default" not in schemas[kind.__name__]["properties"][name], (kind, name)
            assert name not in schemas[kind.__name__]["required"]


def app() -> Application:
    return create_app()


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("field", ["weights", "bias"])
def test_what_a_layer_says_itself_wins(preset: str, field: str) -> None:
    told = planned([{**DENSE, field: MINE}], defaults=preset).nodes[0].node.model_dump(mode="json")
    plain = planned([DENSE], defaults=preset).nodes[0].node.model_dump(mode="json")
    assert told == {**plain, field: MINE}


def test_every_field_that_a_layer_says_wins() -> None:
    weights = dict.fromkeys(("weights", "recurrent_weights", "recurrent_bias"), MINE)
    said = {
        "kind": "recurrent",
        "units": 2,
        "bias": {"kind": "none"},
        "gates": "together",
        "forget_bias": 0.0,
        **weights,
    }
    for preset in PRESETS:
        assert planned([said], defaults=preset).digest == planned([said]).digest


INSIDES: dict[str, tuple[Json, list[str]]] = {
    "residual": ({"kind": "residual", "layers": [DENSE], "shortcut": [DENSE]}, ["/layers/0", "/shortcut/0"]),
    "parallel": (
        {"kind": "parallel", "branches": [{"layers": [DENSE]}, {}, {"layers": [DENSE]}]},
        ["/branches/0/layers/0", "/branches/2/layers/0"],
    ),
    "each_step": ({"kind": "each_step", "layers": [DENSE]}, ["/layers/0"]),
    "repeat": ({"kind": "repeat", "times": 2, "layers": [DENSE]}, ["/layers/0"]),
    "all in one another": (
        {
            "kind": "repeat", "times": 2, "layers": [
                {"kind": "residual", "layers": [
                    {"kind": "parallel", "merge": "add", "branches": [
                        {"layers": [{"kind": "each_step", "layers": [DENSE]}]}]}]}]},
        ["/layers/0/layers/0/branches/0/layers/0/layers/0"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("layer", "places"), INSIDES.values(), ids=INSIDES)
def test_a_preset_reaches_all_layers_inside_others(layer: Json, places: list[str]) -> None:
    last = {"kind": "recurrent", "units": 2}  # so that none of those inside is the head of ppo
    for preset in PRESETS:
        spec = planned([DENSE, layer, last], defaults=preset).spec.network.model_dump(mode="json")
        expected = planned([DENSE, DENSE, last], defaults=preset).spec.network.model_dump(mode="json")["layers"][1]
        for place in places:
            assert resolve(spec["layers"][1], place) == expected


def test_a_transformer_block_hands_what_is_filled_to_the_layers_it_stands_for() -> None:
    block = {"kind": "transformer_block", "heads": 2, "mlp_units": 8}
    for preset in PRESETS:
        named = {one.node.kind: one.node for one in planned([block], defaults=preset).nodes if one.inside}
        alone = planned([{"kind": "attention", "heads": 2}, {"kind": "layer_norm"}], defaults=preset).nodes
        assert named["attention"].weights == alone[0].node.weights
        assert named["attention"].bias == alone[0].node.bias
        assert named["layer_norm"].epsilon == alone[1].node.epsilon


def test_an_embedding_inside_a_block_knows_the_tokens_of_the_input() -> None:
    branches = [{"layers": [{"kind": "embedding", "units": 4}]}] * 2
    tokens = {"kind": "tokens", "steps": 3, "vocabulary": 7}
    made = planned([{"kind": "parallel", "merge": "add", "branches": branches}], tokens)
    assert [one.parameters[0].shape for one in made.nodes[:2]] == [(7, 4), (7, 4)]


EVERY: list[Json] = [
    DENSE,
    {"kind": "position_embedding"},
    {"kind": "attention", "heads": 2},
    {"kind": "layer_norm"},
    {"kind": "rms_norm"},
    {"kind": "group_norm", "groups": 2},
    {"kind": "batch_norm"},
    {"kind": "convolution", "filters": 4, "size": [1]},
    {"kind": "depthwise_convolution", "size": [1]},
    {"kind": "transposed_convolution", "filters": 4, "size": [1]},
    {"kind": "transformer_block", "heads": 2, "mlp_units": 8},
    {"kind": "residual", "layers": [{"kind": "recurrent", "units": 4, "returns": "sequence"}]},
    DENSE,
]


@pytest.mark.parametrize("preset", PRESETS)
def test_a_network_with_a_preset_is_the_network_that_is_written_out(preset: str) -> None:
    made = planned(EVERY, defaults=preset)
    written = made.spec.model_dump(mode="json")
    assert written["network"]["defaults"] is None
    again = plan(SimulationSpec.model_validate(written))
    assert again.digest == made.digest != planned(EVERY).digest
    # a preset that finds nothing open changes nothing
    for other in PRESETS:
        full = {**written, "network": {**written["network"], "defaults": other}}
        assert plan(SimulationSpec.model_validate(full)).digest == made.digest


def test_pytorch_written_out_by_hand_is_the_preset() -> None:
    third = {"kind": "variance_scaling", "scale": 1.0 / 3.0, "mode": "fan_in", "distribution": "uniform"}
    by_hand = [{**DENSE, "weights": third, "bias": third}, {"kind": "layer_norm", "epsilon": 1e-5}]
    assert planned(by_hand).digest == planned([DENSE, {"kind": "layer_norm"}], defaults="pytorch").digest


def test_features_and_an_input_of_that_kind_are_one_network_with_every_preset() -> None:
    for preset in (None, *PRESETS):
        short = {"features": 4, "layers": [DENSE], "defaults": preset}
        long = {"input": {"kind": "features", "features": 4}, "layers": [DENSE], "defaults": preset}
        one, other = (plan(SimulationSpec.model_validate({"network": network})) for network in (short, long))
        assert one.digest == other.digest
        assert (one.spec.network.features, one.spec.network.input) == (4, None)


def test_null_for_a_preset_is_none_and_for_a_filled_field_is_refused_in_words() -> None:
    assert planned([DENSE], defaults=None).digest == planned([DENSE]).digest
    body = {"network": {"input": SERIES, "layers": [{**DENSE, "weights": None}], "defaults": "keras"}}
    with pytest.raises(ValidationError) as refusal:
        SimulationSpec.model_validate(body)
    (fault,) = faults_of(refusal.value.errors(), body)
    assert fault.pointer == "/network/layers/0/weights"
    assert "null" in fault.detail
    assert "leave the field out" in fault.detail


def test_null_in_a_field_that_may_be_null_says_as_little_as_leaving_it_out() -> None:
    token = {"kind": "tokens", "steps": 3, "vocabulary": 7}
    for layer, inputs in (
        ({"kind": "embedding", "units": 4, "vocabulary": None}, token),
        ({**DENSE, "name": None}, SERIES),
    ):
        plain = {name: value for name, value in layer.items() if value is not None}
        for preset in (None, "keras"):
            assert planned([layer], inputs, defaults=preset).digest == planned([plain], inputs, defaults=preset).digest


def test_presets_are_known_by_other_names() -> None:
    every = [name.lower() for one in PRESETS.values() for name in (one.name, *one.aliases)]
    assert len(every) == len(set(every))
    for preset in PRESETS.values():
        assert all(preset_called(alias) == preset.name for alias in (*preset.aliases, preset.name.upper()))
    assert preset_called("caffe") is preset_called(3) is None


def test_a_specification_that_is_written_and_read_is_the_same_one_with_every_preset() -> None:
    inside = {"kind": "residual", "layers": [{"kind": "parallel", "branches": [{"layers": [DENSE]}]}]}
    for preset in (None, *PRESETS):
        network = {"input": SERIES, "layers": [DENSE, inside, *EVERY], "defaults": preset}
        spec = SimulationSpec.model_validate({"network": network})
        again = SimulationSpec.model_validate_json(spec.model_dump_json())
        assert again.network.defaults == preset
        assert plan(again).digest == plan(spec).digest
        assert again.model_dump_json() == spec.model_dump_json()


def test_a_specification_to_be_edited_has_all_that_a_preset_fills_or_the_preset() -> None:
    spec = SimulationSpec.model_validate({"network": {"features": 4, "layers": [DENSE], "defaults": "keras"}})
    written = spec.written_out({"/trials": 3})
    assert written["network"]["layers"][0]["weights"] == {"kind": "glorot_uniform"}
    assert written["network"]["defaults"] is None
    assert written["data"]["inputs"]["kind"] == "gaussian"
    assert plan(SimulationSpec.model_validate(written)).digest == plan(spec).digest
    by_preset = spec.written_out({"/network/defaults": "pytorch"})
    assert by_preset["network"]["defaults"] == "keras"
    assert "weights" not in by_preset["network"]["layers"][0]
    by_preset["network"]["defaults"] = "pytorch"
    other = SimulationSpec.model_validate({"network": {"features": 4, "layers": [DENSE], "defaults": "pytorch"}})
    assert plan(SimulationSpec.model_validate(by_preset)).digest == plan(other).digest
