"""A report of a network of every kind, in every precision: its JSON has no NaN and reads back as itself."""

import json
from typing import Any

import pytest

from api_tests.networks import Json
from api_tests.nn.node_cases import cases, kinds, network
from service.core.arrays import Shape
from service.nn.layers import Node
from service.simulation.results import SimulationReport
from service.simulation.simulate import simulate
from service.simulation.spec import Precision, SimulationSpec

OUTPUT: Json = {"kind": "dense", "units": 2}
NETWORKS: dict[type[Node], tuple[Shape, Json]] = {
    kind: next((shape, fields) for shape, fields in cases() if fields["kind"] == kind.kind_name()) for kind in kinds()
}


def refused(constant: str) -> Any:
    raise AssertionError(f"{constant} is no JSON")


def checked(spec: Json) -> SimulationReport:
    made = simulate(SimulationSpec.model_validate(spec))
    written = made.model_dump_json()
    assert json.loads(written, parse_constant=refused) == made.model_dump(mode="json")
    assert SimulationReport.model_validate_json(written) == made
    return made


@pytest.mark.parametrize("precision", list(Precision))
@pytest.mark.parametrize("kind", NETWORKS, ids=lambda kind: kind.kind_name())
def test_a_report_reads_back_as_itself(kind: type[Node], precision: str) -> None:
    shape, fields = NETWORKS[kind]
    layers = [{**fields, "name": "it"}, {"kind": "flatten"}, OUTPUT]
    made = checked(
        {
            "network": network(shape, *layers),
            "precision": precision,
            "include": ["gradients", "histograms"],
            "trials": 2,
            "data": {"samples": 5},
        }
    )
    (named,) = (layer for layer in made.layers if layer.name == "it")
    assert named.kind == kind.kind_name()
    assert [one.name for one in made.gradients or []] == [layer.name for layer in made.layers]
    of_16_bits = precision in ("float16", "bfloat16")
    assert all((layer.precision is not None) == of_16_bits for layer in made.layers)
    assert (made.precision is not None) == of_16_bits


WILD = [
    {"weights": {"kind": "normal", "std": 1e30}},
    {"weights": {"kind": "zeros"}},
    {"weights": {"kind": "constant", "value": 1e-30}},
]


@pytest.mark.parametrize("precision", list(Precision))
@pytest.mark.parametrize("fields", WILD, ids=["overflow", "zeros", "underflow"])
@pytest.mark.parametrize("layer", [{"kind": "recurrent", "units": 3}, {"kind": "attention", "heads": 1}], ids=str)
def test_a_report_of_what_overflows_or_dies_reads_back_as_itself(layer: Json, fields: Json, precision: str) -> None:
    spec = {
        "network": network((4, 3), layer | fields, {"kind": "flatten"}, OUTPUT | fields),
        "precision": precision,
        "include": ["gradients", "histograms"],
        "trials": 2,
    }
    checked(spec)


def test_copies_made_by_a_repeat_share_the_name_which_belongs_to_the_digest() -> None:
    def of(name: str | None) -> Json:
        inner = {"kind": "dense", "units": 3, "name": name}
        return {"network": network((3,), {"kind": "repeat", "times": 3, "layers": [inner]}, OUTPUT), "trials": 1}

    one, other, none = (checked(of(name)) for name in ("conv1", "conv2", None))
    assert [layer.name for layer in one.layers] == ["conv1"] * 3 + [None]
    assert len({one.digest, other.digest, none.digest}) == 3
    assert one.verdict == other.verdict == none.verdict
