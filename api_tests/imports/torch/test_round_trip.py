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
from service.simulation.plan import plan  # noqa: E402
from service.simulation.simulate import simulate  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")  # PyTorch's own
DRAWS, SAMPLES = 32, 64
WITH_UNITS = ("dense", "convolution", "depthwise_convolution")


@pytest.mark.parametrize("number", range(30))
def test_a_random_network_keeps_its_parameters_its_layers_and_its_depth_ratio(number: int) -> None:
    torch.manual_seed(number)
    network = drawn(number)
    model = network.make()
    found = imported(network.make, network.inputs(2), loss="squared_error")
    report = simulate(found.specification)

    assert found.parameters == sum(one.numel() for one in model.parameters())
    units = [one.weight.shape[0] for one in model.modules() if type(one) in (torch.nn.Linear, torch.nn.Conv2d)]
    assert [one.shape[-1] for one in report.layers if one.kind in WITH_UNITS] == units
    places = places_of_the_ends(report.layers, plan(found.specification).depth.plain)
    own = [ratio_of_a_draw(network, places) for _ in range(DRAWS)]
    spread = report.verdict.depth_ratio
    error = 1.25 * sqrt((float(np.std(own)) ** 2 + (spread.std or 0.0) ** 2) / DRAWS)
    assert spread.median == pytest.approx(float(np.median(own)), abs=max(0.1, 4.0 * error))


def places_of_the_ends(layers: Sequence[LayerStatistics], plain: bool) -> list[int]:
    """The modules behind which the first and the last hidden layer are measured."""
    named: dict[int, int] = {}
    place = 0
    for layer in layers:
        if layer.name is not None and not layer.inside:
            behind = layer.activation not in (None, "linear") and layer.kind in WITH_UNITS and not plain
            place = int(layer.name.split(".")[0]) + behind  # the module of an activation stands behind its layer
        named[layer.index] = place
    ends = [named[one.index] for one in layers if one.boundary]
    return [ends[0], ends[-1]]


def ratio_of_a_draw(network: Drawn, places: Sequence[int]) -> float:
    """Decades from the gradient of what comes out of the second of two modules to that of the first."""
    model, x = network.make().train(), network.inputs(SAMPLES)
    kept: dict[int, Any] = {}
    for place, module in enumerate(model):
        x = module(x)
        if place in places:
            x.retain_grad()
            kept[place] = x
    (x - torch.randn_like(x)).square().sum().backward()
    first, last = (kept[place].grad.square().sum().item() for place in places)
    return 0.5 * log10(first / last)
