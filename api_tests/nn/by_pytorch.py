"""PyTorch as the library of `autograd`: its own activations, losses and layers, differentiated by its tape."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from api_tests.nn.by_pytorch_layers import LEAVES
from api_tests.nn.written_formulas import evaluated
from service.nn.layers.parallel import Merge

__all__ = ["ACTIVATIONS", "LEAVES", "LOSSES", "MERGES", "constant", "gradients", "numbers", "written"]

Numbers = npt.NDArray[np.float64]
Tensor = Any

# Those that PyTorch has; the others are computed from the formula in the catalog.
ACTIVATIONS: dict[str, Callable[[Any, Tensor], Tensor]] = {
    "celu": lambda one, z: functional.celu(z, one.alpha),
    "elu": lambda one, z: functional.elu(z, one.alpha),
    "exponential": lambda one, z: torch.exp(z),
    "erf": lambda one, z: torch.erf(z),
    "gelu": lambda one, z: functional.gelu(z, approximate=one.approximate.value),
    "hardsigmoid": lambda one, z: functional.relu6(z + 3.0) / 6.0,  # theirs has its sixth in single precision
    "hardswish": lambda one, z: functional.hardswish(z),
    "hardtanh": lambda one, z: functional.hardtanh(z),
    "leaky_relu": lambda one, z: functional.leaky_relu(z, one.negative_slope),
    "mish": lambda one, z: functional.mish(z),
    "relu": lambda one, z: functional.relu(z),
    "relu6": lambda one, z: functional.relu6(z),
    "selu": lambda one, z: functional.selu(z),
    "sigmoid": lambda one, z: torch.sigmoid(z),
    "silu": lambda one, z: functional.silu(z),
    "sin": lambda one, z: torch.sin(one.frequency * z),
    "softmax": lambda one, z: functional.softmax(z, dim=-1),
    "softplus": lambda one, z: functional.softplus(z, one.beta, threshold=1e3),
    "softsign": lambda one, z: functional.softsign(z),
    "tanh": lambda one, z: torch.tanh(z),
}
# The loss of each sample.
LOSSES: dict[str, Callable[[Any, Tensor, Tensor], Tensor]] = {
    "absolute_error": lambda one, p, y: functional.l1_loss(p, y, reduction="none").sum(-1),
    "binary_cross_entropy": lambda one, p, y: functional.binary_cross_entropy(p, y, reduction="none").sum(-1),
    "binary_cross_entropy_with_logits": lambda one, p, y: functional.binary_cross_entropy_with_logits(
        p, y, reduction="none"
    ).sum(-1),
    "cross_entropy": lambda one, p, y: -torch.xlogy(y, p).sum(-1),
    "cross_entropy_with_logits": lambda one, p, y: functional.cross_entropy(
        p.movedim(-1, 1), y.movedim(-1, 1), reduction="none"
    ),
    "hinge": lambda one, p, y: functional.relu(1.0 - y * p).sum(-1),
    "huber": lambda one, p, y: functional.huber_loss(p, y, reduction="none", delta=one.delta).sum(-1),
    "mean_squared_error": lambda one, p, y: functional.mse_loss(p, y, reduction="none").mean(-1),
    "squared_error": lambda one, p, y: functional.mse_loss(p, y, reduction="none").sum(-1),
}
# ∂ of a maximum is shared evenly by those that attain it, as `amax` has it; `maximum` would share it in pairs.
MERGES: dict[Merge, Callable[[list[Tensor]], Tensor]] = {
    Merge.ADD: lambda outputs: torch.stack(outputs).sum(0),
    Merge.AVERAGE: lambda outputs: torch.stack(outputs).mean(0),
    Merge.CONCAT: lambda outputs: torch.cat(outputs, dim=-1),
    Merge.MAXIMUM: lambda outputs: torch.stack(outputs).amax(0),
    Merge.MULTIPLY: lambda outputs: torch.stack(outputs).prod(0),
}


def written(text: str, z: Tensor, **names: float) -> Tensor:
    """The formula `text` at `z`."""
    return evaluated(text, torch, torch.erf, z=z, **names) * torch.ones_like(z)


def constant(values: Numbers) -> Tensor:
    return torch.tensor(values)


def numbers(tensor: Tensor) -> Numbers:
    found: Numbers = tensor.detach().numpy()
    return found


def gradients(of: Callable[[list[Tensor]], Tensor], at: list[Numbers]) -> list[Numbers]:
    """Those of the scalar `of` with respect to every array in `at`."""
    leaves = [torch.tensor(one, requires_grad=True) for one in at]
    return [found.numpy() for found in torch.autograd.grad(of(leaves), leaves, materialize_grads=True)]
