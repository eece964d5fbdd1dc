"""Judge a network, meet a problem, fetch a table: with the Python client that openapi-generator generates."""

import sys

from gradient_verdict_client import ApiClient, ApiException, Configuration, SimulationsApi
from gradient_verdict_client.models import (
    Activation,
    Dense,
    Layer,
    Network,
    Problem,
    Repeat,
    Sigmoid,
    SimulationSpec,
    Softmax,
)


def nested(second: Sigmoid | Softmax) -> SimulationSpec:
    """Five times a block of two layers, and an output; no layer but the last may be a softmax."""
    block = [
        Layer(Dense(kind="dense", units=8, activation=Activation(Sigmoid(kind="sigmoid")))),
        Layer(Dense(kind="dense", units=8, activation=Activation(second))),
    ]
    layers = [Layer(Repeat(kind="repeat", times=5, layers=block)), Layer(Dense(kind="dense", units=1))]
    return SimulationSpec(network=Network(features=8, layers=layers))


def main(url: str) -> None:
    """All of it, a line each."""
    with ApiClient(Configuration(host=url)) as client:
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


if __name__ == "__main__":
    main(sys.argv[1])
