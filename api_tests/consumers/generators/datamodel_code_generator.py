"""The main job by models of datamodel-code-generator, and a network whose bias is a vector."""

import sys

import httpx
from models import Layer, Problem, SimulationReport, SimulationSpec


def dense(units: int, kind: str) -> Layer:
    return Layer.model_validate({"kind": "dense", "units": units, "activation": {"kind": kind}})


def spec(*layers: Layer) -> SimulationSpec:
    return SimulationSpec.model_validate({"network": {"features": 8, "layers": layers}})


def nested(second: str) -> SimulationSpec:
    block = [dense(8, "sigmoid"), dense(8, second)]
    return spec(Layer.model_validate({"kind": "repeat", "times": 5, "layers": block}), dense(1, "linear"))


def posted(client: httpx.Client, network: SimulationSpec) -> SimulationReport | Problem:
    body = network.model_dump_json(exclude_none=True)
    answer = client.post("/v1/simulations", content=body, headers={"Content-Type": "application/json"})
    model = SimulationReport if answer.is_success else Problem
    return model.model_validate_json(answer.content)


with httpx.Client(base_url=sys.argv[1], timeout=600) as client:
    report = posted(client, nested("sigmoid"))
    print("label:", report.verdict.label.value)
    ratio = posted(client, spec(dense(1, "linear"))).verdict.depth_ratio.median
    print("depth ratio of a single layer:", "null" if ratio is None else ratio)
    refused = posted(client, nested("softmax"))
    print("pointer of the fault:", refused.errors[0].pointer, refused.code)
    table = client.get(f"/v1/simulations/{report.digest}/layers.csv").text
    print("rows of the table:", len(table.splitlines()))
    bias = {"kind": "explicit", "values": [0.1, -0.2, 0.3]}
    layers = [{"kind": "dense", "units": 3, "bias": bias}, {"kind": "dense", "units": 1}]
    answer = client.post("/v1/simulations", json={"network": {"features": 2, "layers": layers}})
    kept = SimulationReport.model_validate_json(answer.content)
    assert kept.spec.network.layers[0].root.bias.root.model_dump(mode="json")["values"] == [bias["values"]]
