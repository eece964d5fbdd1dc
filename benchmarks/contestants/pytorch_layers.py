"""PyTorch as a user writes it, for networks of any layers: a loop over trials, hooks, autograd for the weights."""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from benchmarks.contestants.modules import draw, modules_of, weights_of
from benchmarks.contestants.norms import Norms
from benchmarks.shapes import Layers


def prepare(shape: Layers, precision: str) -> Callable[[], Norms]:
    """The loop, to be run as often as one likes; the modules are made once and drawn anew for each trial."""
    dtype = getattr(torch, precision)
    modules, hidden, size = modules_of(shape.network, native=True)
    network = nn.Sequential(*modules).to(dtype)
    weighted = weights_of(network)
    parameters = dict(network.named_parameters())
    deltas: list[Any] = []
    for module, is_hidden in zip(modules, hidden, strict=True):
        if is_hidden:
            module.register_full_backward_hook(lambda module, into, out: deltas.append(out[0].norm()))

    def run() -> Norms:
        delta, weight_gradient = [], []
        for _ in range(shape.trials):
            deltas.clear()
            draw(network)
            network.zero_grad()
            loss_of(network(torch.randn(shape.samples, *size, dtype=dtype).requires_grad_())).backward()
            delta.append(torch.stack(deltas[::-1]))
            norms = [torch.stack([parameters[name].grad.norm() for name in names]).norm() for names in weighted]
            weight_gradient.append(torch.stack(norms))
        return Norms.of(torch.stack(delta).numpy(), torch.stack(weight_gradient).numpy(), shape.samples)

    return run


def loss_of(prediction: torch.Tensor) -> torch.Tensor:
    """The squared error against random targets, the mean over steps, summed over samples."""
    errors = (prediction - torch.randn_like(prediction)).square()
    return errors.reshape(len(prediction), -1).mean(dim=1).sum()
