"""Judge networks, read a problem, a table and a ResNet block, import a model: by openapi-generator's Python client."""

import os
import sys
from pathlib import Path

from gradient_verdict_client import ApiClient, ApiException, Configuration, ImportsApi, SimulationsApi
from gradient_verdict_client.models import (
    Activation,
    ActivationLayer,
    BatchNorm,
    Convolution,
    Dense,
    GlobalPooling,
    ImageShape,
    InputShape,
    Layer,
    Network,
    Padding,
    PresetName,
    Problem,
    Relu,
    Repeat,
    Residual,
    Sigmoid,
    SimulationSpec,
    Softmax,
    Source,
)


def nested(second: Sigmoid | Softmax) -> SimulationSpec:
    """Five times a block of two layers, and an output; no layer but the last may be a softmax."""
    block = [
        Layer(Dense(kind="dense", units=8, activation=Activation(Sigmoid(kind="sigmoid")))),
        Layer(Dense(kind="dense", units=8, activation=Activation(second))),
    ]
    layers = [Layer(Repeat(kind="repeat", times=5, layers=block)), Layer(Dense(kind="dense", units=1))]
    return SimulationSpec(network=Network(features=8, layers=layers))


def resnet() -> SimulationSpec:
    """A residual block of two convolutions, each with a batch norm, on small images."""
    kernel = Layer(Convolution(kind="convolution", filters=4, size=[3], padding=Padding.SAME))
    relu, norm = Activation(Relu(kind="relu")), Layer(BatchNorm(kind="batch_norm"))
    inside = [kernel, norm, Layer(ActivationLayer(kind="activation", activation=relu)), kernel, norm]
    block = Layer(Residual(kind="residual", layers=inside, activation=relu))
    layers = [block, Layer(GlobalPooling(kind="global_pooling")), Layer(Dense(kind="dense", units=2))]
    image = InputShape(ImageShape(kind="image", height=6, width=6, channels=4))
    return SimulationSpec(network=Network(input=image, defaults=PresetName.RESNET, layers=layers), trials=4)


def main(url: str, model: Path) -> None:
    """All of it, a line each."""
    with ApiClient(Configuration(host=url, access_token=os.environ["KEY"])) as client:
        simulations = SimulationsApi(client)

        report = simulations.create_simulation(nested(Sigmoid(kind="sigmoid")))
        print("label:", report.verdict.label.value)

        single = SimulationSpec(network=Network(features=8, layers=[Layer(Dense(kind="dense", units=1))]))
        ratio = simulations.create_simulation(single).verdict.depth_ratio.median
        print("depth ratio of a single layer:", "null" if ratio is None else ratio)

        try:
            simulations.create_simulation(nested(Softmax(kind="softmax")))
        except ApiException as refused:
            assert isinstance(refused.data, Problem)
            print("pointer of the fault:", refused.data.errors[0].pointer)

        table = simulations.get_simulation_layers(report.digest)
        print("rows of the table:", len(table.splitlines()))

        kept = simulations.get_simulation(simulations.create_simulation(resnet()).digest)
        block = kept.spec.network.layers[0].actual_instance
        assert isinstance(block, Residual)
        kinds = [layer.actual_instance.kind for layer in block.layers if layer.actual_instance is not None]
        print("inside the block:", ", ".join(kinds))
        print("parameters of the block:", sum(row.parameters for row in kept.layers if row.inside))

        found = ImportsApi(client).create_import(Source.KERAS, model.read_bytes())
        print(f"imported from Keras: {len(found.specification.network.layers)} layers, {found.parameters} parameters")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
