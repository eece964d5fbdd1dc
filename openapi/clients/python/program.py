"""Judge networks, read a problem, a table and a ResNet block, import a model: with openapi-python-client."""

import os
import sys
from pathlib import Path

from gradient_verdict_client import AuthenticatedClient
from gradient_verdict_client.api.imports import create_import
from gradient_verdict_client.api.simulations import create_simulation, get_simulation, get_simulation_layers
from gradient_verdict_client.models import (
    ActivationLayer,
    BatchNorm,
    Convolution,
    Dense,
    GlobalPooling,
    ImageShape,
    ImportAnswer,
    Network,
    Problem,
    Relu,
    Repeat,
    Residual,
    Sigmoid,
    SimulationReport,
    SimulationSpec,
    Softmax,
)
from gradient_verdict_client.types import File


def nested(second: Sigmoid | Softmax) -> SimulationSpec:
    """Five times a block of two layers, and an output; no layer but the last may be a softmax."""
    inside = Repeat(
        kind="repeat",
        times=5,
        layers=[
            Dense(kind="dense", units=8, activation=Sigmoid(kind="sigmoid")),
            Dense(kind="dense", units=8, activation=second),
        ],
    )
    return SimulationSpec(network=Network(features=8, layers=[inside, Dense(kind="dense", units=1)]))


def resnet() -> SimulationSpec:
    """A residual block of two convolutions, each with a batch norm, on small images."""
    kernel = Convolution(kind="convolution", filters=4, size=[3], padding="same")
    relu, norm = Relu(kind="relu"), BatchNorm(kind="batch_norm")
    block = Residual(
        kind="residual",
        layers=[kernel, norm, ActivationLayer(kind="activation", activation=relu), kernel, norm],
        activation=relu,
    )
    network = Network(
        input_=ImageShape(kind="image", height=6, width=6, channels=4),
        defaults="resnet",
        layers=[block, GlobalPooling(kind="global_pooling"), Dense(kind="dense", units=2)],
    )
    return SimulationSpec(network=network, trials=4)


def main(url: str, model: Path) -> None:
    """All of it, a line each."""
    client = AuthenticatedClient(base_url=url, token=os.environ["KEY"])

    report = create_simulation.sync(client=client, body=nested(Sigmoid(kind="sigmoid")))
    assert isinstance(report, SimulationReport)
    print("label:", report.verdict.label)

    single = SimulationSpec(network=Network(features=8, layers=[Dense(kind="dense", units=1)]))
    shallow = create_simulation.sync(client=client, body=single)
    assert isinstance(shallow, SimulationReport)
    ratio = shallow.verdict.depth_ratio.median
    print("depth ratio of a single layer:", "null" if ratio is None else ratio)

    problem = create_simulation.sync(client=client, body=nested(Softmax(kind="softmax")))
    assert isinstance(problem, Problem)
    print("pointer of the fault:", problem.errors[0].pointer)

    table = get_simulation_layers.sync(report.digest, client=client)
    assert isinstance(table, str)
    print("rows of the table:", len(table.splitlines()))

    judged = create_simulation.sync(client=client, body=resnet())
    assert isinstance(judged, SimulationReport)
    kept = get_simulation.sync(judged.digest, client=client)
    assert isinstance(kept, SimulationReport)
    block = kept.spec.network.layers[0]
    assert isinstance(block, Residual)
    print("inside the block:", ", ".join(layer.kind for layer in block.layers))
    print("parameters of the block:", sum(row.parameters for row in kept.layers if row.inside))

    with model.open("rb") as file:
        found = create_import.sync("keras", client=client, body=File(payload=file))
    assert isinstance(found, ImportAnswer)
    print(f"imported from Keras: {len(found.specification.network.layers)} layers, {found.parameters} parameters")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
