"""Judge a network, meet a problem, fetch a table: with the client that openapi-python-client generates."""

import sys

from gradient_verdict_client import Client
from gradient_verdict_client.api.simulations import create_simulation, get_simulation_layers
from gradient_verdict_client.models import (
    ActivationLayer,
    Dense,
    LayerNorm,
    Network,
    Parallel,
    Problem,
    Repeat,
    Residual,
    Sigmoid,
    SimulationReport,
    SimulationSpec,
    Softmax,
)

Layers = list[ActivationLayer | Dense | LayerNorm | Parallel | Repeat | Residual]


def nested(second: Sigmoid | Softmax) -> SimulationSpec:
    """Five times a block of two layers, and an output; no layer but the last may be a softmax."""
    block: Layers = [
        Dense(kind="dense", units=8, activation=Sigmoid(kind="sigmoid")),
        Dense(kind="dense", units=8, activation=second),
    ]
    layers: Layers = [Repeat(kind="repeat", times=5, layers=block), Dense(kind="dense", units=1)]
    return SimulationSpec(network=Network(features=8, layers=layers))


def main(url: str) -> None:
    """All of it, a line each."""
    client = Client(base_url=url)

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


if __name__ == "__main__":
    main(sys.argv[1])
