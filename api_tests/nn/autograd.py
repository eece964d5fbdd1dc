"""A network in PyTorch, differentiated by its autograd in double precision; whoever imports this is skipped without."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from api_tests.nn.written_formulas import evaluated
from service.formulas.language.write import plain
from service.nn.activations import Activation
from service.nn.activations.expression import Expression
from service.nn.activations.smooth import Softmax
from service.nn.losses import Loss

torch = pytest.importorskip("torch")
functional = torch.nn.functional

Numbers = npt.NDArray[np.float64]
Tensor = Any

# Those that PyTorch has; the others are computed from the formula in the catalog.
THEIRS: dict[str, Callable[[Any, Tensor], Tensor]] = {
    "celu": lambda one, z: functional.celu(z, one.alpha),
    "elu": lambda one, z: functional.elu(z, one.alpha),
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
    "sin": lambda one, z: torch.sin(z),
    "softmax": lambda one, z: functional.softmax(z, dim=-1),
    "softplus": lambda one, z: functional.softplus(z, one.beta, threshold=1e3),
    "softsign": lambda one, z: functional.softsign(z),
    "tanh": lambda one, z: torch.tanh(z),
}
# The loss of each sample.
THEIR_LOSSES: dict[str, Callable[[Any, Tensor, Tensor], Tensor]] = {
    "absolute_error": lambda one, p, y: functional.l1_loss(p, y, reduction="none").sum(-1),
    "binary_cross_entropy": lambda one, p, y: functional.binary_cross_entropy(p, y, reduction="none").sum(-1),
    "cross_entropy": lambda one, p, y: -torch.xlogy(y, p).sum(-1),
    "hinge": lambda one, p, y: torch.clamp(1.0 - y * p, min=0.0).sum(-1),
    "huber": lambda one, p, y: functional.huber_loss(p, y, reduction="none", delta=one.delta).sum(-1),
    "mean_squared_error": lambda one, p, y: functional.mse_loss(p, y, reduction="none").mean(-1),
    "squared_error": lambda one, p, y: functional.mse_loss(p, y, reduction="none").sum(-1),
}


@dataclass(frozen=True)
class Part:
    """One layer of the network that PyTorch is given."""

    path: str
    activation: Activation
    weights: Numbers | None
    bias: Numbers | None


@dataclass(frozen=True)
class Truth:
    """What PyTorch says of one layer."""

    path: str
    h: Numbers
    delta: Numbers  # of the mean loss over the batch, as all gradients here
    upstream: Numbers  # with respect to h
    derivative: Numbers
    weights: Numbers | None
    bias: Numbers | None


def activated(activation: Activation, z: Tensor) -> Tensor:
    if activation.name() in THEIRS:
        return THEIRS[activation.name()](activation, z)
    text, names = activation.definition, dict(activation)
    if isinstance(activation, Expression):
        text, names = plain(activation.tree), activation.parameters
    return evaluated(text, torch, torch.erf, z=z, **names) * torch.ones_like(z)


def slopes(activation: Activation, z: Tensor, h: Tensor) -> Numbers:
    """∂h_j/∂z_j."""
    if not isinstance(activation, Softmax):
        return torch.autograd.grad(h.sum(), z, retain_graph=True)[0].numpy()
    columns = [torch.autograd.grad(h[:, j].sum(), z, retain_graph=True)[0][:, j] for j in range(h.shape[-1])]
    return torch.stack(columns, dim=-1).numpy()


def differentiated(parts: list[Part], inputs: Numbers, targets: Numbers, loss: Loss) -> list[Truth]:
    """Every layer, from input to output."""
    h = torch.tensor(inputs, requires_grad=True)
    layers = []
    for part in parts:
        own = [torch.tensor(one, requires_grad=True) for one in (part.weights, part.bias) if one is not None]
        z = h @ own[0] + own[1] if own else h.clone()
        h = activated(part.activation, z)
        layers.append((part, z, h, own))
    mean_loss = THEIR_LOSSES[loss.name()](loss, h, torch.tensor(targets)).mean()
    return [_truth(mean_loss, *layer) for layer in layers]


def _truth(mean_loss: Tensor, part: Part, z: Tensor, h: Tensor, own: list[Tensor]) -> Truth:
    delta, upstream, *gradients = torch.autograd.grad(mean_loss, [z, h, *own], retain_graph=True)
    weights, bias = [one.numpy() for one in gradients] or [None, None]
    return Truth(
        part.path, h.detach().numpy(), delta.numpy(), upstream.numpy(), slopes(part.activation, z, h), weights, bias
    )
