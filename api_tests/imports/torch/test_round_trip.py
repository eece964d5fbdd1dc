"""Random networks of PyTorch keep their parameters, their layers, and the gradients that PyTorch computes."""

from collections.abc import Sequence
from math import log10, sqrt
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from api_tests.imports.torch.random_models import Drawn, drawn  # noqa: E402  # it is written in PyTorch
from service.imports.torch import imported  # noqa: E402
from service.simulation.layer_results import LayerStatistics  # noqa: E402
from service.simulation.simulate import simulate  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")  # PyTorch's own
DRAWS, SAMPLES = 32, 64


@pytest.mark.parametrize("number", range(30))
def test_a_random_network_keeps_its_parameters_its_layers_and_its_gradients(number: int) -> None:
    torch.manual_seed(number)
    network = drawn(number)
    model = network.make()
    found = imported(network.make, network.inputs(2), loss="squared_error")
    report = simulate(found.specification)

    assert found.parameters == sum(one.numel() for one in model.parameters())
    layers = [one.weight.shape[0] for one in model.modules() if type(one) in (torch.nn.Linear, torch.nn.Conv2d)]
    kinds = ("dense", "convolution", "depthwise_convolution")
    assert [one.shape[-1] for one in report.layers if one.kind in kinds] == layers

    ends = [one for one in report.layers if one.boundary][:: max(1, sum(one.boundary for one in report.layers) - 1)]
    if len(ends) == 2:
        plain = all(one.kind in ("dense", "activation", "dropout") for one in report.layers)
        places = [_place(one, model, plain) for one in ends]
        own = [_ratio(network, places) for _ in range(DRAWS)]
        spread = report.verdict.depth_ratio
        error = 1.25 * sqrt((np.std(own) ** 2 + spread.std**2) / DRAWS)
        assert spread.median == pytest.approx(float(np.median(own)), abs=max(0.1, 4.0 * error))


def _place(layer: LayerStatistics, model: Any, plain: bool) -> int:
    """The module behind which a hidden layer is measured: the next one where that is its activation."""
    place = int(str(layer.name).split(".")[0])
    behind = layer.activation not in (None, "linear") and layer.kind in ("dense", "convolution")
    return place + 1 if behind and not plain else place


def _ratio(network: Drawn, places: Sequence[int]) -> float:
    """The depth ratio of one draw: decades from what comes out of the last of two modules to that of the first."""
    model, x = network.make().train(), network.inputs(SAMPLES)
    kept = []
    for place, module in enumerate(model):
        x = module(x)
        if place in places:
            x.retain_grad()
            kept.append(x)
    (x - torch.randn_like(x)).square().sum().backward()
    first, last = (one.grad.square().sum().item() for one in kept)
    return 0.5 * log10(first / last)
