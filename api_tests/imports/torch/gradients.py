"""PyTorch's own gradients, and those of a specification that was imported from the same model."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import nn

from service.imports.torch import imported
from service.simulation.results import SimulationReport
from service.simulation.simulate import simulate
from service.simulation.spec import SimulationSpec


def without_dropout(model: nn.Module) -> nn.Module:
    """The model with nothing dropped, in place."""
    for one in model.modules():
        if isinstance(one, nn.Dropout):
            one.p = 0.0
        if isinstance(one, nn.RNNBase):
            one.dropout = 0.0
    return model


def channels_last(values: torch.Tensor) -> np.ndarray:
    """(samples, channels, *positions) as rows of numbers, channels last."""
    return np.asarray(values.detach().movedim(1, -1).reshape(len(values), -1), np.float64)


def with_data(spec: SimulationSpec, inputs: np.ndarray, targets: np.ndarray) -> SimulationSpec:
    """The specification with these samples, one trial of them."""
    body = spec.model_dump(mode="json")
    body["data"] = {
        "samples": len(inputs),
        "inputs": {"kind": "explicit", "values": inputs.tolist()},
        "targets": {"kind": "explicit", "values": targets.tolist()},
    }
    return SimulationSpec.model_validate({**body, "trials": 1, "loss": {"kind": "squared_error"}})


def weight_gradients(model: nn.Module, inputs: tuple[torch.Tensor, ...], targets: torch.Tensor) -> Mapping[str, float]:
    """log10 of the norm of the gradient of every weight matrix, by the path of its module."""
    model.train()
    model.zero_grad()
    found = model(*inputs)
    loss = (found - targets).square().sum() / len(targets)
    loss.backward()
    return {
        name.rpartition(".")[0]: float(torch.log10(one.grad.norm()))
        for name, one in model.named_parameters()
        if name.endswith(".weight") and one.ndim > 1 and one.grad is not None
    }


def measured(report: SimulationReport) -> Mapping[str, float]:
    """The same of a report, by the names of its layers."""
    return {
        str(one.name): one.log10_weight_gradient_norm.median
        for one in report.layers
        if one.log10_weight_gradient_norm.median is not None
    }


def both(model: nn.Module, inputs: tuple[torch.Tensor, ...]) -> tuple[Mapping[str, float], Mapping[str, float], Any]:
    """PyTorch's gradients and ours, of the same weights and samples, in float64."""
    model = without_dropout(model).double()
    given = tuple(one.double() for one in inputs)
    targets = torch.randn_like(model.train()(*given).detach())
    found = imported(model, *given, values="file")
    rows = np.concatenate([channels_last(one) for one in given], axis=1)
    spec = with_data(
        found.specification, rows, channels_last(targets) if targets.ndim > 1 else targets[:, None].numpy()
    )
    return weight_gradients(model, given, targets), measured(simulate(spec)), found
