"""PyTorch's own gradients, and those of a specification that was imported from the same model."""

from collections.abc import Mapping

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


def rows_of(values: torch.Tensor, channels: int = 1) -> np.ndarray:
    """(samples, …) as rows of numbers, the axis of channels last."""
    return np.asarray(values.detach().movedim(channels, -1).reshape(len(values), -1), np.float64)


def with_data(spec: SimulationSpec, inputs: np.ndarray, targets: np.ndarray) -> SimulationSpec:
    """The specification with these samples, one trial of them."""
    body = spec.model_dump(mode="json")
    body["data"] = {
        "samples": len(inputs),
        "inputs": {"kind": "explicit", "values": inputs.tolist()},
        "targets": {"kind": "explicit", "values": targets.tolist()},
    }
    if body["loss"]["kind"] != "cross_entropy_with_logits":
        body["loss"] = {"kind": "squared_error"}
    return SimulationSpec.model_validate({**body, "trials": 1})


def weight_gradients(model: nn.Module, inputs: tuple[torch.Tensor, ...], targets: torch.Tensor) -> Mapping[str, float]:
    """log10 of the norm of the gradient of every weight matrix, by the path of its module."""
    model.train()
    found = model(*inputs)
    likelihood = isinstance(targets, torch.Tensor) and bool((targets.reshape(len(targets), -1).sum(dim=1) == 1.0).all())
    loss = -(found * targets).sum() if likelihood else (found - targets).square().sum()
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


def both(
    model: nn.Module, inputs: tuple[torch.Tensor, ...], channels: int = 1
) -> tuple[Mapping[str, float], Mapping[str, float]]:
    """PyTorch's gradients and ours, of the same weights and samples, in float64, up to a factor of all.

    `channels` is the axis of the inputs that is last here.
    """
    model = without_dropout(model).double()
    given = tuple(one.double() for one in inputs)
    found = imported(model, *given, values="file")
    shape = model.train()(*given).shape
    likelihood = found.specification.loss.kind == "cross_entropy_with_logits"
    targets = torch.eye(shape[1], dtype=torch.float64)[: shape[0]] if likelihood else torch.randn(shape).double()
    rows = np.concatenate([rows_of(one, channels) for one in given], axis=1)
    spec = with_data(found.specification, rows, rows_of(targets if targets.ndim > 1 else targets[:, None]))
    return weight_gradients(model, given, targets), measured(simulate(spec))
